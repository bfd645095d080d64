/*
 * How much faster cells age when they are hot: the activation energy that turns a time t at temperature T
 * into t exp(E / k (1 / T0 - 1 / T)) at the reference T0 (Arrhenius). Means and variances of each state at
 * each time and temperature against the law of relaxation, whose figures and whose states at the earliest
 * time come from T0. Each state at each temperature has a factor of its own, for what temperature does to
 * conductance, which drops out: what remains is how means part and spreads grow.
 */
#include <math.h>
#include <stdio.h>

#include "devices/fit_internal.h"
#include "numeric/least_squares.h"

static const double boltzmann_ev = 8.617333262e-5; /* exact since 2019, per kelvin */

enum { POINTS_MAX = 2048, LEVELS_MAX = 64 };

struct point { /* writes of one state at one temperature and time */
    int state, kelvin, time;
    double n, mean, variance;
};

struct spells {
    const struct fit *fit;
    struct fit_relaxed law;
    double start; /* of the energy, from all data */
    size_t n;
    struct point points[POINTS_MAX];                                 /* not at the reference temperature */
    double mean[MEASURED_LEVELS_MAX], variance[MEASURED_LEVELS_MAX]; /* of states at T0, earliest; NAN: few */
};

/* Sums of one state, [kelvin][time]. */
static void add_group(const struct measured_group *group, int n_times, struct point *sums)
{
    struct point *sum = &sums[group->level[MEASURED_TEMPERATURE] * n_times + group->level[MEASURED_TIME]];
    double off = group->mean_siemens - sum->mean;
    sum->n++;
    sum->mean += off / sum->n;
    sum->variance += off * (group->mean_siemens - sum->mean);
}

static void finish_state(struct spells *spells, int state, int n_kelvin, int n_times, struct point *sums)
{
    const struct measured *data = &spells->fit->data;
    double tiny = 1e-18 * spells->fit->g_max_siemens * spells->fit->g_max_siemens;
    const struct point *start = &sums[data->reference[MEASURED_TEMPERATURE] * n_times];
    spells->mean[state] = spells->variance[state] = (double)NAN;
    if (start->n < MEASURED_WRITES_MIN)
        return;
    spells->mean[state] = start->mean;
    spells->variance[state] = start->variance / (start->n - 1) + tiny;
    for (int k = 0; k < n_kelvin; k++) {
        int n_good = 0;
        for (int t = 0; t < n_times; t++)
            n_good += sums[k * n_times + t].n >= MEASURED_WRITES_MIN && sums[k * n_times + t].mean > 0;
        for (int t = 0; t < n_times && n_good > 1 && k != data->reference[MEASURED_TEMPERATURE]; t++) {
            struct point *sum = &sums[k * n_times + t];
            if (sum->n < MEASURED_WRITES_MIN || !(sum->mean > 0) || spells->n == POINTS_MAX)
                continue;
            struct point *point = &spells->points[spells->n++];
            *point = (struct point){state, k, t, sum->n, sum->mean, sum->variance / (sum->n - 1) + tiny};
        }
    }
}

static void collect(const struct fit *fit, int skip, struct spells *spells)
{
    const struct measured *data = &fit->data;
    int n_kelvin = data->levels[MEASURED_TEMPERATURE].n, n_times = data->levels[MEASURED_TIME].n;
    spells->fit = fit;
    spells->n = 0;
    for (size_t i = 0; i < data->n_groups;) {
        struct point sums[LEVELS_MAX * LEVELS_MAX / 4] = {{0}};
        int state = data->groups[i].level[MEASURED_STATE];
        for (; i < data->n_groups && data->groups[i].level[MEASURED_STATE] == state; i++) {
            const struct measured_group *group = &data->groups[i];
            if (group->block != skip && group->level[MEASURED_VOLTAGE] == data->reference[MEASURED_VOLTAGE])
                add_group(group, n_times, sums);
        }
        finish_state(spells, state, n_kelvin, n_times, sums);
    }
}

