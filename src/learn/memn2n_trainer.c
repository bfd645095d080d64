#include "learn/memn2n_trainer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "model/attention_hook.h"
#include "numeric/random.h"

enum { N_PARTS = MEMN2N_TRAINER_PARTS };
enum { DRAW_WEIGHTS = 0, DRAW_ORDER = 1, DRAW_TIME = 2 };

static struct random_key draw_key(const struct memn2n_plan *plan, struct memn2n_place place, uint32_t what)
{
    uint32_t before =
        place.stage == MEMN2N_STAGE_ORDINARY ? (uint32_t)plan->options->n_linear_epochs : 0; /* epochs */
    return (struct random_key){.seed = plan->seed,
                               .purpose =
                                   place.stage == MEMN2N_STAGE_TUNING ? RANDOM_TUNING : RANDOM_TRAINING,
                               .trial = place.i_restart,
                               .array = what,
                               .draw = before + place.i_epoch};
}

/* Ages of the seen sentences, oldest first, with an empty memory before some; the last row takes what goes
 * beyond. */
static void draw_ages(const struct memn2n_plan *plan, struct memn2n_place place, uint32_t i_story,
                      size_t n_sentences, struct memn2n_trainer_part *part)
{
    size_t n_memories = plan->shape.n_memories, n_seen = n_sentences < n_memories ? n_sentences : n_memories;
    struct random_key key = draw_key(plan, place, DRAW_TIME);
    key.write = i_story;
    random_uniforms(&key, n_seen, part->chances);
    int32_t age = 0, age_max = (int32_t)n_memories - 1;
    for (size_t i = n_seen; i-- > 0;) {
        age += part->chances[i] < plan->options->time_noise;
        part->ages[i] = age < age_max ? age : age_max;
        age++;
    }
}

/* Stories first ... end - 1 of a batch. */
static void run_part(struct memn2n_trainer *trainer, struct memn2n_place place, const uint32_t *stories,
                     size_t first, size_t end, int i_part)
{
    const struct memn2n_plan *plan = trainer->plan;
    struct memn2n_trainer_part *part = &trainer->parts[i_part];
    struct memn2n_noise_part *noise = trainer->noise != NULL ? &trainer->noise->parts[i_part] : NULL;
    memset(part->gradient, 0, plan->n_weights * sizeof *part->gradient);
    memset(part->threshold_gradient, 0, sizeof part->threshold_gradient);
    part->loss = 0;
    const struct memn2n_gradient_soft soft = {.law = threshold_options_law(plan->learned),
                                              .weight = plan->learned->weight,
                                              .thresholds = trainer->thresholds.values,
                                              .gradient = part->threshold_gradient,
                                              .signals = noise != NULL ? memn2n_noise_signals : NULL,
                                              .context = noise};
    for (size_t i = first; i < end; i++) {
        if (noise != NULL) {
            noise->i_step = trainer->i_step;
            noise->i_story = (uint32_t)i;
        }
        struct story story = story_of_set(&plan->data->training, stories[i]);
        draw_ages(plan, place, stories[i], story.n_sentences, part);
        part->loss += memn2n_gradient_add(
            &plan->shape, trainer->weights, &story, part->ages, place.stage == MEMN2N_STAGE_LINEAR,
            place.stage == MEMN2N_STAGE_TUNING ? &soft : NULL, part->workspace, part->gradient);
    }
}

/* Leaves the sum of all parts' gradients of the weights in the first one. */
static double *add_parts(struct memn2n_trainer *trainer)
{
    double *restrict sum = trainer->parts[0].gradient;
    for (int part = 1; part < N_PARTS; part++) {
        const double *gradient = trainer->parts[part].gradient;
        for (size_t i = 0; i < trainer->plan->n_weights; i++)
            sum[i] += gradient[i];
    }
    return sum;
}

static double square_norm(size_t n, const double *x)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += x[i] * x[i];
    return sum;
}

static void scale(size_t n, double factor, double *x)
{
    for (size_t i = 0; i < n; i++)
        x[i] *= factor;
}

/* Each level's rows, those of words and of times together, get a gradient of at most the limit. */
static void limit_levels(const struct memn2n_plan *plan, double *gradient)
{
    const struct memn2n_shape *shape = &plan->shape;
    size_t n_word = shape->n_words * shape->d, n_time = shape->n_memories * shape->d;
    double *words = gradient, *times = gradient + (shape->n_hops + 1) * n_word;
    for (size_t level = 0; level <= shape->n_hops; level++, words += n_word, times += n_time) {
        double norm = sqrt(square_norm(n_word, words) + square_norm(n_time, times));
        if (norm <= plan->options->gradient_limit)
            continue;
        scale(n_word, plan->options->gradient_limit / norm, words);
        scale(n_time, plan->options->gradient_limit / norm, times);
    }
}

