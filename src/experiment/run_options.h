/* The options of the workload and of the Monte-Carlo loop. */
#ifndef EXPERIMENT_RUN_OPTIONS_H
#define EXPERIMENT_RUN_OPTIONS_H

#include "base/option.h"

enum workload_kind {
    WORKLOAD_MEMN2N,
    WORKLOAD_QKV,
    WORKLOAD_STORIES,
    WORKLOAD_BABI,
    WORKLOAD_TRANSFORMER,
    WORKLOAD_LLAMA2C,
    WORKLOAD_SAFETENSORS
};

struct workload_options {
    int kind; /* of enum workload_kind */
    char file[OPTION_TEXT_SIZE];
    char tokenizer[OPTION_TEXT_SIZE], calibration_text[OPTION_TEXT_SIZE];            /* "": none */
    char shape[OPTION_TEXT_SIZE], items[OPTION_TEXT_SIZE];                           /* "": none */
    char text[OPTION_TEXT_SIZE], images[OPTION_TEXT_SIZE], labels[OPTION_TEXT_SIZE]; /* "": none */
    char task[OPTION_TEXT_SIZE]; /* of stories, bAbI files or embedded transformers; "": the first */
    int64_t samples;             /* 0: all */
};

enum monte_carlo_mode { MONTE_CARLO_SAMPLE, MONTE_CARLO_LAW, MONTE_CARLO_LAW_FULL };

struct monte_carlo_options {
    int64_t trials, seed;
    int mode; /* of enum monte_carlo_mode */
};

extern const struct option_table run_options_workload, run_options_monte_carlo;

/* The word that workload.kind has in a configuration. */
const char *run_options_kind_name(const struct workload_options *workload);

/* workload.shape, or config.json beside workload.file. False where that path is too long. */
bool run_options_shape_path(const struct workload_options *workload, char path[OPTION_TEXT_SIZE]);

#endif
