#include "learn/train_memn2n.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/version.h"
#include "learn/adam.h"
#include "learn/memn2n_noise.h"
#include "learn/thresholds.h"
#include "model/memn2n_gradient.h"
#include "numeric/random.h"

/*
 * A batch is cut into this many parts, each with its own gradient; they are added in order, so that the sum
 * does not depend on the number of threads.
 */
enum { N_PARTS = 4 };

enum { DRAW_WEIGHTS = 0, DRAW_ORDER = 1, DRAW_TIME = 2 };

static const double seed_max = 0x1p53;

struct part {
    double *gradient; /* [n_weights] */
    int32_t *ages;    /* [n_memories] */
    double *chances;  /* [n_memories] */
    struct memn2n_gradient_workspace *workspace;
    double threshold_gradient[MEMN2N_HOPS_MAX];
    double loss;
};

struct trainer {
    const struct train_options *options;
    const struct story_data *data;
    struct memn2n_shape shape;
    uint64_t seed;
    int n_threads;
    size_t n_weights;
    struct adam adam;
    struct part parts[N_PARTS];
    double *weights;       /* [n_weights] */
    double *best_weights;  /* [n_weights] */
    uint32_t *order;       /* [n_questions] */
    struct memn2n rounded; /* what validation sees */
    struct thresholds thresholds;
    struct memn2n_noise noise; /* of fine-tuning, where learned.noise asks for it */
    int n_total;               /* epochs, for the progress */
    int n_done;
};

/* Where the trainer is. */
struct place {
    uint32_t i_restart, i_epoch;
    bool linear, tuning; /* tuning: thresholds learn too */
};

static struct random_key draw_key(const struct trainer *trainer, struct place place, uint32_t what)
{
    return (struct random_key){.seed = trainer->seed,
                               .purpose = place.tuning ? RANDOM_TUNING : RANDOM_TRAINING,
                               .trial = place.i_restart,
                               .array = what,
                               .draw = place.i_epoch};
}

/* Ages of the seen sentences, oldest first, with an empty memory before some; the last row takes what goes
 * beyond. */
static void draw_ages(const struct trainer *trainer, struct place place, uint32_t i_story, size_t n_sentences,
                      struct part *part)
{
    size_t n_memories = trainer->shape.n_memories,
           n_seen = n_sentences < n_memories ? n_sentences : n_memories;
    struct random_key key = draw_key(trainer, place, DRAW_TIME);
    key.write = i_story;
    random_uniforms(&key, n_seen, part->chances);
    int32_t age = 0, age_max = (int32_t)n_memories - 1;
    for (size_t i = n_seen; i-- > 0;) {
        age += part->chances[i] < trainer->options->time_noise;
        part->ages[i] = age < age_max ? age : age_max;
        age++;
    }
}

static void run_part(const struct trainer *trainer, struct place place, const uint32_t *stories, size_t n,
                     size_t i_part, struct part *part)
{
    struct memn2n_noise_part *noise = trainer->noise.parts != NULL ? &trainer->noise.parts[i_part] : NULL;
    memset(part->gradient, 0, trainer->n_weights * sizeof *part->gradient);
    memset(part->threshold_gradient, 0, sizeof part->threshold_gradient);
    part->loss = 0;
    const struct memn2n_gradient_soft soft = {.law = threshold_options_law(trainer->thresholds.options),
                                              .weight = trainer->thresholds.options->weight,
                                              .thresholds = trainer->thresholds.values,
                                              .gradient = part->threshold_gradient,
                                              .signals = noise != NULL ? memn2n_noise_draw : NULL,
                                              .signals_context = noise};
    for (size_t i = 0; i < n; i++) {
        struct story story = story_of_set(&trainer->data->training, stories[i]);
        draw_ages(trainer, place, stories[i], story.n_sentences, part);
        if (noise != NULL) {
            noise->i_epoch = place.i_epoch;
            noise->i_story = stories[i];
        }
        part->loss += memn2n_gradient_add(&trainer->shape, trainer->weights, &story, part->ages, place.linear,
                                          place.tuning ? &soft : NULL, part->workspace, part->gradient);
    }
}

