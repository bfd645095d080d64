/* Random telegraph noise: number of traps, occupation, spectrum and dwell times against the closed forms. */
#include <criterion/criterion.h>
#include <gsl/gsl_fft_real.h>
#include <math.h>
#include <string.h>

#include "devices/law_telegraph.h"
#include "devices/laws.h"

TestSuite(telegraph, .timeout = 120);

enum { CELLS = 2000, STEPS = 2048, BINS = 40, PARAMS = LAW_PARAMS_SIZE };

static const double rate = 1000; /* per second, of both ways where one is wanted */

union params {
    double alignment;
    char bytes[PARAMS];
};

static void set(union params *params, const char *key, const char *value)
{
    char why[200];
    for (size_t i = 0; i < law_telegraph.params->n_options; i++)
        if (strcmp(law_telegraph.params->options[i].key, key) == 0) {
            cr_assert(option_set(&law_telegraph.params->options[i], params, value, why, sizeof why), "%s",
                      why);
            return;
        }
    cr_assert_fail("no option %s", key);
}

static void fill(union params *params, const char *traps, const char *spread, const char *exponent,
                 const char *low, const char *high)
{
    option_fill_defaults(law_telegraph.params, params);
    set(params, "traps", traps);
    set(params, "amplitude", "1 %");
    set(params, "amplitude_spread", spread);
    set(params, "g_reference", "10 uS");
    set(params, "exponent", exponent);
    set(params, "amplitude_max", "50 %");
    set(params, "rate_low", low);
    set(params, "rate_high", high);
}

static double conductance[CELLS], shares[STEPS][CELLS];

static struct law_telegraph *start(const union params *params, uint32_t write, double g)
{
    struct law_telegraph *traps;
    struct rs_error err;
    const struct random_key key = {.seed = 11, .trial = 3, .array = 5, .write = write};
    cr_assert_eq(law_telegraph_create(CELLS / 10, &traps, &err), RS_OK);
    for (int i = 0; i < CELLS; i++)
        conductance[i] = g;
    cr_assert_eq(law_telegraph_start(traps, params, &key, CELLS, conductance, &err), RS_OK);
    return traps;
}

/* What each read lowers, in parts of the conductance. */
static void watch(struct law_telegraph *traps, double step_seconds, double read_seconds)
{
    struct random_key key = {.seed = 11, .trial = 3, .array = 5, .write = 1};
    for (int t = 0; t < STEPS; t++) {
        for (int i = 0; i < CELLS; i++)
            conductance[i] = 1;
        law_telegraph_read(traps, 1, read_seconds, conductance);
        for (int i = 0; i < CELLS; i++)
            shares[t][i] = 1 - conductance[i];
        key.draw = (uint32_t)t + 1;
        law_telegraph_wait(traps, &key, step_seconds);
    }
}

Test(telegraph, cells_have_a_poisson_number_of_traps)
{
    union params params;
    double counts[6] = {0}, expected = exp(-0.5) * CELLS;
    fill(&params, "0.5", "0", "0", "1e3", "1e3");
    struct law_telegraph *traps = start(&params, 1, 10e-6);
    double n = (double)law_telegraph_count(traps);
    cr_assert_lt(fabs(n - 0.5 * CELLS), 4.5 * sqrt(0.5 * CELLS), "%g traps", n);
    /* All traps occupied by a read long after: 1 - share^n is not needed, the mean over a long read counts.
     */
    for (int i = 0; i < CELLS; i++)
        conductance[i] = 1;
    law_telegraph_read(traps, 1, 1e6, conductance);
    for (int i = 0; i < CELLS; i++) {
        double here = log(conductance[i]) / log(1 - 0.005);
        cr_assert_float_eq(here, nearbyint(here), 1e-3, "%g traps", here);
        counts[here < 5 ? (int)(here + 0.5) : 5]++;
    }
    for (int k = 0; k < 5; k++) {
        cr_assert_lt(fabs(counts[k] - expected), 4.5 * sqrt(expected) + 1, "%d traps: %g, %g expected", k,
                     counts[k], expected);
        expected *= 0.5 / (k + 1);
    }
    law_telegraph_destroy(traps);
}

/* One-sided spectrum of a trap of step d: 4 d^2 / ((tc + te) ((1/tc + 1/te)^2 + (2 pi f)^2)), times the
 * number of traps. At 1/50 of the mean dwell time per step, what is folded back is below 1 % in the bins
 * looked at. */
