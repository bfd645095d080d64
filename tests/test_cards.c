/* The cards against their sources: mean and spread of programmed and aged cells beside the source's own
 * formula, written out plainly here and drawn with GSL's generator. */
#include <criterion/criterion.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <string.h>

#include "devices/device.h"

TestSuite(cards, .timeout = 120);

enum { CELLS = 20000, REFERENCE_CELLS = 100000 };

static double clip(double value, double low, double high)
{
    return value < low ? low : value > high ? high : value;
}

/* Conductances in uS, times in s. One cell after programming to g and waiting until t. */
typedef double simulate(gsl_rng *rng, double g, double t);

static double polynomial(const double *c, int n, double x)
{
    double sum = 0, power = 1;
    for (int k = 0; k < n; k++, power *= x)
        sum += c[k] * power;
    return sum;
}

static double crosssim_wan(gsl_rng *rng, double g, double t)
{
    (void)t;
    double sigma = 1.536e-4 * g * g * g - 1.167e-2 * g * g + 0.2374 * g + 1.053;
    return fmax(g + sigma * gsl_ran_ugaussian(rng), 0);
}

static double aihwkit_wan(gsl_rng *rng, double g, double t)
{
    const double c[3][5] = {{0.348, 16.030, -43.853, 45.393, -16.815},
                            {0.701, 22.086, -50.773, 47.095, -16.458},
                            {0.782, 20.274, -43.507, 37.062, -11.934}};
    int which = t < 2 ? 0 : t < 90000 ? 1 : 2;
    return fmax(g + polynomial(c[which], 5, g / 40) * gsl_ran_ugaussian(rng), 0);
}

static double milo(gsl_rng *rng, double g, double t)
{
    (void)t;
    return fmax(g + fmax(0, 4.782321 - 0.009107 * g) * gsl_ran_ugaussian(rng), 0);
}

static double joshi(gsl_rng *rng, double g, double t)
{
    (void)t;
    double sigma = -0.00178767 * g * g + 0.07585724 * g + 0.28638599;
    return fmax(g + sigma * gsl_ran_ugaussian(rng), 0);
}

static double cmo(gsl_rng *rng, double g, double t, double c0, double c1)
{
    double programmed = clip(g + (c0 + c1 * g) * gsl_ran_ugaussian(rng), 9, 88.2);
    double drifted =
        clip(programmed - 0.08900206 * log(t) + (0.04201137 * log(t) + 0.41183342) * gsl_ran_ugaussian(rng),
             9, 88.2);
    double sigma = 0.0277316483 * log10(drifted) * sqrt(log((t + 1e-6) / 2e-6));
    return fmax(drifted + sigma * gsl_ran_ugaussian(rng), 0);
}

static double cmo_accept2(gsl_rng *rng, double g, double t)
{
    return cmo(rng, g, t, 0.0112185391, 0.01129027418);
}

static double cmo_accept02(gsl_rng *rng, double g, double t)
{
    return cmo(rng, g, t, 0.00081107, 0.00106879);
}

static double age(gsl_rng *rng, double programmed, double mean, double spread, double ratio, double q,
                  double factor)
{
    double nu = fabs(mean + spread * gsl_ran_ugaussian(rng)), drifted = programmed * pow(ratio, -nu);
    return fmax(drifted + drifted * q * factor * gsl_ran_ugaussian(rng), 0);
}

static double nandakumar(gsl_rng *rng, double g, double t)
{
    const double c[] = {0.26348, 1.9650, -1.1731};
    double x = g / 25, programmed = fmax(g + polynomial(c, 3, x) * gsl_ran_ugaussian(rng), 0);
    double mean = clip(-0.0155 * log(x) + 0.0244, 0.049, 0.1),
           spread = clip(-0.0125 * log(x) - 0.0059, 0.008, 0.045);
    double q = fmin(0.0088 / fmax(pow(programmed / 25, 0.65), 1e-3), 0.2);
    return age(rng, programmed, mean, spread, t / 20, q, sqrt(log((t + 250e-9) / (2 * 250e-9))));
}