/* Leaves the sum of all parts' gradients of the weights in the first one; returns its 2-norm. */
static double add_parts(struct trainer *trainer)
{
    double *restrict sum = trainer->parts[0].gradient, square = 0;
    for (int part = 1; part < N_PARTS; part++) {
        const double *gradient = trainer->parts[part].gradient;
        for (size_t i = 0; i < trainer->n_weights; i++)
            sum[i] += gradient[i];
    }
    for (size_t i = 0; i < trainer->n_weights; i++)
        square += sum[i] * sum[i];
    return sqrt(square);
}

static void step_thresholds(struct trainer *trainer, double rate, size_t n)
{
    for (int part = 0; part < N_PARTS; part++)
        for (size_t hop = 0; hop < trainer->shape.n_hops; hop++)
            trainer->thresholds.gradient[hop] += trainer->parts[part].threshold_gradient[hop];
    thresholds_step(&trainer->thresholds, rate, 1 / (double)n);
}

/* Step sizes. */
struct rates {
    double weights, thresholds;
};

/* One step on `n` stories; returns the sum of their losses. */
static double step(struct trainer *trainer, struct place place, struct rates rates, const uint32_t *stories,
                   size_t n)
{
#pragma omp parallel for num_threads(trainer->n_threads) schedule(static, 1)
    for (int part = 0; part < N_PARTS; part++) {
        size_t first = n * (size_t)part / N_PARTS, end = n * ((size_t)part + 1) / N_PARTS;
        run_part(trainer, place, stories + first, end - first, (size_t)part, &trainer->parts[part]);
    }
    double loss = 0, norm = add_parts(trainer), limit = trainer->options->gradient_limit;
    for (int part = 0; part < N_PARTS; part++)
        loss += trainer->parts[part].loss;
    adam_step(&trainer->adam, rates.weights, trainer->options->decay,
              (norm > limit ? limit / norm : 1) / (double)n, trainer->parts[0].gradient, trainer->weights);
    if (place.tuning)
        step_thresholds(trainer, rates.thresholds, n);
    return loss;
}

/* The stories of this epoch in random order: those up to a length that grows; returns how many. */
static size_t choose_stories(struct trainer *trainer, struct place place)
{
    const struct train_options *options = trainer->options;
    struct random_key key = draw_key(trainer, place, DRAW_ORDER);
    double n_growing = options->lengthening_share * (double)options->n_epochs,
           longest = (double)trainer->data->n_sentences_max;
    if (!place.tuning && place.i_epoch < n_growing) {
        double first = (double)options->n_first_sentences;
        longest = first + fmax(longest - first, 0) * (double)place.i_epoch / n_growing;
    }
    size_t n = 0;
    for (uint32_t i = 0; i < trainer->data->training.n_stories; i++) {
        if ((double)story_of_set(&trainer->data->training, i).n_sentences > longest)
            continue;
        uint32_t j = random_integer(&key, i, (uint32_t)n + 1);
        trainer->order[n] = trainer->order[j];
        trainer->order[j] = i;
        n++;
    }
    return n;
}

/* From 1 to 0 over the epochs, level at both ends. */
static double fall(uint32_t i_epoch, int64_t n_epochs)
{
    double x = (double)i_epoch / (double)n_epochs;
    return 1 - x * x * (3 - 2 * x);
}

static struct rates rates_at(const struct trainer *trainer, struct place place, int64_t n_epochs)
{
    const struct threshold_options *learned = trainer->thresholds.options;
    double now = fall(place.i_epoch, n_epochs);
    return (struct rates){trainer->options->rate * now * (place.tuning ? learned->model_rate : 1),
                          learned->rate * now};
}

static double run_epoch(struct trainer *trainer, struct place place, int64_t n_epochs)
{
    size_t n = choose_stories(trainer, place), n_batch = (size_t)trainer->options->n_batch;
    struct rates rates = rates_at(trainer, place, n_epochs);
    double loss = 0;
    for (size_t first = 0; first < n; first += n_batch)
        loss +=
            step(trainer, place, rates, trainer->order + first, n - first < n_batch ? n - first : n_batch);
    return n > 0 ? loss / (double)n : (double)NAN;
}

