/* The transformers compiled into the program: what they are, what they reach, that attention matters to them.
 */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "model/model_embedded.h"
#include "model/transformer_file.h"
#include "numeric/random.h"

TestSuite(model_embedded, .timeout = 120);

/* What models/README.md states; of a subset where all take long: the first items. */
static const struct stated {
    enum model_embedded which;
    size_t n_test, n_looked_at, n_right; /* right answers among the items looked at */
    double test_nll, test_error;
} stated[] = {
    {MODEL_EMBEDDED_TEXT, 101, 101, 8206, 1.219568, 0.365254},
    {MODEL_EMBEDDED_DIGITS, 1000, 250, 249, 0.036236, 0.01},
};
enum { N_STATED = sizeof stated / sizeof stated[0] };

static void open_embedded(enum model_embedded which, struct transformer_file *file)
{
    struct rs_error err = {{0}};
    struct store *store = NULL;
    cr_assert_eq(model_embedded_open(which, &store, &err), RS_OK, "%s", err.text);
    cr_assert_eq(transformer_file_read(store, file, &err), RS_OK, "%s", err.text);
    cr_assert_eq(transformer_pack(&file->model, kernel_chosen(), &err), RS_OK, "%s", err.text);
    store_close(store);
}

/* The first `n` test items; mean -ln(probability) and share of wrong answers. */
static struct transformer_score test_first(const struct transformer_file *file, size_t n,
                                           attention_hook *hook, void *context)
{
    struct rs_error err = {{0}};
    struct transformer_score score = {0};
    struct transformer_workspace *room = transformer_workspace_create(&file->model, &err);
    cr_assert_not_null(room);
    for (size_t i = 0; i < n; i++) {
        struct transformer_answer answer = {0};
        struct transformer_sample sample = transformer_items_sample(&file->test, &file->model.shape, i);
        cr_assert_eq(transformer_run(&file->model, &sample, room, hook, context, &answer, &err), RS_OK);
        score.nll += answer.nll;
        score.n_counted += answer.n_counted;
        score.n_right += answer.n_right;
    }
    transformer_workspace_destroy(room);
    return score;
}

Test(model_embedded, each_reaches_what_it_states)
{
    for (int i = 0; i < N_STATED; i++) {
        struct transformer_file file;
        open_embedded(stated[i].which, &file);
        cr_assert_eq(file.test.n_samples, stated[i].n_test);
        cr_assert_float_eq(file.test_nll, stated[i].test_nll, 5e-7, "%d: %.6f", i, file.test_nll);
        cr_assert_float_eq(file.test_error, stated[i].test_error, 5e-7, "%d: %.6f", i, file.test_error);
        struct transformer_score score = test_first(&file, stated[i].n_looked_at, NULL, NULL);
        cr_assert_eq(score.n_right, stated[i].n_right, "%d: %zu of %zu", i, score.n_right, score.n_counted);
        if (stated[i].n_looked_at == stated[i].n_test) /* the kernel that trained had other last digits */
            cr_assert_float_eq(score.nll / (double)score.n_counted, file.test_nll, 1e-6);
        transformer_file_clear(&file);
    }
}

Test(model_embedded, the_text_is_ruth)
{
    struct transformer_file file;
    static const char last[] = "Obed begat Jesse, and Jesse begat David.\n";
    open_embedded(MODEL_EMBEDDED_TEXT, &file);
    const int32_t *end = file.test.targets + file.test.n_words - (sizeof last - 1);
    for (size_t i = 0; i < sizeof last - 1; i++)
        cr_assert_eq(file.vocabulary[end[i]][0], last[i], "%zu", i);
    transformer_file_clear(&file);
}

Test(model_embedded, the_first_digits_are_of_all_classes)
{
    struct transformer_file file;
    size_t n_of_class[10] = {0};
    open_embedded(MODEL_EMBEDDED_DIGITS, &file);
    cr_assert(file.model.shape.n_classes == 10 && file.model.shape.height == 28);
    for (size_t i = 0; i < 100; i++)
        n_of_class[file.test.labels[i]]++;
    for (int c = 0; c < 10; c++)
        cr_assert_geq(n_of_class[c], 8, "%d: %zu", c, n_of_class[c]);
    transformer_file_clear(&file);
}

/* Every query sees its best key, when `keep_best`, and a random quarter of the others. */
struct spoiled {
    bool keep_best;
    uint32_t n_calls;
};

static enum rs_status spoil(void *context, const struct attention_call *call, struct rs_error *err)
{
    struct spoiled *spoiled = context;
    const size_t d = call->d;
    (void)err;
    for (int h = 0; h < call->n_query_heads; h++)
        for (size_t i = 0; i < call->n_queries; i++) {
            const struct random_key key = {.seed = 1, .purpose = RANDOM_POLICY, .draw = spoiled->n_calls++};
            const float *q = call->q + ((size_t)h * call->n_queries + i) * d;
            float *output = call->output + ((size_t)h * call->n_queries + i) * d;
            size_t n_visible = call->causal ? i + 1 : call->n_keys, best = 0;
            double total = 0;
            for (size_t j = 0; j < n_visible; j++) {
                call->scratch[j] = 0;
                for (size_t c = 0; c < d; c++)
                    call->scratch[j] += call->score_scale * (double)q[c] * (double)call->k[j * d + c];
                best = call->scratch[j] > call->scratch[best] ? j : best;
            }
            double largest = call->scratch[best];
            memset(output, 0, d * sizeof *output);
            for (size_t j = 0; j < n_visible; j++) {
                bool kept = random_integer(&key, (uint32_t)j, 4) == 0 || (spoiled->keep_best && j == best);
                call->scratch[j] = kept ? exp(call->scratch[j] - largest) : 0;
                total += call->scratch[j];
            }
            for (size_t j = 0; j < n_visible && total > 0; j++)
                for (size_t c = 0; c < d; c++)
                    output[c] += (float)(call->scratch[j] / total) * call->v[j * d + c];
        }
    return RS_OK;
}

Test(model_embedded, each_depends_on_its_attention)
{
    for (int i = 0; i < N_STATED; i++)
        for (int keep_best = 0; keep_best < 2; keep_best++) {
            struct transformer_file file;
            struct spoiled spoiled = {.keep_best = keep_best};
            open_embedded(stated[i].which, &file);
            size_t n = i == 0 ? 8 : 60;
            struct transformer_score exact = test_first(&file, n, NULL, NULL),
                                     score = test_first(&file, n, spoil, &spoiled);
            cr_assert(score.n_right < exact.n_right && score.nll > 1.1 * exact.nll, "%d: %zu of %zu, %g", i,
                      score.n_right, exact.n_right, score.nll / exact.nll);
            transformer_file_clear(&file);
        }
}
