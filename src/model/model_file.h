/*
 * MODEL.h5: a trained model with its vocabulary, code scales, calibration inputs and held-out test items, so
 * that an experiment needs nothing else.
 *
 *     root attributes    format = "rescore-model", version = 1, kind = "memn2n", task, n_hops, d,
 * n_sentence_words, n_empty (0 where missing), seed, test_error (fraction of the test items answered wrong by
 * the float model), source, git_commit
 *     /embedding         float32 [level][word][component]      level 0 ... n_hops
 *     /time              float32 [level][memory][component]
 *     /vocabulary        texts [word]
 *     /kinds             texts: what the kind of an item means
 *     /code_max_query, /code_max_key, /code_max_value          float64 [layer][head]: the largest magnitude
 * of q, k, v in one exact float pass over the calibration items (definitions 1) /calibration, /test   groups
 * of packed items (tensor/story.h): sentence_offset, word_offset, words, question_offset, question, answer,
 * kind, n_facts, all int32
 *     /threshold         float64 [layer][head], score units, with the attribute method (learned); absent:
 *                        none
 */
#ifndef MODEL_MODEL_FILE_H
#define MODEL_MODEL_FILE_H

#include <stdint.h>

#include "io/store.h"
#include "model/memn2n.h"
#include "model/model_record.h"
#include "tensor/story.h"

enum { MODEL_FILE_KINDS_MAX = 256 };

/* Start from {0}. Cleared by model_file_clear. */
struct model_file {
    char task[MODEL_RECORD_TEXT_SIZE], source[MODEL_RECORD_TEXT_SIZE], git_commit[MODEL_RECORD_TEXT_SIZE];
    uint64_t seed;     /* at most 2^53, so that it survives as a number */
    double test_error; /* 0 ... 1 */
    struct memn2n model;
    size_t n_kinds;
    char **kinds;                                           /* [n_kinds], one block */
    double *code_max_query, *code_max_key, *code_max_value; /* [n_hops][1], above 0 */
    double *threshold;                                      /* [n_hops][1], or NULL */
    char threshold_method[MODEL_RECORD_TEXT_SIZE];
    struct story_set calibration, test;
};

void model_file_clear(struct model_file *file);

/*
 * Reads and checks everything: shapes, finite weights, word indices, lengths. RS_INPUT with the store's path
 * and the dataset or attribute otherwise, also for sizes beyond reason. On failure `out` is {0}. Does not
 * close the store.
 */
enum rs_status model_file_read(const struct store *store, struct model_file *out,
                               struct rs_error *err) RS_MUST_CHECK;

/* Opens a path, reads it, closes it. */
enum rs_status model_file_open(const char *path, struct model_file *out, struct rs_error *err) RS_MUST_CHECK;

enum rs_status model_file_write(const char *path, const struct model_file *file,
                                struct rs_error *err) RS_MUST_CHECK;

/* Fills the three code_max arrays, which it allocates, from the calibration items. */
enum rs_status model_file_measure_codes(struct model_file *file, struct rs_error *err) RS_MUST_CHECK;

#endif
