/*
 * Error left after programming, at the reference conditions: its mean and standard deviation at each state,
 * less what read noise, devices and relaxation explain; both as weighted polynomials of the state whose
 * degree has the lowest Akaike criterion (corrected for few states), or as a table where none passes its
 * chi-square test at 1 %, or as quantiles where the errors are not Gaussian.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "devices/fit_internal.h"
#include "numeric/least_squares.h"

enum { DEGREE_MAX = 4 };
static const double improbable = 0.01; /* level of all tests here */

struct polynomial {
    int n; /* coefficients; 0: zero everywhere */
    double c[DEGREE_MAX + 1], errors[DEGREE_MAX + 1], chi_square, degrees, criterion;
};

/* Errors of one state before they are standardised. */
struct sample {
    double *errors; /* [n], of writes; for known devices as distances from the device's mean */
    size_t n;
};

static double evaluate(const struct polynomial *fitted, double x)
{
    double sum = 0;
    for (int k = fitted->n - 1; k >= 0; k--)
        sum = sum * x + fitted->c[k];
    return sum;
}

/* --- states --- */

struct writes { /* of one state */
    double n, mean, squares, inverse_reads, n_devices, within, between_mean;
};

/* Mean, squares about it, and squares about the means of devices. */
static struct writes sum_writes(const struct measured *data, size_t first, size_t end, int skip)
{
    struct writes w = {0};
    double n = 0, mean = 0;
    int device = -2;
    for (size_t i = first; i < end; i++) {
        const struct measured_group *group = &data->groups[i];
        if (group->block == skip || !measured_is_reference(data, group, -1))
            continue;
        double off = group->mean_siemens - w.mean;
        w.n++;
        w.mean += off / w.n;
        w.squares += off * (group->mean_siemens - w.mean);
        w.inverse_reads += 1 / (double)group->n_reads;
        if (group->device != device)
            n = mean = 0;
        w.n_devices += n == 0;
        device = group->device;
        off = group->mean_siemens - mean;
        n++;
        mean += off / n;
        w.within += off * (group->mean_siemens - mean);
    }
    w.inverse_reads /= w.n;
    return w;
}

static bool knows_devices(const struct fit *fit)
{
    return fit->blocks[LAW_DEVICE].kind != NULL;
}

static void settle_state(const struct fit *fit, int k, const struct writes *w, struct fit_state *state)
{
    double target = fit->data.levels[MEASURED_STATE].values[k], tiny = 1e-9 * fit->g_max_siemens;
    double read = fit_value(&fit->blocks[LAW_READ_NOISE], "ratio") * w->mean;
    double relaxed = fit_value(&fit->blocks[LAW_RELAXATION], "sigma");
    double degrees = knows_devices(fit) ? w->n - w->n_devices : w->n - 1;
    double measured = (knows_devices(fit) ? w->within : w->squares) / degrees;
    double own = measured - read * read * w->inverse_reads - relaxed * relaxed;
    double error = sqrt(2 / degrees) * measured; /* of the variance */
    double of_mean = sqrt(w->squares / (w->n - 1) / w->n);
    if (knows_devices(fit)) /* a device's writes share its error */
        of_mean = sqrt(fmax(w->squares - w->within, 0) / (w->n_devices - 1) / w->n);
    *state = (struct fit_state){
        .target_siemens = target,
        .mean_siemens = w->mean - target,
        .mean_error = fmax(of_mean, tiny),
        .sigma_siemens = sqrt(fmax(own, 0)) / (1 - 0.25 / degrees),
        .degrees = degrees,
        .n_writes = (size_t)w->n,
    };
    state->sigma_error = fmax(own * own > error * error ? error / (2 * sqrt(own)) : sqrt(error), tiny);
}

static size_t end_of_state(const struct measured *data, size_t first)
{
    size_t end = first;
    while (end < data->n_groups &&
           data->groups[end].level[MEASURED_STATE] == data->groups[first].level[MEASURED_STATE])
        end++;
    return end;
}

/* states [MEASURED_LEVELS_MAX], without the writes of block `skip` (-1: none); false: too few are left. */
static bool collect_states(const struct fit *fit, int skip, struct fit_state *states)
{
    int k = 0;
    bool enough = true;
    for (size_t first = 0, end; first < fit->data.n_groups; first = end, k++) {
        end = end_of_state(&fit->data, first);
        const struct writes w = sum_writes(&fit->data, first, end, skip);
        enough = enough && w.n >= 3 && (!knows_devices(fit) || w.n_devices >= 3);
        settle_state(fit, k, &w, &states[k]);
    }
    return enough;
}

/* --- polynomials --- */

