/*
 * Inputs of a transformer packed end to end, as trainers make them and model files hold them: words of any
 * length with the right next word of each, or images, and labels.
 */
#ifndef MODEL_TRANSFORMER_ITEMS_H
#define MODEL_TRANSFORMER_ITEMS_H

#include "io/store.h"
#include "model/transformer.h"

/* Words or pixels of one set; a file that claims more is refused before anything is allocated. */
enum { TRANSFORMER_ITEMS_MAX = 1 << 28 };

/* Start from {0}. What a kind of model has no use for is NULL. */
struct transformer_items {
    size_t n_samples, n_words;
    int32_t *word_offset; /* words: [n_samples + 1] */
    int32_t *words;       /* words: [n_words] */
    int32_t *segments;    /* words with segments: [n_words] */
    int32_t *targets;     /* language: [n_words], -1: not counted */
    uint8_t *images;      /* patches: [n_samples][n_channels][height][width] */
    int32_t *labels;      /* classes: [n_samples] */
};

/* A set with room for these counts, all entries 0, for the arrays that a model of `shape` needs. RS_INTERNAL
 * without memory; then, and after transformer_items_clear, it is {0}. */
enum rs_status transformer_items_init(struct transformer_items *items, const struct transformer_shape *shape,
                                      size_t n_samples, size_t n_words, struct rs_error *err) RS_MUST_CHECK;
void transformer_items_clear(struct transformer_items *items);

/* The view of sample `index`; valid while the set lives unchanged. */
struct transformer_sample transformer_items_sample(const struct transformer_items *items,
                                                   const struct transformer_shape *shape, size_t index);

/* Sums over a set, in the order of its samples. */
struct transformer_score {
    double nll;
    size_t n_counted, n_right;
    int64_t n_kept, n_visible; /* pairs of query and key, where thresholds prune */
};

/* Runs all samples with exact attention. The same for any number of threads. RS_INTERNAL without memory. */
enum rs_status transformer_items_test(const struct transformer *model, const struct transformer_items *items,
                                      int n_threads, struct transformer_score *score,
                                      struct rs_error *err) RS_MUST_CHECK;

/* The same with hard thresholds [layer][head] in score units (attention_hook_pruned). */
enum rs_status transformer_items_test_pruned(const struct transformer *model,
                                             const struct transformer_items *items, const double *thresholds,
                                             int n_threads, struct transformer_score *score,
                                             struct rs_error *err) RS_MUST_CHECK;

/*
 * Reads and checks a group. RS_INPUT with the place otherwise, also for sizes beyond reason; then `out` is
 * {0}.
 */
enum rs_status transformer_items_read(const struct store *store, const char *group,
                                      const struct transformer_shape *shape, struct transformer_items *out,
                                      struct rs_error *err) RS_MUST_CHECK;
/*
 * The same of a group that a user made: without targets, the right answer to a word is the next one of its
 * sample; without segments, all are 0.
 */
enum rs_status transformer_items_read_made(const struct store *store, const char *group,
                                           const struct transformer_shape *shape,
                                           struct transformer_items *out, struct rs_error *err) RS_MUST_CHECK;

/* Whether a group has any of the datasets of items. */
bool transformer_items_exist(const struct store *store, const char *group);

/* A set of its own with the first 1 ... n_samples of another; `out` starts from {0}. RS_INTERNAL without
 * memory. */
enum rs_status transformer_items_copy(const struct transformer_items *items,
                                      const struct transformer_shape *shape, size_t n_samples,
                                      struct transformer_items *out, struct rs_error *err) RS_MUST_CHECK;

enum rs_status transformer_items_write(struct store *store, const char *group,
                                       const struct transformer_shape *shape,
                                       const struct transformer_items *items,
                                       struct rs_error *err) RS_MUST_CHECK;

#endif
