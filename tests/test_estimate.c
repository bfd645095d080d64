/* The estimator of the calibration: every relation of the behavioural model from synthetic answers. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "calib/estimate.h"
#include "calib/relations.h"
#include "numeric/goodness.h"
#include "numeric/random.h"

TestSuite(estimate, .timeout = 120);

enum { EXPERIMENTS = 200, DECKS = 6 };

static double normal(uint32_t experiment, uint32_t i)
{
    return random_normal(&(struct random_key){.seed = 11, .purpose = RANDOM_CALIBRATION, .trial = experiment},
                         i);
}

/* n rows whose inputs are filled; values come of the model at `truth`, with normal errors of sigma. */
static void answer(const struct relation *relation, const double *truth, double sigma, uint32_t experiment,
                   struct observations *data)
{
    double fitted[512];
    cr_assert(relation->model(NULL, data, truth, fitted));
    for (size_t i = 0; i < data->n; i++) {
        data->rows[i].value = fitted[i] + sigma * normal(experiment, (uint32_t)i);
        data->rows[i].sigma = sigma;
        data->rows[i].deck = (int32_t)(i % DECKS);
    }
}

struct answers {
    double held[RELATION_PARAMETERS_MAX], pull[RELATION_PARAMETERS_MAX];
};

/* Coverage of the 95 % intervals and mean squared miss in standard errors, over the experiments. */
static struct answers repeat(const struct relation *relation, const struct relation_parameter *parameters,
                             const double *truth, double sigma, struct observations *data)
{
    const struct estimate_settings settings = {parameters, 0.9999, 0};
    struct answers answers = {{0}, {0}};
    for (uint32_t e = 0; e < EXPERIMENTS; e++) {
        struct estimate estimate;
        struct rs_error err = {{0}};
        answer(relation, truth, sigma, e, data);
        cr_assert_eq(estimate_compute(relation, &settings, NULL, data, &estimate, &err), RS_OK,
                     "%s, experiment %u: %s", relation->name, e, err.text);
        for (size_t k = 0; k < relation->n_parameters; k++) {
            const struct estimate_value *value = &estimate.values[k];
            answers.held[k] += (value->lo95 <= truth[k] && truth[k] <= value->hi95) / (double)EXPERIMENTS;
            answers.pull[k] +=
                value->error > 0 ? pow((value->value - truth[k]) / value->error, 2) / EXPERIMENTS : 0;
        }
        estimate_clear(&estimate);
    }
    return answers;
}

/* 95 % to within 3 standard errors of 200 experiments: 90 to 99.6 %. */
static void check(const struct relation *relation, const struct relation_parameter *parameters,
                  const double *truth, double sigma, struct observations *data)
{
    struct answers answers = repeat(relation, parameters, truth, sigma, data);
    for (size_t k = 0; k < relation->n_parameters; k++) {
        if (parameters[k].fixed)
            continue;
        cr_assert(answers.held[k] >= 0.9 && answers.held[k] <= 0.997,
                  "%s: %s in %.3f of its intervals, pull %.3g", relation->name, parameters[k].name,
                  answers.held[k], answers.pull[k]);
        cr_assert(answers.pull[k] > 0.6 && answers.pull[k] < 1.4, "%s: %s misses by %.3f", relation->name,
                  parameters[k].name, answers.pull[k]);
    }
    observations_clear(data);
}

static void add(struct observations *data, double one, double other, double third)
{
    observations_add(data, &(struct observation){.inputs = {one, other, third}, .load_amperes = (double)NAN});
}

Test(estimate, sense_paths_give_their_gain_and_swing_again)
{
    const double truth[] = {1500, 0.3, 0};
    struct observations data = {0};
    for (int i = 0; i < 30; i++)
        add(&data, 10e-6 * i, i % 2 == 0 ? 0 : 100e-6, 0);
    check(&relations_gain, relations_gain.parameters, truth, 1e-3, &data);
    const double tau[] = {2.5e-9};
    for (int i = 0; i < 30; i++)
        add(&data, 0.4e-9 * i, 0.2 + 0.1 * (i % 2), 0);
    check(&relations_settling, relations_settling.parameters, tau, 1e-3, &data);
}

