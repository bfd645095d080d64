/* What a memory network is trained and tested on: four sets of stories and their words. */
#ifndef WORKLOAD_STORY_DATA_H
#define WORKLOAD_STORY_DATA_H

#include "tensor/story.h"
#include "workload/vocabulary.h"

enum { STORY_DATA_TEXT_SIZE = 256 };

struct story_data {
    char task[STORY_DATA_TEXT_SIZE], source[64];
    struct vocabulary vocabulary;
    size_t n_kinds;
    char **kinds;        /* [n_kinds], one block: what the kind of a story means */
    int n_sentences_max; /* of the longest story, or as long as a generated one may be */
    struct story_set training, validation, calibration, test;
};

/* How many stories of each set. Of files: at most so many, for training of each file; at most a tenth of the
 * training file for validation. */
struct story_data_sizes {
    size_t n_training, n_validation, n_calibration, n_test;
    int n_sentences_max; /* of a generated story */
};

/* Numbers of the first generated stories of a set; training and calibration start from 0. */
enum { STORY_DATA_VALIDATION_FIRST = 1 << 22, STORY_DATA_TEST_FIRST = 1 << 23 };

/*
 * Generated stories: a name of tales.h, `mixed` (its kinds 1, 2 and 15 in turn) or `joint` (all in turn).
 * RS_INPUT for any other name, with the nearest.
 */
enum rs_status story_data_generate(const char *task, uint64_t seed, const struct story_data_sizes *sizes,
                                   struct story_data *out, struct rs_error *err) RS_MUST_CHECK;

/*
 * A folder of bAbI files (babi.h), task "1" to "20" or `joint` (all that the folder holds). The last stories
 * of each training file validate and are not trained on. RS_INPUT for another task, files that are not there
 * or not well formed, or fewer than 20 training questions.
 */
enum rs_status story_data_read(const char *folder, const char *task, const struct story_data_sizes *sizes,
                               struct story_data *out, struct rs_error *err) RS_MUST_CHECK;

void story_data_clear(struct story_data *data);

#endif
