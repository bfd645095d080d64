#include "spice/path.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "spice/parts.h"
#include "spice/path_internal.h"

/* ngspice starts after each corner with one step of Euler's rule, whose error in the gate's area is some 0.5
 * % of an edge. */
#define GATE_SHARPNESS 20

struct path_times path_times(const struct path_options *options)
{
    double integration =
        options->sense == PATH_INTEGRATOR ? options->integration_seconds + 2 * options->edge_seconds : 0;
    struct path_times times;
    times.clock_seconds = options->settle_seconds + integration;
    times.output_seconds = times.clock_seconds + options->evaluation_seconds;
    times.period_seconds = times.output_seconds + options->edge_seconds;
    return times;
}

size_t path_n_slots(const struct path_options *options, size_t n_columns)
{
    return options->sign == PATH_DIFFERENTIAL ? n_columns / 2 : n_columns - (n_columns > 0);
}

double path_gain_ohm(const struct path_plan *plan, double r_sense_ohm)
{
    const struct path_options *options = &plan->path;
    if (latch_takes_currents(&plan->latch))
        return plan->latch.r_load_ohm;
    switch (options->sense) {
    case PATH_TRANSIMPEDANCE:
        return options->r_feedback_ohm;
    case PATH_INTEGRATOR:
        return options->integration_seconds / options->integration_capacitance_farad;
    default:
        return r_sense_ohm;
    }
}

/* --- what a path needs of its array --- */

static enum rs_status check_edges(const struct array_file *array, const char *what, struct rs_error *err)
{
    const struct edges *edges = &array->edges;
    bool floats = false;
    for (size_t i = 0; i < array->network.n_rows && edges->word_line_floating != NULL; i++)
        floats = floats || edges->word_line_floating[i] != 0;
    for (size_t j = 0; j < array->network.n_columns && edges->bit_line_floating != NULL; j++)
        floats = floats || edges->bit_line_floating[j] != 0;
    if (edges->sense == EDGES_SENSE_BOTH)
        return rs_fail(err, RS_INPUT, "%s is sensed at both ends; one end expected before a sense path",
                       what);
    if (floats)
        return rs_fail(err, RS_INPUT, "%s has floating lines; driven and sensed lines expected", what);
    if (edges_biased(edges, array->network.n_columns))
        return rs_fail(err, RS_INPUT, "%s has biased bit lines; all at path.common_mode expected", what);
    return RS_OK;
}

static enum rs_status check_thresholds(const struct path *path, size_t n_slots, struct rs_error *err)
{
    const struct option_reals *threshold = &path->plan->reference.threshold_amperes;
    if (path->threshold_amperes == NULL && threshold->n > 1 && (size_t)threshold->n != n_slots)
        return rs_fail(err, RS_INPUT, "reference.threshold: %d numbers found, 1 or %zu expected (key slots)",
                       threshold->n, n_slots);
    return RS_OK;
}

static enum rs_status check_bias_rows(const struct path *path, struct rs_error *err)
{
    size_t n_rows = path->array->network.n_rows, n_bias = (size_t)path->plan->reference.bias_rows;
    if (path->plan->reference.kind != PATH_BIAS_ROWS)
        return RS_OK;
    if (n_bias >= n_rows)
        return rs_fail(err, RS_INPUT,
                       "reference.bias_rows: %zu found, fewer than the array's %zu rows expected", n_bias,
                       n_rows);
    for (size_t v = 1; v < path->n_vectors; v++)
        for (size_t i = n_rows - n_bias; i < n_rows; i++)
            if (path->volts[v * n_rows + i] != path->volts[i])
                return rs_fail(err, RS_INPUT,
                               "bias row %zu is driven by %g V in vector %zu and by %g V in vector 0; "
                               "one voltage expected",
                               i, path->volts[v * n_rows + i], v, path->volts[i]);
    return RS_OK;
}

static enum rs_status check(const struct path *path, size_t n_slots, struct rs_error *err)
{
    const struct network *network = &path->array->network;
    enum rs_status status = check_edges(path->array, "the array", err);
    if (status == RS_OK && path->plan->reference.kind == PATH_REPLICA)
        status = check_edges(path->replica, "the replica", err);
    if (status == RS_OK)
        status = check_thresholds(path, n_slots, err);
    if (status == RS_OK)
        status = check_bias_rows(path, err);
    if (status != RS_OK)
        return status;
    if (n_slots == 0)
        return rs_fail(err, RS_INPUT, "the array has %zu bit lines, at least 2 expected", network->n_columns);
    for (size_t j = 0; j < network->n_columns && path_sense_is_outside(path->plan); j++)
        if ((network->lines.r_sense_ohm != NULL ? network->lines.r_sense_ohm[j] : network->r_sense_ohm) <= 0)
            return rs_fail(err, RS_INPUT,
                           "bit line %zu has r_sense_ohm = 0, which path.sense 'resistor' looks across", j);
    return RS_OK;
}

/* --- the deck --- */

