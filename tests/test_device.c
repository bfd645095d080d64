/* Devices: the moments of each law against the formulas of its source, and what programming and reading do
 * with them. */
#include <criterion/criterion.h>
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>
#include <math.h>
#include <string.h>

#include "devices/device.h"

TestSuite(device, .timeout = 60);

enum { CELLS = 20000 };
static const double uS = 1e-6, day = 86400, hour = 3600, year = 365.25 * 86400;

static struct device_options options_of(const char *preset)
{
    struct device_options options;
    option_fill_defaults(&device_option_table, &options);
    options.preset = 0;
    while (strcmp(card_preset_names[options.preset], preset) != 0)
        options.preset++;
    return options;
}

static void open_with(const struct device_options *options, struct device *device)
{
    struct rs_error err = {{0}};
    cr_assert_eq(device_open(options, device, &err), RS_OK, "%s", err.text);
}

static void open_at(const char *preset, double time_seconds, struct device *device)
{
    struct device_options options = options_of(preset);
    options.time_seconds = time_seconds;
    open_with(&options, device);
}

static void moments_of(const struct device *device, enum law_block block, double g, double *shift,
                       double *sigma)
{
    const struct card_block *law = &device->card.blocks[block];
    *shift = *sigma = (double)NAN;
    const struct law_cells cells = {1, &g, &g, &g, 0};
    law->law->moments(&law->params, &device->at, &cells, shift, sigma);
}

static void assert_near(double value, double expected, double tolerance, const char *what, double at)
{
    cr_assert_lt(fabs(value - expected), tolerance, "%s at %g: %.9g, %.9g expected", what, at, value,
                 expected);
}

/* aihwkit's coefficients in uS over x = g / 40 uS, lowest first, at 1 s, 1 day and 2 days. */
static const double wan_coefficients[3][5] = {{0.348, 16.030, -43.853, 45.393, -16.815},
                                              {0.701, 22.086, -50.773, 47.095, -16.458},
                                              {0.782, 20.274, -43.507, 37.062, -11.934}};

static double wan_sigma(int i_time, double g)
{
    double sum = 0;
    for (int k = 0; k < 5; k++)
        sum += wan_coefficients[i_time][k] * pow(g / (40 * uS), k);
    return sum * uS;
}

Test(device, wan2022_spreads_as_its_source_says)
{
    const double times[] = {1, day, 2 * day}, states[] = {0, 5, 10, 15, 20, 30, 40};
    const double evaluated[2][7] = {{0.35, 1.75, 2.26, 2.25, 2.02, 1.53, 1.10},
                                    {0.70, 2.76, 3.72, 4.00, 3.91, 3.37, 2.65}};
    for (int t = 0; t < 3; t++) {
        struct device device;
        open_at("wan2022", times[t], &device);
        for (int i = 0; i < 7; i++) {
            double shift, sigma;
            moments_of(&device, LAW_PROGRAMMING, states[i] * uS, &shift, &sigma);
            cr_assert_eq(shift, 0.0);
            assert_near(sigma, wan_sigma(t, states[i] * uS), 1e-18, "sigma", states[i]);
            if (t < 2)
                assert_near(sigma / uS, evaluated[t][i], 0.0051, "evaluated sigma", states[i]);
        }
    }
}

Test(device, wan2022_is_interpolated_in_the_logarithm_of_time)
{
    for (double ln = 0.01; ln < log(2 * day); ln += 0.37) {
        struct device device;
        double t = exp(ln), shift, sigma, g = 13 * uS;
        int before = t > day;
        double from = before ? day : 1, to = before ? 2 * day : day,
               weight = (ln - log(from)) / (log(to) - log(from));
        open_at("wan2022", t, &device);
        moments_of(&device, LAW_PROGRAMMING, g, &shift, &sigma);
        assert_near(sigma, (1 - weight) * wan_sigma(before, g) + weight * wan_sigma(before + 1, g), 1e-17,
                    "sigma", t);
    }
}