Test(estimate, common_mode_is_estimated_when_it_is_free)
{
    struct relation_parameter parameters[3];
    const double truth[] = {1500, 0.3, -0.03};
    struct observations data = {0};
    memcpy(parameters, relations_gain.parameters, sizeof parameters);
    parameters[2].fixed = false;
    for (int i = 0; i < 36; i++)
        add(&data, 20e-6 * (i % 6), 20e-6 * (i / 6), 0);
    check(&relations_gain, parameters, truth, 1e-4, &data);
}

Test(estimate, latches_give_their_sensitivities_delays_and_kickback_again)
{
    struct observations data = {0};
    const double offset[] = {-1.5e-3, 1.13, 0.33, 0.066}, delay[] = {28e-12, 8.65e-12, 0.1, 0, 0};
    for (uint32_t i = 0; i < 60; i++)
        add(&data, 9.7e-3 * normal(1000, 3 * i), 13e-3 * normal(1000, 3 * i + 1),
            13e-3 * normal(1000, 3 * i + 2));
    check(&relations_offset, relations_offset.parameters, offset, 0.2e-3, &data);
    for (int i = 0; i < 25; i++)
        add(&data, 1e-6 * pow(10, 0.2 * i), 0, 0);
    check(&relations_delay, relations_delay.parameters, delay, 0.5e-12, &data);
    const double kickback[] = {18e-6, 2e3, 0.4e-3};
    for (int i = 0; i < 20; i++)
        add(&data, 100.0 * (i - 8), i % 2 == 0 ? 1e3 : 4e3, 0);
    check(&relations_kickback, relations_kickback.parameters, kickback, 0.3e-3, &data);
}

Test(estimate, columns_give_their_threshold_shifts_again)
{
    struct observations data = {0};
    const double truth[] = {2e-7, 3e-8, 0.02, 0.05, 0.004};
    for (uint32_t i = 0; i < 64; i++)
        add(&data, (double)(i % 16), 40e-6 * (1 + 0.3 * normal(2000, i)), 20e-6 * normal(2001, i));
    check(&relations_column, relations_column.parameters, truth, 1e-7, &data);
    double shifts[3];
    relations_column_shifts(truth, 3, shifts);
    cr_assert_float_eq(shifts[2], 2.6e-7, 1e-20);
}

/* The standard deviation of n draws has the standard error sigma / sqrt(2 (n - 1)). */
Test(estimate, draws_give_their_mean_and_standard_deviation_with_errors)
{
    const double truth[] = {-2e-3, 11e-3};
    struct observations data = {0};
    double held[2] = {0}, pull[2] = {0};
    for (int i = 0; i < 80; i++)
        add(&data, 0, 0, 0);
    for (uint32_t e = 0; e < EXPERIMENTS; e++) {
        struct estimate estimate;
        struct rs_error err = {{0}};
        const struct estimate_settings settings = {relations_spread.parameters, 0.999, 0};
        for (uint32_t i = 0; i < 80; i++) {
            data.rows[i].value = truth[0] + truth[1] * normal(e, i);
            data.rows[i].deck = (int32_t)(i % DECKS);
        }
        cr_assert_eq(estimate_compute(&relations_spread, &settings, NULL, &data, &estimate, &err), RS_OK);
        cr_assert_float_eq(estimate.values[1].error / estimate.values[1].value, 1 / sqrt(2.0 * 79), 1e-12);
        for (int k = 0; k < 2; k++) {
            const struct estimate_value *value = &estimate.values[k];
            held[k] += (value->lo95 <= truth[k] && truth[k] <= value->hi95) / (double)EXPERIMENTS;
            pull[k] += pow((value->value - truth[k]) / value->error, 2) / EXPERIMENTS;
        }
        estimate_clear(&estimate);
    }
    for (int k = 0; k < 2; k++) {
        cr_assert(held[k] >= 0.9 && held[k] <= 0.997, "value %d: %.3f", k, held[k]);
        cr_assert(pull[k] > 0.6 && pull[k] < 1.4, "value %d: %.3f", k, pull[k]);
    }
    observations_clear(&data);
}