struct states {
    const struct fit_state *states;
    int n;
    double g_max_siemens;
};

static void fill_design(const struct states *states, int n, double *design)
{
    for (int k = 0; k < states->n; k++)
        for (int i = 0; i < n; i++)
            design[k * n + i] = pow(states->states[k].target_siemens / states->g_max_siemens, i);
}

/* The weights of standard deviations go by the fitted ones: with the measured ones, low values would get
 * more.
 */
static bool fit_degree(const struct states *given, bool of_sigma, int n, struct polynomial *out)
{
    enum { ROUNDS = 20 };
    double design[MEASURED_LEVELS_MAX * (DEGREE_MAX + 1)], y[MEASURED_LEVELS_MAX],
        weights[MEASURED_LEVELS_MAX], covariance[(DEGREE_MAX + 1) * (DEGREE_MAX + 1)] = {0};
    int states = given->n, spare = states - n - 1;
    double logarithms = 0;
    *out = (struct polynomial){.n = n, .degrees = states - n};
    if (spare < 1)
        return false;
    fill_design(given, n, design);
    for (int round = 0; round < (of_sigma ? ROUNDS : 1); round++) {
        logarithms = out->chi_square = 0;
        for (int k = 0; k < states; k++) {
            const struct fit_state *state = &given->states[k];
            double error = of_sigma ? state->sigma_error : state->mean_error;
            y[k] = of_sigma ? state->sigma_siemens : state->mean_siemens;
            if (round > 0 && y[k] > 0) {
                double fitted = evaluate(out, state->target_siemens / given->g_max_siemens);
                error *= fmax(fitted / y[k], 0.05);
            }
            weights[k] = 1 / (error * error);
            logarithms -= log(weights[k]);
            out->chi_square += weights[k] * y[k] * y[k];
        }
        if (n > 0 && !least_squares_linear((size_t)states, (size_t)n, design, y, weights, out->c, covariance,
                                           &out->chi_square))
            return false;
    }
    for (int i = 0; i < n; i++)
        out->errors[i] = sqrt(covariance[i * n + i]);
    out->criterion = out->chi_square + logarithms + 2.0 * n + 2.0 * n * (n + 1) / spare;
    return true;
}

static bool is_positive(const struct polynomial *fitted, const struct fit *fit)
{
    enum { STEPS = 200 };
    double low = fit->g_min_siemens / fit->g_max_siemens;
    for (int i = 0; i <= STEPS; i++)
        if (!(evaluate(fitted, low + (1 - low) * i / STEPS) > 0))
            return false;
    return true;
}

/* The best polynomial that fits; false: none does. `best` is then the best that does not, if any. */
static bool pick_polynomial(const struct fit *fit, bool of_sigma, struct polynomial *best)
{
    const struct states states = {fit->states, fit->n_states, fit->g_max_siemens};
    struct polynomial trial;
    bool found = false;
    *best = (struct polynomial){.criterion = (double)INFINITY};
    for (int n = of_sigma; n <= DEGREE_MAX + 1; n++) {
        if (!fit_degree(&states, of_sigma, n, &trial) || (of_sigma && !is_positive(&trial, fit)))
            continue;
        bool fits = goodness_chi_square(trial.chi_square, trial.degrees) >= improbable;
        if (fits == found ? trial.criterion < best->criterion : fits) {
            *best = trial;
            found = fits;
        }
    }
    return found;
}

/* Means of few writes: the fitted sigma tells their errors better than their own spread does. */
static void smooth_errors(struct fit *fit, const struct polynomial *sigma)
{
    for (int k = 0; k < fit->n_states && !knows_devices(fit); k++) {
        struct fit_state *state = &fit->states[k];
        double fitted = evaluate(sigma, state->target_siemens / fit->g_max_siemens);
        if (state->sigma_siemens > 0)
            state->mean_error *= fmin(fmax(fitted / state->sigma_siemens, 0.2), 5);
    }
}

/* --- a mean that devices shift --- */

struct shifted {
    int n;
    struct fit_state states[MEASURED_LEVELS_MAX];
};

static bool estimate_mean(const struct fit *fit, int skip, void *context, double *values)
{
    struct shifted *shifted = context;
    const struct states states = {shifted->states, fit->n_states, fit->g_max_siemens};
    struct polynomial mean;
    if (!collect_states(fit, skip, shifted->states) || !fit_degree(&states, false, shifted->n, &mean))
        return false;
    for (int i = 0; i < shifted->n; i++)
        values[i] = mean.c[i];
    return true;
}

/* A device shifts all its states alike: the errors of their means are not independent, as the fit takes them.
 */
