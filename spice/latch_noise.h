/*
 * Decks of a latch and its noise, with the rails, clock and latch of a path plan. ngspice has no noise of MOS
 * transistors in transients, so there are two kinds: the spectral density at an operating point (.noise), and
 * transients into which a given noise is put as numbers.
 *
 * Operating point: the clock at the supply, the inputs at their common mode behind 1 mohm, both outputs held
 * at one potential. So the tail and the pairs conduct as while the latch integrates its input, and the
 * cross-coupled pair cannot regenerate. What is observed is the difference of the currents into the outputs,
 * referred to the input difference. Any latch with the seven ports will do; its inner nodes are not touched.
 */
#ifndef SPICE_LATCH_NOISE_H
#define SPICE_LATCH_NOISE_H

#include "numeric/random.h"
#include "spice/latch_bench.h"

/* Appends the deck of the operating point. */
enum rs_status latch_noise_write_point(const struct path_plan *plan, struct text *deck,
                                       struct rs_error *err) RS_MUST_CHECK;

/* The vector that a run of these commands leaves: input-referred rms noise in volts within the band. */
#define LATCH_NOISE_VECTOR "inoise_total"
/* Appends commands: outputs at held_volts, the noise between two frequencies. */
void latch_noise_write_band(double held_volts, double low_hertz, double high_hertz, struct text *commands);

/* Decisions at n_levels input differences, each by two latches without mismatch: latch 2k decides level k
 * after a forced 0, latch 2k + 1 after a forced 1. */
struct latch_noise_decisions {
    size_t n_levels, n_decisions; /* decisions of each latch */
    const double *level_volts;    /* [n_levels] */
    double r_source_ohm;          /* at either input */
    double reset_seconds;         /* how long the clock is low */
    double force_volts;           /* input of the decision before */
    /* Noise in series with the positive input: from the clock's edge on for window_seconds, a new normal
     * every step_seconds. */
    double sigma_volts, window_seconds, step_seconds;
    struct random_key key; /* array, draw and cell are set here: latch, decision, step */
};

/* Where countJ begins: far from 0, where a count would have no scale for ngspice's tolerance. */
enum { LATCH_NOISE_COUNT_START = 1000 };

/* Appends the deck and the commands of its run, after which the last value of countJ is
 * LATCH_NOISE_COUNT_START and how often latch J said 1 less how often 0. */
enum rs_status latch_noise_write_decisions(const struct path_plan *plan,
                                           const struct latch_noise_decisions *decisions, struct text *deck,
                                           struct text *commands, struct rs_error *err) RS_MUST_CHECK;

#endif
