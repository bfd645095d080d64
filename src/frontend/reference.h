/*
 * What subtracts the threshold (definitions 2), in units of sum(q_msb k_msb).
 *
 *     ideal      exactly
 *     current    a constant current from a DAC with its own width and static error
 *     bias-rows  the last word lines of each key array, at a constant voltage: in every pair of bit lines,
 *                cells at g_min on the positive and g_min + delta on the negative line
 *     replica    the same cells in one column pair of a separate array
 *
 * Query heads that share keys share the cells, which stand for the largest of their thresholds; a smaller or
 * negative one is a smaller or negative voltage. A row at full window and voltage V is worth weight (window /
 * g_lsb) (V / v_lsb) units.
 */
#ifndef FRONTEND_REFERENCE_H
#define FRONTEND_REFERENCE_H

#include <stdbool.h>
#include <stddef.h>

#include "frontend/mapping.h"
#include "numeric/random.h"

struct reference {
    enum comparator_reference kind;
    bool shared;
    bool second;              /* that of the second comparators: the same circuit, draws of its own */
    double limit_units;       /* the largest threshold that can matter: the largest signal and a half */
    double step_units;        /* of the DAC; 0: any value */
    double range_units;       /* ... */
    double error_sigma_units; /* ... */
    double row_volts, row_units, window_siemens; /* of one bias row at full window */
    double replica_row_units;                    /* of one row of a replica */
};

/* gain_ohm: comparator's volts per ampere, for errors in volts. RS_INPUT when it is 0 and needed. */
enum rs_status reference_init(const struct comparator_options *options,
                              const struct encoding_options *encoding, const struct mapping *mapping,
                              double gain_ohm, struct reference *out, struct rs_error *err) RS_MUST_CHECK;

/* A threshold as circuits stand for it: 0 for one beyond every signal, which decides without them. */
double reference_cut(const struct reference *reference, double threshold_units);

/* What the DAC gives for it, without its static error. */
double reference_current(const struct reference *reference, double threshold_units);

/* The step of a falling ramp at which what fires at firing_units has fired: of a DAC the next one of its
 * steps below, else the same. */
double reference_ramp(const struct reference *reference, double firing_units);

/* The static errors of the references of `n` slots of an array; key: seed, trial, array. */
void reference_errors(const struct reference *reference, const struct random_key *key, size_t n,
                      double *error_units);

/* Bias rows that thresholds up to level_units take in each array of `mapping`, stacks included; RS_INPUT when
 * they leave no row for keys. */
enum rs_status reference_bias_rows(const struct reference *reference, const struct mapping *mapping,
                                   double level_units, size_t *n_rows, struct rs_error *err) RS_MUST_CHECK;
/* ... and rows of a replica; RS_INPUT when the array is too short. */
enum rs_status reference_replica_rows(const struct reference *reference, const struct mapping *mapping,
                                      double level_units, size_t *n_rows, struct rs_error *err) RS_MUST_CHECK;

/* Cells of the bias rows of an array of `mapping` (after mapping_reserve), whose target_siemens
 * [n_rows][n_columns] mapping_targets has filled. */
void reference_place(const struct reference *reference, const struct mapping *mapping, double level_units,
                     double *target_siemens);
/* Targets of a replica [mapping's n_rows][2 n_pairs]: its last n_rows_used rows are driven. */
void reference_place_replica(const struct reference *reference, const struct mapping *mapping,
                             double level_units, size_t n_rows_used, size_t n_pairs, double *target_siemens);

/* Voltage of the reference's rows at threshold_units, whose cells stand for level_units. */
double reference_volts(const struct reference *reference, double level_units, double threshold_units);

#endif