static void widen_errors(const struct fit *fit, struct polynomial *mean)
{
    struct shifted shifted = {.n = mean->n};
    double values[DEGREE_MAX + 1];
    if (fit->data.has_device && mean->n > 0)
        fit_jackknife(fit, estimate_mean, &shifted, mean->n, values, mean->errors);
}

/* --- blocks of the card --- */

static double reference_time(const struct fit *fit)
{
    return fit->data.levels[MEASURED_TIME].values[0];
}

static void write_polynomial(struct fit *fit, const struct polynomial *sigma, const struct polynomial *mean)
{
    struct fit_block *block = &fit->blocks[LAW_PROGRAMMING];
    block->kind = "polynomial";
    fit_add(block, "g_reference", QUANTITY_SIEMENS, fit->g_max_siemens, (double)NAN);
    fit_add_list(block, "sigma", QUANTITY_SIEMENS, sigma->n, sigma->c, sigma->errors);
    if (mean->n > 0)
        fit_add_list(block, "mean", QUANTITY_SIEMENS, mean->n, mean->c, mean->errors);
    fit_test(block, sigma->chi_square + mean->chi_square, sigma->degrees + mean->degrees);
    for (int k = 0; k < fit->n_states; k++) {
        double x = fit->states[k].target_siemens / fit->g_max_siemens;
        fit->states[k].fitted_sigma = evaluate(sigma, x);
        fit->states[k].fitted_mean = evaluate(mean, x);
    }
    snprintf(block->note, sizeof block->note, "sigma of degree %d, mean %s%.0d, by the lowest AICc",
             sigma->n - 1, mean->n > 0 ? "of degree " : "zero", mean->n > 1 ? mean->n - 1 : 0);
    if (mean->n == 1)
        snprintf(block->note, sizeof block->note,
                 "sigma of degree %d, one mean for all states, by the lowest AICc", sigma->n - 1);
}

static void write_table(struct fit *fit, const char *why)
{
    struct fit_block *block = &fit->blocks[LAW_PROGRAMMING];
    double states[MEASURED_LEVELS_MAX], sigma[MEASURED_LEVELS_MAX], sigma_error[MEASURED_LEVELS_MAX],
        mean[MEASURED_LEVELS_MAX], mean_error[MEASURED_LEVELS_MAX];
    for (int k = 0; k < fit->n_states; k++) {
        struct fit_state *state = &fit->states[k];
        states[k] = state->target_siemens;
        sigma[k] = state->fitted_sigma = state->sigma_siemens;
        sigma_error[k] = state->sigma_error;
        mean[k] = state->fitted_mean = state->mean_siemens;
        mean_error[k] = state->mean_error;
    }
    block->kind = "table";
    fit_add_list(block, "states", QUANTITY_SIEMENS, fit->n_states, states, NULL);
    fit_add_list(block, "sigma", QUANTITY_SIEMENS, fit->n_states, sigma, sigma_error);
    fit_add_list(block, "mean", QUANTITY_SIEMENS, fit->n_states, mean, mean_error);
    snprintf(block->note, sizeof block->note, "%s", why);
}

/* --- residuals --- */

static int compare(const void *one, const void *other)
{
    double a = *(const double *)one, b = *(const double *)other;
    return a < b ? -1 : a > b;
}

/* Errors of writes at one state; with known devices about each device's mean, widened to the write's own. */
static size_t collect_errors(const struct fit *fit, size_t first, size_t end, double *errors)
{
    const struct measured *data = &fit->data;
    int state = data->groups[first].level[MEASURED_STATE];
    double target = fit->states[state].target_siemens, mean_error = fit->states[state].mean_siemens;
    size_t n = 0, from = 0;
    int device = -2;
    for (size_t i = first; i <= end; i++) {
        const struct measured_group *group = &data->groups[i];
        if (i < end && !measured_is_reference(data, group, -1))
            continue;
        if (knows_devices(fit) && (i == end || group->device != device)) {
            double mean = 0, count = (double)(n - from);
            for (size_t k = from; k < n; k++)
                mean += errors[k] / count;
            for (size_t k = from; k < n && count > 1; k++)
                errors[k] = mean_error + (errors[k] - mean) * sqrt(count / (count - 1));
            n = count > 1 ? n : from; /* a device written once has no distance */
            from = n;
        }
        if (i == end)
            break;
        device = group->device;
        errors[n++] = group->mean_siemens - target;
    }
    return n;
}

