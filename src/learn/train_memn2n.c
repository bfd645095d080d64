#include "learn/train_memn2n.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/require.h"
#include "base/version.h"
#include "learn/memn2n_trainer.h"
#include "model/attention_hook.h"

static const double seed_max = 0x1p53;

/* What became of a restart. */
struct restart {
    double *weights; /* [n_weights], NULL where one before it is better */
    double validation_loss;
    bool done, good; /* good: no further one is asked for */
    enum rs_status status;
    struct rs_error err;
};

/* One training as a whole. */
struct session {
    struct memn2n_plan plan;
    int n_threads;
    train_memn2n_progress *progress;
    void *context;
    int n_done, n_total; /* epochs */
    bool stopped;        /* from outside */
    struct restart *restarts;
    struct memn2n_trainer trainer; /* fine-tuning and the result */
    struct train_memn2n_learned *learned;
    struct memn2n_noise noise;
};

/* Ends the session where the caller says so. */
static enum rs_status report(struct session *session, struct train_memn2n_epoch *epoch, struct rs_error *err)
{
    bool stopped;
#pragma omp critical
    {
        epoch->n_done = ++session->n_done;
        if (!session->stopped && session->progress != NULL)
            session->stopped = !session->progress(session->context, epoch);
        stopped = session->stopped;
    }
    return stopped ? rs_fail(err, RS_STOPPED, "training was stopped") : RS_OK;
}

/* One epoch with its validation and report. */
static enum rs_status pass_epoch(struct session *session, struct memn2n_trainer *trainer,
                                 struct memn2n_place place, struct memn2n_validation *found,
                                 struct rs_error *err)
{
    double loss = memn2n_trainer_epoch(trainer, place);
    enum rs_status status = memn2n_trainer_validate(trainer, place.stage == MEMN2N_STAGE_TUNING, found, err);
    struct train_memn2n_epoch epoch = {.i_restart = (int)place.i_restart,
                                       .n_restarts = (int)session->plan.options->n_restarts,
                                       .linear = place.stage == MEMN2N_STAGE_LINEAR,
                                       .i_epoch = (int)place.i_epoch,
                                       .n_epochs = (int)place.n_epochs,
                                       .n_total = session->n_total,
                                       .train_loss = loss,
                                       .validation_loss = found->loss,
                                       .validation_error = found->error,
                                       .keep_ratio = found->keep_ratio};
    return status == RS_OK ? report(session, &epoch, err) : status;
}

/* All epochs of one stage; `found` is what its last one said. */
static enum rs_status run_stage(struct session *session, struct memn2n_trainer *trainer,
                                enum memn2n_stage stage, uint32_t i_restart, int64_t n_epochs,
                                struct memn2n_validation *found, struct rs_error *err)
{
    enum rs_status status = RS_OK;
    for (uint32_t i = 0; i < n_epochs && status == RS_OK; i++)
        status =
            pass_epoch(session, trainer, (struct memn2n_place){stage, i_restart, i, n_epochs}, found, err);
    return status;
}

/* Whether one before it has ended all further restarts; callers hold the lock of the restarts. */
static bool is_superfluous(const struct session *session, int64_t i_restart)
{
    for (int64_t i = 0; i < i_restart; i++)
        if (session->restarts[i].good || session->restarts[i].status != RS_OK)
            return true;
    return false;
}

/* Keeps the weights unless an earlier restart is better, and no worse ones of later restarts. */
static void note_restart(struct session *session, const double *weights, int64_t i_restart,
                         const struct memn2n_validation *found)
{
    struct restart *all = session->restarts, *own = &all[i_restart];
    own->done = isfinite(found->loss);
    own->validation_loss = found->loss;
    own->good = own->done && found->error <= session->plan.options->good_error;
    bool wanted = own->done;
    for (int64_t i = 0; i < i_restart; i++)
        wanted = wanted && !(all[i].done && all[i].validation_loss <= found->loss);
    if (!wanted)
        return;
    own->weights = memory_allocate(session->plan.n_weights, sizeof *weights, &own->err);
    if (own->weights == NULL) {
        own->status = RS_INTERNAL;
        return;
    }
    memcpy(own->weights, weights, session->plan.n_weights * sizeof *weights);
    for (int64_t i = i_restart + 1; i < session->plan.options->n_restarts; i++)
        if (all[i].done && all[i].validation_loss >= found->loss) {
            free(all[i].weights);
            all[i].weights = NULL;
        }
}

