/* The stages `sense` and `column` with the real ngspice: what is written into a path is found in it again,
 * and thresholds trip where the engine's own solution of the arrays says. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "calib/calibrate.h"

TestSuite(calibrate_path, .timeout = 200);

#define ARRAY                                                                                                \
    "array:\n  rows: 6\n  columns: 8\n  r_word_line: 8 ohm\n  r_driver: 100 ohm\n  r_sense: 200 ohm\n"       \
    "device:\n  preset: wan2022\n"

#define SENSE "stages: sense\nsense:\n  drives: 6\n"

static struct calibrate_plan *plan;

static struct calibrate *run(const char *yaml, enum rs_status expected, const char *said)
{
    const struct calibrate_hooks hooks = {.program = getenv("RESCORE")};
    struct calibrate *calibrate = NULL;
    struct rs_error err = {{0}};
    cr_assert_eq(calibrate_plan_parse("plan.yaml", yaml, 0, NULL, &plan, &err), RS_OK, "%s", err.text);
    cr_assert_eq(calibrate_run(plan, 2, &hooks, &calibrate, &err), expected, "%s", err.text);
    cr_assert(strstr(err.text, said) != NULL, "%s", err.text);
    return calibrate;
}

static void clear(struct calibrate *calibrate)
{
    calibrate_destroy(calibrate);
    calibrate_plan_destroy(plan);
}

static const struct calibrate_result *find(const struct calibrate *calibrate, const char *relation)
{
    for (size_t r = 0; r < calibrate->n_results; r++)
        if (strcmp(calibrate->results[r].relation->name, relation) == 0)
            return &calibrate->results[r];
    return NULL;
}

static double value_of(const struct calibrate *calibrate, const char *name)
{
    for (size_t r = 0; r < calibrate->n_results; r++)
        for (size_t k = 0; k < calibrate->results[r].relation->n_parameters; k++)
            if (strcmp(calibrate->results[r].relation->parameters[k].name, name) == 0)
                return calibrate->results[r].estimate.values[k].value;
    return (double)NAN;
}

/* Gain and swing are those of the macromodels; a transimpedance has a second pole, its output resistance with
 * the latch's input. */
Test(calibrate_path, a_sense_path_gives_its_gain_swing_and_settling_again)
{
    static const struct {
        const char *yaml;
        double gain_ohm, swing_volts, settling_low_seconds, settling_high_seconds;
    } cases[] = {{SENSE "array:\n  r_sense: 1.2 kohm\n", 1200, (double)NAN, 1e-12, 6e-12},
                 {SENSE "path:\n  sense: transimpedance\n  r_feedback: 3 kohm\n  swing: 0.3 V\n", 3e3, 0.3,
                  20e-12, 24e-12},
                 {SENSE "path:\n  sense: integrator\n  integration_capacitance: 200 fF\n", 5e3, 0.4,
                  (double)NAN, (double)NAN},
                 {SENSE "encoding:\n  sign: offset\npath:\n  sign: offset\n  sense: transimpedance\n", 1e4,
                  0.4, 20e-12, 26e-12},
                 {SENSE "path:\n  sense: transimpedance\nreference:\n  kind: current\n  sharing: shared\n",
                  1e4, 0.4, 20e-12, 24e-12}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct calibrate *calibrate = run(cases[i].yaml, RS_OK, "");
        double settling = value_of(calibrate, "settling_seconds"), swing = value_of(calibrate, "swing_volts");
        cr_assert_float_eq(value_of(calibrate, "gain_ohm"), cases[i].gain_ohm, 1e-4 * cases[i].gain_ohm,
                           "%zu", i);
        cr_assert(isnan(cases[i].swing_volts) ? isnan(swing) : fabs(swing - cases[i].swing_volts) < 1e-4,
                  "%zu: %g V", i, swing);
        cr_assert(isnan(cases[i].settling_low_seconds)
                      ? isnan(settling)
                      : settling > cases[i].settling_low_seconds && settling < cases[i].settling_high_seconds,
                  "%zu: %g s", i, settling);
        clear(calibrate);
    }
}

