/* Column currents of decks that netlist.h wrote, by ngspice. */
#ifndef SPICE_CURRENTS_H
#define SPICE_CURRENTS_H

#include "spice/worker.h"

/*
 * The currents i(v0) ... of `n_decks` decks at their operating points, amperes [n_decks][n_columns]; each
 * deck may take `limit_seconds`. Errors of worker_pool_run, but RS_IO where a deck failed.
 */
enum rs_status currents_compute(struct worker_pool *pool, size_t n_decks, const char *const *decks,
                                size_t n_columns, double limit_seconds, double *amperes,
                                struct rs_error *err) RS_MUST_CHECK;

#endif
