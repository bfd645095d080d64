/*
 * The estimator that all stages share: parameters of one relation from its observations, with all that tells
 * how far to trust them.
 *
 * Curves: GSL's nonlinear least squares; a parameter that ends beyond a bound is put on it and the others are
 * fitted again. Errors: (J^T J)^-1, times chi-square/dof where that is above 1 and the sigmas are tolerances
 * (relation.h). Intervals: Student's t; for a logarithmic parameter on its logarithm. Probit: maximum
 * likelihood, profile intervals (Wald with a hysteresis). Spread: mean with Student's t, standard deviation
 * with chi-square; normal draws are assumed.
 */
#ifndef CALIB_ESTIMATE_H
#define CALIB_ESTIMATE_H

#include "calib/relation.h"
#include "rescore/status.h"

struct estimate_value {
    double value, error, lo95, hi95; /* errors of fixed values: 0; of one at a bound: NAN */
    double start;
    bool fixed;
    int bound; /* -1, 1: put on its lower, upper bound */
};

struct estimate {
    const struct relation *relation;
    struct estimate_value values[RELATION_PARAMETERS_MAX];
    double correlation[RELATION_PARAMETERS_MAX][RELATION_PARAMETERS_MAX]; /* NAN: of values not free */
    double chi_square, degrees, p;                                        /* Probit: deviance */
    double error_factor; /* that errors were enlarged by; 1: not */
    double condition;    /* of the slopes in scaled columns; NAN: does not apply */
    size_t n_evaluations, n_bound;
    bool identified;
    size_t n;                                            /* observations */
    double *fitted, *residual;                           /* [n]: model, observed less model */
    double rms, p95, largest;                            /* of |residual|, in the relation's unit */
    double relative_rms, relative_p95, relative_largest; /* ... over the rms of the observed values */
    size_t n_decks;
    double *left_out; /* [n_decks]: rms residual of a deck by a fit without it; NAN: no such fit */
};

struct estimate_settings {
    const struct relation_parameter *parameters; /* of the relation, with what a plan changes */
    double correlation_limit;                    /* above it two parameters count as one */
    size_t n_decks;                              /* observations name decks 0 ... n_decks - 1 */
};

/*
 * RS_INPUT: fewer observations than free parameters, a fixed sigma of a probit. RS_INCOMPLETE: does not
 * converge (then there is nothing but `identified` false), or parameters that the data do not determine: the
 * text names the pair and its correlation, and `out` holds the estimates all the same, `identified` false.
 * RS_INTERNAL: no memory. `out` is to be cleared in any case.
 */
enum rs_status estimate_compute(const struct relation *relation, const struct estimate_settings *settings,
                                const void *context, const struct observations *data, struct estimate *out,
                                struct rs_error *err) RS_MUST_CHECK;
void estimate_clear(struct estimate *estimate);

/* What the residuals of a relation are, in words. */
const char *estimate_residual_words(const struct relation *relation);

/* The pair of free values with the largest |correlation|; false where fewer than two are free. */
bool estimate_worst_pair(const struct estimate *estimate, size_t *one, size_t *other);

#endif
