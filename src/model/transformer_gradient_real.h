/* Loss and gradient of packed samples for one precision (transformer_layers_real.h); PUBLIC(x) names what is
 * shown. */
#include <stdlib.h>

#include "base/memory.h"
#include "base/require.h"
#include "model/transformer_gradient.h"
#include "model/transformer_layers_real.h"

/* What a layer keeps for the way back, of all tokens. */
struct kept {
    REAL *attention_in;      /* [n][d]: what qkv is made of */
    REAL *attention_normed;  /* [n][d]: what its norm was taken of */
    REAL *attention_moments; /* [n][2] */
    REAL *qkv;               /* [n][qkv] */
    REAL *weights;           /* sample by sample [n_heads][tokens][tokens] */
    REAL *mixed;             /* [n][n_heads d_head] */
    REAL *hidden_in, *hidden_normed, *hidden_moments;
    REAL *hidden; /* [n][hidden] */
    REAL *acted;  /* [n][d_hidden] */
};

struct NAMED(transformer_gradient) {
    struct transformer_shape shape;
    struct transformer_layout layout;
    size_t n_tokens_max;
    REAL *block;                       /* all that follows */
    struct kept *kept;                 /* [n_layers] */
    REAL *x;                           /* [n][d], then the slopes by it */
    REAL *patches;                     /* [n][patch size] */
    REAL *embedded, *embedded_moments; /* before norm_embedding */
    REAL *last_in, *last_moments;      /* before norm_last */
    REAL *pooled, *pooled_in;          /* [n][d]: with and before the pooler */
    REAL *logits;                      /* [n][answers], then the slopes by them */
    REAL *slopes;                      /* [n][widest] */
    REAL *other_slopes;                /* the same */
    REAL *square;                      /* [n_positions][n_positions] */
    REAL *row;                         /* [d] */
    REAL *turns;                       /* [n_positions][d_head] */
};

/* Samples on their way through the network and back. */
struct pass {
    struct NAMED(transformer_gradient) * room;
    const struct transformer_shape *shape;
    const REAL *weights;
    REAL *gradient;
    size_t n_samples, n_tokens;
    const struct transformer_sample *samples;
};

/* --- room */

static size_t widest(const struct transformer_shape *shape)
{
    const size_t widths[] = {shape->d, transformer_shape_qkv(shape), shape->n_heads * shape->d_head,
                             transformer_shape_hidden(shape)};
    size_t most = 0;
    for (size_t i = 0; i < sizeof widths / sizeof widths[0]; i++)
        most = widths[i] > most ? widths[i] : most;
    return most;
}

/* Gives each array its place behind `block`, or with block NULL only counts; returns the sum of sizes. */
static size_t place_arrays(struct NAMED(transformer_gradient) * room, REAL *block)
{
    const struct transformer_shape *shape = &room->shape;
    size_t n = room->n_tokens_max, d = shape->d, at = 0, positions = shape->n_positions;
    size_t wide = n * widest(shape);
    const struct {
        REAL **array;
        size_t n;
    } parts[] = {{&room->x, n * d},
                 {&room->patches, n * transformer_shape_patch_size(shape)},
                 {&room->embedded, n * d},
                 {&room->embedded_moments, n * 2},
                 {&room->last_in, n * d},
                 {&room->last_moments, n * 2},
                 {&room->pooled, n * d},
                 {&room->pooled_in, n * d},
                 {&room->logits, n * transformer_shape_n_answers(shape)},
                 {&room->slopes, wide},
                 {&room->other_slopes, wide},
                 {&room->square, positions * positions},
                 {&room->row, d},
                 {&room->turns, positions * shape->d_head}};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; at += parts[i++].n)
        *parts[i].array = block != NULL ? block + at : NULL;
    for (size_t layer = 0; layer < shape->n_layers; layer++) {
        struct kept *kept = &room->kept[layer];
        const struct {
            REAL **array;
            size_t n;
        } layer_parts[] = {{&kept->attention_in, n * d},
                           {&kept->attention_normed, n * d},
                           {&kept->attention_moments, n * 2},
                           {&kept->qkv, n * transformer_shape_qkv(shape)},
                           {&kept->weights, shape->n_heads * n * positions},
                           {&kept->mixed, n * shape->n_heads * shape->d_head},
                           {&kept->hidden_in, n * d},
                           {&kept->hidden_normed, n * d},
                           {&kept->hidden_moments, n * 2},
                           {&kept->hidden, n * transformer_shape_hidden(shape)},
                           {&kept->acted, n * shape->d_hidden}};
        for (size_t i = 0; i < sizeof layer_parts / sizeof layer_parts[0]; at += layer_parts[i++].n)
            *layer_parts[i].array = block != NULL ? block + at : NULL;
    }
    return at;
}

