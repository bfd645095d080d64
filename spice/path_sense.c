/* Sense paths and references: from the array's ports oJ to the latch inputs pJ and nJ. */
#include <stdio.h>

#include "spice/path_internal.h"

enum { NAME_SIZE = 32 };

double path_sense_threshold(const struct path_writer *writer, size_t v, size_t j)
{
    const struct option_reals *plan = &writer->reference->threshold_amperes;
    if (writer->path->threshold_amperes != NULL)
        return writer->path->threshold_amperes[v * writer->n_slots + j];
    return plan->n == 1 ? plan->values[0] : j < (size_t)plan->n ? plan->values[j] : 0;
}

void path_sense_write_wave(const struct path_writer *writer,
                           double (*value)(const struct path_writer *, size_t v, size_t i), size_t i)
{
    double last = value(writer, 0, i), edge = writer->options->edge_seconds;
    bool constant = true;
    for (size_t v = 1; v < writer->path->n_vectors; v++)
        constant = constant && value(writer, v, i) == last;
    if (constant) {
        text_append(writer->deck, " dc %.17g\n", last);
        return;
    }
    text_append(writer->deck, " pwl(0 %.17g", last);
    for (size_t v = 1; v < writer->path->n_vectors; v++) {
        double next = value(writer, v, i), start = (double)v * writer->times.period_seconds;
        if (next != last)
            text_append(writer->deck, "\n+ %.12g %.17g %.12g %.17g", start, last, start + edge, next);
        last = next;
    }
    text_append(writer->deck, ")\n");
}

static double line_ohm_of(const struct path *path, size_t i_column)
{
    const struct network *network = &path->array->network;
    return network->lines.r_sense_ohm != NULL ? network->lines.r_sense_ohm[i_column] : network->r_sense_ohm;
}

static double line_ohm(const struct path_writer *writer, size_t i_column)
{
    return line_ohm_of(writer->path, i_column);
}

bool path_sense_is_outside(const struct path_plan *plan)
{
    return plan->path.sense == PATH_RESISTOR && !latch_takes_currents(&plan->latch);
}

bool path_sense_is_series(const struct path_plan *plan)
{
    return path_sense_is_outside(plan) && plan->reference.kind == PATH_IDEAL;
}

double path_sense_reference_ohm(const struct path *path, size_t j)
{
    return line_ohm_of(path, path->plan->path.sign == PATH_DIFFERENTIAL ? 2 * j : j);
}

/* Parameters of a transimpedance or integrator, and what the latter is switched by. */
static void write_sense_tail(struct path_writer *writer, bool pair)
{
    const struct path_options *o = writer->options;
    if (o->sense == PATH_TRANSIMPEDANCE)
        text_append(writer->deck, " sense_transimpedance%s gain=%.17g swing=%.17g tau=%.17g r_out=%.17g\n",
                    pair ? "_pair" : "", o->r_feedback_ohm, o->swing_volts, o->settling_seconds,
                    o->r_out_ohm);
    else
        text_append(writer->deck, " gate reset sense_integrator%s c_int=%.17g swing=%.17g r_out=%.17g\n",
                    pair ? "_pair" : "", o->integration_capacitance_farad, o->swing_volts, o->r_out_ohm);
}

/* One bit line's sense path, `output` its name. */
static void write_line(struct path_writer *writer, size_t i_column, const char *output)
{
    text_append(writer->deck, "xsense%zu o%zu %s vcm", i_column, i_column, output);
    if (writer->options->sense == PATH_RESISTOR)
        text_append(writer->deck, " sense_resistor r_sense=%.17g\n", line_ohm(writer, i_column));
    else
        write_sense_tail(writer, false);
}

/* A line that no slot uses still ends in the rail. */
static void write_unused(struct path_writer *writer, size_t i_column)
{
    text_append(writer->deck, "* unused\n");
    if (path_sense_is_outside(writer->path->plan))
        text_append(writer->deck, "rend%zu o%zu vcm %.17g\n", i_column, i_column, line_ohm(writer, i_column));
    else
        text_append(writer->deck, "vend%zu o%zu vcm 0\n", i_column, i_column);
}

/* --- references --- */