/* Falcone et al. as in aihwkit: all in uS, g in uS, t in s. */
Test(device, cmo_accept2_has_its_sources_moments)
{
    const double times[] = {1, hour, day, 10 * year}, states[] = {9, 20, 50, 88.2};
    for (int t = 0; t < 4; t++)
        for (int i = 0; i < 4; i++) {
            struct device device;
            double shift, sigma, ln = log(times[t]), g = states[i];
            open_at("cmo-accept2", times[t], &device);
            moments_of(&device, LAW_PROGRAMMING, g * uS, &shift, &sigma);
            cr_assert_eq(shift, 0.0);
            assert_near(sigma / uS, 0.0112185391 + 0.01129027418 * g, 1e-12, "programming", g);
            moments_of(&device, LAW_RELAXATION, g * uS, &shift, &sigma);
            assert_near(shift / uS, -0.08900206 * ln, 1e-12, "shift", times[t]);
            assert_near(sigma / uS, 0.41183342 + 0.04201137 * ln, 1e-12, "relaxation", times[t]);
            moments_of(&device, LAW_FLICKER, g * uS, &shift, &sigma);
            cr_assert_eq(shift, 0.0);
            double expected = 0.0277316483 * log10(g) * sqrt(log((times[t] + 1e-6) / 2e-6));
            assert_near(sigma / uS, expected, 1e-12, "read noise", times[t]);
        }
}

/* Values that the source's pages quote. */
Test(device, cmo_accept2_gives_the_quoted_values)
{
    struct device second, after_hour, years;
    double shift, sigma, g = 50 * uS;
    open_at("cmo-accept2", 1, &second);
    open_at("cmo-accept2", hour, &after_hour);
    open_at("cmo-accept2", 10 * year, &years);
    moments_of(&second, LAW_PROGRAMMING, g, &shift, &sigma);
    assert_near(sigma / uS, 0.576, 0.0005, "programming", 1);
    moments_of(&second, LAW_RELAXATION, g, &shift, &sigma);
    assert_near(sigma / uS, 0.41, 0.005, "relaxation", 1);
    cr_assert_eq(shift, 0.0);
    moments_of(&after_hour, LAW_RELAXATION, g, &shift, &sigma);
    assert_near(sigma / uS, 0.76, 0.005, "relaxation", hour);
    assert_near(shift / uS, -0.73, 0.005, "shift", hour);
    moments_of(&years, LAW_RELAXATION, g, &shift, &sigma);
    assert_near(sigma / uS, 1.23, 0.005, "relaxation", year);
    assert_near(shift / uS, -1.74, 0.005, "shift", year);
    moments_of(&second, LAW_FLICKER, g, &shift, &sigma);
    assert_near(sigma / uS, 0.17, 0.01, "read noise", 1);
    moments_of(&years, LAW_FLICKER, g, &shift, &sigma);
    assert_near(sigma / uS, 0.27, 0.005, "read noise", year);
    moments_of(&second, LAW_FLICKER, 0.3 * uS, &shift, &sigma);
    cr_assert_eq(sigma, 0.0); /* log10 is negative below 1 uS */
}

static const struct random_key write_key = {.seed = 15, .trial = 2, .array = 3, .write = 4};
static double target[CELLS], programmed[CELLS], again[CELLS], read_back[CELLS];

static void program_all(const struct device *device, double g_siemens)
{
    for (int i = 0; i < CELLS; i++)
        target[i] = g_siemens;
    device_program(device, &write_key, 1, CELLS, target, programmed);
}

/* Mean and variance of `values` within 4.5 standard errors; the fourth central moment is at most 3 variance^2
 * here. */
static void assert_moments(const double *values, double mean, double variance, const char *what)
{
    double sum = 0, squares = 0, n = CELLS;
    for (int i = 0; i < CELLS; i++) {
        sum += values[i] - mean;
        squares += (values[i] - mean) * (values[i] - mean);
    }
    cr_assert_lt(fabs(sum / n), 4.5 * sqrt(variance / n), "%s: mean is off by %g", what, sum / n);
    cr_assert_lt(fabs(squares / n - variance), 4.5 * variance * sqrt(2 / n), "%s: variance %g, %g expected",
                 what, squares / n, variance);
}

/* Mean and variance of a normal that is cut at low and high (masses at the cuts). */
static void cut_moments(double mean, double sigma, double low, double high, double *cut_mean,
                        double *cut_variance)
{
    double a = (low - mean) / sigma, b = (high - mean) / sigma;
    double below = gsl_cdf_ugaussian_P(a), above = gsl_cdf_ugaussian_Q(b), inside = 1 - below - above;
    double pa = gsl_ran_ugaussian_pdf(a), pb = isinf(b) ? 0 : gsl_ran_ugaussian_pdf(b),
           bpb = isinf(b) ? 0 : b * pb;
    double first = inside * mean + sigma * (pa - pb);
    double second = inside * (mean * mean + sigma * sigma) + 2 * mean * sigma * (pa - pb) +
                    sigma * sigma * (a * pa - bpb);
    first += below * low + (above > 0 ? above * high : 0);
    second += below * low * low + (above > 0 ? above * high * high : 0);
    *cut_mean = first;
    *cut_variance = second - first * first;
}

