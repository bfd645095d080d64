/* The second comparator of each key, and comparators on a ramp. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "attention/comparators.h"
#include "attention_fixture.h"

TestSuite(two_comparators, .timeout = 60);

/* One unit of sum(q_msb k_msb) is one score; 32 keys in an array. */
enum { D = 4, N = 400, READS = 3 };
static const double threshold = 3;

struct found {
    double first[READS][N], second[READS][N];
    signed char ruled[READS][N], second_ruled[READS][N];
    bool keep[READS][N], uncertain[READS][N];
    struct attention_counts counts;
};

static double signal_of(size_t read, size_t j)
{
    return 0.37 * (double)((j * 7 + read * 13) % 29) - 2.1;
}

/* Reads of signal_of under a policy; options given as key, value, ..., NULL. */
static void run(const char *policy_name, const char *const *options, struct found *found)
{
    struct attention_fixture f;
    struct comparators *comparators;
    struct policy_room room;
    double signals[N], minus[N], source_ohm[N];
    attention_fixture_init(&f, D, N);
    attention_fixture_set(&f, "array.r_sense", "800 ohm");
    attention_fixture_set(&f, "prune.policy", policy_name);
    for (; *options != NULL; options += 2)
        attention_fixture_set(&f, options[0], options[1]);
    f.shape.score_scale = 1.0 / 256;
    attention_fixture_settle(&f, threshold);
    memset(found, 0, sizeof *found);
    cr_assert_eq(comparators_create(&f.setup, &comparators, NULL), RS_OK);
    cr_assert_eq(policy_room_create(f.setup.policy, N, D, KERNEL_BASELINE, &room, NULL), RS_OK);
    for (size_t j = 0; j < N; j++)
        source_ohm[j] = 10.0 * (double)(j % 5);
    comparators_begin(comparators, 1, 0, 0, N,
                      f.setup.comparator.kickback_units_per_ohm != 0 ? source_ohm : NULL, NULL);
    for (size_t read = 0; read < READS; read++) {
        double references[2];
        for (size_t j = 0; j < N; j++) {
            signals[j] = signal_of(read, j);
            minus[j] = 2.5 + 0.1 * (double)(j % 3);
        }
        struct query query = {.n_keys = N,
                              .signal_units = signals,
                              .key = {.seed = 31, .trial = 1, .write = 4, .draw = (uint32_t)read}};
        comparators_compare(comparators, comparator_needs_lines(&f.setup.comparator) ? minus : NULL, &query,
                            &found->counts);
        query_references(&f.setup, 0, 0, references);
        struct policy_query view = {.n_keys = N,
                                    .d = D,
                                    .options = &f.setup.prune,
                                    .comparator_units = query.comparator_units,
                                    .upper_units = query.upper_units,
                                    .ruled = query.ruled,
                                    .upper_ruled = query.upper_ruled,
                                    .reference_units = references[0],
                                    .upper_reference_units = references[1],
                                    .key = &query.key};
        struct policy_answer answer = {.keep = found->keep[read], .uncertain = found->uncertain[read]};
        f.setup.policy->decide(&view, &room, &answer);
        memcpy(found->first[read], query.comparator_units, sizeof signals);
        if (query.upper_units != NULL)
            memcpy(found->second[read], query.upper_units, sizeof signals);
        if (query.ruled != NULL)
            memcpy(found->ruled[read], query.ruled, N);
        if (query.upper_ruled != NULL)
            memcpy(found->second_ruled[read], query.upper_ruled, N);
    }
    policy_room_clear(&room);
    comparators_destroy(comparators);
    setup_clear(&f.setup);
}

#define ERRORS                                                                                               \
    "comparator.offset", "2 uA", "comparator.noise", "1 uA", "comparator.a_vt", "1 nVm", "comparator.swing", \
        "50 mV", "comparator.hysteresis", "1 uA", "comparator.kickback", "18 uA", "comparator.delay_tau",    \
        "9 ps", "comparator.evaluation_time", "40 ps", "comparator.reference", "current",                    \
        "comparator.reference_error", "1 uA"

Test(two_comparators, the_first_is_the_one_of_threshold)
{
    static struct found one, two;
    run("threshold", (const char *const[]){ERRORS, NULL}, &one);
    run("three-way", (const char *const[]){ERRORS, "prune.band", "0", NULL}, &two);
    cr_assert_eq(memcmp(one.first, two.first, sizeof one.first), 0);
    cr_assert_eq(memcmp(one.ruled, two.ruled, sizeof one.ruled), 0);
    cr_assert_gt(one.counts.n_unresolved, 0);
    cr_assert_gt(two.counts.n_unresolved, one.counts.n_unresolved, "pairs of which either ran out of time");
}

