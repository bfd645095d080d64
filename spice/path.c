#include "spice/path.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "numeric/random.h"
#include "spice/ngspice.h"
#include "spice/parts.h"
#include "spice/path_internal.h"

enum { N_OWN_MISMATCH = 6, MISMATCH_MAX = OPTION_REALS_MAX };
#define UM2 1e-12

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

double path_gain_ohm(const struct path_options *options, double r_sense_ohm)
{
    switch (options->sense) {
    case PATH_TRANSIMPEDANCE:
        return options->r_feedback_ohm;
    case PATH_INTEGRATOR:
        return options->integration_seconds / options->integration_capacitance_farad;
    default:
        return r_sense_ohm;
    }
}

/* --- mismatch --- */

/* The word at `place`, blanks and commas skipped; its length is 0 at the end. */
static const char *next_name(const char *place, size_t *length)
{
    place += strspn(place, " ,\t");
    *length = strcspn(place, " ,\t");
    return place;
}

size_t path_n_mismatch(const struct latch_options *latch)
{
    size_t n = 0, length;
    if (latch->file[0] == '\0')
        return N_OWN_MISMATCH;
    for (const char *name = next_name(latch->mismatch_parameters, &length); length > 0;
         name = next_name(name + length, &length))
        n++;
    return n < MISMATCH_MAX ? n : MISMATCH_MAX;
}

enum rs_status path_mismatch_sigmas(const struct latch_options *latch, double *sigma_volts,
                                    struct rs_error *err)
{
    const struct option_reals *given = &latch->mismatch_sigmas_volts;
    size_t n = path_n_mismatch(latch);
    if (latch->file[0] != '\0') {
        if (given->n != 1 && (size_t)given->n != n && n > 0)
            return rs_fail(err, RS_INPUT, "latch.mismatch_sigmas: %d numbers found, 1 or %zu expected",
                           given->n, n);
        for (size_t k = 0; k < n; k++)
            sigma_volts[k] = given->values[given->n == 1 ? 0 : k];
        return RS_OK;
    }
    const double width_metres[] = {latch->w_input_metres, latch->w_nlatch_metres, latch->w_platch_metres};
    for (size_t k = 0; k < n; k++) /* half a pair's variance each */
        sigma_volts[k] = latch->mismatch_volts / sqrt(2 * width_metres[k / 2] * latch->length_metres / UM2);
    return RS_OK;
}

enum rs_status path_draw_mismatch(const struct latch_options *latch, uint64_t seed, size_t n_slots,
                                  double *volts, struct rs_error *err)
{
    double sigmas_volts[MISMATCH_MAX];
    size_t n = path_n_mismatch(latch);
    enum rs_status status = path_mismatch_sigmas(latch, sigmas_volts, err);
    for (size_t k = 0; k < n && status == RS_OK; k++) {
        const struct random_key key = {.seed = seed, .purpose = RANDOM_OFFSET, .draw = (uint32_t)k};
        for (size_t j = 0; j < n_slots; j++)
            volts[j * n + k] = sigmas_volts[k] * random_normal(&key, (uint32_t)j);
    }
    return status;
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
    for (size_t j = 0; j < network->n_columns && path->plan->path.sense == PATH_RESISTOR; j++)
        if ((network->lines.r_sense_ohm != NULL ? network->lines.r_sense_ohm[j] : network->r_sense_ohm) <= 0)
            return rs_fail(err, RS_INPUT,
                           "bit line %zu has r_sense_ohm = 0, which path.sense 'resistor' looks across", j);
    return RS_OK;
}

/* --- the deck --- */