Test(device, programmed_wan2022_cells_have_the_laws_mean_and_variance)
{
    const double states[] = {10, 20, 30, 40};
    for (int i = 0; i < 4; i++) {
        struct device device;
        open_at("wan2022", 1, &device);
        program_all(&device, states[i] * uS);
        assert_moments(programmed, states[i] * uS, pow(wan_sigma(0, states[i] * uS), 2), "wan2022");
    }
}

Test(device, wan2022_cells_are_cut_at_zero)
{
    struct device device;
    double mean, variance, lowest = 1;
    open_at("wan2022", day, &device);
    program_all(&device, 1 * uS);
    cut_moments(1 * uS, wan_sigma(1, 1 * uS), 0, (double)INFINITY, &mean, &variance);
    assert_moments(programmed, mean, variance, "cut at 0");
    for (int i = 0; i < CELLS; i++)
        lowest = fmin(lowest, programmed[i]);
    cr_assert_eq(lowest, 0.0);
}

Test(device, programming_and_relaxation_add_up)
{
    struct device device;
    double g = 50, ln = log(hour), sigma_p = 0.0112185391 + 0.01129027418 * g,
           sigma_r = 0.41183342 + 0.04201137 * ln;
    struct device_options options = options_of("cmo-accept2");
    options.time_seconds = hour;
    options.flicker_scale = 0;
    open_with(&options, &device);
    program_all(&device, g * uS);
    assert_moments(programmed, (g - 0.08900206 * ln) * uS, (sigma_p * sigma_p + sigma_r * sigma_r) * uS * uS,
                   "cmo");
}

Test(device, cmo_accept2_cells_are_cut_at_the_window)
{
    const double edges[] = {9.0, 88.2};
    for (int i = 0; i < 2; i++) {
        struct device_options options = options_of("cmo-accept2");
        struct device device;
        double ln = log(day), mean, variance;
        options.time_seconds = day;
        options.programming_scale = options.flicker_scale = 0;
        open_with(&options, &device);
        program_all(&device, edges[i] * uS);
        cut_moments(edges[i] * uS - 0.08900206 * ln * uS, (0.41183342 + 0.04201137 * ln) * uS, 9.0 * uS,
                    88.2 * uS, &mean, &variance);
        /* A cut normal's fourth moment may exceed the normal's: the mean is what is tested here, and the
         * bounds. */
        double sum = 0;
        for (int k = 0; k < CELLS; k++) {
            sum += programmed[k];
            cr_assert(programmed[k] >= 9.0 * uS && programmed[k] <= 88.2 * uS);
        }
        cr_assert_lt(fabs(sum / CELLS - mean), 4.5 * sqrt(variance / CELLS), "edge %g", edges[i]);
    }
}

Test(device, reads_spread_around_the_programmed_state)
{
    struct device white;
    struct device_options options = options_of("wan2022");
    double g = 50 * uS;
    for (int i = 0; i < CELLS; i++)
        programmed[i] = g;
    options.read_noise_ratio = 0.05;
    open_with(&options, &white);
    device_read(&white, &write_key, CELLS, programmed, programmed, read_back);
    assert_moments(read_back, g, 0.0025 * g * g, "white");
    options.read_noise_ratio = 1;
    open_with(&options, &white);
    device_read(&white, &write_key, CELLS, programmed, programmed, read_back);
    double mean, variance;
    cut_moments(g, g, 0, (double)INFINITY, &mean, &variance);
    assert_moments(read_back, mean, variance, "white, cut at 0");
}

/* A law with a shift is planted: no card has one for reads. */
static void shifting(const void *params, const struct law_conditions *at, const struct law_cells *cells,
                     double *shift, double *sigma)
{
    (void)params;
    (void)at;
    for (size_t i = 0; i < cells->n; i++) {
        shift[i] = -0.01 * cells->conductance_siemens[i];
        sigma[i] = 0.02 * cells->conductance_siemens[i];
    }
}

