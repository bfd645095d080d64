#include "learn/train_transformer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/version.h"
#include "learn/adam.h"
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
/* Standard deviations of the first weights: of embeddings; of matrices, times 1 / sqrt(n_rows), and those
 * that end a block by a further 1 / sqrt(2 n_layers) (Radford et al. 2019). */
static const double start_embedding = 0.05, start_matrix = 0.6;

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
    struct part parts[N_PARTS];
    struct transformer_sample *batch; /* [n_batch] */
    uint32_t *order;                  /* [n_training] images */
    uint8_t *moved;                   /* [n_batch][height][width] */
    bool *decays;                     /* [n_weights] */
    double *squares;                  /* of each chunk */
};

static struct random_key draw_key(const struct trainer *trainer, uint32_t what, uint32_t draw)
{
    return (struct random_key){
        .seed = trainer->seed, .purpose = RANDOM_TRAINING, .array = what, .draw = draw};
}

/* --- first weights --- */

static bool is_norm(enum transformer_weights kind)
{
    return kind == TRANSFORMER_NORM_EMBEDDING || kind == TRANSFORMER_NORM_ATTENTION ||
           kind == TRANSFORMER_NORM_HIDDEN || kind == TRANSFORMER_NORM_LAST;
}

static bool is_embedding(enum transformer_weights kind)
{
    return kind == TRANSFORMER_WORD || kind == TRANSFORMER_POSITION || kind == TRANSFORMER_SEGMENT ||
           kind == TRANSFORMER_CLASS_TOKEN;
}

static bool is_bias(enum transformer_weights kind)
{
    return kind == TRANSFORMER_PATCH_BIAS || kind == TRANSFORMER_QKV_BIAS ||
           kind == TRANSFORMER_ATTENTION_OUT_BIAS || kind == TRANSFORMER_HIDDEN_BIAS ||
           kind == TRANSFORMER_HIDDEN_OUT_BIAS || kind == TRANSFORMER_POOLER_BIAS ||
           kind == TRANSFORMER_OUTPUT_BIAS;
}

static double start_deviation(const struct transformer *model, enum transformer_weights kind)
{
    bool ends = kind == TRANSFORMER_ATTENTION_OUT || kind == TRANSFORMER_HIDDEN_OUT;
    double n_blocks = 2 * (double)model->shape.n_layers;
    if (is_norm(kind) || is_bias(kind))
        return 0;
    if (is_embedding(kind))
        return start_embedding;
    return start_matrix / sqrt((double)model->layout.places[kind].n_rows) / (ends ? sqrt(n_blocks) : 1);
}

