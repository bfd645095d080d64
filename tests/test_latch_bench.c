/* Decks of latches alone, by the real ngspice. */
#include "config.h" /* POSIX names */

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "spice/latch_bench.h"
#include "spice/worker.h"

TestSuite(latch_bench, .timeout = 120);

enum { LATCHES_MAX = 16, NAME_SIZE = 32 };

/* Runs a deck and reads the last value of `vector`0 ... n - 1; false, with the reason, where ngspice fails.
 */
static bool run_deck(const struct text *deck, struct text *commands, const char *vector, size_t n,
                     double *values, struct rs_error *err)
{
    char names[LATCHES_MAX][NAME_SIZE];
    struct worker_vector vectors[LATCHES_MAX];
    struct worker_pool *pool;
    const struct worker_options options = {.program = getenv("RESCORE"), .n_workers = 1};
    for (size_t j = 0; j < n; j++) {
        text_append(commands, "let last%zu = %s%zu[length(%s%zu)-1]\n", j, vector, j, vector, j);
        snprintf(names[j], NAME_SIZE, "last%zu", j);
        vectors[j] = (struct worker_vector){names[j], 1};
    }
    struct worker_job job = {
        .deck = deck->bytes, .run = {commands->bytes, n, vectors}, .values = values, .limit_seconds = 100};
    cr_assert_eq(worker_pool_create(&options, &pool, err), RS_OK, "%s", err->text);
    bool good = worker_pool_run(pool, 1, &job, err) == RS_OK;
    worker_pool_destroy(pool);
    return good;
}

/* Latches 80 to 89 of seed 1: their first step was too short for ngspice while 1 F held the trip points. */
Test(latch_bench, a_trip_point_moves_from_zero_without_a_step_too_small)
{
    enum { FIRST = 80, N = 10, SHIFTS = 6 };
    const double ohm = 500, reach_volts = 58.243520605e-3, resolution_volts = 4e-6;
    const double sensitivities[] = {1.098, 0.183, 0.056};
    struct path_plan plan;
    struct rs_error err = {{0}};
    struct text deck = {0}, commands = {0};
    double shifts[(FIRST + N) * SHIFTS], trips[N];
    struct latch_bench_sample samples[N];
    path_options_fill(&plan);
    cr_assert_eq(latch_draw_mismatch(&plan.latch, 1, FIRST + N, shifts, &err), RS_OK, "%s", err.text);
    for (size_t j = 0; j < N; j++)
        samples[j] = (struct latch_bench_sample){
            .mismatch_volts = shifts + (FIRST + j) * SHIFTS, .r_plus_ohm = ohm, .r_minus_ohm = ohm};
    cr_assert_eq(latch_bench_write_trips(&plan, LATCH_NOMINAL, N, samples, reach_volts, resolution_volts,
                                         &deck, &commands, &err),
                 RS_OK, "%s", err.text);
    cr_assert(run_deck(&deck, &commands, "trip", N, trips, &err), "%s", err.text);
    for (size_t j = 0; j < N; j++) {
        const double *shift = samples[j].mismatch_volts;
        double expected = 0;
        for (size_t k = 0; k < SHIFTS / 2; k++)
            expected += sensitivities[k] * (shift[2 * k] - shift[2 * k + 1]);
        cr_assert_float_eq(trips[j], expected, 1e-3, "latch %zu: %g V, %g V expected", j, trips[j], expected);
    }
    text_clear(&deck);
    text_clear(&commands);
}

/* By symmetry: the reference takes n kicks at once, each as if its resistance were n times as large. */
Test(latch_bench, four_latches_on_a_reference_are_two_on_twice_its_resistance)
{
    enum { N = 7, PAIR = 5 };
    const double ohm = 250, reach_volts = 60e-3, resolution_volts = 4e-6;
    struct path_plan plan;
    struct rs_error err = {{0}};
    struct text deck = {0}, commands = {0};
    double trips[N];
    struct latch_bench_sample samples[N] = {{.r_plus_ohm = ohm, .r_minus_ohm = ohm}};
    for (size_t j = 0; j < 4; j++)
        samples[1 + j] = (struct latch_bench_sample){.r_plus_ohm = ohm, .r_minus_ohm = ohm, .shares_back = j};
    for (size_t j = 0; j < 2; j++)
        samples[PAIR + j] =
            (struct latch_bench_sample){.r_plus_ohm = ohm, .r_minus_ohm = 2 * ohm, .shares_back = j};
    path_options_fill(&plan);
    cr_assert_eq(latch_bench_write_trips(&plan, LATCH_NOMINAL, N, samples, reach_volts, resolution_volts,
                                         &deck, &commands, &err),
                 RS_OK, "%s", err.text);
    cr_assert(run_deck(&deck, &commands, "trip", N, trips, &err), "%s", err.text);
    cr_assert_lt(fabs(trips[0]), 20e-6, "a latch alone is symmetrical: %g V", trips[0]);
    for (size_t j = 2; j < N; j++)
        cr_assert_float_eq(trips[j], trips[1], 20e-6, "latch %zu: %g V, %g V expected", j, trips[j],
                           trips[1]);
    cr_assert_lt(trips[1], -15e-3, "%g V", trips[1]);
    text_clear(&deck);
    text_clear(&commands);
}
