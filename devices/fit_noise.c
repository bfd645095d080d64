/*
 * Read noise: spread of reads of one write under equal conditions, in parts of the mean. Device-to-device:
 * spread of the means of devices that were written several times to one target (one-way analysis of variance
 * in each state, unequal numbers allowed; Searle, Variance Components, 1992, 3.6), in parts of the state.
 */
#include <math.h>
#include <stdio.h>

#include "devices/fit_internal.h"

/* --- read noise --- */

struct noise {
    double degrees[MEASURED_LEVELS_MAX], squares[MEASURED_LEVELS_MAX]; /* by state */
};

static bool estimate_noise(const struct fit *fit, int skip, void *context, double *values)
{
    struct noise *noise = context, parts = {{0}, {0}};
    double degrees = 0, squares = 0;
    for (size_t i = 0; i < fit->data.n_groups; i++) {
        const struct measured_group *group = &fit->data.groups[i];
        if (group->n_reads < 2 || group->block == skip || !(group->mean_siemens > 0))
            continue;
        int state = group->level[MEASURED_STATE];
        parts.degrees[state] += (double)(group->n_reads - 1);
        parts.squares[state] += group->squares / (group->mean_siemens * group->mean_siemens);
    }
    for (int k = 0; k < fit->data.levels[MEASURED_STATE].n; k++) {
        degrees += parts.degrees[k];
        squares += parts.squares[k];
    }
    if (skip < 0)
        *noise = parts;
    values[0] = sqrt(squares / degrees);
    return degrees >= MEASURED_WRITES_MIN;
}

void fit_read_noise(struct fit *fit)
{
    struct fit_block *block = &fit->blocks[LAW_READ_NOISE];
    struct noise noise;
    double ratio, error, chi_square = 0, n = 0;
    if (!fit_jackknife(fit, estimate_noise, &noise, 1, &ratio, &error)) {
        snprintf(
            block->note, sizeof block->note,
            "no repeated reads of one write (columns device or cycle); it is part of the programming error");
        return;
    }
    block->kind = "relative";
    fit_add(block, "ratio", QUANTITY_RATIO, ratio, error);
    if (!(ratio > 0))
        return;
    /* ln s^2 has variance 2 / degrees and mean -1 / degrees, nearly. */
    for (int k = 0; k < fit->data.levels[MEASURED_STATE].n; k++) {
        double degrees = noise.degrees[k];
        if (degrees < MEASURED_WRITES_MIN || !(noise.squares[k] > 0))
            continue;
        double off = log(noise.squares[k] / degrees / (ratio * ratio)) + 1 / degrees;
        chi_square += off * off / (2 / degrees + 2 / (degrees * degrees));
        n++;
    }
    fit_test(block, chi_square, n - 1);
    if (block->warning[0][0] != '\0')
        fit_warn(block, "read noise is not in proportion to the state; the card has its mean ratio");
}

/* --- device to device --- */

struct ladder { /* sums of one state's analysis of variance */
    double n, n_devices, sum_squared_counts, mean, between, within, mean_reads;
};

static void add_device(struct ladder *ladder, double n, double mean, double within)
{
    double off = mean - ladder->mean, total = ladder->n + n;
    ladder->between += off * off * ladder->n * n / total;
    ladder->mean += off * n / total;
    ladder->n = total;
    ladder->n_devices++;
    ladder->sum_squared_counts += n * n;
    ladder->within += within;
}

/* Analysis of variance of the groups first ... end - 1, all of one state, at the reference conditions. */
static struct ladder analyse(const struct fit *fit, size_t first, size_t end, int skip)
{
    const struct measured *data = &fit->data;
    struct ladder ladder = {0};
    double n = 0, mean = 0, within = 0;
    int device = -1;
    for (size_t i = first; i < end; i++) {
        const struct measured_group *group = &data->groups[i];
        if (group->block == skip || !measured_is_reference(data, group, -1))
            continue;
        if (n > 0 && group->device != device) {
            add_device(&ladder, n, mean, within);
            n = mean = within = 0;
        }
        device = group->device;
        double off = group->mean_siemens - mean;
        n++;
        mean += off / n;
        within += off * (group->mean_siemens - mean);
    }
    if (n > 0)
        add_device(&ladder, n, mean, within);
    return ladder;
}