/* Decisions with noise, threshold and, free or known, hysteresis. */
static void decide(struct observations *data, uint32_t experiment, const double *truth, bool hysteresis)
{
    enum { DECISIONS = 60 };
    double uniforms[DECISIONS];
    data->n = 0;
    for (uint32_t i = 0; i < 14; i++) {
        double x = -2e-3 + 0.6e-3 * (i / 2), before = !hysteresis ? 0 : i % 2 == 0 ? -1 : 1, kept = 0;
        double p = goodness_normal((x - truth[1] + 0.5 * before * truth[2]) / truth[0]);
        random_uniforms(&(struct random_key){.seed = 12, .trial = experiment, .draw = i}, DECISIONS,
                        uniforms);
        for (int k = 0; k < DECISIONS; k++)
            kept += uniforms[k] < p;
        observations_add(data, &(struct observation){.inputs = {x, before},
                                                     .value = kept,
                                                     .trials = DECISIONS,
                                                     .sigma = 1,
                                                     .deck = (int32_t)(i % DECKS)});
    }
}

Test(estimate, decisions_give_noise_threshold_and_hysteresis_again)
{
    struct relation_parameter parameters[3];
    struct observations data = {0};
    for (int hysteresis = 0; hysteresis < 2; hysteresis++) {
        const double truth[] = {1e-3, 0.3e-3, hysteresis ? 0.8e-3 : 0};
        const struct estimate_settings settings = {parameters, 0.999, 0};
        double held[3] = {0};
        memcpy(parameters, relations_decisions.parameters, sizeof parameters);
        parameters[2].fixed = !hysteresis;
        for (uint32_t e = 0; e < EXPERIMENTS; e++) {
            struct estimate estimate;
            struct rs_error err = {{0}};
            decide(&data, e, truth, hysteresis);
            cr_assert_eq(estimate_compute(&relations_decisions, &settings, NULL, &data, &estimate, &err),
                         RS_OK, "experiment %u: %s", e, err.text);
            for (int k = 0; k < 3; k++)
                held[k] += (estimate.values[k].lo95 <= truth[k] && truth[k] <= estimate.values[k].hi95) /
                           (double)EXPERIMENTS;
            estimate_clear(&estimate);
        }
        for (int k = 0; k < 2 + hysteresis; k++)
            cr_assert(held[k] >= 0.9 && held[k] <= 0.997, "hysteresis %d, value %d: %.3f", hysteresis, k,
                      held[k]);
    }
    observations_clear(&data);
}

/* Only t0 + tau ln v1 enters the delay. */
Test(estimate, parameters_that_cannot_be_told_apart_are_named_with_their_correlation)
{
    struct relation_parameter parameters[5];
    struct observations data = {0};
    struct estimate estimate;
    struct rs_error err = {{0}};
    const double truth[] = {28e-12, 8.65e-12, 0.1, 0, 0};
    const struct estimate_settings settings = {parameters, 0.999, DECKS};
    memcpy(parameters, relations_delay.parameters, sizeof parameters);
    parameters[2].fixed = false;
    for (int i = 0; i < 25; i++)
        add(&data, 1e-6 * pow(10, 0.2 * i), 0, 0);
    answer(&relations_delay, truth, 0.5e-12, 0, &data);
    cr_assert_eq(estimate_compute(&relations_delay, &settings, NULL, &data, &estimate, &err), RS_INCOMPLETE);
    cr_assert_not_null(strstr(err.text, "delay_t0_seconds and delay_v1_volts cannot be told apart"), "%s",
                       err.text);
    cr_assert_not_null(strstr(err.text, "correlation is -1.0000000"), "%s", err.text);
    cr_assert_not(estimate.identified);
    cr_assert_float_eq(estimate.values[1].value / 8.65e-12, 1, 0.05); /* what is determined is kept */
    cr_assert_lt(estimate.rms, 1e-12);
    estimate_clear(&estimate);
    parameters[2].fixed = true;
    parameters[4].fixed = false; /* a temperature says what the others belong to: no effect */
    cr_assert_eq(estimate_compute(&relations_delay, &settings, NULL, &data, &estimate, &err), RS_INCOMPLETE);
    cr_assert_not_null(strstr(err.text, "delay_temperature_kelvin has no effect"), "%s", err.text);
    estimate_clear(&estimate);
    observations_clear(&data);
}

