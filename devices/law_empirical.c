/*
 * Programming error as measured, of any distribution: quantiles of the error at some states, the same
 * probabilities at each. A cell with the standard normal draw z takes the quantile of probability Phi(z):
 * linear in z between two probabilities, the outermost quantile beyond them; linear in the state between two
 * states, the nearest state's beyond them. Quantiles of normal scores make a Gaussian error exact.
 */
#include <math.h>
#include <stdio.h>

#include "devices/laws.h"
#include "numeric/goodness.h"

struct empirical {
    struct option_reals states_siemens, probabilities, error_siemens;
};

#define MEMBER(name) offsetof(struct empirical, name)
static const struct option options[] = {
    {.key = "states",
     .kind = OPTION_REALS,
     .unit = QUANTITY_SIEMENS,
     .offset = MEMBER(states_siemens),
     .low = 0,
     .high = 1,
     .help = "the states of the table, rising"},
    {.key = "probabilities",
     .kind = OPTION_REALS,
     .unit = QUANTITY_NONE,
     .offset = MEMBER(probabilities),
     .low = 1e-9,
     .high = 1 - 1e-9,
     .help = "probabilities of the quantiles, rising"},
    {.key = "error",
     .kind = OPTION_REALS,
     .unit = QUANTITY_SIEMENS,
     .offset = MEMBER(error_siemens),
     .low = -1,
     .high = 1,
     .help = "quantiles of the error, the first state's, the second's, ..."},
};
static const struct option_table table = {options, sizeof options / sizeof options[0],
                                          sizeof(struct empirical)};

static bool check(const void *params, char *why, size_t why_size)
{
    const struct empirical *p = params;
    int n = p->probabilities.n, expected = p->states_siemens.n * n;
    if (p->error_siemens.n != expected || n == 0) {
        snprintf(why, why_size, "%d values of error found, %d expected (states x probabilities)",
                 p->error_siemens.n, expected);
        return false;
    }
    for (int i = 0; i < expected; i++)
        if (i % n > 0 && p->error_siemens.values[i] < p->error_siemens.values[i - 1]) {
            snprintf(why, why_size, "the quantiles of state %d fall", i / n + 1);
            return false;
        }
    return law_check_rising("states", &p->states_siemens, why, why_size) &&
           law_check_rising("probabilities", &p->probabilities, why, why_size);
}

/* The interval that holds `value` among n rising ones, and how far into it. */
static double bracket(const double *values, int n, double value, int *lower)
{
    int high = n - 1;
    *lower = 0;
    if (n == 1 || value <= values[0])
        return 0;
    if (value >= values[n - 1]) {
        *lower = n - 2;
        return 1;
    }
    while (high - *lower > 1) {
        int middle = (high + *lower) / 2;
        if (value < values[middle])
            high = middle;
        else
            *lower = middle;
    }
    return (value - values[*lower]) / (values[high] - values[*lower]);
}

static double quantile(const double *errors, int n, int i, double weight)
{
    return n == 1 ? errors[0] : errors[i] + weight * (errors[i + 1] - errors[i]);
}

static void apply(const void *params, const struct law_conditions *at, const struct law_draws *draws,
                  const struct law_cells *cells)
{
    const struct empirical *p = params;
    double normals[LAW_CELLS], scores[OPTION_REALS_MAX];
    int n = p->probabilities.n, n_states = p->states_siemens.n, i, state;
    (void)at;
    for (int k = 0; k < n; k++)
        scores[k] = goodness_normal_quantile(p->probabilities.values[k]);
    random_normals_from(&draws->key, draws->first_cell, cells->n, normals);
    for (size_t c = 0; c < cells->n; c++) {
        double up = bracket(scores, n, normals[c], &i);
        double between = bracket(p->states_siemens.values, n_states, cells->conductance_siemens[c], &state);
        const double *errors = p->error_siemens.values + (size_t)state * (size_t)n;
        double low = quantile(errors, n, i, up);
        double high = between > 0 ? quantile(errors + n, n, i, up) : low;
        cells->conductance_siemens[c] += draws->scale * (low + between * (high - low));
    }
}

const struct law law_empirical = {
    .block = LAW_PROGRAMMING,
    .kind = "empirical",
    .summary = "error of any distribution: measured quantiles at some states",
    .source = "the user's measurement",
    .params = &table,
    .check = check,
    .apply = apply,
};
