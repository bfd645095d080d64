/*
 * What time does to written conductances: means and variances of each state at each time against the laws
 * log-time, mean + a ln(t / t0) and variance + (s0 + s1 ln(t / t0))^2, and power, the moments of g (t /
 * t0)^-|m + s z|. Least squares on the means and on the logarithms of the variances (nearly normal, with a
 * known spread); mean and variance at t0 are each state's own. The law with the lowest Akaike criterion is
 * taken.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "devices/fit_internal.h"
#include "numeric/least_squares.h"

enum { TIMES_MAX = 64, CELLS_MAX = 2048, PARAMS_MAX = 3 };
enum kind { LOG_TIME, LOG_TIME_JUMP, POWER, KINDS };

struct cell { /* writes of one state at one time */
    int state, time;
    double n, mean, variance;
};

struct moments {
    enum kind kind;
    const struct fit *fit;
    size_t n_cells;
    struct cell cells[CELLS_MAX];
    double scale[PARAMS_MAX], start[PARAMS_MAX];
    double chi_square, degrees;
};

static const int n_params[KINDS] = {2, 3, 2};

/* --- data --- */

static void finish_state(struct moments *moments, const struct cell *cells, int n_times)
{
    for (int t = 0; t < n_times; t++)
        if (cells[t].n >= MEASURED_WRITES_MIN && cells[0].n >= MEASURED_WRITES_MIN &&
            moments->n_cells < CELLS_MAX) {
            struct cell *out = &moments->cells[moments->n_cells++];
            *out = cells[t];
            out->variance /= out->n - 1;
            out->variance += 1e-18 * moments->fit->g_max_siemens * moments->fit->g_max_siemens;
        }
}

static void collect(const struct fit *fit, int skip, struct moments *moments)
{
    const struct measured *data = &fit->data;
    int n_times = data->levels[MEASURED_TIME].n;
    moments->fit = fit;
    moments->n_cells = 0;
    for (size_t i = 0; i < data->n_groups;) {
        struct cell cells[TIMES_MAX] = {{0}};
        int state = data->groups[i].level[MEASURED_STATE];
        for (; i < data->n_groups && data->groups[i].level[MEASURED_STATE] == state; i++) {
            const struct measured_group *group = &data->groups[i];
            if (group->block == skip || !measured_is_reference(data, group, MEASURED_TIME))
                continue;
            struct cell *cell = &cells[group->level[MEASURED_TIME]];
            double off = group->mean_siemens - cell->mean;
            cell->state = state;
            cell->time = group->level[MEASURED_TIME];
            cell->n++;
            cell->mean += off / cell->n;
            cell->variance += off * (group->mean_siemens - cell->mean);
        }
        finish_state(moments, cells, n_times);
    }
}

/* --- laws: mean = scale M + shift, variance = gain P + extra --- */

struct effect {
    double scale, shift, gain, extra;
};

/* E exp(-k |m + s z| l), z standard normal. */
static double folded(double m, double s, double kl)
{
    double half = s * s * kl * kl / 2;
    if (!(s > 0))
        return exp(-fabs(m) * kl);
    return exp(half - m * kl) * goodness_normal(m / s - s * kl) +
           exp(half + m * kl) * goodness_normal(-m / s - s * kl);
}

static struct effect effect_of(enum kind kind, const double *p, double ln_t, double mean)
{
    double jump = kind == LOG_TIME_JUMP ? fabs(p[2]) : 0, spread = fmax(jump + fabs(p[1]) * ln_t, 0);
    if (kind != POWER)
        return (struct effect){1, p[0] * ln_t, 1, spread * spread};
    double once = folded(p[0], fabs(p[1]), ln_t), twice = folded(p[0], fabs(p[1]), 2 * ln_t);
    return (struct effect){once, 0, twice, mean * mean * fmax(twice - once * once, 0)};
}

static double ln_time(const struct moments *moments, const struct cell *cell)
{
    const double *times = moments->fit->data.levels[MEASURED_TIME].values;
    return log(times[cell->time] / times[0]);
}

static double best_mean(const struct moments *moments, const double *p, size_t first, size_t end)
{
    double sum = 0, weights = 0;
    for (size_t i = first; i < end; i++) {
        const struct cell *cell = &moments->cells[i];
        const struct effect e = effect_of(moments->kind, p, ln_time(moments, cell), 0);
        double weight = cell->n * (cell->n - 3) / (cell->n - 1) / cell->variance;
        sum += weight * e.scale * (cell->mean - e.shift);
        weights += weight * e.scale * e.scale;
    }
    return sum / weights;
}

/* ln s^2 of n - 1 degrees lies about -1 / (n - 1) low, with this variance. */
static double ln_error(const struct cell *cell)
{
    double degrees = cell->n - 1;
    return sqrt(2 / degrees + 2 / (degrees * degrees));
}

static double ln_distance(const struct cell *cell, double variance)
{
    return (log(cell->variance) + 1 / (cell->n - 1) - log(variance)) / ln_error(cell);
}

