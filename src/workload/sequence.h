/*
 * Queries, keys and values of many-query sequences, made from stated statistics of attention. Per layer and
 * head, of d components each, all draws standard normal and keyed:
 *
 *     key      k_j = sqrt(w) c_m(j) + sqrt(1 - w) e_j       m(j) stays for cluster_tokens tokens on average
 *     query    q_t = sigma (sqrt(b) q + sqrt(1 - b) u_t)    u_t = a u_(t-1) + sqrt(1 - a^2) x_t
 *     value    v_j = e'_j
 *     score    q.k / sqrt(d), near N(0, sigma^2): probabilities are near log-normal
 *
 * What is given and what follows, with z the normal quantile of 1 - keep_ratio:
 *     mass_ratio   share of the keys that hold 99 % of a query's softmax, on average: fixes sigma, per head,
 *                  by bisection over queries of the first sample
 *     new_ratio    share of the keys kept now and not by the query before = F(r), r = 1 - (1 - b)(1 - a)
 *     next_ratio   part of a kept key's next keys that are kept too = 1 - F(r') / keep_ratio,
 *                  r' = w (1 - 1 / cluster_tokens) (1 - 1 / n_clusters) + w / n_clusters
 *     F(r) = P(x > z, y <= z) of two normals of correlation r = 1/(2 pi) int_0^acos(r) exp(-z^2 / (1 + cos))
 *
 * The model is this project's. It has no positions: no decay with distance, no first-token sink.
 */
#ifndef WORKLOAD_SEQUENCE_H
#define WORKLOAD_SEQUENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "workload/qkv.h"

enum { SEQUENCE_MASS_RATIOS = 5 };

struct sequence {
    uint64_t seed;
    int n_layers, n_heads;
    size_t d_head, n_tokens, n_samples;
    bool causal;
    double keep_ratio, new_ratio; /* new_ratio below keep_ratio (1 - keep_ratio) */
    double next_ratio;            /* from keep_ratio to below 1 */
    double column_ratio;          /* b: share of a score's variance that all queries have in common */
    double mass_ratio[SEQUENCE_MASS_RATIOS]; /* of layers 0, 1, ..., over and over; below 0.99 */
    size_t n_clusters, cluster_tokens;
};

/* 1 layer, 1 head of 64 components, 512 tokens, 1 sample, not causal, with the statistics that SPRINT's
 * papers report, resp. those measured on stories260K (workload/sequence.c says where each is from). */
struct sequence sequence_as_reported(void);
struct sequence sequence_as_measured(void);

/* What follows from the statistics; NAN where they cannot be had. */
double sequence_new_ratio(double keep_ratio, double correlation); /* F */
double sequence_correlation(double keep_ratio, double new_ratio); /* its inverse */
double sequence_query_memory(const struct sequence *sequence);    /* a */
double sequence_cluster_weight(const struct sequence *sequence);  /* w */

/* The whole workload; n_kv_heads = n_heads. RS_INPUT: counts of 0, ratios that no such sequence has. The
 * caller clears. */
enum rs_status sequence_make(const struct sequence *sequence, struct qkv *out,
                             struct rs_error *err) RS_MUST_CHECK;

#endif
