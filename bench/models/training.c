/* A training step of transformers beside the matrix product's speed (README.md); prints a table. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../crossbar/measure.h"
#include "model/transformer_gradient.h"
#include "numeric/matrix.h"
#include "numeric/random.h"

#define SECONDS_PER_ROW 0.5

enum { PEAK_SIZE = 768, SEQUENCES = 4 };

static float *random_floats(size_t n)
{
    const struct random_key key = {.seed = 1, .purpose = RANDOM_PROBE};
    float *values = malloc(n * sizeof *values);
    double part[4096];
    for (size_t i = 0; i < n; i++) {
        if (i % 4096 == 0)
            random_normals(&key, 4096, part);
        values[i] = (float)part[i % 4096] * 0.1f;
    }
    return values;
}

static struct matrix_f32 of(const float *at, size_t stride, bool transposed)
{
    return (struct matrix_f32){at, stride, transposed};
}

struct peak {
    float *a, *b, *out;
};

static void multiply_peak(void *state)
{
    struct peak *peak = state;
    matrix_multiply_f32(PEAK_SIZE, PEAK_SIZE, PEAK_SIZE, of(peak->a, PEAK_SIZE, false),
                        of(peak->b, PEAK_SIZE, false), false, peak->out, PEAK_SIZE);
}

struct row {
    const char *name;
    struct transformer_shape shape;
    struct transformer_gradient_f32 *room;
    float *weights, *gradient, *inputs, *matrix, *out;
    struct transformer_sample samples[SEQUENCES];
    size_t n_tokens;
    double n_flops; /* of the products of one step */
};

static void multiply(struct row *row, size_t m, size_t n, size_t k, bool turn_a, bool turn_b)
{
    matrix_multiply_f32(m, n, k, of(row->inputs, turn_a ? m : k, turn_a),
                        of(row->matrix, turn_b ? k : n, turn_b), turn_a, row->out, n);
    row->n_flops += 2 * (double)m * (double)n * (double)k;
}

/* A weight's product and the two of its way back. */
static void multiply_weight(struct row *row, size_t n, size_t n_rows, size_t n_columns)
{
    multiply(row, n, n_columns, n_rows, false, false);
    multiply(row, n, n_rows, n_columns, false, true);
    multiply(row, n_rows, n_columns, n, true, false);
}

/* The products of one step and no more. */
static void run_products(void *state)
{
    struct row *row = state;
    const struct transformer_shape *shape = &row->shape;
    size_t n = row->n_tokens, length = n / SEQUENCES, d = shape->d, d_head = shape->d_head;
    bool classes = shape->task == TRANSFORMER_CLASSES;
    row->n_flops = 0;
    for (size_t layer = 0; layer < shape->n_layers; layer++) {
        multiply_weight(row, n, d, transformer_shape_qkv(shape));
        multiply_weight(row, n, shape->n_heads * d_head, d);
        multiply_weight(row, n, d, transformer_shape_hidden(shape));
        multiply_weight(row, n, shape->d_hidden, d);
        for (size_t head = 0; head < SEQUENCES * shape->n_heads; head++) {
            multiply(row, length, length, d_head, false, true);
            multiply(row, length, d_head, length, false, false);
            multiply(row, length, d_head, length, true, false);
            multiply(row, length, length, d_head, false, true);
            multiply(row, length, d_head, length, false, false);
            multiply(row, length, d_head, length, true, false);
        }
    }
    multiply_weight(row, classes ? SEQUENCES : n, d, transformer_shape_n_answers(shape));
}

static void run_step(void *state)
{
    struct row *row = state;
    size_t n_counted = 0;
    transformer_gradient_f32_add(row->room, row->weights, SEQUENCES, row->samples, row->gradient, &n_counted);
}

