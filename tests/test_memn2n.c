/* MemN2N: gradients, the attention hook, training, its file and the embedded model. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "learn/train_memn2n.h"
#include "workload/stories.h"
#include "model/code_range.h"
#include "model/memn2n_gradient.h"
#include "numeric/random.h"
#include "numeric/softmax.h"

TestSuite(memn2n, .timeout = 60);

static const struct memn2n_shape small = {.n_hops = 3,
                                          .d = 7,
                                          .n_words = STORY_WORDS_COUNT,
                                          .n_memories = 20,
                                          .n_sentence_words = STORY_WORDS_SENTENCE_MAX,
                                          .n_empty = 3};

static double *random_weights(const struct memn2n_shape *shape, double deviation)
{
    size_t n = memn2n_gradient_n_weights(shape);
    double *weights = malloc(n * sizeof *weights);
    const struct random_key key = {.seed = 11, .purpose = RANDOM_TRAINING};
    random_normals(&key, n, weights);
    for (size_t i = 0; i < n; i++)
        weights[i] *= deviation;
    return weights;
}

static void random_model(const struct memn2n_shape *shape, struct memn2n *model)
{
    struct rs_error err = {{0}};
    double *weights = random_weights(shape, 0.4);
    cr_assert_eq(memn2n_init(model, shape, story_words_vocabulary(), &err), RS_OK, "%s", err.text);
    memn2n_gradient_store(weights, model);
    free(weights);
}

Test(memn2n, the_exponential_is_that_of_libm)
{
    for (double x = 0; x > -708; x -= 0.0371)
        cr_assert_lt(fabs(softmax_exp(x) / exp(x) - 1), 6e-16, "%.17g", x);
    cr_assert_eq(softmax_exp(0), 1);
    cr_assert_eq(softmax_exp(-1e4), 0);
    cr_assert_eq(softmax_exp(-(double)INFINITY), 0);
}

Test(memn2n, a_softmax_adds_up_to_one_and_stands_large_scores)
{
    double scores[3] = {1e4, 1e4 - 1, -1e4};
    double norm = softmax_compute(3, scores);
    cr_assert_float_eq(scores[0] + scores[1] + scores[2], 1, 1e-15);
    cr_assert_float_eq(scores[1] / scores[0], exp(-1), 1e-15);
    cr_assert_float_eq(norm, 1e4 + log(1 + exp(-1)), 1e-11);
}

/* Central differences at every weight that the story touches, for both kinds of attention. */
Test(memn2n, gradients_agree_with_finite_differences)
{
    const double step = 1e-5;
    struct rs_error err = {{0}};
    struct stories_page page;
    struct memn2n_gradient_workspace *room = memn2n_gradient_create(&small, &err);
    size_t n = memn2n_gradient_n_weights(&small);
    double *weights = random_weights(&small, 0.4), *gradient = malloc(n * sizeof *gradient);
    for (int run = 0; run < 3; run++) {
        /* the second story is longer than the memory, the third meets gaps in time */
        struct story story = stories_write(STORIES_MIXED, 2, (uint32_t)run, run == 1 ? 64 : 20, &page);
        const int32_t gaps[20] = {19, 19, 18, 17, 16, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0};
        const int32_t *ages = run == 2 ? gaps + 20 - story.n_sentences : NULL;
        bool linear = run == 0;
        double largest = 0, n_checked = 0;
        memset(gradient, 0, n * sizeof *gradient);
        memn2n_gradient_add(&small, weights, &story, ages, linear, NULL, room, gradient);
        for (size_t i = 0; i < n; i++)
            largest = fmax(largest, fabs(gradient[i]));
        for (size_t i = run == 1; i < n; i += gradient[i] != 0 ? 3 : 41) {
            double kept = weights[i];
            weights[i] = kept + step;
            double above = memn2n_gradient_add(&small, weights, &story, ages, linear, NULL, room, NULL);
            weights[i] = kept - step;
            double below = memn2n_gradient_add(&small, weights, &story, ages, linear, NULL, room, NULL);
            weights[i] = kept;
            cr_assert_float_eq(gradient[i], (above - below) / (2 * step), 1e-7 * largest, "run %d weight %zu",
                               run, i);
            n_checked += gradient[i] != 0;
        }
        cr_assert_gt(n_checked, 200);
    }
    memn2n_gradient_destroy(room);
    free(weights);
    free(gradient);
}

