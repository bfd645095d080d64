/* The top-k engine beside a plain sort on every kernel, its cycles; the zero eliminator; Batcher's network.
 */
#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "digital/batcher.h"
#include "digital/topk.h"
#include "digital/zero_eliminator.h"
#include "numeric/random.h"

TestSuite(topk, .timeout = 120);

enum { N_MAX = 200 };

static const struct topk_unit spatten = {TOPK_PARALLELISM, TOPK_FIFO_ROWS};

struct draws {
    struct random_key key;
    uint32_t n;
};

static int draw(struct draws *draws, int n)
{
    return (int)random_integer(&draws->key, draws->n++, (uint32_t)n);
}

struct place {
    double value;
    size_t i;
};

static int before(const void *one, const void *other)
{
    const struct place *a = one, *b = other;
    if (a->value != b->value)
        return a->value < b->value ? 1 : -1;
    return a->i < b->i ? -1 : 1;
}

static void choose_by_sort(const double *values, size_t n, size_t k, bool *chosen)
{
    struct place places[N_MAX];
    for (size_t i = 0; i < n; i++)
        places[i] = (struct place){values[i], i};
    qsort(places, n, sizeof places[0], before);
    for (size_t j = 0; j < n; j++)
        chosen[places[j].i] = j < k;
}

/* Few different values give ties; some rows are ascending, descending or all alike. */
static void draw_values(struct draws *draws, size_t n, double *values)
{
    int n_different = 1 << draw(draws, 12), shape = draw(draws, 10);
    for (size_t i = 0; i < n; i++) {
        values[i] = draw(draws, n_different) - n_different / 2;
        if (shape == 0)
            values[i] = (double)i;
        else if (shape == 1)
            values[i] = -(double)i;
        else if (shape == 2)
            values[i] = 1e300;
        else if (shape == 3)
            values[i] *= 1e-310;
    }
    if (shape == 4)
        values[draw(draws, (int)n)] = (double)INFINITY;
}

static bool same_result(const struct topk_result *a, const struct topk_result *b)
{
    return a->kth == b->kth && a->n_equal == b->n_equal && a->n_passes == b->n_passes &&
           a->n_compared == b->n_compared && a->cycles == b->cycles && a->filter_cycles == b->filter_cycles &&
           a->stall_cycles == b->stall_cycles && a->peak_rows == b->peak_rows;
}

Test(topk, choices_are_those_of_a_sort)
{
    struct topk *engines[N_KERNELS] = {NULL};
    for (int k = 0; k < N_KERNELS; k++)
        if (kernel_runs((enum kernel)k))
            cr_assert_eq(topk_create(N_MAX, (enum kernel)k, &engines[k], NULL), RS_OK);
    for (uint32_t c = 0; c < 100000; c++) {
        struct draws draws = {.key = {.seed = 21, .purpose = RANDOM_PROBE, .draw = c}};
        const struct random_key pivots = {.seed = 22, .purpose = RANDOM_PROBE, .draw = c};
        const struct topk_unit unit = {1 + (size_t)draw(&draws, 32), (size_t)draw(&draws, 5)};
        double values[N_MAX];
        bool expected[N_MAX], chosen[N_MAX];
        size_t n = 1 + (size_t)draw(&draws, c % 50 == 0 ? N_MAX : 40), k = (size_t)draw(&draws, (int)n + 1);
        draw_values(&draws, n, values);
        choose_by_sort(values, n, k, expected);
        struct topk_result first = {0};
        for (int i = 0; i < N_KERNELS; i++) {
            if (engines[i] == NULL)
                continue;
            memset(chosen, 2, sizeof chosen);
            struct topk_result r = topk_choose(engines[i], &unit, values, n, k, &pivots, chosen);
            cr_assert_eq(memcmp(chosen, expected, n), 0, "case %u: n = %zu, k = %zu, %s", c, n, k,
                         kernel_name((enum kernel)i));
            first = i == 0 ? r : first;
            cr_assert(same_result(&r, &first), "case %u: %s differs", c, kernel_name((enum kernel)i));
        }
    }
    for (int k = 0; k < N_KERNELS; k++)
        topk_destroy(engines[k]);
}

Test(topk, nothing_and_everything_take_no_pass)
{
    struct topk *topk = NULL;
    const double values[] = {3, 1, 3, 2};
    const struct random_key key = {.seed = 1};
    bool chosen[4];
    cr_assert_eq(topk_create(4, kernel_chosen(), &topk, NULL), RS_OK);
    struct topk_result r = topk_choose(topk, &spatten, values, 4, 0, &key, chosen);
    cr_assert(!chosen[0] && !chosen[1] && !chosen[2] && !chosen[3] && r.n_passes == 0 && r.cycles == 0);
    r = topk_choose(topk, &spatten, values, 4, 4, &key, chosen);
    cr_assert(chosen[0] && chosen[1] && chosen[2] && chosen[3] && r.n_passes == 0 && r.filter_cycles == 0);
    r = topk_choose(topk, &spatten, values, 0, 0, &key, chosen);
    cr_assert_eq(r.cycles, 0);
    topk_destroy(topk);
}