static void write_head(struct path_writer *writer)
{
    static const char *const senses[] = {"sense resistors", "transimpedances", "integrators"};
    static const char *const references[] = {"ideal", "current", "bias-rows", "replica"};
    const struct path *path = writer->path;
    const struct path_options *o = writer->options;
    const struct network *network = &path->array->network;
    text_append(
        writer->deck,
        "* full path: %zu word lines x %zu bit lines, %zu key slots (%s), %zu queries\n*\n"
        "* word line i:  source vinI at sI, volts around the rail vcm = %g V, one query every %.6g s\n"
        "* array:        subcircuit `array`, ports sI and oJ\n"
        "* bit line j:   oJ, then %s to the latch inputs pK and nK of key slot K\n"
        "* reference:    %s, %s\n"
        "* key slot K:   xlatchK, inputs pK nK, outputs opK onK; decides at the clock's rise, %.6g s into a "
        "query\n"
        "* printed:      inputV_K  v(pK) - v(nK) where the clock begins to rise, query V, volts\n"
        "*               outputV_K v(opK) - v(onK) where it begins to fall; above 0: keep\n"
        "*               delayV_K  from half supply on the clock to half supply between the outputs, "
        "seconds;\n"
        "*                         %g where unresolved\n\n",
        network->n_rows, network->n_columns, writer->n_slots,
        o->sign == PATH_DIFFERENTIAL ? "pairs of bit lines" : "bit lines against the last one",
        path->n_vectors, o->common_mode_volts, writer->times.period_seconds, senses[o->sense],
        references[writer->reference->kind],
        writer->reference->sharing == PATH_SHARED ? "shared" : "per comparator", writer->times.clock_seconds,
        o->evaluation_seconds);
    /* chgtol: its default of 1e-14 C is more than any node of a latch holds, and moves the threshold. */
    text_append(
        writer->deck,
        ".options reltol=1e-5 vntol=1e-7 abstol=1e-13 chgtol=1e-16 gmin=1e-15 itl1=300 itl4=100 noacct\n"
        ".temp %.10g\n",
        o->temperature_kelvin - 273.15);
}

static void write_part(struct text *deck, const char *what, const unsigned char *text, size_t size)
{
    text_append(deck, "\n* ---- %s ----\n", what);
    text_append_bytes(deck, (const char *)text, size);
}

static void write_latch_model(struct path_writer *writer)
{
    const struct latch_options *latch = &writer->path->plan->latch;
    struct text *deck = writer->deck;
    if (latch->file[0] == '\0') {
        write_part(deck, "transistors: generic65.lib", parts_embedded_generic65,
                   parts_embedded_generic65_size);
        write_part(deck, "latch: strongarm.sub", parts_embedded_strongarm, parts_embedded_strongarm_size);
        return;
    }
    text_append(deck, "\n* latch of the user's own, SHA-256 %s\n", writer->latch.sha256);
    if (latch->monte_carlo[0] != '\0')
        text_append(deck, ".options seed=%lld\n.param %s\n", (long long)latch->seed, latch->monte_carlo);
    if (latch->models[0] != '\0') {
        const char *section = latch->models_section;
        text_append(deck, "* its models, SHA-256 %s\n%s \"%s\"%s%s\n", writer->models.sha256,
                    section[0] != '\0' ? ".lib" : ".include", writer->models.path,
                    section[0] != '\0' ? " " : "", section);
    }
    text_append(deck, ".include \"%s\"\n", writer->latch.path);
}

static void write_own_parameters(struct path_writer *writer)
{
    const struct latch_options *l = &writer->path->plan->latch;
    text_append(
        writer->deck,
        " w_tail=%.6g w_input=%.6g w_nlatch=%.6g w_platch=%.6g\n+ w_reset=%.6g w_equalise=%.6g l=%.6g",
        l->w_tail_metres, l->w_input_metres, l->w_nlatch_metres, l->w_platch_metres, l->w_reset_metres,
        l->w_equalise_metres, l->length_metres);
}

static void write_mismatch(struct path_writer *writer, size_t j)
{
    const struct latch_options *latch = &writer->path->plan->latch;
    size_t n = path_n_mismatch(latch), length = 0;
    const char *name = latch->mismatch_parameters;
    text_append(writer->deck, "\n+");
    for (size_t k = 0; k < n; k++) {
        double volts = writer->mismatch_volts[j * n + k];
        name = next_name(name + length, &length);
        if (latch->file[0] == '\0')
            text_append(writer->deck, " dv%zu=%.17g", k + 1, volts);
        else
            text_append(writer->deck, " %.*s=%.17g", (int)length, name, volts);
    }
    text_append(writer->deck, "\n");
}