Test(memn2n, gradients_of_stories_add_up)
{
    struct stories_page page;
    struct memn2n_gradient_workspace *room = memn2n_gradient_create(&small, NULL);
    size_t n = memn2n_gradient_n_weights(&small);
    double *weights = random_weights(&small, 0.4), *sum = calloc(n, sizeof *sum),
           *one = calloc(n, sizeof *one);
    for (uint32_t i = 0; i < 2; i++) {
        struct story story = stories_write(STORIES_MIXED, 2, i, 20, &page);
        memn2n_gradient_add(&small, weights, &story, NULL, false, NULL, room, sum);
        if (i == 1)
            memn2n_gradient_add(&small, weights, &story, NULL, false, NULL, room, one);
        else
            memcpy(one, sum, n * sizeof *one);
    }
    cr_assert_eq(memcmp(one, sum, n * sizeof *sum), 0);
    memn2n_gradient_destroy(room);
    free(weights);
    free(sum);
    free(one);
}

/* Two implementations of one network: answers in float, losses in double. */
Test(memn2n, the_answering_and_the_training_network_agree)
{
    struct rs_error err = {{0}};
    struct stories_page page;
    struct memn2n model;
    random_model(&small, &model);
    struct memn2n_workspace *workspace = memn2n_workspace_create(&model, &err);
    struct memn2n_gradient_workspace *room = memn2n_gradient_create(&small, &err);
    double *weights = random_weights(&small, 0.4);
    for (uint32_t i = 0; i < 60; i++) {
        struct story story = stories_write(STORIES_MIXED, 2, i, 64, &page);
        int32_t answer;
        double nll;
        cr_assert_eq(memn2n_answer(&model, &story, workspace, NULL, NULL, &answer, &nll, &err), RS_OK);
        double loss = memn2n_gradient_add(&small, weights, &story, NULL, false, NULL, room, NULL);
        cr_assert_float_eq(nll, loss, 1e-4 * (1 + loss), "story %u: %g and %g", i, nll, loss);
    }
    memn2n_workspace_destroy(workspace);
    memn2n_gradient_destroy(room);
    memn2n_clear(&model);
    free(weights);
}

static void call_exact(const struct attention_call *call)
{
    cr_assert_eq(attention_hook_exact(NULL, call, NULL), RS_OK);
}

Test(memn2n, exact_attention_has_its_closed_forms)
{
    float q[2 * 3 * 2] = {0}, k[3 * 2] = {1, 0, 0, 1, 1, 1}, v[3 * 2] = {3, 0, 6, 3, 0, 9}, output[2 * 3 * 2];
    double scratch[3 + 2];
    struct attention_call call = {.n_query_heads = 2,
                                  .n_queries = 3,
                                  .n_keys = 3,
                                  .d = 2,
                                  .score_scale = 0.5,
                                  .q = q,
                                  .k = k,
                                  .v = v,
                                  .output = output,
                                  .scratch = scratch};
    q[7] = 4; /* second head, first query */
    call_exact(&call);
    cr_assert_float_eq(output[0], 3, 1e-6); /* no preference: the mean of the values */
    cr_assert_float_eq(output[1], 4, 1e-6);
    double one = exp(0.5 * 4), sum = 1 + 2 * one;
    cr_assert_float_eq(output[6], (3 + 6 * one) / sum, 1e-6);
    cr_assert_float_eq(output[7], (3 * one + 9 * one) / sum, 1e-6);
    call.causal = true;
    call_exact(&call);
    cr_assert_eq(output[0], 3.0f); /* the first query sees the first key alone */
    cr_assert_eq(output[1], 0.0f);
    cr_assert_float_eq(output[2], 4.5, 1e-6);
    cr_assert_float_eq(output[4], 3, 1e-6);
}

/* What a hook saw, then exact attention; fails at `fail_at`. */
struct spy {
    int n_calls, fail_at;
    size_t n_keys, n_zero_rows; /* of keys and of values, from the end */
};

