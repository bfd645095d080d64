/*
 * Programming pulse by pulse, against a slow plain reference: one cell after the other, one pulse after the
 * other, its own equations, integrator and draws (GSL's). Statistics agree within 4.5 standard errors of
 * both.
 */
#include "config.h"

#include <criterion/criterion.h>
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "devices/program.h"
#include "devices/pulse.h"
#include "folder.h"
#include "plain_cells.h"

TestSuite(program, .timeout = 120, .init = enter_folder, .fini = leave_folder);

enum { ROWS = 200, COLUMNS = 100, CELLS = ROWS * COLUMNS, BINS = 4 };

static const double sigmas = 4.5;

/* --- cards --- */

#define HEAD                                                                                                 \
    "format: rescore-device-card\nversion: 1\nname: test\nsummary: s\ncitation: [c]\n"                       \
    "window: {g_min: 5 uS, g_max: 100 uS, source: s, confidence: assumed}\n"
#define TAIL ", source: s, confidence: assumed}\n"
#define SOFT                                                                                                 \
    "pulse: {kind: soft-bounds, dw: 0.1, dw_spread: 0.4, cycle_spread: 0.3, write_noise: 0.5, upper: 1, "    \
    "upper_spread: 0.2, lower: -1, lower_spread: 0.2, g_low: 1 uS, g_high: 40 uS" TAIL
#define GAP                                                                                                  \
    "pulse: {kind: stanford, i0: 1 mA, g0_nm: 0.25, v0: 0.25 V, velocity: 10, gamma0: 16, beta: 0.8, "       \
    "alpha: 3, thickness_nm: 12, a0_nm: 0.25, ea_ev: 0.6, rth: 2100, gap_min_nm: 0.2, gap_max_nm: 1.7, "     \
    "speed_spread: 0.3, cycle_spread: 0.2" TAIL
#define STEPS                                                                                                \
    "set_start: 1 V, set_step: 0.1 V, set_last: 3 V, reset_start: 0.8 V, reset_step: 0.1 V, reset_last: 3 "  \
    "V, "
#define VERIFY "write_verify: {kind: incremental, width: 100 ns, t_read: 50 ns, " STEPS
#define NOISE "read_noise: {kind: relative, ratio: 4 %" TAIL
#define TRAPS                                                                                                \
    "telegraph: {kind: traps, traps: 1.5, amplitude: 5 %, amplitude_spread: 0.5, g_reference: 20 uS, "       \
    "exponent: 1, amplitude_max: 40 %, rate_low: 1e5, rate_high: 1e8" TAIL
#define RELAXES                                                                                              \
    "relaxation: {kind: log-time, t0: 1 s, last_time: 1 day, mean_per_ln: -0.1 uS, sigma: 1.5 uS, "          \
    "sigma_per_ln: 0.1 uS" TAIL

static void open_card_with(const char *text, struct device_options *options, struct device *device)
{
    struct rs_error err = {{0}};
    FILE *file = fopen("card.yaml", "w");
    cr_assert_not_null(file);
    cr_assert_geq(fputs(text, file), 0);
    cr_assert_eq(fclose(file), 0);
    snprintf(options->card, sizeof options->card, "card.yaml");
    enum rs_status status = device_open(options, device, &err);
    cr_assert_eq(status, RS_OK, "%s", err.text);
    cr_assert_eq(count_files(), 1);
}

static void open_card(const char *text, struct device *device)
{
    struct device_options options;
    option_fill_defaults(&device_option_table, &options);
    options.method = DEVICE_WRITE_VERIFY;
    open_card_with(text, &options, device);
}

/* --- comparing --- */

struct moments {
    double n, sum, squares, cubes, fourths;
};

static void add(struct moments *m, double x)
{
    m->n++;
    m->sum += x;
    m->squares += x * x;
    m->cubes += x * x * x;
    m->fourths += x * x * x * x;
}

/* Mean, variance, and the variances of both estimates. */
static void estimate(const struct moments *m, double mean_and_variance[2], double errors[2])
{
    double u = m->sum / m->n, s = m->squares / m->n, c = m->cubes / m->n, f = m->fourths / m->n;
    double variance = s - u * u, fourth = f - 4 * u * c + 6 * u * u * s - 3 * u * u * u * u;
    mean_and_variance[0] = u;
    mean_and_variance[1] = variance;
    errors[0] = variance / m->n;
    errors[1] = (fourth - variance * variance) / m->n;
}

