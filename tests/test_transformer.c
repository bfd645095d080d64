/* A transformer's forward pass and its attention hook; shapes; activations; rotary positions. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "numeric/activation.h"
#include "numeric/product.h"
#include "numeric/random.h"
#include "transformer_fixture.h"

TestSuite(transformer, .timeout = 60);

Test(transformer, activations_are_their_formulas)
{
    for (double x = -40; x <= 40; x += 0.0137) {
        cr_assert_float_eq(activation_tanh(x), tanh(x), 1e-15, "%g", x);
        cr_assert_float_eq(activation_silu(x), x / (1 + exp(-x)), 1e-15 * (1 + fabs(x)), "%g", x);
        cr_assert_float_eq(activation_normal(x), 0.5 * erfc(-x / sqrt(2)), 1e-15, "%g", x);
        cr_assert_float_eq(activation_gelu_erf(x), 0.5 * x * erfc(-x / sqrt(2)), 2e-15 * (1 + fabs(x)), "%g",
                           x);
        double u = sqrt(2 / acos(-1)) * (x + 0.044715 * x * x * x);
        cr_assert_float_eq(activation_gelu_tanh(x), 0.5 * x * (1 + tanh(u)), 2e-15 * (1 + fabs(x)), "%g", x);
    }
    cr_assert(isnan(activation_tanh((double)NAN)) && isnan(activation_normal((double)NAN)) &&
              isnan(activation_silu((double)NAN)));
}

Test(transformer, turns_are_cosines_and_sines_of_positions)
{
    enum { POSITIONS = 2000, PAIRS = 5 };
    static double turns[POSITIONS * PAIRS * 2];
    const double bases[] = {1, 100, 10000, 5e5, 1e12};
    for (size_t b = 0; b < sizeof bases / sizeof bases[0]; b++) {
        activation_turns(POSITIONS, PAIRS, bases[b], turns);
        for (int p = 0; p < POSITIONS; p++)
            for (int i = 0; i < PAIRS; i++) {
                double angle = p * pow(bases[b], -(double)i / PAIRS);
                const double *at = turns + 2 * (p * PAIRS + i);
                cr_assert_float_eq(at[0], cos(angle), 2e-12, "base %g, position %d", bases[b], p);
                cr_assert_float_eq(at[1], sin(angle), 2e-12, "base %g, position %d", bases[b], p);
            }
    }
}

Test(transformer, single_precision_is_packed_as_double_is)
{
    enum { ROWS = 13, COLUMNS = 37, INPUTS = 3 };
    double matrix[ROWS * COLUMNS], inputs[INPUTS * ROWS];
    float plain[ROWS * COLUMNS], turned[ROWS * COLUMNS], x[INPUTS * ROWS], out[3][INPUTS * COLUMNS];
    const struct random_key key = {.seed = 1}, other = {.seed = 2};
    random_normals(&key, ROWS * COLUMNS, matrix);
    random_normals(&other, INPUTS * ROWS, inputs);
    for (int i = 0; i < ROWS; i++)
        for (int j = 0; j < COLUMNS; j++) {
            float value = (float)matrix[i * COLUMNS + j];
            matrix[i * COLUMNS + j] = (double)value;
            plain[i * COLUMNS + j] = turned[j * ROWS + i] = value;
        }
    for (int i = 0; i < INPUTS * ROWS; i++)
        x[i] = (float)inputs[i];
    for (int k = 0; k < N_KERNELS; k++) {
        if (!kernel_runs((enum kernel)k))
            continue;
        for (int way = 0; way < 3; way++) {
            struct product *product;
            cr_assert_eq(product_create(ROWS, COLUMNS, PRODUCT_F32, (enum kernel)k, &product, NULL), RS_OK);
            if (way == 0)
                product_load(product, matrix);
            else
                product_load_f32(product, way == 1 ? plain : turned, way == 2);
            product_apply_f32(product, INPUTS, x, out[way]);
            product_destroy(product);
        }
        cr_assert_eq(memcmp(out[0], out[1], sizeof out[0]), 0, "%s", kernel_name((enum kernel)k));
        cr_assert_eq(memcmp(out[0], out[2], sizeof out[0]), 0, "%s", kernel_name((enum kernel)k));
    }
}

/* Notes the calls of one sample and attends exactly. */
struct notes {
    int n_calls, order_errors, n_kv_heads;
    size_t n_keys;
    float q[2][256], k[2][256]; /* of layer 0, kv head 0, first and last call */
};

