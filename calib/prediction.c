#include "calib/prediction.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "calib/latches.h"
#include "crossbar/array_solver.h"
#include "crossbar/loading.h"
#include "crossbar/sense_node.h"

#define SOLVER_TOLERANCE 1e-11
#define UM 1e-6

/* The plan's figures as the options of a run would give them; what it does not say, the calibration says. */
static void fill_options(const struct path_plan *plan, const struct network *network,
                         const struct calibration *calibration, const double pair_volts[COMPARATOR_PAIRS],
                         struct comparator_options *out)
{
    const double least_volts = 1e-9; /* a pair that does not err */
    const struct path_options *path = &plan->path;
    double value;
    option_fill_defaults(&frontend_options_comparator, out);
    out->kind = plan->latch.kind; /* the words of both are in one order */
    out->sense = path->sense;
    out->reference = plan->reference.kind;
    out->share = plan->reference.sharing;
    if (calibration == NULL || !calibration_get(calibration, CALIBRATION_gain_ohm, &value))
        out->r_load_ohm = path_gain_ohm(plan, network->r_sense_ohm);
    if (path->sense != PATH_RESISTOR &&
        (calibration == NULL || !calibration_get(calibration, CALIBRATION_swing_volts, &value)))
        out->swing_volts = path->swing_volts;
    if (path->sense == PATH_TRANSIMPEDANCE &&
        (calibration == NULL || !calibration_get(calibration, CALIBRATION_settling_seconds, &value)))
        out->settling_seconds = path->settling_seconds;
    out->sense_seconds =
        path->sense == PATH_INTEGRATOR ? path->integration_seconds : path_times(path).clock_seconds;
    out->r_output_ohm = path->r_out_ohm;
    out->line_farads = path->line_capacitance_farad * (double)network->n_rows;
    out->evaluation_seconds = path->evaluation_seconds;
    if (pair_volts[0] > 0) { /* widths that give these spreads at 1 um x 1 um of the first */
        out->a_vt_volt_metres = pair_volts[0] * UM;
        out->gate_length_metres = out->input_width_metres = UM;
        out->n_latch_width_metres = UM * pow(pair_volts[0] / fmax(pair_volts[1], least_volts), 2);
        out->p_latch_width_metres = UM * pow(pair_volts[0] / fmax(pair_volts[2], least_volts), 2);
    }
}

/* The circuit alone: the devices in it are whatever the decks hold. */
static enum rs_status check_circuit(const struct path_plan *plan, const struct network *network,
                                    const struct calibration *calibration, struct rs_error *err)
{
    struct calibration_identity identity = {0}, latch = {0};
    const struct calibration_topology topology = {.n_rows = network->n_rows,
                                                  .n_columns = network->n_columns,
                                                  .r_word_line_ohm = network->r_word_line_ohm,
                                                  .r_bit_line_ohm = network->r_bit_line_ohm,
                                                  .r_driver_ohm = network->r_driver_ohm,
                                                  .r_sense_ohm = network->r_sense_ohm,
                                                  .kind = frontend_options_kinds[plan->latch.kind],
                                                  .sense = frontend_options_senses[plan->path.sense],
                                                  .reference =
                                                      frontend_options_references[plan->reference.kind],
                                                  .share = frontend_options_shares[plan->reference.sharing],
                                                  .sign = frontend_options_signs[plan->path.sign]};
    enum rs_status status = calibration_topology_identity(&topology, &identity, err);
    if (status == RS_OK)
        status = calibration_check(calibration, "--calibration", &identity, &calibration->device, err);
    if (status == RS_OK)
        status = latches_identify(&plan->latch, &latch, err);
    if (status == RS_OK)
        status = calibration_check_latch(calibration, "--calibration", &latch, err);
    calibration_identity_clear(&identity);
    calibration_identity_clear(&latch);
    return status;
}

/* Standard deviations of the threshold differences of pairs; 0 where they are not known. */
static enum rs_status find_pairs(const struct latch_options *latch, double pair_volts[COMPARATOR_PAIRS],
                                 struct rs_error *err)
{
    double sigma_volts[OPTION_REALS_MAX];
    enum rs_status status = latch_mismatch_sigmas(latch, sigma_volts, err);
    for (size_t pair = 0; pair < latch_n_pairs(latch) && status == RS_OK; pair++)
        pair_volts[pair] = hypot(sigma_volts[2 * pair], sigma_volts[2 * pair + 1]);
    return status;
}