static size_t zero_rows(const struct attention_call *call, const float *rows)
{
    size_t n = 0;
    for (size_t i = call->n_keys * call->d; i-- > 0 && rows[i] == 0;)
        n++;
    return n / call->d;
}

static enum rs_status spy_hook(void *context, const struct attention_call *call, struct rs_error *err)
{
    struct spy *spy = context;
    if (call->layer != spy->n_calls % 3 || call->kv_head != 0 || call->n_query_heads != 1 ||
        call->n_queries != 1 || call->d != small.d || call->causal || call->score_scale != 1)
        return rs_fail(err, RS_INTERNAL, "another call than expected");
    if (spy->n_calls++ == spy->fail_at)
        return rs_fail(err, RS_STOPPED, "the hook gave up");
    spy->n_keys = call->n_keys;
    spy->n_zero_rows = zero_rows(call, call->k) + zero_rows(call, call->v);
    return attention_hook_exact(NULL, call, err);
}

Test(memn2n, a_hook_of_exact_attention_changes_nothing)
{
    struct rs_error err = {{0}};
    struct stories_page page;
    struct memn2n model;
    random_model(&small, &model);
    struct memn2n_workspace *workspace = memn2n_workspace_create(&model, &err);
    for (uint32_t i = 0; i < 20; i++) {
        struct story story = stories_write(STORIES_MIXED, 4, i, 64, &page);
        struct spy spy = {.fail_at = -1};
        int32_t plain, hooked;
        double plain_nll, hooked_nll;
        cr_assert_eq(memn2n_answer(&model, &story, workspace, NULL, NULL, &plain, &plain_nll, &err), RS_OK);
        cr_assert_eq(memn2n_answer(&model, &story, workspace, spy_hook, &spy, &hooked, &hooked_nll, &err),
                     RS_OK, "%s", err.text);
        cr_assert(plain == hooked && plain_nll == hooked_nll);
        cr_assert_eq(spy.n_calls, 3);
        size_t n_seen = story.n_sentences < small.n_memories ? story.n_sentences : small.n_memories;
        cr_assert_eq(spy.n_keys, n_seen + small.n_empty);
        cr_assert_eq(spy.n_zero_rows, 2 * small.n_empty); /* the empty memories are nothing else than 0 */
    }
    memn2n_workspace_destroy(workspace);
    memn2n_clear(&model);
}

Test(memn2n, a_failing_hook_ends_the_answer_with_its_status)
{
    struct rs_error err = {{0}};
    struct stories_page page;
    struct memn2n model;
    struct spy spy = {.fail_at = 1};
    int32_t answer;
    random_model(&small, &model);
    struct memn2n_workspace *workspace = memn2n_workspace_create(&model, &err);
    struct story story = stories_write(STORIES_MIXED, 4, 0, 20, &page);
    cr_assert_eq(memn2n_answer(&model, &story, workspace, spy_hook, &spy, &answer, NULL, &err), RS_STOPPED);
    cr_assert_str_eq(err.text, "the hook gave up");
    memn2n_workspace_destroy(workspace);
    memn2n_clear(&model);
}

Test(memn2n, code_ranges_are_the_largest_magnitudes_per_layer_and_head)
{
    float q[2 * 2] = {1, -5, 2, 0}, k[2 * 2] = {-3, 1, 0, 2}, v[2 * 2] = {0, 0, 7, -1}, output[2 * 2];
    double scratch[4], query[2 * 4] = {0}, key[2 * 2] = {0}, value[2 * 2] = {0};
    struct code_range range = {4, 2, query, key, value};
    struct attention_call call = {.layer = 1,
                                  .kv_head = 1,
                                  .n_query_heads = 2,
                                  .n_queries = 1,
                                  .n_keys = 2,
                                  .d = 2,
                                  .score_scale = 1,
                                  .q = q,
                                  .k = k,
                                  .v = v,
                                  .output = output,
                                  .scratch = scratch};
    const double expected_query[2 * 4] = {0, 0, 0, 0, 0, 0, 5, 2}, expected_key[2 * 2] = {0, 0, 0, 3};
    cr_assert_eq(code_range_hook(&range, &call, NULL), RS_OK);
    cr_assert_eq(memcmp(query, expected_query, sizeof query), 0);
    cr_assert_eq(memcmp(key, expected_key, sizeof key), 0);
    cr_assert_eq(value[3], 7);
}

