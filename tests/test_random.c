/* Keyed random numbers: Philox against published vectors, normals against libm, the layout of key and
 * counter. */
#include <criterion/criterion.h>
#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#ifdef HAVE_RANDOM123
#include <Random123/philox.h>
#endif

#include "numeric/random.h"

TestSuite(random, .timeout = 60);

static const double pi = 3.14159265358979323846;

static const struct random_key plain = {
    .seed = 20240917, .purpose = RANDOM_PROGRAMMING, .trial = 3, .array = 5, .write = 7, .draw = 11};

struct known_answer {
    uint32_t counter[4], key[2], words[4];
};

/* Salmon et al., SC'11: the vectors of Random123 for philox4x32, 10 rounds. */
Test(random, philox_gives_the_published_words)
{
    const struct known_answer cases[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
         {0xffffffff, 0xffffffff},
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint32_t words[4];
        random_philox(cases[i].counter, cases[i].key, words);
        cr_assert_eq(memcmp(words, cases[i].words, sizeof words), 0, "vector %zu", i);
    }
}

#ifdef HAVE_RANDOM123
Test(random, philox_equals_the_authors_code)
{
    uint32_t state[4] = {1, 2, 3, 4}, key[2] = {5, 6};
    for (int i = 0; i < 10000; i++) {
        uint32_t words[4];
        philox4x32_ctr_t counter = {{state[0], state[1], state[2], state[3]}};
        philox4x32_key_t theirs = {{key[0], key[1]}};
        philox4x32_ctr_t expected = philox4x32(counter, theirs);
        random_philox(state, key, words);
        cr_assert_eq(memcmp(words, expected.v, sizeof words), 0, "step %d", i);
        memcpy(state, words, sizeof state);
        key[i % 2] ^= words[i % 4];
    }
}
#endif

/* Layout 1, written out anew: word 0 = cell / 4 | purpose << 24, word 1 = draw, then array, trial, write
 * packed. */
Test(random, a_block_is_philox_of_the_documented_counter)
{
    struct random_key key = {.seed = 0x1122334455667788u,
                             .purpose = RANDOM_DECISION,
                             .trial = 0xabcde,
                             .array = 0x54321,
                             .write = 0xfedcba,
                             .draw = 0x87654321};
    const uint32_t counter[4] = {0x04345678, 0x87654321, 0xcde54321, 0xfedcbaab};
    const uint32_t philox_key[2] = {0x55667788, 0x11223344};
    uint32_t expected[4], words[4];
    random_philox(counter, philox_key, expected);
    random_block(&key, 0x345678, words);
    cr_assert_eq(memcmp(words, expected, sizeof words), 0);
}

static int by_words(const void *one, const void *other)
{
    return memcmp(one, other, 4 * sizeof(uint32_t));
}

/* Philox is a bijection of its counter: two blocks are equal only where two counters are. */
Test(random, no_two_keys_share_a_block)
{
    enum { EDGES = 4, FIELDS = 6 };
    const uint32_t last[FIELDS] = {RANDOM_TRIALS_MAX - 1, RANDOM_COLUMN,            RANDOM_ARRAYS_MAX - 1,
                                   RANDOM_WRITES_MAX - 1, RANDOM_CELLS_MAX / 4 - 1, 0xffffffff};
    size_t n = 1;
    for (int field = 0; field < FIELDS; field++)
        n *= EDGES;
    uint32_t(*blocks)[4] = malloc(n * sizeof *blocks);
    cr_assert_not_null(blocks);
    for (size_t i = 0; i < n; i++) {
        uint32_t at[FIELDS];
        size_t rest = i;
        for (int field = 0; field < FIELDS; field++, rest /= EDGES) {
            const uint32_t edges[EDGES] = {0, 1, last[field] / 2 + 1, last[field]};
            at[field] = edges[rest % EDGES];
        }
        struct random_key key = {.seed = 1,
                                 .trial = at[0],
                                 .purpose = (enum random_purpose)at[1],
                                 .array = at[2],
                                 .write = at[3],
                                 .draw = at[5]};
        random_block(&key, at[4], blocks[i]);
    }
    qsort(blocks, n, sizeof *blocks, by_words);
    for (size_t i = 1; i < n; i++)
        cr_assert_neq(by_words(blocks[i - 1], blocks[i]), 0);
    free(blocks);
}

