/* Small transformers of every family, with random weights, and inputs for them. */
#ifndef TESTS_TRANSFORMER_FIXTURE_H
#define TESTS_TRANSFORMER_FIXTURE_H

#include "model/transformer.h"
#include "model/transformer_items.h"

enum { FAMILY_GPT2, FAMILY_BERT, FAMILY_VIT, FAMILY_LLAMA, FAMILY_LLAMA2C, FAMILY_OTHER, N_FAMILIES };

extern const char *const family_names[N_FAMILIES];

/* FAMILY_OTHER: what the others lack (RMS norm after, pooled mean, rotary encoder, two kv heads). */
struct transformer_shape family_shape(int family);

/* [n_weights]; norms' scales lie around 1. The caller frees. */
double *random_weights(const struct transformer_shape *shape, uint64_t seed);

/* A packed model with those weights rounded. */
void random_transformer(int family, uint64_t seed, struct transformer *model);

/* Inputs and what is right about them; words of every length from 1, some targets -1. */
enum { N_SAMPLES = 4 };
struct random_samples {
    int32_t words[N_SAMPLES][16], segments[N_SAMPLES][16], targets[N_SAMPLES][16];
    uint8_t images[N_SAMPLES][256];
    struct transformer_sample samples[N_SAMPLES];
    size_t n_tokens;
};
void random_samples(const struct transformer_shape *shape, uint64_t seed, struct random_samples *out);

/* The same as a set, which the caller clears. */
void random_items(const struct transformer_shape *shape, uint64_t seed, struct transformer_items *items);

#endif
