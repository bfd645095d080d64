/*
 * What a transformer is made of, and where its weights stand: one set of blocks for causal language models,
 * encoder classifiers and vision transformers over patches.
 *
 *     x = word or patch + position + segment embeddings [norm_embedding]
 *     each layer, norm first:  x += attention(norm(x)),  x += hidden(norm(x))
 *                 norm after:  x  = norm(x + attention(x)),  x = norm(x + hidden(x))
 *     [norm_last]; language: x E^T or x W of every token; classes: of one pooled token [tanh(x P + b) first]
 *     attention(x) = heads(x QKV + b) O + b;  hidden(x) = act(x U + b) D + b, SwiGLU: (silu(x G) * (x U)) D
 *
 * What known families choose (b: biases everywhere; e: norm_epsilon):
 *     GPT-2  (Radford et al. 2019): language, words, learned positions, layer norm first and last (e 1e-5),
 *            GELU by tanh, b, tied output without bias
 *     BERT   (Devlin et al. 2019, arXiv:1810.04805): classes of words, learned positions, segments,
 *            norm_embedding, layer norm after (e 1e-12), exact GELU, b, first token through a pooler
 *     ViT    (Dosovitskiy et al. 2021, arXiv:2010.11929): classes of patches, class token, learned positions,
 *            layer norm first and last (e 1e-6), exact GELU, b, class token without a pooler
 *     Llama 2 (Touvron et al. 2023, arXiv:2307.09288): language, words, rotary positions (halves as stored
 *            for Hugging Face, pairs as stored by Meta and llama2.c), RMS norm first and last (e 1e-5),
 *            SwiGLU, no biases, fewer kv heads in large models, output tied or not
 */
#ifndef MODEL_TRANSFORMER_SHAPE_H
#define MODEL_TRANSFORMER_SHAPE_H

#include <stdbool.h>
#include <stddef.h>

#include "rescore/status.h"

/* Bounds that keep a hostile file from asking for absurd memory. */
enum {
    TRANSFORMER_LAYERS_MAX = 128,
    TRANSFORMER_WIDTH_MAX = 16384, /* of d, heads x d_head, d_hidden */
    TRANSFORMER_HEADS_MAX = 256,
    TRANSFORMER_WORDS_MAX = 1 << 18,
    TRANSFORMER_POSITIONS_MAX = 1 << 14,
    TRANSFORMER_SEGMENTS_MAX = 16,
    TRANSFORMER_CLASSES_MAX = 1 << 16,
    TRANSFORMER_CHANNELS_MAX = 16,
    TRANSFORMER_SIDE_MAX = 4096,
    TRANSFORMER_WEIGHTS_MAX = 1 << 30
};

enum transformer_task { TRANSFORMER_LANGUAGE, TRANSFORMER_CLASSES };
enum transformer_input { TRANSFORMER_WORDS, TRANSFORMER_PATCHES };
/* Rotary (Su et al. 2021, arXiv:2104.09864): of components (2i, 2i + 1), or of (i, i + d_head / 2). */
enum transformer_positions {
    TRANSFORMER_POSITIONS_LEARNED,
    TRANSFORMER_POSITIONS_ROTARY_PAIRS,
    TRANSFORMER_POSITIONS_ROTARY_HALVES
};
enum transformer_norm { TRANSFORMER_NORM_LAYER, TRANSFORMER_NORM_RMS };
enum transformer_order { TRANSFORMER_NORM_FIRST, TRANSFORMER_NORM_AFTER };
enum transformer_activation { TRANSFORMER_GELU_TANH, TRANSFORMER_GELU_ERF, TRANSFORMER_SWIGLU };
enum transformer_pool { TRANSFORMER_POOL_FIRST, TRANSFORMER_POOL_MEAN };

struct transformer_shape {
    enum transformer_task task; /* language: causal, one answer per token; classes: one per sample */
    enum transformer_input input;
    size_t n_layers, d;
    size_t n_heads, n_kv_heads, d_head; /* n_kv_heads divides n_heads */
    size_t d_hidden;
    size_t n_words;                          /* of words; patches: 0 */
    size_t n_positions;                      /* tokens of the longest sample, the class token included */
    size_t n_segments;                       /* kinds of segment of words; 0: none */
    size_t n_classes;                        /* of classes; language: 0 */
    size_t n_channels, height, width, patch; /* pixels; the patch divides both sides; words: 0 */
    enum transformer_positions positions;
    enum transformer_norm norm;
    enum transformer_order order;
    enum transformer_activation activation;
    enum transformer_pool pool; /* of classes */
    bool bias;                  /* of qkv, attention output and both hidden products; layer norms have one */
    bool norm_embedding, norm_last, class_token, pooler, tied, output_bias;
    double norm_epsilon, rotary_base;
};

