/*
 * Learned thresholds against calibrated ones, on memory networks: each is trained once, then tuned with its
 * thresholds at several learned.weight; beside each stands the untuned network with thresholds calibrated so
 * that test items keep the same share of keys. Floating point, hard thresholds, the best key of a query
 * spared.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/version.h"
#include "experiment/config.h"
#include "learn/thresholds.h"
#include "learn/train_memn2n.h"
#include "score/threshold.h"

enum { N_BISECTIONS = 14, HOPS_MAX = MEMN2N_HOPS_MAX };

static const char *const kinds[][2] = {{"two-facts", "1000"}, {"counting", "1000"}, {"mixed", "3000"}};
static const double weights[] = {0, 0.01, 0.03, 0.1, 0.3, 1, 3};

/* Whole numbers that stand for scores in threshold_losing. */
static const double score_unit = 0x1p-24;

static void must(enum rs_status status, const struct rs_error *err)
{
    if (status == RS_OK)
        return;
    fprintf(stderr, "%s\n", err->text);
    exit(1);
}

/* A network that was trained, with what its calibration items give. */
struct subject {
    struct config config;
    struct model_file file;
    struct thresholds_scores scores;
    size_t n_queries, n_test;
    bool *right; /* [n_test] scratch */
};

/* What pruning leaves of a network: of the test items. */
struct result {
    double error, keep_ratio;
    bool *right; /* [n_test], owned */
};

static struct result test(const struct subject *subject, const struct memn2n *model, const double *thresholds)
{
    struct rs_error err;
    struct attention_pruning pruning = {1, thresholds, 0, 0};
    struct memn2n_workspace *room = memn2n_workspace_create(model, &err);
    struct result result = {.right = memory_allocate(subject->n_test, sizeof(bool), &err)};
    if (room == NULL || result.right == NULL)
        must(RS_INTERNAL, &err);
    size_t n_wrong = 0;
    for (size_t i = 0; i < subject->n_test; i++) {
        struct story story = story_of_set(&subject->file.test, i);
        int32_t answer;
        must(memn2n_answer(model, &story, room, thresholds != NULL ? attention_hook_pruned : NULL, &pruning,
                           &answer, NULL, &err),
             &err);
        result.right[i] = answer == story.answer;
        n_wrong += !result.right[i];
    }
    memn2n_workspace_destroy(room);
    result.error = (double)n_wrong / (double)subject->n_test;
    result.keep_ratio = thresholds != NULL ? (double)pruning.n_kept / (double)pruning.n_visible : 1;
    return result;
}

static struct configuration *configure(const char *kind, const char *n_questions, double weight)
{
    char task[64], questions[64], penalty[64];
    snprintf(task, sizeof task, "workload.task=%s", kind);
    snprintf(questions, sizeof questions, "train.questions=%s", n_questions);
    snprintf(penalty, sizeof penalty, "learned.weight=%.17g", weight);
    const char *const sets[] = {task, questions, penalty, "train.test_questions=3000"};
    struct configuration *configuration = NULL;
    struct rs_error err;
    must(config_parse("bench", "workload: {kind: stories}\n", 4, sets, &configuration, &err), &err);
    return configuration;
}

/* Trains, or tunes from `start`. */
static double train(const struct config *config, const struct memn2n *start, struct model_file *file)
{
    struct rs_error err;
    struct story_data data;
    struct story_data_sizes sizes = train_memn2n_sizes(&config->train);
    struct threshold_options options = config->learned;
    if (start == NULL)
        options.sharing = THRESHOLD_NONE;
    struct train_memn2n_learned learned = {.options = &options, .start = start};
    must(story_data_generate(config->workload.task, (uint64_t)config->monte_carlo.seed, &sizes, &data, &err),
         &err);
    double before = clock_thread_seconds();
    must(train_memn2n(&config->train, &learned, &data, (uint64_t)config->monte_carlo.seed, 1, NULL, NULL,
                      file, &err),
         &err);
    double seconds = clock_thread_seconds() - before;
    story_data_clear(&data);
    return seconds;
}

/* The thresholds of a share of keys, or of a lost mass, per hop. */
static void calibrate(const struct subject *subject, bool by_mass, double target, double *thresholds)
{
    struct rs_error err;
    for (size_t hop = 0; hop < subject->file.model.shape.n_hops; hop++) {
        const struct thresholds_list *list = &subject->scores.lists[hop];
        size_t n = list->n, at = 0;
        int64_t *sums = memory_allocate(n, sizeof *sums, &err);
        struct threshold_mass *masses = memory_allocate(n, sizeof *masses, &err);
        if (sums == NULL || masses == NULL)
            must(RS_INTERNAL, &err);
        for (size_t i = 0; i < subject->n_queries; i++) {
            struct story story = story_of_set(&subject->file.calibration, i);
            const struct memn2n_shape *shape = &subject->file.model.shape;
            size_t own = (story.n_sentences < shape->n_memories ? story.n_sentences : shape->n_memories) +
                         shape->n_empty;
            double top = -(double)INFINITY, sum = 0;
            for (size_t j = at; j < at + own; j++)
                top = fmax(top, list->scores[j]);
            for (size_t j = at; j < at + own; j++)
                sum += exp(list->scores[j] - top);
            for (size_t j = at; j < at + own; j++) {
                sums[j] = llround(list->scores[j] / score_unit);
                masses[j] = (struct threshold_mass){sums[j], exp(list->scores[j] - top) / sum};
            }
            at += own;
        }
        thresholds[hop] = by_mass ? threshold_losing(target, score_unit, subject->n_queries, n, masses)
                                  : threshold_keeping(target, score_unit, n, sums);
        free(sums);
        free(masses);
    }
}

