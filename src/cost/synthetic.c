#include "cost/synthetic.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cost/bits.h"
#include "numeric/random.h"

/* By-layer fractions as in the traces' summary; values of the medium model by their mean (0.162 / 0.538 of
 * the keys). */
#define MEDIUM_VALUES (0.162 / 0.538)
const struct synthetic_schedule synthetic_gpt2_small = {
    .name = "GPT-2 small, WikiText-2",
    .n_layers = 12,
    .n_heads = 12,
    .key_ratio = {0.92, 0.72, 0.23, 0.23, 0.23, 0.23, 0.13, 0.13, 0.13, 0.13, 0.13, 0.13},
    .value_ratio = {0.18, 0.14, 0.04, 0.04, 0.04, 0.04, 0.03, 0.03, 0.03, 0.03, 0.03, 0.03},
    .n_heads_left = {12, 12, 12, 12, 12, 12, 12, 12, 12, 12, 12, 12}};
const struct synthetic_schedule synthetic_gpt2_medium = {
    .name = "GPT-2 medium, WikiText-2",
    .n_layers = 24,
    .n_heads = 16,
    .key_ratio = {1,    1,    0.92, 0.82, 0.82, 0.62, 0.62, 0.62, 0.62, 0.62, 0.62, 0.33,
                  0.33, 0.33, 0.33, 0.33, 0.33, 0.33, 0.33, 0.33, 0.33, 0.33, 0.33, 0.33},
    .value_ratio = {MEDIUM_VALUES,        MEDIUM_VALUES,        0.92 * MEDIUM_VALUES, 0.82 * MEDIUM_VALUES,
                    0.82 * MEDIUM_VALUES, 0.62 * MEDIUM_VALUES, 0.62 * MEDIUM_VALUES, 0.62 * MEDIUM_VALUES,
                    0.62 * MEDIUM_VALUES, 0.62 * MEDIUM_VALUES, 0.62 * MEDIUM_VALUES, 0.33 * MEDIUM_VALUES,
                    0.33 * MEDIUM_VALUES, 0.33 * MEDIUM_VALUES, 0.33 * MEDIUM_VALUES, 0.33 * MEDIUM_VALUES,
                    0.33 * MEDIUM_VALUES, 0.33 * MEDIUM_VALUES, 0.33 * MEDIUM_VALUES, 0.33 * MEDIUM_VALUES,
                    0.33 * MEDIUM_VALUES, 0.33 * MEDIUM_VALUES, 0.33 * MEDIUM_VALUES, 0.33 * MEDIUM_VALUES},
    .n_heads_left = {16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16,
                     16, 16, 16, 16, 13, 13, 13, 13, 13, 13, 10, 10}};

enum rs_status synthetic_check(const struct synthetic *synthetic, struct rs_error *err)
{
    double r = synthetic->keep_ratio, s = synthetic->shared_ratio;
    if (!(r >= 0 && r <= 1 && s >= 0 && s <= 1 && synthetic->value_ratio >= 0 && synthetic->value_ratio <= 1))
        return rs_fail(err, RS_INPUT, "synthetic trace: ratios %g, %g, %g found, 0 to 1 expected", r, s,
                       synthetic->value_ratio);
    if (r * (1 - s) > 1 - r)
        return rs_fail(err, RS_INPUT,
                       "synthetic trace: %g of the keys kept and %g of them shared found, at least %g "
                       "shared expected",
                       r, s, 2 - 1 / r);
    return RS_OK;
}

static struct random_key key_of(const struct synthetic *synthetic, size_t layer, size_t head, size_t i_query,
                                uint32_t what)
{
    return (struct random_key){.seed = synthetic->seed,
                               .purpose = RANDOM_POLICY,
                               .trial = what,
                               .array = (uint32_t)(layer * synthetic->n_heads + head),
                               .draw = (uint32_t)i_query};
}

void synthetic_query(const struct synthetic *synthetic, size_t layer, size_t head, size_t i_query,
                     uint64_t *keep, uint64_t *value, uint8_t *bits, double *scratch)
{
    size_t n = synthetic->causal ? i_query + 1 : synthetic->n_tokens,
           n_words = bits_words(synthetic->n_tokens);
    double r = synthetic->keep_ratio, s = synthetic->shared_ratio, fresh = r < 1 ? r * (1 - s) / (1 - r) : 1;
    struct random_key key = key_of(synthetic, layer, head, i_query, 0);
    if (i_query == 0)
        memset(keep, 0, n_words * sizeof *keep);
    random_uniforms(&key, n, scratch);
    for (size_t j = 0; j < n; j++) {
        bool first = i_query == 0 || (synthetic->causal && j == i_query);
        double chance = first ? r : bits_get(keep, j) ? s : fresh;
        uint64_t bit = UINT64_C(1) << j % 64;
        keep[j / 64] = scratch[j] < chance ? keep[j / 64] | bit : keep[j / 64] & ~bit;
    }
    if (value) {
        key = key_of(synthetic, layer, head, i_query, 1);
        random_uniforms(&key, n, scratch);
        memset(value, 0, n_words * sizeof *value);
        for (size_t j = 0; j < n; j++)
            if (bits_get(keep, j) && scratch[j] < synthetic->value_ratio)
                bits_set(value, j);
    }
    if (bits) {
        key = key_of(synthetic, layer, head, i_query, 2);
        random_uniforms(&key, n, scratch);
        for (size_t j = 0; j < n; j++)
            bits[j] = bits_get(keep, j) ? 0 : (uint8_t)(1 + scratch[j] * (synthetic->operand_bits - 1));
    }
}

static enum rs_status feed_head(const struct synthetic *synthetic, struct cost *cost, size_t layer,
                                size_t head, uint64_t *words, uint8_t *bits, double *scratch,
                                struct rs_error *err)
{
    uint64_t *value = words + bits_words(synthetic->n_tokens);
    struct cost_sequence sequence = {.layer = layer,
                                     .head = head,
                                     .n_tokens = synthetic->n_tokens,
                                     .n_padded = synthetic->n_padded,
                                     .causal = synthetic->causal,
                                     .prefill = true};
    enum rs_status status = cost_begin(cost, &sequence, err);
    for (size_t i = 0; !status && i < synthetic->n_tokens; i++) {
        synthetic_query(synthetic, layer, head, i, words, synthetic->value_ratio < 1 ? value : NULL, bits,
                        scratch);
        struct cost_query query = {.n_visible = synthetic->causal ? i + 1 : synthetic->n_tokens,
                                   .keep = words,
                                   .value = synthetic->value_ratio < 1 ? value : NULL,
                                   .bits = bits,
                                   .array_joules = (double)NAN};
        status = cost_query(cost, &query, err);
    }
    return status;
}

enum rs_status synthetic_feed(const struct synthetic *synthetic, struct cost *cost, struct rs_error *err)
{
    size_t n = synthetic->n_tokens;
    enum rs_status status = synthetic_check(synthetic, err);
    if (status)
        return status;
    uint64_t *words = memory_allocate(2 * bits_words(n), sizeof *words, err);
    uint8_t *bits = memory_allocate(n, sizeof *bits, err);
    double *scratch = memory_allocate(n, sizeof *scratch, err);
    if (!words || !bits || !scratch)
        status = RS_INTERNAL;
    for (size_t layer = 0; !status && layer < synthetic->n_layers; layer++)
        for (size_t head = 0; !status && head < synthetic->n_heads; head++)
            status = feed_head(synthetic, cost, layer, head, words, bits, scratch, err);
    free(words);
    free(bits);
    free(scratch);
    return status;
}
