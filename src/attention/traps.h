/*
 * Random telegraph noise of all arrays of a trial: their traps (devices/law_telegraph.h), and how each
 * array's are occupied from one read to the next, and from one sample to the next: the write of a sample
 * follows the last read of the one before at once, its first read device.time later.
 */
#ifndef ATTENTION_TRAPS_H
#define ATTENTION_TRAPS_H

#include "attention/setup.h"

struct traps;

/* `setup`, of a device that has telegraph noise, must outlive the traps; arrays of n_cells, whose numbers are
 * below n_arrays. */
enum rs_status traps_create(const struct attention_setup *setup, size_t n_cells, size_t n_arrays,
                            struct traps **out, struct rs_error *err) RS_MUST_CHECK;
void traps_destroy(struct traps *traps);

/* Starts a trial: nothing was read before. */
void traps_reset(struct traps *traps);

/*
 * Turns to key's array, just written: programmed_siemens [n_cells] sets the amplitudes until the
 * next write; its first read is number first_read of the sample. RS_INTERNAL when memory is short.
 */
enum rs_status traps_start(struct traps *traps, const struct random_key *key, size_t first_read,
                           const double *programmed_siemens, struct rs_error *err) RS_MUST_CHECK;

/* What read key->draw sees of cells without traps; each call is the next read. */
void traps_see(struct traps *traps, const struct random_key *key, const double *conductance_siemens,
               double *seen_siemens);

/* What reads see in the long run. */
void traps_average(const struct traps *traps, const double *conductance_siemens, double *mean_siemens);

/* After the last read of the array. RS_INTERNAL when memory is short. */
enum rs_status traps_finish(struct traps *traps, struct rs_error *err) RS_MUST_CHECK;

#endif
