#include "workload/sequence.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "numeric/random.h"

/* What a draw is for: the trial of its key. */
enum draw { DRAW_COMMON, DRAW_CENTRE, DRAW_KEY, DRAW_QUERY, DRAW_VALUE, DRAW_CLUSTER };

static const double pi = 3.14159265358979323846;

/*
 * Of stories260K, a trained causal model, with 25 % of each head's keys kept: mass_ratio of its layers 0 to
 * 4, the others' means (bench/papers/sequences prints them for any file). The 16th next key of a kept one is
 * kept too in 0.545 of cases, which gives clusters of 50 tokens. 64 clusters are assumed.
 */
struct sequence sequence_as_measured(void)
{
    return (struct sequence){.seed = 1,
                             .n_layers = 1,
                             .n_heads = 1,
                             .d_head = 64,
                             .n_tokens = 512,
                             .n_samples = 1,
                             .keep_ratio = 0.25,
                             .new_ratio = 0.092,
                             .next_ratio = 0.687,
                             .column_ratio = 0.517,
                             .mass_ratio = {0.23, 0.09, 0.25, 0.18, 0.43},
                             .n_clusters = 64,
                             .cluster_tokens = 50};
}

/* 25 % kept is the SPRINT group's silicon (abstract), 2.1 % new keys per query SPRINT (a note on the paper);
 * what neither says is as measured. */
struct sequence sequence_as_reported(void)
{
    struct sequence sequence = sequence_as_measured();
    sequence.new_ratio = 0.021;
    return sequence;
}

/* --- what follows from the statistics --- */

static double normal_cdf(double x)
{
    return 0.5 * erfc(-x / sqrt(2));
}

static double normal_quantile(double p)
{
    double low = -10, high = 10;
    for (int i = 0; i < 80; i++) {
        double middle = (low + high) / 2;
        if (normal_cdf(middle) < p)
            low = middle;
        else
            high = middle;
    }
    return (low + high) / 2;
}

/* Simpson's rule: the integrand is smooth and the angle at most pi / 2. */
double sequence_new_ratio(double keep_ratio, double correlation)
{
    enum { N_STEPS = 200 };
    if (!(keep_ratio > 0 && keep_ratio < 1 && correlation >= 0 && correlation <= 1))
        return (double)NAN;
    double z = normal_quantile(1 - keep_ratio), step = acos(correlation) / N_STEPS, sum = 0;
    for (int i = 0; i <= N_STEPS; i++) {
        double weight = i == 0 || i == N_STEPS ? 1 : i % 2 ? 4 : 2;
        sum += weight * exp(-z * z / (1 + cos(i * step)));
    }
    return sum * step / 3 / (2 * pi);
}

double sequence_correlation(double keep_ratio, double new_ratio)
{
    double low = 0, high = 1;
    if (!(new_ratio >= 0 && new_ratio <= sequence_new_ratio(keep_ratio, 0)))
        return (double)NAN;
    for (int i = 0; i < 60; i++) {
        double middle = (low + high) / 2;
        if (sequence_new_ratio(keep_ratio, middle) > new_ratio)
            low = middle;
        else
            high = middle;
    }
    return (low + high) / 2;
}

double sequence_query_memory(const struct sequence *sequence)
{
    double correlation = sequence_correlation(sequence->keep_ratio, sequence->new_ratio);
    double memory = 1 - (1 - correlation) / (1 - sequence->column_ratio);
    return memory >= 0 ? memory : (double)NAN;
}

double sequence_cluster_weight(const struct sequence *sequence)
{
    double n = (double)sequence->n_clusters, stays = 1 - 1 / (double)sequence->cluster_tokens;
    double correlation =
        sequence_correlation(sequence->keep_ratio, sequence->keep_ratio * (1 - sequence->next_ratio));
    double weight = correlation / (stays * (1 - 1 / n) + 1 / n);
    return weight <= 1 ? weight : (double)NAN;
}