static void assert_alike(const struct moments *ours, const struct moments *theirs, const char *what,
                         const char *of)
{
    double a[2], b[2], error_a[2], error_b[2];
    estimate(ours, a, error_a);
    estimate(theirs, b, error_b);
    for (int k = 0; k < 2; k++)
        cr_assert_leq(fabs(a[k] - b[k]), sigmas * sqrt(error_a[k] + error_b[k]) + 1e-9 * fabs(b[k]),
                      "%s: %s of %s: %g, plain %g, standard error %g", of, k == 0 ? "mean" : "variance", what,
                      a[k], b[k], sqrt(error_a[k] + error_b[k]));
}

static double target_of(size_t i)
{
    static const double targets[BINS] = {12e-6, 18e-6, 24e-6, 30e-6};
    return targets[i % BINS];
}

static void program(const struct device *device, uint64_t seed, size_t n_rows, const double *target,
                    struct program_result *result)
{
    struct rs_error err = {{0}};
    const struct random_key key = {.seed = seed, .trial = 3, .array = 5, .write = 0};
    cr_assert_eq(program_allocate(n_rows * COLUMNS, result, &err), RS_OK);
    cr_assert_eq(program_array(device, &key, n_rows, COLUMNS, target, result, &err), RS_OK, "%s", err.text);
}

static const struct {
    const char *name, *card;
    struct plain plain;
} cases[] = {
    {"both directions, few reversals",
     HEAD SOFT VERIFY "tolerance: 4 %, initial: 15 uS, pulses_max: 60, reversals_max: 3" TAIL,
     {SOFT_BOUNDS, 0.04, 15e-6, 0, 60, 3, 1, false, false, false}},
    {"few pulses, noisy verify reads",
     HEAD SOFT NOISE VERIFY "tolerance: 4 %, initial: 15 uS, pulses_max: 7, reversals_max: 50" TAIL,
     {SOFT_BOUNDS, 0.04, 15e-6, 0, 7, 50, 1, true, false, false}},
    {"set pulses alone, with telegraph noise",
     HEAD SOFT NOISE TRAPS VERIFY
     "tolerance: 3 %, initial: 2 uS, directions: set-only, pulses_max: 80, reversals_max: 1" TAIL,
     {SOFT_BOUNDS, 0.03, 2e-6, 1, 80, 1, 1, true, true, false}},
    {"reset pulses alone",
     HEAD SOFT NOISE VERIFY
     "tolerance: 3 %, initial: 38 uS, directions: reset-only, pulses_max: 80, reversals_max: 1" TAIL,
     {SOFT_BOUNDS, 0.03, 38e-6, -1, 80, 1, 1, true, false, false}},
    {"amplitudes that grow and start anew",
     HEAD GAP NOISE VERIFY "tolerance: 5 %, initial: 20 uS, pulses_max: 50, reversals_max: 4" TAIL,
     {STANFORD, 0.05, 20e-6, 0, 50, 4, 1, true, false, false}},
    {"three rounds with relaxation between",
     HEAD SOFT NOISE RELAXES VERIFY
     "tolerance: 5 %, initial: 15 uS, pulses_max: 40, reversals_max: 10, rounds: 3, round_wait: 100 s" TAIL,
     {SOFT_BOUNDS, 0.05, 15e-6, 0, 40, 10, 3, true, false, true}},
};

