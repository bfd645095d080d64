/*
 * Queries, keys and values of somebody's model, one file for all layers (docs/interface.md 2): q and k as
 * they enter the product, after position rotation and projection biases. Such a file gives scores, decisions
 * and output errors, no task accuracy.
 */
#ifndef WORKLOAD_QKV_H
#define WORKLOAD_QKV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "io/store.h"
#include "rescore/status.h"

/* Bounds that keep a hostile file from asking for absurd memory. */
enum {
    QKV_LAYERS_MAX = 1000,
    QKV_HEADS_MAX = 4096,
    QKV_D_MAX = 4096,
    QKV_VALUES_MAX = 1 << 28,
    QKV_NAME_SIZE = 256
};

/* One layer; k and v have the kv heads, and query head h uses kv head h / (n_heads / n_kv_heads). */
struct qkv_layer {
    float *q;     /* [n_tokens][n_heads][d_head] */
    float *k, *v; /* [n_tokens][n_kv_heads][d_head] */
};

/* Sample s has the tokens token_offset[s] ... token_offset[s + 1] - 1. Visible pairs: same sample, and key
 * index <= query index if causal. */
struct qkv {
    char model[QKV_NAME_SIZE];
    int n_layers, n_heads, n_kv_heads;
    size_t d_head, n_samples, n_tokens;
    bool causal;
    double score_scale;       /* factor on q.k, above 0 */
    int64_t *token_offset;    /* [n_samples + 1] */
    struct qkv_layer *layers; /* [n_layers] */
};

/*
 * Reads and checks everything: format, version, whole and positive counts, n_heads a multiple of n_kv_heads,
 * offsets that never fall from 0 to the number of tokens, shapes, finite values. An additive score bias that
 * is declared (an attribute or dataset named like score_bias, attention_bias, alibi, relative_position) is
 * refused. RS_INPUT with the place in the file, or RS_IO. On failure `out` is {0}; otherwise the caller
 * clears it.
 */
enum rs_status qkv_read(const struct store *store, struct qkv *out, struct rs_error *err) RS_MUST_CHECK;

/* Opens a path, reads it, closes it. */
enum rs_status qkv_open(const char *path, struct qkv *out, struct rs_error *err) RS_MUST_CHECK;

/* Writes a file that qkv_open reads back as it was. RS_CREATE or RS_IO. */
enum rs_status qkv_write(const struct qkv *qkv, const char *path, struct rs_error *err) RS_MUST_CHECK;

void qkv_clear(struct qkv *qkv);

/* Tokens of one sample, and of the longest. */
size_t qkv_sample_length(const struct qkv *qkv, size_t sample);
size_t qkv_longest_sample(const struct qkv *qkv);

/*
 * One (sample, layer, kv head) in one piece: q [n_heads / n_kv_heads][n][d_head], k and v [n][d_head], n the
 * sample's length, which is returned. Any of the three may be NULL.
 */
size_t qkv_gather(const struct qkv *qkv, size_t sample, int layer, int kv_head, float *q, float *k, float *v);

#endif
