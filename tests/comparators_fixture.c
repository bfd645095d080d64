#include "comparators_fixture.h"

#include <criterion/criterion.h>
#include <string.h>

/* Two heads on shared keys; wires, drivers and sense resistors, an ideal device; two stacks, three tiles. */
void comparators_fixture_init(struct attention_fixture *f)
{
    static const char *const keys[][2] = {{"array.rows", "10"},           {"array.columns", "9"},
                                          {"array.r_word_line", "3 ohm"}, {"array.r_bit_line", "5 ohm"},
                                          {"array.r_driver", "120 ohm"},  {"array.r_sense", "800 ohm"}};
    attention_fixture_init(f, D, N);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        attention_fixture_set(f, keys[i][0], keys[i][1]);
    f->shape.n_heads = HEADS;
    for (int h = 0; h < FIXTURE_HEADS_MAX; h++)
        f->query_range[h] = f->key_range[h] = f->value_range[h] = 2.5;
}

struct words {
    float q[HEADS * N * D], k[N * D], v[N * D], output[HEADS * N * D];
};

static void draw_words(uint32_t draw, struct words *words)
{
    float *const parts[] = {words->q, words->k, words->v};
    const size_t sizes[] = {HEADS * N * D, N * D, N * D};
    static double z[HEADS * N * D];
    for (uint32_t part = 0; part < 3; part++) {
        struct random_key key = {.seed = 61, .purpose = RANDOM_PROBE, .draw = 3 * draw + part};
        random_normals(&key, sizes[part], z);
        for (size_t i = 0; i < sizes[part]; i++)
            parts[part][i] = (float)z[i];
    }
}

void comparators_fixture_run(const struct attention_fixture *f, uint32_t trial, struct outcome *out)
{
    struct attention *attention;
    struct rs_error err = {{0}};
    struct words words;
    struct keep keep = {.margins = true};
    draw_words(1, &words);
    struct attention_call call = {.n_query_heads = HEADS,
                                  .n_queries = N,
                                  .n_keys = N,
                                  .d = D,
                                  .score_scale = 1,
                                  .q = words.q,
                                  .k = words.k,
                                  .v = words.v,
                                  .output = words.output};
    cr_assert_eq(attention_create(&f->setup, QUERY_ANALOG, &attention, &err), RS_OK, "%s", err.text);
    attention_start(attention, trial, &keep);
    attention_set_sample(attention, 5);
    cr_assert_eq(attention_run(attention, &call, &err), RS_OK, "%s", err.text);
    cr_assert_eq(attention_certificate(attention).n_failed, 0);
    memcpy(out->counts, attention_get_counts(attention), sizeof out->counts);
    out->delays = *attention_get_delays(attention);
    attention_destroy(attention);
    cr_assert_eq(keep.n_pairs, READS * N);
    for (size_t p = 0; p < keep.n_pairs; p++) {
        const struct keep_pair *pair = &keep.pairs[p];
        int read = HEADS * pair->query + pair->head;
        out->values[read][pair->key] = pair->analog_score / setup_analog_unit(&f->setup, 0, pair->head);
        out->bits[read][pair->key] = pair->decision;
        out->threshold[pair->head] = query_reference(&f->setup, 0, pair->head);
    }
    keep_clear(&keep);
}

/* Options given as key, value, ..., NULL; thresholds of 3 and 1.5. */
void comparators_fixture_settle(struct attention_fixture *f, const char *const *options)
{
    struct rs_error err = {{0}};
    for (size_t i = 0; options[i] != NULL; i += 2)
        attention_fixture_set(f, options[i], options[i + 1]);
    cr_assert_eq(attention_fixture_try(f, &err), RS_OK, "%s", err.text);
    for (int h = 0; h < HEADS; h++)
        f->setup.thresholds[h] = 3 - 1.5 * h;
    cr_assert_eq(setup_settle_reference(&f->setup, &err), RS_OK, "%s", err.text);
}

void comparators_fixture_run_with(const char *const *options, struct outcome *out)
{
    struct attention_fixture f;
    comparators_fixture_init(&f);
    comparators_fixture_settle(&f, options);
    comparators_fixture_run(&f, 2, out);
    setup_clear(&f.setup);
}

struct bank_job comparators_fixture_job(int16_t *key_msb, int16_t *query_msb)
{
    struct random_key key = {.seed = 62, .purpose = RANDOM_PROBE};
    for (uint32_t i = 0; i < N * D; i++)
        key_msb[i] = (int16_t)((int)random_integer(&key, i, 15) - 7);
    key.draw = 1;
    for (uint32_t i = 0; i < READS * D; i++)
        query_msb[i] = (int16_t)((int)random_integer(&key, i, 15) - 7);
    return (struct bank_job){.trial = 2,
                             .write = 5,
                             .n_keys = N,
                             .n_queries = N,
                             .n_query_heads = HEADS,
                             .key_msb = key_msb,
                             .query_msb = query_msb};
}

void comparators_fixture_read(const struct attention_fixture *f, const struct bank_job *job, double *signals,
                              double *minus, double *source_ohm, double *reference_ratio)
{
    struct bank *bank;
    struct rs_error err = {{0}};
    const struct bank_answer answer = {signals, minus, source_ohm, reference_ratio};
    cr_assert_eq(bank_create(&f->setup, &bank, &err), RS_OK, "%s", err.text);
    cr_assert_eq(bank_read(bank, job, &answer, NULL, &err), RS_OK, "%s", err.text);
    cr_assert_eq(bank_certificate(bank).n_failed, 0);
    bank_destroy(bank);
}
