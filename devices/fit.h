/*
 * A device card from measured conductances: which law fits, its figures with standard errors, and how well.
 *
 * Order: current against voltage (then everything is turned into small-signal conductances), read noise, the
 * part of the spread that is the device's own, relaxation, programming error, temperature. Standard errors
 * come from the fit's covariance (programming error) or from leaving out one of MEASURED_BLOCKS parts of the
 * data at a time.
 */
#ifndef DEVICES_FIT_H
#define DEVICES_FIT_H

#include <stdbool.h>

#include "base/option.h"
#include "base/text.h"
#include "devices/law.h"
#include "devices/measured.h"
#include "numeric/goodness.h"

enum { FIT_KEYS_MAX = 10, FIT_NOTE_SIZE = 320 };

/* A key of a block of the card. */
struct fit_key {
    const char *name;
    enum quantity_unit unit;
    bool is_list;
    int n;
    double values[OPTION_REALS_MAX], errors[OPTION_REALS_MAX]; /* errors NAN: chosen, not estimated */
};

struct fit_block {
    const char *kind; /* NULL: not fitted */
    int n_keys;
    struct fit_key keys[FIT_KEYS_MAX];
    double chi_square, degrees, p;                       /* NAN: no such test */
    char note[FIT_NOTE_SIZE], warning[2][FIT_NOTE_SIZE]; /* empty: none */
};

/* One state at the reference conditions: measured and fitted. */
struct fit_state {
    double target_siemens, mean_siemens, mean_error, sigma_siemens, sigma_error; /* of the error */
    double fitted_mean, fitted_sigma;
    double degrees; /* of sigma */
    size_t n_writes;
};

enum fit_choice { FIT_AUTO, FIT_POLYNOMIAL, FIT_TABLE, FIT_EMPIRICAL };

struct fit {
    struct measured data; /* conductances as small-signal values once fitted */
    struct fit_block blocks[LAW_BLOCKS];
    int n_states;
    struct fit_state states[MEASURED_LEVELS_MAX];
    size_t n_residuals;
    double *residuals; /* rising: errors of programming in units of their fitted sigma */
    struct goodness_test kolmogorov, anderson_darling; /* of them */
    double g_min_siemens, g_max_siemens;
};

/* Fits what the data tell. `fit` is to be destroyed with fit_destroy; NULL after a failure. */
enum rs_status fit_create(const char *path, double read_volts, enum fit_choice programming, struct fit **out,
                          struct rs_error *err) RS_MUST_CHECK;
void fit_destroy(struct fit *fit);

/* Mean and sigma of the programming error that the fit gives at a target within the window. */
void fit_at(const struct fit *fit, double target_siemens, double *mean_siemens, double *sigma_siemens);

/*
 * Appends the card as YAML: every block with its source (the data file's name without folder, and its
 * SHA-256), standard errors and tests as comments.
 */
void fit_append_card(const struct fit *fit, const char *card_name, const char *data_name, const char *sha256,
                     struct text *out);

#endif
