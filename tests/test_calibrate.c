/* Plans are read with all their errors; the recovery stage finds its truth with the real ngspice. */
#include "config.h" /* POSIX names */

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "calib/calibrate.h"
#include "folder.h"
#include "frontend/calibration.h"
#include "io/file.h"

TestSuite(calibrate, .timeout = 120);

static struct calibrate_plan *parse(const char *yaml, size_t n_sets, const char *const *sets)
{
    struct calibrate_plan *plan = NULL;
    struct rs_error err = {{0}};
    cr_assert_eq(calibrate_plan_parse("plan.yaml", yaml, n_sets, sets, &plan, &err), RS_OK, "%s", err.text);
    return plan;
}

Test(calibrate, an_empty_plan_has_every_default)
{
    struct calibrate_plan *plan = parse("", 0, NULL);
    cr_assert_eq(plan->monte_carlo.seed, 1);
    cr_assert_eq(plan->calibrate.correlation_limit, 0.999);
    cr_assert_eq(plan->array.r_driver_ohm, 100);
    for (size_t s = 0; stage_list[s] != NULL; s++)
        cr_assert(plan->is_chosen[s]);
    calibrate_plan_destroy(plan);
}

Test(calibrate, every_error_of_a_plan_is_told_at_its_place)
{
    static const char yaml[] = "stages:\n"
                               "  - recovry\n"
                               "array:\n"
                               "  rows: many\n"
                               "  r_word_lin: 1 ohm\n"
                               "recovery:\n"
                               "  sizes: 1\n"
                               "  noise: 3 V\n"
                               "paramters:\n"
                               "  r_sense_ohm:\n"
                               "    start: 3 ohm\n"
                               "parameters:\n"
                               "  r_sens_ohm:\n"
                               "    start: 3 ohm\n"
                               "  r_driver_ohm:\n"
                               "    begin: 3\n"
                               "    low: 5 V\n"
                               "  r_bit_line_ohm:\n"
                               "    low: 5 ohm\n";
    static const char *const lines[] = {
        "plan.yaml:4:9: error: 'array.rows': 'many' found, a whole number expected",
        "plan.yaml:5:3: error: 'array.r_word_lin': unknown key; did you mean 'array.r_word_line'?",
        "plan.yaml:7:10: error: 'recovery.sizes': 1 found, at least 2 expected",
        "plan.yaml:8:10: error: 'recovery.noise': unit 'V' found, 'A' expected",
        "plan.yaml:9:1: error: 'paramters': unknown key; did you mean 'parameters'?",
        "plan.yaml:2:5: error: 'recovry' found, a stage expected (recovery, sense, comparator",
        "plan.yaml:13:3: error: 'r_sens_ohm' found, a parameter expected (",
        "plan.yaml:16:5: error: 'begin' found, one of its keys expected (start, low, high, fixed)",
        "plan.yaml:17:10: error: 'parameters.r_driver_ohm.low': unit 'V' found, 'ohm' expected",
        "plan.yaml:19:5: error: 'parameters.r_bit_line_ohm': value 3, bounds 5 and 1e+06 found",
        "--set array.rowz=3: error: 'array.rowz': unknown key; did you mean 'array.rows'?",
        "--set stages=noize: error: 'noize' found, a stage expected (",
        "--set parameters.r_sense_ohm.low=9 V: error: 'parameters.r_sense_ohm.low': unit 'V' found",
    };
    static const char *const sets[] = {"array.rowz=3", "stages=noize", "parameters.r_sense_ohm.low=9 V"};
    struct calibrate_plan *plan = NULL;
    struct rs_error err = {{0}};
    cr_assert_eq(calibrate_plan_parse("plan.yaml", yaml, 3, sets, &plan, &err), RS_INPUT);
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        cr_assert_not_null(strstr(err.text, lines[i]), "missing: %s\nin: %s", lines[i], err.text);
    size_t n = 1;
    for (const char *c = err.text; *c != '\0'; c++)
        n += *c == '\n';
    cr_assert_eq(n, sizeof lines / sizeof lines[0], "%s", err.text);
}