static void write_latch(struct path_writer *writer, size_t j)
{
    static const char *const nodes[LATCH_N_PORTS] = {"p%zu", "n%zu", "clk", "op%zu", "on%zu", "vdd", "0"};
    static const int own_order[LATCH_N_PORTS] = {LATCH_INP,  LATCH_INN, LATCH_CLK, LATCH_OUTP,
                                                 LATCH_OUTN, LATCH_VDD, LATCH_VSS};
    const struct latch_options *latch = &writer->path->plan->latch;
    bool own = latch->file[0] == '\0', shared = writer->reference->sharing == PATH_SHARED;
    const int *ports = own ? own_order : writer->latch.ports;
    text_append(writer->deck, "xlatch%zu", j);
    for (int k = 0; k < LATCH_N_PORTS; k++) {
        const char *node = nodes[ports[k]];
        text_append(writer->deck, " ");
        if (ports[k] == LATCH_INN && shared)
            text_append(writer->deck, "nref");
        else if (strchr(node, '%') != NULL)
            text_append(writer->deck, "%.*s%zu", (int)strcspn(node, "%"), node, j);
        else
            text_append(writer->deck, "%s", node);
    }
    text_append(writer->deck, " %s", own ? "strongarm" : latch->subcircuit);
    if (own)
        write_own_parameters(writer);
    else
        text_append(writer->deck, " %s", latch->parameters);
    write_mismatch(writer, j);
    if (latch->load_farad > 0)
        text_append(writer->deck, "cop%zu op%zu 0 %.6g\ncon%zu on%zu 0 %.6g\n", j, j, latch->load_farad, j, j,
                    latch->load_farad);
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
    write_latch_model(writer);
    write_part(writer->deck, "sense paths: sense.sub", parts_embedded_sense, parts_embedded_sense_size);
    write_part(writer->deck, "references: reference.sub", parts_embedded_reference,
               parts_embedded_reference_size);
    if (model_name != NULL) {
        const struct netlist_model *model = netlist_model_find(model_name);
        write_part(writer->deck, "cells", model->text, *model->text_size);
    }
    enum rs_status status = write_array(writer, path->array, "array", writer->options->sense == PATH_RESISTOR,
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
    if (status == RS_OK && latch->file[0] != '\0')
        status = latch_file_read(latch->file, latch->subcircuit, &writer.latch, err);
    if (status == RS_OK && latch->models[0] != '\0')
        status = latch_file_find(latch->models, writer.models.path, writer.models.sha256, err);
    if (status != RS_OK)
        return status;
    if (path->mismatch_volts == NULL) {
        drawn = memory_allocate(writer.n_slots * path_n_mismatch(latch), sizeof *drawn, err);
        status = drawn == NULL ? RS_INTERNAL
                               : path_draw_mismatch(latch, (uint64_t)latch->seed, writer.n_slots, drawn, err);
    }
    writer.mismatch_volts = path->mismatch_volts != NULL ? path->mismatch_volts : drawn;
    if (status == RS_OK)
        status = write_deck(&writer, err);
    free(drawn);
    return status;
}

struct answer {
    const struct path *path;
    struct path_decision *decisions;
};

static enum rs_status read_answer(void *context, const char *output, struct rs_error *err)
{
    const struct answer *answer = context;
    const struct path_options *options = &answer->path->plan->path;
    return path_read(options, output, answer->path->n_vectors,
                     path_n_slots(options, answer->path->array->network.n_columns), answer->decisions, err);
}

enum rs_status path_run(const struct path *path, double limit_seconds, struct path_decision *decisions,
                        struct rs_error *err)
{
    struct text text = {0};
    struct answer answer = {path, decisions};
    enum rs_status status = path_write(path, &text, err);
    if (status != RS_OK) {
        text_clear(&text);
        return status;
    }
    char *deck = text_take(&text, err);
    if (deck == NULL)
        return RS_INTERNAL;
    status = ngspice_run_reader(deck, limit_seconds, read_answer, &answer, err);
    free(deck);
    return status;
}
