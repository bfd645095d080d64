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

/* Quantiles of the errors at the states instead of a law; `errors` [n] by state, rising in each. */
void fit_empirical(struct fit *fit, const double *errors, const size_t *first_of_state);

#endif
