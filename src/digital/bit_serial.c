#include "digital/bit_serial.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/require.h"
#include "config.h"
#include "digital/bit_serial_kernels.h"

enum { BLOCK = BIT_SERIAL_BLOCK };

struct bit_serial_keys {
    struct bit_serial_shape shape;
    const struct bit_serial_kernel *kernel;
    size_t n_keys_max, n_keys, n_pairs, n_cycles;
    size_t block_size; /* int16_t */
    int16_t *blocks;
    int32_t *query_pairs; /* [n_pairs], of the last query */
    int16_t *row;         /* [n_pairs][2], of the key that is packed */
};

static const struct bit_serial_kernel *kernel_of(enum kernel kernel)
{
#ifdef HAVE_X86_KERNELS
    if (kernel == KERNEL_AVX512)
        return &bit_serial_avx512;
    if (kernel == KERNEL_AVX2)
        return &bit_serial_avx2;
#endif
    (void)kernel;
    return &bit_serial_baseline;
}

enum rs_status bit_serial_keys_create(size_t n_keys_max, const struct bit_serial_shape *shape,
                                      enum kernel kernel, struct bit_serial_keys **out, struct rs_error *err)
{
    rs_require(shape->magnitude_bits >= 1 && shape->magnitude_bits <= BIT_SERIAL_MAGNITUDE_BITS_MAX,
               "magnitude bits are not 1 to 15");
    rs_require(shape->bits_per_cycle >= 1 && shape->bits_per_cycle <= BIT_SERIAL_BITS_PER_CYCLE_MAX,
               "bits per cycle are not 1 to 4");
    struct bit_serial_keys *keys = memory_allocate(1, sizeof *keys, err);
    *out = NULL;
    if (keys == NULL)
        return RS_INTERNAL;
    keys->shape = *shape;
    keys->kernel = kernel_of(kernel);
    keys->n_keys_max = n_keys_max;
    keys->n_pairs = (shape->d + 1) / 2;
    keys->n_cycles = (size_t)((shape->magnitude_bits + shape->bits_per_cycle - 1) / shape->bits_per_cycle);
    keys->block_size = (1 + keys->n_cycles) * keys->n_pairs * 2 * BLOCK;
    keys->blocks =
        memory_allocate((n_keys_max + BLOCK - 1) / BLOCK, keys->block_size * sizeof *keys->blocks, err);
    keys->query_pairs = memory_allocate(keys->n_pairs, sizeof *keys->query_pairs, err);
    keys->row = memory_allocate(keys->n_pairs, 2 * sizeof *keys->row, err);
    if (keys->blocks == NULL || keys->query_pairs == NULL || keys->row == NULL) {
        bit_serial_keys_destroy(keys);
        return RS_INTERNAL;
    }
    *out = keys;
    return RS_OK;
}

void bit_serial_keys_destroy(struct bit_serial_keys *keys)
{
    if (keys == NULL)
        return;
    free(keys->blocks);
    free(keys->query_pairs);
    free(keys->row);
    free(keys);
}

/* One plane's row of a key: pairs of neighbouring elements, each to its own lane. */
static void scatter(const int16_t *row, size_t n_pairs, int16_t *at)
{
    for (size_t p = 0; p < n_pairs; p++)
        memcpy(at + p * 2 * BLOCK, row + 2 * p, 2 * sizeof *row);
}

static void pack_signs(const struct bit_serial_keys *keys, const int16_t *codes, int16_t *at)
{
    int bits = 0;
    for (size_t i = 0; i < keys->shape.d; i++) {
        keys->row[i] = codes[i] < 0 ? -1 : 1;
        bits |= codes[i] < 0 ? -codes[i] : codes[i];
    }
    rs_require(bits >> keys->shape.magnitude_bits == 0, "a code has more bits than its keys");
    scatter(keys->row, keys->n_pairs, at);
}

static void pack_digits(const struct bit_serial_keys *keys, const int16_t *codes, int unseen, int mask,
                        int16_t *at)
{
    for (size_t i = 0; i < keys->shape.d; i++) {
        int digit = (codes[i] < 0 ? -codes[i] : codes[i]) >> unseen & mask;
        keys->row[i] = (int16_t)(codes[i] < 0 ? -digit : digit);
    }
    scatter(keys->row, keys->n_pairs, at);
}

