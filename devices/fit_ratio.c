/*
 * How conductances go with a condition that does not change the cell: the read voltage (sinh) and the
 * temperature (blend). Fitted are logarithms of conductances; each state (each write, where writes are known)
 * brings a constant of its own, which drops out.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "devices/fit_internal.h"
#include "devices/law_current_voltage.h"
#include "numeric/least_squares.h"

static const double boltzmann_ev = 8.617333262e-5; /* exact since 2019, per kelvin */

enum { POINTS_MAX = 4096, LEVELS_MAX = 64, WRITES_MIN = 4 };

/* ln g of each state at each level of an axis, up to a constant of the state. */
struct points {
    int axis, n_levels;
    size_t n;
    int state[POINTS_MAX], level[POINTS_MAX];
    double y[POINTS_MAX], error[POINTS_MAX];
    /* the law's */
    const struct fit *fit;
    double ln_hrs, ln_span, retention_ev;
    struct fit_relaxed relaxed; /* where retention_ev is above 0 */
    bool without_activation;
};

struct sums {
    double n, sum, squares;
};

static void add_sum(struct sums *sums, double value)
{
    sums->n++;
    double off = value - sums->sum; /* `sum` is the running mean */
    sums->sum += off / sums->n;
    sums->squares += off * (value - sums->sum);
}

/* Of the mean, widened so that distances in its units have variance 1 (Student's t). */
static double variance_of_mean(const struct sums *sums)
{
    return sums->squares / (sums->n - 3) / sums->n;
}

static void add_point(struct points *points, int state, int level, double y, double variance)
{
    const double rounding = 1e-9; /* of a conductance, in a table */
    if (points->n == POINTS_MAX)
        return;
    points->state[points->n] = state;
    points->level[points->n] = level;
    points->y[points->n] = y;
    points->error[points->n++] = sqrt(variance) + rounding;
}

/* A state whose writes were each read at every level: the mean over writes of ln g less its mean. */
static bool add_paired(const struct fit *fit, size_t first, size_t end, int skip, struct points *points)
{
    const struct measured *data = &fit->data;
    struct sums sums[LEVELS_MAX] = {{0}};
    double ln[LEVELS_MAX];
    int n_levels = points->n_levels, n = 0;
    for (size_t i = first; i < end; i++) {
        const struct measured_group *group = &data->groups[i];
        if (i == first || group->write != data->groups[i - 1].write)
            n = 0;
        if (group->block == skip || !measured_is_reference(data, group, points->axis) ||
            !(group->mean_siemens > 0))
            continue;
        ln[n++] = log(group->mean_siemens);
        if (n < n_levels)
            continue;
        double mean = 0;
        for (int k = 0; k < n; k++)
            mean += ln[k] / n;
        for (int k = 0; k < n; k++)
            add_sum(&sums[k], ln[k] - mean);
        n = 0;
    }
    for (int k = 0; k < n_levels && sums[0].n >= WRITES_MIN; k++)
        add_point(points, data->groups[first].level[MEASURED_STATE], k, sums[k].sum,
                  variance_of_mean(&sums[k]) * n_levels / (n_levels - 1));
    return sums[0].n >= WRITES_MIN;
}

static void add_unpaired(const struct fit *fit, size_t first, size_t end, int skip, struct points *points)
{
    const struct measured *data = &fit->data;
    struct sums sums[LEVELS_MAX] = {{0}};
    for (size_t i = first; i < end; i++) {
        const struct measured_group *group = &data->groups[i];
        if (group->block != skip && measured_is_reference(data, group, points->axis))
            add_sum(&sums[group->level[points->axis]], group->mean_siemens);
    }
    for (int k = 0; k < points->n_levels; k++)
        if (sums[k].n >= WRITES_MIN && sums[k].sum > 0)
            add_point(points, data->groups[first].level[MEASURED_STATE], k, log(sums[k].sum),
                      variance_of_mean(&sums[k]) / (sums[k].sum * sums[k].sum));
}

static size_t end_of_state(const struct measured *data, size_t first)
{
    size_t end = first;
    while (end < data->n_groups &&
           data->groups[end].level[MEASURED_STATE] == data->groups[first].level[MEASURED_STATE])
        end++;
    return end;
}

static void collect(const struct fit *fit, int skip, struct points *points)
{
    const struct measured *data = &fit->data;
    points->n = 0;
    points->fit = fit;
    points->n_levels = data->levels[points->axis].n;
    for (size_t first = 0, end; first < data->n_groups; first = end) {
        end = end_of_state(data, first);
        if (!(data->has_device || data->has_cycle) || !add_paired(fit, first, end, skip, points))
            add_unpaired(fit, first, end, skip, points);
    }
}