/* Step sizes. */
struct rates {
    double weights, thresholds;
};

static void step_thresholds(struct memn2n_trainer *trainer, double rate, size_t n)
{
    for (int part = 0; part < N_PARTS; part++)
        for (size_t hop = 0; hop < trainer->plan->shape.n_hops; hop++)
            trainer->thresholds.gradient[hop] += trainer->parts[part].threshold_gradient[hop];
    thresholds_step(&trainer->thresholds, rate, 1 / (double)n);
}

/* w <- w - rate (g + decay w), g summed over the batch and limited level by level, as published. */
static void descend(struct memn2n_trainer *trainer, double rate, double *restrict gradient)
{
    double decay = trainer->plan->options->decay, *restrict weights = trainer->weights;
    limit_levels(trainer->plan, gradient);
    for (size_t i = 0; i < trainer->plan->n_weights; i++)
        weights[i] -= rate * (gradient[i] + decay * weights[i]);
}

/* A step by the mean over `n` stories; the whole gradient is limited. */
static void step_adam(struct memn2n_trainer *trainer, double rate, size_t n, const double *gradient)
{
    double norm = sqrt(square_norm(trainer->plan->n_weights, gradient)),
           limit = trainer->plan->options->gradient_limit;
    adam_step(&trainer->adam, rate, trainer->plan->options->decay,
              (norm > limit ? limit / norm : 1) / (double)n, gradient, trainer->weights);
}

/* One step on `n` stories; returns the sum of their losses. */
static double step(struct memn2n_trainer *trainer, struct memn2n_place place, struct rates rates,
                   const uint32_t *stories, size_t n)
{
    for (int part = 0; part < N_PARTS; part++) {
        size_t first = n * (size_t)part / N_PARTS, end = n * ((size_t)part + 1) / N_PARTS;
        run_part(trainer, place, stories, first, end, part);
    }
    double loss = 0, *gradient = add_parts(trainer);
    for (int part = 0; part < N_PARTS; part++)
        loss += trainer->parts[part].loss;
    if (trainer->plan->options->method == TRAIN_SGD)
        descend(trainer, rates.weights, gradient);
    else
        step_adam(trainer, rates.weights, n, gradient);
    if (place.stage == MEMN2N_STAGE_TUNING) {
        step_thresholds(trainer, rates.thresholds, n);
        trainer->i_step++;
    }
    return loss;
}

/* The stories of this epoch in random order: those up to a length that grows; returns how many. */
static size_t choose_stories(struct memn2n_trainer *trainer, struct memn2n_place place)
{
    const struct train_options *options = trainer->plan->options;
    const struct story_data *data = trainer->plan->data;
    struct random_key key = draw_key(trainer->plan, place, DRAW_ORDER);
    double n_growing = options->lengthening_share * (double)options->n_epochs,
           longest = (double)data->n_sentences_max;
    if (place.stage != MEMN2N_STAGE_TUNING && place.i_epoch < n_growing) {
        double first = (double)options->n_first_sentences,
               done = place.stage == MEMN2N_STAGE_LINEAR ? 0 : (double)place.i_epoch / n_growing;
        longest = first + fmax(longest - first, 0) * done;
    }
    size_t n = 0;
    for (uint32_t i = 0; i < data->training.n_stories; i++) {
        if ((double)story_of_set(&data->training, i).n_sentences > longest)
            continue;
        uint32_t j = random_integer(&key, i, (uint32_t)n + 1);
        trainer->order[n] = trainer->order[j];
        trainer->order[j] = i;
        n++;
    }
    return n;
}

/* From 1 to 0 over the epochs, level at both ends. */
static double fall(struct memn2n_place place)
{
    double x = (double)place.i_epoch / (double)place.n_epochs;
    return 1 - x * x * (3 - 2 * x);
}

/* From 1 in steps of a half, all of the same length. */
static double halve(struct memn2n_place place, int64_t n_halvings)
{
    return ldexp(1, -(int)((int64_t)place.i_epoch * (n_halvings + 1) / place.n_epochs));
}

static struct rates rates_at(const struct memn2n_plan *plan, struct memn2n_place place)
{
    const struct train_options *options = plan->options;
    const struct threshold_options *learned = plan->learned;
    if (place.stage == MEMN2N_STAGE_TUNING) {
        int n_halvings = options->method == TRAIN_SGD ? (int)options->n_halvings : 0;
        double first = ldexp(options->rate, -n_halvings) * learned->model_rate;
        return (struct rates){first * fall(place), learned->rate * fall(place)};
    }
    if (place.stage == MEMN2N_STAGE_LINEAR)
        return (struct rates){options->rate / 2, 0};
    double now = options->method == TRAIN_SGD ? halve(place, options->n_halvings) : fall(place);
    return (struct rates){options->rate * now, 0};
}