Test(calibrate, a_plan_printed_with_its_defaults_is_the_same_plan)
{
    static const char *const sets[] = {"parameters.r_sense_ohm.fixed=90 ohm", "recovery.sizes=[4, 6]"};
    struct calibrate_plan *plan = parse("array:\n  rows: 16\n  r_bit_line: 0.9 ohm\n", 2, sets);
    struct rs_error err = {{0}};
    char *text = calibrate_plan_resolved_text(plan, &err);
    cr_assert_not_null(text);
    struct calibrate_plan *again = parse(text, 0, NULL);
    char *other = calibrate_plan_resolved_text(again, &err);
    cr_assert_str_eq(text, other);
    cr_assert_eq(again->array.r_bit_line_ohm, 0.9);
    struct relation_parameter parameters[RELATION_PARAMETERS_MAX];
    calibrate_plan_fill_parameters(again, stage_list[0]->relations[0], parameters);
    cr_assert(parameters[3].fixed && parameters[3].start == 90);
    free(text);
    free(other);
    calibrate_plan_destroy(plan);
    calibrate_plan_destroy(again);
}

Test(calibrate, the_example_plan_is_clean_and_names_only_what_there_is)
{
    char path[1024];
    struct calibrate_plan *plan = NULL;
    struct rs_error err = {{0}};
    snprintf(path, sizeof path, "%s/calib/plan_example.yaml", getenv("srcdir"));
    cr_assert_eq(calibrate_plan_load(path, 0, NULL, &plan, &err), RS_OK, "%s", err.text);
    calibrate_plan_destroy(plan);
}

/* Contracts of every stage: names that agree with its table, parameters with units, bounds around the start.
 */
Test(calibrate, every_stage_is_described_in_full)
{
    for (size_t s = 0; stage_list[s] != NULL; s++) {
        const struct stage *stage = stage_list[s];
        cr_assert_eq(stage_find(stage->name), stage);
        cr_assert(stage->n_relations >= 1 && stage->n_relations <= STAGE_RELATIONS_MAX, "%s", stage->name);
        for (size_t i = 0; i < stage->options->n_options; i++) {
            const char *key = stage->options->options[i].key;
            cr_assert(strncmp(key, stage->name, strlen(stage->name)) == 0 && key[strlen(stage->name)] == '.',
                      "%s", key);
        }
        for (size_t r = 0; r < stage->n_relations; r++) {
            const struct relation *relation = stage->relations[r];
            cr_assert((relation->kind == RELATION_CURVE) == (relation->model != NULL), "%s", relation->name);
            for (size_t k = 0; k < relation->n_parameters; k++) {
                const struct relation_parameter *parameter = &relation->parameters[k];
                cr_assert(parameter->low <= parameter->start && parameter->start <= parameter->high, "%s",
                          parameter->name);
                cr_assert(parameter->scale > 0 && parameter->unit != NULL && parameter->help != NULL, "%s",
                          parameter->name);
                for (size_t i = 0; i < CALIBRATION_N; i++)
                    if (strcmp(calibration_table[i].name, parameter->name) == 0)
                        cr_assert_str_eq(calibration_table[i].unit, parameter->unit, "%s", parameter->name);
            }
        }
    }
}

static bool stop_at_once(void *context)
{
    (void)context;
    return true;
}

static enum rs_status run(const char *yaml, size_t n_workers, struct calibrate_plan **plan,
                          struct calibrate **calibrate, struct rs_error *err)
{
    const struct calibrate_hooks hooks = {.program = getenv("RESCORE")};
    *plan = parse(yaml, 0, NULL);
    *calibrate = NULL;
    return calibrate_run(*plan, n_workers, &hooks, calibrate, err);
}

static const char small_plan[] = "stages: recovery\narray:\n  r_word_line: 1.3 ohm\n  r_bit_line: 0.9 ohm\n"
                                 "  r_driver: 230 ohm\n  r_sense: 90 ohm\n"
                                 "recovery:\n  sizes:\n    - 4\n    - 8\n    - 12\n";

Test(calibrate, wires_and_terminals_are_found_within_two_standard_errors)
{
    struct calibrate_plan *plan;
    struct calibrate *calibrate;
    struct rs_error err = {{0}};
    char yaml[512];
    snprintf(yaml, sizeof yaml, "%s    - 16\n", small_plan);
    cr_assert_eq(run(yaml, 2, &plan, &calibrate, &err), RS_OK, "%s", err.text);
    const struct calibrate_result *result = &calibrate->results[0];
    cr_assert(calibrate->complete && result->good && result->has_truth);
    cr_assert_eq(calibrate->n_decks, 8);
    cr_assert_lt(calibrate_largest_miss(result), 2, "%.3f", calibrate_largest_miss(result));
    for (size_t k = 0; k < 4; k++)
        cr_assert(result->estimate.values[k].error < 0.2 * result->truth[k], "%s: %g",
                  result->relation->parameters[k].name, result->estimate.values[k].error);
    cr_assert(result->estimate.p > 1e-3 && result->estimate.p < 0.999, "p = %g", result->estimate.p);
    for (size_t d = 0; d < 8; d++) /* noise alone: a deck left out is predicted as well as any other */
        cr_assert(result->estimate.left_out[d] < 40e-9 && result->estimate.left_out[d] > 5e-9, "deck %zu: %g",
                  d, result->estimate.left_out[d]);
    calibrate_destroy(calibrate);
    calibrate_plan_destroy(plan);
}