/*
 * Ten equal values: one pass whatever the pivot. Of 10 elements, 4 at a time: ceil(10 / 4) + 3 cycles and 3
 * of the filter.
 */
Test(topk, equal_values_take_one_pass_and_the_first_stay)
{
    struct topk *topk = NULL;
    double values[10];
    bool chosen[10];
    const struct topk_unit unit = {4, 64};
    const struct random_key key = {.seed = 1};
    for (int i = 0; i < 10; i++)
        values[i] = 7;
    cr_assert_eq(topk_create(10, kernel_chosen(), &topk, NULL), RS_OK);
    struct topk_result r = topk_choose(topk, &unit, values, 10, 3, &key, chosen);
    for (int i = 0; i < 10; i++)
        cr_assert_eq(chosen[i], i < 3);
    cr_assert(r.kth == 7 && r.n_equal == 3 && r.n_passes == 1 && r.n_compared == 10);
    cr_assert(r.cycles == 6 && r.filter_cycles == 3 && r.stall_cycles == 0 && r.peak_rows == 0);
    topk_destroy(topk);
}

/*
 * 30 zeros and 2 ones, k = 2, one element per cycle. Pivot 1: one pass, 32 + 3 cycles. Pivot 0: the two above
 * it are selected and passed once more, 2 + 3 cycles. FIFOs of one row: with pivot 1, 29 of 30 rows spill;
 * with pivot 0 one of two, which is fetched again.
 */
Test(topk, cycles_and_stalls_by_hand)
{
    struct topk *topk = NULL;
    double values[32] = {0};
    bool chosen[32], seen[2] = {false, false};
    const struct topk_unit deep = {1, 0}, flat = {1, 1};
    values[4] = values[20] = 1;
    cr_assert_eq(topk_create(32, kernel_chosen(), &topk, NULL), RS_OK);
    for (uint32_t i = 0; i < 200; i++) {
        const struct random_key key = {.seed = 3, .purpose = RANDOM_PROBE, .draw = i};
        struct topk_result r = topk_choose(topk, &deep, values, 32, 2, &key, chosen);
        struct topk_result s = topk_choose(topk, &flat, values, 32, 2, &key, chosen);
        cr_assert(r.n_passes == 1 || r.n_passes == 2);
        cr_assert_eq(r.cycles, r.n_passes == 1 ? 35 : 40);
        cr_assert_eq(r.n_compared, r.n_passes == 1 ? 32 : 34);
        cr_assert_eq(r.peak_rows, r.n_passes == 1 ? 30 : 2);
        cr_assert_eq(r.stall_cycles, 0);
        cr_assert_eq(s.stall_cycles, s.n_passes == 1 ? 29 : 2);
        cr_assert(r.cycles == s.cycles && r.filter_cycles == 32 && r.n_equal == 2);
        seen[r.n_passes - 1] = true;
    }
    cr_assert(seen[0] && seen[1]);
    topk_destroy(topk);
}

/*
 * Quick-select with uniform pivots compares, with H(m) = 1 + ... + 1/m, j = n + 1 - k the rank from below,
 *     2 ((n + 1) H(n) - (n + 3 - j) H(n + 1 - j) - (j + 2) H(j) + n + 3)
 * elements (Knuth, Mathematical Analysis of Algorithms, 1971), each pass one more than its n - 1 comparisons
 * of distinct elements; the number of passes is H(j) + H(n + 1 - j) - 1. With P = 1 a pass of n takes n + 3
 * cycles.
 */
static double harmonic(size_t n)
{
    double sum = 0;
    for (size_t i = n; i > 0; i--)
        sum += 1 / (double)i;
    return sum;
}

Test(topk, mean_cycles_are_those_of_quick_select)
{
    const size_t cases[][2] = {{64, 32}, {200, 10}, {200, 100}, {150, 149}};
    struct topk *topk = NULL;
    const struct topk_unit serial = {1, 0};
    cr_assert_eq(topk_create(N_MAX, kernel_chosen(), &topk, NULL), RS_OK);
    for (int c = 0; c < 4; c++) {
        enum { TRIALS = 4000 };
        size_t n = cases[c][0], k = cases[c][1], j = n + 1 - k;
        double values[N_MAX], sum = 0, squares = 0, up = (double)n + 1;
        bool chosen[N_MAX];
        for (size_t i = 0; i < n; i++)
            values[i] = (double)(i * 71 % n) + (double)i * 1e-6;
        for (uint32_t t = 0; t < TRIALS; t++) {
            const struct random_key key = {
                .seed = 9, .purpose = RANDOM_PROBE, .array = (uint32_t)c, .draw = t};
            double cycles = (double)topk_choose(topk, &serial, values, n, k, &key, chosen).cycles;
            sum += cycles / TRIALS;
            squares += cycles * cycles / TRIALS;
        }
        double passes = harmonic(j) + harmonic(n + 1 - j) - 1;
        double comparisons = 2 * (up * harmonic(n) - (double)(n + 3 - j) * harmonic(n + 1 - j) -
                                  (double)(j + 2) * harmonic(j) + (double)n + 3);
        double expected = comparisons + passes + TOPK_PASS_CYCLES * passes;
        double error = sqrt((squares - sum * sum) / TRIALS);
        cr_assert(fabs(sum - expected) < 4 * error, "n = %zu, k = %zu: %g cycles, %g expected, error %g", n,
                  k, sum, expected, error);
    }
    topk_destroy(topk);
}

