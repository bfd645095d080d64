/*
 * SpAtten's top-k engine (HPCA 2021, section on the top-k engine and the authors' latency model):
 * quick-select between two FIFOs, L and R, and a filter.
 *
 *     pass     `parallelism` elements per cycle leave the selected FIFO; two comparator arrays send those
 *              below the pivot to L and those above it to R, zero eliminators close the gaps, order is kept;
 *              equal ones are counted. ceil(n_pass / P) + 3 cycles.
 *     pivot    an element of the selected FIFO at a keyed random place
 *     filter   the buffered input once more, ceil(n / P) cycles: all that are greater than the k-th largest,
 *              and the first n_equal that equal it
 *
 * The k-th largest is counted from 1 (as in the authors' circuit; the printed pseudo-code stops one further,
 * with the same choice). k = 0 and k = n choose nothing and everything without a pass.
 */
#ifndef DIGITAL_TOPK_H
#define DIGITAL_TOPK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/kernel.h"
#include "numeric/random.h"
#include "rescore/status.h"

enum {
    TOPK_PARALLELISM_MAX = 32, /* comparators per array */
    TOPK_PASS_CYCLES = 3,      /* of the pipeline, once per pass (the authors' latency model) */
    TOPK_PARALLELISM = 16,     /* SpAtten's */
    TOPK_FIFO_ROWS = 64        /* SpAtten's */
};

struct topk_unit {
    size_t parallelism; /* 1 to 32 */
    size_t fifo_rows;   /* depth of each FIFO in rows of `parallelism` elements; 0: unlimited */
};

struct topk_result {
    double kth;     /* the k-th largest value; of k = 0 +INFINITY, of k = n -INFINITY */
    size_t n_equal; /* how many of those that equal it are chosen */
    size_t n_passes, n_compared;
    size_t cycles;        /* of the passes */
    size_t filter_cycles; /* of the filter */
    /* Rows beyond a FIFO's depth go to a memory and come back, a cycle each way (assumed here: the paper's
     * FIFOs hold its longest input). */
    size_t stall_cycles;
    size_t peak_rows; /* of one FIFO, in memory or not */
};

/* Buffers for up to n_max elements. Work of one thread. */
struct topk;
enum rs_status topk_create(size_t n_max, enum kernel kernel, struct topk **out,
                           struct rs_error *err) RS_MUST_CHECK;
void topk_destroy(struct topk *topk);

/*
 * chosen [n]: the k largest of values [n], ties to the lower index; k <= n <= n_max, no NaN. `key` draws the
 * pivots, cells 0, 1, ... in order of the passes; they change cycles, never the choice.
 */
struct topk_result topk_choose(struct topk *topk, const struct topk_unit *unit, const double *values,
                               size_t n, size_t k, const struct random_key *key, bool *chosen);

#endif
