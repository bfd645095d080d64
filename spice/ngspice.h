/*
 * ngspice as a separate process. Its exit status says little (0 after an unknown vector, 1 after a correct
 * run), so a run counts only when every value came back finite and its output holds no line that speaks of
 * trouble.
 */
#ifndef SPICE_NGSPICE_H
#define SPICE_NGSPICE_H

#include <stddef.h>

#include "rescore/status.h"

/*
 * Runs `deck` (of netlist_write) with `ngspice -b` in a private temporary directory that is also its HOME,
 * and reads the n_values currents i(v0) ... it prints. RS_IO when ngspice is missing, takes longer than
 * `limit_seconds`, or a run fails; then the directory stays and the message names it.
 */
enum rs_status ngspice_run(const char *deck, size_t n_values, double limit_seconds, double *amperes,
                           struct rs_error *err) RS_MUST_CHECK;

/* The same of any deck: `read` takes what it printed; its failure is the run's. */
enum rs_status ngspice_run_reader(const char *deck, double limit_seconds,
                                  enum rs_status (*read)(void *context, const char *output,
                                                         struct rs_error *err),
                                  void *context, struct rs_error *err) RS_MUST_CHECK;

/* The first line of `output` that speaks of trouble, its length in `length`; NULL where there is none. */
const char *ngspice_find_trouble(const char *output, size_t *length);

/* Reads "i(vJ) = NUMBER" lines, J = 0 ... n_values-1 each once and finite; else RS_IO, saying which. */
enum rs_status ngspice_read_currents(const char *output, size_t n_values, double *amperes,
                                     struct rs_error *err) RS_MUST_CHECK;

#endif
