/* SpAtten's cascade through whole layers of several heads, on arrays. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "attention/attention.h"
#include "attention_fixture.h"

TestSuite(cascade_layers, .timeout = 60);

enum { LAYERS = 3, HEADS = 4, KV_HEADS = 2, D = 8, N = 12, GROUP = HEADS / KV_HEADS };

/* One sample: outputs [layer][head][query][d]. */
struct sample {
    float q[LAYERS * HEADS * N * D], k[LAYERS * KV_HEADS * N * D], v[LAYERS * KV_HEADS * N * D];
    float output[LAYERS * HEADS * N * D];
};

static void draw(uint32_t number, size_t n, float *values)
{
    static double z[LAYERS * HEADS * N * D];
    const struct random_key key = {.seed = 5, .purpose = RANDOM_PROBE, .draw = number};
    random_normals(&key, n, z);
    for (size_t i = 0; i < n; i++)
        values[i] = (float)z[i];
}

static void draw_sample(uint32_t number, struct sample *sample)
{
    draw(3 * number, LAYERS * HEADS * N * D, sample->q);
    draw(3 * number + 1, LAYERS * KV_HEADS * N * D, sample->k);
    draw(3 * number + 2, LAYERS * KV_HEADS * N * D, sample->v);
}

/* options: key, value, ..., NULL. self: queries are the keys' tokens; else one query. */
static void settle(struct attention_fixture *f, bool causal, bool self, const char *policy,
                   const char *const *options)
{
    attention_fixture_init(f, D, N);
    f->shape.n_layers = LAYERS;
    f->shape.n_heads = HEADS;
    f->shape.n_kv_heads = KV_HEADS;
    f->shape.causal = causal;
    f->shape.n_queries_max = self ? N : 1;
    f->shape.score_scale = 0.5;
    for (int h = 0; h < FIXTURE_HEADS_MAX; h++)
        f->query_range[h] = f->key_range[h] = f->value_range[h] = 2.5;
    attention_fixture_set(f, "prune.policy", policy);
    attention_fixture_set(f, "encoding.analog_bits", "8");
    attention_fixture_set(f, "encoding.query_bits", "8");
    for (; *options != NULL; options += 2)
        attention_fixture_set(f, options[0], options[1]);
    attention_fixture_settle(f, 0);
}

static struct attention_counts run(const struct attention_fixture *f, enum query_mode mode, uint32_t first,
                                   uint32_t last, struct sample *sample, struct attention_counts *layers)
{
    struct attention *attention;
    struct attention_counts total = {0};
    struct rs_error err = {{0}};
    cr_assert_eq(attention_create(&f->setup, mode, &attention, &err), RS_OK, "%s", err.text);
    attention_start(attention, 0, NULL);
    for (uint32_t number = first; number <= last; number++) {
        draw_sample(number, sample);
        attention_set_sample(attention, number);
        for (int layer = 0; layer < LAYERS; layer++)
            for (int kv = 0; kv < KV_HEADS; kv++) {
                size_t at = (size_t)(layer * KV_HEADS + kv) * N * D, n_q = f->shape.n_queries_max;
                struct attention_call call = {.layer = layer,
                                              .kv_head = kv,
                                              .n_query_heads = GROUP,
                                              .n_queries = n_q,
                                              .n_keys = N,
                                              .d = D,
                                              .causal = f->shape.causal,
                                              .score_scale = f->shape.score_scale,
                                              .q = sample->q + at * GROUP,
                                              .k = sample->k + at,
                                              .v = sample->v + at,
                                              .output = sample->output + at * GROUP};
                cr_assert_eq(attention_run(attention, &call, &err), RS_OK, "%s", err.text);
            }
    }
    const struct attention_counts *counts = attention_get_counts(attention);
    for (int i = 0; i < LAYERS * HEADS; i++) {
        counts_add(&total, &counts[i]);
        if (layers != NULL && i % HEADS == 0)
            memset(&layers[i / HEADS], 0, sizeof layers[0]);
        if (layers != NULL)
            counts_add(&layers[i / HEADS], &counts[i]);
    }
    attention_destroy(attention);
    return total;
}