static enum rs_status make_turns(struct NAMED(transformer_gradient) * room, struct rs_error *err)
{
    const struct transformer_shape *shape = &room->shape;
    size_t n = shape->n_positions * (shape->d_head / 2) * 2;
    if (shape->positions == TRANSFORMER_POSITIONS_LEARNED)
        return RS_OK;
    double *turns = memory_allocate(n, sizeof *turns, err);
    if (turns == NULL)
        return RS_INTERNAL;
    activation_turns(shape->n_positions, shape->d_head / 2, shape->rotary_base, turns);
    for (size_t i = 0; i < n; i++)
        room->turns[i] = (REAL)turns[i];
    free(turns);
    return RS_OK;
}

struct NAMED(transformer_gradient) *
    PUBLIC(create)(const struct transformer_shape *shape, size_t n_tokens_max, struct rs_error *err)
{
    if (transformer_shape_check(shape, err) != RS_OK)
        return NULL;
    struct NAMED(transformer_gradient) *room = memory_allocate(1, sizeof *room, err);
    if (room == NULL)
        return NULL;
    room->shape = *shape;
    room->layout = transformer_shape_layout(shape);
    room->n_tokens_max = n_tokens_max;
    room->kept = memory_allocate(shape->n_layers, sizeof *room->kept, err);
    if (room->kept != NULL)
        room->block = memory_allocate(place_arrays(room, NULL), sizeof(REAL), err);
    if (room->block != NULL)
        place_arrays(room, room->block);
    if (room->block == NULL || make_turns(room, err) != RS_OK) {
        PUBLIC(destroy)(room);
        return NULL;
    }
    return room;
}

void PUBLIC(destroy)(struct NAMED(transformer_gradient) * room)
{
    if (room == NULL)
        return;
    free(room->block);
    free(room->kept);
    free(room);
}

/* --- weights and products */

static bool has(const struct pass *pass, enum transformer_weights kind)
{
    return pass->room->layout.places[kind].n_rows > 0;
}

static const REAL *weights_of(const struct pass *pass, enum transformer_weights kind, size_t layer)
{
    return pass->weights + transformer_shape_first(&pass->room->layout, kind, layer);
}

static REAL *gradient_of(const struct pass *pass, enum transformer_weights kind, size_t layer)
{
    return pass->gradient + transformer_shape_first(&pass->room->layout, kind, layer);
}

/* out [n][n_columns] (+)= inputs [n][n_rows] times the matrix, plus its bias; a tied output's matrix is the
 * words'. */
static void multiply(const struct pass *pass, enum transformer_weights kind, enum transformer_weights bias,
                     size_t layer, size_t n, const REAL *inputs, bool adds, REAL *out)
{
    bool tied = kind == TRANSFORMER_OUTPUT && pass->shape->tied;
    const struct transformer_place *place = &pass->room->layout.places[tied ? TRANSFORMER_WORD : kind];
    size_t n_rows = tied ? place->n_columns : place->n_rows;
    size_t n_columns = tied ? place->n_rows : place->n_columns;
    const REAL *matrix = weights_of(pass, tied ? TRANSFORMER_WORD : kind, layer);
    NAMED(matrix_multiply)
    (n, n_columns, n_rows, NAMED(plain)(inputs, n_rows),
     (struct NAMED(matrix)){matrix, place->n_columns, tied}, adds, out, n_columns);
    for (size_t t = 0; t < n && has(pass, bias); t++)
        NAMED(add)(n_columns, weights_of(pass, bias, layer), out + t * n_columns);
}