/* Between the last steps of the search, 20 uV or 10 nA at 2 kohm; engine and ngspice share no code. */
Test(calibrate_path, thresholds_trip_where_the_engines_solution_says)
{
    static const char yaml[] =
        "stages: column\n" ARRAY "path:\n  sense: transimpedance\n  r_feedback: 2 kohm\n"
        "column:\n  key_sets: 3\n  queries: 3\n  reach: 2 mV\n";
    struct calibrate *calibrate = run(yaml, RS_OK, "");
    const struct calibrate_result *column = find(calibrate, "column"), *rest = find(calibrate, "rest");
    double shift_rms = 0;
    cr_assert(column != NULL && rest != NULL && column->data.n == 36 && rest->data.n == 36);
    for (size_t i = 0; i < rest->data.n; i++) {
        cr_assert(fabs(rest->data.rows[i].value) < 1.1e-8, "%zu: %g A", i, rest->data.rows[i].value);
        shift_rms += pow(column->data.rows[i].value, 2) / 36;
    }
    /* Drivers, wires and sense resistances take some of every current; the fit explains most of it. */
    double ratio = value_of(calibrate, "threshold_shift_per_ampere");
    cr_assert(ratio > 0.03 && ratio < 0.2, "%g", ratio);
    cr_assert_lt(column->estimate.rms, 0.5 * sqrt(shift_rms));
    for (int d = 0; d < 3; d++)
        cr_assert(column->estimate.left_out[d] < sqrt(shift_rms), "deck %d: %g A of %g A", d,
                  column->estimate.left_out[d], sqrt(shift_rms));
    cr_assert_eq(calibrate->n_slots, 4);
    for (size_t j = 0; j < 4; j++)
        cr_assert_float_eq(calibrate->column_threshold_shift_amperes[j],
                           value_of(calibrate, "threshold_shift_amperes") +
                               (double)j * value_of(calibrate, "threshold_shift_per_slot_amperes"),
                           1e-20);
    clear(calibrate);
}

/* Of the trip points of sense resistors, kickback is most. */
Test(calibrate_path, kickback_explains_the_thresholds_of_sense_resistors)
{
    static const char yaml[] = "stages: column\n" ARRAY "column:\n  key_sets: 2\n  queries: 1\n";
    double rms[2];
    for (int known = 0; known < 2; known++) {
        struct text text = {0};
        text_append(&text, "%s%s", yaml,
                    known ? "parameters:\n  kickback_volts_per_ohm:\n    fixed: -40e-6\n" : "");
        struct calibrate *calibrate = run(text.bytes, RS_OK, "");
        const struct calibrate_result *rest = find(calibrate, "rest");
        rms[known] = 0;
        for (size_t i = 0; i < rest->data.n; i++)
            rms[known] += pow(rest->data.rows[i].value, 2);
        text_clear(&text);
        clear(calibrate);
    }
    cr_assert_lt(rms[1], 0.1 * rms[0], "%g, %g A^2", rms[1], rms[0]);
}

/* A reference current divides between r_sense and the line, which takes some 15 % of it. */
Test(calibrate_path, references_that_load_their_lines_trip_where_the_engine_says)
{
    static const char yaml[] =
        "stages: column\narray:\n  rows: 6\n  columns: 8\n  r_word_line: 8 ohm\n  r_driver: 100 ohm\n"
        "  r_sense: 1.5 kohm\ndevice:\n  preset: wan2022\nreference:\n  kind: current\n"
        "column:\n  key_sets: 2\n  queries: 2\n"
        "parameters:\n  kickback_volts_per_ohm:\n    fixed: -37e-6\n  kickback_r0_ohm:\n    fixed: 2450\n"
        "  kickback_per_volt:\n    fixed: -2.2e-4\n";
    struct calibrate *calibrate = run(yaml, RS_OK, "");
    const struct calibrate_result *column = find(calibrate, "column"), *rest = find(calibrate, "rest");
    double shift = 0, left = 0;
    for (size_t i = 0; i < rest->data.n; i++) {
        shift += pow(column->data.rows[i].value, 2);
        left += pow(rest->data.rows[i].value, 2);
    }
    cr_assert_eq(rest->data.n, 16);
    cr_assert_lt(sqrt(left / shift), 0.1, "%g of %g A rms", sqrt(left / 16), sqrt(shift / 16));
    clear(calibrate);
}

Test(calibrate_path, what_has_no_thresholds_of_its_own_is_left_out)
{
    static const char yaml[] =
        "stages: column\n" ARRAY "path:\n  sense: transimpedance\nreference:\n  kind: bias-rows\n";
    struct calibrate *calibrate = run(yaml, RS_OK, "");
    cr_assert_eq(calibrate->n_results, 0);
    cr_assert_null(calibrate->column_threshold_shift_amperes);
    clear(calibrate);
}

Test(calibrate_path, a_trip_point_out_of_reach_is_told)
{
    static const char yaml[] =
        "stages: column\n" ARRAY "column:\n  key_sets: 2\n  queries: 1\n  reach: 50 uV\n";
    clear(run(yaml, RS_INCOMPLETE, "column.reach: the latch of key slot "));
}