static double hermes(gsl_rng *rng, double g, double t, int devices)
{
    const double c1[] = {0.15781817, 2.32443916, -2.16310839, 0.68841818},
                 c2[] = {0.16603222, 4.71806468, -8.48101252, 4.68961419};
    double g_max = devices == 1 ? 10.35 : 20.7, x = g / g_max;
    double programmed = fmax(g + polynomial(devices == 1 ? c1 : c2, 4, x) * gsl_ran_ugaussian(rng), 0);
    double y = fmax(programmed / g_max, 1e-12), spread, q;
    double mean =
        x < 0.0945 ? clip(-0.0387 * log(x) - 0.0182, 0.0720, 0.13) : -0.0436 * x * x - 0.0126 * x + 0.0736;
    if (devices == 1) {
        spread = x < 0.3039 ? clip(-0.0120 * log(x) - 0.0023, 0.0124, 0.04)
                            : -0.0165 * x * x + 0.0116 * x + 0.0104;
        q = y < 0.1591 ? clip(-0.0078 * log(y) + 0.0038, 0.0179, 0.04)
                       : 0.0664 * y * y * y - 0.1352 * y * y + 0.0768 * y + 0.0088;
    } else {
        spread = x < 0.3055 ? clip(-0.0117 * log(x) - 0.0057, 0.0091, 0.04)
                            : -0.0118 * x * x + 0.0093 * x + 0.0073;
        q = y < 0.16 ? clip(-0.0117 * log(y) - 0.0069, 0.015, 0.04)
                     : 0.0069 * y * y * y - 0.0280 * y * y + 0.0211 * y + 0.0123;
    }
    return age(rng, programmed, mean, spread, t / (devices == 1 ? 200 : 300), q,
               sqrt(log((t + 512e-9) / (2 * 512e-9))));
}

static double hermes1(gsl_rng *rng, double g, double t)
{
    return hermes(rng, g, t, 1);
}

static double hermes2(gsl_rng *rng, double g, double t)
{
    return hermes(rng, g, t, 2);
}

static double stuck10(gsl_rng *rng, double g, double t)
{
    (void)t;
    double u = gsl_rng_uniform(rng);
    return u < 0.0904 ? 100 : u < 0.0904 + 0.0175 ? 1 : g;
}

/* The formulas below are those that the cards themselves state: no source has more. */

static double accept(gsl_rng *rng, double g, double half, double verify)
{
    return fmax(g + half * gsl_ran_flat(rng, -1, 1) + verify * gsl_ran_ugaussian(rng), 0);
}

static double gong(gsl_rng *rng, double g, double t)
{
    (void)t;
    return accept(rng, g, 0.5, 0);
}

static double stanford(gsl_rng *rng, double g, double t)
{
    (void)t;
    return accept(rng, g, 0.05 * g, 0.1);
}

static double spread(gsl_rng *rng, double target, double g, double ratio, double ratio_hrs)
{
    double z = gsl_ran_ugaussian(rng);
    return fmax(target < 10 ? g * exp(ratio_hrs * z) : g * (1 + ratio * z), 0);
}

static double hfo2(gsl_rng *rng, double g, double t)
{
    double device = spread(rng, g, g, 0.03, 0.3);
    double written = spread(rng, g, accept(rng, device, 0.02 * g, 0.1), 0.02, 0.2);
    double u = gsl_rng_uniform_pos(rng), stuck = gsl_rng_uniform(rng);
    double aged = written * exp(-0.002 * log(t) + (0.01 + 0.001 * log(t)) * log(u / (1 - u)));
    return stuck < 0.001 ? 100 : stuck < 0.003 ? 2 : stuck < 0.004 ? gsl_ran_flat(rng, 2, 100) : aged;
}

static double high_resistance(gsl_rng *rng, double g, double t)
{
    const double low = 3.08e-3, high = 38.46e-3, step = (high - low) / 97;
    (void)t;
    double level = low + nearbyint((g - low) / step) * step;
    return clip(level + 1.2383e-3 * gsl_ran_ugaussian(rng), low, high);
}