/* With `tuning` by the pruned model. */
static enum rs_status validate(struct trainer *trainer, bool tuning, struct train_memn2n_epoch *epoch,
                               struct rs_error *err)
{
    size_t n_wrong = 0;
    struct attention_pruning pruning = {1, trainer->thresholds.values, 0, 0};
    memn2n_gradient_store(trainer->weights, &trainer->rounded);
    enum rs_status status =
        memn2n_test(&trainer->rounded, &trainer->data->validation, tuning ? attention_hook_pruned : NULL,
                    &pruning, &n_wrong, NULL, &epoch->validation_loss, err);
    epoch->validation_error = (double)n_wrong / (double)trainer->data->validation.n_stories;
    epoch->keep_ratio = tuning ? (double)pruning.n_kept / (double)pruning.n_visible : 1;
    return status;
}

/* One epoch with its validation and report. */
static enum rs_status pass_epoch(struct trainer *trainer, struct place place, int64_t n_epochs,
                                 train_memn2n_progress *progress, void *context,
                                 struct train_memn2n_epoch *out, struct rs_error *err)
{
    *out = (struct train_memn2n_epoch){.i_restart = (int)place.i_restart,
                                       .n_restarts = (int)trainer->options->n_restarts,
                                       .i_epoch = (int)place.i_epoch,
                                       .n_epochs = (int)n_epochs,
                                       .n_done = ++trainer->n_done,
                                       .n_total = trainer->n_total};
    out->train_loss = run_epoch(trainer, place, n_epochs);
    enum rs_status status = validate(trainer, place.tuning, out, err);
    if (status == RS_OK && progress != NULL && !progress(context, out))
        status = rs_fail(err, RS_STOPPED, "training was stopped");
    return status;
}

/* One run from new first weights; `last` is what its last epoch reported. */
static enum rs_status run_restart(struct trainer *trainer, uint32_t i_restart,
                                  train_memn2n_progress *progress, void *context,
                                  struct train_memn2n_epoch *last, struct rs_error *err)
{
    const struct train_options *options = trainer->options;
    struct random_key key = draw_key(trainer, (struct place){.i_restart = i_restart}, DRAW_WEIGHTS);
    random_normals(&key, trainer->n_weights, trainer->weights);
    for (size_t i = 0; i < trainer->n_weights; i++)
        trainer->weights[i] *= options->start_deviation;
    adam_restart(&trainer->adam);
    for (uint32_t i = 0; i < options->n_epochs; i++) {
        struct place place = {i_restart, i, i < options->n_linear_epochs, false};
        enum rs_status status = pass_epoch(trainer, place, options->n_epochs, progress, context, last, err);
        if (status != RS_OK)
            return status;
    }
    return RS_OK;
}

static enum rs_status run_restarts(struct trainer *trainer, train_memn2n_progress *progress, void *context,
                                   struct rs_error *err)
{
    double best_loss = (double)INFINITY;
    for (uint32_t i = 0; i < trainer->options->n_restarts; i++) {
        struct train_memn2n_epoch last;
        enum rs_status status = run_restart(trainer, i, progress, context, &last, err);
        if (status != RS_OK)
            return status;
        if (last.validation_loss < best_loss) {
            best_loss = last.validation_loss;
            memcpy(trainer->best_weights, trainer->weights, trainer->n_weights * sizeof *trainer->weights);
        }
        if (last.validation_error <= trainer->options->good_error)
            break;
    }
    if (best_loss < (double)INFINITY)
        return RS_OK;
    return rs_fail(err, RS_INPUT, "training diverged in every restart: a smaller train.rate expected");
}

static enum rs_status start_thresholds(struct trainer *trainer, struct rs_error *err)
{
    struct thresholds_scores scores;
    size_t n_wrong;
    enum rs_status status = thresholds_scores_init(trainer->shape.n_hops, 1, &scores, err);
    if (status == RS_OK)
        status = memn2n_test(&trainer->rounded, &trainer->data->calibration, thresholds_collect, &scores,
                             &n_wrong, NULL, NULL, err);
    if (status == RS_OK)
        thresholds_start(&trainer->thresholds, &scores);
    thresholds_scores_clear(&scores);
    return status;
}