/* 12 seeds: the misses have the size that the errors say, to within 3 standard errors of their mean square.
 */
Test(calibrate, misses_of_many_seeds_are_as_large_as_the_errors_say)
{
    enum { SEEDS = 12 };
    double squares = 0;
    for (int seed = 1; seed <= SEEDS; seed++) {
        struct calibrate_plan *plan;
        struct calibrate *calibrate;
        struct rs_error err = {{0}};
        char yaml[512];
        snprintf(yaml, sizeof yaml, "%smonte_carlo:\n  seed: %d\n", small_plan, seed);
        cr_assert_eq(run(yaml, 2, &plan, &calibrate, &err), RS_OK, "seed %d: %s", seed, err.text);
        const struct calibrate_result *result = &calibrate->results[0];
        for (size_t k = 0; k < 4; k++) {
            const struct estimate_value *value = &result->estimate.values[k];
            squares += pow((value->value - result->truth[k]) / value->error, 2) / (4 * SEEDS);
        }
        calibrate_destroy(calibrate);
        calibrate_plan_destroy(plan);
    }
    /* driver and sense resistance are correlated: about 3 independent numbers a seed */
    cr_assert(fabs(squares - 1) < 3 * sqrt(2.0 / (3 * SEEDS)), "mean square %.3f", squares);
}

/* Without noise what is left is the difference of two exact solvers. */
Test(calibrate, without_noise_the_model_is_ngspice_to_ten_digits)
{
    struct calibrate_plan *plan;
    struct calibrate *calibrate;
    struct rs_error err = {{0}};
    char yaml[512];
    snprintf(yaml, sizeof yaml, "%s  noise: 1e-15 A\n  densities: 100 %%\n", small_plan);
    cr_assert_eq(run(yaml, 1, &plan, &calibrate, &err), RS_OK, "%s", err.text);
    const struct calibrate_result *result = &calibrate->results[0];
    for (size_t k = 0; k < 4; k++)
        cr_assert_float_eq(result->estimate.values[k].value / result->truth[k], 1, 1e-7);
    cr_assert_lt(result->estimate.relative_rms, 1e-9);
    calibrate_destroy(calibrate);
    calibrate_plan_destroy(plan);
}

/* 2 x 2 cells of one drive each: wires cannot be told from terminals. */
Test(calibrate, what_the_decks_do_not_determine_is_refused_and_kept)
{
    struct calibrate_plan *plan;
    struct calibrate *calibrate;
    struct rs_error err = {{0}};
    static const char yaml[] =
        "stages: recovery\narray:\n  r_bit_line: 1 ohm\n"
        "recovery:\n  sizes: 2\n  densities: 0.1 %\n  g_low: 1 uS\n  patterns: 40\n  noise: 1 pA\n";
    enter_folder();
    cr_assert_eq(run(yaml, 1, &plan, &calibrate, &err), RS_INCOMPLETE);
    cr_assert_not_null(strstr(err.text, "plan.yaml: stage 'recovery': currents: "), "%s", err.text);
    cr_assert_not_null(strstr(err.text, "cannot be told apart: their correlation is "), "%s", err.text);
    cr_assert_not(calibrate->complete);
    cr_assert_gt(calibrate->results[0].estimate.n, 0);
    cr_assert_eq(calibrate_write(calibrate, "calib.h5", &err), RS_OK, "%s", err.text);
    struct calibration read;
    cr_assert_eq(calibration_read("calib.h5", &read, &err), RS_OK, "%s", err.text);
    cr_assert_eq(read.n_estimates, 4);
    calibration_clear(&read);
    calibrate_destroy(calibrate);
    calibrate_plan_destroy(plan);
    leave_folder();
}

Test(calibrate, a_stop_and_a_time_limit_end_it)
{
    struct calibrate_plan *plan = parse(small_plan, 0, NULL);
    struct calibrate *calibrate = NULL;
    struct rs_error err = {{0}};
    const struct calibrate_hooks hooks = {.should_stop = stop_at_once, .program = getenv("RESCORE")};
    cr_assert_eq(calibrate_run(plan, 1, &hooks, &calibrate, &err), RS_STOPPED, "%s", err.text);
    cr_assert_not(calibrate->complete);
    calibrate_destroy(calibrate);
    calibrate_plan_destroy(plan);
}