/* From the slopes by `out` to those by `inputs` (NULL: not wanted, or added), and to those by the weights. */
static void multiply_backward(const struct pass *pass, enum transformer_weights kind,
                              enum transformer_weights bias, size_t layer, size_t n, const REAL *inputs,
                              const REAL *slopes, bool adds, REAL *input_slopes)
{
    bool tied = kind == TRANSFORMER_OUTPUT && pass->shape->tied;
    enum transformer_weights owner = tied ? TRANSFORMER_WORD : kind;
    const struct transformer_place *place = &pass->room->layout.places[owner];
    size_t stride = place->n_columns, n_rows = tied ? stride : place->n_rows;
    size_t n_columns = tied ? place->n_rows : stride;
    if (input_slopes != NULL)
        NAMED(matrix_multiply)
    (n, n_rows, n_columns, NAMED(plain)(slopes, n_columns),
     (struct NAMED(matrix)){weights_of(pass, owner, layer), stride, !tied}, adds, input_slopes, n_rows);
    struct NAMED(matrix) one = NAMED(turned)(tied ? slopes : inputs, tied ? n_columns : n_rows);
    struct NAMED(matrix) other = NAMED(plain)(tied ? inputs : slopes, tied ? n_rows : n_columns);
    NAMED(matrix_multiply)
    (place->n_rows, stride, n, one, other, true, gradient_of(pass, owner, layer), stride);
    if (has(pass, bias))
        NAMED(add_rows)(n, n_columns, slopes, gradient_of(pass, bias, layer));
}

static void normalise(const struct pass *pass, enum transformer_weights kind, size_t layer, const REAL *x,
                      REAL *y, REAL *moments)
{
    NAMED(norm)(pass->shape, weights_of(pass, kind, layer), pass->n_tokens, x, y, moments);
}

static void normalise_backward(const struct pass *pass, enum transformer_weights kind, size_t layer,
                               const REAL *x, const REAL *moments, REAL *slopes)
{
    NAMED(norm_backward)
    (pass->shape, weights_of(pass, kind, layer), pass->n_tokens, x, moments, slopes,
     gradient_of(pass, kind, layer), pass->room->row);
}

static void copy(const struct pass *pass, const REAL *from, REAL *to)
{
    memcpy(to, from, pass->n_tokens * pass->shape->d * sizeof *to);
}

/* --- embeddings */

/* Returns the end of the image's patches. */
static REAL *cut_patches(const struct transformer_shape *shape, const uint8_t *image, REAL *patches)
{
    size_t n_patches = transformer_shape_n_patches(shape), n_inputs = transformer_shape_patch_size(shape);
    for (size_t patch = 0; patch < n_patches; patch++)
        for (size_t i = 0; i < n_inputs; i++)
            *patches++ = (REAL)TRANSFORMER_PIXEL(image[transformer_shape_pixel(shape, patch, i)]);
    return patches;
}

/* Copies the rows of patches between packed patches [samples][n_patches][d] and tokens, where class tokens
 * stand before them. */
static void move_patches(const struct pass *pass, bool to_tokens, REAL *tokens, REAL *patches)
{
    size_t n_patches = transformer_shape_n_patches(pass->shape), size = n_patches * pass->shape->d;
    size_t first = pass->shape->class_token ? pass->shape->d : 0;
    for (size_t s = 0; s < pass->n_samples; s++) {
        REAL *there = tokens + s * (first + size) + first, *here = patches + s * size;
        memcpy(to_tokens ? there : here, to_tokens ? here : there, size * sizeof *here);
    }
}