static double ideal_volts(const struct path_writer *writer, size_t v, size_t j)
{
    return path_sense_reference_ohm(writer->path, j) * path_sense_threshold(writer, v, j);
}

static double added_amperes(const struct path_writer *writer, size_t v, size_t j)
{
    return -path_sense_threshold(writer, v, j);
}

/* Draws slot j's reference current from `node`; what is shared adds it to the other side instead. */
static void write_drain(struct path_writer *writer, size_t j, const char *node, bool added)
{
    const struct reference_options *reference = writer->reference;
    switch (reference->kind) {
    case PATH_IDEAL:
    case PATH_CURRENT:
        text_append(writer->deck, "iref%zu %s vcm", j, node);
        path_sense_write_wave(writer, added ? added_amperes : path_sense_threshold, j);
        if (reference->kind == PATH_CURRENT)
            text_append(writer->deck, "rref%zu %s vcm %.17g\n", j, node, reference->r_output_ohm);
        break;
    case PATH_REPLICA:
        text_append(writer->deck, "xref%zu %s vcm %s reference_mirror r_output=%.17g\n", j, node,
                    added ? "copied" : "copy", reference->r_output_ohm);
        break;
    case PATH_BIAS_ROWS:
        break;
    }
}

static void print_name(char name[NAME_SIZE], char letter, size_t i)
{
    snprintf(name, NAME_SIZE, "%c%zu", letter, i);
}

/* The positive side of slot j with its own reference: line `i_column` to pJ. */
static void write_own_reference(struct path_writer *writer, size_t j, size_t i_column)
{
    char output[NAME_SIZE], line[NAME_SIZE];
    bool series = path_sense_is_series(writer->path->plan);
    print_name(output, series ? 'q' : 'p', j);
    print_name(line, 'o', i_column);
    write_line(writer, i_column, output);
    if (series) {
        text_append(writer->deck, "vref%zu q%zu p%zu", j, j, j);
        path_sense_write_wave(writer, ideal_volts, j);
    } else {
        write_drain(writer, j, line, false);
    }
}

static void write_differential(struct path_writer *writer)
{
    char output[NAME_SIZE];
    bool shared = writer->reference->sharing == PATH_SHARED;
    for (size_t j = 0; j < writer->n_slots; j++) {
        text_append(writer->deck, "* key slot %zu\n", j);
        if (shared) {
            text_append(writer->deck, "xsense%zu o%zu o%zu p%zu vcm", j, 2 * j, 2 * j + 1, j);
            write_sense_tail(writer, true);
            continue;
        }
        write_own_reference(writer, j, 2 * j);
        print_name(output, 'n', j);
        write_line(writer, 2 * j + 1, output);
    }
    if (!shared)
        return;
    text_append(writer->deck, "* the shared reference: node nref, the negative input of every latch\n"
                              "xsref linked nref vcm");
    write_sense_tail(writer, false);
    write_drain(writer, 0, "linked", true);
}

/* Per comparator, the mid-level line's output is buffered to every latch; its thresholds are each slot's own.
 */
static void write_offset(struct path_writer *writer)
{
    size_t middle = writer->n_slots;
    char line[NAME_SIZE], output[NAME_SIZE];
    bool shared = writer->reference->sharing == PATH_SHARED;
    bool shared_drain = shared && writer->reference->kind != PATH_IDEAL;
    for (size_t j = 0; j < writer->n_slots; j++) {
        text_append(writer->deck, "* key slot %zu\n", j);
        if (shared_drain) {
            print_name(output, 'p', j);
            write_line(writer, j, output);
        } else {
            write_own_reference(writer, j, j);
        }
    }
    text_append(writer->deck, "* the mid-level line\n");
    write_line(writer, middle, shared ? "nref" : "mid");
    print_name(line, 'o', middle);
    if (shared_drain)
        write_drain(writer, 0, line, true);
    for (size_t j = 0; j < writer->n_slots && !shared; j++)
        text_append(writer->deck, "xbuf%zu mid n%zu reference_buffer r_out=%.17g\n", j, j,
                    writer->options->r_out_ohm);
}

/* --- latches of currents --- */