/* Deviations of both from the ideal, of read 0. */
static void deviations(const char *const *options, double *first, double *second)
{
    static struct found ideal, with;
    run("three-way", (const char *const[]){"prune.band", "0", "comparator.reference", "current", NULL},
        &ideal);
    run("three-way", options, &with);
    for (size_t j = 0; j < N; j++) {
        first[j] = with.first[0][j] - ideal.first[0][j];
        second[j] = with.second[0][j] - ideal.second[0][j];
    }
}

Test(two_comparators, random_errors_are_drawn_apart_with_the_same_spread)
{
    static const char *const effects[][2] = {{"comparator.offset", "2 uA"},
                                             {"comparator.noise", "1 uA"},
                                             {"comparator.a_vt", "1 nVm"},
                                             {"comparator.reference_error", "1 uA"}};
    for (size_t e = 0; e < sizeof effects / sizeof effects[0]; e++) {
        double first[N], second[N], product = 0, a = 0, b = 0;
        deviations((const char *const[]){"prune.band", "0", "comparator.reference", "current", effects[e][0],
                                         effects[e][1], NULL},
                   first, second);
        for (size_t j = 0; j < N; j++) {
            product += first[j] * second[j];
            a += first[j] * first[j];
            b += second[j] * second[j];
        }
        cr_assert(a > 0 && b > 0, "%s", effects[e][0]);
        cr_assert_lt(fabs(product / sqrt(a * b)), 4.5 / sqrt(N), "%s", effects[e][0]);
        cr_assert_lt(fabs(a / b - 1), 4.5 * sqrt(4.0 / N), "%s: %g", effects[e][0], a / b);
    }
}

Test(two_comparators, errors_of_the_circuit_act_on_both_alike)
{
    static const char *const effects[][4] = {
        {"comparator.offset_mean", "-1 mV", "comparator.share", "per-comparator"},
        {"comparator.kickback", "18 uA", "comparator.share", "per-comparator"},
        {"comparator.swing", "50 mV", "comparator.share", "per-comparator"}};
    for (size_t e = 0; e < sizeof effects / sizeof effects[0]; e++) {
        double first[N], second[N], size = 0;
        deviations((const char *const[]){"prune.band", "0", "comparator.reference", "current", effects[e][0],
                                         effects[e][1], effects[e][2], effects[e][3], NULL},
                   first, second);
        cr_assert_eq(memcmp(first, second, sizeof first), 0, "%s", effects[e][0]);
        for (size_t j = 0; j < N; j++)
            size = fmax(size, fabs(first[j]));
        cr_assert_gt(size, 1e-3, "%s", effects[e][0]);
    }
}

/* References 0.5 and 4.5: what lies between fires the first only, and each remembers its own bit. */
Test(two_comparators, each_remembers_its_own_last_bit)
{
    static struct found plain, with;
    run("three-way", (const char *const[]){"prune.band", "2", NULL}, &plain);
    run("three-way", (const char *const[]){"prune.band", "2", "comparator.hysteresis", "0.5 uA", NULL},
        &with);
    double half = 0;
    int n_apart = 0;
    for (size_t j = 0; j < N; j++) {
        double last = plain.first[0][j];
        bool low = last > 0.5, high = last > 4.5;
        double by_first = with.first[1][j] - plain.first[1][j],
               by_second = with.second[1][j] - plain.second[1][j];
        half = fmax(half, by_first);
        cr_assert(low ? by_first > 0 : by_first < 0, "key %zu", j);
        cr_assert(high ? by_second > 0 : by_second < 0, "key %zu", j);
        cr_assert_float_eq(fabs(by_first), fabs(by_second), 1e-12);
        n_apart += low != high;
        cr_assert_eq(plain.uncertain[0][j], low != high);
        cr_assert_eq(plain.keep[0][j], high);
    }
    cr_assert(n_apart > N / 10 && half > 0.01);
}

Test(two_comparators, unresolved_bits_are_drawn_apart)
{
    static struct found found;
    run("three-way",
        (const char *const[]){"prune.band", "0", "comparator.delay_t0", "50 ps", "comparator.evaluation_time",
                              "40 ps", NULL},
        &found);
    int n_equal = 0;
    for (size_t j = 0; j < N; j++) {
        cr_assert(found.ruled[0][j] >= 0 && found.second_ruled[0][j] >= 0);
        n_equal += found.ruled[0][j] == found.second_ruled[0][j];
        cr_assert_eq(found.keep[0][j], found.ruled[0][j] && found.second_ruled[0][j]);
    }
    cr_assert_lt(abs(n_equal - N / 2), 4.5 * 0.5 * sqrt(N));
    cr_assert_eq(found.counts.n_unresolved, READS * N);
}

