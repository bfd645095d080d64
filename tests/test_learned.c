/* Learned thresholds of a MemN2N: gradients, the hard compare they stand for, training, the file. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "attention/setup.h"
#include "experiment/config.h"
#include "learn/thresholds.h"
#include "learn/train_memn2n.h"
#include "model/memn2n_gradient.h"
#include "numeric/random.h"
#include "workload/stories.h"

TestSuite(learned, .timeout = 60);

static const struct memn2n_shape small = {.n_hops = 3,
                                          .d = 7,
                                          .n_words = STORY_WORDS_COUNT,
                                          .n_memories = 20,
                                          .n_sentence_words = STORY_WORDS_SENTENCE_MAX,
                                          .n_empty = 2};

static double *random_weights(double deviation)
{
    size_t n = memn2n_gradient_n_weights(&small);
    double *weights = malloc(n * sizeof *weights);
    const struct random_key key = {.seed = 12, .purpose = RANDOM_TRAINING};
    random_normals(&key, n, weights);
    for (size_t i = 0; i < n; i++)
        weights[i] *= deviation;
    return weights;
}

/* Gentle enough that keys on both sides of the thresholds have slopes. */
static struct memn2n_gradient_soft gentle(const double *thresholds, double *gradient)
{
    return (struct memn2n_gradient_soft){
        .law = {1.5, 6, 0.7, 3}, .weight = 0.8, .thresholds = thresholds, .gradient = gradient};
}

struct bench {
    struct memn2n_gradient_workspace *room;
    double *weights, *gradient;
    size_t n;
    struct stories_page page;
};

static void start(struct bench *b, double deviation)
{
    struct rs_error err = {{0}};
    b->n = memn2n_gradient_n_weights(&small);
    b->room = memn2n_gradient_create(&small, &err);
    b->weights = random_weights(deviation);
    b->gradient = calloc(b->n, sizeof *b->gradient);
}

static void end(struct bench *b)
{
    memn2n_gradient_destroy(b->room);
    free(b->weights);
    free(b->gradient);
}

Test(learned, gradients_by_weights_and_thresholds_agree_with_finite_differences)
{
    const double step = 1e-5;
    struct bench b;
    start(&b, 0.4);
    for (uint32_t run = 0; run < 3; run++) {
        struct story story = stories_write(STORIES_MIXED, 2, run, 20, &b.page);
        double thresholds[3] = {-0.3, 0.4,
                                run == 2 ? 9 : 0.1}; /* 9: only the best key of the last hop stays */
        double by_threshold[3] = {0}, largest = 0;
        struct memn2n_gradient_soft soft = gentle(thresholds, by_threshold), plain = gentle(thresholds, NULL);
        memset(b.gradient, 0, b.n * sizeof *b.gradient);
        memn2n_gradient_add(&small, b.weights, &story, NULL, false, &soft, b.room, b.gradient);
        for (size_t i = 0; i < b.n; i++)
            largest = fmax(largest, fabs(b.gradient[i]));
        for (size_t i = run; i < b.n; i += b.gradient[i] != 0 ? 3 : 41) {
            double kept = b.weights[i];
            b.weights[i] = kept + step;
            double above = memn2n_gradient_add(&small, b.weights, &story, NULL, false, &plain, b.room, NULL);
            b.weights[i] = kept - step;
            double below = memn2n_gradient_add(&small, b.weights, &story, NULL, false, &plain, b.room, NULL);
            b.weights[i] = kept;
            cr_assert_float_eq(b.gradient[i], (above - below) / (2 * step), 1e-7 * largest,
                               "run %u weight %zu", run, i);
        }
        for (int hop = 0; hop < 3; hop++) {
            double kept = thresholds[hop];
            thresholds[hop] = kept + step;
            double above = memn2n_gradient_add(&small, b.weights, &story, NULL, false, &plain, b.room, NULL);
            thresholds[hop] = kept - step;
            double below = memn2n_gradient_add(&small, b.weights, &story, NULL, false, &plain, b.room, NULL);
            thresholds[hop] = kept;
            cr_assert_float_eq(by_threshold[hop], (above - below) / (2 * step), 1e-7 * largest,
                               "run %u hop %d", run, hop);
            if (run < 2)
                cr_assert_gt(fabs(by_threshold[hop]), 1e-4, "run %u hop %d", run, hop);
        }
    }
    end(&b);
}