Test(device, reads_have_the_moments_of_their_law_shift_included)
{
    const struct law planted = {.block = LAW_READ_NOISE, .moments = shifting};
    const double g = 50 * uS;
    double mean[3], sigma[3];
    struct device device;
    open_at("cmo-accept2", 1, &device);
    device.card.blocks[LAW_READ_NOISE].law = &planted;
    for (size_t i = 0; i < CELLS; i++)
        programmed[i] = g;
    device_read_moments(&device, 3, programmed, programmed, mean, sigma);
    for (int i = 0; i < 3; i++) {
        assert_near(mean[i], 0.99 * g, 1e-20, "mean", i);
        assert_near(sigma[i], 0.02 * g, 1e-20, "sigma", i);
    }
    device_read(&device, &write_key, CELLS, programmed, programmed, read_back);
    assert_moments(read_back, 0.99 * g, 4e-4 * g * g, "shifted reads");
    device.scale[LAW_READ_NOISE] = 0;
    device_read_moments(&device, 3, programmed, programmed, mean, sigma);
    cr_assert(mean[0] == g && sigma[0] == 0);
}

Test(device, flicker_is_one_value_from_a_write_to_the_next)
{
    struct device device;
    struct device_options options = options_of("cmo-accept2");
    double g = 50, sigma = 0.0277316483 * log10(g) * sqrt(log((1 + 1e-6) / 2e-6));
    options.programming_scale = options.relaxation_scale = 0;
    open_with(&options, &device);
    cr_assert_not(device_has_read_noise(&device));
    program_all(&device, g * uS);
    assert_moments(programmed, g * uS, sigma * sigma * uS * uS, "1/f");
    device_read(&device, &write_key, CELLS, target, programmed, read_back);
    cr_assert_eq(memcmp(read_back, programmed, sizeof programmed), 0);
}

Test(device, without_errors_targets_come_back_bit_for_bit)
{
    struct device_options options = options_of("cmo-accept2");
    struct device device;
    options.programming_scale = options.relaxation_scale = options.flicker_scale = options.read_noise_ratio =
        0;
    open_with(&options, &device);
    cr_assert(!device_has_write_noise(&device) && !device_has_read_noise(&device));
    random_uniforms(&write_key, CELLS, target);
    device_program(&device, &write_key, 1, CELLS, target, programmed);
    device_read(&device, &write_key, CELLS, target, programmed, read_back);
    cr_assert_eq(memcmp(programmed, target, sizeof target), 0);
    cr_assert_eq(memcmp(read_back, target, sizeof target), 0);
}

Test(device, ideal_turns_everything_off_whatever_the_scales_say)
{
    struct device_options options = options_of("ideal");
    struct device device;
    options.programming_scale = options.relaxation_scale = 3;
    options.read_noise_ratio = 0.1;
    options.g_min_siemens = 1e-9;
    options.g_max_siemens = 1e-3;
    options.time_seconds = 1e9;
    open_with(&options, &device);
    cr_assert(!device_has_write_noise(&device) && !device_has_read_noise(&device));
    random_uniforms(&write_key, CELLS, target);
    device_program(&device, &write_key, 1, CELLS, target, programmed);
    device_read(&device, &write_key, CELLS, target, programmed, read_back);
    cr_assert_eq(memcmp(read_back, target, sizeof target), 0);
    cr_assert_eq(device.g_min_siemens, 1e-9);
}

/* At 50 uS nothing is cut, so errors are sums of scaled normals. */
Test(device, switching_one_effect_off_moves_no_draw_of_another)
{
    struct device_options options = options_of("cmo-accept2");
    struct device both, first, second;
    options.flicker_scale = 0;
    options.read_noise_ratio = 0.01;
    open_with(&options, &both);
    options.relaxation_scale = 0;
    open_with(&options, &first);
    options.relaxation_scale = 1;
    options.programming_scale = 0;
    open_with(&options, &second);
    cr_assert(device_has_write_noise(&first) && device_has_write_noise(&second));
    program_all(&both, 50 * uS);
    device_program(&first, &write_key, 1, CELLS, target, again);
    device_program(&second, &write_key, 1, CELLS, target, read_back);
    for (int i = 0; i < CELLS; i++)
        assert_near(programmed[i] - target[i], again[i] - target[i] + read_back[i] - target[i], 1e-19, "cell",
                    i);
    double z[CELLS / 10];
    device_read(&both, &write_key, CELLS / 10, target, target, again);
    device_read(&second, &write_key, CELLS / 10, target, target, read_back);
    struct random_key key = write_key;
    key.purpose = RANDOM_READ;
    random_normals(&key, CELLS / 10, z);
    for (int i = 0; i < CELLS / 10; i++) {
        cr_assert_eq(again[i], read_back[i]);
        assert_near(again[i] - target[i], 0.01 * target[i] * z[i], 1e-19, "read", i);
    }
}

