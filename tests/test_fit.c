/* Cards fitted to measured data: known laws are found again, with errors that cover them. */
#include "config.h"

#include <string.h>

#include "folder.h"
#include "measured_cells.h"

#include "devices/card.h"
#include "devices/fit.h"

TestSuite(fit, .timeout = 120, .init = enter_folder, .fini = leave_folder);

enum { SEEDS = 4 };
static const double many_errors = 4.5; /* standard errors; hundreds of comparisons */

static struct fit *fit_file(enum fit_choice choice, double read_volts)
{
    struct fit *fit = NULL;
    struct rs_error err = {{0}};
    cr_assert_eq(fit_create("data.csv", read_volts, choice, &fit, &err), RS_OK, "%s", err.text);
    return fit;
}

static const struct fit_key *key_of(const struct fit *fit, enum law_block block, const char *name)
{
    cr_assert_not_null(fit->blocks[block].kind, "%s: not fitted: %s", law_block_name(block),
                       fit->blocks[block].note);
    for (int i = 0; i < fit->blocks[block].n_keys; i++)
        if (strcmp(fit->blocks[block].keys[i].name, name) == 0)
            return &fit->blocks[block].keys[i];
    cr_assert_fail("%s has no %s", law_block_name(block), name);
    return NULL;
}

static void assert_near(const struct fit *fit, enum law_block block, const char *name, double truth,
                        uint32_t seed)
{
    const struct fit_key *key = key_of(fit, block, name);
    cr_assert(fabs(key->values[0] - truth) < many_errors * key->errors[0], "%s: %g +- %g, truth %g (seed %u)",
              name, key->values[0], key->errors[0], truth, seed);
    cr_assert(key->errors[0] < 0.5 * fabs(truth), "%s: %g +- %g tells little", name, key->values[0],
              key->errors[0]);
}

static void assert_kind(const struct fit *fit, enum law_block block, const char *kind, uint32_t seed)
{
    cr_assert_not_null(fit->blocks[block].kind, "%s: %s (seed %u)", law_block_name(block),
                       fit->blocks[block].note, seed);
    cr_assert_str_eq(fit->blocks[block].kind, kind, "%s: %s found, %s expected (seed %u): %s",
                     law_block_name(block), fit->blocks[block].kind, kind, seed, fit->blocks[block].note);
}

/* --- programming --- */

static double sigma_of(double x)
{
    return 1e-6 * (0.4 + 1.2 * x - 0.7 * x * x);
}

static void write_one_shot(uint32_t seed, int n_states, int n_writes)
{
    struct cells cells = open_cells("data.csv", seed, "target_siemens,read_siemens");
    for (int k = 0; k < n_states; k++)
        for (int i = 0; i < n_writes; i++) {
            double x = 0.2 + 0.8 * k / (n_states - 1), g = 50e-6 * x;
            fprintf(cells.file, "%.17g,%.17g\n", g, g + 0.2e-6 - 0.5e-6 * x + sigma_of(x) * draw(&cells));
        }
    close_cells(&cells);
}

Test(fit, mean_and_spread_of_programming_are_found_again)
{
    for (uint32_t seed = 1; seed <= SEEDS; seed++) {
        write_one_shot(seed, 10, 2000);
        struct fit *fit = fit_file(FIT_AUTO, (double)NAN);
        assert_kind(fit, LAW_PROGRAMMING, "polynomial", seed);
        for (int k = 0; k < fit->n_states; k++) {
            const struct fit_state *state = &fit->states[k];
            double x = state->target_siemens / 50e-6;
            cr_assert(fabs(state->sigma_siemens - sigma_of(x)) < many_errors * state->sigma_error);
            cr_assert(fabs(state->mean_siemens - 0.2e-6 + 0.5e-6 * x) < many_errors * state->mean_error);
            /* The law is nearer than any single state has to be. */
            cr_assert_float_eq(state->fitted_sigma, sigma_of(x), 0.05 * sigma_of(x), "seed %u", seed);
            cr_assert_float_eq(state->fitted_mean, 0.2e-6 - 0.5e-6 * x, 0.05e-6, "seed %u", seed);
        }
        cr_assert(fit->kolmogorov.p > 1e-4 && fit->anderson_darling.p > 1e-4);
        fit_destroy(fit);
    }
}

