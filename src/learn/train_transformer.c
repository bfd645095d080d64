#include "learn/train_transformer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/version.h"
#include "learn/adam.h"
#include "learn/transformer_start.h"
#include "model/transformer_gradient.h"
#include "numeric/matrix.h"
#include "numeric/random.h"

/*
 * A batch is cut into this many parts, each with its own gradient, which are added in order; weights into
 * chunks, whose squares are added in order: no sum depends on the number of threads.
 */
enum { N_PARTS = 4, CHUNK = 1 << 14 };

enum { DRAW_WEIGHTS = 16, DRAW_START = 17, DRAW_ORDER = 18 };

static const double seed_max = 0x1p53;
struct part {
    struct transformer_gradient_f32 *room;
    float *gradient; /* [n_weights] */
    double loss;
    size_t n_counted;
};

struct trainer {
    const struct transformer_options *options;
    uint64_t seed;
    int n_threads;
    size_t n_training; /* characters or images */
    const int32_t *text;
    const struct images *images;
    struct transformer_items validation;
    struct transformer model; /* its weights are the ones trained */
    float *best;              /* [n_weights] */
    struct adam_f32 adam;
    struct train_transformer_learned *learned; /* NULL: no thresholds */
    struct transformer_tuning tuning;
    bool tunes; /* fine-tuning has begun */
    struct part parts[N_PARTS];
    struct transformer_sample *batch; /* [n_batch] */
    uint32_t *order;                  /* [n_training] images */
    uint8_t *moved;                   /* [n_batch][height][width] */
    bool *decays;                     /* [n_weights] */
    double *squares;                  /* of each chunk */
};

static struct random_key draw_key(const struct trainer *trainer, uint32_t what, uint32_t draw)
{
    return (struct random_key){.seed = trainer->seed,
                               .purpose = trainer->tunes ? RANDOM_TUNING : RANDOM_TRAINING,
                               .array = what,
                               .draw = draw};
}

/* --- steps --- */

static void choose_text(struct trainer *trainer, size_t i_step)
{
    size_t n = trainer->model.shape.n_positions;
    struct random_key key = draw_key(trainer, DRAW_START, (uint32_t)i_step);
    for (uint32_t i = 0; i < trainer->options->n_batch; i++) {
        const int32_t *words = trainer->text + random_integer(&key, i, (uint32_t)(trainer->n_training - n));
        trainer->batch[i] =
            (struct transformer_sample){.n_words = n, .words = words, .targets = words + 1, .label = -1};
    }
}

/* By whole pixels, as transformer.shift allows; 0: the image itself. */
static const uint8_t *vary_image(struct trainer *trainer, const uint8_t *image, size_t i_step, size_t i)
{
    const struct images *images = trainer->images;
    const int64_t most = trainer->options->shift_pixels;
    const struct random_key key = {.seed = trainer->seed, .purpose = RANDOM_SHIFT, .draw = (uint32_t)i_step};
    if (most == 0)
        return image;
    uint8_t *moved = trainer->moved + i * images->height * images->width;
    int64_t down = random_integer(&key, (uint32_t)(2 * i), (uint32_t)(2 * most + 1)) - most,
            right = random_integer(&key, (uint32_t)(2 * i + 1), (uint32_t)(2 * most + 1)) - most;
    images_move(images, image, down, right, moved);
    return moved;
}

/* Every image once in each pass, in an order of its own. */
static void choose_images(struct trainer *trainer, size_t i_step)
{
    size_t n = trainer->n_training, n_batch = (size_t)trainer->options->n_batch, first = i_step * n_batch;
    const struct images *images = trainer->images;
    for (size_t i = 0; i < n_batch; i++) {
        size_t place = (first + i) % n;
        if (place == 0) {
            struct random_key key = draw_key(trainer, DRAW_ORDER, (uint32_t)((first + i) / n));
            for (uint32_t k = 0; k < n; k++) {
                uint32_t j = random_integer(&key, k, k + 1);
                trainer->order[k] = trainer->order[j];
                trainer->order[j] = k;
            }
        }
        size_t image = trainer->order[place];
        const uint8_t *pixels = images->pixels + image * images->height * images->width;
        trainer->batch[i] = (struct transformer_sample){.image = vary_image(trainer, pixels, i_step, i),
                                                        .label = images->labels[image]};
    }
}

