/*
 * Programming error whose spread is a polynomial of the state, fitted at one or several times after the
 * write: sigma(g) = max(0, sum_k c_k (g / g_reference)^k), and likewise its mean. Between two published times
 * both are interpolated in ln t.
 */
#include <math.h>
#include <stdio.h>

#include "base/clones.h"
#include "devices/law_times.h"
#include "devices/laws.h"

struct polynomial {
    double g_reference_siemens;
    struct option_reals times_seconds;
    struct option_reals sigma_siemens; /* the coefficients of the first time, of the second, ... */
    struct option_reals mean_siemens;  /* likewise */
};

#define MEMBER(name) offsetof(struct polynomial, name)
static const struct option options[] = {
    {.key = "g_reference",
     .kind = OPTION_REAL,
     .unit = QUANTITY_SIEMENS,
     .offset = MEMBER(g_reference_siemens),
     .high = 1,
     .flags = OPTION_LOW_OPEN,
     .help = "conductance at which the polynomial's variable is 1"},
    LAW_TIMES_LIST(MEMBER(times_seconds), "spread"),
    {.key = "sigma",
     .kind = OPTION_REALS,
     .unit = QUANTITY_SIEMENS,
     .offset = MEMBER(sigma_siemens),
     .low = -1,
     .high = 1,
     .help = "coefficients from the constant upwards, one group per time"},
    {.key = "mean",
     .kind = OPTION_REALS,
     .unit = QUANTITY_SIEMENS,
     .offset = MEMBER(mean_siemens),
     .low = -1,
     .high = 1,
     .initial_help = "0",
     .help = "coefficients of the mean error, likewise"},
};
static const struct option_table table = {options, sizeof options / sizeof options[0],
                                          sizeof(struct polynomial)};

static bool check(const void *params, char *why, size_t why_size)
{
    const struct polynomial *p = params;
    int n_times = law_times_groups(&p->times_seconds), n = p->sigma_siemens.n;
    bool is_negative = n > 0;
    if (n % n_times == 0)
        n = p->mean_siemens.n;
    if (n % n_times != 0) {
        snprintf(why, why_size, "%d coefficients found for %d times, the same number for each expected", n,
                 n_times);
        return false;
    }
    for (int k = 0; k < p->sigma_siemens.n; k++)
        is_negative = is_negative && p->sigma_siemens.values[k] < 0;
    if (is_negative) {
        snprintf(why, why_size, "sigma is negative at every state");
        return false;
    }
    return law_check_rising("times", &p->times_seconds, why, why_size);
}

static void times(const void *params, double *first_seconds, double *last_seconds)
{
    const struct polynomial *p = params;
    law_times_list_range(&p->times_seconds, first_seconds, last_seconds);
}

/* sums [n_cells] of polynomials in x [n_cells]; without coefficients 0. */
CLONES
static void evaluate(const double *coefficients, int n, size_t n_cells, const double *restrict x,
                     double *restrict sums)
{
    for (size_t i = 0; i < n_cells; i++)
        sums[i] = 0;
    for (int k = n - 1; k >= 0; k--) {
        double c = coefficients[k];
        for (size_t i = 0; i < n_cells; i++)
            sums[i] = sums[i] * x[i] + c;
    }
}

CLONES
static void cut_at_0(size_t n_cells, double *sums)
{
    for (size_t i = 0; i < n_cells; i++)
        sums[i] = sums[i] > 0 ? sums[i] : 0;
}

/* The polynomials of groups of coefficients, `weight` of the way from group `earlier` to the next. */
static void interpolate(const struct option_reals *coefficients, int n_times, int earlier, double weight,
                        bool cut, size_t n_cells, const double *x, double *sums)
{
    double next[LAW_CELLS];
    int n = coefficients->n / n_times;
    const double *before = coefficients->values + earlier * n;
    evaluate(before, n, n_cells, x, sums);
    if (cut)
        cut_at_0(n_cells, sums);
    if (!(weight > 0))
        return;
    evaluate(before + n, n, n_cells, x, next);
    if (cut)
        cut_at_0(n_cells, next);
    for (size_t i = 0; i < n_cells; i++)
        sums[i] += weight * (next[i] - sums[i]);
}

static void moments(const void *params, const struct law_conditions *at, const struct law_cells *cells,
                    double *shift_siemens, double *sigma_siemens)
{
    const struct polynomial *p = params;
    int earlier, n_times = law_times_groups(&p->times_seconds);
    double x[LAW_CELLS];
    double weight = law_bracket_log(p->times_seconds.values, p->times_seconds.n, at->time_seconds, &earlier);
    for (size_t i = 0; i < cells->n; i++)
        x[i] = cells->conductance_siemens[i] / p->g_reference_siemens;
    interpolate(&p->mean_siemens, n_times, earlier, weight, false, cells->n, x, shift_siemens);
    interpolate(&p->sigma_siemens, n_times, earlier, weight, true, cells->n, x, sigma_siemens);
}

const struct law law_polynomial = {
    .block = LAW_PROGRAMMING,
    .kind = "polynomial",
    .summary = "Gaussian error with a spread (and mean) that is a polynomial of the state",
    .source = "form of the inference noise models of aihwkit (code)",
    .params = &table,
    .check = check,
    .times = times,
    .moments = moments,
};