static double ideal(gsl_rng *rng, double g, double t)
{
    (void)rng;
    (void)t;
    return g;
}

static const struct source {
    const char *card;
    simulate *simulate;
    double times[4];
} sources[] = {
    {"wan2022", aihwkit_wan, {1, 86400, 172800}},
    {"wan2022-crosssim", crosssim_wan, {1}},
    {"milo2021", milo, {1}},
    {"pcm-joshi", joshi, {27.36}},
    {"cmo-accept2", cmo_accept2, {1, 3600, 86400, 3e8}},
    {"cmo-accept02", cmo_accept02, {1, 3600, 86400, 3e8}},
    {"pcm-nandakumar", nandakumar, {20, 3600, 86400, 3e7}},
    {"hermes1", hermes1, {200, 3600, 86400, 3e7}},
    {"hermes2", hermes2, {300, 3600, 86400, 3e7}},
    {"worst-stuck10", stuck10, {1}},
    {"ideal", ideal, {1}},
    {"gong2022-om", gong, {1}},
    {"gong2022-hfo2", gong, {1}},
    {"generic-hfo2", hfo2, {1, 3600, 86400, 3e8}},
    {"generic-high-resistance", high_resistance, {1}},
    {"generic-stanford", stanford, {1}},
};

struct moments {
    double mean, variance, mean_error, variance_error;
};

/* With the standard errors of both, from the fourth central moment. */
static struct moments measure(const double *values, size_t n)
{
    double mean = 0, second = 0, fourth = 0;
    for (size_t i = 0; i < n; i++)
        mean += values[i] / (double)n;
    for (size_t i = 0; i < n; i++) {
        double square = (values[i] - mean) * (values[i] - mean);
        second += square / (double)n;
        fourth += square * square / (double)n;
    }
    return (struct moments){mean, second, sqrt(second / (double)n),
                            sqrt(fmax(fourth - second * second, 0) / (double)n)};
}

static void open_card(const char *card, double t, struct device *device)
{
    struct device_options options;
    struct rs_error err = {{0}};
    option_fill_defaults(&device_option_table, &options);
    options.time_seconds = t;
    for (options.preset = 0; strcmp(card_preset_names[options.preset], card) != 0;)
        options.preset++;
    cr_assert_eq(device_open(&options, device, &err), RS_OK, "%s", err.text);
}

static void compare(const struct source *source, double t, double g, gsl_rng *rng)
{
    static double target[CELLS], found[CELLS], reference[REFERENCE_CELLS];
    struct device device;
    const struct random_key key = {.seed = 7, .trial = 1, .array = 2, .write = (uint32_t)(t + g)};
    open_card(source->card, t, &device);
    for (int i = 0; i < CELLS; i++)
        target[i] = g * 1e-6;
    device_program(&device, &key, 100, CELLS / 100, target, found);
    for (int i = 0; i < CELLS; i++)
        found[i] *= 1e6;
    for (int i = 0; i < REFERENCE_CELLS; i++)
        reference[i] = source->simulate(rng, g, t);
    struct moments ours = measure(found, CELLS), theirs = measure(reference, REFERENCE_CELLS);
    cr_assert_leq(fabs(ours.mean - theirs.mean), 4.5 * hypot(ours.mean_error, theirs.mean_error) + 1e-9,
                  "%s at %g uS, %g s: mean %g uS, %g expected", source->card, g, t, ours.mean, theirs.mean);
    cr_assert_leq(fabs(ours.variance - theirs.variance),
                  4.5 * hypot(ours.variance_error, theirs.variance_error) + 1e-12,
                  "%s at %g uS, %g s: variance %g, %g expected", source->card, g, t, ours.variance,
                  theirs.variance);
}