/* The untuned network with calibrated thresholds at which test items keep nearest to `keep_ratio`. */
static struct result match(const struct subject *subject, bool by_mass, double keep_ratio)
{
    double low = by_mass ? log(1e-9) : log(1e-3), high = 0, thresholds[HOPS_MAX];
    struct result best = {0};
    for (int i = 0; i < N_BISECTIONS; i++) {
        double middle = 0.5 * (low + high);
        calibrate(subject, by_mass, exp(middle), thresholds);
        struct result found = test(subject, &subject->file.model, thresholds);
        if ((found.keep_ratio > keep_ratio) == by_mass)
            low = middle;
        else
            high = middle;
        if (best.right == NULL || fabs(found.keep_ratio - keep_ratio) < fabs(best.keep_ratio - keep_ratio)) {
            free(best.right);
            best = found;
        } else {
            free(found.right);
        }
    }
    return best;
}

/* Errors of `one` less those of `other` on the same items, with half its 95 % interval. */
static void print_difference(const struct subject *subject, const struct result *one,
                             const struct result *other)
{
    double n = (double)subject->n_test, sum = 0, squares = 0;
    for (size_t i = 0; i < subject->n_test; i++) {
        double difference = (double)other->right[i] - (double)one->right[i];
        sum += difference;
        squares += difference * difference;
    }
    double mean = sum / n, half = 1.96 * sqrt((squares / n - mean * mean) / n);
    printf(" %.2f | %.3f | %+.2f +- %.2f |", 100 * other->error, other->keep_ratio, 100 * mean, 100 * half);
}

static void print_row(const struct subject *subject, double weight)
{
    struct config config = subject->config;
    struct model_file tuned;
    config.learned.weight = weight;
    double seconds = train(&config, &subject->file.model, &tuned);
    struct result plain = test(subject, &tuned.model, NULL),
                  learned = test(subject, &tuned.model, tuned.threshold);
    printf("| %g | %.3f | %.2f | %.2f |", weight, learned.keep_ratio, 100 * plain.error, 100 * learned.error);
    for (int by_mass = 0; by_mass < 2; by_mass++) {
        struct result calibrated = match(subject, by_mass, learned.keep_ratio);
        print_difference(subject, &learned, &calibrated);
        free(calibrated.right);
    }
    printf(" %.1f |\n", seconds);
    fflush(stdout);
    free(plain.right);
    free(learned.right);
    model_file_clear(&tuned);
}

static void print_kind(const char *kind, const char *n_questions)
{
    struct rs_error err;
    struct configuration *configuration = configure(kind, n_questions, 0);
    struct subject subject = {.config = configuration->base};
    size_t n_wrong;
    double seconds = train(&subject.config, NULL, &subject.file);
    subject.n_test = subject.file.test.n_stories;
    subject.n_queries = subject.file.calibration.n_stories;
    must(thresholds_scores_init(subject.file.model.shape.n_hops, 1, &subject.scores, &err), &err);
    must(memn2n_test(&subject.file.model, &subject.file.calibration, thresholds_collect, &subject.scores,
                     &n_wrong, NULL, NULL, &err),
         &err);
    printf("\n%s: %s questions, %.2f %% of %zu test items wrong unpruned, %.0f s to train\n\n", kind,
           n_questions, 100 * subject.file.test_error, subject.n_test, seconds);
    printf("| learned.weight | kept | tuned, unpruned | learned | calibrated to keep_ratio | kept | learned "
           "less "
           "it | calibrated to lost_mass | kept | learned less it | s to tune |\n"
           "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n");
    for (size_t i = 0; i < sizeof weights / sizeof weights[0]; i++)
        print_row(&subject, weights[i]);
    thresholds_scores_clear(&subject.scores);
    model_file_clear(&subject.file);
    config_destroy(configuration);
}

int main(void)
{
    printf("Errors on test items in percent, floating point, hard thresholds; differences are paired, with "
           "95 %% "
           "normal intervals over items. rescore %s, commit %s, one thread, its CPU seconds.\n",
           version_number(), version_commit());
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        print_kind(kinds[i][0], kinds[i][1]);
    return 0;
}
