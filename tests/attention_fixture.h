/* Attention layers for tests: options that turn every non-ideality off, until a test turns one on. */
#ifndef TESTS_ATTENTION_FIXTURE_H
#define TESTS_ATTENTION_FIXTURE_H

#include "attention/setup.h"

enum { FIXTURE_HEADS_MAX = 16 };

struct attention_fixture {
    struct array_options array;
    struct encoding_options encoding;
    struct comparator_options comparator;
    struct readout_options readout;
    struct prune_options prune;
    struct recompute_options recompute;
    struct device_options device;
    uint64_t seed;
    const struct cost_section *cost; /* the caller's; NULL: nothing is costed */
    struct attention_shape shape;
    double query_range[FIXTURE_HEADS_MAX], key_range[FIXTURE_HEADS_MAX], value_range[FIXTURE_HEADS_MAX];
    struct attention_setup setup;
};

/*
 * Defaults of all tables, but an ideal device and no wires, drivers or sense resistances; one layer, one
 * head, keys of d elements, n keys and queries, score_scale 1, ranges 127 (so that a code is its value).
 */
void attention_fixture_init(struct attention_fixture *fixture, size_t d, size_t n);

/* Makes fixture->setup with one threshold for all heads; setup_clear frees it. */
void attention_fixture_settle(struct attention_fixture *fixture, double threshold);

/* setup_init alone, for its errors. */
enum rs_status attention_fixture_try(struct attention_fixture *fixture, struct rs_error *err);

/* Sets one option as a user would: "encoding.bits", "6". */
void attention_fixture_set(struct attention_fixture *fixture, const char *key, const char *text);

#endif
