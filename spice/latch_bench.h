/*
 * Decks of latches alone, with the rails, clock and latch of a path plan (path_options.h): where they trip,
 * and how long they take. For workers: decks without commands, which stand beside them.
 *
 * Trip points. Every cycle of the clock moves a latch's differential input against its decision, by a step
 * that falls by LATCH_BENCH_RATIO from cycle to cycle, so that v(tripJ) ends where latch J is undecided, to a
 * few times the last step: one transient instead of a search.
 */
#ifndef SPICE_LATCH_BENCH_H
#define SPICE_LATCH_BENCH_H

#include "base/text.h"
#include "spice/path.h"

#define LATCH_BENCH_RATIO 0.55

/* One latch: its threshold shifts [latch_n_mismatch] (NULL: none) and what its inputs see. Latches of
 * currents take volts over latch.r_load, around latch.bias, and no resistance. */
struct latch_bench_sample {
    const double *mismatch_volts;
    double r_plus_ohm, r_minus_ohm; /* at inp, inn; above 0 */
    double input_volts;             /* inp - inn of delay decks; of trip decks, what inp has more */
    /* Of trip decks: this latch has the negative input of that many latches before (and no r_minus of its
     * own); its owner's reference stands at the common mode, and the positive inputs alone move. 0: its own.
     */
    size_t shares_back;
    /* Of trip decks: added to the positive input in every cycle, from pulse_seconds after the clock begins to
     * rise; the area is volts times width. */
    double pulse_volts, pulse_seconds, pulse_width_seconds;
};

/*
 * Appends a deck of n latches with trip points up to reach_volts, and the commands of its run, after which
 * the last value of tripJ is the trip point of latch J. draw: of latch_write_models. RS_IO or RS_INPUT for a
 * latch file of the user's own.
 */
enum rs_status latch_bench_write_trips(const struct path_plan *plan, int64_t draw, size_t n,
                                       const struct latch_bench_sample *samples, double reach_volts,
                                       double resolution_volts, struct text *deck, struct text *commands,
                                       struct rs_error *err) RS_MUST_CHECK;

/* The same for the time that latch J, whose input is above its trip point, takes from half supply on the
 * clock to half supply between its outputs: delayJ; latches without mismatch and with a clock. One that does
 * not get there within four evaluation times makes the run fail. */
enum rs_status latch_bench_write_delays(const struct path_plan *plan, size_t n,
                                        const struct latch_bench_sample *samples, struct text *deck,
                                        struct text *commands, struct rs_error *err) RS_MUST_CHECK;

#endif