/* The variance at t0 that fits best, by Gauss and Newton in its logarithm. */
static double best_variance(const struct moments *moments, const double *p, double mean, size_t first,
                            size_t end)
{
    enum { ROUNDS = 60 };
    const double least = 1e-4;
    double start = log(moments->cells[first].variance), ln_p = start;
    for (int round = 0; round < ROUNDS; round++) {
        double up = 0, down = 0;
        for (size_t i = first; i < end; i++) {
            const struct cell *cell = &moments->cells[i];
            const struct effect e = effect_of(moments->kind, p, ln_time(moments, cell), mean);
            double own = e.gain * exp(ln_p), total = own + e.extra, slope = own / total / ln_error(cell);
            up += slope * ln_distance(cell, total);
            down += slope * slope;
        }
        double step = fmax(fmin(up / (down + 1e-30), 1), -1);
        ln_p = fmax(ln_p + step, start + log(least));
        if (fabs(step) < 1e-12)
            break;
    }
    return exp(ln_p);
}

static void residuals(void *context, const double *scaled, double *out)
{
    const struct moments *moments = context;
    double p[PARAMS_MAX];
    for (int k = 0; k < n_params[moments->kind]; k++)
        p[k] = scaled[k] * moments->scale[k];
    for (size_t first = 0, end; first < moments->n_cells; first = end) {
        for (end = first; end < moments->n_cells && moments->cells[end].state == moments->cells[first].state;)
            end++;
        double mean = best_mean(moments, p, first, end);
        double variance = best_variance(moments, p, mean, first, end);
        for (size_t i = first; i < end; i++) {
            const struct cell *cell = &moments->cells[i];
            const struct effect e = effect_of(moments->kind, p, ln_time(moments, cell), mean);
            /* Student's t of n - 1 degrees, scaled to variance 1 */
            double widening = (cell->n - 1) / (cell->n - 3);
            *out++ = (cell->mean - e.scale * mean - e.shift) / sqrt(widening * cell->variance / cell->n);
            *out++ = ln_distance(cell, e.gain * variance + e.extra);
        }
    }
}

/* --- fitting --- */

static double count_states(const struct moments *moments)
{
    double n = 0;
    for (size_t i = 0; i < moments->n_cells; i++)
        n += i == 0 || moments->cells[i].state != moments->cells[i - 1].state;
    return n;
}

/* From the first and last time of each state. */
static void guess(struct moments *moments)
{
    double slope = 0, growth = 0, nu = 0, n = 0;
    for (size_t i = 0, first = 0; i < moments->n_cells; i++) {
        if (moments->cells[i].state != moments->cells[first].state)
            first = i;
        if (i == first ||
            (i + 1 < moments->n_cells && moments->cells[i + 1].state == moments->cells[i].state))
            continue;
        const struct cell *one = &moments->cells[first], *last = &moments->cells[i];
        double ln_t = ln_time(moments, last);
        slope += (last->mean - one->mean) / ln_t;
        growth += (last->variance - one->variance) / (ln_t * ln_t);
        nu += one->mean > 0 && last->mean > 0 ? -log(last->mean / one->mean) / ln_t : 0;
        n++;
    }
    double g = moments->fit->g_max_siemens, spread = sqrt(fmax(growth / n, 1e-6 * g * g));
    if (moments->kind == POWER) {
        moments->start[0] = fmax(nu / n, 1e-3);
        moments->start[1] = 0.3 * moments->start[0];
        moments->scale[0] = moments->scale[1] = 0.05;
    } else {
        moments->start[0] = slope / n;
        moments->start[1] = moments->kind == LOG_TIME ? spread : 0.7 * spread;
        moments->start[2] = spread;
        moments->scale[0] = moments->scale[1] = moments->scale[2] = 0.01 * g;
    }
}

static bool estimate(const struct fit *fit, int skip, void *context, double *values)
{
    struct moments *moments = context;
    double covariance[PARAMS_MAX * PARAMS_MAX], scaled[PARAMS_MAX], chi_square;
    int n = n_params[moments->kind];
    collect(fit, skip, moments);
    double degrees = 2 * (double)moments->n_cells - 2 * count_states(moments) - n;
    if (degrees < 0)
        return false;
    if (skip < 0)
        guess(moments);
    for (int k = 0; k < n; k++)
        scaled[k] = moments->start[k] / moments->scale[k];
    if (!least_squares_nonlinear(residuals, moments, 2 * moments->n_cells, (size_t)n, scaled, covariance,
                                 &chi_square))
        return false;
    for (int k = 0; k < n; k++)
        values[k] = scaled[k] * moments->scale[k];
    for (int k = 1; k < n; k++)
        values[k] = fabs(values[k]);
    if (skip < 0) {
        moments->chi_square = chi_square;
        moments->degrees = degrees;
        for (int k = 0; k < n; k++)
            moments->start[k] = values[k];
    }
    return true;
}