static void write_head(struct path_writer *writer)
{
    static const char *const senses[] = {"sense resistors", "transimpedances", "integrators", "copies"};
    static const char *const references[] = {"ideal", "current", "bias-rows", "replica"};
    const struct path *path = writer->path;
    const struct path_options *o = writer->options;
    const struct network *network = &path->array->network;
    bool currents = latch_takes_currents(&path->plan->latch);
    text_append(
        writer->deck,
        "* full path: %zu word lines x %zu bit lines, %zu key slots (%s), %zu queries\n*\n"
        "* word line i:  source vinI at sI, volts around the rail vcm = %g V, one query every %.6g s\n"
        "* array:        subcircuit `array`, ports sI and oJ\n"
        "* bit line j:   oJ, then %s to the latch inputs pK and nK of key slot K\n"
        "* reference:    %s, %s\n"
        "* key slot K:   xlatchK, inputs pK nK, outputs opK onK; decides at the clock's rise, %.6g s into a "
        "query\n"
        "* printed:      inputV_K  v(pK) - v(nK) where the clock begins to rise, query V, volts%s\n"
        "*               outputV_K v(opK) - v(onK) where it begins to fall; above 0: keep\n"
        "*               delayV_K  from half supply on the clock to half supply between the outputs, "
        "seconds;\n"
        "*                         %g where unresolved; none without a clock\n\n",
        network->n_rows, network->n_columns, writer->n_slots,
        o->sign == PATH_DIFFERENTIAL ? "pairs of bit lines" : "bit lines against the last one",
        path->n_vectors, o->common_mode_volts, writer->times.period_seconds, senses[currents ? 3 : o->sense],
        references[writer->reference->kind],
        writer->reference->sharing == PATH_SHARED ? "shared" : "per comparator", writer->times.clock_seconds,
        currents ? ", currents times latch.r_load" : "", o->evaluation_seconds);
    /* chgtol: its default of 1e-14 C is more than any node of a latch holds, and moves the threshold. */
    text_append(writer->deck,
                ".options reltol=1e-5 vntol=1e-7 abstol=1e-13 chgtol=1e-16 gmin=%g itl1=300 itl4=100 noacct\n"
                ".temp %.10g\n",
                latch_gmin_siemens(&path->plan->latch), o->temperature_kelvin - 273.15);
}

static void write_part(struct text *deck, const char *what, const unsigned char *text, size_t size)
{
    text_append(deck, "\n* ---- %s ----\n", what);
    text_append_bytes(deck, (const char *)text, size);
}

static void write_latch(struct path_writer *writer, size_t j)
{
    static const char *const nodes[LATCH_N_PORTS] = {"p", "n", "clk", "op", "on", "vdd", "0"};
    static const bool numbered[LATCH_N_PORTS] = {true, true, false, true, true, false, false};
    const struct latch_options *latch = &writer->path->plan->latch;
    bool shared = writer->reference->sharing == PATH_SHARED, currents = latch_takes_currents(latch);
    char names[LATCH_N_PORTS][PATH_NODE_SIZE];
    const char *list[LATCH_N_PORTS];
    for (int k = 0; k < LATCH_N_PORTS; k++) {
        bool input = k == LATCH_INP || k == LATCH_INN;
        if (k == LATCH_INN && shared)
            snprintf(names[k], PATH_NODE_SIZE, "nref");
        else if (numbered[k])
            snprintf(names[k], PATH_NODE_SIZE, "%s%s%zu", input && currents ? "l" : "", nodes[k], j);
        else
            snprintf(names[k], PATH_NODE_SIZE, "%s", nodes[k]);
        list[k] = names[k];
    }
    latch_write_instance(&writer->latch, j, list, writer->mismatch_volts + j * latch_n_mismatch(latch),
                         writer->deck);
}

static double drive_volts(const struct path_writer *writer, size_t v, size_t i)
{
    return writer->path->volts[v * writer->path->array->network.n_rows + i];
}

static void write_pulse(struct path_writer *writer, const char *name, double volts, double start, double edge,
                        double width)
{
    text_append(writer->deck, "v%s %s 0 pulse(0 %.10g %.12g %.12g %.12g %.12g %.12g)\n", name, name, volts,
                start, edge, edge, width, writer->times.period_seconds);
}

static void write_drivers(struct path_writer *writer)
{
    const struct path_options *o = writer->options;
    const struct network *network = &writer->path->array->network;
    struct text *deck = writer->deck;
    text_append(deck, "\n* rails, clock, word lines\nvdd vdd 0 dc %.17g\nvcm vcm 0 dc %.17g\n",
                o->supply_volts, o->common_mode_volts);
    write_pulse(writer, "clk", o->supply_volts, writer->times.clock_seconds, o->edge_seconds,
                o->evaluation_seconds - o->edge_seconds);
    if (o->sense == PATH_INTEGRATOR) { /* a trapezoid: the gate's area is the integration time */
        double edge = o->edge_seconds / GATE_SHARPNESS;
        write_pulse(writer, "gate", 1, o->settle_seconds, edge, o->integration_seconds - edge);
        text_append(deck, "vreset reset 0 pulse(1 0 %.12g %.12g %.12g %.12g %.12g)\n",
                    o->settle_seconds - o->edge_seconds, o->edge_seconds, o->edge_seconds,
                    writer->times.output_seconds - o->settle_seconds, writer->times.period_seconds);
    }
    for (size_t i = 0; i < network->n_rows; i++) {
        text_append(deck, "vin%zu s%zu vcm", i, i);
        path_sense_write_wave(writer, drive_volts, i);
    }
    text_append(deck, "\n* the array\nxarray");
    for (size_t i = 0; i < network->n_rows; i++)
        text_append(deck, "%ss%zu", i % 16 == 15 ? "\n+ " : " ", i);
    for (size_t j = 0; j < network->n_columns; j++)
        text_append(deck, "%so%zu", j % 16 == 0 ? "\n+ " : " ", j);
    text_append(deck, " array\n");
}

