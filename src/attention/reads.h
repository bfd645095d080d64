/*
 * The reads of one array: column currents of many drives, by the way that costs least.
 *
 *     product   V T, with T of the array as programmed
 *     field     one field per read
 *     redraw    the cells drawn anew for every read, then a field (exact in law)
 *     law       one field per read, and each column's current drawn with the variance of its own cells
 *     tables    V T, and the variance by products with D, E, F (crossbar/noise.h)
 *
 * The first two are for cells without read noise. The way follows from the array's shape, the number of reads
 * and of rows they drive, and, with noise, whether each sigma is at most 20 % of its conductance: beyond that
 * cutting at 0 S shows and cells are redrawn. Wires do not enter, so that a sweep over them keeps its draws.
 */
#ifndef ATTENTION_READS_H
#define ATTENTION_READS_H

#include "attention/setup.h"
#include "crossbar/field.h"
#include "crossbar/transfer.h"

enum reads_way { READS_PRODUCT, READS_FIELD, READS_REDRAW, READS_LAW, READS_TABLES };

/* The largest number of reads that reads_solve takes at once. */
enum { READS_CHUNK = 64 };

struct reads {
    const struct attention_setup *setup;
    enum reads_way way;
    bool alone; /* fields one by one */
    struct transfer_plan *transfer_plan;
    struct field_plan *field_plan;
    struct product *transfer;
    struct reads_noise *noise;    /* NULL where no array needs it */
    double *fields;               /* memory of all below, [n_rows][n_columns] each */
    const double *target_siemens; /* the caller's */
    double *transfer_siemens, *programmed_siemens;
    double *seen_siemens; /* by the last read; where cells are not redrawn, by a read without noise */
};

/* `setup` must outlive the reads. No array may serve more reads than its shape has. */
enum rs_status reads_create(const struct attention_setup *setup, struct reads **out,
                            struct rs_error *err) RS_MUST_CHECK;
void reads_destroy(struct reads *reads);

/* The way of an array without noise; with noise, where each sigma is small, with n_driven rows driven. */
enum reads_way reads_choose(const struct network *network, size_t n_reads);
enum reads_way reads_choose_noisy(const struct network *network, size_t n_driven, size_t n_reads);

/*
 * Prepares for the n_reads reads of one array, volts [n_reads][n_rows], on conductances as programmed; their
 * targets must stay until the last read.
 * Returns how many fields did not converge, as reads_solve.
 */
int64_t reads_begin(struct reads *reads, const double *target_siemens, const double *programmed_siemens,
                    size_t n_reads, const double *volts);

/* Whether these reads are products with T: then transfer_siemens is it, for the conductances seen_siemens. */
bool reads_have_transfer(const struct reads *reads);

/*
 * column_amperes [n][n_columns] of n of these reads, volts [n][n_rows]. key: seed, trial, array, write; its
 * draw is that of the first, the others follow.
 */
int64_t reads_solve(struct reads *reads, const struct random_key *key, size_t n, const double *volts,
                    double *column_amperes);

#endif