/* Plane by plane, so that a plane's lines, of which each holds many keys, stay in cache. */
static void pack_block(const struct bit_serial_keys *keys, const int16_t *codes, size_t n, int16_t *plane)
{
    const size_t d = keys->shape.d;
    int unseen = keys->shape.magnitude_bits;
    for (size_t l = 0; l < n; l++)
        pack_signs(keys, codes + l * d, plane + 2 * l);
    while (unseen > 0) {
        int taken = unseen < keys->shape.bits_per_cycle ? unseen : keys->shape.bits_per_cycle;
        unseen -= taken;
        plane += keys->n_pairs * 2 * BLOCK;
        for (size_t l = 0; l < n; l++)
            pack_digits(keys, codes + l * d, unseen, (1 << taken) - 1, plane + 2 * l);
    }
}

void bit_serial_keys_load(struct bit_serial_keys *keys, size_t n_keys, const int16_t *codes)
{
    rs_require(n_keys <= keys->n_keys_max, "more keys than there is room for");
    keys->n_keys = n_keys;
    for (size_t first = 0; first < n_keys; first += BLOCK)
        pack_block(keys, codes + first * keys->shape.d, n_keys - first < BLOCK ? n_keys - first : BLOCK,
                   keys->blocks + first / BLOCK * keys->block_size);
}

static bool begin(struct bit_serial_state *state, const bool *chosen, size_t n)
{
    bool any = false;
    memset(state, 0, sizeof *state);
    for (size_t l = 0; l < n; l++) {
        state->active[l] = chosen == NULL || chosen[l] ? -1 : 0;
        any |= state->active[l] != 0;
    }
    return any;
}

static void write_results(const struct bit_serial_state *state, const bool *chosen, size_t n,
                          int bits_per_cycle, struct bit_serial_result *results)
{
    for (size_t l = 0; l < n; l++) {
        if (chosen != NULL && !chosen[l])
            continue;
        int n_bits = (int)state->n_bits[l];
        results[l] = (struct bit_serial_result){
            .sum = state->sum[l],
            .n_bits = (uint8_t)n_bits,
            .n_cycles = (uint8_t)((n_bits + bits_per_cycle - 1) / bits_per_cycle),
            .end = (uint8_t)state->end[l],
        };
    }
}

static void run_batch(const struct bit_serial_keys *keys, const struct bit_serial_work *work, size_t n_keys,
                      const bool *chosen, struct bit_serial_result *results)
{
    struct bit_serial_state state;
    for (size_t first = 0; first < n_keys; first += BLOCK) {
        size_t n = n_keys - first < BLOCK ? n_keys - first : BLOCK;
        const bool *here = chosen == NULL ? NULL : chosen + first;
        if (!begin(&state, here, n))
            continue;
        keys->kernel->run(work, keys->blocks + first / BLOCK * keys->block_size, &state);
        write_results(&state, here, n, keys->shape.bits_per_cycle, results + first);
    }
}

void bit_serial_batch(struct bit_serial_keys *keys, const int16_t *query, size_t n_keys, const bool *chosen,
                      const struct bit_serial_stop *stop, struct bit_serial_result *results)
{
    const int64_t limit = (int64_t)1 << 62;
    rs_require(n_keys <= keys->n_keys, "more keys than are packed");
    struct bit_serial_work work = {.shape = keys->shape,
                                   .n_pairs = keys->n_pairs,
                                   .n_cycles = keys->n_cycles,
                                   .query_pairs = keys->query_pairs,
                                   .stop = *stop};
    /* No product comes near these, and differences from them do not overflow. */
    work.stop.threshold = stop->threshold > limit    ? limit
                          : stop->threshold < -limit ? -limit
                                                     : stop->threshold;
    for (size_t i = 0; i < keys->shape.d; i++)
        work.query_size += abs(query[i]);
    memcpy(keys->query_pairs, query, keys->shape.d * sizeof *query);
    run_batch(keys, &work, n_keys, chosen, results);
}

void bit_serial_count(const struct bit_serial_result *results, size_t n_keys, const bool *chosen,
                      int64_t threshold, struct bit_serial_tally *tally)
{
    for (size_t j = 0; j < n_keys; j++) {
        if (chosen != NULL && !chosen[j])
            continue;
        bool whole = results[j].end == BIT_SERIAL_WHOLE;
        bool kept = whole ? results[j].sum >= threshold : results[j].end == BIT_SERIAL_KEPT;
        struct bit_serial_cost *cost = kept ? &tally->kept : &tally->pruned;
        cost->n_scores++;
        cost->n_bits += results[j].n_bits;
        cost->n_cycles += results[j].n_cycles;
        cost->n_early += !whole;
    }
}

static double mean(int64_t sum, int64_t n)
{
    return n > 0 ? (double)sum / (double)n : (double)NAN;
}

double bit_serial_mean_bits(const struct bit_serial_cost *cost)
{
    return mean(cost->n_bits, cost->n_scores);
}

double bit_serial_mean_cycles(const struct bit_serial_cost *cost)
{
    return mean(cost->n_cycles, cost->n_scores);
}
