/* What other accelerators prune by: progressive quantisation, A3's candidates, zero-skipping, cascade scores.
 */
#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "digital/a3.h"
#include "digital/cascade.h"
#include "digital/mnnfast.h"
#include "digital/progressive.h"
#include "numeric/random.h"
#include "numeric/softmax.h"

TestSuite(pruning, .timeout = 60);

struct draws {
    struct random_key key;
    uint32_t n;
};

static int draw(struct draws *draws, int n)
{
    return (int)random_integer(&draws->key, draws->n++, (uint32_t)n);
}

/* One score of a softmax changes by a small step: the closed form is its first order, and half of the step is
 * never exceeded, however large the step. */
Test(pruning, one_wrong_score_moves_probabilities_by_the_closed_form)
{
    enum { N = 9 };
    for (uint32_t c = 0; c < 2000; c++) {
        struct draws draws = {.key = {.seed = 41, .purpose = RANDOM_PROBE, .draw = c}};
        double exact[N], wrong[N], small = 1e-6, large = ldexp(1, draw(&draws, 8) - 4);
        int at = draw(&draws, N), width = 1 + draw(&draws, 30);
        for (int j = 0; j < N; j++)
            exact[j] = draw(&draws, 1000) * 1e-3 * width;
        for (int s = 0; s < 4; s++) {
            const double steps[] = {small, -small, large, -large};
            double before[N], sum = 0;
            memcpy(before, exact, sizeof before);
            memcpy(wrong, exact, sizeof wrong);
            wrong[at] += steps[s];
            softmax_compute(N, before);
            softmax_compute(N, wrong);
            for (int j = 0; j < N; j++)
                sum += fabs(wrong[j] - before[j]);
            double closed = progressive_error(before[at], steps[s]);
            cr_assert_leq(sum, fabs(steps[s]) / 2 + 1e-14, "case %u", c);
            cr_assert_leq(closed, fabs(steps[s]) / 2);
            if (s < 2) /* the second order is below the step squared */
                cr_assert_float_eq(sum, closed, 1e-12 + 1e-14, "case %u: %g, %g expected", c, sum, closed);
        }
    }
    cr_assert_eq(progressive_error(0.5, 0.2), 0.1);
    cr_assert_eq(progressive_error(1, 0.2), 0.0);
}

/* Keys 0x7f and 0x0f, four bits of eight first: MSBs 7 and 0 (times 16). */
Test(pruning, low_bits_are_fetched_where_no_probability_stands_out)
{
    const int16_t query[] = {1, -1}, keys[] = {0x7f, 0, 0x0f, 0, -0x1f, 0};
    const double unit = 0.01;
    double p[3];
    struct progressive_unit settings = {4, 4, 0.5};
    struct progressive_result r = progressive_run(&settings, query, keys, 3, 2, unit, p);
    double sum = exp(1.12) + 1 + exp(-0.16);
    cr_assert(!r.took_lsb && r.bits_per_element == 4);
    cr_assert_float_eq(r.largest_probability, exp(1.12) / sum, 1e-14);
    cr_assert_float_eq(p[1], 1 / sum, 1e-14);
    settings.bound = 0.7;
    r = progressive_run(&settings, query, keys, 3, 2, unit, p);
    sum = exp(1.27) + exp(0.15) + exp(-0.31);
    cr_assert(r.took_lsb && r.bits_per_element == 8);
    cr_assert_float_eq(r.largest_probability, exp(1.12) / (exp(1.12) + 1 + exp(-0.16)), 1e-14);
    cr_assert_float_eq(p[0], exp(1.27) / sum, 1e-14);
    cr_assert_float_eq(p[2], exp(-0.31) / sum, 1e-14);
    settings = (struct progressive_unit){8, 0, 1};
    cr_assert(!progressive_run(&settings, query, keys, 3, 2, unit, p).took_lsb); /* there are none */
    cr_assert(progressive_needs_lsb((const double[]){0.05, 0.04}, 2, 0.1));
    cr_assert(!progressive_needs_lsb((const double[]){0.05, 0.1}, 2, 0.1));
}

Test(pruning, progressive_widths_out_of_range_abort, .signal = SIGABRT)
{
    cr_redirect_stderr();
    const struct progressive_unit unit = {12, 5, 0.1};
    const int16_t code = 1;
    double p;
    progressive_run(&unit, &code, &code, 1, 1, 1, &p);
}

enum { KEYS_MAX = 12, SIZE_MAX_D = 5 };

