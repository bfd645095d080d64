/* The transient of a path, what it prints, and reading that. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "spice/path_internal.h"

enum kind { INPUT, OUTPUT, DELAY, N_KINDS };
static const char *const kinds[N_KINDS] = {"input", "output", "delay"};

/* Steps that follow the solution's accuracy; a tenth of a period at most, so that no edge is passed over. */
#define STEPS_PER_PERIOD 10

/* Of the points of `vector` where `mask` is 1; at least one. */
#define AT(vector, mask) "mean((" vector ")*" mask ")/mean(" mask ")"

/* `meas` would round to 6 digits. Sources have corners at both instants, so that time points lie there. */
static void write_decision(struct path_writer *writer, size_t v, size_t j)
{
    double start = (double)v * writer->times.period_seconds, edge = writer->options->edge_seconds;
    double clock = start + writer->times.clock_seconds;
    double half = writer->options->supply_volts / 2, middle = clock + edge / 2;
    struct text *deck = writer->deck;
    text_append(deck, "let input%zu_%zu = " AT("d%zu", "before%zu") "\n", v, j, j, v, v);
    text_append(deck, "let output%zu_%zu = " AT("q%zu", "after%zu") "\n", v, j, j, v, v);
    text_append(deck, "let delay%zu_%zu = %.12g\nif abs(output%zu_%zu) gt %.12g\n", v, j,
                writer->options->evaluation_seconds, v, j, half);
    text_append(
        deck,
        "  let last = maximum(time*(abs(q%zu) lt %.12g)*high%zu)\n"
        "  let next = minimum(time+(time le last))\n"
        "  let here = time eq last\n  let there = time eq next\n"
        "  let low = " AT("abs(q%zu)", "here") "\n  let high = " AT(
            "abs(q%zu)", "there") "\n"
                                  "  let delay%zu_%zu = last+(next-last)*(%.12g-low)/(high-low)-%.17g\nend\n",
        j, half, v, j, j, v, j, half, middle);
    for (int k = 0; k < N_KINDS; k++)
        text_append(deck, "print %s%zu_%zu\n", kinds[k], v, j);
}

static void write_masks(struct path_writer *writer, size_t v)
{
    double start = (double)v * writer->times.period_seconds, edge = writer->options->edge_seconds;
    double clock = start + writer->times.clock_seconds, output = start + writer->times.output_seconds;
    double slack = 1e-6 * edge, width = edge / 4;
    text_append(
        writer->deck,
        "let before%zu = (time gt %.17g)*(time lt %.17g)\nlet after%zu = (time gt %.17g)*(time lt %.17g)\n"
        "let high%zu = (time gt %.17g)*(time lt %.17g)\n",
        v, clock - width, clock + slack, v, output - width, output + slack, v, clock - slack, output + slack);
}

void path_print_write(struct path_writer *writer)
{
    const struct path_options *o = writer->options;
    struct text *deck = writer->deck;
    bool shared = writer->reference->sharing == PATH_SHARED;
    double stop = (double)writer->path->n_vectors * writer->times.period_seconds;
    double step = isnan(o->step_seconds) ? writer->times.period_seconds / STEPS_PER_PERIOD : o->step_seconds;
    text_append(deck, "\n.control\noptran 1 1 1 0 0 0\nset numdgt=17\nset num_threads=1\nsave");
    if (shared)
        text_append(deck, " v(nref)");
    for (size_t j = 0; j < writer->n_slots; j++) {
        text_append(deck, " v(p%zu) v(op%zu) v(on%zu)", j, j, j);
        if (!shared)
            text_append(deck, " v(n%zu)", j);
    }
    text_append(deck, "\ntran %.12g %.12g 0 %.12g\n", o->edge_seconds / 4, stop, step);
    for (size_t j = 0; j < writer->n_slots; j++) {
        if (shared)
            text_append(deck, "let d%zu = v(p%zu)-v(nref)\n", j, j);
        else
            text_append(deck, "let d%zu = v(p%zu)-v(n%zu)\n", j, j, j);
        text_append(deck, "let q%zu = v(op%zu)-v(on%zu)\n", j, j, j);
    }
    for (size_t v = 0; v < writer->path->n_vectors; v++) {
        write_masks(writer, v);
        for (size_t j = 0; j < writer->n_slots; j++)
            write_decision(writer, v, j);
    }
    text_append(deck, "quit 0\n.endc\n.end\n");
}

/* --- reading --- */

/* "input3_12 = 1.5e-06": false where the line is something else. */
static bool parse(const char *line, int *kind, size_t *v, size_t *j, double *value)
{
    char *end;
    *kind = 0;
    while (*kind < N_KINDS && strncmp(line, kinds[*kind], strlen(kinds[*kind])) != 0)
        (*kind)++;
    if (*kind == N_KINDS)
        return false;
    const char *digits = line + strlen(kinds[*kind]);
    if (*digits < '0' || *digits > '9')
        return false;
    *v = strtoull(digits, &end, 10);
    if (end[0] != '_' || end[1] < '0' || end[1] > '9')
        return false;
    *j = strtoull(end + 1, &end, 10);
    if (strncmp(end, " = ", 3) != 0)
        return false;
    const char *number = end + 3;
    *value = strtod(number, &end);
    return end != number && (*end == '\0' || *end == '\n' || *end == ' ');
}

enum rs_status path_read(const struct path_options *options, const char *output, size_t n_vectors,
                         size_t n_slots, struct path_decision *decisions, struct rs_error *err)
{
    for (size_t k = 0; k < n_vectors * n_slots; k++)
        decisions[k] = (struct path_decision){(double)NAN, (double)NAN, (double)NAN, false};
    for (const char *line = output; line != NULL; line = strchr(line, '\n')) {
        int kind;
        size_t v, j;
        double value;
        line += *line == '\n';
        if (!parse(line, &kind, &v, &j, &value))
            continue;
        if (v >= n_vectors || j >= n_slots || !isfinite(value))
            return rs_fail(err, RS_IO, "ngspice printed '%.*s': not one finite value per query and slot",
                           (int)strcspn(line, "\n"), line);
        struct path_decision *decision = &decisions[v * n_slots + j];
        double *const values[N_KINDS] = {&decision->input_volts, &decision->output_volts,
                                         &decision->delay_seconds};
        if (!isnan(*values[kind]))
            return rs_fail(err, RS_IO, "ngspice printed '%s%zu_%zu' twice", kinds[kind], v, j);
        *values[kind] = value;
    }
    for (size_t k = 0; k < n_vectors * n_slots; k++) {
        struct path_decision *decision = &decisions[k];
        if (isnan(decision->input_volts) || isnan(decision->output_volts) || isnan(decision->delay_seconds))
            return rs_fail(err, RS_IO, "ngspice printed no decision of query %zu, slot %zu", k / n_slots,
                           k % n_slots);
        decision->resolved = fabs(decision->output_volts) > options->supply_volts / 2;
    }
    return RS_OK;
}
