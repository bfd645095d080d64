/* Programming and reading cells beside GSL's generators (README.md); prints a table. */
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../crossbar/measure.h"
#include "devices/program.h"
#include "numeric/random_f32.h"

enum { ROWS = 1000, COLUMNS = 1000, CELLS = ROWS * COLUMNS };

#define SECONDS_PER_ROW 1.0

struct bench {
    struct device device;
    double *target, *conductance, *read;
    float *normals;
    uint32_t *blocks;
    struct program_result result;
    gsl_rng *generator;
    uint32_t write;
    size_t n_rows; /* of write-verify */
};

static void fill_ziggurat(void *state)
{
    struct bench *b = state;
    for (size_t i = 0; i < CELLS; i++)
        b->read[i] = gsl_ran_gaussian_ziggurat(b->generator, 1);
}

static void fill_polar(void *state)
{
    struct bench *b = state;
    for (size_t i = 0; i < CELLS; i++)
        b->read[i] = gsl_ran_ugaussian(b->generator);
}

static void fill_f64(void *state)
{
    struct bench *b = state;
    const struct random_key key = {.seed = 1, .draw = b->write++};
    random_normals(&key, CELLS, b->read);
}

static void fill_f32(void *state)
{
    struct bench *b = state;
    const struct random_key key = {.seed = 1, .draw = b->write++};
    random_f32_of(kernel_chosen())(&key, CELLS, b->normals);
}

static void fill_pairs(void *state)
{
    struct bench *b = state;
    const struct random_key key = {.seed = 1, .draw = b->write++};
    random_normal_pairs(&key, CELLS / 2, b->blocks, b->read, b->conductance);
}

static void write_cells(void *state)
{
    struct bench *b = state;
    const struct random_key key = {.seed = 1, .write = b->write++ & 0xffff};
    device_program(&b->device, &key, ROWS, COLUMNS, b->target, b->conductance);
}

static void read_cells(void *state)
{
    struct bench *b = state;
    const struct random_key key = {.seed = 1, .draw = b->write++};
    device_read(&b->device, &key, CELLS, b->target, b->conductance, b->read);
}

static void write_and_verify(void *state)
{
    struct bench *b = state;
    struct rs_error err;
    const struct random_key key = {.seed = 1};
    if (program_array(&b->device, &key, b->n_rows, COLUMNS, b->target, &b->result, &err) != RS_OK)
        abort();
}

/* Targets evenly over the middle of the window. */
static void open_card(struct bench *b, const char *name, double read_noise, int method)
{
    struct device_options options;
    struct rs_error err;
    option_fill_defaults(&device_option_table, &options);
    while (strcmp(card_preset_names[options.preset], name) != 0)
        options.preset = card_preset_names[options.preset + 1] != NULL ? options.preset + 1 : 0;
    options.read_noise_ratio = read_noise;
    options.method = method;
    if (device_open(&options, &b->device, &err) != RS_OK)
        abort();
    double low = b->device.g_min_siemens, high = b->device.g_max_siemens;
    for (size_t i = 0; i < CELLS; i++)
        b->target[i] = low + (high - low) * (0.05 + 0.9 * (double)(i * 7919 % CELLS) / CELLS);
}

static int count_draws(const struct device *device)
{
    int n = 0;
    for (int block = 0; block < LAW_TELEGRAPH; block++)
        n += device->card.blocks[block].law != NULL && device->scale[block] > 0 &&
             (device->card.blocks[block].law->moments != NULL || block == LAW_RELAXATION);
    return n;
}

static void print_row(const char *what, double n, double seconds, double goal, double ziggurat)
{
    printf("| %s | %.1f | %.2f | %s |", what, n / seconds / 1e6, seconds / n / ziggurat,
           goal == 0             ? ""
           : n / seconds >= goal ? "reached"
                                 : "missed");
    printf("\n");
}