Test(program, cells_end_as_the_plain_reference_has_them)
{
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    double *target = malloc(CELLS * sizeof *target);
    gsl_rng_set(rng, 20260101);
    for (size_t i = 0; i < CELLS; i++)
        target[i] = target_of(i);
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        struct device device;
        struct program_result result;
        struct moments ours[BINS][5] = {{{0}}}, theirs[BINS][5] = {{{0}}};
        open_card(cases[c].card, &device);
        device.scale[LAW_RELAXATION] = cases[c].plain.relaxes; /* of the last round is another matter */
        program(&device, 11 + c, ROWS, target, &result);
        size_t n = cases[c].plain.model == STANFORD ? CELLS / 3 : CELLS;
        for (size_t i = 0; i < n; i++) {
            struct outcome plain = plain_cell(&cases[c].plain, target[i], rng);
            const double a[5] = {result.conductance_siemens[i] * 1e6, result.pulses[i], result.reversals[i],
                                 result.failed[i], result.energy_joules[i] * 1e12};
            if (cases[c].plain.relaxes) /* what device.time, 1 s, adds */
                plain.g += 1.5e-6 * gsl_ran_ugaussian(rng);
            const double b[5] = {plain.g * 1e6, plain.pulses, plain.reversals, plain.failed,
                                 plain.energy * 1e12};
            for (int k = 0; k < 5; k++) {
                add(&ours[i % BINS][k], a[k]);
                add(&theirs[i % BINS][k], b[k]);
            }
        }
        static const char *const names[5] = {"conductance, uS", "pulses", "reversals", "failures",
                                             "energy, pJ"};
        for (int bin = 0; bin < BINS; bin++)
            for (int k = 0; k < 5; k++)
                assert_alike(&ours[bin][k], &theirs[bin][k], names[k], cases[c].name);
        program_clear(&result);
    }
    free(target);
    gsl_rng_free(rng);
}

/* --- closed forms --- */

/* Steps without spread rise by the same states g_0 < g_1 ...; a cell stops at k with the chance that the read
 * at k is the first beyond the edge: sum over k of g_k P(stop at k). */
Test(program, cells_stop_early_where_their_noise_helped)
{
    static const char card[] =
        HEAD "pulse: {kind: soft-bounds, dw: 0.02, dw_spread: 0, cycle_spread: 0, write_noise: 0, upper: 1, "
             "upper_spread: 0, lower: -1, lower_spread: 0, g_low: 1 uS, g_high: 40 uS" TAIL
             "read_noise: {kind: relative, ratio: 6 %" TAIL VERIFY
             "tolerance: 2 %, initial: 10 uS, directions: set-only, pulses_max: 500, reversals_max: 1" TAIL;
    double target[CELLS], edge = 20e-6 * 0.98, left = 1, mean = 0, square = 0, pulses = 0;
    double w = 2 * (10e-6 - 1e-6) / 39e-6 - 1, silent = 0;
    struct device device;
    struct program_result result;
    struct moments g = {0}, n = {0};
    for (int k = 0; left > 1e-12; k++) {
        double at = 1e-6 + (w + 1) / 2 * 39e-6;
        double stops = left * gsl_cdf_ugaussian_Q((edge - at) / (0.06 * at));
        mean += at * stops;
        square += at * at * stops;
        pulses += k * stops;
        left -= stops;
        silent = silent == 0 && at >= edge ? at : silent;
        w += 0.02 * (1 - w);
    }
    for (size_t i = 0; i < CELLS; i++)
        target[i] = 20e-6;
    open_card(card, &device);
    program(&device, 5, ROWS, target, &result);
    for (size_t i = 0; i < CELLS; i++) {
        add(&g, result.conductance_siemens[i]);
        add(&n, result.pulses[i]);
    }
    double found = g.sum / g.n, error = sqrt((square - mean * mean) / g.n);
    cr_assert_lt(fabs(found - mean), sigmas * error, "mean %g, %g expected, standard error %g", found, mean,
                 error);
    cr_assert_lt(fabs(n.sum / n.n - pulses), 0.01 * pulses, "%g pulses, %g expected", n.sum / n.n, pulses);
    /* The bias is there: without noise every cell stands just beyond the edge. */
    cr_assert_gt(silent - mean, 20 * error, "%g with noise, %g without", mean, silent);
    program_clear(&result);
}

static double weibull(double cycles, double scale, double shape)
{
    return 1 - exp(-pow(cycles / scale, shape));
}