/*
 * RS_INPUT, naming the member, where one is out of bounds or does not go with another: rotary positions need
 * an even d_head, tied output words, a class token patches; members of the other input are 0.
 */
enum rs_status transformer_shape_check(const struct transformer_shape *shape,
                                       struct rs_error *err) RS_MUST_CHECK;

size_t transformer_shape_n_patches(const struct transformer_shape *shape);
/* Inputs of a patch, in the order channel, row, column. */
size_t transformer_shape_patch_size(const struct transformer_shape *shape);
/* Which pixel of an image [n_channels][height][width] is an input of a patch; patches are in reading order.
 */
size_t transformer_shape_pixel(const struct transformer_shape *shape, size_t i_patch, size_t i_input);
/* Columns of the logits: words or classes. */
size_t transformer_shape_n_answers(const struct transformer_shape *shape);
/* Columns of q, k and v of one token, in this order, each head by head. */
size_t transformer_shape_qkv(const struct transformer_shape *shape);
/* Columns of the first hidden product: SwiGLU has the gate's d_hidden, then the others. */
size_t transformer_shape_hidden(const struct transformer_shape *shape);

/*
 * The kinds of weights, each a matrix [n_rows][n_columns] that multiplies a row of inputs from the right (as
 * GPT-2 stores them; the transpose of what torch's Linear stores). ENTRY(kind, name in files, once per layer)
 */
#define TRANSFORMER_WEIGHTS(ENTRY)                                                                           \
    ENTRY(WORD, "word", false)                     /* [n_words][d] */                                        \
    ENTRY(POSITION, "position", false)             /* [n_positions][d] */                                    \
    ENTRY(SEGMENT, "segment", false)               /* [n_segments][d] */                                     \
    ENTRY(CLASS_TOKEN, "class_token", false)       /* [1][d] */                                              \
    ENTRY(PATCH, "patch", false)                   /* [patch size][d] */                                     \
    ENTRY(PATCH_BIAS, "patch_bias", false)         /* [1][d] */                                              \
    ENTRY(NORM_EMBEDDING, "norm_embedding", false) /* [1 or 2][d]: scale, then bias of a layer norm */       \
    ENTRY(NORM_ATTENTION, "norm_attention", true)  /* the same */                                            \
    ENTRY(QKV, "qkv", true)                        /* [d][qkv] */                                            \
    ENTRY(QKV_BIAS, "qkv_bias", true)              /* [1][qkv] */                                            \
    ENTRY(ATTENTION_OUT, "attention_out", true)    /* [n_heads d_head][d] */                                 \
    ENTRY(ATTENTION_OUT_BIAS, "attention_out_bias", true) /* [1][d] */                                       \
    ENTRY(NORM_HIDDEN, "norm_hidden", true)               /* as norm_embedding */                            \
    ENTRY(HIDDEN, "hidden", true)                         /* [d][hidden] */                                  \
    ENTRY(HIDDEN_BIAS, "hidden_bias", true)               /* [1][hidden] */                                  \
    ENTRY(HIDDEN_OUT, "hidden_out", true)                 /* [d_hidden][d] */                                \
    ENTRY(HIDDEN_OUT_BIAS, "hidden_out_bias", true)       /* [1][d] */                                       \
    ENTRY(NORM_LAST, "norm_last", false)                  /* as norm_embedding */                            \
    ENTRY(POOLER, "pooler", false)                        /* [d][d] */                                       \
    ENTRY(POOLER_BIAS, "pooler_bias", false)              /* [1][d] */                                       \
    ENTRY(OUTPUT, "output", false)                        /* [d][answers]; tied: none, the words serve */    \
    ENTRY(OUTPUT_BIAS, "output_bias", false)              /* [1][answers] */

enum transformer_weights {
#define TRANSFORMER_WEIGHTS_ENUM(kind, name, per_layer) TRANSFORMER_##kind,
    TRANSFORMER_WEIGHTS(TRANSFORMER_WEIGHTS_ENUM)
#undef TRANSFORMER_WEIGHTS_ENUM
        TRANSFORMER_N_WEIGHTS
};

/* All weights are one flat array: what stands once, then layer after layer. */
struct transformer_layout {
    struct transformer_place {
        size_t n_rows, n_columns; /* 0: this model has none */
        size_t first;             /* of the array, or of the layer's block */
    } places[TRANSFORMER_N_WEIGHTS];
    size_t layers_first, layer_size, n_layers, n_weights;
};

/* Of a shape that was checked. */
struct transformer_layout transformer_shape_layout(const struct transformer_shape *shape);

const char *transformer_shape_weights_name(enum transformer_weights kind);
bool transformer_shape_per_layer(enum transformer_weights kind);

/* Where weights start in the flat array; `layer` counts only for those of layers. The model must have them.
 */
size_t transformer_shape_first(const struct transformer_layout *layout, enum transformer_weights kind,
                               size_t layer);

#endif