/* The largest voltage between any two terminals. */
static double span_volts(const double *volts, size_t n)
{
    double low = 0, high = 0;
    for (size_t k = 0; k < n; k++) {
        low = fmin(low, volts[k]);
        high = fmax(high, volts[k]);
    }
    return high - low;
}

static enum rs_status write_array(struct path_writer *writer, const struct array_file *file, const char *name,
                                  bool outside, size_t n_volts, const double *volts, struct rs_error *err)
{
    static const char *const models[] = {NULL, "stanford", "vteam", "yakopcic"};
    struct network network = file->network;
    const char *model = models[writer->options->cell];
    struct netlist_array array = {.network = &network,
                                  .edges = &file->edges,
                                  .law = &file->law,
                                  .conductance_siemens = file->conductance,
                                  .segment_farad = writer->options->line_capacitance_farad,
                                  .model = model != NULL ? netlist_model_find(model) : NULL};
    if (outside) { /* the sense resistance is the sense path's */
        network.r_sense_ohm = 0;
        network.lines.r_sense_ohm = NULL;
    }
    text_append(writer->deck, "\n* ---- %s: %zu x %zu, every branch ----\n", name, network.n_rows,
                network.n_columns);
    return netlist_write_subcircuit(&array, name, span_volts(volts, n_volts), writer->deck, err);
}

static enum rs_status write_parts(struct path_writer *writer, struct rs_error *err)
{
    const struct path *path = writer->path;
    const struct network *network = &path->array->network;
    static const char *const models[] = {NULL, "stanford", "vteam", "yakopcic"};
    const char *model_name = models[writer->options->cell];
    latch_write_models(&writer->latch, writer->path->monte_carlo_draw, writer->deck);
    write_part(writer->deck, "sense paths: sense.sub", parts_embedded_sense, parts_embedded_sense_size);
    write_part(writer->deck, "references: reference.sub", parts_embedded_reference,
               parts_embedded_reference_size);
    if (model_name != NULL) {
        const struct netlist_model *model = netlist_model_find(model_name);
        write_part(writer->deck, "cells", model->text, *model->text_size);
    }
    enum rs_status status =
        write_array(writer, path->array, "array", path_sense_is_outside(writer->path->plan),
                    path->n_vectors * network->n_rows, path->volts, err);
    if (status == RS_OK && path->plan->reference.kind == PATH_REPLICA)
        status = write_array(writer, path->replica, "replica", false, path->replica->network.n_rows,
                             path->replica->voltage, err);
    return status;
}

static enum rs_status write_deck(struct path_writer *writer, struct rs_error *err)
{
    write_head(writer);
    enum rs_status status = write_parts(writer, err);
    if (status != RS_OK)
        return status;
    write_drivers(writer);
    path_sense_write(writer);
    text_append(writer->deck, "\n* latches, each with its own mismatch\n");
    for (size_t j = 0; j < writer->n_slots; j++)
        write_latch(writer, j);
    path_print_write(writer);
    return RS_OK;
}

enum rs_status path_write(const struct path *path, struct text *deck, struct rs_error *err)
{
    const struct latch_options *latch = &path->plan->latch;
    struct path_writer writer = {.path = path,
                                 .options = &path->plan->path,
                                 .reference = &path->plan->reference,
                                 .times = path_times(&path->plan->path),
                                 .n_slots = path_n_slots(&path->plan->path, path->array->network.n_columns),
                                 .deck = deck};
    double *drawn = NULL;
    enum rs_status status = check(path, writer.n_slots, err);
    if (status != RS_OK)
        return status;
    status = latch_open(latch, &writer.latch, err);
    if (status == RS_OK && path->mismatch_volts == NULL) {
        drawn = memory_allocate(writer.n_slots * latch_n_mismatch(latch), sizeof *drawn, err);
        status = drawn == NULL
                     ? RS_INTERNAL
                     : latch_draw_mismatch(latch, (uint64_t)latch->seed, writer.n_slots, drawn, err);
    }
    writer.mismatch_volts = drawn != NULL ? drawn : path->mismatch_volts;
    if (status == RS_OK)
        status = write_deck(&writer, err);
    latch_close(&writer.latch);
    free(drawn);
    return status;
}