/* A card's write-verify with targets that are never reached: every cell gets 40 pulses, 20 cycles. */
Test(program, worn_out_cells_have_the_share_of_their_law_and_end_as_it_says)
{
    static const char *const ends[] = {"stands", "on", "off"};
    for (int law = 0; law < 2; law++)
        for (int end = 0; end < 3; end++) {
            char card[4096];
            double target[CELLS], share = 0, expected;
            struct device device;
            struct program_result result;
            snprintf(card, sizeof card,
                     HEAD SOFT VERIFY "tolerance: 1 %%, initial: 15 uS, pulses_max: 40, reversals_max: 1" TAIL
                                      "endurance: {kind: %s, cycles: 30, %s, end: %s" TAIL,
                     law == 0 ? "weibull" : "lognormal", law == 0 ? "shape: 1.5" : "spread: 0.8", ends[end]);
            for (size_t i = 0; i < CELLS; i++)
                target[i] = 60e-6;
            open_card(card, &device);
            device.at.cycles = 5;
            program(&device, 21, ROWS, target, &result);
            expected = law == 0 ? weibull(25, 30, 1.5) : gsl_cdf_ugaussian_P(log(25.0 / 30) / 0.8);
            for (size_t i = 0; i < CELLS; i++) {
                double g = result.conductance_siemens[i];
                bool worn = result.cycles_left[i] == 0;
                share += worn;
                bool by_luck = worn && fabs(g - 60e-6) <= 0.6e-6;
                cr_assert(result.failed[i] == !by_luck && result.frozen[i] == worn);
                cr_assert(!worn || end == 0 || g == (end == 1 ? 100e-6 : 5e-6), "%g uS", g * 1e6);
                cr_assert_geq(result.cycles_left[i], 0);
            }
            share /= CELLS;
            cr_assert_lt(fabs(share - expected), sigmas * sqrt(expected * (1 - expected) / CELLS),
                         "%s: share %g, %g expected", law == 0 ? "weibull" : "lognormal", share, expected);
            program_clear(&result);
        }
}

Test(program, cells_wear_in_one_shot_too_and_never_recover)
{
    static const char card[] = HEAD "endurance: {kind: weibull, cycles: 1e4, shape: 1, end: off" TAIL;
    double target[CELLS], share = 0;
    struct device_options options;
    struct device device;
    struct program_result first, later;
    option_fill_defaults(&device_option_table, &options);
    open_card_with(card, &options, &device);
    for (size_t i = 0; i < CELLS; i++)
        target[i] = 20e-6;
    device.at.cycles = 3e3 - 1;
    program(&device, 8, ROWS, target, &first);
    device.at.cycles = 6e3;
    program(&device, 8, ROWS, target, &later);
    for (size_t i = 0; i < CELLS; i++) {
        share += first.frozen[i];
        cr_assert(!first.frozen[i] || later.frozen[i]);
        cr_assert_eq(first.conductance_siemens[i], first.frozen[i] ? 5e-6 : 20e-6);
        cr_assert(first.failed[i] == first.frozen[i] && first.pulses[i] == 1);
    }
    share /= CELLS;
    double expected = weibull(3e3, 1e4, 1);
    cr_assert_lt(fabs(share - expected), sigmas * sqrt(expected * (1 - expected) / CELLS));
    /* Switched off alone. */
    options.endurance_scale = 0;
    open_card_with(card, &options, &device);
    device.at.cycles = 1e9;
    program_clear(&later);
    program(&device, 8, ROWS, target, &later);
    for (size_t i = 0; i < CELLS; i++)
        cr_assert(later.conductance_siemens[i] == 20e-6 && isnan(later.cycles_left[i]) && !later.failed[i]);
    program_clear(&first);
    program_clear(&later);
}

/* --- the published array fits --- */

/* aihwkit's soft bounds with additive noise: w += dw (1 - w / bound + cycle_spread z), read with write_noise
 * dw_min z'. Trains of set and reset pulses from w = 0: mean and spread over the cells at every eighth pulse.
 */
