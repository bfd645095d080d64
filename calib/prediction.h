/*
 * What the engine says of one path (spice/path.h) before ngspice is asked: the array solved exactly, sense
 * path, reference, and a comparator with given mismatch, by the functions that runs use (crossbar/,
 * frontend/mapping.h, frontend/comparator.h).
 *
 *     margin = d - systematic shift - offset;   keep: margin > 0
 *
 * d: difference current less the reference, compressed; shift: mean offset and kickback; offset: what the
 * pairs' threshold differences make.
 */
#ifndef CALIB_PREDICTION_H
#define CALIB_PREDICTION_H

#include "frontend/comparator.h"
#include "frontend/mapping.h"
#include "spice/path.h"

struct prediction {
    const struct path_plan *plan; /* the caller's */
    struct mapping mapping;
    struct comparator comparator;
    double pair_volts[COMPARATOR_PAIRS]; /* standard deviations of threshold differences */
    bool knows_pairs;                    /* own latch: its offset follows from its pairs */
    double sigma_volts;                  /* of the offset */
};

/*
 * For arrays whose mapping is given. calibration: what the plan does not say, with NULL of the engine's
 * defaults. RS_INPUT: a circuit that the engine does not have, or a calibration of another one. Free with
 * prediction_clear.
 */
enum rs_status prediction_init(const struct path_plan *plan, const struct mapping *mapping,
                               const struct network *network, const struct calibration *calibration,
                               struct prediction *out, struct rs_error *err) RS_MUST_CHECK;
void prediction_clear(struct prediction *prediction);

/* One decision, before it is known whether it comes out so. */
struct prediction_decision {
    double input_volts;  /* d */
    double common_volts; /* mean of both inputs, above the rail */
    double shift_volts, offset_volts, margin_volts;
    double delay_seconds;
    bool keep;
};

/* One slot: signal I+ - I-, its negative line and reference, in units; its pairs' threshold differences, in
 * standard deviations, and what kickback multiplies (comparator_kickback_ohm). */
void prediction_decide(const struct prediction *prediction, double signal_units, double minus_units,
                       double reference_units, const double normals[COMPARATOR_PAIRS], double kick_ohm,
                       struct prediction_decision *out);

/* The currents of an array for n_vectors drives: amperes [n_vectors][n_columns]. */
enum rs_status prediction_solve(const struct array_file *array, size_t n_vectors, const double *volts,
                                double *amperes, struct rs_error *err) RS_MUST_CHECK;

/*
 * All decisions [n_vectors][n_slots] of a path. amperes: of prediction_solve, [n_vectors][n_columns];
 * reference_amperes [n_vectors][n_slots]; mismatch_volts [n_slots][path_n_mismatch], NULL: offset 0.
 */
enum rs_status prediction_compute(const struct prediction *prediction, const struct path *path,
                                  const double *amperes, const double *reference_amperes,
                                  const double *mismatch_volts, struct prediction_decision *decisions,
                                  struct rs_error *err) RS_MUST_CHECK;

#endif