static void print_generators(struct bench *b, double *ziggurat)
{
    const struct {
        const char *name;
        void (*call)(void *state);
    } rows[] = {{"GSL mt19937, ziggurat", fill_ziggurat},
                {"GSL mt19937, polar", fill_polar},
                {"own f64, in order", fill_f64},
                {"own f64, of a list of cells", fill_pairs},
                {"own f32", fill_f32}};
    printf("| normals | million/s | time, of the ziggurat's | |\n|---|---|---|---|\n");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        double seconds = measure_seconds(rows[i].call, b, SECONDS_PER_ROW);
        if (i == 0)
            *ziggurat = seconds / CELLS;
        print_row(rows[i].name, CELLS, seconds, 0, *ziggurat);
    }
}

static void print_cards(struct bench *b, double ziggurat)
{
    static const char *const cards[] = {"wan2022",        "wan2022-crosssim", "milo2021",
                                        "pcm-joshi",      "cmo-accept02",     "cmo-accept2",
                                        "pcm-nandakumar", "hermes1",          "hermes2"};
    printf(
        "\n| Gaussian laws, draws | million/s | time, of the ziggurat's | goal: 50 |\n|---|---|---|---|\n");
    for (size_t i = 0; i < sizeof cards / sizeof cards[0]; i++) {
        char name[96];
        open_card(b, cards[i], (double)NAN, DEVICE_ONE_SHOT);
        int n = count_draws(&b->device);
        snprintf(name, sizeof name, "%s, %d per cell", cards[i], n);
        print_row(name, (double)n * CELLS, measure_seconds(write_cells, b, SECONDS_PER_ROW), 50e6, ziggurat);
    }
    open_card(b, "wan2022", 0.01, DEVICE_ONE_SHOT);
    print_row("reading, 1 % of the state", CELLS, measure_seconds(read_cells, b, SECONDS_PER_ROW), 50e6,
              ziggurat);
}

static void print_pulses(struct bench *b, double ziggurat)
{
    static const struct {
        const char *card, *name;
        double read_noise;
    } rows[] = {{"gong2022-om", "gong2022-om", (double)NAN},
                {"gong2022-hfo2", "gong2022-hfo2", (double)NAN},
                {"gong2022-om", "gong2022-om, verify reads with 1 %", 0.01},
                {"generic-stanford", "generic-stanford, 1e4 cells, disturbed by V/2", (double)NAN}};
    printf(
        "\n| write-verify, pulses | million/s | time, of the ziggurat's | goal: 10 |\n|---|---|---|---|\n");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        double n = 0;
        open_card(b, rows[i].card, rows[i].read_noise, DEVICE_WRITE_VERIFY);
        b->n_rows = i == 3 ? ROWS / 100 : ROWS;
        double seconds = measure_seconds(write_and_verify, b, SECONDS_PER_ROW);
        for (size_t k = 0; k < b->n_rows * COLUMNS; k++)
            n += b->result.pulses[k];
        print_row(rows[i].name, n, seconds, 10e6, ziggurat);
        fflush(stdout);
    }
}

int main(void)
{
    struct bench *b = calloc(1, sizeof *b);
    struct rs_error err;
    double ziggurat = (double)NAN;
    if (b == NULL || program_allocate(CELLS, &b->result, &err) != RS_OK)
        abort();
    b->target = measure_doubles(CELLS);
    b->conductance = measure_doubles(CELLS);
    b->read = measure_doubles(CELLS);
    b->normals = (float *)measure_doubles(CELLS / 2);
    b->blocks = calloc(CELLS, sizeof *b->blocks);
    b->generator = gsl_rng_alloc(gsl_rng_mt19937);
    for (uint32_t i = 0; i < CELLS; i++)
        b->blocks[i] = 2 * i;
    printf("# Programming and reading 1e6 cells\n\n");
    measure_print_machine();
    print_generators(b, &ziggurat);
    print_cards(b, ziggurat);
    print_pulses(b, ziggurat);
    gsl_rng_free(b->generator);
    program_clear(&b->result);
    free(b->target);
    free(b->conductance);
    free(b->read);
    free(b->normals);
    free(b->blocks);
    free(b);
    return 0;
}
