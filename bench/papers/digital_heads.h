/* One head of a made sequence as a digital accelerator has it: codes, and scores by them. */
#ifndef BENCH_DIGITAL_HEADS_H
#define BENCH_DIGITAL_HEADS_H

#include <stdint.h>

#include "workload/qkv.h"

struct digital_head {
    size_t n, d;
    int16_t *q, *k;    /* [n][d] */
    double score_unit; /* score of one unit of q.k */
};

/* Of layer 0, sample 0; steps by the head's own largest magnitudes. */
void digital_head_make(const struct qkv *qkv, int head, int bits, struct digital_head *out);
void digital_head_clear(struct digital_head *head);

/* Scores, resp. softmax, of query t with its first n_visible keys. */
void digital_head_scores(const struct digital_head *head, size_t t, size_t n_visible, double *scores);
void digital_head_softmax(const struct digital_head *head, size_t t, size_t n_visible, double *probabilities);

/* A3's candidates and survivors of one query, as packed sets; n_rounds of the search, `share` of the largest
 * weight. */
struct a3_columns;
struct digital_a3 {
    struct a3_columns *columns;
    int64_t *estimates;
    bool *candidate, *kept;
    double *scores;
};
void digital_a3_make(const struct digital_head *head, size_t n_visible, struct digital_a3 *out);
void digital_a3_clear(struct digital_a3 *a3);
void digital_a3_choose(struct digital_a3 *a3, const struct digital_head *head, size_t t, size_t n_visible,
                       size_t n_rounds, double share, uint64_t *keep, uint64_t *survive);

/* The sets' bits from booleans. */
void digital_pack(const bool *members, size_t n, uint64_t *set);

#endif