/* Takes the best constant of each state out of y - law, and scales by the errors. */
static void scale_residuals(const struct points *points, double *residuals)
{
    for (size_t first = 0, end; first < points->n; first = end) {
        double sum = 0, weights = 0;
        for (end = first; end < points->n && points->state[end] == points->state[first]; end++) {
            double weight = 1 / (points->error[end] * points->error[end]);
            sum += weight * residuals[end];
            weights += weight;
        }
        for (size_t i = first; i < end; i++)
            residuals[i] = (residuals[i] - sum / weights) / points->error[i];
    }
}

static double count_states(const struct points *points)
{
    double n = 0;
    for (size_t i = 0; i < points->n; i++)
        n += i == 0 || points->state[i] != points->state[i - 1];
    return n;
}

/* --- current against voltage: ln(sinh(x) / x), x^2 = V^2 u --- */

static void voltage_residuals(void *context, const double *params, double *residuals)
{
    const struct points *points = context;
    const double *volts = points->fit->data.levels[MEASURED_VOLTAGE].values;
    for (size_t i = 0; i < points->n; i++) {
        double v = volts[points->level[i]];
        residuals[i] = points->y[i] - log(law_current_voltage_sinh(v * v * params[0]));
    }
    scale_residuals(points, residuals);
}

/* Likewise, 1 / v0^2 = params[0] + params[1] ln(g / largest g). */
static void bend_residuals(void *context, const double *params, double *residuals)
{
    const struct points *points = context;
    const struct measured *data = &points->fit->data;
    const struct measured_levels *states = &data->levels[MEASURED_STATE];
    for (size_t i = 0; i < points->n; i++) {
        double v = data->levels[MEASURED_VOLTAGE].values[points->level[i]];
        double ln = log(fmax(states->values[points->state[i]] / states->values[states->n - 1], 1e-6));
        residuals[i] = points->y[i] - log(law_current_voltage_sinh(v * v * (params[0] + params[1] * ln)));
    }
    scale_residuals(points, residuals);
}

struct outcome {
    double chi_square, degrees;
};

static bool fit_points(struct points *points, least_squares_residuals *residuals, size_t n_params,
                       double *params, struct outcome *outcome)
{
    double covariance[LEAST_SQUARES_PARAMS_MAX * LEAST_SQUARES_PARAMS_MAX];
    outcome->degrees = (double)points->n - count_states(points) - (double)n_params;
    return outcome->degrees >= 0 && least_squares_nonlinear(residuals, points, points->n, n_params, params,
                                                            covariance, &outcome->chi_square);
}

struct voltage_context {
    struct points points;
    struct outcome outcome;
};

static bool estimate_voltage(const struct fit *fit, int skip, void *context, double *values)
{
    struct voltage_context *own = context;
    collect(fit, skip, &own->points);
    struct outcome outcome;
    if (skip < 0)
        values[0] = 1;
    else
        values[0] = own->points.ln_span; /* the whole data's, to start from */
    if (own->points.n == 0 || !fit_points(&own->points, voltage_residuals, 1, values, &outcome))
        return false;
    if (skip < 0) {
        own->outcome = outcome;
        own->points.ln_span = values[0];
    }
    return true;
}

static bool estimate_bend(const struct fit *fit, int skip, void *context, double *values)
{
    struct voltage_context *own = context;
    struct outcome outcome;
    collect(fit, skip, &own->points);
    values[0] = 1;
    values[1] = 0;
    return own->points.n > 0 && fit_points(&own->points, bend_residuals, 2, values, &outcome);
}

/* The card has one v0: where the data tell that states differ, they say so. */
static void compare_states(struct fit *fit)
{
    const double noticeable = 3; /* standard errors */
    const struct measured_levels *states = &fit->data.levels[MEASURED_STATE];
    struct voltage_context context = {.points = {.axis = MEASURED_VOLTAGE}};
    double values[2], errors[2];
    int lowest = states->values[0] <= 0;
    if (states->n - lowest < 2 || !fit_jackknife(fit, estimate_bend, &context, 2, values, errors) ||
        !(fabs(values[1]) > noticeable * errors[1]))
        return;
    double low = values[0] + values[1] * log(states->values[lowest] / states->values[states->n - 1]);
    if (low > 0 && values[0] > 0)
        fit_warn(
            &fit->blocks[LAW_CURRENT_VOLTAGE],
            "v0 depends on the state: %.4g V at the lowest, %.4g V at the highest target; the card has one",
            1 / sqrt(low), 1 / sqrt(values[0]));
}