static void prepare(struct row *row)
{
    struct rs_error err;
    static int32_t words[1024];
    static uint8_t image[64 * 64];
    struct transformer_layout layout = transformer_shape_layout(&row->shape);
    size_t n = row->shape.n_positions, wide = 6 * row->shape.d > n ? 6 * row->shape.d : n;
    row->n_tokens = SEQUENCES * n;
    row->room = transformer_gradient_f32_create(&row->shape, row->n_tokens, &err);
    if (row->room == NULL) {
        fprintf(stderr, "%s: %s\n", row->name, err.text);
        exit(70);
    }
    row->weights = random_floats(layout.n_weights);
    row->gradient = random_floats(layout.n_weights);
    row->inputs = random_floats(row->n_tokens * wide);
    row->matrix = random_floats(row->n_tokens * wide);
    row->out = random_floats(row->n_tokens * wide);
    for (int s = 0; s < SEQUENCES; s++)
        row->samples[s] = row->shape.input == TRANSFORMER_WORDS
                              ? (struct transformer_sample){.n_words = n, .words = words, .targets = words}
                              : (struct transformer_sample){.image = image};
}

static void clear(struct row *row)
{
    float *const arrays[] = {row->weights, row->gradient, row->inputs, row->matrix, row->out};
    transformer_gradient_f32_destroy(row->room);
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++)
        free(arrays[i]);
}

static struct transformer_shape language(size_t d, size_t n_positions)
{
    return (struct transformer_shape){.n_layers = 4,
                                      .d = d,
                                      .n_heads = d / 32,
                                      .n_kv_heads = d / 32,
                                      .d_head = 32,
                                      .d_hidden = 4 * d,
                                      .n_words = 96,
                                      .n_positions = n_positions,
                                      .bias = true,
                                      .norm_last = true,
                                      .tied = true,
                                      .norm_epsilon = 1e-5};
}

int main(void)
{
    struct peak peak = {random_floats(PEAK_SIZE * PEAK_SIZE), random_floats(PEAK_SIZE * PEAK_SIZE),
                        random_floats(PEAK_SIZE * PEAK_SIZE)};
    struct transformer_shape vision = language(128, 50), llama = language(256, 256);
    vision.task = TRANSFORMER_CLASSES;
    vision.input = TRANSFORMER_PATCHES;
    vision.n_words = 0;
    vision.n_classes = 10;
    vision.tied = false;
    vision.n_channels = 1;
    vision.height = vision.width = 28;
    vision.patch = 4;
    vision.class_token = true;
    llama.activation = TRANSFORMER_SWIGLU;
    llama.norm = TRANSFORMER_NORM_RMS;
    llama.positions = TRANSFORMER_POSITIONS_ROTARY_HALVES;
    llama.rotary_base = 10000;
    llama.d_hidden = 684;
    llama.bias = false;
    llama.n_kv_heads = 2;
    struct row rows[] = {{.name = "language, d = 128", .shape = language(128, 128)},
                         {.name = "language, d = 256", .shape = language(256, 256)},
                         {.name = "language, d = 512", .shape = language(512, 256)},
                         {.name = "as Llama, d = 256, 2 kv heads", .shape = llama},
                         {.name = "vision, d = 128", .shape = vision}};
    matrix_use_one_thread();
    printf("# A training step beside the matrix product\n\n");
    measure_print_machine();
    printf("\n4 layers, heads of 32, %d samples in a part of a batch.\n\n", SEQUENCES);
    printf("| model | tokens | sgemm GF/s | its products, share | whole step, share | step ms |\n"
           "|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct row *row = &rows[i];
        prepare(row);
        double n_peak_flops = 2.0 * PEAK_SIZE * PEAK_SIZE * PEAK_SIZE;
        double peak_rate = n_peak_flops / measure_seconds(multiply_peak, &peak, SECONDS_PER_ROW);
        double products = measure_seconds(run_products, row, SECONDS_PER_ROW);
        double whole = measure_seconds(run_step, row, SECONDS_PER_ROW);
        printf("| %s | %zu | %.0f | %.0f %% | %.0f %% | %.1f |\n", row->name, row->n_tokens, peak_rate / 1e9,
               100 * row->n_flops / products / peak_rate, 100 * row->n_flops / whole / peak_rate,
               1e3 * whole);
        fflush(stdout);
        clear(row);
    }
    free(peak.a);
    free(peak.b);
    free(peak.out);
    return 0;
}