static void embed_patches(const struct pass *pass)
{
    const struct transformer_shape *shape = pass->shape;
    struct NAMED(transformer_gradient) *room = pass->room;
    size_t n = pass->n_samples * transformer_shape_n_patches(shape),
           n_tokens = pass->n_tokens / pass->n_samples;
    REAL *end = room->patches;
    for (size_t s = 0; s < pass->n_samples; s++)
        end = cut_patches(shape, pass->samples[s].image, end);
    multiply(pass, TRANSFORMER_PATCH, TRANSFORMER_PATCH_BIAS, 0, n, room->patches, false, room->slopes);
    move_patches(pass, true, room->x, room->slopes);
    for (size_t s = 0; s < pass->n_samples && shape->class_token; s++)
        memcpy(room->x + s * n_tokens * shape->d, weights_of(pass, TRANSFORMER_CLASS_TOKEN, 0),
               shape->d * sizeof(REAL));
}

/* Calls for each token what takes a row of embeddings to a token, or a token's slopes to that row. */
typedef void visit_row(size_t d, REAL *token, size_t row, REAL *rows);

static void add_row(size_t d, REAL *token, size_t row, REAL *rows)
{
    NAMED(add)(d, rows + row * d, token);
}

static void add_token(size_t d, REAL *token, size_t row, REAL *rows)
{
    NAMED(add)(d, token, rows + row * d);
}

static void visit_rows(const struct pass *pass, visit_row *visit, REAL *tables, REAL *tokens)
{
    const struct transformer_shape *shape = pass->shape;
    const struct transformer_layout *layout = &pass->room->layout;
    size_t d = shape->d;
    for (size_t s = 0; s < pass->n_samples; s++) {
        const struct transformer_sample *sample = &pass->samples[s];
        size_t n = transformer_n_tokens(shape, sample);
        for (size_t t = 0; t < n; t++, tokens += d) {
            if (has(pass, TRANSFORMER_POSITION))
                visit(d, tokens, t, tables + transformer_shape_first(layout, TRANSFORMER_POSITION, 0));
            if (shape->input != TRANSFORMER_WORDS)
                continue;
            rs_require(sample->words[t] >= 0 && (size_t)sample->words[t] < shape->n_words,
                       "a word is not in the vocabulary");
            visit(d, tokens, (size_t)sample->words[t],
                  tables + transformer_shape_first(layout, TRANSFORMER_WORD, 0));
            size_t segment = sample->segments != NULL ? (size_t)sample->segments[t] : 0;
            if (shape->n_segments == 0)
                continue;
            rs_require(segment < shape->n_segments, "a segment that the model lacks");
            visit(d, tokens, segment, tables + transformer_shape_first(layout, TRANSFORMER_SEGMENT, 0));
        }
    }
}

static void embed(const struct pass *pass)
{
    struct NAMED(transformer_gradient) *room = pass->room;
    if (pass->shape->input == TRANSFORMER_PATCHES)
        embed_patches(pass);
    else
        memset(room->x, 0, pass->n_tokens * pass->shape->d * sizeof *room->x);
    /* only read: the way back uses the same walk to write into the gradient */
    visit_rows(pass, add_row, (REAL *)(uintptr_t)pass->weights, room->x);
    if (!pass->shape->norm_embedding)
        return;
    copy(pass, room->x, room->embedded);
    normalise(pass, TRANSFORMER_NORM_EMBEDDING, 0, room->embedded, room->x, room->embedded_moments);
}

static void embed_backward(const struct pass *pass)
{
    struct NAMED(transformer_gradient) *room = pass->room;
    const struct transformer_shape *shape = pass->shape;
    size_t n = pass->n_samples * transformer_shape_n_patches(shape),
           n_tokens = pass->n_tokens / pass->n_samples;
    if (shape->norm_embedding)
        normalise_backward(pass, TRANSFORMER_NORM_EMBEDDING, 0, room->embedded, room->embedded_moments,
                           room->x);
    visit_rows(pass, add_token, pass->gradient, room->x);
    if (shape->input == TRANSFORMER_WORDS)
        return;
    move_patches(pass, false, room->x, room->slopes);
    multiply_backward(pass, TRANSFORMER_PATCH, TRANSFORMER_PATCH_BIAS, 0, n, room->patches, room->slopes,
                      false, NULL);
    for (size_t s = 0; s < pass->n_samples && shape->class_token; s++)
        NAMED(add)
    (shape->d, room->x + s * n_tokens * shape->d, gradient_of(pass, TRANSFORMER_CLASS_TOKEN, 0));
}

