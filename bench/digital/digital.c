/* The digital units' speeds beside what the processor can do, and the top-k engine's cycles beside the
 * published model's (README.md); prints a table. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../crossbar/measure.h"
#include "config.h"
#include "digital/batcher.h"
#include "digital/bit_serial.h"
#include "digital/topk.h"
#include "numeric/random.h"

enum { N_KEYS = 1024, D = 64, BITS = 8, N_MAX = 4096, CALLS = 20, TRIALS = 1000 };

#define SECONDS_PER_ROW 0.3
#define KEEP_SHARE 0.25
#define HALF_WIDTH_95 1.96 /* standard errors; 1,000 trials */

/* The limits are compiled for the same instruction sets as the kernels. */
#ifdef HAVE_X86_KERNELS
#define FOR_THIS_PROCESSOR __attribute__((target_clones("arch=x86-64-v4", "avx2", "default")))
#else
#define FOR_THIS_PROCESSOR
#endif

struct bit_serial_case {
    int16_t query[D], codes[N_KEYS * D];
    struct bit_serial_keys *keys;
    struct bit_serial_stop stop;
    struct bit_serial_result results[N_KEYS];
    int64_t sums[N_KEYS];
};

static void load_keys(void *state)
{
    struct bit_serial_case *c = state;
    bit_serial_keys_load(c->keys, N_KEYS, c->codes);
}

static void run_batch(void *state)
{
    struct bit_serial_case *c = state;
    for (int i = 0; i < CALLS; i++)
        bit_serial_batch(c->keys, c->query, N_KEYS, NULL, &c->stop, c->results);
}

FOR_THIS_PROCESSOR static void multiply_plain(const int16_t *query, const int16_t *codes, int64_t *sums)
{
    for (int j = 0; j < N_KEYS; j++) {
        int32_t sum = 0;
        for (int i = 0; i < D; i++)
            sum += query[i] * codes[j * D + i];
        sums[j] = sum;
    }
}

static void run_plain(void *state)
{
    struct bit_serial_case *c = state;
    for (int i = 0; i < CALLS; i++)
        multiply_plain(c->query, c->codes, c->sums);
}

static int ascending_sums(const void *one, const void *other)
{
    const int64_t a = *(const int64_t *)one, b = *(const int64_t *)other;
    return (a > b) - (a < b);
}

/* Gaussian codes, a third of the range wide; the threshold keeps KEEP_SHARE of the keys. */
static void make_codes(struct bit_serial_case *c)
{
    const struct random_key key = {.seed = 1, .purpose = RANDOM_PROBE};
    static double normals[(N_KEYS + 1) * D];
    const double limit = (1 << (BITS - 1)) - 1;
    random_normals(&key, (N_KEYS + 1) * D, normals);
    for (size_t i = 0; i < (N_KEYS + 1) * D; i++) {
        int16_t code = (int16_t)fmin(fmax(round(normals[i] * limit / 3), -limit), limit);
        if (i < D)
            c->query[i] = code;
        else
            c->codes[i - D] = code;
    }
    multiply_plain(c->query, c->codes, c->sums);
    qsort(c->sums, N_KEYS, sizeof c->sums[0], ascending_sums);
    c->stop.threshold = c->sums[(int)((1 - KEEP_SHARE) * N_KEYS)];
}

static void print_bit_serial_row(struct bit_serial_case *c, enum kernel kernel, int bits_per_cycle)
{
    const struct bit_serial_shape shape = {D, BITS - 1, bits_per_cycle};
    struct bit_serial_tally tally = {0};
    if (bit_serial_keys_create(N_KEYS, &shape, kernel, &c->keys, NULL) != RS_OK)
        abort();
    double load = measure_seconds(load_keys, c, SECONDS_PER_ROW) / N_KEYS;
    double plain = measure_seconds(run_plain, c, SECONDS_PER_ROW) / CALLS / N_KEYS;
    c->stop.drops = false;
    double whole = measure_seconds(run_batch, c, SECONDS_PER_ROW) / CALLS / N_KEYS;
    c->stop.drops = true;
    double early = measure_seconds(run_batch, c, SECONDS_PER_ROW) / CALLS / N_KEYS;
    bit_serial_count(c->results, N_KEYS, NULL, c->stop.threshold, &tally);
    double n_bits = (double)(tally.pruned.n_bits + tally.kept.n_bits) / N_KEYS;
    int n_cycles = (BITS - 1 + bits_per_cycle - 1) / bits_per_cycle;
    printf("| %s | %d | %.0f | %.1f | %.1f | %.0f | %.0f | %.1f | %.0f | %.2f, %.2f | %.2f, %.2f |\n",
           kernel_name(kernel), bits_per_cycle, 1e9 * load, 1e9 * plain, 1e9 * whole,
           1e-6 * (BITS - 1) / whole, 100 * n_cycles * plain / whole, 1e9 * early, 1e-6 * n_bits / early,
           bit_serial_mean_bits(&tally.pruned), bit_serial_mean_bits(&tally.kept),
           bit_serial_mean_cycles(&tally.pruned), bit_serial_mean_cycles(&tally.kept));
    bit_serial_keys_destroy(c->keys);
}

