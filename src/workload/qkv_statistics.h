/*
 * Statistics of one head's attention, in floating point and without errors: what the parameters of a made
 * sequence are taken from and checked against.
 */
#ifndef WORKLOAD_QKV_STATISTICS_H
#define WORKLOAD_QKV_STATISTICS_H

#include "workload/qkv.h"

/*
 * Means over the queries that see at least n_tokens / 8 keys, NAN of none. `kept` are keys whose score
 * reaches the head's threshold, the one that keeps keep_ratio of all visible pairs of the sample.
 */
struct qkv_statistics {
    double kept_ratio;    /* kept / visible */
    double overlap_ratio; /* of the kept, those that the query before kept as well */
    double new_ratio;     /* visible keys kept now and not by the query before / visible */
    double next_ratio;    /* of a query's own top keep_ratio, those whose next key is in it as well */
    double column_ratio;  /* variance of column means / variance of all scores, rows' means taken off: keys of
                             the first half seen by queries of the second */
    double entropy_ratio; /* softmax's entropy / ln(visible keys) */
    double top_mass;      /* of the 10 % (rounded up) most probable keys */
    double mass_ratio;    /* share of the keys that hold 99 % of the softmax */
};

/* RS_INTERNAL when there is no memory for the scores, [n_tokens][n_tokens] floats. */
enum rs_status qkv_statistics_of(const struct qkv *qkv, size_t sample, int layer, int head, double keep_ratio,
                                 struct qkv_statistics *out, struct rs_error *err) RS_MUST_CHECK;

#endif