/* One run from new first weights. */
static void run_restart(struct session *session, struct memn2n_trainer *trainer, int64_t i_restart)
{
    const struct train_options *options = session->plan.options;
    struct restart *own = &session->restarts[i_restart];
    struct memn2n_validation found = {0};
    bool superfluous;
#pragma omp critical
    superfluous = is_superfluous(session, i_restart);
    if (superfluous)
        return;
    memn2n_trainer_start(trainer, (uint32_t)i_restart);
    own->status = run_stage(session, trainer, MEMN2N_STAGE_LINEAR, (uint32_t)i_restart,
                            options->n_linear_epochs, &found, &own->err);
    if (own->status == RS_OK)
        own->status = run_stage(session, trainer, MEMN2N_STAGE_ORDINARY, (uint32_t)i_restart,
                                options->n_epochs, &found, &own->err);
    if (own->status == RS_OK)
#pragma omp critical
        note_restart(session, trainer->weights, i_restart, &found);
}

/* The one with the lowest validation loss, among those up to the first good one. */
static enum rs_status choose_restart(const struct session *session, const double **weights,
                                     struct rs_error *err)
{
    const struct restart *best = NULL;
    if (session->stopped)
        return rs_fail(err, RS_STOPPED, "training was stopped");
    for (int64_t i = 0; i < session->plan.options->n_restarts; i++) {
        const struct restart *at = &session->restarts[i];
        if (at->status != RS_OK) {
            if (err != NULL)
                *err = at->err;
            return at->status;
        }
        if (at->weights != NULL && (best == NULL || at->validation_loss < best->validation_loss))
            best = at;
        if (at->good)
            break;
    }
    if (best == NULL)
        return rs_fail(err, RS_INPUT, "training diverged in every restart: a smaller train.rate expected");
    *weights = best->weights;
    return RS_OK;
}

/* Restarts side by side, each on a trainer of its own. */
static enum rs_status run_restarts(struct session *session, struct rs_error *err)
{
    int64_t n_restarts = session->plan.options->n_restarts;
    int n_workers = session->n_threads < n_restarts ? session->n_threads : (int)n_restarts;
#pragma omp parallel num_threads(n_workers)
    {
        struct memn2n_trainer trainer = {0};
        struct rs_error own_err = {{0}};
        enum rs_status status = memn2n_trainer_init(&trainer, &session->plan, &own_err);
#pragma omp for schedule(dynamic, 1)
        for (int64_t i = 0; i < n_restarts; i++) {
            if (status == RS_OK)
                run_restart(session, &trainer, i);
            else
                session->restarts[i] = (struct restart){.status = status, .err = own_err};
        }
        memn2n_trainer_clear(&trainer);
    }
    const double *weights = NULL;
    enum rs_status status = choose_restart(session, &weights, err);
    if (status == RS_OK)
        memn2n_trainer_resume(&session->trainer, weights);
    return status;
}

/* Weights that were trained before. */
static enum rs_status start_from(struct session *session, struct rs_error *err)
{
    const struct memn2n *start = session->learned->start;
    rs_require(memcmp(&start->shape, &session->plan.shape, sizeof start->shape) == 0,
               "a model of another shape to tune");
    double *weights = memory_allocate(session->plan.n_weights, sizeof *weights, err);
    if (weights == NULL)
        return RS_INTERNAL;
    memn2n_gradient_load(start, weights);
    memn2n_trainer_resume(&session->trainer, weights);
    free(weights);
    return RS_OK;
}

