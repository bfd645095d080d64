#include "digital_heads.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "digital/a3.h"
#include "papers.h"
#include "tensor/code.h"

static double quantise(const float *values, size_t n, int bits, int16_t *codes)
{
    double largest = 0;
    for (size_t i = 0; i < n; i++)
        largest = fmax(largest, fabs((double)values[i]));
    code_quantise(values, n, code_step(largest, bits), bits, codes);
    return code_step(largest, bits);
}

void digital_head_make(const struct qkv *qkv, int head, int bits, struct digital_head *out)
{
    size_t n = qkv_sample_length(qkv, 0), d = qkv->d_head;
    float *q = papers_room(n * d, sizeof *q), *k = papers_room(n * d, sizeof *k);
    qkv_gather(qkv, 0, 0, head, q, k, NULL);
    *out = (struct digital_head){
        .n = n, .d = d, .q = papers_room(n * d, sizeof *out->q), .k = papers_room(n * d, sizeof *out->k)};
    out->score_unit = qkv->score_scale * quantise(q, n * d, bits, out->q) * quantise(k, n * d, bits, out->k);
    free(q);
    free(k);
}

void digital_head_clear(struct digital_head *head)
{
    free(head->q);
    free(head->k);
}

void digital_head_scores(const struct digital_head *head, size_t t, size_t n_visible, double *scores)
{
    for (size_t j = 0; j < n_visible; j++)
        scores[j] =
            head->score_unit * (double)code_product(head->q + t * head->d, head->k + j * head->d, head->d);
}

void digital_head_softmax(const struct digital_head *head, size_t t, size_t n_visible, double *probabilities)
{
    double largest = -(double)INFINITY, sum = 0;
    digital_head_scores(head, t, n_visible, probabilities);
    for (size_t j = 0; j < n_visible; j++)
        largest = fmax(largest, probabilities[j]);
    for (size_t j = 0; j < n_visible; j++)
        sum += probabilities[j] = exp(probabilities[j] - largest);
    for (size_t j = 0; j < n_visible; j++)
        probabilities[j] /= sum;
}

void digital_pack(const bool *members, size_t n, uint64_t *set)
{
    memset(set, 0, bits_words(n) * sizeof *set);
    for (size_t j = 0; j < n; j++)
        if (members[j])
            bits_set(set, j);
}

void digital_a3_make(const struct digital_head *head, size_t n_visible, struct digital_a3 *out)
{
    struct rs_error err;
    if (a3_columns_create(n_visible, head->d, &out->columns, &err))
        fail(&err);
    a3_columns_load(out->columns, n_visible, head->k);
    out->estimates = papers_room(n_visible, sizeof *out->estimates);
    out->candidate = papers_room(n_visible, sizeof *out->candidate);
    out->kept = papers_room(n_visible, sizeof *out->kept);
    out->scores = papers_room(n_visible, sizeof *out->scores);
}

void digital_a3_clear(struct digital_a3 *a3)
{
    a3_columns_destroy(a3->columns);
    free(a3->estimates);
    free(a3->candidate);
    free(a3->kept);
    free(a3->scores);
}

void digital_a3_choose(struct digital_a3 *a3, const struct digital_head *head, size_t t, size_t n_visible,
                       size_t n_rounds, double share, uint64_t *keep, uint64_t *survive)
{
    a3_find_candidates(a3->columns, head->q + t * head->d, n_visible, n_rounds, true, a3->estimates,
                       a3->candidate);
    digital_head_scores(head, t, n_visible, a3->scores);
    a3_keep(a3->scores, a3->candidate, n_visible, share, a3->kept);
    digital_pack(a3->candidate, n_visible, keep);
    digital_pack(a3->kept, n_visible, survive);
}