Test(random, both_halves_of_the_seed_matter)
{
    struct random_key key = plain;
    uint32_t one[4], low[4], high[4];
    random_block(&key, 0, one);
    key.seed = plain.seed ^ 1;
    random_block(&key, 0, low);
    key.seed = plain.seed ^ (uint64_t)1 << 63;
    random_block(&key, 0, high);
    cr_assert_neq(memcmp(one, low, sizeof one), 0);
    cr_assert_neq(memcmp(one, high, sizeof one), 0);
    cr_assert_neq(memcmp(low, high, sizeof one), 0);
}

Test(random, a_cell_has_one_number_whatever_the_count)
{
    enum { CELLS = 103 };
    double all[CELLS], some[CELLS], all_uniforms[CELLS], some_uniforms[CELLS];
    random_normals(&plain, CELLS, all);
    random_uniforms(&plain, CELLS, all_uniforms);
    for (size_t n = 0; n < CELLS; n++) {
        some[n] = some_uniforms[n] = 42;
        random_normals(&plain, n, some);
        random_uniforms(&plain, n, some_uniforms);
        cr_assert_eq(memcmp(some, all, n * sizeof *some), 0, "%zu normals", n);
        cr_assert_eq(memcmp(some_uniforms, all_uniforms, n * sizeof *some), 0, "%zu uniforms", n);
        cr_assert(some[n] == 42 && some_uniforms[n] == 42, "more than %zu written", n);
    }
}

Test(random, normals_are_box_muller_of_libm)
{
    enum { CELLS = 400000 };
    double *normals = malloc(CELLS * sizeof *normals), *uniforms = malloc(CELLS * sizeof *uniforms);
    cr_assert(normals != NULL && uniforms != NULL);
    random_normals(&plain, CELLS, normals);
    random_uniforms(&plain, CELLS, uniforms);
    for (size_t i = 0; i < CELLS; i += 2) {
        double radius = sqrt(-2 * log(uniforms[i])), angle = 2 * pi * uniforms[i + 1];
        cr_assert_float_eq(normals[i], radius * cos(angle), 1e-12);
        cr_assert_float_eq(normals[i + 1], radius * sin(angle), 1e-12);
    }
    free(normals);
    free(uniforms);
}

static int rising(const void *one, const void *other)
{
    double a = *(const double *)one, b = *(const double *)other;
    return (a > b) - (a < b);
}

Test(random, normals_have_the_moments_tails_and_distribution_of_a_normal)
{
    enum { N = 1000000 };
    const double n = N;
    double *z = malloc(N * sizeof *z), sums[5] = {0};
    cr_assert_not_null(z);
    random_normals(&plain, N, z);
    for (size_t i = 0; i < N; i++) {
        double power = 1;
        for (int k = 1; k <= 4; k++)
            sums[k] += power *= z[i];
    }
    /* Variances of the sample moments of a normal: 1, 2, 15, 96 (over n). */
    cr_assert_lt(fabs(sums[1] / n), 4.5 * sqrt(1 / n));
    cr_assert_lt(fabs(sums[2] / n - 1), 4.5 * sqrt(2 / n));
    cr_assert_lt(fabs(sums[3] / n), 4.5 * sqrt(15 / n));
    cr_assert_lt(fabs(sums[4] / n - 3), 4.5 * sqrt(96 / n));
    for (double border = 1; border <= 4; border++) {
        double above = 0, below = 0, expected = n * gsl_cdf_ugaussian_Q(border);
        for (size_t i = 0; i < N; i++) {
            above += z[i] > border;
            below += z[i] < -border;
        }
        cr_assert_lt(fabs(above - expected), 4.5 * sqrt(expected), "above %g: %g of %g", border, above,
                     expected);
        cr_assert_lt(fabs(below - expected), 4.5 * sqrt(expected), "below %g: %g of %g", border, below,
                     expected);
    }
    qsort(z, N, sizeof *z, rising);
    double distance = 0;
    for (size_t i = 0; i < N; i++) {
        double cdf = gsl_cdf_ugaussian_P(z[i]);
        distance = fmax(distance, fmax(((double)i + 1) / n - cdf, cdf - (double)i / n));
    }
    cr_assert_lt(distance * sqrt(n), 1.95, "Kolmogorov-Smirnov at 0.1 %%: %g", distance * sqrt(n));
    free(z);
}

