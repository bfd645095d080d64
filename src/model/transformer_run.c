#include <math.h>
#include <string.h>

#include "base/clones.h"
#include "base/require.h"
#include "model/transformer_internal.h"
#include "numeric/activation.h"
#include "numeric/lanes.h"
#include "numeric/softmax.h"

/* One sample on its way through the network. */
struct pass {
    const struct transformer *model;
    const struct transformer_sample *sample;
    struct transformer_workspace *room;
    size_t n_tokens;
};

static const float *weights_of(const struct pass *pass, enum transformer_weights kind, size_t layer)
{
    return pass->model->weights + transformer_shape_first(&pass->model->layout, kind, layer);
}

static bool has(const struct pass *pass, enum transformer_weights kind)
{
    return pass->model->layout.places[kind].n_rows > 0;
}

static void add(size_t n, const float *restrict x, float *restrict sum)
{
    for (size_t i = 0; i < n; i++)
        sum[i] += x[i];
}

/* out [n][n_columns] = inputs times the matrix, plus its bias where the model has one. */
static void multiply(const struct pass *pass, enum transformer_weights kind, enum transformer_weights bias,
                     size_t layer, size_t n, const float *inputs, float *out)
{
    const struct product *product =
        pass->model->packed->products[layer * TRANSFORMER_N_WEIGHTS + (size_t)kind];
    size_t n_columns = product_info(product).n_columns;
    product_apply_f32(product, n, inputs, out);
    for (size_t t = 0; t < n && has(pass, bias); t++)
        add(n_columns, weights_of(pass, bias, layer), out + t * n_columns);
}

/* The sum of n numbers less `mean`, or of their squares. */
CLONES
static double add_up(size_t n, const float *x, double mean, bool squared)
{
    lanes_f64 part = {0};
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        lanes_f32 value;
        memcpy(&value, x + i, sizeof value);
        lanes_f64 difference = __builtin_convertvector(value, lanes_f64) - mean;
        part += squared ? difference * difference : difference;
    }
    for (size_t l = 0; i < n; i++, l++) {
        double difference = (double)x[i] - mean;
        part[l] += squared ? difference * difference : difference;
    }
    return LANES_SUM(part);
}

/* out [d] may be x; bias NULL: none. */
CLONES
static void scale_row(size_t d, const float *x, double mean, double factor, const float *scale,
                      const float *bias, float *out)
{
    if (bias == NULL)
        for (size_t i = 0; i < d; i++)
            out[i] = (float)(((double)x[i] - mean) * factor * (double)scale[i]);
    else
        for (size_t i = 0; i < d; i++)
            out[i] = (float)(((double)x[i] - mean) * factor * (double)scale[i] + (double)bias[i]);
}

/* out [n][d] may be x. */
static void normalise(const struct pass *pass, enum transformer_weights kind, size_t layer, size_t n,
                      const float *x, float *out)
{
    const struct transformer_shape *shape = &pass->model->shape;
    const float *scale = weights_of(pass, kind, layer);
    size_t d = shape->d;
    bool centred = shape->norm == TRANSFORMER_NORM_LAYER;
    for (size_t t = 0; t < n; t++, x += d, out += d) {
        double mean = centred ? add_up(d, x, 0, false) / (double)d : 0;
        double factor = 1 / sqrt(add_up(d, x, mean, true) / (double)d + shape->norm_epsilon);
        scale_row(d, x, mean, factor, scale, centred ? scale + d : NULL, out);
    }
}

static void cut_patches(const struct transformer_shape *shape, const uint8_t *image, float *patches)
{
    size_t n_patches = transformer_shape_n_patches(shape), n_inputs = transformer_shape_patch_size(shape);
    for (size_t patch = 0; patch < n_patches; patch++)
        for (size_t i = 0; i < n_inputs; i++)
            *patches++ = TRANSFORMER_PIXEL(image[transformer_shape_pixel(shape, patch, i)]);
}

