/*
 * MODEL.h5 of a transformer: weights, words, code scales, thresholds, calibration inputs and held-out test
 * items, so that an experiment needs nothing else.
 *
 *     root attributes    format = "rescore-model", version = 1, kind = "transformer", task (what it was
 *                        trained on), source, git_commit, seed, test_nll (mean -ln(probability) of the test
 *                        items' right answers), test_error (share of them that is not the likeliest)
 *     the shape          as attributes named like the members of struct transformer_shape: whole numbers
 *                        (0 or 1 for what is or is not there), norm_epsilon, rotary_base, and words for
 *                        choices: answers = words | classes, input = words | patches, positions = learned |
 *                        rotary-pairs | rotary-halves, norm = layer | rms, order = first | after,
 *                        activation = gelu-tanh | gelu-erf | swiglu, pool = first | mean
 *     /weights/NAME      float32 [row][column], or [layer][row][column] (names and shapes:
 *                        transformer_shape.h)
 *     /vocabulary        texts [word], where the model has words
 *     /code_max_query [layer][head], /code_max_key, /code_max_value [layer][kv head]     float64: the largest
 *                        magnitude of q, k, v in one exact float pass over the calibration items
 *                        (definitions 1)
 *     /threshold         float64 [layer][head], score units, with the attribute method; absent: none
 *     /calibration, /test     groups of packed items (transformer_items.h): word_offset, words, segments,
 *                        targets, labels, all int32; images uint8 [image][channel][row][column]
 */
#ifndef MODEL_TRANSFORMER_FILE_H
#define MODEL_TRANSFORMER_FILE_H

#include <stdint.h>

#include "io/store.h"
#include "model/model_record.h"
#include "model/transformer.h"
#include "model/transformer_items.h"

/* Start from {0}. Cleared by transformer_file_clear. */
struct transformer_file {
    char task[MODEL_RECORD_TEXT_SIZE], source[MODEL_RECORD_TEXT_SIZE], git_commit[MODEL_RECORD_TEXT_SIZE];
    uint64_t seed;               /* at most 2^53, so that it survives as a number */
    double test_nll, test_error; /* at least 0; 0 ... 1 */
    struct transformer model;
    char **vocabulary;                     /* [n_words], one block; NULL: of patches */
    double *code_max_query;                /* [n_layers][n_heads], above 0 */
    double *code_max_key, *code_max_value; /* [n_layers][n_kv_heads] */
    double *threshold;                     /* [n_layers][n_heads], or NULL */
    char threshold_method[MODEL_RECORD_TEXT_SIZE];
    struct transformer_items calibration, test;
    bool calibration_from_test; /* the first test items calibrate; not of files written here */
};

void transformer_file_clear(struct transformer_file *file);

/*
 * Reads and checks everything: the shape, sizes, finite weights, indices. RS_INPUT with the store's path and
 * the dataset or attribute otherwise. On failure `out` is {0}. Does not close the store, does not pack the
 * model.
 */
enum rs_status transformer_file_read(const struct store *store, struct transformer_file *out,
                                     struct rs_error *err) RS_MUST_CHECK;

/* Opens a path, reads it, closes it. */
enum rs_status transformer_file_open(const char *path, struct transformer_file *out,
                                     struct rs_error *err) RS_MUST_CHECK;

enum rs_status transformer_file_write(const char *path, const struct transformer_file *file,
                                      struct rs_error *err) RS_MUST_CHECK;

/*
 * Fills the code_max arrays, which it allocates, from one exact float pass over the calibration items. The
 * model must be packed. RS_INPUT, without the file's name, where that pass leaves the finite numbers.
 */
enum rs_status transformer_file_measure_codes(struct transformer_file *file,
                                              struct rs_error *err) RS_MUST_CHECK;

/* The same, and test_nll and test_error from the test items. */
enum rs_status transformer_file_measure(struct transformer_file *file, int n_threads,
                                        struct rs_error *err) RS_MUST_CHECK;

#endif
