/* Subject: queries, keys and values from a file; scores, decisions and output errors, no task. */
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "experiment/subject.h"
#include "workload/qkv.h"

struct state {
    struct qkv qkv;
    double *query_max, *key_max, *value_max; /* [n_layers][n_heads], [n_layers][n_kv_heads] twice */
};

struct room {
    const struct state *state;
    float *q, *k, *v, *output;
    double *scratch;
};

/* The largest magnitude of head `head` over all tokens of packed values [n_tokens][n_heads][d]. */
static double largest(const float *values, size_t n_tokens, int n_heads, int head, size_t d)
{
    double top = 0;
    for (size_t t = 0; t < n_tokens; t++)
        for (size_t i = 0; i < d; i++)
            top = fmax(top, fabs((double)values[(t * (size_t)n_heads + (size_t)head) * d + i]));
    return top;
}

/* Over the whole file (definitions 1). */
static enum rs_status find_ranges(struct state *state, struct rs_error *err)
{
    const struct qkv *qkv = &state->qkv;
    size_t n_layers = (size_t)qkv->n_layers, n_heads = (size_t)qkv->n_heads,
           n_kv_heads = (size_t)qkv->n_kv_heads;
    state->query_max = memory_allocate(n_layers * n_heads, sizeof(double), err);
    state->key_max = memory_allocate(n_layers * n_kv_heads, sizeof(double), err);
    state->value_max = memory_allocate(n_layers * n_kv_heads, sizeof(double), err);
    if (state->query_max == NULL || state->key_max == NULL || state->value_max == NULL)
        return RS_INTERNAL;
    for (size_t l = 0; l < n_layers; l++) {
        const struct qkv_layer *layer = &qkv->layers[l];
        for (int h = 0; h < qkv->n_heads; h++)
            state->query_max[l * n_heads + (size_t)h] =
                largest(layer->q, qkv->n_tokens, qkv->n_heads, h, qkv->d_head);
        for (int h = 0; h < qkv->n_kv_heads; h++) {
            size_t at = l * n_kv_heads + (size_t)h;
            state->key_max[at] = largest(layer->k, qkv->n_tokens, qkv->n_kv_heads, h, qkv->d_head);
            state->value_max[at] = largest(layer->v, qkv->n_tokens, qkv->n_kv_heads, h, qkv->d_head);
        }
    }
    return RS_OK;
}

static void close_state(void *state)
{
    struct state *own = state;
    qkv_clear(&own->qkv);
    free(own->query_max);
    free(own->key_max);
    free(own->value_max);
    free(own);
}

static enum rs_status open_state(const struct config *config, void **out, struct attention_shape *shape,
                                 struct attention_ranges *ranges, struct rs_error *err)
{
    if (config->workload.file[0] == '\0')
        return rs_fail(err, RS_INPUT, "workload.file: missing; workload.kind: qkv needs a q/k/v file");
    struct state *state = memory_allocate(1, sizeof *state, err);
    if (state == NULL)
        return RS_INTERNAL;
    enum rs_status status = qkv_open(config->workload.file, &state->qkv, err);
    if (status == RS_OK && state->qkv.n_tokens == 0)
        status = rs_fail(err, RS_INPUT, "%s:/token_offset: error: no tokens found, at least 1 expected",
                         config->workload.file);
    if (status == RS_OK)
        status = find_ranges(state, err);
    if (status != RS_OK) {
        close_state(state);
        return status;
    }
    const struct qkv *qkv = &state->qkv;
    size_t longest = qkv_longest_sample(qkv);
    *shape = (struct attention_shape){.n_layers = qkv->n_layers,
                                      .n_heads = qkv->n_heads,
                                      .n_kv_heads = qkv->n_kv_heads,
                                      .d = qkv->d_head,
                                      .n_keys_max = longest,
                                      .n_queries_max = longest,
                                      .causal = qkv->causal,
                                      .score_scale = qkv->score_scale};
    *ranges = (struct attention_ranges){state->query_max, state->key_max, state->value_max};
    *out = state;
    return RS_OK;
}

/* The first half calibrates (definitions 4). */
static size_t n_samples(const void *state, enum subject_set set)
{
    const struct state *own = state;
    return set == SUBJECT_TEST ? own->qkv.n_samples : (own->qkv.n_samples + 1) / 2;
}

static bool calibrates_on_samples(const void *state)
{
    (void)state;
    return true;
}

static void destroy_worker(void *worker)
{
    struct room *room = worker;
    free(room->q);
    free(room->k);
    free(room->v);
    free(room->output);
    free(room->scratch);
    free(room);
}

static enum rs_status create_worker(const void *state, void **worker, struct rs_error *err)
{
    const struct state *own = state;
    const struct qkv *qkv = &own->qkv;
    size_t n = qkv_longest_sample(qkv), d = qkv->d_head, group = (size_t)(qkv->n_heads / qkv->n_kv_heads);
    struct room *room = memory_allocate(1, sizeof *room, err);
    if (room == NULL)
        return RS_INTERNAL;
    room->state = own;
    room->q = memory_allocate(group * n * d, sizeof(float), err);
    room->k = memory_allocate(n * d, sizeof(float), err);
    room->v = memory_allocate(n * d, sizeof(float), err);
    room->output = memory_allocate(group * n * d, sizeof(float), err);
    room->scratch = memory_allocate(n + d, sizeof(double), err);
    if (room->q == NULL || room->k == NULL || room->v == NULL || room->output == NULL ||
        room->scratch == NULL) {
        destroy_worker(room);
        return RS_INTERNAL;
    }
    *worker = room;
    return RS_OK;
}

/* A file is not run through a model: each layer and kv head is one call. */
static enum rs_status run(const void *state, void *worker, enum subject_set set, size_t sample,
                          attention_hook *hook, void *context, struct subject_outcome *outcome,
                          struct rs_error *err)
{
    const struct qkv *qkv = &((const struct state *)state)->qkv;
    struct room *room = worker;
    enum rs_status status = RS_OK;
    (void)set;
    (void)outcome;
    if (qkv_sample_length(qkv, sample) == 0)
        return RS_OK;
    for (int layer = 0; layer < qkv->n_layers && status == RS_OK; layer++)
        for (int kv_head = 0; kv_head < qkv->n_kv_heads && status == RS_OK; kv_head++) {
            size_t n = qkv_gather(qkv, sample, layer, kv_head, room->q, room->k, room->v);
            struct attention_call call = {
                .layer = layer,
                .kv_head = kv_head,
                .n_query_heads = qkv->n_heads / qkv->n_kv_heads,
                .n_queries = n,
                .n_keys = n,
                .d = qkv->d_head,
                .causal = qkv->causal,
                .score_scale = qkv->score_scale,
                .q = room->q,
                .k = room->k,
                .v = room->v,
                .output = room->output,
                .scratch = room->scratch,
            };
            status = (hook != NULL ? hook : attention_hook_exact)(context, &call, err);
        }
    return status;
}

const struct subject_kind subject_qkv = {
    .name = "qkv",
    .summary = "queries, keys and values from a file",
    .open = open_state,
    .close = close_state,
    .n_samples = n_samples,
    .create_worker = create_worker,
    .destroy_worker = destroy_worker,
    .run = run,
    .calibrates_on_samples = calibrates_on_samples,
};
