/* Where the thresholds of a run come from: learned with the model, calibrated to a share of keys or of
 * softmax mass, given. */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "experiment/plan.h"
#include "folder.h"
#include "learn/thresholds.h"
#include "model/model_embedded.h"
#include "model/model_file.h"
#include "numeric/random.h"
#include "numeric/softmax.h"
#include "score/threshold.h"

TestSuite(thresholds, .timeout = 120);

/* Brute force: of minus infinity and all borders between different values, the highest that loses little
 * enough. */
Test(thresholds, the_mass_that_is_lost_is_that_of_a_search_over_all_borders)
{
    enum { QUERIES = 6, KEYS_MAX = 9, N_MAX = QUERIES * KEYS_MAX };
    size_t n_pruning = 0;
    for (uint32_t c = 0; c < 5000; c++) {
        struct random_key key = {.seed = 21, .purpose = RANDOM_PROBE, .draw = c};
        double unit = 0.01 * (1 + random_integer(&key, 0, 100)), target;
        uint32_t spread = 1 + random_integer(&key, 1, 60), cell = 3;
        struct threshold_mass scores[N_MAX], copy[N_MAX];
        size_t n = 0;
        random_uniforms(&key, 1, &target);
        target = target < 0.2 ? 0 : target * target * target;
        for (int q = 0; q < QUERIES; q++) {
            size_t n_keys = 1 + random_integer(&key, cell++, KEYS_MAX);
            double masses[KEYS_MAX];
            for (size_t j = 0; j < n_keys; j++) {
                scores[n + j].sum = (int64_t)random_integer(&key, cell++, spread) - 20;
                masses[j] = unit * (double)scores[n + j].sum;
            }
            softmax_compute(n_keys, masses);
            for (size_t j = 0; j < n_keys; j++)
                scores[n + j].mass = masses[j];
            n += n_keys;
        }
        size_t best = 0; /* pruned */
        for (size_t b = 0; b < n; b++) {
            size_t n_below = 0;
            double lost = 0;
            for (size_t j = 0; j < n; j++) {
                lost += scores[j].sum < scores[b].sum ? scores[j].mass : 0;
                n_below += scores[j].sum < scores[b].sum;
            }
            if (lost <= target * QUERIES * (1 + 1e-12) && n_below > best)
                best = n_below;
        }
        memcpy(copy, scores, sizeof copy);
        double threshold = threshold_losing(target, unit, QUERIES, n, copy);
        size_t n_below = 0;
        for (size_t j = 0; j < n; j++)
            n_below += unit * (double)scores[j].sum < threshold;
        cr_assert_eq(n_below, best, "draw %u: %zu of %zu pruned, %zu expected", c, n_below, n, best);
        n_pruning += best > 0;
    }
    cr_assert_gt(n_pruning, 1000);
}

Test(thresholds, no_mass_or_equal_scores_prune_nothing)
{
    struct threshold_mass scores[] = {{3, 0.5}, {3, 0.5}}, two[] = {{5, 0.9}, {1, 0.1}};
    cr_assert_eq(threshold_losing(1, 0.5, 1, 2, scores), -(double)INFINITY);
    cr_assert_eq(threshold_losing(0.05, 0.5, 1, 2, two), -(double)INFINITY);
    cr_assert_eq(threshold_losing(0.1, 0.5, 1, 2, two), 1.5);
    cr_assert_eq(threshold_losing(1, 0.5, 1, 2, two), 1.5); /* the largest stays */
}

/* The embedded model, with thresholds of its own. */
static const double learned[] = {0.75, 3.5, -2.25, 1, 1, 1, 1, 1};