double fit_retention_ln(const struct fit *fit, int k, double ev)
{
    const struct measured *data = &fit->data;
    const double *kelvin = data->levels[MEASURED_TEMPERATURE].values;
    return ev / boltzmann_ev * (1 / kelvin[data->reference[MEASURED_TEMPERATURE]] - 1 / kelvin[k]);
}

static void predict(const struct spells *spells, const struct point *point, double ev, double *mean,
                    double *variance)
{
    const double *times = spells->fit->data.levels[MEASURED_TIME].values;
    double ln_t = log(times[point->time] / times[0]) + fit_retention_ln(spells->fit, point->kelvin, ev);
    fit_relaxation_moments(&spells->law, ln_t, spells->mean[point->state], spells->variance[point->state],
                           mean, variance);
    *mean = fmax(*mean, 1e-3 * spells->mean[point->state]);
}

static void residuals(void *context, const double *params, double *out)
{
    const struct spells *spells = context;
    for (size_t first = 0, end; first < spells->n; first = end) {
        const struct point *points = spells->points;
        double sum = 0, weights = 0, mean, variance;
        for (end = first; end < spells->n && points[end].state == points[first].state &&
                          points[end].kelvin == points[first].kelvin;
             end++) {
            const struct point *p = &points[end];
            double weight = p->n * (p->n - 3) / (p->n - 1) * p->mean * p->mean / p->variance;
            predict(spells, p, params[0], &mean, &variance);
            sum += weight * log(p->mean / mean);
            weights += weight;
        }
        double ln_factor = sum / weights;
        for (size_t i = first; i < end; i++) {
            const struct point *p = &points[i];
            double degrees = p->n - 1, ln_error = sqrt(2 / degrees + 2 / (degrees * degrees));
            predict(spells, p, params[0], &mean, &variance);
            *out++ =
                (log(p->mean / mean) - ln_factor) * p->mean / sqrt(degrees / (p->n - 3) * p->variance / p->n);
            *out++ = (log(p->variance / variance) + 1 / degrees - 2 * ln_factor) / ln_error;
        }
    }
}

static bool estimate(const struct fit *fit, int skip, void *context, double *values)
{
    struct spells *spells = context;
    double covariance[1], chi_square, best = (double)INFINITY, found = (double)NAN;
    collect(fit, skip, spells);
    if (spells->n == 0 || !fit_relaxation_again(fit, skip, &spells->law))
        return false;
    const double starts[] = {0.1, 0.5, 1, 1.5};
    for (size_t i = skip < 0 ? 0 : 3; i < sizeof starts / sizeof starts[0]; i++) {
        double ev = skip < 0 ? starts[i] : spells->start;
        if (least_squares_nonlinear(residuals, spells, 2 * spells->n, 1, &ev, covariance, &chi_square) &&
            chi_square < best) {
            best = chi_square;
            found = ev;
        }
    }
    values[0] = found;
    if (skip < 0)
        spells->start = found;
    return !isnan(found);
}

double fit_retention(struct fit *fit, double *error)
{
    const struct measured *data = &fit->data;
    struct fit_block *block = &fit->blocks[LAW_TEMPERATURE];
    struct spells spells;
    double ev;
    *error = (double)NAN;
    if (fit->blocks[LAW_RELAXATION].kind == NULL || data->levels[MEASURED_TEMPERATURE].n < 2 ||
        data->levels[MEASURED_TEMPERATURE].n * data->levels[MEASURED_TIME].n > LEVELS_MAX * LEVELS_MAX / 4 ||
        !fit_jackknife(fit, estimate, &spells, 1, &ev, error)) {
        *error = (double)NAN;
        return 0;
    }
    if (ev > 2 * *error && ev < 5)
        return ev;
    fit_warn(block, "faster ageing is not significant: activation energy %.3g +- %.2g eV; left out", ev,
             *error);
    *error = (double)NAN;
    return 0;
}
