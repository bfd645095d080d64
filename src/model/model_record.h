/*
 * What every MODEL.h5 holds beside its model (model_file.h, transformer_file.h): where it comes from, code
 * scales and thresholds. Errors name the store's path and the dataset or attribute.
 */
#ifndef MODEL_MODEL_RECORD_H
#define MODEL_MODEL_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "io/store.h"

enum { MODEL_RECORD_VERSION = 1, MODEL_RECORD_TEXT_SIZE = 256 };

/* A view of the members of a file's structure; none is NULL, the tables they point to may be. */
struct model_record {
    const char *kind;
    char *task, *source, *git_commit, *threshold_method; /* [MODEL_RECORD_TEXT_SIZE] */
    uint64_t *seed;                                      /* at most 2^53, so that it survives as a number */
    double *test_error;                                  /* 0 ... 1 */
    size_t n_layers, n_heads, n_kv_heads;                /* of the tables */
    double **code_max_query, **code_max_key, **code_max_value; /* [n_layers][n_heads], [n_kv_heads] twice */
    double **threshold;                                        /* [n_layers][n_heads], NULL: none */
};

/* The view of a file's structure; all of them name these members alike. */
#define MODEL_RECORD(file, kind_, n_layers_, n_heads_, n_kv_heads_)                                          \
    ((struct model_record){.kind = (kind_),                                                                  \
                           .task = (file)->task,                                                             \
                           .source = (file)->source,                                                         \
                           .git_commit = (file)->git_commit,                                                 \
                           .threshold_method = (file)->threshold_method,                                     \
                           .seed = &(file)->seed,                                                            \
                           .test_error = &(file)->test_error,                                                \
                           .n_layers = (n_layers_),                                                          \
                           .n_heads = (n_heads_),                                                            \
                           .n_kv_heads = (n_kv_heads_),                                                      \
                           .code_max_query = &(file)->code_max_query,                                        \
                           .code_max_key = &(file)->code_max_key,                                            \
                           .code_max_value = &(file)->code_max_value,                                        \
                           .threshold = &(file)->threshold})

/* Format, version, kind, texts, seed and test_error; the tables' sizes need not be known yet. */
enum rs_status model_record_read_header(const struct store *store, const struct model_record *record,
                                        struct rs_error *err) RS_MUST_CHECK;
enum rs_status model_record_write_header(struct store *store, const struct model_record *record,
                                         struct rs_error *err) RS_MUST_CHECK;

/* /code_max_..., above 0, which must be there, and /threshold with its method, which may. The caller frees
 * them. */
enum rs_status model_record_read_tables(const struct store *store, const struct model_record *record,
                                        struct rs_error *err) RS_MUST_CHECK;
enum rs_status model_record_write_tables(struct store *store, const struct model_record *record,
                                         struct rs_error *err) RS_MUST_CHECK;

/* New code_max tables, all 0, in place of those there are. */
enum rs_status model_record_renew_codes(const struct model_record *record,
                                        struct rs_error *err) RS_MUST_CHECK;

/* An attribute of the root from 0 to `high`. */
enum rs_status model_record_read_measure(const struct store *store, const char *name, double high,
                                         double *value, struct rs_error *err) RS_MUST_CHECK;

/* A dataset of `n` finite numbers, whose shape was checked. */
enum rs_status model_record_read_weights(const struct store *store, const char *dataset, size_t n,
                                         float *weights, struct rs_error *err) RS_MUST_CHECK;

#endif