static enum rs_status start_thresholds(struct session *session, struct rs_error *err)
{
    struct thresholds_scores scores;
    size_t n_wrong;
    enum rs_status status = thresholds_scores_init(session->plan.shape.n_hops, 1, &scores, err);
    if (status == RS_OK)
        status = memn2n_test(&session->trainer.rounded, &session->plan.data->calibration, thresholds_collect,
                             &scores, &n_wrong, NULL, NULL, err);
    if (status == RS_OK)
        thresholds_start(&session->trainer.thresholds, &scores);
    thresholds_scores_clear(&scores);
    return status;
}

static enum rs_status start_noise(struct session *session, struct rs_error *err)
{
    enum rs_status status = memn2n_noise_init(session->learned->array, &session->plan.shape,
                                              session->plan.seed, MEMN2N_TRAINER_PARTS, &session->noise, err);
    session->trainer.noise = &session->noise;
    return status;
}

/* Weights and thresholds together, from the best weights on, which it replaces. */
static enum rs_status tune(struct session *session, struct rs_error *err)
{
    const struct train_options *options = session->plan.options;
    int64_t n_epochs = threshold_options_length(session->plan.learned, options->n_epochs);
    struct memn2n_validation found = {0};
    session->n_done = session->n_total - (int)n_epochs;
    enum rs_status status = start_thresholds(session, err);
    if (status == RS_OK && session->plan.learned->noise == THRESHOLD_NOISE_ARRAY)
        status = start_noise(session, err);
    for (uint32_t i = 0; i < n_epochs && status == RS_OK; i++) {
        if (session->trainer.noise != NULL)
            status = memn2n_noise_look(&session->noise, &session->trainer.rounded,
                                       &session->plan.data->calibration, err);
        struct memn2n_place place = {MEMN2N_STAGE_TUNING, (uint32_t)options->n_restarts, i, n_epochs};
        if (status == RS_OK)
            status = pass_epoch(session, &session->trainer, place, &found, err);
    }
    if (status == RS_OK && !isfinite(found.loss))
        status = rs_fail(err, RS_INPUT,
                         "fine-tuning with thresholds diverged: a smaller learned.rate or learned.model_rate "
                         "expected");
    return status;
}

/* The longest sentence of all sets: a rare form may be missing from the training stories. */
static size_t longest_sentence(const struct story_data *data)
{
    const struct story_set *sets[] = {&data->training, &data->validation, &data->test};
    size_t longest = 0;
    for (int i = 0; i < 3; i++)
        if (story_set_longest_sentence(sets[i]) > longest)
            longest = story_set_longest_sentence(sets[i]);
    return longest;
}

static enum rs_status prepare(struct session *session, struct rs_error *err)
{
    struct memn2n_plan *plan = &session->plan;
    const struct train_options *options = plan->options;
    int64_t d = train_options_embedding(options, plan->data->n_kinds);
    plan->shape = (struct memn2n_shape){.n_hops = (size_t)options->n_hops,
                                        .d = (size_t)d,
                                        .n_words = plan->data->vocabulary.n_words,
                                        .n_memories = (size_t)options->n_memories,
                                        .n_sentence_words = longest_sentence(plan->data),
                                        .n_empty = (size_t)options->n_empty};
    enum rs_status status = memn2n_shape_check(&plan->shape, err);
    if (status != RS_OK)
        return status;
    plan->n_weights = memn2n_gradient_n_weights(&plan->shape);
    int64_t n_restarts = session->learned->start != NULL ? 0 : options->n_restarts;
    session->n_total = (int)(n_restarts * (options->n_linear_epochs + options->n_epochs) +
                             threshold_options_length(plan->learned, options->n_epochs));
    session->restarts = memory_allocate((size_t)options->n_restarts, sizeof *session->restarts, err);
    if (session->restarts == NULL)
        return RS_INTERNAL;
    return memn2n_trainer_init(&session->trainer, plan, err);
}

static void clear(struct session *session)
{
    for (int64_t i = 0; session->restarts != NULL && i < session->plan.options->n_restarts; i++)
        free(session->restarts[i].weights);
    free(session->restarts);
    memn2n_trainer_clear(&session->trainer);
    memn2n_noise_clear(&session->noise);
}