Test(estimate, a_bound_that_is_hit_is_kept_and_told)
{
    struct relation_parameter parameters[5];
    struct observations data = {0};
    struct estimate estimate;
    struct rs_error err = {{0}};
    const double truth[] = {2e-7, 3e-8, 0.02, 0.05, 0.004};
    const struct estimate_settings settings = {parameters, 0.9999, DECKS};
    memcpy(parameters, relations_column.parameters, sizeof parameters);
    parameters[1].low = 5e-8;
    for (uint32_t i = 0; i < 64; i++)
        add(&data, (double)(i % 16), 40e-6 * (1 + 0.3 * normal(2000, i)), 20e-6 * normal(2001, i));
    answer(&relations_column, truth, 1e-8, 0, &data);
    cr_assert_eq(estimate_compute(&relations_column, &settings, NULL, &data, &estimate, &err), RS_OK, "%s",
                 err.text);
    cr_assert_eq(estimate.n_bound, 1);
    cr_assert_eq(estimate.values[1].bound, -1);
    cr_assert_eq(estimate.values[1].value, 5e-8);
    cr_assert(isnan(estimate.values[1].error));
    cr_assert_gt(estimate.chi_square / estimate.degrees, 2); /* it does not fit there */
    cr_assert_float_eq(estimate.error_factor, sqrt(estimate.chi_square / estimate.degrees), 1e-12);
    estimate_clear(&estimate);
    observations_clear(&data);
}

/* A deck whose answers are shifted is predicted badly by the others, and shows. */
Test(estimate, the_deck_that_does_not_fit_shows_when_left_out)
{
    struct observations data = {0};
    struct estimate estimate;
    struct rs_error err = {{0}};
    const double truth[] = {2e-7, 3e-8, 0.02, 0.05, 0.004};
    const struct estimate_settings settings = {relations_column.parameters, 0.9999, DECKS};
    for (uint32_t i = 0; i < 66; i++)
        add(&data, (double)(i % 16), 40e-6 * (1 + 0.3 * normal(2000, i)), 20e-6 * normal(2001, i));
    answer(&relations_column, truth, 1e-8, 0, &data);
    for (size_t i = 3; i < data.n; i += DECKS)
        data.rows[i].value += 1e-7;
    cr_assert_eq(estimate_compute(&relations_column, &settings, NULL, &data, &estimate, &err), RS_OK, "%s",
                 err.text);
    for (int d = 0; d < DECKS; d++)
        if (d != 3)
            cr_assert(estimate.left_out[d] > 0 && estimate.left_out[d] < 0.5 * estimate.left_out[3],
                      "deck %d: %g", d, estimate.left_out[d]);
    double squares = 0;
    for (size_t i = 0; i < data.n; i++) {
        cr_assert_eq(estimate.residual[i], data.rows[i].value - estimate.fitted[i]);
        squares += estimate.residual[i] * estimate.residual[i] / (double)data.n;
    }
    cr_assert_float_eq(estimate.rms, sqrt(squares), 1e-18);
    cr_assert(estimate.largest >= estimate.p95 && estimate.p95 >= 0.5 * estimate.rms);
    estimate_clear(&estimate);
    observations_clear(&data);
}

Test(estimate, too_few_observations_and_a_fixed_noise_are_refused)
{
    struct relation_parameter parameters[5];
    struct observations data = {0};
    struct estimate estimate;
    struct rs_error err = {{0}};
    const struct estimate_settings settings = {relations_column.parameters, 0.999, 0};
    for (int i = 0; i < 5; i++)
        add(&data, i, i * i, 0);
    cr_assert_eq(estimate_compute(&relations_column, &settings, NULL, &data, &estimate, &err), RS_INPUT);
    cr_assert_str_eq(err.text, "column: 5 observations found, more than 5 expected");
    estimate_clear(&estimate);
    memcpy(parameters, relations_decisions.parameters, sizeof parameters);
    parameters[0].fixed = true;
    const struct estimate_settings fixed = {parameters, 0.999, 0};
    cr_assert_eq(estimate_compute(&relations_decisions, &fixed, NULL, &data, &estimate, &err), RS_INPUT);
    cr_assert_str_eq(err.text, "parameters.recovered_sigma_volts.fixed: this one cannot be fixed");
    estimate_clear(&estimate);
    observations_clear(&data);
}