static size_t write_model(const char *path)
{
    struct rs_error err = {{0}};
    struct store *store = NULL;
    struct model_file file;
    cr_assert_eq(model_embedded_open(MODEL_EMBEDDED_STORIES, &store, &err), RS_OK);
    cr_assert_eq(model_file_read(store, &file, &err), RS_OK, "%s", err.text);
    store_close(store);
    size_t n = file.model.shape.n_hops;
    free(file.threshold);
    file.threshold = malloc(n * sizeof *file.threshold);
    memcpy(file.threshold, learned, n * sizeof *file.threshold);
    strcpy(file.threshold_method, "learned");
    cr_assert_eq(model_file_write(path, &file, &err), RS_OK, "%s", err.text);
    model_file_clear(&file);
    return n;
}

struct job {
    struct configuration *configuration;
    struct plan *plan;
};

/* A plan of a few samples on the ideal card; `sets` end with NULL. */
static enum rs_status open_plan(struct job *job, const char *const *sets, struct rs_error *err)
{
    const char *all[12] = {"device.preset=ideal", "workload.samples=3", "monte_carlo.trials=1"};
    size_t n = 3;
    for (size_t i = 0; sets[i] != NULL; i++)
        all[n++] = sets[i];
    *job = (struct job){0};
    cr_assert_eq(config_parse("c.yaml", "", n, all, &job->configuration, err), RS_OK, "%s", err->text);
    struct head_saves saves = {false, false, false};
    return plan_create(job->configuration, n, all, saves, false, 1, &job->plan, err);
}

static void close_plan(struct job *job)
{
    plan_destroy(job->plan);
    config_destroy(job->configuration);
}

Test(thresholds, learned_ones_are_the_default_where_the_model_has_them, .init = enter_folder,
     .fini = leave_folder)
{
    const char *const sets[][3] = {{"workload.file=m.h5"},
                                   {"workload.file=m.h5", "prune.threshold=learned"},
                                   {"workload.file=m.h5", "prune.keep_ratio=0.25"},
                                   {"workload.file=m.h5", "prune.threshold=1.5"},
                                   {"workload.file=m.h5", "prune.lost_mass=1 %"},
                                   {"workload.file=m.h5", "prune.policy=topk"}};
    const char *const said[] = {"learned with the model",         "learned with the model",
                                "calibrated to prune.keep_ratio", "given",
                                "calibrated to prune.lost_mass",  ""};
    size_t n = write_model("m.h5");
    double keep_ratios[6];
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++) {
        struct rs_error err = {{0}};
        struct job job;
        struct plan_row row;
        cr_assert_eq(open_plan(&job, sets[i], &err), RS_OK, "%s", err.text);
        cr_assert_str_eq(job.plan->head.thresholds, said[i]);
        const double *thresholds = job.plan->points[0].setup.thresholds;
        cr_assert_eq(memcmp(thresholds, learned, n * sizeof *learned) == 0, i < 2, "case %zu", i);
        cr_assert_eq(plan_run_unit(job.plan, 0, &row, &err), RS_OK, "%s", err.text);
        keep_ratios[i] = row.values[VARIABLE_keep_ratio];
        plan_row_clear(&row);
        close_plan(&job);
    }
    cr_assert_eq(keep_ratios[0], keep_ratios[1]);
    cr_assert_gt(fabs(keep_ratios[0] - keep_ratios[2]), 0.02, "%g, %g", keep_ratios[0], keep_ratios[2]);
}

Test(thresholds, a_sweep_may_mix_them, .init = enter_folder, .fini = leave_folder)
{
    const char *const sets[] = {"workload.file=m.h5", "sweep.prune.threshold=[learned, 2]", NULL};
    struct rs_error err = {{0}};
    struct job job;
    size_t n = write_model("m.h5");
    cr_assert_eq(open_plan(&job, sets, &err), RS_OK, "%s", err.text);
    cr_assert_str_eq(job.plan->head.thresholds, "given; learned with the model");
    cr_assert_eq(memcmp(job.plan->points[0].setup.thresholds, learned, n * sizeof *learned), 0);
    cr_assert_eq(job.plan->points[1].setup.thresholds[0], 2);
    close_plan(&job);
}