/* Biases 0, scales of norms 1, the others normal. */
static enum rs_status start_weights(struct trainer *trainer, struct rs_error *err)
{
    struct transformer *model = &trainer->model;
    struct random_key key = draw_key(trainer, DRAW_WEIGHTS, 0);
    double *normals = memory_allocate(model->layout.n_weights, sizeof *normals, err);
    if (normals == NULL)
        return RS_INTERNAL;
    random_normals(&key, model->layout.n_weights, normals);
    for (int k = 0; k < TRANSFORMER_N_WEIGHTS; k++) {
        enum transformer_weights kind = (enum transformer_weights)k;
        const struct transformer_place *place = &model->layout.places[k];
        double deviation = place->n_rows > 0 ? start_deviation(model, kind) : 0;
        size_t n = place->n_rows * place->n_columns;
        for (size_t layer = 0;
             n > 0 && layer < (transformer_shape_per_layer(kind) ? model->shape.n_layers : 1); layer++) {
            size_t first = transformer_shape_first(&model->layout, kind, layer);
            for (size_t i = 0; i < n; i++) {
                double mean = is_norm(kind) && i < model->shape.d;
                model->weights[first + i] = (float)(mean + deviation * normals[first + i]);
                trainer->decays[first + i] = !is_norm(kind) && !is_bias(kind);
            }
        }
    }
    free(normals);
    return RS_OK;
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

static double rate_of(const struct transformer_options *options, size_t i_step)
{
    const double pi = 3.14159265358979323846;
    double n_warm_up = (double)options->n_warm_up, n_left = (double)options->n_steps - n_warm_up;
    double place = (double)i_step + 1;
    if (place <= n_warm_up)
        return options->rate * place / n_warm_up;
    double share = (place - n_warm_up) / n_left, fall = 0.5 * (1 + cos(pi * share));
    return options->rate * (options->last_rate + (1 - options->last_rate) * fall);
}

static void step(struct trainer *trainer, struct train_transformer_step *report)
{
    size_t n_batch = (size_t)trainer->options->n_batch, n_weights = trainer->model.layout.n_weights;
    size_t n_chunks = (n_weights + CHUNK - 1) / CHUNK, n_counted = 0;
    double loss = 0, square = 0;
    if (trainer->text != NULL)
        choose_text(trainer, report->i_step);
    else
        choose_images(trainer, report->i_step);
#pragma omp parallel for num_threads(trainer->n_threads) schedule(dynamic, 1)
    for (int part = 0; part < N_PARTS; part++) {
        size_t first = n_batch * (size_t)part / N_PARTS, end = n_batch * ((size_t)part + 1) / N_PARTS;
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
    report->rate = rate_of(trainer->options, report->i_step);
    adam_f32_begin(&trainer->adam);
#pragma omp parallel for num_threads(trainer->n_threads) schedule(static)
    for (size_t chunk = 0; chunk < n_chunks; chunk++)
        step_chunk(trainer, chunk * CHUNK, chunk + 1 < n_chunks ? CHUNK : n_weights - chunk * CHUNK,
                   report->rate, factor);
}

static enum rs_status validate(struct trainer *trainer, struct train_transformer_step *report,
                               struct rs_error *err)
{
    struct transformer_score score;
    enum rs_status status = transformer_pack(&trainer->model, kernel_chosen(), err);
    if (status == RS_OK)
        status =
            transformer_items_test(&trainer->model, &trainer->validation, trainer->n_threads, &score, err);
    if (status != RS_OK)
        return status;
    report->validation_loss = score.nll / (double)score.n_counted;
    report->validation_error = (double)(score.n_counted - score.n_right) / (double)score.n_counted;
    return RS_OK;
}

static enum rs_status run_steps(struct trainer *trainer, train_transformer_progress *progress, void *context,
                                struct rs_error *err)
{
    size_t n_steps = (size_t)trainer->options->n_steps, n_validate = (size_t)trainer->options->n_validate;
    size_t n_bytes = trainer->model.layout.n_weights * sizeof *trainer->best;
    double best = (double)INFINITY;
    for (size_t i = 0; i < n_steps; i++) {
        struct train_transformer_step report = {
            .i_step = i, .n_steps = n_steps, .validation_loss = (double)NAN, .validation_error = (double)NAN};
        step(trainer, &report);
        if ((i + 1) % n_validate == 0 || i + 1 == n_steps) {
            enum rs_status status = validate(trainer, &report, err);
            if (status != RS_OK)
                return status;
            if (report.validation_loss < best)
                memcpy(trainer->best, trainer->model.weights, n_bytes);
            best = fmin(best, report.validation_loss);
        }
        if (progress != NULL && !progress(context, &report))
            return rs_fail(err, RS_STOPPED, "training was stopped");
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
    return enough ? start_weights(trainer, err) : RS_INTERNAL;
}

static void clear(struct trainer *trainer)
{
    transformer_items_clear(&trainer->validation);
    transformer_clear(&trainer->model);
    adam_f32_clear(&trainer->adam);
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

static enum rs_status train(struct trainer *trainer, const struct transformer_shape *shape, const char *task,
                            const char *source, train_transformer_progress *progress, void *context,
                            struct transformer_file *out, struct rs_error *err)
{
    enum rs_status status = RS_OK;
    if ((double)trainer->seed > seed_max)
        status = rs_fail(err, RS_INPUT, "seed %llu found, at most 2^53 expected",
                         (unsigned long long)trainer->seed);
    if (status == RS_OK)
        status = prepare(trainer, shape, err);
    if (status == RS_OK)
        status = run_steps(trainer, progress, context, err);
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
    return status == RS_OK ? transformer_file_measure(out, trainer->n_threads, err) : status;
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
                                      const struct characters *text, const char *source, uint64_t seed,
                                      int n_threads, train_transformer_progress *progress, void *context,
                                      struct transformer_file *out, struct rs_error *err)
{
    struct trainer trainer = {.options = options, .seed = seed, .n_threads = n_threads, .text = text->text};
    struct transformer_shape shape;
    *out = (struct transformer_file){0};
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
                                        const struct images *images, const char *source, uint64_t seed,
                                        int n_threads, train_transformer_progress *progress, void *context,
                                        struct transformer_file *out, struct rs_error *err)
{
    struct trainer trainer = {.options = options, .seed = seed, .n_threads = n_threads, .images = images};
    struct transformer_shape shape;
    *out = (struct transformer_file){0};
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
