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
 * and of rows they drive, how often ageing changes the cells between them (spans, writes.h), and, with noise,
 * whether each sigma is at most 20 % of its conductance: beyond that cutting at 0 S shows and cells are
 * redrawn. Wires do not enter, so that a sweep over them keeps its draws.
 *
 * Telegraph noise gives every read cells of its own, and changes no draw of another: currents are those of a
 * field per read with the cells as they are then (its factors kept while no trap switches), or of the redrawn
 * cells. An update of T (crossbar/changes.h) would take a field per changed cell to serve one drive. Law and
 * tables take their variances from the cells with all traps at their mean occupation; their currents are
 * exact.
 *
 * Cells whose current bends with the voltage: a nonlinear field per read (crossbar/nonlinear.h), redrawn
 * where there is read noise, or, without any resistance, the same as above with the drives bent in the place
 * of the cells.
 */
#ifndef ATTENTION_READS_H
#define ATTENTION_READS_H

#include "attention/traps.h"
#include "crossbar/field.h"
#include "crossbar/nonlinear.h"
#include "crossbar/transfer.h"

enum reads_way { READS_PRODUCT, READS_FIELD, READS_REDRAW, READS_LAW, READS_TABLES };

/* The largest number of reads that reads_solve takes at once. */
enum { READS_CHUNK = 64 };

struct reads {
    const struct attention_setup *setup;
    enum reads_way way;
    bool alone;                       /* fields one by one */
    bool redraw;                      /* this array's cells, where there is read noise */
    bool loaded;                      /* the factors are those of seen_siemens */
    struct traps *traps;              /* NULL: no telegraph noise */
    struct nonlinear_plan *nonlinear; /* NULL: no cells that bend, or no wires between them */
    struct transfer_plan *transfer_plan;
    struct field_plan *field_plan;
    struct product *transfer;
    struct reads_noise *noise;                         /* NULL where no array needs it */
    double *fields;                                    /* memory of all below, [n_rows][n_columns] each */
    const double *target_siemens, *programmed_siemens; /* the caller's */
    double *transfer_siemens, *drawn_siemens, *evolved_siemens;
    const double *seen_siemens; /* by the last read; where cells are not redrawn, by a read without noise */
};

/* `setup` must outlive the reads. No array may serve more reads than its shape has. */
enum rs_status reads_create(const struct attention_setup *setup, struct reads **out,
                            struct rs_error *err) RS_MUST_CHECK;
void reads_destroy(struct reads *reads);

/* The way of an array without noise; with noise, where each sigma is small, with n_driven rows driven and
 * cells that change n_spans - 1 times. */
enum reads_way reads_choose(const struct network *network, size_t n_reads);
enum reads_way reads_choose_noisy(const struct network *network, size_t n_driven, size_t n_reads,
                                  size_t n_spans);

/* A trial begins. */
void reads_reset(struct reads *reads);

/* Where cells bend but no wires are between them: bends volts [n_reads][n_rows] in their place. To be called
 * on all drives, before anything else sees them. */
void reads_bend(const struct reads *reads, size_t n_reads, double *volts);

/* All reads of an array between two writes. */
struct reads_job {
    struct random_key key;   /* seed, trial, array, write */
    size_t first_read;       /* number of the first one in its sample */
    size_t n_reads, n_spans; /* n_spans: of reads that find the same cells */
    const double *volts;     /* [n_reads][n_rows] */
};

/* Turns to another array; programmed_siemens [n_rows][n_columns] as the first read finds it. RS_INTERNAL when
 * memory is short. */
enum rs_status reads_open(struct reads *reads, const struct reads_job *job, const double *programmed_siemens,
                          struct rs_error *err) RS_MUST_CHECK;

/*
 * Prepares for the next n_reads reads of the array that was opened, volts [n_reads][n_rows], on conductances
 * as programmed; they and their targets must stay until the last read. Returns how many fields did not
 * converge, as reads_solve.
 */
int64_t reads_begin(struct reads *reads, const double *target_siemens, const double *programmed_siemens,
                    size_t n_reads, const double *volts);

/* After the array's last read. RS_INTERNAL when memory is short. */
enum rs_status reads_close(struct reads *reads, struct rs_error *err) RS_MUST_CHECK;

/* Whether these reads are products with T: then transfer_siemens is it, for the conductances seen_siemens. */
bool reads_have_transfer(const struct reads *reads);

/*
 * column_amperes [n][n_columns] of n of these reads, volts [n][n_rows]. key: seed, trial, array, write; its
 * draw is that of the first, the others follow.
 */
int64_t reads_solve(struct reads *reads, const struct random_key *key, size_t n, const double *volts,
                    double *column_amperes);

#endif
