/* Made sequences have the statistics they were asked for; the statistics themselves, on cases worked out by
 * hand; files of them come back. */
#include "config.h" /* POSIX names */

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "folder.h"
#include "workload/qkv_statistics.h"
#include "workload/sequence.h"

TestSuite(sequence, .timeout = 120);

static struct qkv make(const struct sequence *sequence)
{
    struct rs_error err;
    struct qkv qkv;
    cr_assert_eq(sequence_make(sequence, &qkv, &err), RS_OK, "%s", err.text);
    return qkv;
}

/*
 * With a threshold at the mean (z = 0) the integrand is 1: F = acos(r) / (2 pi); without correlation F =
 * keep_ratio (1 - keep_ratio).
 */
Test(sequence, shares_of_new_keys_have_their_closed_forms)
{
    for (int i = 0; i <= 20; i++) {
        double r = i / 20.0, p = 0.02 + 0.9 * r;
        double found = sequence_new_ratio(0.5, r), expected = acos(r) / (2 * 3.14159265358979323846);
        cr_expect(fabs(found - expected) < 1e-12, "r = %g: %.15g found, %.15g expected", r, found, expected);
        cr_expect(fabs(sequence_new_ratio(p, 0) - p * (1 - p)) < 1e-9, "p = %g", p);
        if (i > 0 && i < 20)
            cr_expect(fabs(sequence_correlation(p, sequence_new_ratio(p, r)) - r) < 1e-9, "p = %g, r = %g", p,
                      r);
    }
    cr_expect(isnan(sequence_correlation(0.25, 0.2)), "more new keys than without correlation");
    cr_expect(isnan(sequence_new_ratio(1, 0.5)) && isnan(sequence_new_ratio(0.5, -0.1)));
}

static void expect_between(double found, double expected, double tolerance, const char *what,
                           const char *kind)
{
    cr_expect(fabs(found - expected) <= tolerance, "%s, %s: %.4f found, %.4f +- %.4f expected", kind, what,
              found, expected, tolerance);
}

/* Part of the variance of u_t, of memory a, that stays in its mean over m queries. */
static double mean_share(double a, double m)
{
    return ((1 + a) / (1 - a) - 2 * a * (1 - pow(a, m)) / (m * (1 - a) * (1 - a))) / m;
}

/*
 * Means over 20 heads. From head to head new keys scatter by some 10 % of their share, the common share by
 * 0.1 (a head's common query is one draw), the next keys by 0.03: 4 standard errors of the mean. New keys are
 * asked for without the scatter of |q|, which adds 5 %; clusters are short here, so that a sequence has many.
 */
Test(sequence, statistics_are_those_asked_for)
{
    for (int kind = 0; kind < 2; kind++) {
        struct sequence sequence = kind ? sequence_as_measured() : sequence_as_reported();
        const char *name = kind ? "as measured" : "as reported";
        sequence.n_layers = SEQUENCE_MASS_RATIOS;
        sequence.n_heads = 4;
        sequence.n_tokens = 300;
        sequence.cluster_tokens = 8;
        struct qkv qkv = make(&sequence);
        struct qkv_statistics mean = {0};
        for (int layer = 0; layer < sequence.n_layers; layer++) {
            double mass_ratio = 0;
            for (int head = 0; head < sequence.n_heads; head++) {
                struct rs_error err;
                struct qkv_statistics one;
                cr_assert_eq(qkv_statistics_of(&qkv, 0, layer, head, 0.25, &one, &err), RS_OK);
                mass_ratio += one.mass_ratio / 4;
                mean.kept_ratio += one.kept_ratio / 20;
                mean.new_ratio += one.new_ratio / 20;
                mean.overlap_ratio += one.overlap_ratio / 20;
                mean.next_ratio += one.next_ratio / 20;
                mean.column_ratio += one.column_ratio / 20;
            }
            expect_between(mass_ratio, sequence.mass_ratio[layer], 0.02, "keys for 99 % of the mass", name);
        }
        expect_between(mean.kept_ratio, 0.25, 0.005, "kept", name);
        expect_between(mean.new_ratio / sequence.new_ratio, 1.05, 0.1, "new keys, of those asked for", name);
        expect_between(mean.overlap_ratio, 1 - mean.new_ratio / mean.kept_ratio, 0.005, "overlap", name);
        expect_between(mean.next_ratio, sequence.next_ratio - 0.02, 0.03, "next keys", name);
        double b = sequence.column_ratio, stays = mean_share(sequence_query_memory(&sequence), 150);
        expect_between(mean.column_ratio, b + (1 - b) * stays, 0.1, "common share", name);
        qkv_clear(&qkv);
    }
}

/* d = n = 4 and one head; q_t = `diagonal` e_t, k_j = e_j. */
static struct qkv unit_sequence(float diagonal)
{
    struct sequence sequence = sequence_as_measured();
    sequence.n_tokens = sequence.d_head = 4;
    struct qkv qkv = make(&sequence);
    qkv.score_scale = 1;
    for (size_t t = 0; t < 4; t++)
        for (size_t i = 0; i < 4; i++) {
            qkv.layers[0].q[4 * t + i] = t == i ? diagonal : 0;
            qkv.layers[0].k[4 * t + i] = t == i ? 1 : 0;
        }
    return qkv;
}

/* All scores equal: all are kept, the softmax is flat. Each query its own key: no two neighbours share one.
 */