static struct train_options quick_options(void)
{
    struct train_options options;
    option_fill_defaults(&train_options_table, &options);
    options.n_questions = 1000;
    options.n_validation = options.n_test = 90;
    options.n_calibration = 30;
    options.n_components = 24;
    options.n_memories = options.n_sentences = 16;
    options.method = TRAIN_ADAM;
    options.n_epochs = 24;
    options.n_linear_epochs = 0;
    options.rate = 0.006;
    options.start_deviation = 0.25;
    options.n_restarts = 1;
    return options;
}

enum { CURVE_MAX = 64 };
struct curve {
    int n, stop_at;
    struct train_memn2n_epoch epochs[CURVE_MAX];
};

static bool note_epoch(void *context, const struct train_memn2n_epoch *epoch)
{
    struct curve *curve = context;
    if (curve->n < CURVE_MAX)
        curve->epochs[curve->n++] = *epoch;
    return curve->n != curve->stop_at;
}

static enum rs_status train(const struct train_options *options, const char *task, uint64_t seed,
                            int n_threads, train_memn2n_progress *progress, void *context,
                            struct model_file *file, struct rs_error *err)
{
    struct story_data data;
    struct story_data_sizes sizes = train_memn2n_sizes(options);
    cr_assert_eq(story_data_generate(task, seed, &sizes, &data, err), RS_OK);
    enum rs_status status = train_memn2n(options, NULL, &data, seed, n_threads, progress, context, file, err);
    story_data_clear(&data);
    return status;
}

Test(memn2n, training_learns_and_is_the_same_for_any_number_of_threads)
{
    struct rs_error err = {{0}};
    struct train_options options = quick_options();
    struct model_file one, two;
    struct curve curve_one = {0}, curve_two = {0};
    cr_assert_eq(train(&options, "one-fact", 1, 1, note_epoch, &curve_one, &one, &err), RS_OK, "%s",
                 err.text);
    cr_assert_eq(train(&options, "one-fact", 1, 3, note_epoch, &curve_two, &two, &err), RS_OK, "%s",
                 err.text);
    size_t n = (one.model.shape.n_hops + 1) * one.model.shape.n_words * one.model.shape.d;
    cr_assert_eq(memcmp(one.model.embedding, two.model.embedding, n * sizeof(float)), 0);
    cr_assert_eq(curve_one.n, options.n_epochs);
    cr_assert_eq(curve_two.n, options.n_epochs);
    for (int i = 0; i < curve_one.n; i++) {
        cr_assert_eq(curve_one.epochs[i].train_loss, curve_two.epochs[i].train_loss);
        cr_assert_eq(curve_one.epochs[i].validation_loss, curve_two.epochs[i].validation_loss);
    }
    /* guessing among ten places is wrong 9 times in 10 */
    cr_assert_lt(one.test_error, 0.3, "%g", one.test_error);
    cr_assert_lt(curve_one.epochs[curve_one.n - 1].train_loss, curve_one.epochs[0].train_loss / 3);
    model_file_clear(&one);
    model_file_clear(&two);
}

Test(memn2n, another_seed_trains_another_model)
{
    struct train_options options = quick_options();
    options.n_epochs = 1;
    struct model_file one, two;
    cr_assert_eq(train(&options, "one-fact", 1, 1, NULL, NULL, &one, NULL), RS_OK);
    cr_assert_eq(train(&options, "one-fact", 2, 1, NULL, NULL, &two, NULL), RS_OK);
    cr_assert_neq(one.model.embedding[5], two.model.embedding[5]);
    cr_assert_neq(one.test.n_words, two.test.n_words);
    model_file_clear(&one);
    model_file_clear(&two);
}

