/* Noise of a latch: closed forms; decks of densities and decisions by the real ngspice. */
#include "config.h" /* POSIX names */

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "calib/calibrate.h"
#include "calib/noise.h"
#include "spice/latch_noise.h"
#include "spice/worker.h"

TestSuite(latch_noise, .timeout = 180);

static const double pi = 3.14159265358979323846;

/* --- closed forms --- */

/* The integral of (white + flicker / f) sinc^2(f T) from `low`, by the midpoint rule on a logarithm; the tail
 * of the white part in closed form. */
static double integrate(struct noise_density density, double aperture, double low)
{
    double sum = 0, ratio = 1.0002, high = 1e3 / aperture;
    for (double f = low; f < high; f *= ratio) {
        double middle = f * sqrt(ratio), x = pi * middle * aperture, sinc = sin(x) / x;
        sum += (density.white + density.flicker / middle) * sinc * sinc * f * (ratio - 1);
    }
    return sum + density.white / (2 * pi * pi * aperture * aperture * high);
}

Test(latch_noise, what_an_aperture_passes_is_the_integral_over_its_sinc)
{
    const struct noise_density cases[] = {{2e-17, 0}, {0, 2e-9}, {3e-17, 1e-9}};
    for (size_t i = 0; i < 3; i++) {
        double found = noise_variance(cases[i], 30e-12, 1e6), expected = integrate(cases[i], 30e-12, 1e6);
        cr_assert_float_eq(found / expected, 1, 2e-3, "case %zu: %g, %g", i, found, expected);
    }
}

Test(latch_noise, a_pole_gives_k_t_over_c_to_a_short_aperture_and_the_whole_density_to_a_long_one)
{
    const double ohm = 1e3, farad = 5e-15, kelvin = 300.15, tau = ohm * farad;
    double white = noise_johnson(ohm, kelvin), sampled = noise_sampled(farad, kelvin);
    cr_assert_float_eq(sampled, 1.380649e-23 * 300.15 / 5e-15, 1e-12);
    cr_assert_float_eq(noise_variance_behind_pole(white, tau, 1e-4 * tau) / sampled, 1, 1e-4);
    cr_assert_float_eq(noise_variance_behind_pole(white, tau, 1e4 * tau) / (white / (2e4 * tau)), 1, 2e-4);
    cr_assert_eq(noise_variance_behind_pole(white, 0, 1e-12), white / 2e-12);
}

Test(latch_noise, bands_tell_white_from_flicker)
{
    const double hertz[2][2] = {{1e6, 1e7}, {3e9, 6e9}}, white = 2e-17, flicker = 2e-9;
    double totals[2];
    for (int b = 0; b < 2; b++)
        totals[b] = sqrt(white * (hertz[b][1] - hertz[b][0]) + flicker * log(hertz[b][1] / hertz[b][0]));
    struct noise_density found = noise_split(totals, hertz);
    cr_assert_float_eq(found.white / white, 1, 1e-9);
    cr_assert_float_eq(found.flicker / flicker, 1, 1e-9);
}

/* A triangle of base 2 T has the aperture 3 T / 2, from coarse averages too. */
Test(latch_noise, the_aperture_of_a_triangle_is_three_quarters_of_its_base)
{
    enum { N = 12 };
    const double base = 60e-12, step = base / N;
    double weights[N];
    for (int k = 0; k < N; k++)
        weights[k] = 1 - fabs((k + 0.5) * 2 / N - 1);
    cr_assert_float_eq(noise_aperture_seconds(N, weights, step) / (0.75 * base), 1, 1e-2);
}

/* --- decks --- */

static void run_deck(struct worker_job *job)
{
    struct worker_pool *pool;
    struct rs_error err = {{0}};
    const struct worker_options options = {.program = getenv("RESCORE"), .n_workers = 1};
    cr_assert_eq(worker_pool_create(&options, &pool, &err), RS_OK, "%s", err.text);
    cr_assert_eq(worker_pool_run(pool, 1, job, &err), RS_OK, "%s", err.text);
    worker_pool_destroy(pool);
}

static struct path_plan plan(void)
{
    struct path_plan made;
    path_options_fill(&made);
    return made;
}

/* Two resistors of r more in the circuit are 4 k T 2 r more of noise. */
Test(latch_noise, ngspice_adds_johnson_noise_as_the_closed_form_says)
{
    struct path_plan circuit = plan();
    struct text deck = {0}, commands = {0};
    struct rs_error err = {{0}};
    const double ohm = 1e3, low = 1e8, high = 2e8;
    double totals[2], held = circuit.path.supply_volts;
    const struct worker_vector vector = {LATCH_NOISE_VECTOR, 1};
    cr_assert_eq(latch_noise_write_point(&circuit, &deck, &err), RS_OK, "%s", err.text);
    for (int i = 0; i < 2; i++) {
        text_clear(&commands);
        if (i == 1)
            text_append(&commands, "alter rp0 = %g\nalter rn0 = %g\n", ohm, ohm);
        latch_noise_write_band(held, low, high, &commands);
        struct worker_job job = {.deck = deck.bytes,
                                 .run = {commands.bytes, 1, &vector},
                                 .values = &totals[i],
                                 .limit_seconds = 20};
        run_deck(&job);
    }
    double more = totals[1] * totals[1] - totals[0] * totals[0];
    cr_assert_float_eq(more / ((high - low) * noise_johnson(2 * ohm, 300.15)), 1, 0.01, "%g, %g", totals[0],
                       totals[1]);
    text_clear(&deck);
    text_clear(&commands);
}