static enum rs_status note(void *context, const struct attention_call *call, struct rs_error *err)
{
    struct notes *notes = context;
    int expected = call->layer * notes->n_kv_heads + call->kv_head;
    notes->order_errors += expected != notes->n_calls++;
    notes->n_keys = call->n_keys;
    if (expected == 0) {
        memcpy(notes->q[0], call->q, call->n_queries * call->d * sizeof(float));
        memcpy(notes->k[0], call->k, call->n_keys * call->d * sizeof(float));
    }
    return attention_hook_exact(NULL, call, err);
}

Test(transformer, the_hook_is_called_once_per_layer_and_kv_head_and_exact_is_plain)
{
    for (int family = 0; family < N_FAMILIES; family++) {
        struct transformer model;
        struct rs_error err = {{0}};
        struct random_samples in;
        random_transformer(family, 5, &model);
        random_samples(&model.shape, 5, &in);
        size_t n_answers = transformer_shape_n_answers(&model.shape);
        struct transformer_workspace *workspace = transformer_workspace_create(&model, &err);
        for (int s = 0; s < N_SAMPLES; s++) {
            static float plain_logits[16 * 32], logits[16 * 32];
            struct transformer_answer plain = {.logits = plain_logits}, hooked = {.logits = logits};
            struct notes notes = {.n_kv_heads = (int)model.shape.n_kv_heads};
            size_t n = transformer_n_tokens(&model.shape, &in.samples[s]);
            cr_assert_eq(transformer_run(&model, &in.samples[s], workspace, NULL, NULL, &plain, &err), RS_OK);
            cr_assert_eq(transformer_run(&model, &in.samples[s], workspace, note, &notes, &hooked, &err),
                         RS_OK);
            cr_assert_eq(notes.n_calls, (int)(model.shape.n_layers * model.shape.n_kv_heads));
            cr_assert(notes.order_errors == 0 && notes.n_keys == n);
            size_t n_rows = model.shape.task == TRANSFORMER_LANGUAGE ? n : 1;
            cr_assert_eq(memcmp(plain_logits, logits, n_rows * n_answers * sizeof *logits), 0, "%s",
                         family_names[family]);
            cr_assert(plain.nll == hooked.nll && plain.best == hooked.best);
            const float *last = logits + (n_rows - 1) * n_answers;
            for (size_t i = 0; i < n_answers; i++)
                cr_assert(last[i] <= last[plain.best]);
        }
        transformer_workspace_destroy(workspace);
        transformer_clear(&model);
    }
}

static enum rs_status fail_late(void *context, const struct attention_call *call, struct rs_error *err)
{
    (void)context;
    return call->layer == 1 ? rs_fail(err, RS_STOPPED, "enough") : attention_hook_exact(NULL, call, err);
}

Test(transformer, a_failing_hook_ends_the_run_with_its_status)
{
    struct transformer model;
    struct rs_error err = {{0}};
    struct random_samples in;
    struct transformer_answer answer = {0};
    random_transformer(FAMILY_GPT2, 5, &model);
    random_samples(&model.shape, 5, &in);
    struct transformer_workspace *workspace = transformer_workspace_create(&model, &err);
    cr_assert_eq(transformer_run(&model, &in.samples[0], workspace, fail_late, NULL, &answer, &err),
                 RS_STOPPED);
    cr_assert_str_eq(err.text, "enough");
    transformer_workspace_destroy(workspace);
    transformer_clear(&model);
}