struct search {
    int64_t estimates[KEYS_MAX];
    bool candidate[KEYS_MAX];
    struct a3_search counts;
};

static struct search find(size_t n, size_t d, const int16_t *keys, const int16_t *query, size_t n_iterations,
                          bool skip)
{
    struct search search = {0};
    struct a3_columns *columns = NULL;
    cr_assert_eq(a3_columns_create(KEYS_MAX, d, &columns, NULL), RS_OK);
    a3_columns_load(columns, n, keys);
    search.counts =
        a3_find_candidates(columns, query, n, n_iterations, skip, search.estimates, search.candidate);
    a3_columns_destroy(columns);
    return search;
}

/* Products 10, 4, -8 in column 0 and 1, -3, 0 in column 1. */
Test(pruning, candidates_by_hand)
{
    const int16_t keys[] = {5, -1, 2, 3, -4, 0}, query[] = {2, -1};
    const int64_t estimates[4][3] = {{0, 0, 0}, {10, 0, -8}, {10, 1, -8}, {11, 1, -8}};
    const size_t n_products[] = {4, 6, 8, 10};
    for (size_t m = 0; m < 4; m++) {
        struct search s = find(3, 2, keys, query, m, false);
        for (int j = 0; j < 3; j++)
            cr_assert(s.estimates[j] == estimates[m][j] && s.candidate[j] == (estimates[m][j] > 0),
                      "after %zu: row %d has %d", m, j, (int)s.estimates[j]);
        cr_assert_eq(s.counts.n_products, n_products[m], "after %zu: %zu", m, s.counts.n_products);
    }
    cr_assert_eq(find(3, 2, keys, query, 2, false).counts.n_candidates, 2);
}

/* 1, then -5: the sum is -4, so that -4 is left alone in the second iteration. */
Test(pruning, the_smallest_is_left_alone_while_the_sum_is_negative)
{
    const int16_t keys[] = {1, -5, -4}, query[] = {1};
    cr_assert_eq(find(3, 1, keys, query, 2, true).estimates[2], 0);
    cr_assert_eq(find(3, 1, keys, query, 2, false).estimates[2], -4);
}

struct product {
    int64_t value;
    size_t row, column;
};

static int descending(const void *one, const void *other)
{
    const struct product *a = one, *b = other;
    return (a->value < b->value) - (a->value > b->value);
}

/* Distinct products: the M largest and the M smallest of all n d of them, without a queue. */
Test(pruning, candidates_are_those_of_a_full_sort)
{
    size_t n_checked = 0;
    for (uint32_t c = 0; c < 3000; c++) {
        struct draws draws = {.key = {.seed = 42, .purpose = RANDOM_PROBE, .draw = c}};
        size_t n = 1 + (size_t)draw(&draws, KEYS_MAX), d = 1 + (size_t)draw(&draws, SIZE_MAX_D),
               n_all = n * d;
        int16_t keys[KEYS_MAX * SIZE_MAX_D], query[SIZE_MAX_D];
        struct product all[KEYS_MAX * SIZE_MAX_D];
        int64_t expected[KEYS_MAX] = {0}, exact[KEYS_MAX] = {0};
        for (size_t i = 0; i < d; i++)
            query[i] = (int16_t)(draw(&draws, 4001) - 2000);
        for (size_t i = 0; i < n_all; i++) {
            keys[i] = (int16_t)(draw(&draws, 4001) - 2000);
            all[i] = (struct product){(int64_t)query[i % d] * keys[i], i / d, i % d};
            exact[i / d] += all[i].value;
        }
        qsort(all, n_all, sizeof all[0], descending);
        bool distinct = true;
        for (size_t i = 1; i < n_all; i++)
            distinct = distinct && all[i].value != all[i - 1].value;
        size_t m = (size_t)draw(&draws, (int)n_all + 3);
        for (size_t i = 0; i < m && i < n_all; i++) {
            expected[all[i].row] += all[i].value > 0 ? all[i].value : 0;
            const struct product *last = &all[n_all - 1 - i];
            expected[last->row] += last->value < 0 ? last->value : 0;
        }
        struct search s = find(n, d, keys, query, m, false), whole = find(n, d, keys, query, n_all, false);
        for (size_t j = 0; j < n; j++) {
            cr_assert_eq(whole.estimates[j], exact[j], "case %u: all products are not q.k", c);
            cr_assert(!distinct || s.estimates[j] == expected[j], "case %u: row %zu", c, j);
        }
        n_checked += distinct;
    }
    cr_assert_gt(n_checked, 2000);
}