static void print_bit_serial(void)
{
    static struct bit_serial_case c;
    make_codes(&c);
    printf("Bit-serial unit, %d keys of %d elements, %d bits with sign, %.0f %% kept:\n\n", N_KEYS, D, BITS,
           100 * KEEP_SHARE);
    printf("| kernel | bits per cycle | packing, ns per key | plain product, ns per key | all bits, ns per "
           "key | "
           "M key-bits/s | %% of plain | early end, ns per key | M key-bits/s | bits: pruned, kept | "
           "cycles: pruned, kept |\n|---|---|---|---|---|---|---|---|---|---|---|\n");
    for (int k = 0; k < N_KERNELS; k++)
        for (int bits_per_cycle = 1; bits_per_cycle <= 4 && kernel_runs((enum kernel)k); bits_per_cycle *= 2)
            print_bit_serial_row(&c, (enum kernel)k, bits_per_cycle);
}

struct topk_case {
    size_t n, k;
    double values[N_MAX], sorted[N_MAX];
    bool chosen[N_MAX];
    struct topk *topk;
    struct topk_unit unit;
    size_t n_compared, n_calls;
    uint32_t trial;
};

static void run_topk(void *state)
{
    struct topk_case *c = state;
    for (int i = 0; i < CALLS; i++) {
        const struct random_key key = {.seed = 2, .purpose = RANDOM_PROBE, .draw = c->trial++};
        c->n_compared += topk_choose(c->topk, &c->unit, c->values, c->n, c->k, &key, c->chosen).n_compared;
        c->n_calls++;
    }
}

static void run_copy(void *state)
{
    struct topk_case *c = state;
    for (int i = 0; i < CALLS; i++) {
        memcpy(c->sorted, c->values, c->n * sizeof c->values[0]);
        __asm__ volatile("" : : "r"(c->sorted) : "memory");
    }
}

static int descending(const void *one, const void *other)
{
    const double a = *(const double *)one, b = *(const double *)other;
    return (a < b) - (a > b);
}

static void run_sort(void *state)
{
    struct topk_case *c = state;
    memcpy(c->sorted, c->values, c->n * sizeof c->values[0]);
    qsort(c->sorted, c->n, sizeof c->sorted[0], descending);
}

static void make_values(struct topk_case *c, size_t n, size_t k)
{
    const struct random_key key = {.seed = 3, .purpose = RANDOM_PROBE, .write = (uint32_t)n};
    c->n = n;
    c->k = k;
    random_normals(&key, n, c->values);
}

static void print_topk_row(struct topk_case *c, enum kernel kernel)
{
    if (topk_create(N_MAX, kernel, &c->topk, NULL) != RS_OK)
        abort();
    c->n_compared = c->n_calls = 0;
    c->trial = 0;
    double taken = measure_seconds(run_topk, c, SECONDS_PER_ROW) / CALLS;
    double sort = measure_seconds(run_sort, c, SECONDS_PER_ROW);
    double n_compared = (double)c->n_compared / (double)c->n_calls, n = (double)c->n;
    double copy = measure_seconds(run_copy, c, SECONDS_PER_ROW) / CALLS * (2 * n_compared + n) / n;
    printf("| %s | %zu | %zu | %.2f | %.0f | %.0f | %.0f | %.0f |\n", kernel_name(kernel), c->n, c->k,
           1e6 * taken, 1e-6 * n / taken, 1e-6 * (n_compared + n) / taken, 100 * copy / taken, sort / taken);
    topk_destroy(c->topk);
}

static void print_topk(struct topk_case *c)
{
    const size_t sizes[][2] = {{64, 32}, {1024, 64}, {1024, 512}, {4096, 1024}};
    c->unit = (struct topk_unit){TOPK_PARALLELISM, 0};
    printf("\nTop-k engine, speed of the model:\n\n| kernel | n | k | us | M elements/s of the input | "
           "M elements/s through comparators and filter | %% of copying them | qsort takes, times |\n"
           "|---|---|---|---|---|---|---|---|\n");
    for (int k = 0; k < N_KERNELS; k++)
        for (int i = 0; i < 4 && kernel_runs((enum kernel)k); i++) {
            make_values(c, sizes[i][0], sizes[i][1]);
            print_topk_row(c, (enum kernel)k);
        }
}

