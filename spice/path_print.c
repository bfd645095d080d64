/* The transient of a path, and what its deck prints. */
#include <math.h>

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
    bool clocked = latch_has_clock(&writer->path->plan->latch);
    double start = (double)v * writer->times.period_seconds, edge = writer->options->edge_seconds;
    double clock = start + writer->times.clock_seconds;
    double half = writer->options->supply_volts / 2, middle = clock + edge / 2;
    struct text *deck = writer->deck;
    text_append(deck, "let input%zu_%zu = " AT("d%zu", "before%zu") "\n", v, j, j, v, v);
    text_append(deck, "let output%zu_%zu = " AT("q%zu", "after%zu") "\n", v, j, j, v, v);
    for (int k = 0; k < (clocked ? 0 : DELAY); k++)
        text_append(deck, "print %s%zu_%zu\n", kinds[k], v, j);
    if (!clocked)
        return;
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

const char *path_print_start(const struct path_plan *plan)
{
    return latch_has_clock(&plan->latch) ? "" : " uic";
}

void path_print_write_transient(const struct path *path, struct text *commands)
{
    const struct path_options *o = &path->plan->path;
    double period = path_times(o).period_seconds;
    double step = isnan(o->step_seconds) ? period / STEPS_PER_PERIOD : o->step_seconds;
    text_append(commands, "tran %.12g %.12g 0 %.12g%s\n", o->edge_seconds / 4,
                (double)path->n_vectors * period, step, path_print_start(path->plan));
}

void path_print_write(struct path_writer *writer)
{
    struct text *deck = writer->deck;
    bool shared = writer->reference->sharing == PATH_SHARED;
    text_append(deck, "\n.save");
    if (shared)
        text_append(deck, " v(nref)");
    for (size_t j = 0; j < writer->n_slots; j++) {
        text_append(deck, " v(p%zu) v(op%zu) v(on%zu)", j, j, j);
        if (!shared)
            text_append(deck, " v(n%zu)", j);
    }
    text_append(deck, "\n.control\noptran 1 1 1 0 0 0\nset numdgt=17\nset num_threads=1\n");
    path_print_write_transient(writer->path, deck);
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