static enum rs_status check(const struct sequence *sequence, struct rs_error *err)
{
    if (sequence->n_layers < 1 || sequence->n_heads < 1 || sequence->d_head < 1 || sequence->n_tokens < 1 ||
        sequence->n_samples < 1 || sequence->n_clusters < 1 || sequence->cluster_tokens < 1)
        return rs_fail(
            err, RS_INPUT,
            "sequence: layers, heads, components, tokens, samples, clusters and their tokens of at "
            "least 1 expected");
    if (sequence->n_layers > QKV_LAYERS_MAX || sequence->n_heads > QKV_HEADS_MAX ||
        sequence->d_head > QKV_D_MAX ||
        sequence->n_tokens >
            QKV_VALUES_MAX / (sequence->d_head * (size_t)sequence->n_heads) / sequence->n_samples)
        return rs_fail(err, RS_INPUT, "sequence: more than %d values per layer found", QKV_VALUES_MAX);
    if (!(sequence->column_ratio >= 0 && sequence->column_ratio < 1))
        return rs_fail(err, RS_INPUT, "sequence: a common share of %g found, 0 to below 1 expected",
                       sequence->column_ratio);
    for (int i = 0; i < SEQUENCE_MASS_RATIOS; i++)
        if (!(sequence->mass_ratio[i] > 0 && sequence->mass_ratio[i] < 0.99))
            return rs_fail(err, RS_INPUT,
                           "sequence: %g of the keys for 99 %% of the mass found, above 0 and below 0.99 "
                           "expected",
                           sequence->mass_ratio[i]);
    if (isnan(sequence_query_memory(sequence)))
        return rs_fail(err, RS_INPUT,
                       "sequence: %g of the keys kept and %g new found, at most %g new expected where %g of "
                       "the variance is common",
                       sequence->keep_ratio, sequence->new_ratio,
                       sequence_new_ratio(sequence->keep_ratio, sequence->column_ratio),
                       sequence->column_ratio);
    if (isnan(sequence_cluster_weight(sequence)))
        return rs_fail(
            err, RS_INPUT,
            "sequence: %g of the next keys kept with clusters of %zu tokens found: no such clusters",
            sequence->next_ratio, sequence->cluster_tokens);
    return RS_OK;
}

/* --- making one --- */

enum { FIT_QUERIES = 64 };

struct room {
    double *centres, *common, *state, *fresh, *uniforms; /* [n_clusters][d], [d] three times, [2 n_tokens] */
    double *scores; /* [FIT_QUERIES][n_tokens] of queries of sigma 1, each row descending */
};

static struct random_key key_of(const struct sequence *sequence, enum draw what, int layer, int head,
                                size_t sample, size_t draw)
{
    return (struct random_key){.seed = sequence->seed,
                               .purpose = RANDOM_SEQUENCE,
                               .trial = (uint32_t)what,
                               .array = (uint32_t)(layer * sequence->n_heads + head),
                               .write = (uint32_t)sample,
                               .draw = (uint32_t)draw};
}

static void draw_normals(struct random_key key, size_t n, double *normals)
{
    random_normals(&key, n, normals);
}

static float *place_of(const struct sequence *sequence, float *values, size_t sample, size_t token, int head)
{
    size_t row = sample * sequence->n_tokens + token;
    return values + (row * (size_t)sequence->n_heads + (size_t)head) * sequence->d_head;
}

static void make_keys(const struct sequence *sequence, int layer, int head, size_t sample,
                      struct qkv_layer *out, const struct room *room)
{
    size_t d = sequence->d_head, n_clusters = sequence->n_clusters, cluster = 0;
    double w = sequence_cluster_weight(sequence), leaves = 1 / (double)sequence->cluster_tokens;
    struct random_key key = key_of(sequence, DRAW_CLUSTER, layer, head, sample, 0);
    random_uniforms(&key, 2 * sequence->n_tokens, room->uniforms);
    for (size_t t = 0; t < sequence->n_tokens; t++) {
        if (t == 0 || room->uniforms[2 * t] < leaves)
            cluster = (size_t)(room->uniforms[2 * t + 1] * (double)n_clusters);
        draw_normals(key_of(sequence, DRAW_KEY, layer, head, sample, t), d, room->fresh);
        float *k = place_of(sequence, out->k, sample, t, head);
        for (size_t i = 0; i < d; i++)
            k[i] = (float)(sqrt(w) * room->centres[cluster * d + i] + sqrt(1 - w) * room->fresh[i]);
        draw_normals(key_of(sequence, DRAW_VALUE, layer, head, sample, t), d, room->fresh);
        float *v = place_of(sequence, out->v, sample, t, head);
        for (size_t i = 0; i < d; i++)
            v[i] = (float)room->fresh[i];
    }
}