/* --- layers */

static void attend(const struct pass *pass, const struct kept *kept)
{
    const struct transformer_shape *shape = pass->shape;
    size_t first = 0, first_weight = 0;
    for (size_t s = 0; s < pass->n_samples; s++) {
        size_t n = transformer_n_tokens(shape, &pass->samples[s]);
        REAL *qkv = kept->qkv + first * transformer_shape_qkv(shape);
        if (shape->positions != TRANSFORMER_POSITIONS_LEARNED)
            NAMED(rotate)(shape, pass->room->turns, n, false, qkv);
        NAMED(attend)
        (shape, n, qkv, kept->weights + first_weight, kept->mixed + first * shape->n_heads * shape->d_head);
        first += n;
        first_weight += shape->n_heads * n * n;
    }
}

static void attend_backward(const struct pass *pass, const struct kept *kept, const REAL *mixed_slopes,
                            REAL *slopes)
{
    const struct transformer_shape *shape = pass->shape;
    size_t first = 0, first_weight = 0, width = transformer_shape_qkv(shape);
    for (size_t s = 0; s < pass->n_samples; s++) {
        size_t n = transformer_n_tokens(shape, &pass->samples[s]);
        NAMED(attend_backward)
        (shape, n, kept->qkv + first * width, kept->weights + first_weight,
         mixed_slopes + first * shape->n_heads * shape->d_head, pass->room->square, slopes + first * width);
        if (shape->positions != TRANSFORMER_POSITIONS_LEARNED)
            NAMED(rotate)(shape, pass->room->turns, n, true, slopes + first * width);
        first += n;
        first_weight += shape->n_heads * n * n;
    }
}

static void run_layer(const struct pass *pass, size_t layer)
{
    const struct kept *kept = &pass->room->kept[layer];
    REAL *x = pass->room->x;
    bool norm_first = pass->shape->order == TRANSFORMER_NORM_FIRST;
    size_t n = pass->n_tokens;
    copy(pass, x, norm_first ? kept->attention_normed : kept->attention_in);
    if (norm_first)
        normalise(pass, TRANSFORMER_NORM_ATTENTION, layer, x, kept->attention_in, kept->attention_moments);
    multiply(pass, TRANSFORMER_QKV, TRANSFORMER_QKV_BIAS, layer, n, kept->attention_in, false, kept->qkv);
    attend(pass, kept);
    multiply(pass, TRANSFORMER_ATTENTION_OUT, TRANSFORMER_ATTENTION_OUT_BIAS, layer, n, kept->mixed, true, x);
    if (!norm_first) {
        copy(pass, x, kept->attention_normed);
        normalise(pass, TRANSFORMER_NORM_ATTENTION, layer, kept->attention_normed, x,
                  kept->attention_moments);
    }
    copy(pass, x, norm_first ? kept->hidden_normed : kept->hidden_in);
    if (norm_first)
        normalise(pass, TRANSFORMER_NORM_HIDDEN, layer, x, kept->hidden_in, kept->hidden_moments);
    multiply(pass, TRANSFORMER_HIDDEN, TRANSFORMER_HIDDEN_BIAS, layer, n, kept->hidden_in, false,
             kept->hidden);
    NAMED(activate)(pass->shape, n, kept->hidden, kept->acted);
    multiply(pass, TRANSFORMER_HIDDEN_OUT, TRANSFORMER_HIDDEN_OUT_BIAS, layer, n, kept->acted, true, x);
    if (!norm_first) {
        copy(pass, x, kept->hidden_normed);
        normalise(pass, TRANSFORMER_NORM_HIDDEN, layer, kept->hidden_normed, x, kept->hidden_moments);
    }
}