Test(cards, programmed_cells_have_the_moments_of_their_source)
{
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    gsl_rng_set(rng, 20260101);
    for (size_t s = 0; s < sizeof sources / sizeof sources[0]; s++) {
        struct card card;
        struct rs_error err = {{0}};
        cr_assert_eq(card_load_preset(sources[s].card, &card, &err), RS_OK, "%s", err.text);
        double low = card.window.g_min_siemens * 1e6, span = card.window.g_max_siemens * 1e6 - low;
        for (int t = 0; t < 4 && sources[s].times[t] > 0; t++)
            for (int i = 0; i <= 4; i++)
                compare(&sources[s], sources[s].times[t], low + i / 4.0 * span, rng);
    }
    gsl_rng_free(rng);
}

Test(cards, every_card_has_its_source_here)
{
    for (size_t c = 0; card_preset_names[c] != NULL; c++) {
        bool found = false;
        for (size_t s = 0; s < sizeof sources / sizeof sources[0]; s++)
            found = found || strcmp(sources[s].card, card_preset_names[c]) == 0;
        cr_assert(found, "%s", card_preset_names[c]);
    }
}

/* Shares of cells stuck on and off, and the variance of their number over tiles: binomial without clusters;
 * with them, 64 * 63 times the variance of a tile's probability 1 - exp(-d s) more, d gamma of shape k and
 * mean 1, s such that the mean is the share (Stapper). */
static void check_stuck(const char *card, double on, double off, double partial, double k)
{
    enum { SIDE = 800, TILE = 8, TRIALS = 4 };
    static double target[SIDE * SIDE], got[SIDE * SIDE];
    const double n = (double)SIDE * SIDE * TRIALS, tiles = n / (TILE * TILE), cells = TILE * TILE;
    struct device device;
    open_card(card, 1, &device);
    double share = on + off + partial, n_on = 0, n_off = 0, n_stuck = 0, squares = 0, fourth = 0;
    for (uint32_t trial = 0; trial < TRIALS; trial++) {
        const struct random_key key = {.seed = 21, .trial = trial, .array = 1};
        for (int i = 0; i < SIDE * SIDE; i++)
            target[i] = got[i] = 20e-6;
        device_act(&device, &key, LAW_STUCK, LAW_STUCK + 1, SIDE, SIDE, target, got);
        for (int tile = 0; tile < SIDE * SIDE / (TILE * TILE); tile++) {
            double here = 0;
            for (int i = 0; i < TILE * TILE; i++) {
                int row = tile / (SIDE / TILE) * TILE + i / TILE,
                    column = tile % (SIDE / TILE) * TILE + i % TILE;
                double g = got[row * SIDE + column];
                n_on += g == 100e-6;
                n_off += g == device.g_min_siemens;
                here += g != 20e-6;
            }
            n_stuck += here;
            squares += (here - cells * share) * (here - cells * share) / tiles;
            fourth += pow(here - cells * share, 4) / tiles;
        }
    }
    double s = k > 0 ? k * (pow(1 - share, -1 / k) - 1) : 0;
    double of_density = k > 0 ? pow(1 + 2 * s / k, -k) - (1 - share) * (1 - share) : 0;
    double variance = cells * share * (1 - share) + cells * (cells - 1) * of_density;
    double widening = variance / (cells * share * (1 - share));
    double off_by = fabs(squares - variance), error = sqrt((fourth - squares * squares) / tiles);
    cr_assert_lt(fabs(n_on / n - on), 4.5 * sqrt(widening * on / n), "%s: on %g", card, n_on / n);
    cr_assert_lt(fabs(n_off / n - off), 4.5 * sqrt(widening * off / n), "%s: off %g", card, n_off / n);
    cr_assert_lt(fabs(n_stuck / n - share), 4.5 * sqrt(widening * share / n), "%s: %g", card, n_stuck / n);
    cr_assert_lt(off_by, 4.5 * error, "%s: variance over tiles %g +- %g, %g expected", card, squares, error,
                 variance);
}

Test(cards, stuck_cells_have_the_shares_and_clusters_of_their_card)
{
    check_stuck("worst-stuck10", 0.0904, 0.0175, 0, 0);
    check_stuck("generic-hfo2", 0.001, 0.002, 0.001, 2);
}
