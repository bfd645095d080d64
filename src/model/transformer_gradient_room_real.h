/* What a loss and its gradient of packed samples work in, for one precision (transformer_gradient_real.h). */
#include <stdlib.h>

#include "base/memory.h"
#include "model/transformer_gradient.h"
#include "model/transformer_layers_real.h"

/* What a layer keeps for the way back, of all tokens. */
struct kept {
    REAL *attention_in;      /* [n][d]: what qkv is made of */
    REAL *attention_normed;  /* [n][d]: what its norm was taken of */
    REAL *attention_moments; /* [n][2] */
    REAL *qkv;               /* [n][qkv] */
    REAL *weights;           /* sample by sample [n_heads][tokens][tokens] */
    REAL *scores, *signals;  /* the same, where thresholds stand before the softmax, else NULL */
    REAL *mixed;             /* [n][n_heads d_head] */
    REAL *hidden_in, *hidden_normed, *hidden_moments;
    REAL *hidden; /* [n][hidden] */
    REAL *acted;  /* [n][d_hidden] */
};

struct NAMED(transformer_gradient) {
    struct transformer_shape shape;
    struct transformer_layout layout;
    size_t n_tokens_max;
    REAL *block;                               /* all that follows */
    struct kept *kept;                         /* [n_layers] */
    REAL *x;                                   /* [n][d], then the slopes by it */
    REAL *patches;                             /* [n][patch size] */
    REAL *embedded, *embedded_moments;         /* before norm_embedding */
    REAL *last_in, *last_moments;              /* before norm_last */
    REAL *pooled, *pooled_in;                  /* [n][d]: with and before the pooler */
    REAL *logits;                              /* [n][answers], then the slopes by them */
    REAL *slopes;                              /* [n][widest] */
    REAL *other_slopes;                        /* the same */
    REAL *square;                              /* [n_positions][n_positions] */
    REAL *row;                                 /* [d] */
    REAL *turns;                               /* [n_positions][d_head] */
    const struct transformer_pruning *pruning; /* the caller's, or NULL */
    NAMED(transformer_signals) * signals;
    void *signals_context;
    REAL *pruning_block; /* scores and signals of all layers */
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
    free(room->pruning_block);
    free(room->kept);
    free(room);
}

enum rs_status PUBLIC(prune_borrow)(struct NAMED(transformer_gradient) * room,
                                    const struct transformer_pruning *pruning,
                                    NAMED(transformer_signals) * signals, void *context, struct rs_error *err)
{
    const struct transformer_shape *shape = &room->shape;
    const size_t n = shape->n_heads * room->n_tokens_max * shape->n_positions, n_each = pruning == NULL   ? 0
                                                                                        : signals == NULL ? 1
                                                                                                          : 2;
    free(room->pruning_block);
    room->pruning = NULL;
    room->pruning_block = memory_allocate(shape->n_layers * n_each * n, sizeof(REAL), err);
    if (room->pruning_block == NULL)
        return RS_INTERNAL;
    for (size_t layer = 0; layer < shape->n_layers; layer++) {
        room->kept[layer].scores = n_each > 0 ? room->pruning_block + layer * n_each * n : NULL;
        room->kept[layer].signals = n_each > 1 ? room->kept[layer].scores + n : NULL;
    }
    room->pruning = pruning;
    room->signals = signals;
    room->signals_context = context;
    return RS_OK;
}