Test(fit, many_states_of_few_writes_are_no_reason_for_a_table)
{
    int n_polynomials = 0;
    for (uint32_t seed = 1; seed <= 10; seed++) {
        write_one_shot(seed + 300, 100, 10);
        struct fit *fit = fit_file(FIT_AUTO, (double)NAN);
        n_polynomials += strcmp(fit->blocks[LAW_PROGRAMMING].kind, "polynomial") == 0;
        fit_destroy(fit);
    }
    cr_assert_geq(n_polynomials, 9, "%d of 10", n_polynomials);
}

Test(fit, a_spread_that_is_no_polynomial_becomes_a_table)
{
    struct cells cells = open_cells("data.csv", 3, "target_siemens,read_siemens");
    for (int k = 1; k <= 12; k++)
        for (int i = 0; i < 1000; i++)
            fprintf(cells.file, "%d uS,%.17g\n", k, 1e-6 * (k + (k % 2 ? 0.05 : 0.1) * draw(&cells)));
    close_cells(&cells);
    struct fit *fit = fit_file(FIT_AUTO, (double)NAN);
    assert_kind(fit, LAW_PROGRAMMING, "table", 3);
    const struct fit_key *sigma = key_of(fit, LAW_PROGRAMMING, "sigma");
    for (int k = 0; k < 12; k++)
        cr_assert(fabs(sigma->values[k] - (k % 2 ? 0.1e-6 : 0.05e-6)) < many_errors * sigma->errors[k]);
    fit_destroy(fit);
}

/* 68 % should lie within one error and 95 % within 1.96, give or take three standard deviations of a count.
 */
struct coverage {
    double tried, within[2];
};

static void cover(struct coverage *coverage, double value, double error, double truth)
{
    coverage->tried++;
    coverage->within[0] += fabs(value - truth) < error;
    coverage->within[1] += fabs(value - truth) < 1.96 * error;
}

static void assert_covered(const struct coverage *coverage, const char *name)
{
    const double shares[] = {0.6827, 0.95};
    for (int i = 0; i < 2; i++)
        cr_assert(fabs(coverage->within[i] - shares[i] * coverage->tried) <
                      3 * sqrt(coverage->tried * shares[i] * (1 - shares[i])) + 0.5,
                  "%s: %g of %g intervals of %g %%", name, coverage->within[i], coverage->tried,
                  100 * shares[i]);
}

Test(fit, standard_errors_of_programming_cover_the_truth)
{
    enum { SETS = 100 };
    const double truth[] = {0.4e-6, 1.2e-6, -0.7e-6};
    struct coverage covered[3] = {{0}};
    for (uint32_t seed = 1; seed <= SETS; seed++) {
        write_one_shot(seed + 100, 12, 400);
        struct fit *fit = fit_file(FIT_POLYNOMIAL, (double)NAN);
        const struct fit_key *sigma = key_of(fit, LAW_PROGRAMMING, "sigma");
        for (int k = 0; k < 3 && sigma->n == 3; k++)
            cover(&covered[k], sigma->values[k], sigma->errors[k], truth[k]);
        fit_destroy(fit);
    }
    cr_assert_gt(covered[0].tried, SETS / 2);
    for (int k = 0; k < 3; k++)
        assert_covered(&covered[k], "sigma");
}

/* --- errors of any distribution --- */

static double skewed(double z)
{
    return exp(0.7 * z) - exp(0.245); /* mean 0 */
}