Test(learned, a_threshold_below_all_scores_changes_nothing_but_the_penalty)
{
    struct bench b;
    start(&b, 0.4);
    const double thresholds[3] = {-1e3, -1e3, -1e3};
    double by_threshold[3] = {0}, *plain = calloc(b.n, sizeof *plain);
    struct memn2n_gradient_soft soft = {{10, 1000, 100, 1}, 0.25, thresholds, by_threshold};
    struct story story = stories_write(STORIES_MIXED, 2, 0, 20, &b.page);
    double loss = memn2n_gradient_add(&small, b.weights, &story, NULL, false, NULL, b.room, plain);
    double softened = memn2n_gradient_add(&small, b.weights, &story, NULL, false, &soft, b.room, b.gradient);
    cr_assert_float_eq(softened, loss + 3 * 0.25, 1e-12); /* all keys of three hops are kept */
    cr_assert_eq(memcmp(plain, b.gradient, b.n * sizeof *plain), 0);
    cr_assert(by_threshold[0] == 0 && by_threshold[1] == 0 && by_threshold[2] == 0);
    free(plain);
    end(&b);
}

/* In the limit of a sharp threshold, training's network is that of inference: also where nothing is kept. */
Test(learned, a_sharp_threshold_is_the_pruned_network)
{
    struct rs_error err = {{0}};
    struct bench b;
    struct memn2n model;
    start(&b, 0.4);
    cr_assert_eq(memn2n_init(&model, &small, story_words_vocabulary(), &err), RS_OK);
    memn2n_gradient_store(b.weights, &model);
    for (size_t i = 0; i < b.n; i++)
        b.weights[i] = (double)(float)b.weights[i];
    struct memn2n_workspace *workspace = memn2n_workspace_create(&model, &err);
    const double thresholds[3] = {-0.2, 0.35, 4};
    struct memn2n_gradient_soft soft = {{1e7, 1000, 100, 1}, 1, thresholds, NULL};
    int64_t n_empty = 0;
    for (uint32_t i = 0; i < 40; i++) {
        struct story story = stories_write(STORIES_MIXED, 3, i, 20, &b.page);
        struct attention_pruning pruning = {1, thresholds, 0, 0};
        int32_t answer;
        double nll;
        cr_assert_eq(
            memn2n_answer(&model, &story, workspace, attention_hook_pruned, &pruning, &answer, &nll, &err),
            RS_OK);
        double loss = memn2n_gradient_add(&small, b.weights, &story, NULL, false, &soft, b.room, NULL);
        size_t n_keys = story.n_sentences + small.n_empty;
        double spared = (loss - nll) * (double)n_keys - (double)pruning.n_kept;
        cr_assert_eq(pruning.n_visible, 3 * (int64_t)n_keys);
        /* the penalty counts what is kept, and the spared key of a hop that keeps nothing */
        cr_assert_float_eq(spared, round(spared), 1e-3, "story %u: %.9g", i, spared);
        cr_assert(spared > -0.5 && spared < 3.5, "story %u: %g", i, spared);
        n_empty += (int64_t)round(spared);
    }
    cr_assert_gt(n_empty, 20);
    memn2n_workspace_destroy(workspace);
    memn2n_clear(&model);
    end(&b);
}