Test(transformer, later_words_do_not_change_earlier_answers)
{
    const int families[] = {FAMILY_GPT2, FAMILY_LLAMA, FAMILY_LLAMA2C};
    for (int f = 0; f < 3; f++) {
        struct transformer model;
        struct rs_error err = {{0}};
        struct random_samples in;
        float logits[2][16 * 32];
        random_transformer(families[f], 5, &model);
        random_samples(&model.shape, 6, &in);
        struct transformer_workspace *workspace = transformer_workspace_create(&model, &err);
        size_t n = in.samples[0].n_words, row = model.shape.n_words;
        for (int run = 0; run < 2; run++) {
            struct transformer_answer answer = {.logits = logits[run]};
            cr_assert_eq(transformer_run(&model, &in.samples[0], workspace, NULL, NULL, &answer, &err),
                         RS_OK);
            in.words[0][n - 2] = (in.words[0][n - 2] + 1) % (int32_t)row;
        }
        cr_assert_eq(memcmp(logits[0], logits[1], (n - 2) * row * sizeof(float)), 0);
        cr_assert_neq(memcmp(logits[0] + (n - 2) * row, logits[1] + (n - 2) * row, row * sizeof(float)), 0);
        transformer_workspace_destroy(workspace);
        transformer_clear(&model);
    }
}

static double score(const float *q, const float *k, size_t d)
{
    double sum = 0;
    for (size_t i = 0; i < d; i++)
        sum += (double)q[i] * (double)k[i];
    return sum;
}

/* A text of one repeated word: what the hook sees of it differs by rotation alone, so that scores depend on
 * distances. */
Test(transformer, rotary_scores_depend_on_distances)
{
    const int families[] = {FAMILY_LLAMA, FAMILY_LLAMA2C, FAMILY_OTHER};
    for (int f = 0; f < 3; f++) {
        struct transformer model;
        struct rs_error err = {{0}};
        int32_t words[9] = {0};
        struct notes notes = {0};
        struct transformer_answer answer = {0};
        const struct transformer_sample sample = {.n_words = 9, .words = words, .label = -1};
        random_transformer(families[f], 8, &model);
        notes.n_kv_heads = (int)model.shape.n_kv_heads;
        struct transformer_workspace *workspace = transformer_workspace_create(&model, &err);
        cr_assert_eq(transformer_run(&model, &sample, workspace, note, &notes, &answer, &err), RS_OK);
        size_t d = model.shape.d_head;
        double spread = 0;
        for (size_t i = 2; i < 9; i++) {
            double one = score(notes.q[0] + 2 * d, notes.k[0], d);
            double other = score(notes.q[0] + i * d, notes.k[0] + (i - 2) * d, d);
            cr_assert_float_eq(one, other, 1e-5 * (1 + fabs(one)), "family %d, position %zu", f, i);
            spread = fmax(spread, fabs(one - score(notes.q[0] + i * d, notes.k[0], d)));
        }
        cr_assert_gt(spread, 1e-3);
        transformer_workspace_destroy(workspace);
        transformer_clear(&model);
    }
}

Test(transformer, kernels_differ_by_rounding_alone_and_repeat_themselves)
{
    for (int family = 0; family < N_FAMILIES; family++)
        for (int k = 0; k < N_KERNELS; k++) {
            struct transformer model;
            struct rs_error err = {{0}};
            struct random_samples in;
            double nll[2] = {0}, baseline = 0;
            if (!kernel_runs((enum kernel)k))
                continue;
            random_transformer(family, 12, &model);
            random_samples(&model.shape, 12, &in);
            for (int run = 0; run < 3; run++) {
                cr_assert_eq(transformer_pack(&model, run < 2 ? (enum kernel)k : KERNEL_BASELINE, &err),
                             RS_OK);
                struct transformer_workspace *workspace = transformer_workspace_create(&model, &err);
                struct transformer_answer answer = {0};
                for (int s = 0; s <= run; s++) /* whatever ran before in this workspace */
                    cr_assert_eq(
                        transformer_run(&model, &in.samples[s], workspace, NULL, NULL, &answer, &err), RS_OK);
                cr_assert_eq(transformer_run(&model, &in.samples[0], workspace, NULL, NULL, &answer, &err),
                             RS_OK);
                *(run < 2 ? &nll[run] : &baseline) = answer.nll;
                transformer_workspace_destroy(workspace);
            }
            cr_assert_eq(nll[0], nll[1], "%s, %s", family_names[family], kernel_name((enum kernel)k));
            cr_assert_float_eq(nll[0], baseline, 1e-5 * (1 + baseline), "%s", family_names[family]);
            transformer_clear(&model);
        }
}