Test(fit, skewed_errors_become_quantiles_with_their_mean_and_spread)
{
    struct cells cells = open_cells("data.csv", 5, "target_siemens,read_siemens");
    struct rs_error err = {{0}};
    struct text text = {0};
    struct card card;
    for (int k = 1; k <= 4; k++)
        for (int i = 0; i < 4000; i++)
            fprintf(cells.file, "%d uS,%.17g\n", 10 * k, 1e-6 * (10 * k + 0.1 * k * skewed(draw(&cells))));
    close_cells(&cells);
    struct fit *fit = fit_file(FIT_AUTO, (double)NAN);
    assert_kind(fit, LAW_PROGRAMMING, "empirical", 5);
    fit_append_card(fit, "skewed", "data.csv", "0", &text);
    cr_assert_eq(card_parse("card", text.bytes, text.length, &card, &err), RS_OK, "%s", err.text);
    for (int k = 1; k <= 4; k++) {
        double mean = 0, squares = 0, g[LAW_CELLS], target[LAW_CELLS];
        for (uint32_t draw_number = 0; draw_number < 40; draw_number++) {
            const struct law_draws draws = {{.seed = 7, .draw = draw_number}, 0, 1};
            const struct law_cells all = {LAW_CELLS, target, target, g, 0};
            for (int i = 0; i < LAW_CELLS; i++)
                target[i] = g[i] = 10e-6 * k;
            law_apply(card.blocks[LAW_PROGRAMMING].law, &card.blocks[LAW_PROGRAMMING].params,
                      &(struct law_conditions){1, 300, 0, 1}, &draws, &all);
            for (int i = 0; i < LAW_CELLS; i++) {
                double error = g[i] - target[i];
                mean += error / (40 * LAW_CELLS);
                squares += error * error / (40 * LAW_CELLS);
            }
        }
        const struct fit_state *state = &fit->states[k - 1];
        double sigma = sqrt(squares - mean * mean);
        cr_assert_float_eq(mean, state->mean_siemens, 0.04 * state->sigma_siemens, "%g, %g", mean,
                           state->mean_siemens);
        cr_assert_float_eq(sigma, state->sigma_siemens, 0.05 * state->sigma_siemens, "%g, %g", sigma,
                           state->sigma_siemens);
    }
    text_clear(&text);
    fit_destroy(fit);
}

/* --- time --- */

static const double times[] = {1, 60, 3600, 86400};

static void write_aged(uint32_t seed, bool power, int n_writes)
{
    struct cells cells = open_cells("data.csv", seed, "target_siemens,time_seconds,read_siemens");
    for (int k = 1; k <= 5; k++)
        for (int t = 0; t < 4; t++)
            for (int i = 0; i < n_writes; i++) {
                double g = 10 * k + 0.3 * draw(&cells), z = draw(&cells), ln = log(times[t]);
                g = power ? g * exp(-fabs(0.03 + 0.008 * z) * ln) : g + (-0.05 + 0.06 * z) * ln;
                fprintf(cells.file, "%de-6,%g,%.17g\n", 10 * k, times[t], 1e-6 * g);
            }
    close_cells(&cells);
}

Test(fit, relaxation_linear_in_ln_t_is_found_again)
{
    for (uint32_t seed = 1; seed <= SEEDS; seed++) {
        write_aged(seed, false, 1000);
        struct fit *fit = fit_file(FIT_AUTO, (double)NAN);
        assert_kind(fit, LAW_RELAXATION, "log-time", seed);
        assert_near(fit, LAW_RELAXATION, "mean_per_ln", -0.05e-6, seed);
        assert_near(fit, LAW_RELAXATION, "sigma_per_ln", 0.06e-6, seed);
        fit_destroy(fit);
    }
}

Test(fit, drift_as_a_power_of_time_is_found_again)
{
    for (uint32_t seed = 1; seed <= SEEDS; seed++) {
        write_aged(seed, true, 1000);
        struct fit *fit = fit_file(FIT_AUTO, (double)NAN);
        assert_kind(fit, LAW_RELAXATION, "power", seed);
        assert_near(fit, LAW_RELAXATION, "nu", 0.03, seed);
        assert_near(fit, LAW_RELAXATION, "nu_spread", 0.008, seed);
        fit_destroy(fit);
    }
}

Test(fit, left_out_blocks_give_errors_that_cover_the_truth)
{
    enum { SETS = 60 };
    struct coverage covered[2] = {{0}};
    for (uint32_t seed = 1; seed <= SETS; seed++) {
        write_aged(seed + 200, true, 100);
        struct fit *fit = fit_file(FIT_AUTO, (double)NAN);
        const struct fit_key *nu = key_of(fit, LAW_RELAXATION, "nu"),
                             *spread = key_of(fit, LAW_RELAXATION, "nu_spread");
        cover(&covered[0], nu->values[0], nu->errors[0], 0.03);
        cover(&covered[1], spread->values[0], spread->errors[0], 0.008);
        fit_destroy(fit);
    }
    assert_covered(&covered[0], "nu");
    assert_covered(&covered[1], "nu_spread");
}

/* --- devices, reads, voltage, temperature --- */