/* What the authors' latency model gives: 1,000 random trials each, run for this project (not the paper's own
 * figures). Parallelism 1, 4, 16. */
static const struct published_latency {
    size_t n, k;
    double cycles[3];
} published[] = {
    {64, 32, {219, 73, 37}},       {128, 64, {437, 130, 55}},      {256, 32, {703, 201, 75}},
    {384, 96, {1200, 324, 109}},   {512, 128, {1569, 427, 136}},   {1024, 64, {2527, 654, 193}},
    {1024, 512, {3556, 899, 265}}, {2048, 128, {5057, 1293, 361}}, {4096, 1024, {12708, 3224, 855}}};

struct latency {
    double mean, deviation, filter;
};

static struct latency latency_of(struct topk_case *c, size_t parallelism)
{
    struct latency latency = {0};
    double sum = 0, squares = 0;
    c->unit.parallelism = parallelism;
    for (uint32_t t = 0; t < TRIALS; t++) {
        const struct random_key key = {
            .seed = 4, .purpose = RANDOM_PROBE, .draw = t, .array = (uint32_t)parallelism};
        struct topk_result result = topk_choose(c->topk, &c->unit, c->values, c->n, c->k, &key, c->chosen);
        sum += (double)result.cycles;
        squares += (double)result.cycles * (double)result.cycles;
        latency.filter = (double)result.filter_cycles;
    }
    latency.mean = sum / TRIALS;
    latency.deviation = sqrt((squares / TRIALS - latency.mean * latency.mean) * TRIALS / (TRIALS - 1));
    return latency;
}

static void print_latency(struct topk_case *c)
{
    const size_t parallelisms[] = {1, 4, 16};
    printf(
        "\nTop-k engine, cycles of the passes, mean of %d trials and its 95 %% interval, beside the authors' "
        "latency model (1,000 trials, so as uncertain as ours); the distance of the two in its standard "
        "errors; the filter "
        "comes on top:\n\n| n | k | P | here | deviation | model | distance | filter "
        "|\n|---|---|---|---|---|---|---|---|\n",
        TRIALS);
    for (size_t r = 0; r < sizeof published / sizeof published[0]; r++) {
        make_values(c, published[r].n, published[r].k);
        for (int p = 0; p < 3; p++) {
            struct latency own = latency_of(c, parallelisms[p]);
            double error = own.deviation / sqrt(TRIALS);
            printf("| %zu | %zu | %zu | %.1f +- %.1f | %.0f | %.0f | %+.1f | %.0f |\n", c->n, c->k,
                   parallelisms[p], own.mean, HALF_WIDTH_95 * error, own.deviation, published[r].cycles[p],
                   (own.mean - published[r].cycles[p]) / (sqrt(2) * error), own.filter);
        }
    }
}

static void print_sorter(struct topk_case *c)
{
    const size_t sizes[] = {64, 256, 1024, 4096};
    printf(
        "\nTop-k engine beside Batcher's full sorter with as many comparators (two arrays of 16), k = n / "
        "2:\n\n"
        "| n | engine with filter, cycles | sorter, cycles | ratio | comparators of the whole network | its "
        "steps |\n|---|---|---|---|---|---|\n");
    for (int i = 0; i < 4; i++) {
        make_values(c, sizes[i], sizes[i] / 2);
        struct latency own = latency_of(c, TOPK_PARALLELISM);
        struct batcher_network network = batcher_network_of(sizes[i]);
        double engine = own.mean + own.filter,
               sorter = (double)batcher_cycles(&network, 2 * (size_t)TOPK_PARALLELISM);
        printf("| %zu | %.0f +- %.0f | %.0f | %.2f | %zu | %zu |\n", sizes[i], engine,
               HALF_WIDTH_95 * own.deviation / sqrt(TRIALS), sorter, sorter / engine, network.n_comparators,
               network.n_steps);
    }
}

int main(void)
{
    static struct topk_case c;
    printf("# Digital units\n\n");
    measure_print_machine();
    print_bit_serial();
    print_topk(&c);
    if (topk_create(N_MAX, kernel_chosen(), &c.topk, NULL) != RS_OK)
        abort();
    print_latency(&c);
    print_sorter(&c);
    topk_destroy(c.topk);
    return 0;
}
