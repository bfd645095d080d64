/* Learned thresholds of a MemN2N: gradients, the hard compare they stand for, training, the file. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

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
    return (struct memn2n_gradient_soft){{1.5, 6, 0.7, 3}, 0.8, thresholds, gradient};
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