/* Sorts the errors of each state into `errors` and all of them, standardised, into fit->residuals. */
static void standardise(struct fit *fit, double *errors, size_t *first_of_state)
{
    const struct measured *data = &fit->data;
    double read = fit_value(&fit->blocks[LAW_READ_NOISE], "ratio");
    double relaxed = fit_value(&fit->blocks[LAW_RELAXATION], "sigma");
    size_t n = 0;
    for (size_t first = 0, end; first < data->n_groups; first = end) {
        end = end_of_state(data, first);
        int k = data->groups[first].level[MEASURED_STATE];
        const struct fit_state *state = &fit->states[k];
        const struct writes w = sum_writes(data, first, end, -1);
        double noise = read * w.mean;
        double sigma = sqrt(state->fitted_sigma * state->fitted_sigma + noise * noise * w.inverse_reads +
                            relaxed * relaxed);
        first_of_state[k] = n;
        size_t here = collect_errors(fit, first, end, errors + n);
        qsort(errors + n, here, sizeof *errors, compare);
        for (size_t i = n; i < n + here; i++)
            fit->residuals[i] = sigma > 0 ? (errors[i] - state->fitted_mean) / sigma : 0;
        n += here;
    }
    first_of_state[fit->n_states] = n;
    qsort(fit->residuals, n, sizeof *fit->residuals, compare);
    fit->n_residuals = n;
    fit->kolmogorov = goodness_kolmogorov(fit->residuals, n);
    fit->anderson_darling = goodness_anderson_darling(fit->residuals, n);
}

static bool has_spread(const struct fit *fit)
{
    for (int k = 0; k < fit->n_states; k++)
        if (fit->states[k].sigma_siemens > 1e-9 * fit->g_max_siemens)
            return true;
    return false;
}

static void note_reference(struct fit *fit)
{
    struct fit_block *block = &fit->blocks[LAW_PROGRAMMING];
    size_t used = strlen(block->note);
    double seconds = reference_time(fit);
    if (!isnan(seconds))
        snprintf(block->note + used, sizeof block->note - used, "; at %.4g s after the write", seconds);
}

enum rs_status fit_programming(struct fit *fit, enum fit_choice choice, struct rs_error *err)
{
    /* Half a standard error of a quantile of 10,000 cells: less than what the law's use could notice. */
    const double noticeable = 0.02;
    struct fit_block *block = &fit->blocks[LAW_PROGRAMMING];
    struct polynomial sigma, mean;
    double *errors = memory_allocate(fit->data.n_groups + 1, sizeof *errors, err);
    size_t *first = memory_allocate(MEASURED_LEVELS_MAX + 1, sizeof *first, err);
    fit->residuals = memory_allocate(fit->data.n_groups + 1, sizeof *fit->residuals, err);
    enum rs_status status = errors != NULL && first != NULL && fit->residuals != NULL ? RS_OK : RS_INTERNAL;
    if (status != RS_OK)
        goto done;
    fit->n_states = fit->data.levels[MEASURED_STATE].n;
    collect_states(fit, -1, fit->states);
    bool fits = pick_polynomial(fit, true, &sigma);
    if (fits)
        smooth_errors(fit, &sigma);
    fits = pick_polynomial(fit, false, &mean) && fits;
    if (choice == FIT_POLYNOMIAL && (isinf(sigma.criterion) || isinf(mean.criterion))) {
        status = rs_fail(err, RS_INPUT, "no polynomial with a positive sigma; %d states found, 3 expected",
                         fit->n_states);
        goto done;
    }
    widen_errors(fit, &mean);
    if (choice == FIT_POLYNOMIAL || (choice != FIT_TABLE && fits))
        write_polynomial(fit, &sigma, &mean);
    else
        write_table(fit, !has_spread(fit)    ? "a table: the writes of a state do not differ"
                         : fit->n_states < 3 ? "a table: fewer than 3 states"
                         : choice == FIT_AUTO
                             ? "a table: no polynomial up to degree 4 passes chi-square at 1 %"
                             : "a table, as asked for");
    standardise(fit, errors, first);
    if (!has_spread(fit)) /* nothing to test */
        fit->kolmogorov = fit->anderson_darling = (struct goodness_test){(double)NAN, (double)NAN};
    bool is_normal = fit->anderson_darling.p >= improbable || fit->kolmogorov.statistic < noticeable;
    if (choice == FIT_EMPIRICAL || (choice == FIT_AUTO && !is_normal && has_spread(fit)))
        fit_empirical(fit, errors, first);
    else if (fit->anderson_darling.p < improbable)
        fit_warn(block, "the errors are not normal: Anderson-Darling p = %.2g, largest distance %.3g",
                 fit->anderson_darling.p, fit->kolmogorov.statistic);
    note_reference(fit);
done:
    free(errors);
    free(first);
    return status;
}