Test(program, the_array_cards_answer_pulses_as_their_source)
{
    static const struct {
        const char *card;
        double dw, dw_spread, cycle, noise, upper_spread, lower_spread;
    } fits[] = {{"gong2022-om", 0.0949, 0.7829, 0.4158, 1.4113, 0.3499, 0.5695},
                {"gong2022-hfo2", 0.4622, 0.7125, 0.2174, 0.5841, 0.4295, 0.5990}};
    enum { TRAIN = 32 };
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    gsl_rng_set(rng, 7);
    for (size_t f = 0; f < 2; f++) {
        struct card card;
        struct rs_error err = {{0}};
        cr_assert_eq(card_load_preset(fits[f].card, &card, &err), RS_OK, "%s", err.text);
        const struct pulse_model *model = card.blocks[LAW_PULSE].law->pulse;
        const void *params = &card.blocks[LAW_PULSE].params;
        const struct pulse_cell zero = {0.1, 1, -1};
        double g_low = model->conductance(params, &zero, (struct pulse_state){-1, 0});
        double g_high = model->conductance(params, &zero, (struct pulse_state){1, 0});
        struct moments ours[2 * TRAIN] = {{0}}, theirs[2 * TRAIN] = {{0}};
        for (size_t i = 0; i < CELLS; i++) {
            struct pulse_cell own = {gsl_ran_ugaussian(rng), gsl_ran_ugaussian(rng), gsl_ran_ugaussian(rng)};
            struct pulse_state at = {0, 0};
            double w = 0, step = fits[f].dw * exp(fits[f].dw_spread * gsl_ran_ugaussian(rng));
            double high = 1 + fits[f].upper_spread * gsl_ran_ugaussian(rng);
            double low = -1 - fits[f].lower_spread * gsl_ran_ugaussian(rng);
            double upper = fabs(high > low ? high : low), lower = -fabs(high > low ? low : high);
            pulse_prepare(model, params, 1, &own);
            for (int k = 0; k < 2 * TRAIN; k++) {
                const double normals[2] = {gsl_ran_ugaussian(rng), gsl_ran_ugaussian(rng)};
                double z = fits[f].cycle * gsl_ran_ugaussian(rng);
                at = model->pulse(params, &own, at, k < TRAIN ? 1 : -1, 1e-7, normals);
                w = k < TRAIN ? w + step * (1 - w / upper + z) : w - step * (1 - w / lower + z);
                w = fmin(fmax(w, lower), upper);
                double read = w + fits[f].noise * fits[f].dw * gsl_ran_ugaussian(rng);
                double g = model->conductance(params, &own, at);
                add(&ours[k], 1e6 * g);
                add(&theirs[k], 1e6 * fmax(g_low + (read + 1) / 2 * (g_high - g_low), 0));
            }
        }
        for (int k = 7; k < 2 * TRAIN; k += 8)
            assert_alike(&ours[k], &theirs[k], "conductance, uS", fits[f].card);
    }
    gsl_rng_free(rng);
}

/* --- disturbance of unselected cells --- */

enum { SIDE = 12 };

/* Every pulse of every cell, in order, given to all other cells at once. `clean`: as left without
 * disturbance, cell after cell; the pulses that each got are followed from the same amplitudes. */
static void plain_disturb(const struct plain *p, bool third, double *g, const double *target)
{
    struct cell cells[SIDE * SIDE];
    for (int i = 0; i < SIDE * SIDE; i++) {
        cells[i] = (struct cell){.speed = 1};
        plain_set(p, &cells[i], p->initial);
    }
    for (int i = 0; i < SIDE; i++)
        for (int j = 0; j < SIDE; j++) {
            double amplitude = 0, read;
            for (int direction = 0, way, pulses = 0, reversals = 0;; direction = way) {
                read = plain_conductance(p, &cells[i * SIDE + j]);
                way = read < target[i * SIDE + j] * (1 - p->tolerance)   ? 1
                      : read > target[i * SIDE + j] * (1 + p->tolerance) ? -1
                                                                         : 0;
                reversals += direction != 0 && way != direction;
                if (way == 0 || pulses++ >= p->pulses_max || reversals > p->reversals_max)
                    break;
                amplitude = way == direction ? fmin(amplitude + 0.1, 3) : way > 0 ? 1.0 : 0.8;
                for (int a = 0; a < SIDE; a++)
                    for (int b = 0; b < SIDE; b++) {
                        double share = a == i && b == j   ? 1
                                       : a == i || b == j ? (third ? 1.0 / 3 : 0.5)
                                       : third            ? -1.0 / 3
                                                          : 0;
                        /* before its own turn a cell's state is of no consequence */
                        if (share != 0 && (a > i || (a == i && b > j)) == false)
                            cells[a * SIDE + b].x =
                                plain_gap(cells[a * SIDE + b].x, share * way * amplitude, 1, 100);
                    }
            }
        }
    for (int i = 0; i < SIDE; i++)
        for (int j = 0; j < SIDE; j++)
            g[i * SIDE + j] = plain_conductance(p, &cells[i * SIDE + j]);
}