static void run_part(const struct trainer *trainer, const struct transformer_sample *samples, size_t n,
                     struct part *part)
{
    memset(part->gradient, 0, trainer->model.layout.n_weights * sizeof *part->gradient);
    part->loss = 0;
    part->n_counted = 0;
    if (n > 0)
        part->loss = transformer_gradient_f32_add(part->room, trainer->model.weights, n, samples,
                                                  part->gradient, &part->n_counted);
}

/* Weights of one chunk: their gradients are added into those of the first part. */
static double add_chunk(struct trainer *trainer, size_t first, size_t n)
{
    float *restrict sum = trainer->parts[0].gradient + first;
    double square = 0;
    for (int part = 1; part < N_PARTS; part++) {
        const float *gradient = trainer->parts[part].gradient + first;
        for (size_t i = 0; i < n; i++)
            sum[i] += gradient[i];
    }
    for (size_t i = 0; i < n; i++)
        square += (double)sum[i] * (double)sum[i];
    return square;
}

/* Neighbours with one kind of decay go together. */
static void step_chunk(struct trainer *trainer, size_t first, size_t n, double rate, double factor)
{
    const bool *decays = trainer->decays;
    for (size_t at = first, end; at < first + n; at = end) {
        for (end = at + 1; end < first + n && decays[end] == decays[at];)
            end++;
        adam_f32_step(&trainer->adam, at, end - at, rate, decays[at] ? trainer->options->decay : 0, factor,
                      trainer->parts[0].gradient, trainer->model.weights);
    }
}

static const double pi = 3.14159265358979323846;

static double rate_of(const struct transformer_options *options, size_t i_step)
{
    double n_warm_up = (double)options->n_warm_up, n_left = (double)options->n_steps - n_warm_up;
    double place = (double)i_step + 1;
    if (place <= n_warm_up)
        return options->rate * place / n_warm_up;
    double share = (place - n_warm_up) / n_left, fall = 0.5 * (1 + cos(pi * share));
    return options->rate * (options->last_rate + (1 - options->last_rate) * fall);
}

static size_t n_tuning_steps(const struct trainer *trainer)
{
    return trainer->learned != NULL ? (size_t)threshold_options_length(trainer->learned->options.learned,
                                                                       trainer->options->n_steps)
                                    : 0;
}

/* Of step i of training or fine-tuning: of the weights, and of the thresholds. */
struct rates {
    double weights, thresholds;
};

static struct rates rates_of(const struct trainer *trainer, size_t i)
{
    if (!trainer->tunes)
        return (struct rates){rate_of(trainer->options, i), 0};
    const struct threshold_options *learned = trainer->learned->options.learned;
    double fall = 0.5 * (1 + cos(pi * ((double)i + 0.5) / (double)n_tuning_steps(trainer)));
    return (struct rates){trainer->options->rate * learned->model_rate * fall, learned->rate * fall};
}

/* Step i of training or fine-tuning. */
static void step(struct trainer *trainer, size_t i, struct train_transformer_step *report)
{
    size_t n_batch = (size_t)trainer->options->n_batch, n_weights = trainer->model.layout.n_weights;
    size_t n_chunks = (n_weights + CHUNK - 1) / CHUNK, n_counted = 0;
    double loss = 0, square = 0;
    if (trainer->text != NULL)
        choose_text(trainer, i);
    else
        choose_images(trainer, i);
#pragma omp parallel for num_threads(trainer->n_threads) schedule(dynamic, 1)
    for (int part = 0; part < N_PARTS; part++) {
        size_t first = n_batch * (size_t)part / N_PARTS, end = n_batch * ((size_t)part + 1) / N_PARTS;
        if (trainer->tunes)
            transformer_tuning_begin(&trainer->tuning, (size_t)part, i, first);
        run_part(trainer, trainer->batch + first, end - first, &trainer->parts[part]);
    }
#pragma omp parallel for num_threads(trainer->n_threads) schedule(static)
    for (size_t chunk = 0; chunk < n_chunks; chunk++)
        trainer->squares[chunk] =
            add_chunk(trainer, chunk * CHUNK, chunk + 1 < n_chunks ? CHUNK : n_weights - chunk * CHUNK);
    for (int part = 0; part < N_PARTS; part++) {
        loss += trainer->parts[part].loss;
        n_counted += trainer->parts[part].n_counted;
    }
    for (size_t chunk = 0; chunk < n_chunks; chunk++)
        square += trainer->squares[chunk];
    double share = 1 / (double)n_counted, norm = sqrt(square) * share;
    double limit = trainer->options->gradient_limit, factor = norm > limit ? share * limit / norm : share;
    report->train_loss = loss * share;
    report->gradient_norm = norm;
    const struct rates rates = rates_of(trainer, i);
    report->rate = rates.weights;
    adam_f32_begin(&trainer->adam);
#pragma omp parallel for num_threads(trainer->n_threads) schedule(static)
    for (size_t chunk = 0; chunk < n_chunks; chunk++)
        step_chunk(trainer, chunk * CHUNK, chunk + 1 < n_chunks ? CHUNK : n_weights - chunk * CHUNK,
                   report->rate, factor);
    if (trainer->tunes)
        transformer_tuning_step(&trainer->tuning, rates.thresholds, share);
}