/* room->x holds the slopes by what the layer gave, then those by what it got. */
static void run_layer_backward(const struct pass *pass, size_t layer)
{
    const struct kept *kept = &pass->room->kept[layer];
    REAL *x = pass->room->x, *one = pass->room->slopes, *other = pass->room->other_slopes;
    bool norm_first = pass->shape->order == TRANSFORMER_NORM_FIRST;
    size_t n = pass->n_tokens, size = n * pass->shape->d;
    if (!norm_first)
        normalise_backward(pass, TRANSFORMER_NORM_HIDDEN, layer, kept->hidden_normed, kept->hidden_moments,
                           x);
    multiply_backward(pass, TRANSFORMER_HIDDEN_OUT, TRANSFORMER_HIDDEN_OUT_BIAS, layer, n, kept->acted, x,
                      false, one);
    NAMED(activate_backward)(pass->shape, n, kept->hidden, one, other);
    multiply_backward(pass, TRANSFORMER_HIDDEN, TRANSFORMER_HIDDEN_BIAS, layer, n, kept->hidden_in, other,
                      false, one);
    if (norm_first)
        normalise_backward(pass, TRANSFORMER_NORM_HIDDEN, layer, kept->hidden_normed, kept->hidden_moments,
                           one);
    NAMED(add)(size, one, x);
    if (!norm_first)
        normalise_backward(pass, TRANSFORMER_NORM_ATTENTION, layer, kept->attention_normed,
                           kept->attention_moments, x);
    multiply_backward(pass, TRANSFORMER_ATTENTION_OUT, TRANSFORMER_ATTENTION_OUT_BIAS, layer, n, kept->mixed,
                      x, false, one);
    attend_backward(pass, kept, one, other);
    multiply_backward(pass, TRANSFORMER_QKV, TRANSFORMER_QKV_BIAS, layer, n, kept->attention_in, other, false,
                      one);
    if (norm_first)
        normalise_backward(pass, TRANSFORMER_NORM_ATTENTION, layer, kept->attention_normed,
                           kept->attention_moments, one);
    NAMED(add)(size, one, x);
}

/* --- answers */

/* Rows of pooled [samples][d] from tokens, or their slopes back to tokens that start at 0. */
static void pool(const struct pass *pass, bool back, REAL *tokens, REAL *pooled)
{
    const struct transformer_shape *shape = pass->shape;
    size_t d = shape->d;
    for (size_t s = 0; s < pass->n_samples; s++, pooled += d) {
        size_t n = transformer_n_tokens(shape, &pass->samples[s]);
        size_t n_pooled = shape->pool == TRANSFORMER_POOL_MEAN ? n : 1;
        REAL share = 1 / (REAL)n_pooled;
        if (!back)
            memset(pooled, 0, d * sizeof *pooled);
        for (size_t t = 0; t < n_pooled; t++)
            for (size_t i = 0; i < d; i++) {
                REAL *token = &tokens[t * d + i];
                if (back)
                    *token = pooled[i] * share;
                else
                    pooled[i] += *token * share;
            }
        tokens += n * d;
    }
}

static const REAL *pool_classes(const struct pass *pass, REAL *tokens)
{
    struct NAMED(transformer_gradient) *room = pass->room;
    pool(pass, false, tokens, room->pooled_in);
    if (!pass->shape->pooler)
        return room->pooled_in;
    multiply(pass, TRANSFORMER_POOLER, TRANSFORMER_POOLER_BIAS, 0, pass->n_samples, room->pooled_in, false,
             room->pooled);
    for (size_t i = 0; i < pass->n_samples * pass->shape->d; i++)
        room->pooled[i] = NAMED(tangent)(room->pooled[i]);
    return room->pooled;
}

/* Slopes by what was pooled, in room->slopes, to those by tokens in room->x. */
static void pool_classes_backward(const struct pass *pass)
{
    struct NAMED(transformer_gradient) *room = pass->room;
    REAL *slopes = room->slopes, *other = room->other_slopes;
    if (pass->shape->pooler) {
        for (size_t i = 0; i < pass->n_samples * pass->shape->d; i++)
            slopes[i] *= 1 - room->pooled[i] * room->pooled[i];
        multiply_backward(pass, TRANSFORMER_POOLER, TRANSFORMER_POOLER_BIAS, 0, pass->n_samples,
                          room->pooled_in, slopes, false, other);
        slopes = other;
    }
    memset(room->x, 0, pass->n_tokens * pass->shape->d * sizeof *room->x);
    pool(pass, true, room->x, slopes);
}