static double criterion(const struct moments *moments)
{
    double n = n_params[moments->kind], spare = moments->degrees - 1;
    return moments->chi_square + 2 * n + (spare > 0 ? 2 * n * (n + 1) / spare : 0);
}

static double least_variance(const struct moments *moments)
{
    double least = (double)INFINITY;
    for (size_t i = 0; i < moments->n_cells; i++)
        if (moments->cells[i].time == 0)
            least = fmin(least, moments->cells[i].variance);
    return least;
}

static void write_block(struct fit *fit, const struct moments *moments, const double *values,
                        const double *errors)
{
    struct fit_block *block = &fit->blocks[LAW_RELAXATION];
    const struct measured_levels *times = &fit->data.levels[MEASURED_TIME];
    double none = (double)NAN;
    bool power = moments->kind == POWER, jump = moments->kind == LOG_TIME_JUMP;
    block->kind = power ? "power" : "log-time";
    fit_add(block, "t0", QUANTITY_SECOND, times->values[0], none);
    fit_add(block, "last_time", QUANTITY_SECOND, times->values[times->n - 1], none);
    if (power) {
        fit_add(block, "g_reference", QUANTITY_SIEMENS, fit->g_max_siemens, none);
        fit_add(block, "nu", QUANTITY_NONE, values[0], errors[0]);
        fit_add(block, "nu_spread", QUANTITY_NONE, values[1], errors[1]);
    } else {
        fit_add(block, "mean_per_ln", QUANTITY_SIEMENS, values[0], errors[0]);
        fit_add(block, "sigma", QUANTITY_SIEMENS, jump ? values[2] : 0, jump ? errors[2] : none);
        fit_add(block, "sigma_per_ln", QUANTITY_SIEMENS, values[1], errors[1]);
    }
    fit_test(block, moments->chi_square, moments->degrees);
}

bool fit_relaxation_again(const struct fit *fit, int skip, struct fit_relaxed *law)
{
    const struct fit_block *block = &fit->blocks[LAW_RELAXATION];
    struct moments moments;
    moments.kind = strcmp(block->kind, "power") == 0 ? POWER
                   : fit_value(block, "sigma") > 0   ? LOG_TIME_JUMP
                                                     : LOG_TIME;
    law->kind = (int)moments.kind;
    return estimate(fit, -1, &moments, law->values) &&
           (skip < 0 || estimate(fit, skip, &moments, law->values));
}

void fit_relaxation_moments(const struct fit_relaxed *law, double ln_t, double mean_at_t0,
                            double variance_at_t0, double *mean, double *variance)
{
    const struct effect start = effect_of((enum kind)law->kind, law->values, 0, mean_at_t0);
    const struct effect e = effect_of((enum kind)law->kind, law->values, ln_t, mean_at_t0);
    *mean = e.scale * mean_at_t0 + e.shift;
    *variance = e.gain * fmax(variance_at_t0 - start.extra, 1e-4 * variance_at_t0) + e.extra;
}

void fit_relaxation(struct fit *fit)
{
    struct fit_block *block = &fit->blocks[LAW_RELAXATION];
    const struct measured_levels *times = &fit->data.levels[MEASURED_TIME];
    struct moments moments;
    double values[PARAMS_MAX], errors[PARAMS_MAX], criteria[KINDS], best = (double)INFINITY;
    int chosen = -1;
    if (times->n < 2 || times->n > TIMES_MAX) {
        if (!isnan(times->values[0]))
            snprintf(block->note, sizeof block->note,
                     times->n < 2 ? "one time alone tells no relaxation" : "more than 64 times; round them");
        return;
    }
    for (int kind = 0; kind < KINDS; kind++) {
        criteria[kind] = (double)INFINITY;
        moments.kind = (enum kind)kind;
        if (!estimate(fit, -1, &moments, values))
            continue;
        if (kind == LOG_TIME_JUMP && values[2] * values[2] >= least_variance(&moments))
            continue; /* more than there is at t0 */
        criteria[kind] = criterion(&moments);
        if (criteria[kind] < best) {
            best = criteria[kind];
            chosen = kind;
        }
    }
    if (chosen < 0) {
        snprintf(block->note, sizeof block->note, "no state with %d writes at two times, or no law converges",
                 MEASURED_WRITES_MIN);
        return;
    }
    moments.kind = (enum kind)chosen;
    if (!fit_jackknife(fit, estimate, &moments, n_params[chosen], values, errors))
        return;
    write_block(fit, &moments, values, errors);
    snprintf(block->note, sizeof block->note,
             "AICc: log-time %.5g, with a spread at t0 %.5g, power %.5g; the lowest is taken%s",
             criteria[LOG_TIME], criteria[LOG_TIME_JUMP], criteria[POWER],
             fit->data.has_device || fit->data.has_cycle
                 ? "; where the same writes are read at all times, chi-square is too small"
                 : "");
}