Test(program, unselected_cells_are_disturbed_as_by_every_pulse_in_turn)
{
    static const char *const biases[] = {"V/2", "V/3"};
    const struct plain p = {STANFORD, 0.05, 50e-6, 0, 200, 30, 1, false, false, false};
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    gsl_rng_set(rng, 3);
    for (int third = 0; third < 2; third++) {
        char card[4096];
        double target[SIDE * SIDE], undisturbed[SIDE * SIDE], plain[SIDE * SIDE], moved = 0, apart = 0;
        struct device device;
        struct program_result result;
        struct rs_error err = {{0}};
        for (int i = 0; i < SIDE * SIDE; i++)
            target[i] = 1e-6 * (12 + 80 * gsl_rng_uniform(rng));
        for (int on = 0; on < 2; on++) {
            snprintf(
                card, sizeof card,
                HEAD
                "pulse: {kind: stanford, i0: 1 mA, g0_nm: 0.25, v0: 0.25 V, velocity: 10, gamma0: 16, "
                "beta: 0.8, alpha: 3, thickness_nm: 12, a0_nm: 0.25, ea_ev: 0.6, rth: 2100, "
                "gap_min_nm: 0.2, gap_max_nm: 1.7" TAIL VERIFY
                "tolerance: 5 %%, initial: 50 uS, pulses_max: 200, reversals_max: 30, unselected: %s" TAIL,
                on ? biases[third] : "none");
            open_card(card, &device);
            const struct random_key key = {.seed = 1};
            cr_assert_eq(program_allocate(SIDE * SIDE, &result, &err), RS_OK);
            cr_assert_eq(program_array(&device, &key, SIDE, SIDE, target, &result, &err), RS_OK);
            if (!on) {
                memcpy(undisturbed, result.conductance_siemens, sizeof undisturbed);
                program_clear(&result);
            }
        }
        plain_disturb(&p, third, plain, target);
        for (int i = 0; i < SIDE * SIDE; i++) {
            double shift = plain[i] - undisturbed[i];
            moved += fabs(shift);
            apart += fabs(result.conductance_siemens[i] - plain[i]);
        }
        cr_assert_gt(moved, SIDE * SIDE * 0.005e-6, "%s: nothing is disturbed, %g uS in all", biases[third],
                     moved * 1e6);
        cr_assert_lt(apart, 0.03 * moved, "%s: %g uS apart of %g uS moved", biases[third], apart * 1e6,
                     moved * 1e6);
        program_clear(&result);
    }
    gsl_rng_free(rng);
}

/* --- what always holds --- */

Test(program, cells_within_their_tolerance_get_no_pulse_and_limits_are_kept)
{
    double target[CELLS];
    struct device device;
    struct program_result result;
    open_card(HEAD SOFT VERIFY
              "tolerance: 1 %, initial: 20 uS, pulses_max: 9, reversals_max: 2, rounds: 2" TAIL,
              &device);
    for (size_t i = 0; i < CELLS; i++)
        target[i] = i % 2 == 0 ? 20e-6 : target_of(i);
    program(&device, 4, ROWS, target, &result);
    for (size_t i = 0; i < CELLS; i++) {
        if (i % 2 == 0)
            cr_assert(result.pulses[i] == 0 && fabs(result.conductance_siemens[i] - 20e-6) < 1e-18);
        cr_assert(result.pulses[i] <= 18 && result.reversals[i] <= 4);
        bool within = fabs(result.conductance_siemens[i] - target[i]) <= 0.01 * target[i];
        cr_assert_eq(result.failed[i], !within, "cell %zu", i);
    }
    program_clear(&result);
}

Test(program, one_array_is_programmed_alike_whatever_else_is_programmed)
{
    double target[CELLS];
    struct device device;
    struct program_result all, part;
    open_card(HEAD SOFT NOISE VERIFY "tolerance: 3 %, initial: 15 uS, pulses_max: 30, reversals_max: 9" TAIL,
              &device);
    for (size_t i = 0; i < CELLS; i++)
        target[i] = target_of(i);
    program(&device, 4, ROWS, target, &all);
    program(&device, 4, 7, target, &part);
    cr_assert_arr_eq(all.conductance_siemens, part.conductance_siemens, 7 * COLUMNS * sizeof(double));
    cr_assert_arr_eq(all.pulses, part.pulses, 7 * COLUMNS * sizeof(int32_t));
    program_clear(&all);
    program_clear(&part);
}