/* The reference of slot j, into its negative input; mJ tells that side without it. */
static void write_current_reference(struct path_writer *writer, size_t j)
{
    const struct reference_options *reference = writer->reference;
    if (reference->kind == PATH_BIAS_ROWS) {
        text_append(writer->deck, "vtold%zu n%zu m%zu 0\n", j, j, j);
        return;
    }
    text_append(writer->deck, "vref%zu r%zu ln%zu 0\nhref%zu n%zu m%zu vref%zu %.17g\n", j, j, j, j, j, j, j,
                writer->path->plan->latch.r_load_ohm);
    if (reference->kind == PATH_REPLICA) {
        text_append(writer->deck, "xref%zu r%zu 0 copied reference_mirror r_output=%.17g\n", j, j,
                    reference->r_output_ohm);
        return;
    }
    text_append(writer->deck, "iref%zu 0 r%zu", j, j);
    path_sense_write_wave(writer, path_sense_threshold, j);
    if (reference->kind == PATH_CURRENT)
        text_append(writer->deck, "rref%zu r%zu 0 %.17g\n", j, j, reference->r_output_ohm);
}

/* Copies of both lines' currents; offset encoding: of the mid-level line for every slot. */
static void write_currents(struct path_writer *writer)
{
    const struct latch_options *latch = &writer->path->plan->latch;
    size_t n_columns = writer->path->array->network.n_columns;
    bool offset = writer->options->sign == PATH_OFFSET;
    for (size_t i = 0; i < n_columns; i++)
        text_append(writer->deck, "vmeter%zu o%zu vcm 0\n", i, i);
    for (size_t j = 0; j < writer->n_slots; j++) {
        size_t plus = offset ? j : 2 * j, minus = offset ? n_columns - 1 : 2 * j + 1;
        text_append(writer->deck,
                    "* key slot %zu\nfp%zu 0 lp%zu vmeter%zu 1\nibp%zu 0 lp%zu %.17g\nhp%zu p%zu 0 "
                    "vmeter%zu %.17g\n",
                    j, j, j, plus, j, j, latch->bias_amperes, j, j, plus, latch->r_load_ohm);
        text_append(writer->deck,
                    "fn%zu 0 ln%zu vmeter%zu 1\nibn%zu 0 ln%zu %.17g\nhn%zu m%zu 0 vmeter%zu %.17g\n", j, j,
                    minus, j, j, latch->bias_amperes, j, j, minus, latch->r_load_ohm);
        write_current_reference(writer, j);
    }
}

/* The replica: a constantly driven array whose bit line 0 gives v(copy) = 1 ohm x its current, v(copied) =
 * -v(copy). */
static void write_replica(struct path_writer *writer)
{
    const struct array_file *replica = writer->path->replica;
    const struct network *network = &replica->network;
    text_append(writer->deck, "\n* the replica's current, as v(copy) / 1 ohm\nxreplica");
    for (size_t i = 0; i < network->n_rows; i++)
        text_append(writer->deck, " rs%zu", i);
    for (size_t j = 0; j < network->n_columns; j++)
        text_append(writer->deck, "%s ro%zu", j == 0 ? "\n+" : "", j);
    text_append(writer->deck, " replica\n");
    for (size_t i = 0; i < network->n_rows; i++)
        text_append(writer->deck, "vreplica%zu rs%zu vcm dc %.17g\n", i, i, replica->voltage[i]);
    for (size_t j = 0; j < network->n_columns; j++)
        text_append(writer->deck, "vend_replica%zu ro%zu vcm 0\n", j, j);
    text_append(writer->deck,
                "hcopy copy 0 vend_replica0 1\nrcopy copy 0 1\nhcopied copied 0 vend_replica0 -1\n"
                "rcopied copied 0 1\n");
}

void path_sense_write(struct path_writer *writer)
{
    size_t n_columns = writer->path->array->network.n_columns;
    bool differential = writer->options->sign == PATH_DIFFERENTIAL;
    if (writer->reference->kind == PATH_REPLICA)
        write_replica(writer);
    text_append(writer->deck, "\n* sense paths and reference\n");
    if (latch_takes_currents(&writer->path->plan->latch)) {
        write_currents(writer);
        return;
    }
    if (differential)
        write_differential(writer);
    else
        write_offset(writer);
    if (differential && n_columns % 2 == 1)
        write_unused(writer, n_columns - 1);
}