double memn2n_trainer_epoch(struct memn2n_trainer *trainer, struct memn2n_place place)
{
    size_t n = choose_stories(trainer, place), n_batch = (size_t)trainer->plan->options->n_batch;
    struct rates rates = rates_at(trainer->plan, place);
    double loss = 0;
    for (size_t first = 0; first < n; first += n_batch)
        loss +=
            step(trainer, place, rates, trainer->order + first, n - first < n_batch ? n - first : n_batch);
    return n > 0 ? loss / (double)n : (double)NAN;
}

enum rs_status memn2n_trainer_validate(struct memn2n_trainer *trainer, bool pruned,
                                       struct memn2n_validation *out, struct rs_error *err)
{
    size_t n_wrong = 0;
    const struct story_set *set = &trainer->plan->data->validation;
    struct attention_pruning pruning = {1, trainer->thresholds.values, 0, 0};
    memn2n_gradient_store(trainer->weights, &trainer->rounded);
    enum rs_status status = memn2n_test(&trainer->rounded, set, pruned ? attention_hook_pruned : NULL,
                                        &pruning, &n_wrong, NULL, &out->loss, err);
    out->error = (double)n_wrong / (double)set->n_stories;
    out->keep_ratio = pruned ? (double)pruning.n_kept / (double)pruning.n_visible : 1;
    return status;
}

void memn2n_trainer_start(struct memn2n_trainer *trainer, uint32_t i_restart)
{
    const struct memn2n_plan *plan = trainer->plan;
    const struct memn2n_place first = {MEMN2N_STAGE_LINEAR, i_restart, 0, 1};
    struct random_key key = draw_key(plan, first, DRAW_WEIGHTS);
    random_normals(&key, plan->n_weights, trainer->weights);
    scale(plan->n_weights, plan->options->start_deviation, trainer->weights);
    adam_restart(&trainer->adam);
}

void memn2n_trainer_resume(struct memn2n_trainer *trainer, const double *weights)
{
    memcpy(trainer->weights, weights, trainer->plan->n_weights * sizeof *weights);
    memn2n_gradient_store(trainer->weights, &trainer->rounded);
    adam_restart(&trainer->adam);
}

static enum rs_status allocate_part(const struct memn2n_plan *plan, struct memn2n_trainer_part *part,
                                    struct rs_error *err)
{
    part->gradient = memory_allocate(plan->n_weights, sizeof *part->gradient, err);
    part->ages = memory_allocate(plan->shape.n_memories, sizeof *part->ages, err);
    part->chances = memory_allocate(plan->shape.n_memories, sizeof *part->chances, err);
    part->workspace = memn2n_gradient_create(&plan->shape, err);
    return part->gradient == NULL || part->ages == NULL || part->chances == NULL || part->workspace == NULL
               ? RS_INTERNAL
               : RS_OK;
}

enum rs_status memn2n_trainer_init(struct memn2n_trainer *trainer, const struct memn2n_plan *plan,
                                   struct rs_error *err)
{
    *trainer = (struct memn2n_trainer){.plan = plan};
    enum rs_status status =
        memn2n_init(&trainer->rounded, &plan->shape, (const char *const *)plan->data->vocabulary.words, err);
    if (status == RS_OK)
        status = adam_init(&trainer->adam, plan->n_weights, err);
    if (status == RS_OK)
        status = thresholds_init(plan->learned, plan->shape.n_hops, 1, &trainer->thresholds, err);
    for (int i = 0; i < N_PARTS && status == RS_OK; i++)
        status = allocate_part(plan, &trainer->parts[i], err);
    if (status != RS_OK)
        return status;
    trainer->weights = memory_allocate(plan->n_weights, sizeof *trainer->weights, err);
    trainer->order = memory_allocate(plan->data->training.n_stories, sizeof *trainer->order, err);
    return trainer->weights == NULL || trainer->order == NULL ? RS_INTERNAL : RS_OK;
}

void memn2n_trainer_clear(struct memn2n_trainer *trainer)
{
    adam_clear(&trainer->adam);
    thresholds_clear(&trainer->thresholds);
    for (int i = 0; i < N_PARTS; i++) {
        free(trainer->parts[i].gradient);
        free(trainer->parts[i].ages);
        free(trainer->parts[i].chances);
        memn2n_gradient_destroy(trainer->parts[i].workspace);
    }
    free(trainer->weights);
    free(trainer->order);
    memn2n_clear(&trainer->rounded);
    *trainer = (struct memn2n_trainer){0};
}