static void embed_words(const struct pass *pass)
{
    const struct transformer_shape *shape = &pass->model->shape;
    const struct transformer_sample *sample = pass->sample;
    size_t d = shape->d;
    for (size_t t = 0; t < pass->n_tokens; t++) {
        int32_t segment = sample->segments != NULL ? sample->segments[t] : 0;
        rs_require(sample->words[t] >= 0 && (size_t)sample->words[t] < shape->n_words,
                   "a word is not in the vocabulary");
        memcpy(pass->room->x + t * d, weights_of(pass, TRANSFORMER_WORD, 0) + (size_t)sample->words[t] * d,
               d * sizeof(float));
        if (shape->n_segments == 0)
            continue;
        rs_require(segment >= 0 && (size_t)segment < shape->n_segments, "a segment that the model lacks");
        add(d, weights_of(pass, TRANSFORMER_SEGMENT, 0) + (size_t)segment * d, pass->room->x + t * d);
    }
}

static void embed(const struct pass *pass)
{
    const struct transformer_shape *shape = &pass->model->shape;
    float *x = pass->room->x;
    if (shape->input == TRANSFORMER_WORDS)
        embed_words(pass);
    else {
        cut_patches(shape, pass->sample->image, pass->room->patches);
        multiply(pass, TRANSFORMER_PATCH, TRANSFORMER_PATCH_BIAS, 0, transformer_shape_n_patches(shape),
                 pass->room->patches, x + shape->class_token * shape->d);
    }
    if (shape->class_token)
        memcpy(x, weights_of(pass, TRANSFORMER_CLASS_TOKEN, 0), shape->d * sizeof *x);
    if (has(pass, TRANSFORMER_POSITION))
        add(pass->n_tokens * shape->d, weights_of(pass, TRANSFORMER_POSITION, 0), x);
    if (shape->norm_embedding)
        normalise(pass, TRANSFORMER_NORM_EMBEDDING, 0, pass->n_tokens, x, x);
}

/* Rotates one head's query or key, in place. */
static void rotate(const struct transformer_shape *shape, const double *turns, float *head)
{
    size_t n_pairs = shape->d_head / 2;
    bool halves = shape->positions == TRANSFORMER_POSITIONS_ROTARY_HALVES;
    for (size_t i = 0; i < n_pairs; i++) {
        float *one = head + (halves ? i : 2 * i), *other = one + (halves ? n_pairs : 1);
        double x = (double)*one, y = (double)*other, c = turns[2 * i], s = turns[2 * i + 1];
        *one = (float)(x * c - y * s);
        *other = (float)(y * c + x * s);
    }
}

static void rotate_all(const struct pass *pass)
{
    const struct transformer_shape *shape = &pass->model->shape;
    size_t n_columns = transformer_shape_qkv(shape), n_rotated = shape->n_heads + shape->n_kv_heads;
    for (size_t t = 0; t < pass->n_tokens; t++)
        for (size_t h = 0; h < n_rotated; h++)
            rotate(shape, pass->model->packed->turns + t * shape->d_head,
                   pass->room->qkv + t * n_columns + h * shape->d_head);
}

/* Copies between columns of packed tokens and rows of one head. */
static void gather_head(size_t n, size_t d, const float *columns, size_t stride, float *rows)
{
    for (size_t t = 0; t < n; t++)
        memcpy(rows + t * d, columns + t * stride, d * sizeof *rows);
}

static void scatter_head(size_t n, size_t d, const float *rows, float *columns, size_t stride)
{
    for (size_t t = 0; t < n; t++)
        memcpy(columns + t * stride, rows + t * d, d * sizeof *rows);
}

static enum rs_status attend(const struct pass *pass, size_t layer, size_t kv_head, attention_hook *hook,
                             void *context, struct rs_error *err)
{
    const struct transformer_shape *shape = &pass->model->shape;
    struct transformer_workspace *room = pass->room;
    size_t n = pass->n_tokens, d = shape->d_head, stride = transformer_shape_qkv(shape);
    size_t group = shape->n_heads / shape->n_kv_heads, first = kv_head * group;
    for (size_t h = 0; h < group; h++)
        gather_head(n, d, room->qkv + (first + h) * d, stride, room->q + h * n * d);
    gather_head(n, d, room->qkv + (shape->n_heads + kv_head) * d, stride, room->k);
    gather_head(n, d, room->qkv + (shape->n_heads + shape->n_kv_heads + kv_head) * d, stride, room->v);
    struct attention_call call = {.layer = (int)layer,
                                  .kv_head = (int)kv_head,
                                  .n_query_heads = (int)group,
                                  .n_queries = n,
                                  .n_keys = n,
                                  .d = d,
                                  .causal = shape->task == TRANSFORMER_LANGUAGE,
                                  .score_scale = transformer_score_scale(shape),
                                  .q = room->q,
                                  .k = room->k,
                                  .v = room->v,
                                  .output = room->output,
                                  .scratch = room->scratch};
    enum rs_status status = (hook != NULL ? hook : attention_hook_exact)(context, &call, err);
    for (size_t h = 0; h < group && status == RS_OK; h++)
        scatter_head(n, d, room->output + h * n * d, room->mixed + (first + h) * d, shape->n_heads * d);
    return status;
}

