/*
 * The file format of the bAbI tasks (Weston et al. 2015, arXiv:1502.05698): numbered lines, a number of 1
 * starts a story; a line with a tab is a question about all sentences of its story so far, then its answer,
 * then the numbers of the lines that it takes.
 *
 *     1 Mary moved to the bathroom.
 *     2 Where is Mary? <tab>bathroom<tab>1
 *
 * Words are lower case without . , ? !; an answer of several words joined by commas is one word.
 */
#ifndef WORKLOAD_BABI_H
#define WORKLOAD_BABI_H

#include "tensor/story.h"
#include "workload/vocabulary.h"

enum { BABI_TASKS = 20, BABI_SENTENCE_WORDS_MAX = 64, BABI_BYTES_MAX = 1 << 28, BABI_PATH_SIZE = 1024 };

/*
 * Reads the questions of a text of n_bytes, whose bytes[n_bytes] is 0, as stories of `kind`. New words are
 * added to the vocabulary. RS_INPUT with "PATH:LINE:COLUMN: error: ..." for a line that is neither, a number
 * that does not follow, a question before any sentence, an answer or sentence without a word, or a text
 * without a question; then `out` is {0}.
 */
enum rs_status babi_parse(const char *path, const char *bytes, size_t n_bytes, int32_t kind,
                          struct vocabulary *vocabulary, struct story_set *out,
                          struct rs_error *err) RS_MUST_CHECK;

/* The two files of one task: FOLDER/qaN_NAME_train.txt and _test.txt; name: "qaN_NAME". */
struct babi_files {
    char train[BABI_PATH_SIZE], test[BABI_PATH_SIZE], name[256];
};

/*
 * Looks for task N's files in a folder; not found: neither is there. RS_IO when the folder cannot be read,
 * RS_INPUT where one is missing or there are several.
 */
enum rs_status babi_find(const char *folder, int task, struct babi_files *out, bool *found,
                         struct rs_error *err) RS_MUST_CHECK;

#endif