Test(telegraph, its_spectrum_is_a_lorentzian)
{
    union params params;
    double sum[BINS] = {0}, squares[BINS] = {0}, step = 0.02 / rate;
    static double series[STEPS];
    fill(&params, "1", "0", "0", "1e3", "1e3");
    struct law_telegraph *traps = start(&params, 1, 10e-6);
    double n_traps = (double)law_telegraph_count(traps), worst = 0;
    watch(traps, step, 0);
    for (int i = 0; i < CELLS; i++) {
        for (int t = 0; t < STEPS; t++)
            series[t] = shares[t][i] - 0.005;
        gsl_fft_real_radix2_transform(series, 1, STEPS);
        for (int k = 1; k < BINS; k++) {
            double power = 2 * step / STEPS * (series[k] * series[k] + series[STEPS - k] * series[STEPS - k]);
            sum[k] += power / n_traps;
            squares[k] += power * power / n_traps;
        }
    }
    for (int k = 1; k < BINS; k++) {
        double f = k / (STEPS * step), pi = acos(-1.0);
        double expected = 4 * 1e-4 / (2 / rate * (4 * rate * rate + 4 * pi * pi * f * f));
        double error = sqrt(squares[k] / n_traps);
        worst = fmax(worst, fabs(sum[k] - expected) / error);
        cr_assert_lt(fabs(sum[k] - expected), 4.5 * error + 0.03 * expected, "bin %d: %g, %g expected", k,
                     sum[k], expected);
    }
    cr_assert_gt(worst, 0.1);
    law_telegraph_destroy(traps);
}

/* Dwell times, empty and occupied, of cells with one trap: exponential with the mean 1 / rate, seen in steps.
 */
Test(telegraph, dwell_times_are_exponential)
{
    union params params;
    double step = 0.05 / rate, dwells = 0, total = 0, squares = 0;
    fill(&params, "1", "0", "0", "1e3", "1e3");
    struct law_telegraph *traps = start(&params, 1, 10e-6);
    watch(traps, step, 0);
    for (int i = 0; i < CELLS; i++) {
        double highest = 0;
        int since = -1;
        for (int t = 0; t < STEPS; t++)
            highest = fmax(highest, shares[t][i]);
        if (highest > 0.015 || highest == 0) /* two traps, or none seen */
            continue;
        for (int t = 1; t < STEPS; t++) {
            if (shares[t][i] == shares[t - 1][i])
                continue;
            if (since >= 0) {
                double n = t - since;
                dwells++;
                total += n;
                squares += n * n;
            }
            since = t;
        }
    }
    /* Leaving within a step: (1 - exp(-2 rate step)) / 2; the number of steps is geometric. A series that
     * ends cuts long dwells: at 100 dwells per series less than 2 % of the mean. */
    double leaves = -expm1(-2 * rate * step) / 2, mean = 1 / leaves;
    cr_assert_gt(dwells, 1e4);
    cr_assert_lt(fabs(total / dwells / mean - 1), 0.025, "mean %g steps, %g expected", total / dwells, mean);
    double variance = squares / dwells - total * total / dwells / dwells;
    cr_assert_lt(fabs(variance / ((1 - leaves) * mean * mean) - 1), 0.08, "variance %g", variance);
    law_telegraph_destroy(traps);
}

Test(telegraph, a_wait_in_two_halves_is_a_wait)
{
    union params params;
    double means[2] = {0}, step = 0.3 / rate;
    fill(&params, "2", "0.5", "1", "1e2", "1e4");
    for (int halves = 0; halves < 2; halves++) {
        struct law_telegraph *traps = start(&params, 1, 5e-6);
        struct random_key key = {.seed = 11, .trial = 3, .array = 5, .write = 1, .draw = 1};
        double before[CELLS], product = 0, square = 0, mean = 0;
        for (int i = 0; i < CELLS; i++)
            conductance[i] = 1;
        law_telegraph_read(traps, 1, 0, conductance);
        memcpy(before, conductance, sizeof before);
        for (int part = 0; part <= halves; part++, key.draw++)
            law_telegraph_wait(traps, &key, step / (halves + 1));
        for (int i = 0; i < CELLS; i++)
            conductance[i] = 1;
        law_telegraph_read(traps, 1, 0, conductance);
        for (int i = 0; i < CELLS; i++)
            mean += (1 - before[i]) / CELLS;
        for (int i = 0; i < CELLS; i++) {
            product += (1 - before[i] - mean) * (1 - conductance[i] - mean);
            square += (1 - before[i] - mean) * (1 - before[i] - mean);
        }
        means[halves] = product / square;
        law_telegraph_destroy(traps);
    }
    cr_assert_lt(fabs(means[0] - means[1]), 4.5 * sqrt(2.0 / CELLS), "correlations %g and %g", means[0],
                 means[1]);
}

Test(telegraph, traps_stay_for_the_trial_and_amplitudes_grow_with_resistance)
{
    union params params;
    static double low[CELLS], high[CELLS];
    fill(&params, "1", "0.5", "1", "1e3", "1e3");
    struct law_telegraph *one = start(&params, 1, 10e-6), *other = start(&params, 2, 10e-6),
                         *weak = start(&params, 1, 5e-6);
    for (int i = 0; i < CELLS; i++)
        low[i] = high[i] = conductance[i] = 1;
    law_telegraph_read(one, 1, 1e6, conductance);
    law_telegraph_read(other, 1, 1e6, low);
    law_telegraph_read(weak, 1, 1e6, high);
    for (int i = 0; i < CELLS; i++) {
        cr_assert_float_eq(conductance[i], low[i], 1e-9); /* a long read sees the mean, whatever the state */
        cr_assert(high[i] <= conductance[i]);
    }
    law_telegraph_destroy(one);
    law_telegraph_destroy(other);
    law_telegraph_destroy(weak);
}