static void turn_small_signal(struct measured *data, double v0)
{
    const struct measured_levels *volts = &data->levels[MEASURED_VOLTAGE];
    double v_read = volts->values[data->reference[MEASURED_VOLTAGE]];
    for (size_t i = 0; i < data->n_groups; i++) {
        struct measured_group *group = &data->groups[i];
        double v = volts->values[group->level[MEASURED_VOLTAGE]] / v0;
        double factor = law_current_voltage_sinh(v * v);
        group->mean_siemens /= factor;
        group->squares /= factor * factor;
    }
    double factor = law_current_voltage_sinh(v_read * v_read / (v0 * v0));
    for (int k = 0; k < data->levels[MEASURED_STATE].n; k++)
        data->levels[MEASURED_STATE].values[k] /= factor;
}

void fit_current_voltage(struct fit *fit)
{
    struct fit_block *block = &fit->blocks[LAW_CURRENT_VOLTAGE];
    const struct measured_levels *volts = &fit->data.levels[MEASURED_VOLTAGE];
    struct voltage_context context = {.points = {.axis = MEASURED_VOLTAGE}};
    double u, error;
    if (volts->n < 2 || volts->n > LEVELS_MAX) {
        if (!isnan(volts->values[0]))
            snprintf(block->note, sizeof block->note,
                     volts->n < 2 ? "one voltage alone does not tell how the current bends"
                                  : "more than %d voltages; round them",
                     (int)LEVELS_MAX);
        return;
    }
    if (!fit_jackknife(fit, estimate_voltage, &context, 1, &u, &error)) {
        snprintf(block->note, sizeof block->note, "no state was read at several voltages");
        return;
    }
    if (!(u > 2 * error)) {
        const char *why = isnan(error)     ? "the standard error does not settle"
                          : u < -2 * error ? "the current bends down, which the law `sinh` does not describe"
                                           : "the current is linear within the noise";
        snprintf(block->note, sizeof block->note, "%s: 1 / v0^2 = %.3g +- %.2g 1/V^2", why, u, error);
        return;
    }
    double v0 = 1 / sqrt(u), v_read = volts->values[fit->data.reference[MEASURED_VOLTAGE]];
    block->kind = "sinh";
    fit_add(block, "v0", QUANTITY_VOLT, v0, error / (2 * u * sqrt(u)));
    fit_add(block, "v_read", QUANTITY_VOLT, fabs(v_read), (double)NAN);
    fit_test(block, context.outcome.chi_square, context.outcome.degrees);
    snprintf(block->note, sizeof block->note,
             "conductances of the card are small-signal values: those stated at %.4g V are divided by %.6g",
             v_read, law_current_voltage_sinh(v_read * v_read * u));
    compare_states(fit);
    turn_small_signal(&fit->data, v0);
}

/* --- temperature --- */

/* ln of what faster ageing up to the earliest time has left, in parts of what there is at the reference. */
static double aged(const struct points *points, int level, double g)
{
    double mean, variance;
    if (!(points->retention_ev > 0) || !(g > 0))
        return 0;
    fit_relaxation_moments(&points->relaxed, fit_retention_ln(points->fit, level, points->retention_ev), g, 0,
                           &mean, &variance);
    return log(fmax(mean / g, 1e-3));
}

static void temperature_residuals(void *context, const double *params, double *residuals)
{
    const struct points *points = context;
    const struct measured *data = &points->fit->data;
    const double *kelvin = data->levels[MEASURED_TEMPERATURE].values;
    double t0 = kelvin[data->reference[MEASURED_TEMPERATURE]];
    double tcr = params[0] * 1e-3, ev = points->without_activation ? 0 : params[1] * 0.1;
    for (size_t i = 0; i < points->n; i++) {
        double t = kelvin[points->level[i]];
        double g = data->levels[MEASURED_STATE].values[points->state[i]];
        double weight = g > 0 ? fmin(fmax((log(g) - points->ln_hrs) / points->ln_span, 0), 1) : 0;
        residuals[i] = points->y[i] - aged(points, points->level[i], g) + weight * log1p(tcr * (t - t0)) +
                       (1 - weight) * ev / boltzmann_ev * (1 / t - 1 / t0);
    }
    scale_residuals(points, residuals);
}