Test(memn2n, restarts_end_with_a_good_one_and_a_stop_ends_training)
{
    struct rs_error err = {{0}};
    struct train_options options = quick_options();
    struct model_file file;
    options.n_epochs = 2;
    options.n_restarts = 3;
    options.good_error = 0;
    struct curve all = {0}, first = {0}, stopped = {.stop_at = 3};
    cr_assert_eq(train(&options, "mixed", 1, 1, note_epoch, &all, &file, &err), RS_OK, "%s", err.text);
    cr_assert_eq(all.n, 6);
    cr_assert_neq(all.epochs[1].validation_loss, all.epochs[3].validation_loss);
    model_file_clear(&file);
    options.good_error = 1;
    cr_assert_eq(train(&options, "mixed", 1, 1, note_epoch, &first, &file, &err), RS_OK);
    cr_assert_eq(first.n, 2);
    model_file_clear(&file);
    options.good_error = 0;
    cr_assert_eq(train(&options, "mixed", 1, 1, note_epoch, &stopped, &file, &err), RS_STOPPED);
    cr_assert_eq(stopped.n, 3);
    cr_assert_null(file.model.embedding);
}

/* The default recipe with less of everything. */
static struct train_options recipe_options(void)
{
    struct train_options options;
    option_fill_defaults(&train_options_table, &options);
    options.n_questions = 300;
    options.n_validation = options.n_test = 60;
    options.n_calibration = 30;
    options.n_sentences = 10;
    options.n_linear_epochs = 3;
    options.n_epochs = 4;
    options.n_restarts = 4;
    return options;
}

Test(memn2n, a_linear_start_ends_and_counts_apart)
{
    struct rs_error err = {{0}};
    struct train_options options = recipe_options();
    struct model_file file;
    struct curve curve = {0};
    options.n_restarts = 2;
    cr_assert_eq(train(&options, "one-fact", 1, 1, note_epoch, &curve, &file, &err), RS_OK, "%s", err.text);
    cr_assert_eq(curve.n, 2 * (3 + 4));
    for (int i = 0; i < curve.n; i++) {
        const struct train_memn2n_epoch *epoch = &curve.epochs[i];
        cr_assert_eq(epoch->i_restart, i / 7);
        cr_assert_eq(epoch->linear, i % 7 < 3, "epoch %d", i);
        cr_assert_eq(epoch->i_epoch, i % 7 < 3 ? i % 7 : i % 7 - 3);
        cr_assert_eq(epoch->n_epochs, epoch->linear ? 3 : 4);
        cr_assert(epoch->n_done == i + 1 && epoch->n_total == curve.n);
    }
    /* the default recipe: memories of zeros behind the story's, 20 components for one kind */
    cr_assert(file.model.shape.n_empty == 4 && file.model.shape.d == 20);
    model_file_clear(&file);
    cr_assert_eq(train_options_embedding(&options, 3), 50);
}

/* Each restart's validation loss is in its last report; the test stories are not asked. */
Test(memn2n, the_restart_with_the_lowest_validation_loss_is_kept_for_any_number_of_threads)
{
    struct rs_error err = {{0}};
    struct train_options options = recipe_options();
    struct story_data_sizes sizes = train_memn2n_sizes(&options);
    float *first = NULL;
    for (int n_threads = 1; n_threads <= 3; n_threads++) {
        struct story_data data;
        struct model_file file;
        struct curve curve = {0};
        size_t n_wrong;
        double loss, lowest = (double)INFINITY, highest = 0;
        cr_assert_eq(story_data_generate("one-fact", 5, &sizes, &data, &err), RS_OK);
        cr_assert_eq(train_memn2n(&options, NULL, &data, 5, n_threads, note_epoch, &curve, &file, &err),
                     RS_OK, "%s", err.text);
        cr_assert_eq(curve.n, 4 * (3 + 4));
        for (int i = 0; i < curve.n; i++)
            if (!curve.epochs[i].linear && curve.epochs[i].i_epoch == 3) {
                lowest = fmin(lowest, curve.epochs[i].validation_loss);
                highest = fmax(highest, curve.epochs[i].validation_loss);
            }
        cr_assert_eq(memn2n_test(&file.model, &data.validation, NULL, NULL, &n_wrong, NULL, &loss, &err),
                     RS_OK);
        cr_assert(loss == lowest && lowest < highest, "%g, lowest %g", loss, lowest);
        size_t n = (file.model.shape.n_hops + 1) * file.model.shape.n_words * file.model.shape.d;
        if (first == NULL)
            first = memcpy(malloc(n * sizeof *first), file.model.embedding, n * sizeof *first);
        cr_assert_eq(memcmp(first, file.model.embedding, n * sizeof *first), 0, "%d threads", n_threads);
        story_data_clear(&data);
        model_file_clear(&file);
    }
    free(first);
}