static enum rs_status validate(struct trainer *trainer, struct train_transformer_step *report,
                               struct rs_error *err)
{
    struct transformer_score score;
    enum rs_status status = transformer_pack(&trainer->model, kernel_chosen(), err);
    if (status == RS_OK && trainer->tunes)
        status =
            transformer_items_test_pruned(&trainer->model, &trainer->validation,
                                          trainer->tuning.thresholds.values, trainer->n_threads, &score, err);
    else if (status == RS_OK)
        status =
            transformer_items_test(&trainer->model, &trainer->validation, trainer->n_threads, &score, err);
    if (status != RS_OK)
        return status;
    report->validation_loss = score.nll / (double)score.n_counted;
    report->validation_error = (double)(score.n_counted - score.n_right) / (double)score.n_counted;
    return RS_OK;
}

/* Where progress goes. */
struct audience {
    train_transformer_progress *progress;
    void *context;
};

/* Step i of n of training or fine-tuning, with its validation and report. */
static enum rs_status pass_step(struct trainer *trainer, size_t i, size_t n, const struct audience *audience,
                                struct train_transformer_step *report, struct rs_error *err)
{
    size_t n_ordinary =
        trainer->learned != NULL && trainer->learned->start != NULL ? 0 : (size_t)trainer->options->n_steps;
    enum rs_status status = RS_OK;
    *report = (struct train_transformer_step){.i_step = i + (trainer->tunes ? n_ordinary : 0),
                                              .n_steps = n_ordinary + n_tuning_steps(trainer),
                                              .validation_loss = (double)NAN,
                                              .validation_error = (double)NAN};
    step(trainer, i, report);
    if ((i + 1) % (size_t)trainer->options->n_validate == 0 || i + 1 == n)
        status = validate(trainer, report, err);
    if (status == RS_OK && audience->progress != NULL && !audience->progress(audience->context, report))
        status = rs_fail(err, RS_STOPPED, "training was stopped");
    return status;
}

static enum rs_status run_steps(struct trainer *trainer, const struct audience *audience,
                                struct rs_error *err)
{
    size_t n_steps = (size_t)trainer->options->n_steps;
    size_t n_bytes = trainer->model.layout.n_weights * sizeof *trainer->best;
    double best = (double)INFINITY;
    for (size_t i = 0; i < n_steps; i++) {
        struct train_transformer_step report;
        enum rs_status status = pass_step(trainer, i, n_steps, audience, &report, err);
        if (status != RS_OK)
            return status;
        if (report.validation_loss < best)
            memcpy(trainer->best, trainer->model.weights, n_bytes);
        best = fmin(best, report.validation_loss);
        if (!isfinite(report.train_loss))
            break;
    }
    if (!(best < (double)INFINITY))
        return rs_fail(err, RS_INPUT, "training diverged: a smaller transformer.rate expected");
    memcpy(trainer->model.weights, trainer->best, n_bytes);
    return RS_OK;
}

