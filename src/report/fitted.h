/*
 * A calibration file (docs/calibration.md 5) in memory: relations with their parameters and residuals, decks.
 * Only the file is read; what made it is not needed.
 */
#ifndef REPORT_FITTED_H
#define REPORT_FITTED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "io/store.h"
#include "rescore/status.h"

/* Bits of /parameter_flag. */
enum { FITTED_FIXED = 1, FITTED_AT_BOUND = 2, FITTED_NOT_IDENTIFIED = 4, FITTED_TEST = 8 };

/* Numbers of a relation, one dataset each: FIGURE(name), /relation_NAME. */
#define FITTED_FIGURE_LIST(FIGURE)                                                                           \
    FIGURE(chi_square)                                                                                       \
    FIGURE(degrees)                                                                                          \
    FIGURE(p)                                                                                                \
    FIGURE(error_factor)                                                                                     \
    FIGURE(condition)                                                                                        \
    FIGURE(evaluations)                                                                                      \
    FIGURE(at_bound)                                                                                         \
    FIGURE(rms)                                                                                              \
    FIGURE(p95)                                                                                              \
    FIGURE(largest)                                                                                          \
    FIGURE(relative_rms)                                                                                     \
    FIGURE(relative_p95)                                                                                     \
    FIGURE(relative_largest)                                                                                 \
    FIGURE(good)                                                                                             \
    FIGURE(is_test)                                                                                          \
    FIGURE(has_noise)

struct fitted_figures {
#define FITTED_MEMBER(name) double *name; /* [n_relations] */
    FITTED_FIGURE_LIST(FITTED_MEMBER)
#undef FITTED_MEMBER
};

struct fitted {
    struct store *store; /* open, for attributes */
    size_t n_stages, n_relations, n_parameters, n_decks, n_observations, n_slots;
    char **stage, **stage_summary, **stage_message; /* [n_stages] */
    char **relation, **relation_summary, **relation_unit, **relation_message,
        **relation_residuals; /* [n_relations] */
    struct fitted_figures figures;
    char **parameter, **unit, **meaning;                          /* [n_parameters] */
    double *value, *error, *lo95, *hi95, *start, *truth;          /* [n_parameters] */
    double *correlation;                                          /* [n_parameters]^2 */
    int32_t *parameter_relation, *parameter_flag;                 /* [n_parameters] */
    char **deck, **deck_sha256;                                   /* [n_decks] */
    int32_t *deck_good, *deck_stage;                              /* [n_decks] */
    double *left_out;                                             /* [n_relations][n_decks] */
    double *residual, *observed, *fit, *sigma, *load;             /* [n_observations] */
    int32_t *residual_relation, *residual_deck, *residual_column; /* [n_observations] */
    double *shift_amperes;                                        /* [n_slots], or NULL */
};

/* Whether a store says that it is a calibration. */
bool fitted_is_one(const struct store *store);

/* Reads it; takes the store, also on failure. RS_INPUT for arrays that are missing or do not fit together. */
enum rs_status fitted_read(struct store *store, struct fitted **out, struct rs_error *err) RS_MUST_CHECK;
void fitted_destroy(struct fitted *fitted);

#endif
