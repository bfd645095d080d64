/*
 * Programming error from a table: mean shift and standard deviation at some states, linear between them,
 * constant beyond; at one or several times after the write, linear in ln t between them.
 */
#include <math.h>
#include <stdio.h>

#include "devices/law_times.h"
#include "devices/laws.h"

struct state_table {
    struct option_reals states_siemens, times_seconds, sigma_siemens, mean_siemens;
};

#define MEMBER(name) offsetof(struct state_table, name)
static const struct option options[] = {
    {.key = "states",
     .kind = OPTION_REALS,
     .unit = QUANTITY_SIEMENS,
     .offset = MEMBER(states_siemens),
     .low = 0,
     .high = 1,
     .help = "the states of the table, rising"},
    LAW_TIMES_LIST(MEMBER(times_seconds), "error"),
    {.key = "sigma",
     .kind = OPTION_REALS,
     .unit = QUANTITY_SIEMENS,
     .offset = MEMBER(sigma_siemens),
     .low = 0,
     .high = 1,
     .help = "standard deviation at each state, one group per time"},
    {.key = "mean",
     .kind = OPTION_REALS,
     .unit = QUANTITY_SIEMENS,
     .offset = MEMBER(mean_siemens),
     .low = -1,
     .high = 1,
     .initial_help = "0",
     .help = "mean error at each state, one group per time"},
};
static const struct option_table table = {options, sizeof options / sizeof options[0],
                                          sizeof(struct state_table)};

static bool check_count(const char *name, int n, int expected, char *why, size_t why_size)
{
    if (n == expected)
        return true;
    snprintf(why, why_size, "%d values of %s found, %d expected (states x times)", n, name, expected);
    return false;
}

static bool check(const void *params, char *why, size_t why_size)
{
    const struct state_table *p = params;
    int expected = p->states_siemens.n * law_times_groups(&p->times_seconds);
    return law_check_rising("states", &p->states_siemens, why, why_size) &&
           law_check_rising("times", &p->times_seconds, why, why_size) &&
           check_count("sigma", p->sigma_siemens.n, expected, why, why_size) &&
           (p->mean_siemens.n == 0 || check_count("mean", p->mean_siemens.n, expected, why, why_size));
}

static void times(const void *params, double *first_seconds, double *last_seconds)
{
    const struct state_table *p = params;
    law_times_list_range(&p->times_seconds, first_seconds, last_seconds);
}

static double interpolate(const double *states, const double *values, int n, double g)
{
    int i = 0;
    if (n == 1 || g <= states[0])
        return values[0];
    if (g >= states[n - 1])
        return values[n - 1];
    while (g > states[i + 1])
        i++;
    double weight = (g - states[i]) / (states[i + 1] - states[i]);
    return values[i] + weight * (values[i + 1] - values[i]);
}

static void moments(const void *params, const struct law_conditions *at, const struct law_cells *cells,
                    double *shift_siemens, double *sigma_siemens)
{
    const struct state_table *p = params;
    double mean[OPTION_REALS_MAX] = {0}, sigma[OPTION_REALS_MAX];
    int n = p->states_siemens.n, group;
    double weight = law_bracket_log(p->times_seconds.values, p->times_seconds.n, at->time_seconds, &group);
    int later = weight > 0 ? n : 0;
    for (int k = 0; k < n; k++) {
        const double *s = p->sigma_siemens.values + group * n + k,
                     *m = p->mean_siemens.values + group * n + k;
        sigma[k] = s[0] + weight * (s[later] - s[0]);
        if (p->mean_siemens.n > 0)
            mean[k] = m[0] + weight * (m[later] - m[0]);
    }
    for (size_t i = 0; i < cells->n; i++) {
        double g = cells->conductance_siemens[i];
        shift_siemens[i] = interpolate(p->states_siemens.values, mean, n, g);
        sigma_siemens[i] = interpolate(p->states_siemens.values, sigma, n, g);
    }
}

const struct law law_table = {
    .block = LAW_PROGRAMMING,
    .kind = "table",
    .summary = "Gaussian error with mean and spread from a table of states and times",
    .source = "the user's measurement",
    .params = &table,
    .check = check,
    .times = times,
    .moments = moments,
};