static void make_queries(const struct sequence *sequence, int layer, int head, size_t sample,
                         struct qkv_layer *out, const struct room *room)
{
    size_t d = sequence->d_head;
    double memory = sequence_query_memory(sequence), b = sequence->column_ratio;
    for (size_t t = 0; t < sequence->n_tokens; t++) {
        double a = t == 0 ? 0 : memory;
        draw_normals(key_of(sequence, DRAW_QUERY, layer, head, sample, t), d, room->fresh);
        float *q = place_of(sequence, out->q, sample, t, head);
        for (size_t i = 0; i < d; i++) {
            room->state[i] = a * room->state[i] + sqrt(1 - a * a) * room->fresh[i];
            q[i] = (float)(sqrt(b) * room->common[i] + sqrt(1 - b) * room->state[i]);
        }
    }
}

static int compare_descending(const void *one, const void *other)
{
    double a = *(const double *)one, b = *(const double *)other;
    return (a < b) - (a > b);
}

static size_t n_visible(const struct sequence *sequence, size_t t)
{
    return sequence->causal ? t + 1 : sequence->n_tokens;
}

/* The token of the i-th of the queries that sigma is fitted to: spread over the sample, its end included. */
static size_t fit_token(const struct sequence *sequence, size_t i)
{
    return (i + 1) * sequence->n_tokens / FIT_QUERIES - (sequence->n_tokens >= FIT_QUERIES);
}

static size_t n_fit(const struct sequence *sequence)
{
    return sequence->n_tokens >= FIT_QUERIES ? FIT_QUERIES : 1;
}

static void score_fit(const struct sequence *sequence, int head, const struct qkv_layer *layer,
                      const struct room *room)
{
    size_t d = sequence->d_head;
    for (size_t i = 0; i < n_fit(sequence); i++) {
        size_t t = fit_token(sequence, i);
        double *row = room->scores + i * sequence->n_tokens;
        const float *q = place_of(sequence, layer->q, 0, t, head);
        for (size_t j = 0; j < n_visible(sequence, t); j++) {
            const float *k = place_of(sequence, layer->k, 0, j, head);
            row[j] = 0;
            for (size_t c = 0; c < d; c++)
                row[j] += (double)q[c] * (double)k[c] / sqrt((double)d);
        }
        qsort(row, n_visible(sequence, t), sizeof *row, compare_descending);
    }
}

/* Share of the keys that hold 99 % of the softmax, mean over the queries. */
static double mass_ratio(const struct sequence *sequence, double sigma, const struct room *room)
{
    double sum = 0;
    for (size_t i = 0; i < n_fit(sequence); i++) {
        size_t n = n_visible(sequence, fit_token(sequence, i)), n_held = 0;
        const double *row = room->scores + i * sequence->n_tokens;
        double total = 0, so_far = 0;
        for (size_t j = 0; j < n; j++)
            total += exp(sigma * (row[j] - row[0]));
        for (; n_held < n && so_far < 0.99 * total; n_held++)
            so_far += exp(sigma * (row[n_held] - row[0]));
        sum += (double)n_held / (double)n;
    }
    return sum / (double)n_fit(sequence);
}

