/* Transformers as other programs store them: tensors under Hugging Face's names, and config.json. */
#ifndef TESTS_TENSORS_MODEL_H
#define TESTS_TENSORS_MODEL_H

#include "model/transformer.h"

enum { TENSORS_MAX = 64 };

struct named_tensor {
    char name[128];
    const char *type; /* "F32", "F16", "BF16" */
    int rank;
    size_t sizes[4], n;
    float *values; /* [n] */
};

struct named_tensors {
    size_t n;
    struct named_tensor tensors[TENSORS_MAX];
};

/* The number nearest to 0 from x that a type holds. */
float tensors_round(const char *type, float x);

/* A model's tensors as F32, by family (transformer_fixture.h: GPT2, BERT, VIT, LLAMA); prefix as "bert." or
 * "". */
void tensors_of(int family, const struct transformer *model, const char *prefix, struct named_tensors *out);
void tensors_clear(struct named_tensors *tensors);

struct named_tensor *tensors_add(struct named_tensors *tensors, const char *name, int rank,
                                 const size_t *sizes);
struct named_tensor *tensors_find(struct named_tensors *tensors, const char *name);
void tensors_drop(struct named_tensors *tensors, const char *name);

/* Writes them; F16 and BF16 by tensors_round. */
void tensors_write(const struct named_tensors *tensors, const char *path);

/* The config.json that goes with a family of the fixture. */
const char *tensors_config(int family);

#endif
