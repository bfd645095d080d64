#include "learn/transformer_start.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"

/* Standard deviations of the first weights: of embeddings; of matrices, times 1 / sqrt(n_rows), and those
 * that end a block by a further 1 / sqrt(2 n_layers) (Radford et al. 2019). */
static const double start_embedding = 0.05, start_matrix = 0.6;

static bool is_norm(enum transformer_weights kind)
{
    return kind == TRANSFORMER_NORM_EMBEDDING || kind == TRANSFORMER_NORM_ATTENTION ||
           kind == TRANSFORMER_NORM_HIDDEN || kind == TRANSFORMER_NORM_LAST;
}

static bool is_embedding(enum transformer_weights kind)
{
    return kind == TRANSFORMER_WORD || kind == TRANSFORMER_POSITION || kind == TRANSFORMER_SEGMENT ||
           kind == TRANSFORMER_CLASS_TOKEN;
}

static bool is_bias(enum transformer_weights kind)
{
    return kind == TRANSFORMER_PATCH_BIAS || kind == TRANSFORMER_QKV_BIAS ||
           kind == TRANSFORMER_ATTENTION_OUT_BIAS || kind == TRANSFORMER_HIDDEN_BIAS ||
           kind == TRANSFORMER_HIDDEN_OUT_BIAS || kind == TRANSFORMER_POOLER_BIAS ||
           kind == TRANSFORMER_OUTPUT_BIAS;
}

static double start_deviation(const struct transformer *model, enum transformer_weights kind)
{
    bool ends = kind == TRANSFORMER_ATTENTION_OUT || kind == TRANSFORMER_HIDDEN_OUT;
    double n_blocks = 2 * (double)model->shape.n_layers;
    if (is_norm(kind) || is_bias(kind))
        return 0;
    if (is_embedding(kind))
        return start_embedding;
    return start_matrix / sqrt((double)model->layout.places[kind].n_rows) / (ends ? sqrt(n_blocks) : 1);
}

enum rs_status transformer_start(struct transformer *model, const struct random_key *key, bool *decays,
                                 struct rs_error *err)
{
    double *normals = memory_allocate(model->layout.n_weights, sizeof *normals, err);
    if (normals == NULL)
        return RS_INTERNAL;
    random_normals(key, model->layout.n_weights, normals);
    for (int k = 0; k < TRANSFORMER_N_WEIGHTS; k++) {
        enum transformer_weights kind = (enum transformer_weights)k;
        const struct transformer_place *place = &model->layout.places[k];
        double deviation = place->n_rows > 0 ? start_deviation(model, kind) : 0;
        size_t n = place->n_rows * place->n_columns;
        for (size_t layer = 0;
             n > 0 && layer < (transformer_shape_per_layer(kind) ? model->shape.n_layers : 1); layer++) {
            size_t first = transformer_shape_first(&model->layout, kind, layer);
            for (size_t i = 0; i < n; i++) {
                double mean = is_norm(kind) && i < model->shape.d;
                model->weights[first + i] = (float)(mean + deviation * normals[first + i]);
                decays[first + i] = !is_norm(kind) && !is_bias(kind);
            }
        }
    }
    free(normals);
    return RS_OK;
}