/* Weights and thresholds together, from the best weights on, which it replaces. */
static enum rs_status tune(struct trainer *trainer, train_memn2n_progress *progress, void *context,
                           struct rs_error *err)
{
    const struct train_options *options = trainer->options;
    int64_t n_epochs = threshold_options_length(trainer->thresholds.options, options->n_epochs);
    struct train_memn2n_epoch last = {0};
    memcpy(trainer->weights, trainer->best_weights, trainer->n_weights * sizeof *trainer->weights);
    memn2n_gradient_store(trainer->weights, &trainer->rounded);
    adam_restart(&trainer->adam);
    trainer->n_done = trainer->n_total - (int)n_epochs;
    enum rs_status status = start_thresholds(trainer, err);
    for (uint32_t i = 0; i < n_epochs && status == RS_OK; i++) {
        /* validation has left the weights in `rounded` */
        if (trainer->noise.parts != NULL)
            status = memn2n_noise_look(&trainer->noise, &trainer->rounded, &trainer->data->calibration, err);
        if (status == RS_OK)
            status = pass_epoch(trainer, (struct place){(uint32_t)options->n_restarts, i, false, true},
                                n_epochs, progress, context, &last, err);
    }
    if (status == RS_OK && !isfinite(last.validation_loss))
        status = rs_fail(err, RS_INPUT,
                         "fine-tuning with thresholds diverged: a smaller learned.rate or learned.model_rate "
                         "expected");
    memcpy(trainer->best_weights, trainer->weights, trainer->n_weights * sizeof *trainer->weights);
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

static enum rs_status prepare(struct trainer *trainer, const struct threshold_options *learned,
                              const struct attention_options *array, struct rs_error *err)
{
    const struct train_options *options = trainer->options;
    const struct vocabulary *vocabulary = &trainer->data->vocabulary;
    trainer->shape =
        (struct memn2n_shape){(size_t)options->n_hops, (size_t)options->n_components, vocabulary->n_words,
                              (size_t)options->n_memories, longest_sentence(trainer->data)};
    enum rs_status status =
        memn2n_init(&trainer->rounded, &trainer->shape, (const char *const *)vocabulary->words, err);
    if (status != RS_OK)
        return status;
    trainer->n_total =
        (int)(options->n_restarts * options->n_epochs + threshold_options_length(learned, options->n_epochs));
    trainer->n_weights = memn2n_gradient_n_weights(&trainer->shape);
    status = adam_init(&trainer->adam, trainer->n_weights, err);
    if (status == RS_OK)
        status = thresholds_init(learned, trainer->shape.n_hops, 1, &trainer->thresholds, err);
    if (status == RS_OK && learned->sharing != THRESHOLD_NONE && learned->noise == THRESHOLD_NOISE_ARRAY)
        status = memn2n_noise_init(array, &trainer->shape, N_PARTS, &trainer->noise, err);
    if (status != RS_OK)
        return status;
    trainer->weights = memory_allocate(trainer->n_weights, sizeof *trainer->weights, err);
    trainer->best_weights = memory_allocate(trainer->n_weights, sizeof *trainer->best_weights, err);
    trainer->order = memory_allocate(trainer->data->training.n_stories, sizeof *trainer->order, err);
    if (trainer->weights == NULL || trainer->best_weights == NULL || trainer->order == NULL)
        return RS_INTERNAL;
    for (int i = 0; i < N_PARTS; i++) {
        trainer->parts[i].gradient = memory_allocate(trainer->n_weights, sizeof(double), err);
        trainer->parts[i].ages = memory_allocate(trainer->shape.n_memories, sizeof(int32_t), err);
        trainer->parts[i].chances = memory_allocate(trainer->shape.n_memories, sizeof(double), err);
        trainer->parts[i].workspace = memn2n_gradient_create(&trainer->shape, err);
        if (trainer->parts[i].gradient == NULL || trainer->parts[i].ages == NULL ||
            trainer->parts[i].chances == NULL || trainer->parts[i].workspace == NULL)
            return RS_INTERNAL;
    }
    return RS_OK;
}

static void clear(struct trainer *trainer)
{
    adam_clear(&trainer->adam);
    thresholds_clear(&trainer->thresholds);
    memn2n_noise_clear(&trainer->noise);
    for (int i = 0; i < N_PARTS; i++) {
        free(trainer->parts[i].gradient);
        free(trainer->parts[i].ages);
        free(trainer->parts[i].chances);
        memn2n_gradient_destroy(trainer->parts[i].workspace);
    }
    free(trainer->weights);
    free(trainer->best_weights);
    free(trainer->order);
    memn2n_clear(&trainer->rounded);
}

/* Hands the thresholds over, if any were learned, and tests with them. */
static enum rs_status finish_thresholds(struct trainer *trainer, struct model_file *out,
                                        struct train_memn2n_pruned *pruned, struct rs_error *err)
{
    size_t n_wrong = 0;
    if (trainer->thresholds.options->sharing == THRESHOLD_NONE)
        return RS_OK;
    out->threshold = trainer->thresholds.values;
    trainer->thresholds.values = NULL;
    snprintf(out->threshold_method, sizeof out->threshold_method, "learned");
    struct attention_pruning pruning = {1, out->threshold, 0, 0};
    enum rs_status status =
        memn2n_test(&out->model, &out->test, attention_hook_pruned, &pruning, &n_wrong, NULL, NULL, err);
    pruned->test_error = (double)n_wrong / (double)out->test.n_stories;
    pruned->keep_ratio = (double)pruning.n_kept / (double)pruning.n_visible;
    return status;
}

/* The model file takes over what of the data it keeps. */
static enum rs_status finish(struct trainer *trainer, struct story_data *data, struct model_file *out,
                             struct train_memn2n_pruned *pruned, struct rs_error *err)
{
    size_t n_wrong = 0;
    snprintf(out->task, sizeof out->task, "%s", data->task);
    snprintf(out->source, sizeof out->source, "%s; model trained by rescore %s", data->source,
             version_number());
    snprintf(out->git_commit, sizeof out->git_commit, "%s", version_commit());
    out->seed = trainer->seed;
    memn2n_gradient_store(trainer->best_weights, &trainer->rounded);
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
    return status == RS_OK ? finish_thresholds(trainer, out, pruned, err) : status;
}

enum rs_status train_memn2n(const struct train_options *options, const struct threshold_options *learned,
                            const struct attention_options *array, struct story_data *data, uint64_t seed,
                            int n_threads, train_memn2n_progress *progress, void *context,
                            struct model_file *out, struct train_memn2n_pruned *pruned, struct rs_error *err)
{
    struct trainer trainer = {.options = options, .data = data, .seed = seed, .n_threads = n_threads};
    struct train_memn2n_pruned found = {(double)NAN, (double)NAN};
    *out = (struct model_file){0};
    enum rs_status status = RS_OK;
    if ((double)seed > seed_max)
        status = rs_fail(err, RS_INPUT, "seed %llu found, at most 2^53 expected", (unsigned long long)seed);
    if (status == RS_OK)
        status = prepare(&trainer, learned, array, err);
    if (status == RS_OK)
        status = run_restarts(&trainer, progress, context, err);
    if (status == RS_OK && learned->sharing != THRESHOLD_NONE)
        status = tune(&trainer, progress, context, err);
    if (status == RS_OK)
        status = finish(&trainer, data, out, &found, err);
    clear(&trainer);
    if (status != RS_OK)
        model_file_clear(out);
    if (pruned != NULL)
        *pruned = found;
    return status;
}

struct story_data_sizes train_memn2n_sizes(const struct train_options *options)
{
    return (struct story_data_sizes){(size_t)options->n_questions, (size_t)options->n_validation,
                                     (size_t)options->n_calibration, (size_t)options->n_test,
                                     (int)options->n_sentences};
}