struct spread {
    double degrees_between, degrees_within;
};

struct component { /* of one state, in parts of its squared mean */
    double between, within, n0, degrees_between, degrees_within;
};

static int collect_components(const struct fit *fit, int skip, struct component *parts)
{
    const struct measured *data = &fit->data;
    int n = 0;
    for (size_t first = 0, end; first < data->n_groups; first = end) {
        for (end = first; end < data->n_groups && data->groups[end].level[MEASURED_STATE] ==
                                                      data->groups[first].level[MEASURED_STATE];)
            end++;
        const struct ladder l = analyse(fit, first, end, skip);
        if (l.n_devices < 5 || l.n < l.n_devices + 5 || !(l.mean > 0))
            continue;
        double squared = l.mean * l.mean, degrees = l.n_devices - 1;
        parts[n++] = (struct component){
            l.between / degrees / squared,
            l.within / (l.n - l.n_devices) / squared,
            (l.n - l.sum_squared_counts / l.n) / degrees,
            degrees,
            l.n - l.n_devices,
        };
    }
    return n;
}

/* Weights go by the mean squares within, which do not depend on those between, so that low ones get no more.
 */
static double combine(const struct component *parts, int n, double guess)
{
    double sum = 0, weights = 0;
    for (int k = 0; k < n; k++) {
        double spread = guess + parts[k].within / parts[k].n0;
        double weight = parts[k].degrees_between / (spread * spread + 1e-30);
        sum += weight * (parts[k].between - parts[k].within) / parts[k].n0;
        weights += weight;
    }
    return sum / weights;
}

static bool estimate_spread(const struct fit *fit, int skip, void *context, double *values)
{
    struct component parts[MEASURED_LEVELS_MAX];
    int n = collect_components(fit, skip, parts);
    double within = 0, degrees_within = 0, degrees_between = 0;
    for (int k = 0; k < n; k++) {
        within += parts[k].degrees_within * parts[k].within;
        degrees_within += parts[k].degrees_within;
        degrees_between += parts[k].degrees_between;
    }
    if (n == 0)
        return false;
    values[0] = combine(parts, n, fmax(combine(parts, n, 1), 0));
    values[1] = within / degrees_within;
    if (skip < 0)
        *(struct spread *)context = (struct spread){degrees_between, degrees_within};
    return true;
}

void fit_device_spread(struct fit *fit)
{
    struct fit_block *block = &fit->blocks[LAW_DEVICE], *cycle = &fit->blocks[LAW_CYCLE];
    struct spread spread;
    double values[2], errors[2];
    if (!fit->data.has_device)
        return;
    if (!fit->data.has_cycle || !fit_jackknife(fit, estimate_spread, &spread, 2, values, errors)) {
        snprintf(block->note, sizeof block->note,
                 "needs 5 devices written several times to one target (columns device and cycle); it is part "
                 "of the "
                 "programming error");
        return;
    }
    double read = fit_value(&fit->blocks[LAW_READ_NOISE], "ratio");
    double cycles = sqrt(fmax(values[1] - read * read, 0));
    snprintf(
        cycle->note, sizeof cycle->note,
        "cycle to cycle, over all states: %.4g %% of the state (one read each); drawn per write like the "
        "programming error, whose sigma holds it",
        100 * cycles);
    if (!(values[0] > 2 * errors[0])) {
        snprintf(block->note, sizeof block->note,
                 "not significant: variance %.3g +- %.2g of the squared state; left out", values[0],
                 errors[0]);
        return;
    }
    block->kind = "relative";
    fit_add(block, "ratio", QUANTITY_RATIO, sqrt(values[0]), errors[0] / (2 * sqrt(values[0])));
    snprintf(block->note, sizeof block->note, "analysis of variance, %.0f and %.0f degrees of freedom",
             spread.degrees_between, spread.degrees_within);
}