static bool estimate_temperature(const struct fit *fit, int skip, void *context, double *values)
{
    struct voltage_context *own = context;
    double params[2] = {1, 0.5};
    struct outcome outcome;
    collect(fit, skip, &own->points);
    bool good = own->points.n > 0 && fit_points(&own->points, temperature_residuals,
                                                own->points.without_activation ? 1 : 2, params, &outcome);
    if (!good)
        return false;
    values[0] = params[0] * 1e-3;
    values[1] = own->points.without_activation ? 0 : params[1] * 0.1;
    if (skip < 0)
        own->outcome = outcome;
    return true;
}

static void write_temperature(struct fit *fit, const struct points *points, const double *values,
                              const double *errors, double retention_error)
{
    struct fit_block *block = &fit->blocks[LAW_TEMPERATURE];
    const struct measured_levels *kelvin = &fit->data.levels[MEASURED_TEMPERATURE];
    double none = (double)NAN;
    block->kind = "blend";
    fit_add(block, "reference", QUANTITY_KELVIN, kelvin->values[fit->data.reference[MEASURED_TEMPERATURE]],
            none);
    fit_add(block, "first", QUANTITY_KELVIN, kelvin->values[0], none);
    fit_add(block, "last", QUANTITY_KELVIN, kelvin->values[kelvin->n - 1], none);
    fit_add(block, "tcr_per_kelvin", QUANTITY_NONE, values[0], errors[0]);
    fit_add(block, "activation_ev", QUANTITY_NONE, values[1], points->without_activation ? none : errors[1]);
    if (points->retention_ev > 0)
        fit_add(block, "retention_ev", QUANTITY_NONE, points->retention_ev, retention_error);
    fit_add(block, "g_hrs", QUANTITY_SIEMENS, exp(points->ln_hrs), none);
    fit_add(block, "g_lrs", QUANTITY_SIEMENS, exp(points->ln_hrs + points->ln_span), none);
}

/* The states at which the blend is all activated and all metallic are not fitted: the lowest and highest
 * positive targets are taken. */
static bool settle_blend(const struct fit *fit, struct points *points)
{
    const struct measured_levels *states = &fit->data.levels[MEASURED_STATE];
    int lowest = states->n > 1 && states->values[0] <= 0;
    double low = states->values[lowest], high = states->values[states->n - 1];
    points->ln_hrs = log(low);
    points->ln_span = log(high / low);
    return high > low;
}

void fit_temperature(struct fit *fit)
{
    struct fit_block *block = &fit->blocks[LAW_TEMPERATURE];
    const struct measured_levels *kelvin = &fit->data.levels[MEASURED_TEMPERATURE];
    struct voltage_context context = {.points = {.axis = MEASURED_TEMPERATURE}};
    const double tcr_most = 0.01, ev_most = 2; /* bounds of the card's keys */
    double values[2], errors[2], retention_error;
    const char *why = NULL;
    if (kelvin->n < 2) {
        if (!isnan(kelvin->values[0]))
            snprintf(block->note, sizeof block->note, "one temperature alone tells no coefficient");
        return;
    }
    context.points.retention_ev = fit_retention(fit, &retention_error);
    if (context.points.retention_ev > 0 && !fit_relaxation_again(fit, -1, &context.points.relaxed))
        context.points.retention_ev = 0;
    if (kelvin->n > LEVELS_MAX)
        why = "more than 64 temperatures; round them";
    else if (!settle_blend(fit, &context.points))
        why = "with one state, the temperature coefficient and the activation energy cannot be told apart";
    else if (!fit_jackknife(fit, estimate_temperature, &context, 2, values, errors))
        why = "no state was read at several temperatures at the earliest time";
    if (why == NULL && values[1] < 0) {
        context.points.without_activation = true;
        if (values[1] < -2 * errors[1])
            why = "low states lose conductance with temperature: the law `blend` does not describe them";
        else if (!fit_jackknife(fit, estimate_temperature, &context, 2, values, errors))
            why = "no fit without an activation energy";
    }
    if (why == NULL && (fabs(values[0]) > tcr_most || values[1] > ev_most))
        why = "coefficients beyond what the law `blend` allows (0.01 per K, 2 eV)";
    if (why != NULL) {
        snprintf(block->note, sizeof block->note, "%s", why);
        return;
    }
    write_temperature(fit, &context.points, values, errors, retention_error);
    fit_test(block, context.outcome.chi_square, context.outcome.degrees);
    snprintf(block->note, sizeof block->note, "g_hrs and g_lrs are the lowest and highest target%s",
             context.points.retention_ev > 0
                 ? "; cells age at the temperature of their rows"
                 : "; faster ageing at other temperatures (retention_ev) is not known");
}