enum { LEVELS = 3, DECISIONS = 10 };

/* counts [2 LEVELS]: how many of the decisions were 1. */
static void decide(const struct path_plan *circuit, const struct latch_noise_decisions *decisions,
                   double *counts)
{
    struct text deck = {0}, commands = {0};
    struct rs_error err = {{0}};
    static const char *const names[2 * LEVELS] = {"count0", "count1", "count2", "count3", "count4", "count5"};
    struct worker_vector vectors[2 * LEVELS];
    cr_assert_eq(latch_noise_write_decisions(circuit, decisions, &deck, &commands, &err), RS_OK, "%s",
                 err.text);
    for (size_t j = 0; j < 2 * LEVELS; j++) {
        char *let = NULL;
        cr_assert_gt(asprintf(&let, "let last%zu = %s[length(%s)-1]\n", j, names[j], names[j]), 0);
        text_append(&commands, "%s", let);
        free(let);
    }
    static const char *const last[2 * LEVELS] = {"last0", "last1", "last2", "last3", "last4", "last5"};
    for (size_t j = 0; j < 2 * LEVELS; j++)
        vectors[j] = (struct worker_vector){last[j], 1};
    struct worker_job job = {.deck = deck.bytes,
                             .run = {commands.bytes, 2 * LEVELS, vectors},
                             .values = counts,
                             .limit_seconds = 100};
    run_deck(&job);
    for (size_t j = 0; j < 2 * LEVELS; j++) {
        double count = 0.5 * (counts[j] - LATCH_NOISE_COUNT_START + DECISIONS);
        cr_assert_float_eq(count, round(count), 1e-2, "latch %zu counted %g", j, count);
        counts[j] = round(count);
    }
    text_clear(&deck);
    text_clear(&commands);
}

/* One normal for the whole window moves the input by itself: every decision is known beforehand. */
Test(latch_noise, decisions_with_noise_are_those_of_the_numbers_put_in)
{
    struct path_plan circuit = plan();
    const double levels[LEVELS] = {-1e-3, 0.1e-3, 1e-3}, sigma = 1.5e-3;
    double counts[2 * LEVELS];
    const struct latch_noise_decisions decisions = {.n_levels = LEVELS,
                                                    .n_decisions = DECISIONS,
                                                    .level_volts = levels,
                                                    .r_source_ohm = 1e3,
                                                    .reset_seconds = 0.5e-9,
                                                    .force_volts = 30e-3,
                                                    .sigma_volts = sigma,
                                                    .window_seconds = 0.2e-9,
                                                    .step_seconds = 0.2e-9,
                                                    .key = {.seed = 5, .purpose = RANDOM_CALIBRATION}};
    decide(&circuit, &decisions, counts);
    for (size_t j = 0; j < 2 * LEVELS; j++) {
        int least = 0, most = 0;
        for (uint32_t i = 0; i < DECISIONS; i++) {
            struct random_key key = decisions.key;
            key.array = (uint32_t)j;
            key.draw = i;
            double d = levels[j / 2] + sigma * random_normal(&key, 0), doubt = 0.1e-3;
            least += d > doubt;
            most += d > -doubt;
        }
        cr_assert(counts[j] >= least && counts[j] <= most && most - least <= 2 && most > 0,
                  "latch %zu: %g of %d to %d", j, counts[j], least, most);
    }
}

/* With time to reset a decision leaves nothing; cut short, it holds on to what it was. */
Test(latch_noise, a_short_reset_makes_hysteresis)
{
    struct path_plan circuit = plan();
    const double levels[LEVELS] = {-2e-3, 0.1e-3, 2e-3};
    const double resets[] = {0.5e-9, 5e-12};
    for (int i = 0; i < 2; i++) {
        double counts[2 * LEVELS];
        const struct latch_noise_decisions decisions = {.n_levels = LEVELS,
                                                        .n_decisions = DECISIONS,
                                                        .level_volts = levels,
                                                        .r_source_ohm = 100,
                                                        .reset_seconds = resets[i],
                                                        .force_volts = 30e-3,
                                                        .window_seconds = 80e-12,
                                                        .step_seconds = 80e-12};
        decide(&circuit, &decisions, counts);
        double differ = 0;
        for (size_t k = 0; k < LEVELS; k++)
            differ += counts[2 * k + 1] - counts[2 * k];
        if (i == 0) {
            cr_assert_eq(differ, 0, "differ in %g", differ);
            cr_assert(counts[0] == 0 && counts[2] == DECISIONS && counts[4] == DECISIONS);
        } else
            cr_assert_geq(differ, DECISIONS, "differ in %g", differ);
    }
}