static void write_devices(uint32_t seed, int n_devices)
{
    struct cells cells = open_cells("data.csv", seed, "device,cycle,target_siemens,read_siemens");
    double device[200];
    for (int d = 0; d < n_devices; d++)
        device[d] = 1 + 0.04 * draw(&cells);
    for (int k = 1; k <= 5; k++)
        for (int d = 0; d < n_devices; d++)
            for (int c = 0; c < 3; c++) {
                double g = 10e-6 * k * device[d] + 0.3e-6 * draw(&cells);
                for (int read = 0; read < 2; read++)
                    fprintf(cells.file, "cell-%d,%d,%de-6,%.17g\n", d, c, 10 * k,
                            g * (1 + 0.01 * draw(&cells)));
            }
    close_cells(&cells);
}

Test(fit, spread_of_devices_and_noise_of_reads_are_told_apart)
{
    for (uint32_t seed = 1; seed <= SEEDS; seed++) {
        write_devices(seed, 200);
        struct fit *fit = fit_file(FIT_AUTO, (double)NAN);
        assert_near(fit, LAW_DEVICE, "ratio", 0.04, seed);
        assert_near(fit, LAW_READ_NOISE, "ratio", 0.01, seed);
        for (int k = 0; k < fit->n_states; k++)
            cr_assert(fabs(fit->states[k].sigma_siemens - 0.3e-6) < many_errors * fit->states[k].sigma_error,
                      "%g +- %g (seed %u)", fit->states[k].sigma_siemens, fit->states[k].sigma_error, seed);
        fit_destroy(fit);
    }
}

/* 1 / v0^2 is 1 / 0.3^2 V^-2 at 10 uS and so much more per unit of ln (g / 10 uS). */
static void write_bent(uint32_t seed, int n_devices, double more)
{
    struct cells cells = open_cells("data.csv", seed, "target_siemens,voltage_volts,read_siemens,device");
    for (int k = 1; k <= 4; k++)
        for (int i = 0; i < n_devices; i++) {
            double g = 10e-6 * k + 0.2e-6 * draw(&cells), root = sqrt(1 / 0.09 + more * log(k));
            for (int v = 1; v <= 4; v++) {
                double volts = 0.1 * v, x = volts * root, at_read = sinh(0.2 * root) / (0.2 * root);
                fprintf(cells.file, "%.17g,%g,%.17g,%d\n", 10e-6 * k * at_read, volts,
                        g * sinh(x) / x * (1 + 0.005 * draw(&cells)), i);
            }
        }
    close_cells(&cells);
}

Test(fit, chord_conductances_become_small_signal_ones)
{
    for (uint32_t seed = 1; seed <= SEEDS; seed++) {
        write_bent(seed, 100, 0);
        struct fit *fit = fit_file(FIT_AUTO, 0.2);
        assert_kind(fit, LAW_CURRENT_VOLTAGE, "sinh", seed);
        assert_near(fit, LAW_CURRENT_VOLTAGE, "v0", 0.3, seed);
        cr_assert_float_eq(fit->g_max_siemens, 40e-6, 0.1e-6);
        for (int k = 0; k < fit->n_states; k++)
            cr_assert(fabs(fit->states[k].mean_siemens) < 0.15e-6, "%g (seed %u)",
                      fit->states[k].mean_siemens, seed);
        cr_assert_null(strstr(fit->blocks[LAW_CURRENT_VOLTAGE].warning[0], "depends on the state"), "seed %u",
                       seed);
        fit_destroy(fit);
    }
}

Test(fit, a_bend_that_depends_on_the_state_is_told)
{
    write_bent(1, 100, 2);
    struct fit *fit = fit_file(FIT_AUTO, 0.2);
    const struct fit_block *block = &fit->blocks[LAW_CURRENT_VOLTAGE];
    double low = 0, high = 0;
    const char *told = strstr(block->warning[0], "v0 depends on the state");
    told = told != NULL ? told : strstr(block->warning[1], "v0 depends on the state");
    cr_assert_not_null(told, "%s; %s", block->warning[0], block->warning[1]);
    cr_assert_eq(
        sscanf(told, "v0 depends on the state: %lf V at the lowest, %lf V at the highest", &low, &high), 2,
        "%s", told);
    cr_assert_float_eq(low, 0.3, 0.01);
    cr_assert_float_eq(high, 1 / sqrt(1 / 0.09 + 2 * log(4)), 0.01);
    fit_destroy(fit);
}