/* hidden [n][hidden] becomes [n][d_hidden]. */
static void activate(const struct transformer_shape *shape, size_t n, float *hidden)
{
    size_t d = shape->d_hidden;
    if (shape->activation == TRANSFORMER_GELU_TANH)
        activation_all_gelu_tanh(n * d, hidden);
    else if (shape->activation == TRANSFORMER_GELU_ERF)
        activation_all_gelu_erf(n * d, hidden);
    for (size_t t = 0; t < n && shape->activation == TRANSFORMER_SWIGLU; t++)
        activation_all_swiglu(d, hidden + 2 * t * d, hidden + (2 * t + 1) * d, hidden + t * d);
}

/* What a block of the layer adds to x: `normed` holds its input and takes its output. */
static void join(const struct pass *pass, enum transformer_weights norm, size_t layer)
{
    float *x = pass->room->x;
    add(pass->n_tokens * pass->model->shape.d, pass->room->normed, x);
    if (pass->model->shape.order == TRANSFORMER_NORM_AFTER)
        normalise(pass, norm, layer, pass->n_tokens, x, x);
}

static const float *enter(const struct pass *pass, enum transformer_weights norm, size_t layer)
{
    if (pass->model->shape.order == TRANSFORMER_NORM_AFTER)
        return pass->room->x;
    normalise(pass, norm, layer, pass->n_tokens, pass->room->x, pass->room->normed);
    return pass->room->normed;
}

static enum rs_status run_layer(const struct pass *pass, size_t layer, attention_hook *hook, void *context,
                                struct rs_error *err)
{
    const struct transformer_shape *shape = &pass->model->shape;
    struct transformer_workspace *room = pass->room;
    size_t n = pass->n_tokens;
    multiply(pass, TRANSFORMER_QKV, TRANSFORMER_QKV_BIAS, layer, n,
             enter(pass, TRANSFORMER_NORM_ATTENTION, layer), room->qkv);
    if (pass->model->packed->turns != NULL)
        rotate_all(pass);
    for (size_t kv_head = 0; kv_head < shape->n_kv_heads; kv_head++) {
        enum rs_status status = attend(pass, layer, kv_head, hook, context, err);
        if (status != RS_OK)
            return status;
    }
    multiply(pass, TRANSFORMER_ATTENTION_OUT, TRANSFORMER_ATTENTION_OUT_BIAS, layer, n, room->mixed,
             room->normed);
    join(pass, TRANSFORMER_NORM_ATTENTION, layer);
    multiply(pass, TRANSFORMER_HIDDEN, TRANSFORMER_HIDDEN_BIAS, layer, n,
             enter(pass, TRANSFORMER_NORM_HIDDEN, layer), room->hidden);
    activate(shape, n, room->hidden);
    multiply(pass, TRANSFORMER_HIDDEN_OUT, TRANSFORMER_HIDDEN_OUT_BIAS, layer, n, room->hidden, room->normed);
    join(pass, TRANSFORMER_NORM_HIDDEN, layer);
    return RS_OK;
}