/* The same numbers, to the bit, for any number of workers; the file is one for the engine. */
Test(calibrate, files_do_not_depend_on_the_number_of_workers)
{
    char *bytes[2];
    size_t n_bytes[2];
    struct rs_error err = {{0}};
    enter_folder();
    for (size_t i = 0; i < 2; i++) {
        struct calibrate_plan *plan;
        struct calibrate *calibrate;
        cr_assert_eq(run(small_plan, i + 1, &plan, &calibrate, &err), RS_OK, "%s", err.text);
        cr_assert_eq(calibrate_write(calibrate, "calib.h5", &err), RS_OK, "%s", err.text);
        cr_assert_eq(file_read("calib.h5", 1 << 24, &bytes[i], &n_bytes[i], &err), RS_OK);
        calibrate_destroy(calibrate);
        calibrate_plan_destroy(plan);
    }
    cr_assert_eq(n_bytes[0], n_bytes[1]);
    cr_assert_arr_eq(bytes[0], bytes[1], n_bytes[0]);
    struct calibration read;
    cr_assert_eq(calibration_read("calib.h5", &read, &err), RS_OK, "%s", err.text);
    cr_assert_eq(read.n_estimates, 4);
    cr_assert_str_eq(read.estimates[0].name, "r_word_line_ohm");
    cr_assert_str_eq(read.estimates[0].unit, "ohm");
    cr_assert_eq(read.n_residuals, 4 * 2 * (4 + 8 + 12));
    cr_assert_not_null(strstr(read.ngspice_version, "ngspice"));
    calibration_clear(&read);
    free(bytes[0]);
    free(bytes[1]);
    cr_assert_eq(count_files(), 1);
    leave_folder();
}

/* Transistors, so the figures are only known roughly: those of a StrongARM latch in generic 65 nm cards. */
Test(calibrate, latches_of_transistors_have_sensitivities_kickback_and_a_logarithmic_delay)
{
    struct calibrate_plan *plan;
    struct calibrate *calibrate;
    struct rs_error err = {{0}};
    static const char yaml[] = "stages: comparator\npath:\n  sense: transimpedance\n"
                               "comparator:\n  latches: 10\n  resistances: 7\n  delays: 4\n";
    cr_assert_eq(run(yaml, 2, &plan, &calibrate, &err), RS_OK, "%s", err.text);
    cr_assert_eq(calibrate->n_results, 4);
    const struct estimate_value *spread = calibrate->results[0].estimate.values,
                                *offset = calibrate->results[1].estimate.values,
                                *kickback = calibrate->results[2].estimate.values,
                                *delay = calibrate->results[3].estimate.values;
    cr_assert(spread[1].lo95 < 11e-3 && spread[1].hi95 > 7e-3, "sigma %g", spread[1].value);
    cr_assert_lt(fabs(offset[0].value), 0.3e-3, "a latch without mismatch is symmetrical: %g",
                 offset[0].value);
    cr_assert(offset[1].value > 0.9 && offset[1].value < 1.3, "input pair %g", offset[1].value);
    cr_assert(offset[2].value > 0.1 && offset[2].value < 0.4, "n latch %g", offset[2].value);
    cr_assert(offset[3].value > 0.02 && offset[3].value < 0.12, "p latch %g", offset[3].value);
    cr_assert_lt(calibrate->results[1].estimate.rms, 0.2e-3);
    cr_assert(kickback[0].value < -34e-6 && kickback[0].value > -40e-6, "kickback %g", kickback[0].value);
    cr_assert(kickback[1].value > 1.8e3 && kickback[1].value < 3.2e3, "r0 %g", kickback[1].value);
    cr_assert_lt(calibrate->results[2].estimate.relative_largest, 0.025, "%g",
                 calibrate->results[2].estimate.relative_largest);
    cr_assert(delay[1].value > 6e-12 && delay[1].value < 14e-12, "tau %g", delay[1].value);
    cr_assert_lt(calibrate->results[3].estimate.largest, 0.3e-12);
    calibrate_destroy(calibrate);
    calibrate_plan_destroy(plan);
}