Test(pruning, post_scoring_keeps_what_is_near_the_largest)
{
    const double scores[] = {2, 2 - 0.6, 9, 2 - 0.7, -1};
    const bool candidate[] = {true, true, false, true, true}, none[5] = {false};
    bool kept[5];
    cr_assert_eq(a3_keep(scores, candidate, 5, 0.5, kept), 2); /* ln 0.5 = -0.693 */
    cr_assert(kept[0] && kept[1] && !kept[2] && !kept[3] && !kept[4]);
    cr_assert_eq(a3_keep(scores, candidate, 5, 1, kept), 1);
    cr_assert_eq(a3_keep(scores, candidate, 5, 0.01, kept), 4);
    cr_assert_eq(a3_keep(scores, none, 5, 0.5, kept), 0);
}

Test(pruning, a_share_of_nothing_aborts, .signal = SIGABRT)
{
    cr_redirect_stderr();
    const double score = 1;
    const bool candidate = true;
    bool kept;
    a3_keep(&score, &candidate, 1, 0, &kept);
}

Test(pruning, zero_skipping_keeps_from_the_threshold_on)
{
    const double p[] = {0.5, 0.1, 0.0999, 0.3001, 0};
    bool kept[5];
    cr_assert_eq(mnnfast_keep(p, 5, 0.1, kept), 3);
    cr_assert(kept[0] && kept[1] && !kept[2] && kept[3] && !kept[4]);
    cr_assert_eq(mnnfast_keep(p, 5, 0, kept), 5);
    cr_assert_eq(mnnfast_keep(p, 0, 0.1, kept), 0);
}

Test(pruning, tokens_and_heads_accumulate)
{
    const double p[] = {0.5, 0.25, 0.25}, q[] = {0.125, 0.125 + 1e-13, 0.75}, outputs[] = {1, -2, 0.5, -0.25};
    const int64_t one = INT64_C(1) << CASCADE_FRACTION_BITS;
    int64_t tokens[3] = {one, 0, 0};
    double head = 0.25;
    cascade_add_tokens(p, 3, tokens);
    cascade_add_tokens(q, 3, tokens);
    cr_assert(tokens[0] == one / 8 * 13 && tokens[1] == one / 8 * 3 && tokens[2] == one);
    cascade_add_head(outputs, 2, 2, &head);
    cr_assert_eq(head, 4.0);
}

/* 12 layers: 15 % is 1.8 layers, so 2 prune nothing, 30 % is 3.6, so 4. From 0.1 to 0.55 in 9 steps. */
Test(pruning, schedules_by_hand)
{
    for (int layer = 0; layer < 12; layer++) {
        double expected = layer < 2 ? 0 : 0.1 + 0.05 * (layer - 2);
        cr_assert_float_eq(cascade_prune_ratio(layer, 12, CASCADE_UNPRUNED_TOKEN_LAYERS, 0.1, 0.55), expected,
                           1e-15);
        cr_assert_eq(cascade_prune_ratio(layer, 12, CASCADE_UNPRUNED_HEAD_LAYERS, 0.5, 0.5),
                     layer < 4 ? 0.0 : 0.5);
    }
    cr_assert_eq(cascade_prune_ratio(9, 10, 0.9, 0.2, 0.4), 0.2); /* one layer that prunes */
    cr_assert_eq(cascade_prune_ratio(2, 10, 0.3, 0.2, 0.4), 0.0); /* 0.3 x 10 is 3 layers, not 4 */
    cr_assert_eq(cascade_prune_ratio(3, 10, 0.3, 0.2, 0.4), 0.2);
    cr_assert_eq(cascade_prune_ratio(0, 1, 1, 0.2, 0.4), 0.0);
    cr_assert(cascade_keep_count(10, 0.7) == 3 && cascade_keep_count(10, 0.71) == 3);
    cr_assert(cascade_keep_count(10, 0.69) == 4 && cascade_keep_count(10, 0) == 10);
    cr_assert(cascade_keep_count(10, 1) == 0 && cascade_keep_count(0, 0.5) == 0);
}

Test(pruning, a_layer_that_is_not_there_aborts, .signal = SIGABRT)
{
    cr_redirect_stderr();
    cascade_prune_ratio(12, 12, 0.15, 0.1, 0.5);
}

Test(pruning, a_ratio_above_one_aborts, .signal = SIGABRT)
{
    cr_redirect_stderr();
    cascade_keep_count(12, 1.5);
}