Test(fit, temperature_coefficient_and_activation_energy_are_found_again)
{
    for (uint32_t seed = 1; seed <= SEEDS; seed++) {
        struct cells cells =
            open_cells("data.csv", seed, "target_siemens,temperature_kelvin,read_siemens,device");
        const double kelvin[] = {260, 300, 350};
        for (int k = 0; k < 5; k++)
            for (int i = 0; i < 50; i++) {
                double target = 4e-6 * pow(2, k), g = target * (1 + 0.02 * draw(&cells)), w = k / 4.0;
                for (int t = 0; t < 3; t++) {
                    double hot = exp(-w * log1p(1e-3 * (kelvin[t] - 300)) -
                                     (1 - w) * 0.05 / 8.617333262e-5 * (1 / kelvin[t] - 1 / 300.0));
                    fprintf(cells.file, "%.17g,%g,%.17g,%d\n", target, kelvin[t],
                            g * hot * (1 + 0.005 * draw(&cells)), i);
                }
            }
        close_cells(&cells);
        struct fit *fit = fit_file(FIT_AUTO, (double)NAN);
        assert_near(fit, LAW_TEMPERATURE, "tcr_per_kelvin", 1e-3, seed);
        assert_near(fit, LAW_TEMPERATURE, "activation_ev", 0.05, seed);
        fit_destroy(fit);
    }
}

/* Cells that age and are read at one temperature each: hot ones as if after a longer time. */
static void write_hot(uint32_t seed, bool power, double ev, int n_writes)
{
    struct cells cells =
        open_cells("data.csv", seed, "target_siemens,temperature_kelvin,time_seconds,read_siemens");
    const double kelvin[] = {300, 330, 360};
    for (int k = 1; k <= 4; k++)
        for (int h = 0; h < 3; h++)
            for (int t = 0; t < 4; t++)
                for (int i = 0; i < n_writes; i++) {
                    double ln = log(times[t]) + ev / 8.617333262e-5 * (1 / 300.0 - 1 / kelvin[h]);
                    double g = 10 * k + 0.3 * draw(&cells), z = draw(&cells), w = log(k) / log(4);
                    g = power ? g * exp(-fabs(0.02 + 0.006 * z) * ln) : g + (-0.1 + 0.06 * z) * ln;
                    g *= exp(-w * log1p(1e-3 * (kelvin[h] - 300)) -
                             (1 - w) * 0.05 / 8.617333262e-5 * (1 / kelvin[h] - 1 / 300.0));
                    fprintf(cells.file, "%de-6,%g,%g,%.17g\n", 10 * k, kelvin[h], times[t], 1e-6 * g);
                }
    close_cells(&cells);
}

Test(fit, faster_ageing_of_hot_cells_is_found_again)
{
    for (uint32_t seed = 1; seed <= SEEDS; seed++)
        for (int power = 0; power < 2; power++) {
            write_hot(seed, power, 1.1, 400);
            struct fit *fit = fit_file(FIT_AUTO, (double)NAN);
            assert_kind(fit, LAW_RELAXATION, power ? "power" : "log-time", seed);
            assert_near(fit, LAW_TEMPERATURE, "retention_ev", 1.1, seed);
            assert_near(fit, LAW_TEMPERATURE, "tcr_per_kelvin", 1e-3, seed);
            assert_near(fit, LAW_TEMPERATURE, "activation_ev", 0.05, seed);
            fit_destroy(fit);
        }
}

Test(fit, intervals_of_temperature_devices_and_voltage_cover_the_truth)
{
    enum { SETS = 40 };
    struct coverage retention = {0}, tcr = {0}, v0 = {0}, device = {0}, read = {0};
    for (uint32_t seed = 1; seed <= SETS; seed++) {
        write_hot(seed + 500, false, 1.1, 60);
        struct fit *fit = fit_file(FIT_AUTO, (double)NAN);
        const struct fit_key *key = key_of(fit, LAW_TEMPERATURE, "retention_ev");
        cover(&retention, key->values[0], key->errors[0], 1.1);
        key = key_of(fit, LAW_TEMPERATURE, "tcr_per_kelvin");
        cover(&tcr, key->values[0], key->errors[0], 1e-3);
        fit_destroy(fit);
        write_devices(seed + 500, 60);
        fit = fit_file(FIT_AUTO, (double)NAN);
        key = key_of(fit, LAW_DEVICE, "ratio");
        cover(&device, key->values[0], key->errors[0], 0.04);
        key = key_of(fit, LAW_READ_NOISE, "ratio");
        cover(&read, key->values[0], key->errors[0], 0.01);
        fit_destroy(fit);
        write_bent(seed + 500, 40, 0);
        fit = fit_file(FIT_AUTO, 0.2);
        key = key_of(fit, LAW_CURRENT_VOLTAGE, "v0");
        cover(&v0, key->values[0], key->errors[0], 0.3);
        fit_destroy(fit);
    }
    assert_covered(&retention, "retention_ev");
    assert_covered(&tcr, "tcr_per_kelvin");
    assert_covered(&device, "device_spread");
    assert_covered(&read, "read_noise");
    assert_covered(&v0, "v0");
}

