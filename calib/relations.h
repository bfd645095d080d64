/*
 * The behavioural model, relation by relation, for the stages whose decks ask for it. Input k of an
 * observation is named by the enum beside its relation. Model: docs/calibration.md 3.
 */
#ifndef CALIB_RELATIONS_H
#define CALIB_RELATIONS_H

#include "calib/relation.h"

/* Sense path: output difference of a pair of bit lines, volts; of a path that saturates, of one that does
 * not. */
enum { RELATIONS_GAIN_PLUS_AMPERES, RELATIONS_GAIN_MINUS_AMPERES };
extern const struct relation relations_gain, relations_gain_linear;

/* Sense path: output after a step at time 0, volts. */
enum { RELATIONS_SETTLING_SECONDS, RELATIONS_SETTLING_FINAL_VOLTS };
extern const struct relation relations_settling;

/* Latch: offset (the input difference at its trip point), volts, from threshold differences of its pairs. */
enum { RELATIONS_OFFSET_INPUT_VOLTS, RELATIONS_OFFSET_NLATCH_VOLTS, RELATIONS_OFFSET_PLATCH_VOLTS };
extern const struct relation relations_offset;

/* Latches: the same offsets as draws of one distribution. No inputs. */
extern const struct relation relations_spread;

/* Latch: seconds from the clock edge to the decision; at the temperature and common mode of the path, at
 * other common modes (at u of the overdrive), at other temperatures. The latter two with the estimates of
 * those before as context. */
enum { RELATIONS_DELAY_VOLTS, RELATIONS_DELAY_COMMON_VOLTS = 1, RELATIONS_DELAY_KELVIN_ABOVE = 1 };
struct relations_delay_known {
    double t0_seconds, tau_seconds, v1_volts;
};
extern const struct relation relations_delay, relations_delay_common, relations_delay_temperature;

/* Latch: systematic offset, volts. */
enum { RELATIONS_KICKBACK_OHM, RELATIONS_KICKBACK_COLUMN_OHM }; /* R_ref - R_col; R_col */
extern const struct relation relations_kickback;
/* What of a source resistance counts: r0 asinh(R / r0). */
double relations_kicked_ohm(double source_ohm, double r0_ohm);

/* Latch: noise (relations_noise.c). No inputs but the part. */
enum { RELATIONS_PARTS_LATCH, RELATIONS_PARTS_SOURCE, RELATIONS_PARTS_SENSE, RELATIONS_N_PARTS };
enum { RELATIONS_PARTS_PART }; /* of the enum above */
extern const struct relation relations_aperture, relations_density, relations_parts, relations_noise;

/* Latch: decisions at given input differences. */
enum {
    RELATIONS_DECISIONS_VOLTS,
    RELATIONS_DECISIONS_PREVIOUS
}; /* d less known offsets; decision before: -1, 1, 0: none */
extern const struct relation relations_decisions;

/* Columns: effective threshold less the ideal one, amperes of difference current at the array's output:
 * sum_i V_i (G+ - G-) where the latch trips, less the reference current. */
enum {
    RELATIONS_COLUMN_SLOT,
    RELATIONS_COLUMN_LOAD_AMPERES, /* sum_i V_i (G+ + G-) */
    RELATIONS_COLUMN_IDEAL_AMPERES /* sum_i V_i (G+ - G-) */
};
extern const struct relation relations_column;

/* The same less what the engine's solution of the array says, with the inputs above. */
extern const struct relation relations_rest;

/* a + b j of `values` of relations_column for key slots 0 ... n_slots - 1: amperes [n_slots]. */
void relations_column_shifts(const double *values, size_t n_slots, double *amperes);

#endif