static double draw(uint32_t i, uint32_t cell)
{
    double uniforms[8];
    struct random_key key = {.seed = 23, .purpose = RANDOM_PROBE, .draw = i};
    random_uniforms(&key, 8, uniforms);
    return uniforms[cell];
}

/* At the firing level the difference equals offset and what the common mode makes of it; below, it is more.
 */
Test(two_comparators, a_comparator_fires_where_its_difference_meets_its_offset)
{
    int n_fired = 0;
    for (uint32_t i = 0; i < 3000; i++) {
        struct comparator comparator = {.swing_units = i % 3 == 0 ? 20 + 50 * draw(i, 0) : 0,
                                        .bias_units = 5 * draw(i, 1),
                                        .join = (enum comparator_join)(i / 6 % 3)};
        double signal = 40 * draw(i, 2) - 20, minus = 20 * draw(i, 3), offset = 4 * draw(i, 4) - 2;
        double slope = i % 2 ? 0.1 * draw(i, 5) : 0;
        double branch[] = {0.1 * draw(i, 6) - 0.05, 0.1 * draw(i, 7) - 0.05};
        if (comparator.swing_units > 0)
            branch[0] = branch[1] = 0;
        double level = comparator_firing(&comparator, signal, minus, offset, slope, branch);
        for (int side = -1; side <= 1; side += 2) {
            double at = isfinite(level) ? level + side * 1e-6 : side * 300.0;
            double excess = comparator_difference(&comparator, signal, minus, at, branch) - offset -
                            slope * comparator_common(&comparator, signal, minus, at);
            if (isfinite(level))
                cr_assert(side < 0 ? excess > 0 : excess < 0, "draw %u: %g at %g", i, excess, at);
            else
                cr_assert(level < 0 ? excess < 0 : excess > 0, "draw %u: never or at once", i);
        }
        n_fired += isfinite(level);
    }
    cr_assert_gt(n_fired, 2500);
}

static bool same_keeps(const struct found *one, const struct found *other)
{
    return memcmp(one->keep, other->keep, sizeof one->keep) == 0;
}

Test(two_comparators, a_ramp_ranks_signals_with_the_errors_of_their_columns_alone)
{
    static struct found ideal, errors, with, single;
    static const char *const common[][4] = {
        {"comparator.offset_mean", "-1 mV", "comparator.share", "per-comparator"},
        {"comparator.hysteresis", "2 uA", "comparator.share", "per-comparator"},
        {"comparator.reference", "current", "comparator.reference_error", "1 uA"},
        {"comparator.delay_t0", "50 ps", "comparator.evaluation_time", "40 ps"}};
    run("topk", (const char *const[]){"comparator.reference", "ideal", NULL}, &ideal);
    for (size_t read = 0; read < READS; read++)
        for (size_t j = 0; j < N; j++)
            cr_assert_eq(ideal.first[read][j], signal_of(read, j));
    const char *const own[] = {"comparator.offset", "2 uA", "comparator.noise", "1 uA", NULL};
    run("topk", own, &errors);
    run("threshold", own, &single);
    cr_assert_eq(memcmp(errors.first, single.first, sizeof errors.first), 0);
    cr_assert(!same_keeps(&errors, &ideal));
    for (size_t e = 0; e < sizeof common / sizeof common[0]; e++) {
        run("topk",
            (const char *const[]){"comparator.offset", "2 uA", "comparator.noise", "1 uA", common[e][0],
                                  common[e][1], common[e][2], common[e][3], NULL},
            &with);
        cr_assert(same_keeps(&with, &errors), "%s", common[e][0]);
        cr_assert_eq(with.counts.n_unresolved, 0);
    }
}

/* +-49 d units in 2^3 - 1 levels: what fires on one step is equal, and the lower key goes first. */
Test(two_comparators, a_ramp_of_steps_makes_equals_of_what_one_step_fires)
{
    static struct found found;
    double step = 49.0 * D / 3;
    run("topk",
        (const char *const[]){"comparator.reference", "current", "comparator.reference_bits", "3",
                              "prune.keep_ratio", "25 %", NULL},
        &found);
    for (size_t read = 0; read < READS; read++)
        for (size_t j = 0; j < N; j++) {
            cr_assert_eq(found.first[read][j], signal_of(read, j) >= 0 ? 0 : -step);
            size_t before = 0;
            for (size_t m = 0; m < N; m++)
                before += found.first[read][m] > found.first[read][j] ||
                          (found.first[read][m] == found.first[read][j] && m < j);
            cr_assert_eq(found.keep[read][j], before < N / 4, "read %zu, key %zu", read, j);
        }
}