Test(cascade_layers, an_ideal_array_of_full_width_cascades_exactly)
{
    static struct sample analog, exact;
    for (uint32_t i = 0; i < 6; i++) {
        struct attention_fixture f;
        bool causal = i % 3 == 1, self = i % 3 != 2;
        settle(&f, causal, self, "cascade",
               (const char *const[]){"prune.keep_ratio", i < 3 ? "0.5" : "0.3", "prune.head_unpruned_layers",
                                     "0", "prune.head_ratio_start", "0.25", "prune.head_ratio_end", "0.5",
                                     "prune.value_ratio", i < 3 ? "0" : "0.4", NULL});
        memset(&analog.output, 0, sizeof analog.output);
        memset(&exact.output, 0, sizeof exact.output);
        struct attention_counts layers[LAYERS], c = run(&f, QUERY_ANALOG, i, i + 1, &analog, layers);
        run(&f, QUERY_EXACT, i, i + 1, &exact, NULL);
        cr_assert(c.n_false_prune == 0 && c.n_false_keep == 0, "run %u: %d, %d", i, (int)c.n_false_prune,
                  (int)c.n_false_keep);
        cr_assert(c.lost_mass_sum == 0 && c.output_error_sum == 0 && c.n_empty == 0);
        cr_assert_eq(memcmp(analog.output, exact.output, sizeof exact.output), 0, "run %u", i);
        cr_assert(layers[0].n_kept == layers[0].n_visible && layers[1].n_kept < layers[1].n_visible);
        cr_assert(layers[2].n_kept < layers[1].n_kept);
        /* exact scores that tie at the border count in part */
        cr_assert(c.recall_sum > 0.99 * (double)c.n_recall_queries);
        setup_clear(&f.setup);
    }
}

/* What a wire and a noisy converter do to the exact side: nothing; to the analog one: other tokens. */
Test(cascade_layers, errors_change_the_analog_side_only)
{
    static struct sample sample;
    int64_t n_exact[2];
    for (int noisy = 0; noisy < 2; noisy++) {
        struct attention_fixture f;
        settle(&f, false, true, "cascade",
               (const char *const[]){"prune.keep_ratio", "0.5", "readout.noise", noisy ? "2e-5" : "0",
                                     "readout.bits", noisy ? "6" : "0", NULL});
        struct attention_counts c = run(&f, QUERY_ANALOG, 0, 2, &sample, NULL);
        n_exact[noisy] = c.n_exact_keep;
        cr_assert_eq(c.n_false_prune > 0, noisy, "%d", (int)c.n_false_prune);
        setup_clear(&f.setup);
    }
    cr_assert_eq(n_exact[0], n_exact[1]);
}

Test(cascade_layers, a_schedule_that_prunes_nothing_equals_no_policy)
{
    static struct sample cascade, none;
    for (int i = 0; i < 3; i++) {
        struct attention_fixture f;
        const char *const off[] = {"prune.keep_ratio", "1", "readout.noise", "2e-5", NULL};
        settle(&f, i == 1, i != 2, "cascade", off);
        struct attention_counts c = run(&f, QUERY_ANALOG, 4, 5, &cascade, NULL);
        setup_clear(&f.setup);
        settle(&f, i == 1, i != 2, "none", off);
        struct attention_counts d = run(&f, QUERY_ANALOG, 4, 5, &none, NULL);
        setup_clear(&f.setup);
        cr_assert(c.n_kept == c.n_visible && c.n_exact_keep == c.n_visible && d.n_kept == c.n_kept);
        size_t n = (i == 2 ? 1 : N) * (size_t)GROUP * D;
        for (int at = 0; at < LAYERS * KV_HEADS; at++)
            cr_assert_eq(memcmp(cascade.output + at * GROUP * N * D, none.output + at * GROUP * N * D,
                                n * sizeof(float)),
                         0);
    }
}

/* Everything pruned: self-attention computes nothing; generation has its own token; a memory network's query
 * is empty and attends to the best. */
Test(cascade_layers, everything_may_be_pruned)
{
    static struct sample sample;
    for (int i = 0; i < 3; i++) {
        struct attention_fixture f;
        struct attention_counts layers[LAYERS];
        bool causal = i == 1, self = i != 2;
        size_t n_q = self ? N : 1;
        settle(&f, causal, self, "cascade", (const char *const[]){"prune.token_keep", "0", NULL});
        memset(sample.output, 0x7f, sizeof sample.output);
        run(&f, QUERY_ANALOG, 7, 7, &sample, layers);
        for (int layer = 1; layer < LAYERS; layer++) {
            const struct attention_counts *c = &layers[layer];
            cr_assert_eq(c->n_queries, (int64_t)(n_q * HEADS));
            cr_assert_eq(c->n_kept, causal ? N * HEADS : 0);
            cr_assert_eq(c->n_empty, self ? 0 : HEADS);
            cr_assert_eq(c->n_output_queries, self && !causal ? 0 : (int64_t)(n_q * HEADS));
            for (size_t h = 0; h < HEADS; h++)
                for (size_t t = 0; t < n_q * D; t++) {
                    size_t row =
                        ((size_t)layer * HEADS + h) / GROUP * GROUP * N * D + h % GROUP * n_q * D + t;
                    size_t value = ((size_t)layer * KV_HEADS + h / GROUP) * N * D + t;
                    double step = 2.5 / 127,
                           own = step * rint(fmin(fmax((double)sample.v[value], -2.5), 2.5) / step);
                    if (self)
                        cr_assert_float_eq((double)sample.output[row], causal ? own : 0, 1e-5);
                }
        }
        setup_clear(&f.setup);
    }
}