static double correlation(const double *one, const double *other, size_t n)
{
    double product = 0;
    for (size_t i = 0; i < n; i++)
        product += one[i] * other[i];
    return product / sqrt((double)n);
}

/* Each number of standard errors of the mean product, 1 / sqrt(n), for squares too: sqrt of their variance
 * is 2. */
Test(random, neighbours_are_not_correlated)
{
    enum { N = 200000, NEIGHBOURS = 6 };
    static double z[N + 8], other[N + 8];
    random_normals(&plain, N + 8, z);
    for (size_t lag = 1; lag <= 8; lag++)
        cr_assert_lt(fabs(correlation(z, z + lag, N)), 4.5, "cells %zu apart", lag);
    struct random_key next[NEIGHBOURS];
    for (int i = 0; i < NEIGHBOURS; i++)
        next[i] = plain;
    next[0].draw++;
    next[1].trial++;
    next[2].write++;
    next[3].array++;
    next[4].purpose = RANDOM_RELAXATION;
    next[5].seed++;
    for (int i = 0; i < NEIGHBOURS; i++) {
        double squares = 0;
        random_normals(&next[i], N, other);
        cr_assert_lt(fabs(correlation(z, other, N)), 4.5, "neighbour %d", i);
        for (size_t k = 0; k < N; k++)
            squares += (z[k] * z[k] - 1) * (other[k] * other[k] - 1);
        cr_assert_lt(fabs(squares / 2 / sqrt((double)N)), 4.5, "squares of neighbour %d", i);
    }
}

Test(random, uniforms_and_integers_are_even)
{
    enum { N = 300000, BINS = 7 };
    static double u[N];
    double bins[BINS] = {0}, integers[BINS] = {0}, chi_square = 0, chi_square_integers = 0,
           expected = (double)N / BINS;
    random_uniforms(&plain, N, u);
    for (uint32_t i = 0; i < N; i++) {
        cr_assert(u[i] > 0 && u[i] < 1);
        bins[(int)(u[i] * BINS)]++;
        uint32_t k = random_integer(&plain, i, BINS);
        cr_assert_eq(k, (uint32_t)(u[i] * BINS), "cell %u", i);
        integers[k]++;
    }
    for (int k = 0; k < BINS; k++) {
        chi_square += (bins[k] - expected) * (bins[k] - expected) / expected;
        chi_square_integers += (integers[k] - expected) * (integers[k] - expected) / expected;
    }
    cr_assert_gt(gsl_cdf_chisq_Q(chi_square, BINS - 1), 1e-4);
    cr_assert_gt(gsl_cdf_chisq_Q(chi_square_integers, BINS - 1), 1e-4);
}

/* FNV-1a over the bytes, least significant first. */
static uint64_t hash_doubles(const double *values, size_t n)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < n; i++) {
        uint64_t bits;
        memcpy(&bits, &values[i], sizeof bits);
        for (int shift = 0; shift < 64; shift += 8)
            hash = (hash ^ (bits >> shift & 0xff)) * 0x100000001b3u;
    }
    return hash;
}

/* Golden value, made by this function; gcc -O0, gcc -O3 and clang -O2 agree. It changes only with
 * RANDOM_NAME. */
Test(random, bits_of_a_million_normals_never_change)
{
    enum { N = 1000000 };
    double *z = malloc(N * sizeof *z);
    cr_assert_not_null(z);
    random_normals(&plain, N, z);
    cr_assert_str_eq(RANDOM_NAME, "philox4x32-10, layout 1");
    cr_assert_eq(hash_doubles(z, N), 0xd9000f1e352802fau, "%016llx", (unsigned long long)hash_doubles(z, N));
    free(z);
}

Test(random, windows_and_single_cells_give_the_same_numbers)
{
    const struct random_key key = {
        .seed = 9, .purpose = RANDOM_READ, .trial = 3, .array = 4, .write = 5, .draw = 6};
    static double all[3000], some[3000];
    random_normals(&key, 3000, all);
    random_normals_from(&key, 1028, 1500, some);
    cr_assert_eq(memcmp(all + 1028, some, 1500 * sizeof *some), 0);
    for (uint32_t i = 0; i < 3000; i++)
        cr_assert_eq(random_normal(&key, i), all[i]);
    random_uniforms(&key, 3000, all);
    random_uniforms_from(&key, 4, 2000, some);
    cr_assert_eq(memcmp(all + 4, some, 2000 * sizeof *some), 0);
}
