#include "devices/fit.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/require.h"
#include "devices/fit_internal.h"

struct fit_key *fit_add_list(struct fit_block *block, const char *name, enum quantity_unit unit, int n,
                             const double *values, const double *errors)
{
    rs_require(block->n_keys < FIT_KEYS_MAX && n <= OPTION_REALS_MAX, "room for another key");
    struct fit_key *key = &block->keys[block->n_keys++];
    *key = (struct fit_key){.name = name, .unit = unit, .is_list = true, .n = n};
    for (int i = 0; i < n; i++) {
        key->values[i] = values[i];
        key->errors[i] = errors != NULL ? errors[i] : (double)NAN;
    }
    return key;
}

struct fit_key *fit_add(struct fit_block *block, const char *name, enum quantity_unit unit, double value,
                        double error)
{
    struct fit_key *key = fit_add_list(block, name, unit, 1, &value, &error);
    key->is_list = false;
    return key;
}

double fit_value(const struct fit_block *block, const char *name)
{
    for (int i = 0; i < block->n_keys && block->kind != NULL; i++)
        if (strcmp(block->keys[i].name, name) == 0)
            return block->keys[i].values[0];
    return 0;
}

void fit_warn(struct fit_block *block, const char *format, ...)
{
    char *text = block->warning[block->warning[0][0] != '\0'];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, FIT_NOTE_SIZE, format, arguments);
    va_end(arguments);
}

void fit_test(struct fit_block *block, double chi_square, double degrees)
{
    const double improbable = 0.01;
    block->chi_square = chi_square;
    block->degrees = degrees;
    block->p = goodness_chi_square(chi_square, degrees);
    if (degrees > 0 && block->p < improbable)
        fit_warn(block, "the law does not fit: chi-square %.4g for %.4g degrees of freedom", chi_square,
                 degrees);
}

bool fit_jackknife(const struct fit *fit, fit_estimator *estimator, void *context, int n, double *values,
                   double *errors)
{
    enum { VALUES_MAX = 8 };
    double parts[MEASURED_BLOCKS][VALUES_MAX], n_parts = 0;
    rs_require(n <= VALUES_MAX, "few values");
    if (!estimator(fit, -1, context, values))
        return false;
    for (int block = 0; block < MEASURED_BLOCKS; block++)
        if (estimator(fit, block, context, parts[(int)n_parts]))
            n_parts++;
    for (int k = 0; k < n; k++) {
        double mean = 0, squares = 0;
        for (int i = 0; i < (int)n_parts; i++)
            mean += parts[i][k] / n_parts;
        for (int i = 0; i < (int)n_parts; i++)
            squares += (parts[i][k] - mean) * (parts[i][k] - mean);
        errors[k] = n_parts > 1 ? sqrt(squares * (n_parts - 1) / n_parts) : (double)NAN;
    }
    return true;
}

static double polynomial_at(const struct fit_block *block, const char *name, double x)
{
    double sum = 0;
    for (int i = 0; i < block->n_keys; i++)
        for (int k = block->keys[i].n - 1; strcmp(block->keys[i].name, name) == 0 && k >= 0; k--)
            sum = sum * x + block->keys[i].values[k];
    return sum;
}

void fit_at(const struct fit *fit, double target_siemens, double *mean_siemens, double *sigma_siemens)
{
    const struct fit_block *block = &fit->blocks[LAW_PROGRAMMING];
    const struct fit_state *states = fit->states;
    int last = fit->n_states - 1, k = 0;
    if (strcmp(block->kind, "polynomial") == 0) {
        double x = target_siemens / fit->g_max_siemens;
        *mean_siemens = polynomial_at(block, "mean", x);
        *sigma_siemens = polynomial_at(block, "sigma", x);
        return;
    }
    while (k < last - 1 && target_siemens > states[k + 1].target_siemens)
        k++;
    double weight = last == 0 ? 0
                              : (target_siemens - states[k].target_siemens) /
                                    (states[k + 1].target_siemens - states[k].target_siemens);
    weight = fmin(fmax(weight, 0), 1);
    const struct fit_state *next = &states[last == 0 ? k : k + 1];
    *mean_siemens = states[k].mean_siemens + weight * (next->mean_siemens - states[k].mean_siemens);
    *sigma_siemens = states[k].sigma_siemens + weight * (next->sigma_siemens - states[k].sigma_siemens);
}

static void settle_window(struct fit *fit)
{
    const struct measured_levels *states = &fit->data.levels[MEASURED_STATE];
    fit->g_max_siemens = states->values[states->n - 1];
    fit->g_min_siemens = states->n > 1 ? states->values[0] : 0;
}

enum rs_status fit_create(const char *path, double read_volts, enum fit_choice programming, struct fit **out,
                          struct rs_error *err)
{
    struct fit *fit = memory_allocate(1, sizeof *fit, err);
    *out = NULL;
    if (fit == NULL)
        return RS_INTERNAL;
    for (int i = 0; i < LAW_BLOCKS; i++)
        fit->blocks[i].chi_square = fit->blocks[i].degrees = fit->blocks[i].p = (double)NAN;
    enum rs_status status = measured_read(path, read_volts, &fit->data, err);
    const struct measured_levels *states = &fit->data.levels[MEASURED_STATE];
    if (status == RS_OK && !(states->values[states->n - 1] > 0))
        status = rs_fail(err, RS_INPUT, "%s: error: every target is 0 S", path);
    if (status == RS_OK) {
        fit_current_voltage(fit);
        settle_window(fit);
        fit_read_noise(fit);
        fit_device_spread(fit);
        fit_relaxation(fit);
        status = fit_programming(fit, programming, err);
    }
    if (status == RS_OK) {
        if (fit->n_states == 1)
            fit_warn(&fit->blocks[LAW_PROGRAMMING],
                     "one state alone: the window begins at 0 S, where nothing was "
                     "measured; the state's error is taken for all");
        fit_temperature(fit);
        *out = fit;
    } else {
        fit_destroy(fit);
    }
    return status;
}

void fit_destroy(struct fit *fit)
{
    if (fit == NULL)
        return;
    measured_clear(&fit->data);
    free(fit->residuals);
    free(fit);
}