/* Weights with n_bits of significand, the others of which become 0, which a file's compression finds. */
static void round_weights(float *weights, size_t n, int n_bits)
{
    for (size_t i = 0; i < n; i++) {
        int exponent;
        float significand = frexpf(weights[i], &exponent);
        weights[i] = ldexpf(rintf(ldexpf(significand, n_bits)), exponent - n_bits);
    }
}

/* Weights and thresholds together, from the weights there are. */
static enum rs_status tune(struct trainer *trainer, const struct transformer_items *calibration,
                           const struct audience *audience, struct rs_error *err)
{
    struct transformer_tuning *tuning = &trainer->tuning;
    size_t n_steps = n_tuning_steps(trainer), n_validate = (size_t)trainer->options->n_validate;
    struct train_transformer_step report = {.train_loss = 0};
    enum rs_status status = transformer_pack(&trainer->model, kernel_chosen(), err);
    if (status == RS_OK)
        status = transformer_tuning_start(tuning, &trainer->model, calibration, err);
    for (size_t i = 0; i < N_PARTS && status == RS_OK; i++)
        status = transformer_tuning_attach(tuning, i, trainer->parts[i].room, err);
    trainer->tunes = true;
    adam_f32_restart(&trainer->adam);
    for (size_t i = 0; i < n_steps && status == RS_OK && isfinite(report.train_loss); i++) {
        /* after a validation the weights are packed as they are */
        if (i % n_validate == 0)
            status = transformer_tuning_look(tuning, &trainer->model, calibration, err);
        if (status == RS_OK)
            status = pass_step(trainer, i, n_steps, audience, &report, err);
    }
    if (status == RS_OK && !isfinite(report.validation_loss))
        status = rs_fail(err, RS_INPUT,
                         "fine-tuning with thresholds diverged: a smaller learned.rate or learned.model_rate "
                         "expected");
    return status;
}

/* --- beginning and end --- */

static enum rs_status prepare(struct trainer *trainer, const struct transformer_shape *shape,
                              struct rs_error *err)
{
    enum rs_status status = transformer_init(&trainer->model, shape, err);
    size_t n_weights = trainer->model.layout.n_weights, n_batch = (size_t)trainer->options->n_batch;
    size_t n_tokens_max = (n_batch + N_PARTS - 1) / N_PARTS * shape->n_positions;
    if (status == RS_OK && n_weights > RANDOM_CELLS_MAX)
        status = rs_fail(err, RS_INPUT, "a transformer of %zu weights found, at most %d expected", n_weights,
                         RANDOM_CELLS_MAX);
    if (status == RS_OK)
        status = adam_f32_init(&trainer->adam, n_weights, err);
    if (status != RS_OK)
        return status;
    if (trainer->learned != NULL)
        status = transformer_tuning_init(&trainer->learned->options, shape, trainer->seed, N_PARTS,
                                         &trainer->tuning, err);
    if (status != RS_OK)
        return status;
    trainer->best = memory_allocate(n_weights, sizeof *trainer->best, err);
    trainer->decays = memory_allocate(n_weights, sizeof *trainer->decays, err);
    trainer->squares = memory_allocate(n_weights / CHUNK + 1, sizeof *trainer->squares, err);
    trainer->batch = memory_allocate(n_batch, sizeof *trainer->batch, err);
    trainer->order =
        memory_allocate(trainer->images != NULL ? trainer->n_training : 0, sizeof(uint32_t), err);
    trainer->moved =
        memory_allocate(trainer->options->shift_pixels > 0 ? n_batch : 0, shape->height * shape->width, err);
    bool enough = trainer->best && trainer->decays && trainer->squares && trainer->batch && trainer->order &&
                  trainer->moved;
    for (int i = 0; i < N_PARTS && enough; i++) {
        trainer->parts[i].gradient = memory_allocate(n_weights, sizeof(float), err);
        trainer->parts[i].room = transformer_gradient_f32_create(shape, n_tokens_max, err);
        enough = trainer->parts[i].gradient && trainer->parts[i].room;
    }
    matrix_use_one_thread();
    const struct random_key key = draw_key(trainer, DRAW_WEIGHTS, 0);
    return enough ? transformer_start(&trainer->model, &key, trainer->decays, err) : RS_INTERNAL;
}

