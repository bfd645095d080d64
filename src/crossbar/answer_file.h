/* The answer of `solve` (docs/interface.md 1). */
#ifndef CROSSBAR_ANSWER_FILE_H
#define CROSSBAR_ANSWER_FILE_H

#include "crossbar/network.h"

#define ANSWER_FILE_VERSION 1

/* ANSWER(name, value, its word in flag_meanings) */
#define ANSWER_FILE_STATUS_LIST(ANSWER)                                                                      \
    ANSWER(GOOD, 0, "good")                                                                                  \
    ANSWER(NOT_CONVERGED, 1, "not_converged")                                                                \
    ANSWER(TOLERANCE_MISSED, 2, "tolerance_missed")

enum answer_file_status {
#define ANSWER_FILE_ENUM(name, value, meaning) ANSWER_FILE_##name = value,
    ANSWER_FILE_STATUS_LIST(ANSWER_FILE_ENUM)
#undef ANSWER_FILE_ENUM
};

/* Everything is the caller's. */
struct answer_file {
    struct network network;
    enum network_solver solver;
    double tolerance_ratio;
    size_t n_vectors, iterations_max;
    const double *current;     /* [n_vectors][n_columns], amperes */
    const double *residual;    /* [n_vectors] */
    const double *error_bound; /* [n_vectors], of any current, in units of the tolerance; NAN: none */
    const int *status;         /* [n_vectors], enum answer_file_status */
    const double *transfer;    /* [n_rows][n_columns], siemens, or NULL */
    const double *bias;        /* [n_columns], amperes beside voltage x transfer, or NULL */
    const double *word_line;   /* [n_vectors][n_rows][n_columns], volts, or NULL */
    const double *bit_line;    /* likewise */
};

/* The word of a status in flag_meanings. */
const char *answer_file_meaning(enum answer_file_status status);

/* Writes `path` atomically. RS_CREATE or RS_IO; then nothing is left under that name. */
enum rs_status answer_file_write(const char *path, const struct answer_file *answer,
                                 struct rs_error *err) RS_MUST_CHECK;

#endif
