/* Attention layers in analog beside exact ones, and what they are made of (README.md); prints a table. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../crossbar/measure.h"
#include "attention/attention.h"
#include "attention/reads.h"
#include "base/kernel.h"
#include "base/option.h"
#include "crossbar/noise.h"
#include "model/transformer.h"
#include "numeric/matrix.h"
#include "numeric/random.h"

enum { ROUNDS = 61, HEADS_MAX = 16 };

static void demand(enum rs_status status, const struct rs_error *err)
{
    if (status == RS_OK)
        return;
    fprintf(stderr, "%s\n", err->text);
    exit(70);
}

static float *random_floats(size_t n, uint32_t draw)
{
    const struct random_key key = {.seed = 1, .purpose = RANDOM_PROBE, .draw = draw};
    float *values = malloc(n * sizeof *values);
    double *normals = measure_doubles(n);
    random_normals(&key, n, normals);
    for (size_t i = 0; i < n; i++)
        values[i] = (float)normals[i];
    free(normals);
    return values;
}

/* Options as a configuration gives them. */
struct options {
    struct array_options array;
    struct encoding_options encoding;
    struct comparator_options comparator;
    struct readout_options readout;
    struct prune_options prune;
    struct recompute_options recompute;
    struct device_options device;
};

static void set(struct options *options, const char *key, const char *text)
{
    const struct section {
        const struct option_table *table;
        void *at;
    } sections[] = {{&frontend_options_array, &options->array}, {&device_option_table, &options->device}};
    char why[256];
    for (size_t s = 0; s < sizeof sections / sizeof sections[0]; s++)
        for (size_t i = 0; i < sections[s].table->n_options; i++)
            if (strcmp(sections[s].table->options[i].key, key) == 0 &&
                option_set(&sections[s].table->options[i], sections[s].at, text, why, sizeof why))
                return;
    fprintf(stderr, "%s: %s cannot be set\n", key, text);
    exit(70);
}

/* What is measured for: a layer's shape, wires and read noise. */
struct layer_case {
    const char *name;
    size_t n_tokens, n_heads, d_head;
    bool causal, wires, noise;
};

/* A layer and its inputs. */
struct layer {
    const struct layer_case *own;
    struct options options;
    struct attention_setup setup;
    struct attention *attention;
    uint32_t n_runs;
    double ranges[HEADS_MAX];
    float *q, *k, *v, *output, *scores;
    double *scratch;
};

static void set_options(struct layer *layer)
{
    struct options *options = &layer->options;
    option_fill_defaults(&frontend_options_array, &options->array);
    option_fill_defaults(&frontend_options_encoding, &options->encoding);
    option_fill_defaults(&frontend_options_comparator, &options->comparator);
    option_fill_defaults(&frontend_options_readout, &options->readout);
    option_fill_defaults(&prune_options_table, &options->prune);
    option_fill_defaults(&digital_options_recompute, &options->recompute);
    option_fill_defaults(&device_option_table, &options->device);
    if (!layer->own->wires) {
        set(options, "array.r_word_line", "none");
        set(options, "array.r_driver", "none");
        set(options, "array.r_sense", "none");
    }
    if (layer->own->noise)
        set(options, "device.read_noise", "5 %");
}

static void call_head(struct layer *layer, size_t head, attention_hook *hook)
{
    const struct layer_case *own = layer->own;
    size_t n = own->n_tokens, d = own->d_head, at = head * n * d;
    struct rs_error err;
    const struct attention_call call = {.kv_head = (int)head,
                                        .n_query_heads = 1,
                                        .n_queries = n,
                                        .n_keys = n,
                                        .d = d,
                                        .causal = own->causal,
                                        .score_scale = layer->setup.shape.score_scale,
                                        .q = layer->q + at,
                                        .k = layer->k + at,
                                        .v = layer->v + at,
                                        .output = layer->output + at,
                                        .scratch = layer->scratch};
    demand(hook(layer->attention, &call, &err), &err);
}

static void run_exact(struct layer *layer)
{
    for (size_t head = 0; head < layer->own->n_heads; head++)
        call_head(layer, head, attention_hook_exact);
}

static void run_analog(struct layer *layer)
{
    attention_set_sample(layer->attention, layer->n_runs++); /* only the first one has extra probes */
    for (size_t head = 0; head < layer->own->n_heads; head++)
        call_head(layer, head, attention_run);
}

/* The score products of all heads by OpenBLAS, in single precision; a causal layer's too, which sees half of
 * them. */