/* The sample before leaves nothing behind. */
Test(cascade_layers, a_sample_begins_anew)
{
    static struct sample alone, after;
    struct attention_fixture f;
    settle(&f, true, true, "cascade",
           (const char *const[]){"prune.keep_ratio", "0.4", "prune.head_ratio_start", "0.5",
                                 "prune.head_ratio_end", "0.75", "prune.value_ratio", "0.3", "readout.bits",
                                 "5", NULL});
    run(&f, QUERY_ANALOG, 3, 3, &alone, NULL);
    run(&f, QUERY_ANALOG, 1, 3, &after, NULL);
    cr_assert_eq(memcmp(alone.output, after.output, sizeof alone.output), 0);
    setup_clear(&f.setup);
}

/*
 * One query, scores 2.56, 0 and -2.56 by all bits (k = 16, 0, -16 and q = 16, score_scale 0.01), 1.92 x ...
 * by MSBs where the low 5 bits of k are left out: all 0 there, so that all values weigh the same.
 */
Test(cascade_layers, lsbs_come_where_nothing_dominates)
{
    const char *const bounds[] = {"0.5", "0.99"};
    const float q[] = {16, 0}, k[] = {16, 0, 0, 0, -16, 0}, v[] = {90, 0, 0, 90, 0, 0};
    for (int refetch = 0; refetch < 2; refetch++) {
        struct attention_fixture f;
        struct attention *attention;
        struct rs_error err = {{0}};
        float output[2];
        attention_fixture_init(&f, 2, 3);
        f.shape.n_queries_max = 1;
        f.shape.score_scale = 0.01;
        attention_fixture_set(&f, "prune.policy", "cascade");
        attention_fixture_set(&f, "prune.progressive_lsb_bits", "5");
        attention_fixture_set(&f, "prune.progressive_bound", bounds[refetch]);
        attention_fixture_settle(&f, 0);
        cr_assert_eq(attention_create(&f.setup, QUERY_ANALOG, &attention, &err), RS_OK, "%s", err.text);
        attention_start(attention, 0, NULL);
        attention_set_sample(attention, 0);
        struct attention_call call = {.n_query_heads = 1,
                                      .n_queries = 1,
                                      .n_keys = 3,
                                      .d = 2,
                                      .score_scale = 0.01,
                                      .q = q,
                                      .k = k,
                                      .v = v,
                                      .output = output};
        cr_assert_eq(attention_run(attention, &call, &err), RS_OK, "%s", err.text);
        double sum = exp(2.56) + 1 + exp(-2.56);
        const double expected[2][2] = {{30, 30}, {90 * exp(2.56) / sum, 90 / sum}};
        const struct attention_counts *c = attention_get_counts(attention);
        for (int i = 0; i < 2; i++)
            cr_assert_float_eq((double)output[i], expected[refetch][i], 1e-4, "%g", (double)output[i]);
        cr_assert(c->n_recomputed == 3 && c->n_recompute_bits == 3 * (refetch ? 7 : 2));
        cr_assert_eq(c->output_error_sum > 0, !refetch); /* the reference has all bits */
        attention_destroy(attention);
        setup_clear(&f.setup);
    }
}

Test(cascade_layers, what_does_not_fit_is_refused)
{
    const char *const cases[][4] = {
        {"prune.progressive_lsb_bits", "7", "recompute.bits", "0"},
        {"prune.progressive_lsb_bits", "4", "recompute.enabled", "false"},
        {"prune.progressive_lsb_bits", "4", "recompute.bits", "6"},
        {"prune.token_ratio_start", "0.1", "prune.keep_ratio", "0.2"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct attention_fixture f;
        struct rs_error err = {{0}};
        attention_fixture_init(&f, D, N);
        attention_fixture_set(&f, "prune.policy", "cascade");
        attention_fixture_set(&f, cases[i][0], cases[i][1]);
        attention_fixture_set(&f, cases[i][2], cases[i][3]);
        cr_assert_eq(attention_fixture_try(&f, &err), RS_INPUT, "case %zu", i);
        cr_assert(strstr(err.text, cases[i][0]) != NULL && strstr(err.text, "expected") != NULL, "%s",
                  err.text);
        setup_clear(&f.setup);
    }
}