/* Common modes and temperatures around the path's: the laws hold to the tolerance, a slope would not. */
Test(calibrate, a_decisions_time_follows_overdrive_and_temperature)
{
    struct calibrate_plan *plan;
    struct calibrate *calibrate;
    struct rs_error err = {{0}};
    static const char yaml[] = "stages: [comparator, common, temperature]\npath:\n  sense: transimpedance\n"
                               "comparator:\n  latches: 8\n  resistances: 5\n  delays: 3\n"
                               "common:\n  latches: 8\n  delays: 3\ntemperature:\n  points: 3\n  delays: 3\n";
    cr_assert_eq(run(yaml, 2, &plan, &calibrate, &err), RS_OK, "%s", err.text);
    cr_assert_eq(calibrate->n_results, 8);
    const struct estimate *common = &calibrate->results[5].estimate,
                          *temperature = &calibrate->results[7].estimate;
    cr_assert_str_eq(common->relation->name, "delays");
    cr_assert(common->values[0].value > 0.16 && common->values[0].value < 0.21, "overdrive %g",
              common->values[0].value);
    cr_assert(common->values[1].value > 20e-12 && common->values[1].value < 40e-12, "integration %g",
              common->values[1].value);
    cr_assert_lt(common->chi_square / common->degrees, 1.5, "%g", common->chi_square);
    cr_assert(temperature->values[0].value > 1.6e-3 && temperature->values[0].value < 2.1e-3, "tau %g per K",
              temperature->values[0].value);
    cr_assert(temperature->values[1].value > 10e-15 && temperature->values[1].value < 50e-15, "t0 %g s/K",
              temperature->values[1].value);
    cr_assert_lt(temperature->chi_square / temperature->degrees, 0.5, "%g", temperature->chi_square);
    calibrate_destroy(calibrate);
    calibrate_plan_destroy(plan);
}

/* Few pulses and decisions: what is put in is found again, nothing remembered, and the parts make the whole.
 */
Test(calibrate, the_noise_of_a_latch_is_estimated_and_found_again)
{
    struct calibrate_plan *plan;
    struct calibrate *calibrate;
    struct rs_error err = {{0}};
    static const char yaml[] = "stages:\n  - noise\n  - noise_check\npath:\n  sense: transimpedance\n"
                               "  r_feedback: 100 ohm\nnoise:\n  pulses: 6\n"
                               "noise_check:\n  levels: 5\n  decisions: 10\n  step: 8 ps\n";
    cr_assert_eq(run(yaml, 2, &plan, &calibrate, &err), RS_OK, "%s", err.text);
    cr_assert_eq(calibrate->n_results, 5);
    const struct estimate_value *aperture = calibrate->results[0].estimate.values,
                                *density = calibrate->results[1].estimate.values,
                                *parts = calibrate->results[2].estimate.values,
                                *sigma = calibrate->results[3].estimate.values,
                                *recovered = calibrate->results[4].estimate.values;
    double squares = 0;
    for (int k = 0; k < 3; k++)
        squares += parts[k].value * parts[k].value;
    cr_assert_float_eq(sqrt(squares) / sigma->value, 1, 5e-3);
    cr_assert(aperture->value > 28e-12 && aperture->value < 35e-12, "aperture %g", aperture->value);
    cr_assert(density->value > 4e-9 && density->value < 5e-9, "density %g", density->value);
    cr_assert(sigma->value > 0.9e-3 && sigma->value < 1.1e-3 && sigma->error < 0.05 * sigma->value,
              "%g +- %g", sigma->value, sigma->error);
    cr_assert(calibrate->results[4].has_truth && calibrate->results[4].truth[0] == sigma->value);
    cr_assert_lt(calibrate_largest_miss(&calibrate->results[4]), 3);
    cr_assert(calibrate->results[4].estimate.p > 1e-3, "p = %g", calibrate->results[4].estimate.p);
    cr_assert(recovered[2].lo95 < 0 && recovered[2].hi95 > 0, "hysteresis %g to %g", recovered[2].lo95,
              recovered[2].hi95);
    calibrate_destroy(calibrate);
    calibrate_plan_destroy(plan);
}

Test(calibrate, noise_outside_of_the_window_and_a_check_without_an_estimate_are_told)
{
    static const struct {
        const char *yaml, *text;
    } cases[] = {
        {"stages: noise\npath:\n  sense: transimpedance\nnoise:\n  pulses: 4\n  window: 20 ps\n",
         "enlarge noise.window"},
        {"stages: noise_check\n", "noise_sigma_volts is needed and no earlier stage has found it"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct calibrate_plan *plan;
        struct calibrate *calibrate;
        struct rs_error err = {{0}};
        cr_assert_eq(run(cases[i].yaml, 2, &plan, &calibrate, &err), RS_INCOMPLETE);
        cr_assert_not_null(strstr(err.text, cases[i].text), "%s", err.text);
        cr_assert_not(calibrate->complete);
        calibrate_destroy(calibrate);
        calibrate_plan_destroy(plan);
    }
}
