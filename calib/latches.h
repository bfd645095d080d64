/* What the stages of latches alone (comparator, common, noise) share. */
#ifndef CALIB_LATCHES_H
#define CALIB_LATCHES_H

#include "calib/calibrate_plan.h"
#include "calib/relations.h"
#include "calib/stage.h"
#include "frontend/calibration.h"
#include "spice/latch_bench.h"

/* What a latch's input sees in the path; RS_INPUT where that is no resistance. A latch of currents does not
 * care. */
double latches_source_ohm(const struct calibrate_plan *plan);
enum rs_status latches_check_source(const struct calibrate_plan *plan, struct rs_error *err) RS_MUST_CHECK;

/* What the latch is, files and all (latch_write_identity). RS_IO, RS_INPUT of its files; freed by the caller.
 */
enum rs_status latches_identify(const struct latch_options *options, struct calibration_identity *out,
                                struct rs_error *err) RS_MUST_CHECK;

/* Whether latches of the plan differ from each other at all. */
bool latches_differ(const struct calibrate_plan *plan);

/* 6 standard deviations of the trip points of latches whose input pair, or, where pairs are not known and of
 * latches of currents, every shift moves them one to one; at least 10 mV. */
double latches_reach_volts(const struct calibrate_plan *plan);

/* The draw of a Monte-Carlo switch for deck i_deck of latches: another one for each seed and deck. */
int64_t latches_draw(const struct calibrate_plan *plan, size_t i_deck);

/* What the relation `delay` has found. */
enum rs_status latches_get_delay(const struct stage_run *run, struct relations_delay_known *known,
                                 struct rs_error *err) RS_MUST_CHECK;

/* Adds a deck; value k is the trip point of latch k. draw: latches_draw or LATCH_NOMINAL. */
enum rs_status latches_add_trips(struct stage_run *run, const char *name, const struct path_plan *circuit,
                                 int64_t draw, size_t n, const struct latch_bench_sample *samples,
                                 double reach_volts, double resolution_volts,
                                 struct rs_error *err) RS_MUST_CHECK;

/* Adds a deck; value k is how long a latch without mismatch takes at input_volts[k] behind what it sees in
 * the path. */
enum rs_status latches_add_delays(struct stage_run *run, const char *name, const struct path_plan *circuit,
                                  size_t n, const double *input_volts, struct rs_error *err) RS_MUST_CHECK;

/* Adds the deck and its commands, which are taken, and asks for VECTOR0 ... VECTORn-1. */
enum rs_status latches_add_deck(struct stage_run *run, const char *name, const char *vector, size_t n,
                                struct text *deck, struct text *commands, struct rs_error *err) RS_MUST_CHECK;

/* RS_INCOMPLETE, naming the key, where a trip point of a deck lies at the end of what its search can reach.
 */
enum rs_status latches_check_reach(const struct deck *deck, const char *key, double reach_volts,
                                   struct rs_error *err) RS_MUST_CHECK;

/* Fixes parameters first ... n - 1 of a relation at 0: what a latch with fewer pairs does not have. */
void latches_fix(struct relation_parameter *parameters, size_t first, size_t n);

#endif