/* What a periodogram of STEPS samples of a trap expects in bin k, per squared step of the trap and twice the
 * step of time over STEPS: the transform of the autocorrelation p (1 - p) exp(-(rc + re) t), each lag as
 * often as the series has it; leakage and folding are in it. */
static double expected_power(int k, double caught, double released, double step)
{
    double p = caught / (caught + released), left = exp(-(caught + released) * step), factor = 1, sum = STEPS;
    for (int lag = 1; lag < STEPS && factor > 1e-12; lag++) {
        factor *= left;
        sum += 2 * (STEPS - lag) * factor * cos(2 * acos(-1.0) * (double)(k * lag % STEPS) / STEPS);
    }
    return p * (1 - p) * sum;
}

/* Capture and emission rates of their own for every trap, log-uniform: the mean over both of the closed form.
 */
Test(telegraph, rates_of_traps_are_log_uniform_and_the_spectrum_their_mean)
{
    enum { BINS_HERE = 16, GRID = 12 };
    union params params;
    double sum[BINS_HERE] = {0}, squares[BINS_HERE] = {0}, expected[BINS_HERE] = {0}, step = 0.05 / rate;
    double level = 0, level_squares = 0;
    static double series[STEPS];
    for (int k = 1; k < BINS_HERE; k++)
        for (int c = 0; c < GRID; c++)
            for (int e = 0; e < GRID; e++)
                expected[k] += expected_power(k, 2e2 * pow(10, (c + 0.5) / GRID),
                                              2e2 * pow(10, (e + 0.5) / GRID), step) /
                               (GRID * GRID);
    fill(&params, "1", "0", "0", "2e2", "2e3");
    set(&params, "amplitude", "0.1 %");
    struct law_telegraph *traps = start(&params, 1, 10e-6);
    double n_traps = (double)law_telegraph_count(traps);
    watch(traps, step, 0);
    for (int i = 0; i < CELLS; i++) {
        double here = 0;
        for (int t = 0; t < STEPS; t++)
            series[t] = shares[t][i] * 1e3;
        gsl_fft_real_radix2_transform(series, 1, STEPS);
        for (int k = 1; k < BINS_HERE; k++) {
            double power = series[k] * series[k] + series[STEPS - k] * series[STEPS - k];
            sum[k] += power / n_traps;
            squares[k] += power * power / n_traps;
            here += power / expected[k] / (BINS_HERE - 1);
        }
        level += here / n_traps;
        level_squares += here * here / n_traps;
    }
    for (int k = 1; k < BINS_HERE; k++) {
        double error = sqrt(squares[k] / n_traps);
        cr_assert_lt(fabs(sum[k] - expected[k]), 4.5 * error, "bin %d: %g +- %g, %g expected", k, sum[k],
                     error, expected[k]);
        cr_assert_lt(error, 0.1 * expected[k]);
    }
    cr_assert_lt(fabs(level - 1), 4.5 * sqrt(level_squares / n_traps), "all bins: %g +- %g, 1 expected",
                 level, sqrt(level_squares / n_traps));
    law_telegraph_destroy(traps);
}

/* How many traps of each cell are occupied, each lowering its conductance by 1 %. */
static void count_occupied(const struct law_telegraph *traps, double *occupied)
{
    for (int i = 0; i < CELLS; i++)
        occupied[i] = 1;
    law_telegraph_read(traps, 1, 0, occupied);
    for (int i = 0; i < CELLS; i++)
        occupied[i] = nearbyint(log(occupied[i]) / log(0.99));
}

/* Share of traps whose state has changed after a wait: (1 - exp(-2 rate t)) / 2, however it is cut up. */
Test(telegraph, a_wait_changes_as_many_traps_in_one_piece_or_several)
{
    enum { WRITES = 16 };
    union params params;
    double step = 0.4 / rate, expected = -expm1(-2 * rate * step) / 2;
    fill(&params, "4", "0", "0", "1e3", "1e3");
    for (int parts = 1; parts <= 8; parts *= 2) {
        double moved = 0, squares = 0, n = 0;
        for (uint32_t write = 1; write <= WRITES; write++) { /* each begins with states of its own */
            struct law_telegraph *traps = start(&params, write, 10e-6);
            struct random_key key = {.seed = 11, .trial = 3, .array = 5, .write = write, .draw = 1};
            double before[CELLS];
            n += (double)law_telegraph_count(traps);
            count_occupied(traps, before);
            for (int part = 0; part < parts; part++, key.draw++)
                law_telegraph_wait(traps, &key, step / parts);
            count_occupied(traps, conductance);
            for (int i = 0; i < CELLS; i++) {
                double change = conductance[i] - before[i];
                moved += change * change; /* as many up as down: the mean square is the number of changes */
                squares += pow(change, 4);
            }
            law_telegraph_destroy(traps);
        }
        double error = sqrt(squares - moved * moved / (CELLS * WRITES));
        cr_assert_lt(fabs(moved - expected * n), 4.5 * error, "%d parts: %g +- %g, %g expected", parts, moved,
                     error, expected * n);
        cr_assert_lt(error, 0.02 * moved);
    }
}
