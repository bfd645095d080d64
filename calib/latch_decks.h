/*
 * Decks of latches alone (spice/latch_bench.h) for the stages that ask for trip points and delays.
 */
#ifndef CALIB_LATCH_DECKS_H
#define CALIB_LATCH_DECKS_H

#include "calib/relations.h"
#include "calib/stage.h"
#include "spice/latch_bench.h"

/* What a latch's input sees in the path; RS_INPUT where that is 0. */
enum rs_status latch_decks_get_source(const struct calibrate_plan *plan, double *ohm,
                                      struct rs_error *err) RS_MUST_CHECK;

/* What the relation `delay` has found. */
enum rs_status latch_decks_get_delay(const struct stage_run *run, struct relations_delay_known *known,
                                     struct rs_error *err) RS_MUST_CHECK;

/* Adds a deck; value k is the trip point of latch k. */
enum rs_status latch_decks_add_trips(struct stage_run *run, const char *name, const struct path_plan *circuit,
                                     size_t n, const struct latch_bench_sample *samples, double reach_volts,
                                     double resolution_volts, struct rs_error *err) RS_MUST_CHECK;

/* Adds a deck; value k is how long a latch without mismatch takes at input_volts[k], source_ohm before both
 * its inputs. */
enum rs_status latch_decks_add_delays(struct stage_run *run, const char *name,
                                      const struct path_plan *circuit, size_t n, const double *input_volts,
                                      double source_ohm, struct rs_error *err) RS_MUST_CHECK;

#endif
