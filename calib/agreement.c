#include "calib/agreement.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "numeric/goodness.h"
#include "numeric/statistics.h"

static const double confidence = 0.95;
static const double margin_edges[AGREEMENT_MARGINS] = {0, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2};

static void finish_share(struct agreement_share *share)
{
    share->ratio = share->n > 0 ? (double)share->k / (double)share->n : (double)NAN;
    statistics_share(share->k, share->n, confidence, &share->low, &share->high);
}

static void count(struct agreement_share *share, bool yes)
{
    share->n++;
    share->k += yes;
}

static bool keeps(const struct decisions_row *row)
{
    return row->ngspice.output_volts > 0;
}

/* --- the mismatch known --- */

static void count_rows(const struct decisions *decisions, struct agreement *out)
{
    double sigma = decisions->prediction.sigma_volts, squares = 0, delays = 0;
    size_t n_delays = 0;
    for (size_t i = 0; i < out->n; i++) {
        const struct decisions_row *row = &decisions->rows[i];
        double distance = fabs(row->engine.margin_volts) / sigma;
        bool agrees = row->engine.keep == keeps(row);
        int bin = AGREEMENT_MARGINS - 1;
        while (bin > 0 && distance < margin_edges[bin])
            bin--;
        out->confusion[row->engine.keep][keeps(row)]++;
        out->n_unresolved += !row->ngspice.resolved;
        count(&out->all, agrees);
        if (distance > decisions->options->clear_sigmas)
            count(&out->clear, agrees);
        count(&out->disagreement[bin], !agrees);
        count(&out->slots[row->slot], !agrees);
        squares += pow(row->engine.input_volts - row->ngspice.input_volts, 2);
        if (agrees && row->ngspice.resolved) {
            delays += pow(row->engine.delay_seconds - row->ngspice.delay_seconds, 2);
            n_delays++;
        }
    }
    out->input_rms_volts = sqrt(squares / (double)out->n);
    out->delay_rms_seconds = decisions->prediction.comparator.delay_tau_seconds > 0
                                 ? sqrt(delays / (double)n_delays)
                                 : (double)NAN;
}

/* --- the mismatch unknown --- */

static double expected_share(const struct decisions *decisions, const struct decisions_row *row)
{
    return goodness_normal((row->engine.input_volts - row->engine.shift_volts) /
                           decisions->prediction.sigma_volts);
}

static int bin_of(double share)
{
    int bin = (int)(share * AGREEMENT_SHARES);
    return bin < AGREEMENT_SHARES ? bin : AGREEMENT_SHARES - 1;
}

/* The decisions of slot j of deck i. */
static void add_latch(const struct decisions *decisions, size_t i_deck, size_t j,
                      double covariance[AGREEMENT_SHARES][AGREEMENT_SHARES], double excess[AGREEMENT_SHARES])
{
    const struct decisions_row *rows =
        decisions->rows + i_deck * decisions->n_queries * decisions->n_slots + j;
    for (size_t a = 0; a < decisions->n_queries; a++) {
        const struct decisions_row *row = &rows[a * decisions->n_slots];
        double p = expected_share(decisions, row);
        excess[bin_of(p)] += keeps(row) - p;
        for (size_t b = 0; b < decisions->n_queries; b++) {
            double q = expected_share(decisions, &rows[b * decisions->n_slots]);
            covariance[bin_of(p)][bin_of(q)] += fmin(p, q) * (1 - fmax(p, q));
        }
    }
}

/* S^T C^-1 S by Cholesky's way, bins without a spread left out. */
static double weigh(double covariance[AGREEMENT_SHARES][AGREEMENT_SHARES], double excess[AGREEMENT_SHARES],
                    double *degrees)
{
    double root[AGREEMENT_SHARES][AGREEMENT_SHARES] = {{0}}, solved[AGREEMENT_SHARES] = {0}, sum = 0;
    const double least_share = 1e-9, least_variance = 0.5;
    *degrees = 0;
    for (int i = 0; i < AGREEMENT_SHARES; i++) {
        double pivot = covariance[i][i], value = excess[i];
        for (int k = 0; k < i; k++) {
            pivot -= root[i][k] * root[i][k];
            value -= root[i][k] * solved[k];
        }
        if (covariance[i][i] < least_variance || pivot < least_share * covariance[i][i])
            continue;
        root[i][i] = sqrt(pivot);
        solved[i] = value / root[i][i];
        sum += solved[i] * solved[i];
        *degrees += 1;
        for (int j = i + 1; j < AGREEMENT_SHARES; j++) {
            double below = covariance[j][i];
            for (int k = 0; k < i; k++)
                below -= root[i][k] * root[j][k];
            root[j][i] = below / root[i][i];
        }
    }
    return sum;
}

static void test_curve(const struct decisions *decisions, struct agreement *out)
{
    double covariance[AGREEMENT_SHARES][AGREEMENT_SHARES] = {{0}}, excess[AGREEMENT_SHARES] = {0};
    for (size_t i = 0; i < decisions->n_decks; i++)
        for (size_t j = 0; j < decisions->n_slots; j++)
            add_latch(decisions, i, j, covariance, excess);
    for (size_t i = 0; i < out->n; i++) {
        double p = expected_share(decisions, &decisions->rows[i]);
        count(&out->kept[bin_of(p)], keeps(&decisions->rows[i]));
        out->expected[bin_of(p)] += p;
    }
    for (int b = 0; b < AGREEMENT_SHARES; b++) {
        out->expected[b] /= out->kept[b].n > 0 ? (double)out->kept[b].n : (double)NAN;
        finish_share(&out->kept[b]);
    }
    out->curve_statistic = weigh(covariance, excess, &out->curve_degrees);
    out->curve_p = goodness_chi_square(out->curve_statistic, out->curve_degrees);
}

enum rs_status agreement_compute(const struct decisions *decisions, struct agreement *out,
                                 struct rs_error *err)
{
    const struct decisions_options *options = decisions->options;
    *out = (struct agreement){.n = decisions->n_decks * decisions->n_queries * decisions->n_slots,
                              .n_slots = decisions->n_slots,
                              .knows_mismatch = decisions->prediction.knows_pairs};
    out->slots = memory_allocate(out->n_slots, sizeof *out->slots, err);
    if (out->slots == NULL)
        return RS_INTERNAL;
    memcpy(out->margin_edges, margin_edges, sizeof margin_edges);
    out->margin_edges[AGREEMENT_MARGINS] = (double)INFINITY;
    for (int b = 0; b <= AGREEMENT_SHARES; b++)
        out->share_edges[b] = (double)b / AGREEMENT_SHARES;
    count_rows(decisions, out);
    finish_share(&out->all);
    finish_share(&out->clear);
    for (int b = 0; b < AGREEMENT_MARGINS; b++)
        finish_share(&out->disagreement[b]);
    for (size_t j = 0; j < out->n_slots; j++)
        finish_share(&out->slots[j]);
    test_curve(decisions, out);
    bool given =
        !out->knows_mismatch || (out->all.ratio >= options->agreement_ratio &&
                                 (out->clear.n == 0 || out->clear.ratio >= options->clear_agreement_ratio));
    out->good = given && out->curve_p >= options->curve_p;
    return RS_OK;
}

void agreement_clear(struct agreement *agreement)
{
    free(agreement->slots);
    *agreement = (struct agreement){0};
}