Test(device, scales_multiply_the_same_draws)
{
    struct device_options options = options_of("cmo-accept2");
    struct device one, three;
    options.time_seconds = day;
    options.flicker_scale = 0; /* its spread depends on the state that the others leave */
    open_with(&options, &one);
    options.programming_scale = options.relaxation_scale = 3;
    open_with(&options, &three);
    program_all(&one, 50 * uS);
    device_program(&three, &write_key, 1, CELLS, target, again);
    for (int i = 0; i < CELLS; i++)
        assert_near(again[i] - target[i], 3 * (programmed[i] - target[i]), 1e-19, "cell", i);
}

static bool writes_alike(const struct device *device, const struct random_key *one,
                         const struct random_key *other)
{
    device_program(device, one, 1, 100, target, programmed);
    device_program(device, other, 1, 100, target, again);
    return memcmp(programmed, again, 100 * sizeof *again) == 0;
}

static bool reads_alike(const struct device *device, const struct random_key *one,
                        const struct random_key *other)
{
    device_read(device, one, 100, target, target, programmed);
    device_read(device, other, 100, target, target, again);
    return memcmp(programmed, again, 100 * sizeof *again) == 0;
}

/* Definitions 3. */
Test(device, errors_live_as_long_as_they_should)
{
    struct device device;
    struct random_key draw = write_key, write = write_key, trial = write_key, array = write_key,
                      purpose = write_key;
    draw.draw++;
    write.write++;
    trial.trial++;
    array.array++;
    purpose.purpose = RANDOM_PROBE;
    struct device_options options = options_of("cmo-accept2");
    options.read_noise_ratio = 0.01;
    open_with(&options, &device);
    program_all(&device, 30 * uS);
    cr_assert(writes_alike(&device, &write_key, &write_key) && writes_alike(&device, &write_key, &draw));
    cr_assert(writes_alike(&device, &write_key, &purpose));
    cr_assert(!writes_alike(&device, &write_key, &write) && !writes_alike(&device, &write_key, &trial) &&
              !writes_alike(&device, &write_key, &array));
    cr_assert(reads_alike(&device, &write_key, &write_key) && reads_alike(&device, &write_key, &purpose));
    cr_assert(!reads_alike(&device, &write_key, &draw) && !reads_alike(&device, &write_key, &write) &&
              !reads_alike(&device, &write_key, &trial) && !reads_alike(&device, &write_key, &array));
    options.programming_scale = options.relaxation_scale = options.flicker_scale = 0;
    options.device_spread_ratio = 0.1;
    options.stuck_on_ratio = options.stuck_off_ratio = 0.2;
    open_with(&options, &device);
    cr_assert(writes_alike(&device, &write_key, &write), "devices stay the same from write to write");
    cr_assert(!writes_alike(&device, &write_key, &trial) && !writes_alike(&device, &write_key, &array));
}

