/* The quantiles of measured programming errors, for the law `empirical`. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "devices/fit_internal.h"

enum { PROBABILITIES_MAX = 33, STATES_MAX = 16 };

/* Of `n` rising values, linear between them (Hyndman and Fan's definition 7). */
static double quantile(const double *rising, size_t n, double p)
{
    double place = p * (double)(n - 1);
    size_t i = (size_t)place;
    return i + 1 < n ? rising[i] + (place - (double)i) * (rising[i + 1] - rising[i]) : rising[n - 1];
}

/* Probabilities at equal steps of the normal score, out to what the smallest state can tell. */
static int pick_probabilities(const struct fit *fit, const size_t *first_of_state, int n_states, double *p)
{
    double outermost = 0.001;
    int n = OPTION_REALS_MAX / n_states;
    if (n > PROBABILITIES_MAX)
        n = PROBABILITIES_MAX;
    for (int k = 0; k < fit->n_states; k++)
        outermost = fmax(outermost, 0.5 / (double)(first_of_state[k + 1] - first_of_state[k]));
    double score = goodness_normal_quantile(1 - outermost);
    for (int i = 0; i < n; i++)
        p[i] = goodness_normal(score * (2.0 * i / (n - 1) - 1));
    return n;
}

void fit_empirical(struct fit *fit, const double *errors, const size_t *first_of_state)
{
    struct fit_block *block = &fit->blocks[LAW_PROGRAMMING];
    double states[STATES_MAX], p[PROBABILITIES_MAX], values[OPTION_REALS_MAX];
    int n_states = fit->n_states < STATES_MAX ? fit->n_states : STATES_MAX;
    int n = pick_probabilities(fit, first_of_state, n_states, p);
    double chi_square = block->chi_square, degrees = block->degrees, probability = block->p;
    for (int i = 0; i < n_states; i++) {
        int k = n_states > 1 ? i * (fit->n_states - 1) / (n_states - 1) : 0;
        const double *rising = errors + first_of_state[k];
        size_t count = first_of_state[k + 1] - first_of_state[k];
        const struct fit_state *state = &fit->states[k];
        double mean = 0, squares = 0;
        for (size_t j = 0; j < count; j++)
            mean += rising[j] / (double)count;
        for (size_t j = 0; j < count; j++)
            squares += (rising[j] - mean) * (rising[j] - mean) / (double)(count - 1);
        /* Narrowed to the part that is the programming error's own. */
        double narrow = squares > 0 ? state->sigma_siemens / sqrt(squares) : 0;
        states[i] = state->target_siemens;
        for (int q = 0; q < n; q++)
            values[i * n + q] = mean + narrow * (quantile(rising, count, p[q]) - mean);
    }
    memset(block, 0, sizeof *block);
    block->kind = "empirical";
    block->chi_square = chi_square;
    block->degrees = degrees;
    block->p = probability;
    fit_add_list(block, "states", QUANTITY_SIEMENS, n_states, states, NULL);
    fit_add_list(block, "probabilities", QUANTITY_NONE, n, p, NULL);
    fit_add_list(block, "error", QUANTITY_SIEMENS, n_states * n, values, NULL);
    snprintf(block->note, sizeof block->note,
             "quantiles, for the errors are not normal: Anderson-Darling p = %.2g, largest distance %.3g",
             fit->anderson_darling.p, fit->kolmogorov.statistic);
}