static void run_scores(struct layer *layer)
{
    size_t n = layer->own->n_tokens, d = layer->own->d_head;
    for (size_t head = 0; head < layer->own->n_heads; head++)
        matrix_multiply_f32(n, n, d, (struct matrix_f32){layer->q + head * n * d, d, false},
                            (struct matrix_f32){layer->k + head * n * d, d, true}, false, layer->scores, n);
}

/* The parts of the arrays' work, each by itself, on one array of a head; repeated for all arrays of the
 * layer. */
struct parts {
    struct writes *writes;
    struct reads *reads;
    struct noise *noise; /* NULL: no read noise */
    struct noise_tables tables;
    double *sigma, *volts, *amperes, *probes;
    int16_t *key_msb, *query_msb;
    struct writes_span span;
    size_t n_tiles, n_reads; /* of one head; n_reads: of all its arrays together */
};

static void make_parts(struct layer *layer, struct parts *parts)
{
    const struct attention_setup *setup = &layer->setup;
    const struct mapping *mapping = &setup->mapping;
    const struct random_key key = {.seed = 1, .purpose = RANDOM_PROBE, .draw = 9};
    size_t n_cells = mapping->n_rows * mapping->n_columns, n = layer->own->n_tokens, d = layer->own->d_head;
    struct rs_error err;
    demand(writes_create(setup, &parts->writes, &err), &err);
    demand(reads_create(setup, &parts->reads, &err), &err);
    if (layer->own->noise)
        demand(noise_create(&setup->network, &parts->noise, &err), &err);
    parts->tables.d = measure_doubles(n_cells);
    parts->tables.e = measure_doubles(n_cells);
    parts->tables.f = measure_doubles(mapping->n_columns);
    parts->sigma = measure_doubles(n_cells);
    parts->volts = measure_doubles(n * mapping->n_rows);
    parts->amperes = measure_doubles(READS_CHUNK * mapping->n_columns);
    parts->probes = measure_doubles(4 * mapping->n_rows);
    parts->key_msb = malloc(n * d * sizeof(int16_t));
    parts->query_msb = malloc(n * d * sizeof(int16_t));
    for (size_t i = 0; i < n * d; i++) {
        parts->key_msb[i] = (int16_t)(2 * layer->k[i]);
        parts->query_msb[i] = (int16_t)(2 * layer->q[i]);
    }
    for (size_t i = 0; i < n; i++)
        mapping_volts(mapping, 0, parts->query_msb + i * d, parts->volts + i * mapping->n_rows);
    random_normals(&key, 4 * mapping->n_rows, parts->probes);
    parts->n_tiles = mapping_tiles(mapping, n);
    for (size_t tile = 0; tile < parts->n_tiles; tile++)
        parts->n_reads += n - (layer->own->causal ? tile * mapping->n_keys_per_array : 0);
}

static void clear_parts(struct parts *parts)
{
    writes_destroy(parts->writes);
    reads_destroy(parts->reads);
    noise_destroy(parts->noise);
    free(parts->tables.d);
    free(parts->tables.e);
    free(parts->tables.f);
    free(parts->sigma);
    free(parts->volts);
    free(parts->amperes);
    free(parts->probes);
    free(parts->key_msb);
    free(parts->query_msb);
}

static void program_one(struct layer *layer, struct parts *parts)
{
    struct rs_error err;
    const struct writes_job job = {
        .key = {.seed = 1}, .n_keys = layer->own->n_tokens, .n_query_heads = 1, .key_msb = parts->key_msb};
    demand(writes_begin(parts->writes, &job, &err), &err);
    demand(writes_find(parts->writes, 0, layer->own->n_tokens, &parts->span, &err), &err);
}

static void reduce_one(struct layer *layer, struct parts *parts)
{
    struct reads *reads = parts->reads;
    (void)layer;
    if (reads_have_transfer(reads))
        transfer_compute(reads->transfer_plan, parts->span.programmed_siemens, reads->transfer_siemens);
}

static void certify_one(struct layer *layer, struct parts *parts)
{
    struct field_drive drives[4] = {{0}};
    struct field_report reports[4];
    if (!reads_have_transfer(parts->reads))
        return;
    for (size_t probe = 0; probe < 4; probe++)
        drives[probe].volts = parts->probes + probe * layer->setup.mapping.n_rows;
    field_factor(parts->reads->field_plan, parts->span.programmed_siemens);
    field_solve_many(parts->reads->field_plan, 4, drives, 1e-10, parts->amperes, NULL, NULL, reports);
}