static void choose_badly(size_t n, size_t k, size_t parallelism, double value)
{
    struct topk *topk = NULL;
    const struct random_key key = {.seed = 1};
    const struct topk_unit unit = {parallelism, 0};
    const double values[] = {1, value, 3, 4, 5};
    bool chosen[5];
    cr_assert_eq(topk_create(4, kernel_chosen(), &topk, NULL), RS_OK);
    topk_choose(topk, &unit, values, n, k, &key, chosen);
    topk_destroy(topk);
}

Test(topk, more_than_there_are_abort, .signal = SIGABRT)
{
    cr_redirect_stderr();
    choose_badly(3, 4, 16, 2);
}

Test(topk, no_parallelism_aborts, .signal = SIGABRT)
{
    cr_redirect_stderr();
    choose_badly(3, 2, 0, 2);
}

Test(topk, too_much_parallelism_aborts, .signal = SIGABRT)
{
    cr_redirect_stderr();
    choose_badly(3, 2, 33, 2);
}

Test(topk, more_elements_than_room_abort, .signal = SIGABRT)
{
    cr_redirect_stderr();
    choose_badly(5, 2, 16, 2);
}

Test(topk, a_value_that_is_no_number_aborts, .signal = SIGABRT)
{
    cr_redirect_stderr();
    choose_badly(4, 2, 16, (double)NAN);
}

Test(topk, the_zero_eliminator_closes_gaps_in_order)
{
    for (uint32_t c = 0; c < 20000; c++) {
        struct draws draws = {.key = {.seed = 23, .purpose = RANDOM_PROBE, .draw = c}};
        size_t n = (size_t)draw(&draws, ZERO_ELIMINATOR_WIDTH_MAX + 1), n_present = 0;
        int odds = 1 + draw(&draws, 6);
        double row[ZERO_ELIMINATOR_WIDTH_MAX], expected[ZERO_ELIMINATOR_WIDTH_MAX] = {0};
        bool present[ZERO_ELIMINATOR_WIDTH_MAX];
        for (size_t i = 0; i < n; i++) {
            row[i] = 1 + draw(&draws, 1000);
            present[i] = draw(&draws, odds) == 0;
            if (present[i])
                expected[n_present++] = row[i];
        }
        cr_assert_eq(zero_eliminator_run(row, present, n), n_present);
        for (size_t i = 0; i < n; i++)
            cr_assert_eq(row[i], expected[i], "case %u: place %zu of %zu", c, i, n);
    }
    cr_assert(zero_eliminator_stages(1) == 0 && zero_eliminator_stages(2) == 1 &&
              zero_eliminator_stages(16) == 4 && zero_eliminator_stages(17) == 5);
}

/* A network that sorts every row of zeros and ones sorts everything (Knuth, volume 3, 5.3.4). */
Test(topk, the_full_sorter_sorts)
{
    for (size_t n = 1; n <= 16; n *= 2)
        for (unsigned bits = 0; bits < 1u << n; bits++) {
            double values[16];
            for (size_t i = 0; i < n; i++)
                values[i] = bits >> i & 1;
            batcher_sort(values, n);
            for (size_t i = 1; i < n; i++)
                cr_assert_leq(values[i], values[i - 1], "n = %zu, bits %x", n, bits);
        }
    static double values[1024];
    struct draws draws = {.key = {.seed = 24, .purpose = RANDOM_PROBE}};
    for (int i = 0; i < 1024; i++)
        values[i] = draw(&draws, 500);
    batcher_sort(values, 1024);
    for (int i = 1; i < 1024; i++)
        cr_assert_leq(values[i], values[i - 1]);
}

Test(topk, the_full_sorter_has_as_many_comparators_as_the_closed_form)
{
    for (size_t p = 2; p <= 12; p++) {
        struct batcher_network network = batcher_network_of((size_t)1 << p);
        cr_assert_eq(network.n_comparators, ((p * p - p + 4) << (p - 2)) - 1);
        cr_assert_eq(network.n_steps, p * (p + 1) / 2);
        cr_assert_eq(batcher_cycles(&network, network.n_comparators), network.n_steps);
        cr_assert_eq(batcher_cycles(&network, 1), network.n_comparators);
    }
    struct batcher_network four = batcher_network_of(4); /* steps of 2, 2 and 1 */
    cr_assert(four.n_comparators == 5 && batcher_cycles(&four, 2) == 3 && batcher_cycles(&four, 8) == 3);
}

Test(topk, a_sorter_of_no_power_of_two_aborts, .signal = SIGABRT)
{
    cr_redirect_stderr();
    batcher_network_of(12);
}
