#include "model/transformer.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/require.h"
#include "model/transformer_internal.h"
#include "numeric/activation.h"

/* The weights that multiply. */
static const enum transformer_weights matrices[] = {
    TRANSFORMER_PATCH,      TRANSFORMER_QKV,    TRANSFORMER_ATTENTION_OUT, TRANSFORMER_HIDDEN,
    TRANSFORMER_HIDDEN_OUT, TRANSFORMER_POOLER, TRANSFORMER_OUTPUT};
enum { N_MATRICES = sizeof matrices / sizeof matrices[0] };

enum rs_status transformer_init(struct transformer *model, const struct transformer_shape *shape,
                                struct rs_error *err)
{
    *model = (struct transformer){0};
    enum rs_status status = transformer_shape_check(shape, err);
    if (status != RS_OK)
        return status;
    model->shape = *shape;
    model->layout = transformer_shape_layout(shape);
    model->weights = memory_allocate(model->layout.n_weights, sizeof *model->weights, err);
    return model->weights != NULL ? RS_OK : RS_INTERNAL;
}

static void unpack(struct transformer *model)
{
    if (model->packed == NULL)
        return;
    for (size_t i = 0; model->packed->products != NULL && i < model->shape.n_layers * TRANSFORMER_N_WEIGHTS;
         i++)
        product_destroy(model->packed->products[i]);
    free(model->packed->products);
    free(model->packed->turns);
    free(model->packed);
    model->packed = NULL;
}

void transformer_clear(struct transformer *model)
{
    unpack(model);
    free(model->weights);
    *model = (struct transformer){0};
}

static enum rs_status pack_matrix(struct transformer *model, enum transformer_weights kind, size_t layer,
                                  enum kernel kernel, struct rs_error *err)
{
    const struct transformer_place *place = &model->layout.places[kind];
    bool tied = kind == TRANSFORMER_OUTPUT && model->shape.tied;
    if (place->n_rows == 0 && !tied)
        return RS_OK;
    size_t n_rows = tied ? model->shape.d : place->n_rows;
    size_t n_columns = tied ? model->shape.n_words : place->n_columns;
    struct product **product = &model->packed->products[layer * TRANSFORMER_N_WEIGHTS + (size_t)kind];
    enum rs_status status = product_create(n_rows, n_columns, PRODUCT_F32, kernel, product, err);
    if (status == RS_OK)
        product_load_f32(*product,
                         model->weights +
                             transformer_shape_first(&model->layout, tied ? TRANSFORMER_WORD : kind, layer),
                         tied);
    return status;
}

static enum rs_status make_turns(struct transformer *model, struct rs_error *err)
{
    const struct transformer_shape *shape = &model->shape;
    if (shape->positions == TRANSFORMER_POSITIONS_LEARNED)
        return RS_OK;
    model->packed->turns = memory_allocate(shape->n_positions * shape->d_head, sizeof(double), err);
    if (model->packed->turns == NULL)
        return RS_INTERNAL;
    activation_turns(shape->n_positions, shape->d_head / 2, shape->rotary_base, model->packed->turns);
    return RS_OK;
}

enum rs_status transformer_pack(struct transformer *model, enum kernel kernel, struct rs_error *err)
{
    size_t n_layers = model->shape.n_layers;
    unpack(model);
    model->packed = memory_allocate(1, sizeof *model->packed, err);
    if (model->packed == NULL)
        return RS_INTERNAL;
    model->packed->products =
        memory_allocate(n_layers * TRANSFORMER_N_WEIGHTS, sizeof(struct product *), err);
    enum rs_status status = model->packed->products != NULL ? make_turns(model, err) : RS_INTERNAL;
    for (int i = 0; i < N_MATRICES; i++)
        for (size_t layer = 0; layer < n_layers && status == RS_OK; layer++)
            if (layer == 0 || transformer_shape_per_layer(matrices[i]))
                status = pack_matrix(model, matrices[i], layer, kernel, err);
    if (status != RS_OK)
        unpack(model);
    return status;
}

size_t transformer_n_tokens(const struct transformer_shape *shape, const struct transformer_sample *sample)
{
    return shape->input == TRANSFORMER_WORDS ? sample->n_words
                                             : transformer_shape_n_patches(shape) + shape->class_token;
}

double transformer_score_scale(const struct transformer_shape *shape)
{
    return 1 / sqrt((double)shape->d_head);
}

struct transformer_workspace *transformer_workspace_create(const struct transformer *model,
                                                           struct rs_error *err)
{
    const struct transformer_shape *shape = &model->shape;
    rs_require(model->packed != NULL, "a transformer that was not packed");
    struct transformer_workspace *room = memory_allocate(1, sizeof *room, err);
    if (room == NULL)
        return NULL;
    size_t n = shape->n_positions, group = shape->n_heads / shape->n_kv_heads;
    size_t n_answers = transformer_shape_n_answers(shape);
    const struct {
        float **array;
        size_t n;
    } parts[] = {{&room->x, n * shape->d},
                 {&room->normed, n * shape->d},
                 {&room->patches, transformer_shape_n_patches(shape) * transformer_shape_patch_size(shape)},
                 {&room->qkv, n * transformer_shape_qkv(shape)},
                 {&room->mixed, n * shape->n_heads * shape->d_head},
                 {&room->hidden, n * transformer_shape_hidden(shape)},
                 {&room->q, group * n * shape->d_head},
                 {&room->output, group * n * shape->d_head},
                 {&room->k, n * shape->d_head},
                 {&room->v, n * shape->d_head},
                 {&room->pooled, 2 * shape->d},
                 {&room->logits, TRANSFORMER_BLOCK * n_answers}};
    bool enough = true;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0] && enough; i++)
        enough = (*parts[i].array = memory_allocate(parts[i].n, sizeof(float), err)) != NULL;
    enough = enough && (room->row = memory_allocate(n_answers, sizeof(double), err)) != NULL;
    enough = enough && (room->scratch = memory_allocate(n + shape->d_head, sizeof(double), err)) != NULL;
    if (enough)
        return room;
    transformer_workspace_destroy(room);
    return NULL;
}

void transformer_workspace_destroy(struct transformer_workspace *room)
{
    if (room == NULL)
        return;
    void *const parts[] = {room->x,      room->normed, room->patches, room->qkv,   room->mixed,
                           room->hidden, room->q,      room->output,  room->k,     room->v,
                           room->logits, room->row,    room->scratch, room->pooled};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        free(parts[i]);
    free(room);
}