Test(thresholds, learned_ones_that_are_not_there_are_refused, .init = enter_folder, .fini = leave_folder)
{
    const char *const sets[] = {"workload.file=m.h5", "prune.threshold=learned", NULL};
    struct rs_error err = {{0}};
    struct store *store = NULL;
    struct model_file file;
    struct job job;
    cr_assert_eq(model_embedded_open(MODEL_EMBEDDED_STORIES, &store, &err), RS_OK);
    cr_assert_eq(model_file_read(store, &file, &err), RS_OK);
    store_close(store);
    free(file.threshold);
    file.threshold = NULL;
    cr_assert_eq(model_file_write("m.h5", &file, &err), RS_OK);
    model_file_clear(&file);
    cr_assert_eq(open_plan(&job, sets, &err), RS_INPUT);
    const char said[] =
        "--set prune.threshold=learned: error: prune.threshold: learned found, but this model "
        "has no learned thresholds";
    cr_assert_eq(strncmp(err.text, said, strlen(said)), 0, "%s", err.text);
    close_plan(&job);
    cr_assert_eq(count_files(), 1);
}

/* By the scores of the floating-point model, which codes of 12 bits move a little: that much is lost, and
 * with the next score too much would be. */
Test(thresholds, calibrated_ones_lose_the_mass_they_were_asked_for)
{
    const double targets[] = {0.001, 0.01, 0.1};
    for (int t = 0; t < 3; t++) {
        char target[64];
        snprintf(target, sizeof target, "prune.lost_mass=%g", targets[t]);
        const char *const sets[] = {target, "encoding.bits=12", NULL};
        struct rs_error err = {{0}};
        struct store *store = NULL;
        struct model_file file;
        struct thresholds_scores scores;
        struct job job;
        cr_assert_eq(open_plan(&job, sets, &err), RS_OK, "%s", err.text);
        cr_assert_eq(model_embedded_open(MODEL_EMBEDDED_STORIES, &store, &err), RS_OK);
        cr_assert_eq(model_file_read(store, &file, &err), RS_OK);
        store_close(store);
        size_t n_hops = file.model.shape.n_hops, n_stories = file.calibration.n_stories, n_wrong;
        cr_assert_eq(thresholds_scores_init(n_hops, 1, &scores, &err), RS_OK);
        cr_assert_eq(memn2n_test(&file.model, &file.calibration, thresholds_collect, &scores, &n_wrong, NULL,
                                 NULL, &err),
                     RS_OK);
        for (size_t hop = 0; hop < n_hops; hop++) {
            const double *score = scores.lists[hop].scores;
            double lost = 0, next = 0, lowest = (double)INFINITY;
            double threshold = job.plan->points[0].setup.thresholds[hop];
            for (size_t i = 0; i < n_stories; i++) {
                struct story story = story_of_set(&file.calibration, i);
                size_t n = story.n_sentences < file.model.shape.n_memories ? story.n_sentences
                                                                           : file.model.shape.n_memories;
                double sum = 0;
                for (size_t j = 0; j < n; j++)
                    sum += exp(score[j]);
                for (size_t j = 0; j < n; j++) {
                    double mass = exp(score[j]) / sum / (double)n_stories;
                    lost += score[j] < threshold ? mass : 0;
                    next = score[j] >= threshold && score[j] < lowest ? mass : next;
                    lowest = score[j] >= threshold ? fmin(score[j], lowest) : lowest;
                }
                score += n;
            }
            cr_assert_leq(lost, 1.06 * targets[t] + 1e-4, "target %g, hop %zu: %g", targets[t], hop, lost);
            cr_assert_geq(lost + next, 0.94 * targets[t] - 1e-4, "target %g, hop %zu: %g, then %g more",
                          targets[t], hop, lost, next);
        }
        thresholds_scores_clear(&scores);
        model_file_clear(&file);
        close_plan(&job);
    }
}
