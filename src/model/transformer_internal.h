/* What transformer.c makes and transformer_run.c uses. */
#ifndef MODEL_TRANSFORMER_INTERNAL_H
#define MODEL_TRANSFORMER_INTERNAL_H

#include "model/transformer.h"
#include "numeric/product.h"

struct transformer_packed {
    struct product **products; /* [n_layers][TRANSFORMER_N_WEIGHTS]; what stands once, in the first row */
    double *turns;             /* [n_positions][d_head / 2][2], rotary positions */
};

/* Tokens whose logits are computed at a time. */
enum { TRANSFORMER_BLOCK = 64 };

struct transformer_workspace {
    float *x;          /* [n_positions][d] */
    float *normed;     /* the same */
    float *patches;    /* [n_patches][patch size] */
    float *qkv;        /* [n_positions][qkv] */
    float *mixed;      /* [n_positions][n_heads d_head] */
    float *hidden;     /* [n_positions][hidden] */
    float *q, *output; /* [query heads of a kv head][n_positions][d_head] */
    float *k, *v;      /* [n_positions][d_head] */
    float *pooled;     /* [2][d] */
    float *logits;     /* [TRANSFORMER_BLOCK][answers] */
    double *row;       /* [answers] */
    double *scratch;   /* [n_positions + d_head] */
};

#endif