static void clear(struct trainer *trainer)
{
    transformer_items_clear(&trainer->validation);
    transformer_clear(&trainer->model);
    adam_f32_clear(&trainer->adam);
    transformer_tuning_clear(&trainer->tuning);
    for (int i = 0; i < N_PARTS; i++) {
        transformer_gradient_f32_destroy(trainer->parts[i].room);
        free(trainer->parts[i].gradient);
    }
    free(trainer->best);
    free(trainer->decays);
    free(trainer->squares);
    free(trainer->batch);
    free(trainer->order);
    free(trainer->moved);
}

/* Hands the thresholds over and tests with them. */
static enum rs_status finish_thresholds(struct trainer *trainer, struct transformer_file *out,
                                        struct rs_error *err)
{
    struct train_transformer_learned *learned = trainer->learned;
    struct transformer_score score;
    if (learned == NULL)
        return RS_OK;
    out->threshold = trainer->tuning.thresholds.values;
    trainer->tuning.thresholds.values = NULL;
    snprintf(out->threshold_method, sizeof out->threshold_method, "learned");
    enum rs_status status = transformer_items_test_pruned(&out->model, &out->test, out->threshold,
                                                          trainer->n_threads, &score, err);
    if (status != RS_OK)
        return status;
    learned->test_nll = score.nll / (double)score.n_counted;
    learned->test_error = (double)(score.n_counted - score.n_right) / (double)score.n_counted;
    learned->keep_ratio = (double)score.n_kept / (double)score.n_visible;
    return RS_OK;
}

/* learned may be NULL or ask for nothing. */
static void note_learned(struct trainer *trainer, struct train_transformer_learned *learned)
{
    if (learned == NULL)
        return;
    learned->test_nll = learned->test_error = learned->keep_ratio = (double)NAN;
    if (learned->options.learned->sharing != THRESHOLD_NONE)
        trainer->learned = learned;
}

static enum rs_status train(struct trainer *trainer, const struct transformer_shape *shape, const char *task,
                            const char *source, train_transformer_progress *progress, void *context,
                            struct transformer_file *out, struct rs_error *err)
{
    const struct audience audience = {progress, context};
    const float *start = trainer->learned != NULL ? trainer->learned->start : NULL;
    enum rs_status status = RS_OK;
    if ((double)trainer->seed > seed_max)
        status = rs_fail(err, RS_INPUT, "seed %llu found, at most 2^53 expected",
                         (unsigned long long)trainer->seed);
    if (status == RS_OK)
        status = prepare(trainer, shape, err);
    if (status == RS_OK && start != NULL)
        memcpy(trainer->model.weights, start, trainer->model.layout.n_weights * sizeof *start);
    else if (status == RS_OK)
        status = run_steps(trainer, &audience, err);
    if (status == RS_OK && trainer->learned != NULL)
        status = tune(trainer, &out->calibration, &audience, err);
    if (status != RS_OK)
        return status;
    snprintf(out->task, sizeof out->task, "%s", task);
    snprintf(out->source, sizeof out->source, "%.160s; model trained by rescore %s", source,
             version_number());
    snprintf(out->git_commit, sizeof out->git_commit, "%s", version_commit());
    out->seed = trainer->seed;
    out->model = trainer->model;
    trainer->model = (struct transformer){0};
    if (trainer->options->weight_bits > 0)
        round_weights(out->model.weights, out->model.layout.n_weights, (int)trainer->options->weight_bits);
    status = transformer_pack(&out->model, kernel_chosen(), err);
    if (status == RS_OK)
        status = transformer_file_measure(out, trainer->n_threads, err);
    return status == RS_OK ? finish_thresholds(trainer, out, err) : status;
}

/* Samples of n_positions characters, `stride` apart, each character's target the one after it. */
static enum rs_status cut_text(const struct transformer_shape *shape, const int32_t *text, size_t n_samples,
                               size_t stride, struct transformer_items *out, struct rs_error *err)
{
    size_t n = shape->n_positions;
    enum rs_status status = transformer_items_init(out, shape, n_samples, n_samples * n, err);
    for (size_t s = 0; s < n_samples && status == RS_OK; s++) {
        memcpy(out->words + s * n, text + s * stride, n * sizeof *text);
        memcpy(out->targets + s * n, text + s * stride + 1, n * sizeof *text);
        out->word_offset[s + 1] = (int32_t)((s + 1) * n);
    }
    return status;
}