Test(device, stuck_cells_have_the_share_asked_for_clustered_or_not)
{
    enum { SIDE = 400 };
    static double wanted[SIDE * SIDE], got[SIDE * SIDE];
    for (int shape = 0; shape < 3; shape++) {
        struct device_options options = options_of("ideal");
        struct device device;
        options.preset = 1;
        options.programming_scale = 0;
        options.stuck_on_ratio = 0.06;
        options.stuck_off_ratio = 0.04;
        open_with(&options, &device);
        const struct option_table *table = device.card.blocks[LAW_STUCK].law->params;
        const char *text[] = {"0", "1", "8"};
        char why[100];
        for (size_t i = 0; i < table->n_options; i++)
            if (strcmp(table->options[i].key, "clusters") == 0)
                cr_assert(option_set(&table->options[i], &device.card.blocks[LAW_STUCK].params, text[shape],
                                     why, sizeof why));
        for (int i = 0; i < SIDE * SIDE; i++)
            wanted[i] = 20 * uS;
        device_program(&device, &write_key, SIDE, SIDE, wanted, got);
        double on = 0, off = 0, squares = 0, tiles = SIDE / 8.0 * SIDE / 8.0;
        for (int i = 0; i < SIDE * SIDE; i++) {
            on += got[i] == device.g_max_siemens;
            off += got[i] == device.g_min_siemens;
        }
        for (int tile = 0; tile < (int)tiles; tile++) {
            int row = tile / (SIDE / 8) * 8, column = tile % (SIDE / 8) * 8;
            double stuck = 0;
            for (int i = 0; i < 64; i++)
                stuck += got[(row + i / 8) * SIDE + column + i % 8] != 20 * uS;
            squares += (stuck - 6.4) * (stuck - 6.4) / tiles;
        }
        /* Variance of a tile's count: binomial, and 64 * 63 times that of its probability 1 - exp(-d s),
         * d gamma of shape k and mean 1, s chosen so that the mean is 0.1. */
        double k = shape == 1 ? 1 : 8, s = k * (pow(0.9, -1 / k) - 1);
        double of_probability = shape == 0 ? 0 : pow(1 + 2 * s / k, -k) - 0.81;
        double variance = 6.4 * 0.9 + 64 * 63 * of_probability;
        double error = sqrt(variance * tiles) / (SIDE * SIDE);
        cr_assert_lt(fabs(on / (SIDE * SIDE) - 0.06), 4.5 * error, "on %g", on);
        cr_assert_lt(fabs(off / (SIDE * SIDE) - 0.04), 4.5 * error, "off %g", off);
        cr_assert_lt(fabs(squares / variance - 1), shape == 1 ? 0.6 : 0.2, "tiles %g, %g expected", squares,
                     variance);
    }
}

static void assert_refused(const struct device_options *options, const char *said)
{
    struct device device;
    struct rs_error err = {{0}};
    cr_assert_eq(device_open(options, &device, &err), RS_INPUT, "%s", said);
    cr_assert(strstr(err.text, said) != NULL, "%s", err.text);
}

Test(device, windows_and_times_outside_the_card_are_refused)
{
    struct device_options options = options_of("wan2022");
    options.g_min_siemens = 0.5e-6;
    assert_refused(&options, "device window 0.5 to 40 uS found, inside 1 to 40 uS of card wan2022 expected");
    options.g_min_siemens = 2e-6;
    options.g_max_siemens = 50e-6;
    assert_refused(&options, "device window 2 to 50 uS found");
    options.g_max_siemens = 2e-6;
    assert_refused(&options, "device.g_min (2 uS) must be below device.g_max (2 uS)");
    options = options_of("wan2022");
    options.time_seconds = 0.5;
    assert_refused(&options, "device.time 0.5 s found, 1 s to 172800 s");
    options.time_seconds = 2 * day + 1;
    assert_refused(&options, "device.extrapolate: true allows others");
    options = options_of("cmo-accept2");
    options.time_seconds = 11 * year;
    assert_refused(&options, "published for card cmo-accept2");
    options = options_of("ideal");
    options.g_min_siemens = 1e-3;
    assert_refused(&options, "must be below device.g_max (100 uS)");
}

Test(device, extrapolation_is_possible_on_request)
{
    struct device_options options = options_of("wan2022");
    struct device device;
    double shift, sigma;
    options.extrapolate = true;
    options.time_seconds = 30 * day;
    open_with(&options, &device);
    moments_of(&device, LAW_PROGRAMMING, 20 * uS, &shift, &sigma);
    assert_near(sigma, wan_sigma(2, 20 * uS), 1e-18, "the last time's", 30);
    options.time_seconds = 0.01;
    open_with(&options, &device);
    moments_of(&device, LAW_PROGRAMMING, 20 * uS, &shift, &sigma);
    assert_near(sigma, wan_sigma(0, 20 * uS), 1e-18, "the first time's", 0);
    options = options_of("cmo-accept2");
    options.extrapolate = true;
    options.time_seconds = 0.01;
    open_with(&options, &device);
    moments_of(&device, LAW_RELAXATION, 20 * uS, &shift, &sigma);
    assert_near(shift / uS, -0.08900206 * log(0.01), 1e-12, "shift", 0.01);
    options.time_seconds = 1e-9;
    open_with(&options, &device);
    moments_of(&device, LAW_RELAXATION, 20 * uS, &shift, &sigma);
    cr_assert_eq(sigma, 0.0);
}