/* What the law of read noise needs of an array, and the tables where there are any. */
static void tabulate_one(struct layer *layer, struct parts *parts)
{
    const struct reads *reads = parts->reads;
    if (parts->noise == NULL || reads->way == READS_REDRAW || !layer->own->wires)
        return;
    noise_load(parts->noise, parts->span.programmed_siemens, parts->sigma);
    if (reads->way == READS_TABLES)
        noise_tabulate(parts->noise, reads->transfer_siemens, layer->own->n_tokens, parts->volts,
                       &parts->tables);
}

/* As many reads as an array of the layer has on average, of one that reads_begin prepared. */
static void read_one(struct layer *layer, struct parts *parts)
{
    size_t n_rows = layer->setup.mapping.n_rows, n_reads = parts->n_reads / parts->n_tiles;
    struct random_key key = {.seed = 1};
    for (size_t r = 0, n; r < n_reads; r += n) {
        n = n_reads - r < READS_CHUNK ? n_reads - r : READS_CHUNK;
        reads_solve(parts->reads, &key, n, parts->volts + r * n_rows, parts->amperes);
    }
}

static void prepare_reads(struct layer *layer, struct parts *parts)
{
    struct rs_error err;
    size_t n = layer->own->n_tokens;
    const struct reads_job job = {{.seed = 1}, 0, n, 1, parts->volts};
    program_one(layer, parts);
    device_read_moments(&layer->setup.device, layer->setup.mapping.n_rows * layer->setup.mapping.n_columns,
                        parts->span.target_siemens, parts->span.programmed_siemens, parts->tables.d,
                        parts->sigma);
    demand(reads_open(parts->reads, &job, parts->span.programmed_siemens, &err), &err);
    reads_begin(parts->reads, parts->span.target_siemens, parts->span.programmed_siemens, n, parts->volts);
}

enum { EXACT, SCORES, ANALOG, PROGRAM, REDUCE, CERTIFY, TABULATE, READ, N_PARTS };

static int by_size(const void *a, const void *b)
{
    double one = *(const double *)a, other = *(const double *)b;
    return (one > other) - (one < other);
}

/* Seconds of each part for the whole layer: medians of rounds in turn. */
static void measure_parts(struct layer *layer, struct parts *parts, double seconds[N_PARTS])
{
    static void (*const whole[])(struct layer *) = {
        [EXACT] = run_exact, [SCORES] = run_scores, [ANALOG] = run_analog};
    static void (*const each[])(struct layer *, struct parts *) = {[PROGRAM] = program_one,
                                                                   [REDUCE] = reduce_one,
                                                                   [CERTIFY] = certify_one,
                                                                   [TABULATE] = tabulate_one,
                                                                   [READ] = read_one};
    double taken[N_PARTS][ROUNDS];
    prepare_reads(layer, parts);
    for (int round = -1; round < ROUNDS; round++)
        for (int part = 0; part < N_PARTS; part++) {
            size_t repeats = part > ANALOG ? parts->n_tiles * layer->own->n_heads : part == SCORES ? 20 : 1;
            double before = measure_now();
            for (size_t i = 0; i < repeats; i++)
                if (part > ANALOG)
                    each[part](layer, parts);
                else
                    whole[part](layer);
            if (round >= 0)
                taken[part][round] = (measure_now() - before) / (part == SCORES ? 20 : 1);
        }
    for (int part = 0; part < N_PARTS; part++) {
        qsort(taken[part], ROUNDS, sizeof taken[part][0], by_size);
        seconds[part] = taken[part][ROUNDS / 2];
    }
}

static void make_layer(struct layer *layer)
{
    const struct layer_case *own = layer->own;
    struct options *options = &layer->options;
    size_t n = own->n_tokens * own->n_heads * own->d_head;
    struct rs_error err;
    set_options(layer);
    for (size_t head = 0; head < HEADS_MAX; head++)
        layer->ranges[head] = 4;
    const struct attention_options all = {&options->array,
                                          &options->encoding,
                                          &options->comparator,
                                          &options->readout,
                                          &options->prune,
                                          &options->recompute,
                                          &options->device,
                                          1,
                                          NULL};
    double root = 1;
    while (root * root < (double)own->d_head)
        root += 1.0 / 1024;
    const struct attention_shape shape = {.n_layers = 1,
                                          .n_heads = (int)own->n_heads,
                                          .n_kv_heads = (int)own->n_heads,
                                          .d = own->d_head,
                                          .n_keys_max = own->n_tokens,
                                          .n_queries_max = own->n_tokens,
                                          .causal = own->causal,
                                          .score_scale = 1 / root};
    const struct attention_ranges ranges = {layer->ranges, layer->ranges, layer->ranges};
    demand(setup_init(&all, &shape, ranges, &layer->setup, &err), &err);
    for (size_t head = 0; head < own->n_heads; head++)
        layer->setup.thresholds[head] = 0.67; /* of normal scores, a quarter is above */
    demand(setup_settle_reference(&layer->setup, &err), &err);
    demand(attention_create(&layer->setup, QUERY_ANALOG, &layer->attention, &err), &err);
    attention_start(layer->attention, 0, NULL);
    layer->q = random_floats(n, 1);
    layer->k = random_floats(n, 2);
    layer->v = random_floats(n, 3);
    layer->output = random_floats(n, 4);
    layer->scores = random_floats(own->n_tokens * own->n_tokens, 5);
    layer->scratch = measure_doubles(own->n_tokens + own->d_head);
}

