/*
 * A transformer's forward pass, one sample at a time, with the attention hook: what runs are made of. The
 * parts and their choices are those of transformer_shape.h. Products are our own (numeric/product.h) in
 * single precision; norms, activations and probabilities are computed in double, so that bits depend on the
 * kernel alone.
 */
#ifndef MODEL_TRANSFORMER_H
#define MODEL_TRANSFORMER_H

#include <stdint.h>

#include "base/kernel.h"
#include "model/attention_hook.h"
#include "model/transformer_shape.h"

/* One input, a view: words, or an image of 8 bits. What is not of its kind is NULL. */
struct transformer_sample {
    size_t n_words;          /* 1 ... n_positions; patches: 0 */
    const int32_t *words;    /* [n_words] */
    const int32_t *segments; /* [n_words], or NULL: all 0 */
    const uint8_t *image;    /* [n_channels][height][width], 0 ... 255 for -1 ... 1 */
    const int32_t *targets;  /* language: the right next words [n_words], -1: not counted; NULL: none */
    int32_t label;           /* classes: the right one, or -1 */
};

/* The value of a pixel as a patch's input: 0 ... 255 become -1 ... 1 (ViT's mean and deviation of 0.5). */
#define TRANSFORMER_PIXEL(byte) ((float)(byte) / 127.5f - 1)

struct transformer {
    struct transformer_shape shape;
    struct transformer_layout layout;
    float *weights;                    /* [layout.n_weights] */
    struct transformer_packed *packed; /* NULL until transformer_pack */
};

/* A model with weights 0. The caller clears it. RS_INPUT for a bad shape. */
enum rs_status transformer_init(struct transformer *model, const struct transformer_shape *shape,
                                struct rs_error *err) RS_MUST_CHECK;
void transformer_clear(struct transformer *model);

/* Takes the weights as they are now into the products of a kernel; before any run and after any change. */
enum rs_status transformer_pack(struct transformer *model, enum kernel kernel,
                                struct rs_error *err) RS_MUST_CHECK;

size_t transformer_n_tokens(const struct transformer_shape *shape, const struct transformer_sample *sample);

/* Room for one sample at a time; one per thread. The model must be packed and outlive it. */
struct transformer_workspace;
struct transformer_workspace *transformer_workspace_create(const struct transformer *model,
                                                           struct rs_error *err) RS_MUST_CHECK;
void transformer_workspace_destroy(struct transformer_workspace *workspace);

/* Start from {0}; `logits`, `counted_logits` and `likeliest` are the caller's. */
struct transformer_answer {
    float *logits;             /* [n_tokens][answers], or [1][answers] of classes; NULL: not wanted */
    float *counted_logits;     /* [n_counted][answers], of what is counted alone; NULL: not wanted */
    int32_t *likeliest;        /* [n_counted] the likeliest answers; NULL: not wanted */
    double nll;                /* sum of -ln(probability of the right answer), over what is counted */
    size_t n_counted, n_right; /* answers that are counted; those where the right one is the likeliest */
    int32_t best;              /* the likeliest class, or next word after the last token */
};

/*
 * Runs one sample. `hook` NULL: exact attention. It gets q and k as they enter their product, after biases
 * and rotation; layer l has the calls (l, 0) ... (l, n_kv_heads - 1), and query heads kv_head n_query_heads
 * ... share one. Fails only where the hook fails, with its status.
 */
enum rs_status transformer_run(const struct transformer *model, const struct transformer_sample *sample,
                               struct transformer_workspace *workspace, attention_hook *hook, void *context,
                               struct transformer_answer *answer, struct rs_error *err) RS_MUST_CHECK;

/* The factor on q.k: 1 / sqrt(d_head). */
double transformer_score_scale(const struct transformer_shape *shape);

#endif
