/*
 * One comparator per key slot: bit = d - offset - noise > 0, d the difference I+ - I- less the reference as
 * the sense path and the comparator's kind make it. All in units of sum(q_msb k_msb); docs/comparator.md has
 * the equations.
 *
 * The offset is drawn once per comparator and trial: N(mean, sigma), plus what the transistor pairs'
 * threshold differences (Pelgrom, JSSC 24, 1989: sigma = A_VT / sqrt(W L)) make of it. Noise is drawn once
 * per decision. A decision takes t0 + tau ln(v1 / |d|).
 */
#ifndef FRONTEND_COMPARATOR_H
#define FRONTEND_COMPARATOR_H

#include <stdbool.h>
#include <stddef.h>

#include "frontend/calibration.h"
#include "frontend/frontend_options.h"
#include "numeric/random.h"
#include "rescore/status.h"

enum { COMPARATOR_PAIRS = 3 /* input, n latch, p latch */, COMPARATOR_BRANCHES = 2 /* positive, negative */ };

/* Where the reference joins: drawn from the positive line; with the negative one; a node of its own, beside a
 * sense path that subtracts the two lines. */
enum comparator_join { COMPARATOR_JOIN_PLUS, COMPARATOR_JOIN_MINUS, COMPARATOR_JOIN_ALONE };

/* What stands behind the inputs; all 0 of comparators of currents. */
struct comparator_sources {
    bool sees_lines;     /* the ends of the bit lines themselves, not amplifiers */
    bool buffers_minus;  /* the mid-level line goes through a buffer for each comparator */
    double n_on_node;    /* comparators whose negative inputs are one unbuffered node; 1: a node for each */
    double r_output_ohm; /* of amplifiers and buffers; NAN: none, and a mid-level line is not buffered */
};

struct comparator {
    bool second; /* the second comparator of each key: the same circuit, draws of its own */
    enum comparator_join join;
    bool
        reference_loads; /* a line: the array carries a share of the reference current (crossbar/loading.h) */
    double offset_sigma_units, noise_sigma_units;
    double offset_mean_units;                                                   /* of all comparators */
    double mismatch_units[COMPARATOR_PAIRS], branch_ratio[COMPARATOR_BRANCHES]; /* standard deviations */
    double bias_units;                                                          /* in both branches */
    double mismatch_per_common[COMPARATOR_PAIRS]; /* change of mismatch_units per unit of common mode */
    double hysteresis_units;
    double kickback_units_per_ohm, kickback_r0_ohm; /* at small resistances; infinite r0: at all */
    double kickback_per_common;                     /* 1/ohm: change of ... per unit of common mode */
    struct comparator_sources sources;
    double swing_units;                                  /* 0: linear */
    double volts_per_unit;                               /* 0: currents alone */
    double line_farads, settling_seconds, sense_seconds; /* sense_seconds NAN: all has settled */
    bool integrates, takes_currents;
    double delay_t0_seconds, delay_tau_seconds, delay_min_seconds; /* at the comparators' temperature */
    double overdrive_units;                /* of the input pair at a common mode of 0; infinite: unknown */
    double integration_seconds, tau_ratio; /* parts of t0 and of tau that go as 1 / overdrive */
    double delay_v1_units, evaluation_seconds; /* evaluation_seconds NAN: no end */
    enum comparator_unresolved unresolved;
    double *compensation_units;                         /* [n_slots], owned; NULL: none */
    double compensation_ratio, compensation_slot_ratio; /* ... per threshold; more per slot */
};

/* What the options do not say. */
struct comparator_circuit {
    double r_sense_ohm, unit_amperes;
    enum encoding_sign sign;
    double temperature_kelvin;             /* of the device; NAN: its card knows none */
    double read_seconds;                   /* array.read_time; NAN: not given */
    size_t n_slots;                        /* comparators of one array */
    const struct calibration *calibration; /* gives what the options leave open; NULL: none */
};

/* RS_INPUT, naming the key: volts without a load, an integrator without a gain, a swing of a comparator of
 * currents, compensation without a calibration. comparator_clear frees. */