/* Takes one row of logits into the answer; target -1: not counted. */
static void judge(const struct pass *pass, const float *logits, int32_t target,
                  struct transformer_answer *answer)
{
    size_t n = transformer_shape_n_answers(&pass->model->shape), best = 0;
    double *row = pass->room->row;
    rs_require(target >= -1 && (target < 0 || (size_t)target < n), "an answer that the model lacks");
    for (size_t i = 0; i < n; i++) {
        row[i] = (double)logits[i];
        if (row[i] > row[best])
            best = i;
    }
    answer->best = (int32_t)best;
    if (target < 0)
        return;
    if (answer->counted_logits != NULL)
        memcpy(answer->counted_logits + answer->n_counted * n, logits, n * sizeof *logits);
    if (answer->likeliest != NULL)
        answer->likeliest[answer->n_counted] = (int32_t)best;
    double own = row[target];
    answer->nll += softmax_compute(n, row) - own;
    answer->n_counted++;
    answer->n_right += best == (size_t)target;
}

static void answer_words(const struct pass *pass, const float *x, struct transformer_answer *answer)
{
    const struct transformer_shape *shape = &pass->model->shape;
    float *logits = pass->room->logits;
    for (size_t first = 0; first < pass->n_tokens; first += TRANSFORMER_BLOCK) {
        size_t n_left = pass->n_tokens - first, n = n_left < TRANSFORMER_BLOCK ? n_left : TRANSFORMER_BLOCK;
        multiply(pass, TRANSFORMER_OUTPUT, TRANSFORMER_OUTPUT_BIAS, 0, n, x + first * shape->d, logits);
        if (answer->logits != NULL)
            memcpy(answer->logits + first * shape->n_words, logits, n * shape->n_words * sizeof *logits);
        for (size_t t = 0; t < n; t++) {
            int32_t target = pass->sample->targets != NULL ? pass->sample->targets[first + t] : -1;
            if (target >= 0 || first + t + 1 == pass->n_tokens)
                judge(pass, logits + t * shape->n_words, target, answer);
        }
    }
}

static void answer_class(const struct pass *pass, const float *x, struct transformer_answer *answer)
{
    const struct transformer_shape *shape = &pass->model->shape;
    float *pooled = pass->room->pooled, *logits = pass->room->logits;
    size_t d = shape->d, n = shape->pool == TRANSFORMER_POOL_MEAN ? pass->n_tokens : 1;
    for (size_t i = 0; i < d; i++) {
        double sum = 0;
        for (size_t t = 0; t < n; t++)
            sum += (double)x[t * d + i];
        pooled[i] = (float)(sum / (double)n);
    }
    if (shape->pooler) {
        multiply(pass, TRANSFORMER_POOLER, TRANSFORMER_POOLER_BIAS, 0, 1, pooled, pooled + d);
        for (size_t i = 0; i < d; i++)
            pooled[i] = (float)activation_tanh((double)pooled[d + i]);
    }
    multiply(pass, TRANSFORMER_OUTPUT, TRANSFORMER_OUTPUT_BIAS, 0, 1, pooled, logits);
    if (answer->logits != NULL)
        memcpy(answer->logits, logits, shape->n_classes * sizeof *logits);
    judge(pass, logits, pass->sample->label, answer);
}

enum rs_status transformer_run(const struct transformer *model, const struct transformer_sample *sample,
                               struct transformer_workspace *workspace, attention_hook *hook, void *context,
                               struct transformer_answer *answer, struct rs_error *err)
{
    const struct transformer_shape *shape = &model->shape;
    struct pass pass = {model, sample, workspace, transformer_n_tokens(shape, sample)};
    rs_require(pass.n_tokens > 0 && pass.n_tokens <= shape->n_positions,
               "a sample without or with too many tokens");
    *answer = (struct transformer_answer){
        .logits = answer->logits, .counted_logits = answer->counted_logits, .likeliest = answer->likeliest};
    embed(&pass);
    for (size_t layer = 0; layer < shape->n_layers; layer++) {
        enum rs_status status = run_layer(&pass, layer, hook, context, err);
        if (status != RS_OK)
            return status;
    }
    float *last = workspace->x;
    if (shape->norm_last) {
        last = workspace->normed;
        normalise(&pass, TRANSFORMER_NORM_LAST, 0, pass.n_tokens, workspace->x, last);
    }
    if (shape->task == TRANSFORMER_LANGUAGE)
        answer_words(&pass, last, answer);
    else
        answer_class(&pass, last, answer);
    return RS_OK;
}