/* A small network that knows one fact, as trained before its thresholds. */
static struct train_options quick_options(void)
{
    struct train_options options;
    option_fill_defaults(&train_options_table, &options);
    options.n_questions = 1000;
    options.n_validation = 60;
    options.n_test = 300;
    options.n_calibration = 60;
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

static void train(const struct train_options *options, struct train_memn2n_learned *learned, int n_threads,
                  struct model_file *file)
{
    struct rs_error err = {{0}};
    struct story_data data;
    struct story_data_sizes sizes = train_memn2n_sizes(options);
    cr_assert_eq(story_data_generate("one-fact", 1, &sizes, &data, &err), RS_OK, "%s", err.text);
    cr_assert_eq(train_memn2n(options, learned, &data, 1, n_threads, NULL, NULL, file, &err), RS_OK, "%s",
                 err.text);
    story_data_clear(&data);
}

static struct threshold_options threshold_defaults(void)
{
    struct threshold_options options;
    option_fill_defaults(&threshold_options_table, &options);
    return options;
}

Test(learned, a_dearer_key_is_kept_more_seldom_at_bounded_error)
{
    struct train_options options = quick_options();
    struct model_file plain;
    train(&options, NULL, 1, &plain);
    cr_assert_null(plain.threshold);
    cr_assert_lt(plain.test_error, 0.3, "%g", plain.test_error);
    const double weights[] = {0, 0.1, 1};
    double keep_ratios[3];
    for (int i = 0; i < 3; i++) {
        struct threshold_options own = threshold_defaults();
        struct model_file tuned;
        own.weight = weights[i];
        own.length = 0.5;
        struct train_memn2n_learned learned = {.options = &own, .start = &plain.model};
        train(&options, &learned, 1, &tuned);
        cr_assert_not_null(tuned.threshold);
        cr_assert_str_eq(tuned.threshold_method, "learned");
        cr_assert_lt(learned.test_error, plain.test_error + 0.05, "%g: %g", weights[i], learned.test_error);
        keep_ratios[i] = learned.keep_ratio;
        model_file_clear(&tuned);
    }
    cr_assert_lt(keep_ratios[1], keep_ratios[0] - 0.02, "%g, %g", keep_ratios[0], keep_ratios[1]);
    cr_assert_lt(keep_ratios[2], keep_ratios[1] - 0.02, "%g, %g", keep_ratios[1], keep_ratios[2]);
    cr_assert_lt(keep_ratios[2], 0.25, "%g", keep_ratios[2]);
    model_file_clear(&plain);
}

Test(learned, training_goes_on_to_thresholds_the_same_for_any_number_of_threads)
{
    struct train_options options = quick_options();
    struct threshold_options own = threshold_defaults();
    struct train_memn2n_learned learned = {.options = &own}, again = {.options = &own};
    struct model_file one, two, plain, tuned;
    options.n_epochs = 4;
    train(&options, &learned, 1, &one);
    train(&options, &again, 3, &two);
    size_t n = (one.model.shape.n_hops + 1) * one.model.shape.n_words * one.model.shape.d;
    cr_assert_eq(memcmp(one.model.embedding, two.model.embedding, n * sizeof(float)), 0);
    cr_assert_eq(memcmp(one.threshold, two.threshold, one.model.shape.n_hops * sizeof(double)), 0);
    cr_assert(learned.keep_ratio == again.keep_ratio && learned.test_error == again.test_error);
    /* in two steps much the same: weights are rounded in between */
    train(&options, NULL, 1, &plain);
    struct train_memn2n_learned from = {.options = &own, .start = &plain.model};
    train(&options, &from, 1, &tuned);
    for (size_t hop = 0; hop < one.model.shape.n_hops; hop++)
        cr_assert_float_eq(tuned.threshold[hop], one.threshold[hop], 0.1, "%g, %g", tuned.threshold[hop],
                           one.threshold[hop]);
    model_file_clear(&one);
    model_file_clear(&two);
    model_file_clear(&plain);
    model_file_clear(&tuned);
}

Test(learned, thresholds_start_at_a_share_of_the_scores_or_at_0)
{
    struct threshold_options options = threshold_defaults();
    struct rs_error err = {{0}};
    struct thresholds thresholds;
    struct thresholds_scores scores;
    cr_assert_eq(thresholds_scores_init(1, 2, &scores, &err), RS_OK);
    const double values[2][4] = {{4, 1, 3, 2}, {-2, -4, -6, -8}};
    for (int head = 0; head < 2; head++) {
        scores.lists[head].scores = malloc(sizeof values[head]);
        memcpy(scores.lists[head].scores, values[head], sizeof values[head]);
        scores.lists[head].n = 4;
    }
    options.start_keep = 0.5;
    options.sharing = THRESHOLD_HEAD;
    cr_assert_eq(thresholds_init(&options, 1, 2, &thresholds, &err), RS_OK);
    thresholds_start(&thresholds, &scores);
    cr_assert(thresholds.values[0] == 2.5 && thresholds.values[1] == -5);
    options.sharing = THRESHOLD_LAYER;
    thresholds_start(&thresholds, &scores);
    cr_assert(thresholds.values[0] == -1.25 && thresholds.values[1] == -1.25);
    options.start_keep = 0;
    thresholds_start(&thresholds, &scores);
    cr_assert(thresholds.values[0] == 0 && thresholds.values[1] == 0);
    /* heads that share one go the same way, along the sum */
    thresholds.gradient[0] = 3;
    thresholds.gradient[1] = -1;
    thresholds_step(&thresholds, 0.25, 1);
    cr_assert_float_eq(thresholds.values[0], -0.25, 1e-6);
    cr_assert_eq(thresholds.values[0], thresholds.values[1]);
    cr_assert(thresholds.gradient[0] == 0 && thresholds.gradient[1] == 0);
    thresholds_clear(&thresholds);
    thresholds_scores_clear(&scores);
}

/* With signals in place of scores: what decides is the signal, what goes on is the score. */
static void far_signals(void *context, size_t hop, size_t n_seen, size_t n_keys, const double *query,
                        const double *keys, double *signals)
{
    const bool *kept = context;
    (void)query, (void)keys;
    cr_assert(hop < 3 && n_seen <= n_keys);
    for (size_t j = 0; j < n_keys; j++)
        signals[j] = kept[0] ? 1e3 + (double)j : -1e3 + (double)j;
}

Test(learned, signals_decide_in_place_of_scores)
{
    struct bench b;
    start(&b, 0.4);
    const double thresholds[3] = {0, 0, 0};
    struct story story = stories_write(STORIES_MIXED, 2, 0, 20, &b.page);
    bool kept = true;
    struct memn2n_gradient_soft soft = {
        .law = {10, 1000, 100, 1}, .thresholds = thresholds, .signals = far_signals, .context = &kept};
    double plain = memn2n_gradient_add(&small, b.weights, &story, NULL, false, NULL, b.room, NULL);
    double all = memn2n_gradient_add(&small, b.weights, &story, NULL, false, &soft, b.room, NULL);
    cr_assert_eq(all, plain);
    kept = false;
    soft.weight = 1;
    double few = memn2n_gradient_add(&small, b.weights, &story, NULL, false, &soft, b.room, NULL);
    soft.weight = 0;
    double task = memn2n_gradient_add(&small, b.weights, &story, NULL, false, &soft, b.room, NULL);
    cr_assert_neq(task, plain);
    double n_keys = (double)(story.n_sentences + small.n_empty);
    cr_assert_float_eq(few - task, 3 / n_keys, 1e-12, "%g, %g, %g keys", few, task,
                       n_keys); /* the last key alone stays */
    end(&b);
}

Test(learned, the_arrays_noise_changes_what_is_learned_and_repeats)
{
    struct rs_error err = {{0}};
    struct train_options options = quick_options();
    struct threshold_options own = threshold_defaults();
    const char *const sets[] = {"comparator.noise=200 nA"};
    struct configuration *configuration;
    cr_assert_eq(config_parse("c.yaml", "", 1, sets, &configuration, &err), RS_OK, "%s", err.text);
    const struct config *config = &configuration->base;
    const struct attention_options array = {.array = &config->array,
                                            .encoding = &config->encoding,
                                            .comparator = &config->comparator,
                                            .readout = &config->readout,
                                            .prune = &config->prune,
                                            .recompute = &config->recompute,
                                            .device = &config->device,
                                            .seed = 1};
    double thresholds[3][3];
    options.n_epochs = 2;
    options.n_questions = 200;
    for (int i = 0; i < 3; i++) {
        struct model_file file;
        own.noise = i == 0 ? THRESHOLD_NOISE_NONE : THRESHOLD_NOISE_ARRAY;
        struct train_memn2n_learned learned = {.options = &own, .array = &array};
        train(&options, &learned, i > 0 ? i : 1, &file);
        memcpy(thresholds[i], file.threshold, sizeof thresholds[i]);
        model_file_clear(&file);
    }
    cr_assert_neq(memcmp(thresholds[0], thresholds[1], sizeof thresholds[0]), 0);
    cr_assert_eq(memcmp(thresholds[1], thresholds[2], sizeof thresholds[0]), 0);
    config_destroy(configuration);
}