enum rs_status comparator_init(const struct comparator_options *options,
                               const struct comparator_circuit *circuit, struct comparator *out,
                               struct rs_error *err) RS_MUST_CHECK;
void comparator_clear(struct comparator *comparator);

/* The offsets of `n` slots, compensation included; key: seed, trial, array. */
void comparator_offsets(const struct comparator *comparator, const struct random_key *key, size_t n,
                        double *offset_units);

/* What compensation adds to the signal of one slot at a threshold, beside comparator_offsets. */
double comparator_compensate(const struct comparator *comparator, size_t slot, double threshold_units);

/* The offset of one comparator whose pairs' threshold differences are given, in standard deviations, at
 * common_units of comparator_common; without the mean. */
double comparator_offset(const struct comparator *comparator, const double normals[COMPARATOR_PAIRS],
                         double common_units);
/* Whether a decision takes time. */
bool comparator_has_delay(const struct comparator *comparator);
/* Whether decisions or their time change with the common mode. */
bool comparator_has_common(const struct comparator *comparator);

/* The threshold differences of pair `pair` in `n` slots, in standard deviations; key as above. */
void comparator_mismatch(const struct comparator *comparator, const struct random_key *key, int pair,
                         size_t n, double *normals);

/* The relative errors of both branches: branch_ratio [COMPARATOR_BRANCHES][n]; key as above. */
void comparator_branches(const struct comparator *comparator, const struct random_key *key, size_t n,
                         double *branch_ratio);

/* The noise of one decision in `n` slots; key: seed, trial, array, write, and draw = the read. */
void comparator_noise(const struct comparator *comparator, const struct random_key *key, size_t n,
                      double *noise_units);

/* Whether comparator_difference is more than signal - reference, and needs the currents of both lines. */
bool comparator_needs_lines(const struct comparator *comparator);

/*
 * d of one slot, before offset and noise. signal: I+ - I-; minus: I-; the reference joins where `join` says,
 * in comparators of currents the negative branch. branch: relative errors of both branches.
 */
double comparator_difference(const struct comparator *comparator, double signal_units, double minus_units,
                             double reference_units, const double branch[COMPARATOR_BRANCHES]);

/*
 * The reference at which a falling ramp makes one slot fire: where its difference at this reference equals
 * offset_units + offset_per_common_units x the common mode there. -INFINITY: never; INFINITY: at once.
 */
double comparator_firing(const struct comparator *comparator, double signal_units, double minus_units,
                         double offset_units, double offset_per_common,
                         const double branch[COMPARATOR_BRANCHES]);

/* Uniforms of unresolved decisions in `n` slots; key as that of comparator_noise. */
void comparator_rulings(const struct comparator *comparator, const struct random_key *key, size_t n,
                        double *uniforms);

/*
 * What the kickback multiplies: F(R) of the negative input less that of the positive one, of a comparator
 * whose lines show plus_ohm and minus_ohm. F(R) = r0 asinh(R / r0), whose slope 1 / sqrt(1 + (R / r0)^2) is
 * that of a low-pass of R and the gate's capacitance at the kick's frequency, 1 / (2 pi r0 C). n comparators
 * that kick one node of resistance R at once are n nodes of n R each.
 */
double comparator_kickback_ohm(const struct comparator *comparator, double plus_ohm, double minus_ohm);

/* The mean of both inputs, as the comparator sees it, above the rail; of currents, with the reference in the
 * negative one, above the bias. */
double comparator_common(const struct comparator *comparator, double signal_units, double minus_units,
                         double reference_units);

/* What a line with this delay (sense_node.h) has of its current when the comparator decides, 0 to 1. */
double comparator_settled(const struct comparator *comparator, double line_seconds);

/*
 * The decision time at an input of `difference_units` and a common mode (comparator_common); infinite at 0
 * where there is a delay, and without overdrive. With u the overdrive over that at a common mode of 0:
 * t0 + t_i (1/u - 1) + tau (1 + rho (1/u - 1)) ln(v1 u / |d|). docs/comparator.md derives it.
 */
double comparator_delay_seconds(const struct comparator *comparator, double difference_units,
                                double common_units);

#endif