/* Stretches a head's queries, made with sigma 1, until the softmax is as narrow as asked. */
static void stretch_queries(const struct sequence *sequence, int layer, int head, struct qkv_layer *out,
                            const struct room *room)
{
    double low = 0, high = 64, target = sequence->mass_ratio[layer % SEQUENCE_MASS_RATIOS];
    score_fit(sequence, head, out, room);
    for (int i = 0; i < 24; i++) {
        double middle = (low + high) / 2;
        if (mass_ratio(sequence, middle, room) > target)
            low = middle;
        else
            high = middle;
    }
    for (size_t s = 0; s < sequence->n_samples; s++)
        for (size_t t = 0; t < sequence->n_tokens; t++) {
            float *q = place_of(sequence, out->q, s, t, head);
            for (size_t i = 0; i < sequence->d_head; i++)
                q[i] *= (float)low;
        }
}

static enum rs_status allocate(const struct sequence *sequence, struct qkv *out, struct room *room,
                               struct rs_error *err)
{
    size_t d = sequence->d_head, n_values = out->n_tokens * (size_t)sequence->n_heads * d;
    room->centres = memory_allocate(sequence->n_clusters * d, sizeof(double), err);
    room->common = memory_allocate(3 * d, sizeof(double), err);
    room->uniforms = memory_allocate(2 * sequence->n_tokens, sizeof(double), err);
    out->token_offset = memory_allocate(sequence->n_samples + 1, sizeof *out->token_offset, err);
    out->layers = memory_allocate((size_t)sequence->n_layers, sizeof *out->layers, err);
    room->scores = memory_allocate(FIT_QUERIES * sequence->n_tokens, sizeof(double), err);
    if (!room->centres || !room->common || !room->uniforms || !room->scores || !out->token_offset ||
        !out->layers)
        return RS_INTERNAL;
    room->state = room->common + d;
    room->fresh = room->state + d;
    for (int i = 0; i < sequence->n_layers; i++) {
        struct qkv_layer *layer = &out->layers[i];
        layer->q = memory_allocate(n_values, sizeof(float), err);
        layer->k = memory_allocate(n_values, sizeof(float), err);
        layer->v = memory_allocate(n_values, sizeof(float), err);
        if (!layer->q || !layer->k || !layer->v)
            return RS_INTERNAL;
    }
    return RS_OK;
}

static void fill(const struct sequence *sequence, struct qkv *out, const struct room *room)
{
    size_t d = sequence->d_head;
    for (size_t s = 0; s <= sequence->n_samples; s++)
        out->token_offset[s] = (int64_t)(s * sequence->n_tokens);
    for (int layer = 0; layer < sequence->n_layers; layer++)
        for (int head = 0; head < sequence->n_heads; head++) {
            draw_normals(key_of(sequence, DRAW_COMMON, layer, head, 0, 0), d, room->common);
            draw_normals(key_of(sequence, DRAW_CENTRE, layer, head, 0, 0), sequence->n_clusters * d,
                         room->centres);
            for (size_t s = 0; s < sequence->n_samples; s++) {
                make_keys(sequence, layer, head, s, &out->layers[layer], room);
                make_queries(sequence, layer, head, s, &out->layers[layer], room);
            }
            stretch_queries(sequence, layer, head, &out->layers[layer], room);
        }
}

enum rs_status sequence_make(const struct sequence *sequence, struct qkv *out, struct rs_error *err)
{
    *out = (struct qkv){0};
    enum rs_status status = check(sequence, err);
    if (status)
        return status;
    *out = (struct qkv){.n_layers = sequence->n_layers,
                        .n_heads = sequence->n_heads,
                        .n_kv_heads = sequence->n_heads,
                        .d_head = sequence->d_head,
                        .n_samples = sequence->n_samples,
                        .n_tokens = sequence->n_samples * sequence->n_tokens,
                        .causal = sequence->causal,
                        .score_scale = 1 / sqrt((double)sequence->d_head)};
    snprintf(out->model, sizeof out->model, "made sequences, %g %% of the keys new per query",
             100 * sequence->new_ratio);
    struct room room = {0};
    status = allocate(sequence, out, &room, err);
    if (status)
        qkv_clear(out);
    else
        fill(sequence, out, &room);
    free(room.centres);
    free(room.common);
    free(room.uniforms);
    free(room.scores);
    return status;
}