static void clear_layer(struct layer *layer)
{
    attention_destroy(layer->attention);
    setup_clear(&layer->setup);
    free(layer->q);
    free(layer->k);
    free(layer->v);
    free(layer->output);
    free(layer->scores);
    free(layer->scratch);
}

/* rest_seconds: of the layer without wires, which is measured before the one with them. */
static void print_case(const struct layer_case *own, double *rest_seconds)
{
    struct layer layer = {.own = own};
    struct parts parts = {0};
    double seconds[N_PARTS], sum = 0;
    make_layer(&layer);
    make_parts(&layer, &parts);
    measure_parts(&layer, &parts, seconds);
    for (int part = PROGRAM; part < N_PARTS; part++)
        sum += seconds[part];
    if (!own->wires)
        *rest_seconds = seconds[ANALOG] - sum;
    printf("| %s |", own->name);
    for (int part = 0; part < N_PARTS; part++)
        printf(" %.0f |", 1e6 * seconds[part]);
    printf(" %.0f | %.1f | %.1f |", 1e6 * (seconds[ANALOG] - sum), seconds[READ] / seconds[SCORES],
           seconds[ANALOG] / seconds[EXACT]);
    if (own->wires && *rest_seconds > 0)
        printf(" %.2f |\n", seconds[ANALOG] / (sum + *rest_seconds));
    else
        printf(" |\n");
    fflush(stdout);
    clear_parts(&parts);
    clear_layer(&layer);
}

/* A forward pass of a whole model. */
struct network_case {
    const char *name;
    struct transformer_shape shape;
};

struct forward {
    struct transformer model;
    struct transformer_workspace *workspace;
    struct transformer_sample sample;
    float *matrix, *inputs, *out;
};

/* A hook that leaves attention out. */
static enum rs_status skip(void *context, const struct attention_call *call, struct rs_error *err)
{
    (void)context;
    (void)err;
    memset(call->output, 0, (size_t)call->n_query_heads * call->n_queries * call->d * sizeof(float));
    return RS_OK;
}

static void run_forward(struct forward *forward, attention_hook *hook)
{
    struct transformer_answer answer = {0};
    struct rs_error err;
    demand(transformer_run(&forward->model, &forward->sample, forward->workspace, hook, NULL, &answer, &err),
           &err);
}

/* The weights' products of all layers by OpenBLAS. */
static void run_weights(struct forward *forward)
{
    const struct transformer_shape *shape = &forward->model.shape;
    const size_t sizes[][2] = {{shape->d, transformer_shape_qkv(shape)},
                               {shape->n_heads * shape->d_head, shape->d},
                               {shape->d, transformer_shape_hidden(shape)},
                               {shape->d_hidden, shape->d}};
    for (size_t layer = 0; layer < shape->n_layers; layer++)
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
            matrix_multiply_f32(shape->n_positions, sizes[i][1], sizes[i][0],
                                (struct matrix_f32){forward->inputs, sizes[i][0], false},
                                (struct matrix_f32){forward->matrix, sizes[i][1], false}, false, forward->out,
                                sizes[i][1]);
}

enum { WHOLE, WITHOUT, WEIGHTS, N_FORWARD };