enum rs_status prediction_init(const struct path_plan *plan, const struct mapping *mapping,
                               const struct network *network, const struct calibration *calibration,
                               struct prediction *out, struct rs_error *err)
{
    struct comparator_options options;
    *out = (struct prediction){
        .plan = plan, .mapping = *mapping, .knows_pairs = latch_n_pairs(&plan->latch) > 0};
    enum rs_status status = calibration != NULL ? check_circuit(plan, network, calibration, err) : RS_OK;
    if (status == RS_OK)
        status = find_pairs(&plan->latch, out->pair_volts, err);
    if (status != RS_OK)
        return status;
    if (latch_takes_currents(&plan->latch) && calibration == NULL)
        return rs_fail(
            err, RS_INPUT,
            "latch.kind: a latch of currents found, which is predicted by a calibration of its own; "
            "--calibration expected");
    if (!network_is_uniform(network))
        return rs_fail(err, RS_INPUT, "the array has resistances line by line; one value each expected");
    fill_options(plan, network, calibration, out->pair_volts, &options);
    const struct comparator_circuit circuit = {.r_sense_ohm = network->r_sense_ohm,
                                               .unit_amperes = mapping->unit_amperes,
                                               .sign = (enum encoding_sign)plan->path.sign,
                                               .temperature_kelvin = plan->path.temperature_kelvin,
                                               .read_seconds = (double)NAN,
                                               .n_slots = mapping->n_keys_per_array,
                                               .calibration = calibration};
    status = comparator_init(&options, &circuit, &out->comparator, err);
    double variance = out->comparator.offset_sigma_units * out->comparator.offset_sigma_units;
    for (int pair = 0; pair < COMPARATOR_PAIRS; pair++)
        variance += out->comparator.mismatch_units[pair] * out->comparator.mismatch_units[pair];
    out->sigma_volts = sqrt(variance) * out->comparator.volts_per_unit;
    return status;
}

void prediction_clear(struct prediction *prediction)
{
    comparator_clear(&prediction->comparator);
}

void prediction_decide(const struct prediction *prediction, double signal_units, double minus_units,
                       double reference_units, const double normals[COMPARATOR_PAIRS], double kick_ohm,
                       struct prediction_decision *out)
{
    static const double equal_branches[COMPARATOR_BRANCHES] = {0, 0};
    const struct comparator *comparator = &prediction->comparator;
    double volts = comparator->volts_per_unit;
    double d = comparator_difference(comparator, signal_units, minus_units, reference_units, equal_branches);
    double common = comparator_common(comparator, signal_units, minus_units, reference_units);
    double offset_units = comparator_offset(comparator, normals, common);
    double shift_units =
        comparator->offset_mean_units +
        (comparator->kickback_units_per_ohm + comparator->kickback_per_common * common) * kick_ohm;
    double margin = d - offset_units - shift_units;
    *out = (struct prediction_decision){.input_volts = d * volts,
                                        .common_volts = common * volts,
                                        .shift_volts = shift_units * volts,
                                        .offset_volts = offset_units * volts,
                                        .margin_volts = margin * volts,
                                        .delay_seconds = comparator_delay_seconds(comparator, margin, common),
                                        .keep = margin > 0};
}

enum rs_status prediction_solve(const struct array_file *array, size_t n_vectors, const double *volts,
                                double *amperes, struct rs_error *err)
{
    struct array_solver *solver = NULL;
    struct array_solver_report *reports = memory_allocate(n_vectors, sizeof *reports, err);
    if (reports == NULL)
        return RS_INTERNAL;
    enum rs_status status = array_solver_create_borrow(array, &solver, err);
    if (status == RS_OK)
        status = array_solver_solve(solver, n_vectors, volts, NETWORK_SOLVER_TRANSFER, SOLVER_TOLERANCE,
                                    amperes, NULL, NULL, reports, err);
    for (size_t v = 0; v < n_vectors && status == RS_OK; v++)
        if (!array_solver_reduces(array) && !reports[v].good)
            status = rs_fail(err, RS_INCOMPLETE, "the array's currents of vector %zu did not converge", v);
    array_solver_destroy(solver);
    free(reports);
    return status;
}

/* Standard deviations of each pair, from the shifts of its two transistors. */
static void find_normals(const struct prediction *prediction, const double *shifts_volts,
                         double normals[COMPARATOR_PAIRS])
{
    for (size_t pair = 0; pair < latch_n_pairs(&prediction->plan->latch); pair++) {
        double sigma = prediction->pair_volts[pair];
        normals[pair] = sigma > 0 ? (shifts_volts[2 * pair] - shifts_volts[2 * pair + 1]) / sigma : 0;
    }
}

/* [n_slots]: what kickback multiplies. */
static void find_kicks(const struct prediction *prediction, const double *line_ohm, size_t n_slots,
                       double *kick_ohm)
{
    for (size_t j = 0; j < n_slots; j++) {
        size_t plus, minus;
        mapping_lines(&prediction->mapping, j, &plus, &minus);
        kick_ohm[j] = comparator_kickback_ohm(&prediction->comparator, line_ohm[plus], line_ohm[minus]);
    }
}