/* Logits [n_answers] become the slopes by them; returns the loss. target -1: neither. */
static double judge(size_t n_answers, int32_t target, REAL *logits)
{
    rs_require(target >= -1 && (target < 0 || (size_t)target < n_answers), "an answer that the model lacks");
    if (target < 0) {
        memset(logits, 0, n_answers * sizeof *logits);
        return 0;
    }
    REAL own = logits[target];
    double loss = NAMED(soften)(n_answers, 1, logits) - (double)own;
    logits[target] -= 1;
    return loss;
}

static double judge_all(const struct pass *pass, size_t *n_counted)
{
    const struct transformer_shape *shape = pass->shape;
    size_t n_answers = transformer_shape_n_answers(shape);
    REAL *logits = pass->room->logits;
    double loss = 0;
    for (size_t s = 0; s < pass->n_samples; s++) {
        const struct transformer_sample *sample = &pass->samples[s];
        bool language = shape->task == TRANSFORMER_LANGUAGE;
        size_t n = language ? sample->n_words : 1;
        for (size_t t = 0; t < n; t++, logits += n_answers) {
            int32_t target = !language ? sample->label : sample->targets != NULL ? sample->targets[t] : -1;
            loss += judge(n_answers, target, logits);
            *n_counted += target >= 0;
        }
    }
    return loss;
}

static double run(const struct pass *pass, size_t *n_counted)
{
    const struct transformer_shape *shape = pass->shape;
    struct NAMED(transformer_gradient) *room = pass->room;
    bool classes = shape->task == TRANSFORMER_CLASSES;
    embed(pass);
    for (size_t layer = 0; layer < shape->n_layers; layer++)
        run_layer(pass, layer);
    if (shape->norm_last) {
        copy(pass, room->x, room->last_in);
        normalise(pass, TRANSFORMER_NORM_LAST, 0, room->last_in, room->x, room->last_moments);
    }
    const REAL *inputs = classes ? pool_classes(pass, room->x) : room->x;
    size_t n_rows = classes ? pass->n_samples : pass->n_tokens;
    multiply(pass, TRANSFORMER_OUTPUT, TRANSFORMER_OUTPUT_BIAS, 0, n_rows, inputs, false, room->logits);
    double loss = judge_all(pass, n_counted);
    if (pass->gradient == NULL)
        return loss;
    multiply_backward(pass, TRANSFORMER_OUTPUT, TRANSFORMER_OUTPUT_BIAS, 0, n_rows, inputs, room->logits,
                      false, room->slopes);
    if (classes)
        pool_classes_backward(pass);
    else
        copy(pass, room->slopes, room->x);
    if (shape->norm_last)
        normalise_backward(pass, TRANSFORMER_NORM_LAST, 0, room->last_in, room->last_moments, room->x);
    for (size_t layer = shape->n_layers; layer-- > 0;)
        run_layer_backward(pass, layer);
    embed_backward(pass);
    return loss;
}

double PUBLIC(add)(struct NAMED(transformer_gradient) * room, const REAL *weights, size_t n,
                   const struct transformer_sample *samples, REAL *gradient, size_t *n_counted)
{
    struct pass pass = {room, &room->shape, weights, gradient, n, 0, samples};
    for (size_t s = 0; s < n; s++) {
        size_t n_tokens = transformer_n_tokens(&room->shape, &samples[s]);
        rs_require(n_tokens > 0 && n_tokens <= room->shape.n_positions,
                   "a sample without or with too many tokens");
        pass.n_tokens += n_tokens;
    }
    rs_require(pass.n_tokens > 0 && pass.n_tokens <= room->n_tokens_max,
               "more tokens than there is room for");
    return run(&pass, n_counted);
}