static void print_network(const struct network_case *own)
{
    static const int32_t words[512];
    static const uint8_t image[64 * 64];
    const struct transformer_shape *shape = &own->shape;
    struct forward forward = {0};
    struct rs_error err;
    double taken[N_FORWARD][ROUNDS];
    size_t wide = shape->n_positions * 8 * shape->d + 8 * shape->d * shape->d;
    demand(transformer_init(&forward.model, shape, &err), &err);
    float *weights = random_floats(forward.model.layout.n_weights, 6);
    for (size_t i = 0; i < forward.model.layout.n_weights; i++)
        forward.model.weights[i] = 0.1f * weights[i];
    demand(transformer_pack(&forward.model, kernel_chosen(), &err), &err);
    forward.workspace = transformer_workspace_create(&forward.model, &err);
    forward.sample = shape->input == TRANSFORMER_WORDS
                         ? (struct transformer_sample){.n_words = shape->n_positions, .words = words}
                         : (struct transformer_sample){.image = image};
    forward.inputs = random_floats(wide, 7);
    forward.matrix = random_floats(wide, 8);
    forward.out = random_floats(wide, 9);
    for (int round = -1; round < ROUNDS; round++)
        for (int part = 0; part < N_FORWARD; part++) {
            double before = measure_now();
            if (part == WEIGHTS)
                run_weights(&forward);
            else
                run_forward(&forward, part == WHOLE ? attention_hook_exact : skip);
            if (round >= 0)
                taken[part][round] = (measure_now() - before) / (double)shape->n_layers;
        }
    for (int part = 0; part < N_FORWARD; part++)
        qsort(taken[part], ROUNDS, sizeof taken[part][0], by_size);
    double whole = taken[WHOLE][ROUNDS / 2], without = taken[WITHOUT][ROUNDS / 2],
           products = taken[WEIGHTS][ROUNDS / 2];
    printf("| %s | %zu | %.0f | %.0f | %.0f | %.0f | %.2f |\n", own->name, shape->n_positions, 1e6 * whole,
           1e6 * (whole - without), 1e6 * products, 1e6 * (without - products), without / products);
    transformer_workspace_destroy(forward.workspace);
    transformer_clear(&forward.model);
    free(weights);
    free(forward.inputs);
    free(forward.matrix);
    free(forward.out);
}

static void print_networks(void)
{
    struct transformer_shape language = {.n_layers = 4,
                                         .d = 128,
                                         .n_heads = 4,
                                         .n_kv_heads = 4,
                                         .d_head = 32,
                                         .d_hidden = 512,
                                         .n_words = 96,
                                         .n_positions = 128,
                                         .bias = true,
                                         .norm_last = true,
                                         .tied = true,
                                         .norm_epsilon = 1e-5};
    struct transformer_shape vision = language, llama = language;
    vision.task = TRANSFORMER_CLASSES;
    vision.input = TRANSFORMER_PATCHES;
    vision.n_words = 0;
    vision.n_classes = 10;
    vision.tied = false;
    vision.n_channels = 1;
    vision.height = vision.width = 28;
    vision.patch = 4;
    vision.n_positions = 50;
    vision.class_token = true;
    vision.activation = TRANSFORMER_GELU_ERF;
    llama.activation = TRANSFORMER_SWIGLU;
    llama.norm = TRANSFORMER_NORM_RMS;
    llama.positions = TRANSFORMER_POSITIONS_ROTARY_PAIRS;
    llama.rotary_base = 10000;
    llama.d_hidden = 344;
    llama.bias = false;
    llama.n_kv_heads = 2;
    const struct network_case cases[] = {
        {"language, GELU by tanh", language}, {"vision, GELU by erf", vision}, {"as Llama, SwiGLU", llama}};
    printf("\n| model | tokens | a layer, us | its attention | its weights by sgemm | its rest | all but "
           "attention / "
           "sgemm |\n|---|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        print_network(&cases[i]);
}

/* Without an argument, all cases; else that one, counted from 0, for a profiler. */
int main(int argc, char **argv)
{
    static const struct layer_case cases[] = {
        {"language, no wires", 128, 4, 32, true, false, false},
        {"language, wires", 128, 4, 32, true, true, false},
        {"language, no wires, read noise", 128, 4, 32, true, false, true},
        {"language, wires, read noise", 128, 4, 32, true, true, true},
        {"512 tokens, no wires", 512, 4, 32, true, false, false},
        {"512 tokens, wires", 512, 4, 32, true, true, false},
        {"vision, no wires", 50, 4, 32, false, false, false},
        {"vision, wires", 50, 4, 32, false, true, false},
    };
    double rest_seconds = 0;
    matrix_use_one_thread();
    printf("# Attention layers in analog beside exact ones\n\n");
    measure_print_machine();
    printf(
        "Microseconds of a layer, 4 heads of 32; language: 128 tokens, causal; vision: 50 tokens. Medians of "
        "%d "
        "rounds in turn.\n\n"
        "| layer | exact | scores by sgemm | analog | programming | T | probes | tables | reads | the rest | "
        "reads / sgemm | analog / exact | analog / parts |\n"
        "|---|---|---|---|---|---|---|---|---|---|---|---|---|\n",
        ROUNDS);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (argc < 2 || (size_t)atoi(argv[1]) == i)
            print_case(&cases[i], &rest_seconds);
    if (argc < 2 || (size_t)atoi(argv[1]) == sizeof cases / sizeof cases[0])
        print_networks();
    return 0;
}