static enum rs_status cut_images(const struct transformer_shape *shape, const struct images *images,
                                 size_t first, size_t n, struct transformer_items *out, struct rs_error *err)
{
    size_t size = images->height * images->width;
    enum rs_status status = transformer_items_init(out, shape, n, 0, err);
    if (status != RS_OK)
        return status;
    memcpy(out->images, images->pixels + first * size, n * size);
    for (size_t i = 0; i < n; i++)
        out->labels[i] = images->labels[first + i];
    return RS_OK;
}

enum rs_status train_transformer_text(const struct transformer_options *options,
                                      struct train_transformer_learned *learned,
                                      const struct characters *text, const char *source, uint64_t seed,
                                      int n_threads, train_transformer_progress *progress, void *context,
                                      struct transformer_file *out, struct rs_error *err)
{
    struct trainer trainer = {.options = options, .seed = seed, .n_threads = n_threads, .text = text->text};
    struct transformer_shape shape;
    *out = (struct transformer_file){0};
    note_learned(&trainer, learned);
    enum rs_status status = transformer_options_language(options, text->n_words, &shape, err);
    if (status != RS_OK)
        return status;
    size_t n = shape.n_positions, n_validation = (size_t)options->n_validation,
           n_test = (size_t)options->n_test, n_calibration = (size_t)options->n_calibration;
    size_t held_out = (n_validation + n_test) * n + 1;
    if (text->n_characters < held_out + n + n_calibration + 1 || text->n_characters > UINT32_MAX / 2)
        return rs_fail(err, RS_INPUT, "a text of %zu characters found, %zu to %u expected",
                       text->n_characters, held_out + n + n_calibration + 1, UINT32_MAX / 2);
    trainer.n_training = text->n_characters - held_out;
    const int32_t *validation = text->text + trainer.n_training, *test = validation + n_validation * n;
    status = cut_text(&shape, validation, n_validation, n, &trainer.validation, err);
    if (status == RS_OK)
        status = cut_text(&shape, test, n_test, n, &out->test, err);
    if (status == RS_OK)
        status = cut_text(&shape, text->text, n_calibration, (trainer.n_training - n - 1) / n_calibration,
                          &out->calibration, err);
    if (status == RS_OK && (out->vocabulary = characters_vocabulary(text, err)) == NULL)
        status = RS_INTERNAL;
    if (status == RS_OK)
        status = train(&trainer, &shape, "text", source, progress, context, out, err);
    clear(&trainer);
    if (status != RS_OK)
        transformer_file_clear(out);
    return status;
}

enum rs_status train_transformer_images(const struct transformer_options *options,
                                        struct train_transformer_learned *learned,
                                        const struct images *images, const char *source, uint64_t seed,
                                        int n_threads, train_transformer_progress *progress, void *context,
                                        struct transformer_file *out, struct rs_error *err)
{
    struct trainer trainer = {.options = options, .seed = seed, .n_threads = n_threads, .images = images};
    struct transformer_shape shape;
    *out = (struct transformer_file){0};
    note_learned(&trainer, learned);
    enum rs_status status =
        transformer_options_vision(options, images->height, images->width, images->n_classes, &shape, err);
    if (status != RS_OK)
        return status;
    size_t n_validation = (size_t)options->n_validation, n_test = (size_t)options->n_test,
           n_calibration = (size_t)options->n_calibration;
    if (images->n < n_validation + n_test + n_calibration)
        return rs_fail(err, RS_INPUT, "%zu images found, at least %zu expected", images->n,
                       n_validation + n_test + n_calibration);
    trainer.n_training = images->n - n_validation - n_test;
    status = cut_images(&shape, images, trainer.n_training, n_validation, &trainer.validation, err);
    if (status == RS_OK)
        status = cut_images(&shape, images, images->n - n_test, n_test, &out->test, err);
    if (status == RS_OK)
        status = cut_images(&shape, images, 0, n_calibration, &out->calibration, err);
    if (status == RS_OK)
        status = train(&trainer, &shape, "images", source, progress, context, out, err);
    clear(&trainer);
    if (status != RS_OK)
        transformer_file_clear(out);
    return status;
}