Test(fit, cells_that_age_alike_at_all_temperatures_have_no_activation_energy)
{
    write_hot(7, false, 0, 400);
    struct fit *fit = fit_file(FIT_AUTO, (double)NAN);
    assert_near(fit, LAW_TEMPERATURE, "tcr_per_kelvin", 1e-3, 7);
    for (int i = 0; i < fit->blocks[LAW_TEMPERATURE].n_keys; i++)
        cr_assert_str_neq(fit->blocks[LAW_TEMPERATURE].keys[i].name, "retention_ev");
    fit_destroy(fit);
}

Test(fit, one_state_does_not_tell_metal_from_activation)
{
    struct cells cells = open_cells("data.csv", 1, "target_siemens,temperature_kelvin,read_siemens");
    for (int i = 0; i < 50; i++)
        fprintf(cells.file, "10e-6,%d,%.17g\n", i % 2 ? 300 : 350, 1e-6 * (10 + 0.1 * draw(&cells)));
    close_cells(&cells);
    struct fit *fit = fit_file(FIT_AUTO, (double)NAN);
    cr_assert_null(fit->blocks[LAW_TEMPERATURE].kind);
    cr_assert_not_null(strstr(fit->blocks[LAW_TEMPERATURE].note, "cannot be told apart"));
    cr_assert_not_null(strstr(fit->blocks[LAW_PROGRAMMING].warning[0], "one state alone"));
    cr_assert_eq(count_files(), 1); /* the data alone */
    fit_destroy(fit);
}

/* --- the card --- */

Test(fit, the_card_reads_back_as_the_law_that_was_fitted)
{
    for (int choice = FIT_AUTO; choice <= FIT_TABLE; choice++) {
        struct text text = {0};
        struct rs_error err = {{0}};
        struct card card;
        write_one_shot(9, 10, 200);
        struct fit *fit = fit_file((enum fit_choice)choice, (double)NAN);
        fit_append_card(fit, "mine", "odd: name #1.csv", "0123", &text);
        cr_assert_eq(card_parse("card", text.bytes, text.length, &card, &err), RS_OK, "%s\n%s", err.text,
                     text.bytes);
        cr_assert_str_eq(card.name, "mine");
        cr_assert_eq(card.window.g_max_siemens, fit->g_max_siemens);
        const struct card_block *block = &card.blocks[LAW_PROGRAMMING];
        cr_assert_str_eq(block->source, "odd__name__1.csv, SHA-256 0123");
        cr_assert_str_eq(block->confidence, "primary");
        for (int i = 0; i <= 20; i++) {
            double g = fit->g_min_siemens + (fit->g_max_siemens - fit->g_min_siemens) * i / 20, shift, sigma,
                   mean, spread;
            const struct law_cells one = {1, &g, &g, &g, 0};
            block->law->moments(&block->params, &(struct law_conditions){1, 300, 0, 1}, &one, &shift, &sigma);
            fit_at(fit, g, &mean, &spread);
            cr_assert_float_eq(shift, mean, 1e-12 * fit->g_max_siemens);
            cr_assert_float_eq(sigma, spread, 1e-12 * fit->g_max_siemens);
        }
        text_clear(&text);
        fit_destroy(fit);
    }
}

Test(fit, cells_without_any_error_give_a_card_without_any)
{
    struct cells cells = open_cells("data.csv", 1, "target_siemens,read_siemens");
    for (int i = 0; i < 200; i++)
        fprintf(cells.file, "%de-6,%de-6\n", 10 + i % 5, 10 + i % 5);
    close_cells(&cells);
    struct fit *fit = fit_file(FIT_AUTO, (double)NAN);
    for (int k = 0; k < 5; k++)
        cr_assert_leq(fit->states[k].fitted_sigma, 1e-12);
    fit_destroy(fit);
}