struct lines {
    double *resistance_ohm, *settled_ratio, *amperes; /* [n_columns] */
    double *drawn_amperes, *loss_amperes;             /* [n_columns] */
    double *kick_ohm, *signal_units, *minus_units;    /* [n_slots] */
    double *reference_amperes;                        /* [n_slots], what they are worth at the comparators */
    struct loading *loading;                          /* NULL: no reference loads a line */
};

static enum rs_status find_lines(const struct prediction *prediction, const struct array_file *array,
                                 struct lines *lines, struct rs_error *err)
{
    struct sense_node *node = NULL;
    enum rs_status status = sense_node_create(&array->network, &node, err);
    if (status != RS_OK)
        return status;
    sense_node_compute(node, array->conductance, prediction->comparator.line_farads, lines->resistance_ohm,
                       lines->settled_ratio);
    for (size_t j = 0; j < array->network.n_columns; j++)
        lines->settled_ratio[j] = comparator_settled(&prediction->comparator, lines->settled_ratio[j]);
    sense_node_destroy(node);
    if (!prediction->comparator.reference_loads)
        return RS_OK;
    status = loading_create(&array->network, &array->edges, &lines->loading, err);
    if (status == RS_OK)
        loading_factor(lines->loading, array->conductance);
    return status;
}

/* Of one query. A reference that several slots share is the first one's. */
static enum rs_status find_references(const struct prediction *prediction, const double *given_amperes,
                                      const struct lines *lines, struct rs_error *err)
{
    const struct mapping *mapping = &prediction->mapping;
    bool shared = prediction->comparator.join != COMPARATOR_JOIN_PLUS;
    size_t plus, minus;
    memset(lines->drawn_amperes, 0, mapping->n_columns * sizeof(double));
    for (size_t j = 0; j < mapping->n_keys_per_array; j++) {
        mapping_lines(mapping, j, &plus, &minus);
        lines->reference_amperes[j] = given_amperes[shared ? 0 : j];
        if (prediction->comparator.join == COMPARATOR_JOIN_MINUS)
            lines->drawn_amperes[minus] = -given_amperes[0];
        else
            lines->drawn_amperes[plus] = given_amperes[j];
    }
    if (lines->loading == NULL)
        return RS_OK;
    if (!loading_compute(lines->loading, lines->drawn_amperes, lines->loss_amperes))
        return rs_fail(err, RS_INCOMPLETE, "what references draw from the array's lines did not converge");
    for (size_t j = 0; j < mapping->n_keys_per_array; j++) {
        mapping_lines(mapping, j, &plus, &minus);
        lines->reference_amperes[j] = lines->loss_amperes[plus] - lines->loss_amperes[minus];
    }
    return RS_OK;
}

enum rs_status prediction_compute(const struct prediction *prediction, const struct path *path,
                                  const double *amperes, const double *reference_amperes,
                                  const double *mismatch_volts, struct prediction_decision *decisions,
                                  struct rs_error *err)
{
    const struct mapping *mapping = &prediction->mapping;
    size_t n_columns = mapping->n_columns, n_slots = mapping->n_keys_per_array,
           n_mismatch = latch_n_mismatch(&path->plan->latch);
    double *memory = memory_allocate(5 * n_columns + 4 * n_slots, sizeof *memory, err);
    if (memory == NULL)
        return RS_INTERNAL;
    double *slots = memory + 5 * n_columns;
    struct lines lines = {
        memory, memory + n_columns, memory + 2 * n_columns, memory + 3 * n_columns, memory + 4 * n_columns,
        slots,  slots + n_slots,    slots + 2 * n_slots,    slots + 3 * n_slots,    NULL};
    enum rs_status status = find_lines(prediction, path->array, &lines, err);
    find_kicks(prediction, lines.resistance_ohm, n_slots, lines.kick_ohm);
    for (size_t v = 0; v < path->n_vectors && status == RS_OK; v++) {
        for (size_t j = 0; j < n_columns; j++)
            lines.amperes[j] = amperes[v * n_columns + j] * lines.settled_ratio[j];
        memset(lines.signal_units, 0, 2 * n_slots * sizeof(double)); /* and minus_units behind them */
        mapping_add_signals(mapping, n_slots, lines.amperes, lines.signal_units);
        mapping_add_minus(mapping, n_slots, lines.amperes, lines.minus_units);
        status = find_references(prediction, reference_amperes + v * n_slots, &lines, err);
        for (size_t j = 0; j < n_slots; j++) {
            double normals[COMPARATOR_PAIRS] = {0};
            if (mismatch_volts != NULL && prediction->knows_pairs)
                find_normals(prediction, mismatch_volts + j * n_mismatch, normals);
            prediction_decide(prediction, lines.signal_units[j], lines.minus_units[j],
                              lines.reference_amperes[j] / mapping->unit_amperes, normals, lines.kick_ohm[j],
                              &decisions[v * n_slots + j]);
        }
    }
    loading_destroy(lines.loading);
    free(memory);
    return status;
}
