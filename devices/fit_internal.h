/* What the parts of fit.c share. */
#ifndef DEVICES_FIT_INTERNAL_H
#define DEVICES_FIT_INTERNAL_H

#include "devices/fit.h"

/* Adds a key to the block. */
struct fit_key *fit_add(struct fit_block *block, const char *name, enum quantity_unit unit, double value,
                        double error);
struct fit_key *fit_add_list(struct fit_block *block, const char *name, enum quantity_unit unit, int n,
                             const double *values, const double *errors);

/* The value of a key of the card, or 0. */
double fit_value(const struct fit_block *block, const char *name);

/* Says more about the block, for people. */
void fit_warn(struct fit_block *block, const char *format, ...) RS_PRINTF(2, 3);

/*
 * An estimate from the data without one block (skip -1: all of them). False where the data do not allow it.
 */
typedef bool fit_estimator(const struct fit *fit, int skip, void *context, double *values);

/* The estimate and its standard errors, from leaving out one block at a time. */
bool fit_jackknife(const struct fit *fit, fit_estimator *estimator, void *context, int n, double *values,
                   double *errors);

/* chi_square of so many degrees into the block, with a warning where it is improbable at 1 %. */
void fit_test(struct fit_block *block, double chi_square, double degrees);

void fit_current_voltage(struct fit *fit);
void fit_read_noise(struct fit *fit);
void fit_device_spread(struct fit *fit);
void fit_relaxation(struct fit *fit);
enum rs_status fit_programming(struct fit *fit, enum fit_choice programming,
                               struct rs_error *err) RS_MUST_CHECK;
void fit_temperature(struct fit *fit);

/* The law of relaxation with its figures. */
struct fit_relaxed {
    int kind;
    double values[3];
};

/* Estimates the figures of the fitted law again, without one block (-1: with all). */
bool fit_relaxation_again(const struct fit *fit, int skip, struct fit_relaxed *law);

/* What is left, ln_t = ln(t / t0) later (or earlier), of cells with this mean and variance at t0. */
void fit_relaxation_moments(const struct fit_relaxed *law, double ln_t, double mean_at_t0,
                            double variance_at_t0, double *mean, double *variance);

/*
 * Activation energy of ageing, eV, with its standard error; 0 and NAN where the data do not tell it, with a
 * warning in the block `temperature` where they could.
 */
double fit_retention(struct fit *fit, double *error);

/* ln of the factor by which cells age faster at level k of the temperature. */
double fit_retention_ln(const struct fit *fit, int k, double ev);

/* Quantiles of the errors at the states instead of a law; `errors` [n] by state, rising in each. */
void fit_empirical(struct fit *fit, const double *errors, const size_t *first_of_state);

#endif