#define CASE(family, change, said)                                                                           \
    {                                                                                                        \
        struct transformer_shape shape = family_shape(family);                                               \
        struct rs_error err = {{0}};                                                                         \
        cr_assert_eq(transformer_shape_check(&shape, &err), RS_OK, "%s", err.text);                          \
        shape.change;                                                                                        \
        cr_assert_eq(transformer_shape_check(&shape, &err), RS_INPUT, "%s", said);                           \
        cr_assert_not_null(strstr(err.text, said), "%s, not %s", err.text, said);                            \
    }

Test(transformer, shapes_that_cannot_be_are_refused_with_a_reason)
{
    CASE(FAMILY_GPT2, n_layers = 0, "n_layers = 0 found");
    CASE(FAMILY_GPT2, n_layers = (size_t)1 << 60, "1 to 128 expected");
    CASE(FAMILY_GPT2, d = 0, "d = 0 found");
    CASE(FAMILY_GPT2, d_hidden = 20000, "d_hidden = 20000 found");
    CASE(FAMILY_GPT2, n_heads = 0, "n_heads = 0 found");
    CASE(FAMILY_GPT2, n_kv_heads = 4, "n_kv_heads = 4 found");
    CASE(FAMILY_GPT2, n_kv_heads = 2, "n_kv_heads that divides n_heads expected");
    CASE(FAMILY_GPT2, d_head = 16384, "n_heads x d_head = 49152 found");
    CASE(FAMILY_GPT2, n_words = 0, "n_words = 0 found");
    CASE(FAMILY_GPT2, n_classes = 2, "n_classes = 2 found");
    CASE(FAMILY_GPT2, n_positions = 1 << 20, "n_positions = 1048576 found");
    CASE(FAMILY_GPT2, patch = 4, "patch = 4 found");
    CASE(FAMILY_GPT2, class_token = true, "a class token only before patches expected");
    CASE(FAMILY_GPT2, pooler = true, "a pooler only of classes expected");
    CASE(FAMILY_GPT2, norm_epsilon = 0, "norm_epsilon from 1e-14 to 1 expected");
    CASE(FAMILY_GPT2, norm_epsilon = (double)NAN, "norm_epsilon");
    CASE(FAMILY_GPT2, activation = (enum transformer_activation)7, "activation = 7 found");
    CASE(FAMILY_GPT2, order = (enum transformer_order)(-1), "order = ");
    CASE(FAMILY_BERT, tied = true, "a tied output only in a language model expected");
    CASE(FAMILY_BERT, n_segments = 99, "n_segments = 99 found");
    CASE(FAMILY_VIT, n_words = 5, "n_words = 5 found");
    CASE(FAMILY_VIT, patch = 4, "a patch that divides height and width expected");
    CASE(FAMILY_VIT, n_positions = 6, "n_positions = number of patches and class token expected");
    CASE(FAMILY_VIT, task = TRANSFORMER_LANGUAGE, "n_classes = 5 found");
    CASE(FAMILY_LLAMA, d_head = 5, "an even d_head with rotary positions expected");
    CASE(FAMILY_LLAMA, rotary_base = (double)INFINITY, "rotary_base from 1 to 1e12 expected");
    CASE(FAMILY_LLAMA, n_layers = 128; shape.d = shape.d_hidden = 16384, "weights found in a transformer");
}

Test(transformer, a_layout_leaves_no_gap_and_overlaps_nowhere)
{
    for (int family = 0; family < N_FAMILIES; family++) {
        struct transformer_shape shape = family_shape(family);
        struct transformer_layout layout = transformer_shape_layout(&shape);
        unsigned char *used = calloc(layout.n_weights, 1);
        for (int kind = 0; kind < TRANSFORMER_N_WEIGHTS; kind++)
            for (size_t layer = 0; layout.places[kind].n_rows > 0 &&
                                   layer < (transformer_shape_per_layer(kind) ? shape.n_layers : 1);
                 layer++)
                for (size_t i = 0; i < layout.places[kind].n_rows * layout.places[kind].n_columns; i++)
                    used[transformer_shape_first(&layout, kind, layer) + i]++;
        for (size_t i = 0; i < layout.n_weights; i++)
            cr_assert_eq(used[i], 1, "%s, weight %zu", family_names[family], i);
        free(used);
    }
}
