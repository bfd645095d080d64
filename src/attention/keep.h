/*
 * What a run may keep for the `samples` group of a result: margins of every pair, and the arrays of a sample.
 * Growing buffers; one thread fills one keep.
 */
#ifndef ATTENTION_KEEP_H
#define ATTENTION_KEEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rescore/status.h"

/* One row per visible pair. */
struct keep_pair {
    double exact_score,
        analog_score; /* analog: as the comparator (of two the first) sees it, offset and noise
                         included; the converter's value where the policy reads values */
    double threshold; /* NAN: the policy has none */
    uint8_t decision; /* 1 = kept */
    int32_t sample, layer, head, query, key;
};

struct keep {
    bool margins, arrays; /* what is wanted */
    size_t n_pairs, pairs_capacity;
    struct keep_pair *pairs;
    size_t n_arrays, arrays_capacity, n_rows,
        n_columns;                         /* arrays of the first sample, in order of their numbers */
    int32_t *array_layer, *array_kv_head;  /* [n_arrays] */
    double *target_siemens, *read_siemens; /* [n_arrays][n_rows][n_columns] */
    double *current_amperes;               /* [n_arrays][n_columns], of the first read */
};

enum rs_status keep_add_pair(struct keep *keep, const struct keep_pair *pair,
                             struct rs_error *err) RS_MUST_CHECK;

enum rs_status keep_add_array(struct keep *keep, size_t n_rows, size_t n_columns, int layer, int kv_head,
                              const double *target_siemens, const double *read_siemens,
                              const double *current_amperes, struct rs_error *err) RS_MUST_CHECK;

void keep_clear(struct keep *keep);

#endif