/* Hands the thresholds over, if any were learned, and tests with them. */
static enum rs_status finish_thresholds(struct session *session, struct model_file *out, struct rs_error *err)
{
    size_t n_wrong = 0;
    if (session->plan.learned->sharing == THRESHOLD_NONE)
        return RS_OK;
    out->threshold = session->trainer.thresholds.values;
    session->trainer.thresholds.values = NULL;
    snprintf(out->threshold_method, sizeof out->threshold_method, "learned");
    struct attention_pruning pruning = {1, out->threshold, 0, 0};
    enum rs_status status =
        memn2n_test(&out->model, &out->test, attention_hook_pruned, &pruning, &n_wrong, NULL, NULL, err);
    session->learned->test_error = (double)n_wrong / (double)out->test.n_stories;
    session->learned->keep_ratio = (double)pruning.n_kept / (double)pruning.n_visible;
    return status;
}

/* The model file takes over what of the data it keeps. */
static enum rs_status finish(struct session *session, struct story_data *data, struct model_file *out,
                             struct rs_error *err)
{
    size_t n_wrong = 0;
    struct memn2n_trainer *trainer = &session->trainer;
    snprintf(out->task, sizeof out->task, "%s", data->task);
    snprintf(out->source, sizeof out->source, "%s; model trained by rescore %s", data->source,
             version_number());
    snprintf(out->git_commit, sizeof out->git_commit, "%s", version_commit());
    out->seed = session->plan.seed;
    memn2n_gradient_store(trainer->weights, &trainer->rounded);
    out->model = trainer->rounded;
    trainer->rounded = (struct memn2n){0};
    out->kinds = data->kinds;
    out->n_kinds = data->n_kinds;
    out->calibration = data->calibration;
    out->test = data->test;
    data->kinds = NULL;
    data->n_kinds = 0;
    data->calibration = data->test = (struct story_set){0};
    enum rs_status status = model_file_measure_codes(out, err);
    if (status == RS_OK)
        status = memn2n_test(&out->model, &out->test, NULL, NULL, &n_wrong, NULL, NULL, err);
    out->test_error = (double)n_wrong / (double)out->test.n_stories;
    return status == RS_OK ? finish_thresholds(session, out, err) : status;
}

enum rs_status train_memn2n(const struct train_options *options, struct train_memn2n_learned *learned,
                            struct story_data *data, uint64_t seed, int n_threads,
                            train_memn2n_progress *progress, void *context, struct model_file *out,
                            struct rs_error *err)
{
    const struct threshold_options none = {.sharing = THRESHOLD_NONE};
    struct train_memn2n_learned nothing = {.options = &none};
    learned = learned != NULL ? learned : &nothing;
    learned->test_error = learned->keep_ratio = (double)NAN;
    struct session session = {.plan = {.options = options, .data = data, .seed = seed},
                              .learned = learned,
                              .n_threads = n_threads,
                              .progress = progress,
                              .context = context};
    session.plan.learned = learned->options;
    *out = (struct model_file){0};
    enum rs_status status = RS_OK;
    if ((double)seed > seed_max)
        status = rs_fail(err, RS_INPUT, "seed %llu found, at most 2^53 expected", (unsigned long long)seed);
    if (status == RS_OK)
        status = prepare(&session, err);
    if (status == RS_OK)
        status = learned->start != NULL ? start_from(&session, err) : run_restarts(&session, err);
    if (status == RS_OK && learned->options->sharing != THRESHOLD_NONE)
        status = tune(&session, err);
    if (status == RS_OK)
        status = finish(&session, data, out, err);
    clear(&session);
    if (status != RS_OK)
        model_file_clear(out);
    return status;
}

struct story_data_sizes train_memn2n_sizes(const struct train_options *options)
{
    return (struct story_data_sizes){(size_t)options->n_questions, (size_t)options->n_validation,
                                     (size_t)options->n_calibration, (size_t)options->n_test,
                                     (int)options->n_sentences};
}