/* A restart after a good one is not looked at, though another thread may have run it. */
Test(memn2n, the_first_good_restart_is_the_last_for_any_number_of_threads)
{
    struct rs_error err = {{0}};
    struct train_options options = recipe_options();
    struct model_file one, three;
    options.good_error = 1;
    cr_assert_eq(train(&options, "one-fact", 5, 1, NULL, NULL, &one, &err), RS_OK);
    cr_assert_eq(train(&options, "one-fact", 5, 3, NULL, NULL, &three, &err), RS_OK);
    size_t n = (one.model.shape.n_hops + 1) * one.model.shape.n_words * one.model.shape.d;
    cr_assert_eq(memcmp(one.model.embedding, three.model.embedding, n * sizeof(float)), 0);
    options.n_restarts = 1;
    model_file_clear(&three);
    cr_assert_eq(train(&options, "one-fact", 5, 1, NULL, NULL, &three, &err), RS_OK);
    cr_assert_eq(memcmp(one.model.embedding, three.model.embedding, n * sizeof(float)), 0);
    model_file_clear(&one);
    model_file_clear(&three);
}

/* Attention that finds nothing goes to an empty memory: a lone sentence need not be believed. */
Test(memn2n, an_empty_memory_takes_what_no_sentence_attracts)
{
    const float zero[4] = {0}, keys[3 * 2] = {-30, 0, 0, 0, 0, 0}, values[3 * 2] = {5, 5, 0, 0, 0, 0};
    float query[2] = {1, 0}, output[2];
    double scratch[3 + 2];
    struct attention_call call = {.n_query_heads = 1,
                                  .n_queries = 1,
                                  .n_keys = 1,
                                  .d = 2,
                                  .score_scale = 1,
                                  .q = query,
                                  .k = keys,
                                  .v = values,
                                  .output = output,
                                  .scratch = scratch};
    call_exact(&call);
    cr_assert_eq(memcmp(output, values, sizeof output), 0);
    call.n_keys = 3;
    call_exact(&call);
    cr_assert(fabsf(output[0]) < 1e-10f && memcmp(zero, values + 2, sizeof zero) == 0);
}

Test(memn2n, options_that_contradict_each_other_are_refused)
{
    struct rs_error err = {{0}};
    struct model_file file;
    struct train_options longer = quick_options(), fewer = quick_options(), fine = quick_options();
    longer.n_sentences = 17;
    cr_assert_eq(train_options_check(&longer, &err), RS_INPUT);
    cr_assert(strstr(err.text, "train.sentences: 17 found, at most train.memories = 16") != NULL, "%s",
              err.text);
    fewer.n_calibration = 1001;
    cr_assert_eq(train_options_check(&fewer, &err), RS_INPUT);
    cr_assert(strstr(err.text, "train.calibration_questions: 1001") != NULL, "%s", err.text);
    cr_assert_eq(train_options_check(&fine, &err), RS_OK);
    cr_assert_eq(train(&fine, "mixed", 1ull << 60, 1, NULL, NULL, &file, &err), RS_INPUT);
}

Test(memn2n, shapes_beyond_reason_are_refused)
{
    const struct memn2n_shape shapes[] = {
        {0, 1, 1, 1, 1},        {1, 0, 1, 1, 1},          {1, 1, 0, 1, 1},
        {1, 1, 1, 0, 1},        {1, 1, 1, 1, 0},          {17, 1, 1, 1, 1},
        {1, 1025, 1, 1, 1},     {1, 1, (size_t)-1, 1, 1}, {1, 1, 1, (size_t)1 << 40, 1},
        {16, 1024, 65536, 1, 1}};
    struct memn2n model;
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
        cr_assert_eq(memn2n_init(&model, &shapes[i], story_words_vocabulary(), NULL), RS_INPUT, "case %zu",
                     i);
}