Test(sequence, statistics_by_hand)
{
    struct rs_error err;
    struct qkv_statistics found;
    struct qkv qkv = unit_sequence(0);
    cr_assert_eq(qkv_statistics_of(&qkv, 0, 0, 0, 0.25, &found, &err), RS_OK);
    cr_expect(found.kept_ratio == 1 && found.overlap_ratio == 1 && found.new_ratio == 0 &&
              found.next_ratio == 1);
    cr_expect(fabs(found.entropy_ratio - 1) < 1e-12 && found.top_mass == 0.25 && found.mass_ratio == 1);
    cr_expect(isnan(found.column_ratio), "no variance, no share of it");
    qkv_clear(&qkv);
    qkv = unit_sequence(50);
    cr_assert_eq(qkv_statistics_of(&qkv, 0, 0, 0, 0.25, &found, &err), RS_OK);
    cr_expect(found.kept_ratio == 0.25 && found.overlap_ratio == 0 && found.new_ratio == 0.25 &&
              found.next_ratio == 0);
    cr_expect(found.entropy_ratio < 1e-12 && found.top_mass > 1 - 1e-12 && found.mass_ratio == 0.25);
    qkv_clear(&qkv);
}

static bool same_values(const struct qkv *one, const struct qkv *other, int layer)
{
    size_t n = one->n_tokens * (size_t)one->n_heads * one->d_head * sizeof(float);
    const struct qkv_layer *a = &one->layers[layer], *b = &other->layers[layer];
    return memcmp(a->q, b->q, n) == 0 && memcmp(a->k, b->k, n) == 0 && memcmp(a->v, b->v, n) == 0;
}

Test(sequence, files_come_back_as_they_were, .init = enter_folder, .fini = leave_folder)
{
    static const size_t lengths[] = {1, 2, 63, 65};
    for (size_t i = 0; i < 4; i++) {
        struct sequence sequence = sequence_as_measured();
        sequence.n_tokens = lengths[i];
        sequence.n_layers = 2;
        sequence.n_heads = 3;
        sequence.d_head = 5;
        sequence.n_samples = 1 + i;
        sequence.causal = i % 2;
        struct qkv made = make(&sequence), read;
        struct rs_error err;
        cr_assert_eq(qkv_write(&made, "sequence.h5", &err), RS_OK, "%s", err.text);
        cr_assert_eq(qkv_open("sequence.h5", &read, &err), RS_OK, "%s", err.text);
        cr_expect(read.n_layers == 2 && read.n_heads == 3 && read.n_kv_heads == 3 && read.d_head == 5 &&
                  read.causal == made.causal && read.n_samples == 1 + i && read.n_tokens == made.n_tokens &&
                  read.score_scale == 1 / sqrt(5) && strcmp(read.model, made.model) == 0);
        cr_expect_eq(memcmp(read.token_offset, made.token_offset, (2 + i) * sizeof(int64_t)), 0);
        cr_expect(same_values(&read, &made, 0) && same_values(&read, &made, 1), "%zu tokens", lengths[i]);
        qkv_clear(&made);
        qkv_clear(&read);
    }
    struct sequence sequence = sequence_as_measured();
    struct qkv made = make(&sequence);
    struct rs_error err;
    cr_expect_eq(qkv_write(&made, "/nowhere/at/all.h5", &err), RS_CREATE);
    qkv_clear(&made);
    cr_expect_eq(count_files(), 1, "nothing but the last file is left");
}

/* Values depend on seed, head, sample and token alone: a second sample and a second layer change nothing. */
Test(sequence, more_samples_and_layers_leave_the_others_as_they_are)
{
    struct sequence sequence = sequence_as_reported(), more = sequence, other = sequence;
    sequence.n_tokens = more.n_tokens = other.n_tokens = 50;
    more.n_samples = 3;
    more.n_layers = 2;
    other.seed = 2;
    struct qkv a = make(&sequence), b = make(&more), c = make(&other);
    cr_expect(same_values(&a, &b, 0), "the first sample of the first layer");
    cr_expect(!same_values(&a, &c, 0), "another seed");
    qkv_clear(&a);
    qkv_clear(&b);
    qkv_clear(&c);
}

Test(sequence, what_no_sequence_has_is_refused)
{
    const struct sequence good = sequence_as_measured();
    struct sequence bad[8];
    static const char *const words[8] = {"at least 1 expected", "at least 1 expected", "0.3 new found",
                                         "a common share of 1", "1 of the keys for",   "no such clusters",
                                         "values per layer",    "0 of the keys kept"};
    for (int i = 0; i < 8; i++)
        bad[i] = good;
    bad[0].n_tokens = 0;
    bad[1].cluster_tokens = 0;
    bad[2].new_ratio = 0.3;
    bad[3].column_ratio = 1;
    bad[4].mass_ratio[3] = 1;
    bad[5].next_ratio = 0.99;
    bad[6].n_tokens = (size_t)1 << 40;
    bad[7].keep_ratio = 0;
    for (int i = 0; i < 8; i++) {
        struct rs_error err = {""};
        struct qkv qkv;
        cr_expect_eq(sequence_make(&bad[i], &qkv, &err), RS_INPUT, "case %d", i);
        cr_expect(strstr(err.text, words[i]), "'%s' found, '%s' expected", err.text, words[i]);
    }
}
