/* Philox4x32-10 and Box-Muller without libm's transcendental functions, so that bits do not depend on the
 * libm. */
#include "numeric/random.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/clones.h"
#include "base/require.h"

enum { PHILOX_ROUNDS = 10 };

/* The ten rounds on one counter, in place. */
static inline void mix(uint32_t counter[4], uint32_t k0, uint32_t k1)
{
    for (int round = 0; round < PHILOX_ROUNDS; round++) {
        uint64_t product0 = (uint64_t)0xD2511F53u * counter[0];
        uint64_t product1 = (uint64_t)0xCD9E8D57u * counter[2];
        counter[0] = (uint32_t)(product1 >> 32) ^ counter[1] ^ k0;
        counter[2] = (uint32_t)(product0 >> 32) ^ counter[3] ^ k1;
        counter[1] = (uint32_t)product1;
        counter[3] = (uint32_t)product0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
}

void random_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t words[4])
{
    memcpy(words, counter, 4 * sizeof *words);
    mix(words, key[0], key[1]);
}

void random_block(const struct random_key *key, uint32_t block, uint32_t words[4])
{
    uint64_t place = (uint64_t)key->array | (uint64_t)key->trial << 20 | (uint64_t)key->write << 40;
    uint32_t counter[4] = {(block & 0xffffff) | (uint32_t)key->purpose << 24, key->draw, (uint32_t)place,
                           (uint32_t)(place >> 32)};
    uint32_t philox_key[2] = {(uint32_t)key->seed, (uint32_t)(key->seed >> 32)};
    random_philox(counter, philox_key, words);
}

static double unit(uint32_t word)
{
    return ((double)word + 0.5) * 0x1p-32;
}

/*
 * Normals are made in chunks of RANDOM_CHUNK blocks, each step a loop over the chunk that compilers turn into
 * vector instructions. Every step is exact IEEE arithmetic without fused operations, so each clone gives the
 * same bits.
 */
enum { RANDOM_CHUNK = 128 };

struct chunk {
    uint32_t words[4][RANDOM_CHUNK];
    double radius[RANDOM_CHUNK], cosine[RANDOM_CHUNK], sine[RANDOM_CHUNK];
};

/* Philox of blocks first_block ... first_block + RANDOM_CHUNK - 1. */
CLONES
static void fill_words(const struct random_key *key, uint32_t first_block, struct chunk *chunk)
{
    uint64_t place = (uint64_t)key->array | (uint64_t)key->trial << 20 | (uint64_t)key->write << 40;
    uint32_t purpose = (uint32_t)key->purpose << 24, draw = key->draw, seed = (uint32_t)key->seed;
    uint32_t low = (uint32_t)place, high = (uint32_t)(place >> 32), seed_high = (uint32_t)(key->seed >> 32);
    for (uint32_t i = 0; i < RANDOM_CHUNK; i++) {
        uint32_t counter[4] = {((first_block + i) & 0xffffff) | purpose, draw, low, high};
        mix(counter, seed, seed_high);
        chunk->words[0][i] = counter[0];
        chunk->words[1][i] = counter[1];
        chunk->words[2][i] = counter[2];
        chunk->words[3][i] = counter[3];
    }
}

/* Philox of any blocks, [RANDOM_CHUNK]. */
CLONES
static void fill_words_of(const struct random_key *key, const uint32_t *blocks, struct chunk *chunk)
{
    uint64_t place = (uint64_t)key->array | (uint64_t)key->trial << 20 | (uint64_t)key->write << 40;
    uint32_t purpose = (uint32_t)key->purpose << 24, draw = key->draw, seed = (uint32_t)key->seed;
    uint32_t low = (uint32_t)place, high = (uint32_t)(place >> 32), seed_high = (uint32_t)(key->seed >> 32);
    for (uint32_t i = 0; i < RANDOM_CHUNK; i++) {
        uint32_t counter[4] = {(blocks[i] & 0xffffff) | purpose, draw, low, high};
        mix(counter, seed, seed_high);
        chunk->words[0][i] = counter[0];
        chunk->words[1][i] = counter[1];
    }
}

/*
 * sqrt(-2 ln x) of x in (0, 1): x = 2^e m, m in [sqrt(1/2), sqrt(2)), and the series of 2 atanh((m-1)/(m+1)),
 * whose terms after s^21 stay below 1e-17 of the sum. The exponent is turned into a double by its place in a
 * mantissa.
 */
static inline double radius_of(uint32_t word)
{
    double x = ((double)word + 0.5) * 0x1p-32, m, exponent;
    uint64_t bits, mantissa, biased;
    memcpy(&bits, &x, sizeof bits);
    bits -= 0x3fe6a09e667f3bcdu; /* sqrt(1/2) */
    mantissa = (bits & 0xfffffffffffffu) + 0x3fe6a09e667f3bcdu;
    biased = ((bits + 0x4000000000000000u) >> 52) | 0x4330000000000000u; /* 2^52 + exponent + 1024 */
    memcpy(&m, &mantissa, sizeof m);
    memcpy(&exponent, &biased, sizeof exponent);
    exponent -= 0x1p52 + 1024;
    double s = (m - 1) / (m + 1), z = s * s, tail = 1.0 / 21;
#pragma GCC unroll 9
    for (int k = 19; k >= 3; k -= 2)
        tail = tail * z + 1.0 / k;
    return sqrt(-2 * (exponent * 0.69314718055994530942 + 2 * s * (1 + z * tail)));
}

CLONES
static void fill_radius(const uint32_t *words, double *radius)
{
    for (int i = 0; i < RANDOM_CHUNK; i++)
        radius[i] = radius_of(words[i]);
}

/* cos and sin of 2 pi turn, turn in (0, 1): a quarter turn is taken off, then Taylor series on [-pi/4, pi/4].
 */
static inline void cos_sin_of(uint32_t word, double *cosine, double *sine)
{
    double turn = ((double)word + 0.5) * 0x1p-32;
    double quarter = (turn * 4 + 0x1.8p52) - 0x1.8p52; /* to the nearest whole number: 0 ... 4 */
    double x = (turn - quarter * 0.25) * 6.28318530717958647693, z = x * x;
    double s =
        x * (1 + z * (-1.0 / 6 +
                      z * (1.0 / 120 +
                           z * (-1.0 / 5040 + z * (1.0 / 362880 + z * (-1.0 / 39916800 +
                                                                       z * (1.0 / 6227020800 +
                                                                            z * (-1.0 / 1307674368000))))))));
    double c =
        1 + z * (-1.0 / 2 +
                 z * (1.0 / 24 + z * (-1.0 / 720 +
                                      z * (1.0 / 40320 +
                                           z * (-1.0 / 3628800 +
                                                z * (1.0 / 479001600 + z * (-1.0 / 87178291200 +
                                                                            z * (1.0 / 20922789888000))))))));
    bool odd = quarter == 1 || quarter == 3;
    double a = odd ? s : c, b = odd ? c : s;
    *cosine = quarter == 1 || quarter == 2 ? -a : a;
    *sine = quarter == 2 || quarter == 3 ? -b : b;
}

CLONES
static void fill_cos_sin(const uint32_t *words, double *cosine, double *sine)
{
    for (int i = 0; i < RANDOM_CHUNK; i++)
        cos_sin_of(words[i], &cosine[i], &sine[i]);
}

CLONES
static void fill_normals(const struct random_key *key, uint32_t first_block, struct chunk *chunk,
                         double normals[4 * RANDOM_CHUNK])
{
    fill_words(key, first_block, chunk);
    for (int pair = 0; pair < 2; pair++) {
        fill_radius(chunk->words[2 * pair], chunk->radius);
        fill_cos_sin(chunk->words[2 * pair + 1], chunk->cosine, chunk->sine);
        for (int i = 0; i < RANDOM_CHUNK; i++) {
            normals[4 * i + 2 * pair] = chunk->radius[i] * chunk->cosine[i];
            normals[4 * i + 2 * pair + 1] = chunk->radius[i] * chunk->sine[i];
        }
    }
}

void random_normals(const struct random_key *key, size_t n, double *normals)
{
    random_normals_from(key, 0, n, normals);
}

void random_normals_from(const struct random_key *key, size_t first, size_t n, double *normals)
{
    struct chunk chunk;
    double last[4 * RANDOM_CHUNK];
    size_t done = 0;
    rs_require(first % 4 == 0, "the first cell must be a multiple of 4");
    for (; done + 4 * RANDOM_CHUNK <= n; done += 4 * RANDOM_CHUNK)
        fill_normals(key, (uint32_t)((first + done) / 4), &chunk, normals + done);
    if (done < n) {
        fill_normals(key, (uint32_t)((first + done) / 4), &chunk, last);
        memcpy(normals + done, last, (n - done) * sizeof *normals);
    }
}

void random_normal_pairs(const struct random_key *key, size_t n, const uint32_t *blocks, double *first,
                         double *second)
{
    struct chunk chunk;
    for (size_t done = 0; done < n; done += RANDOM_CHUNK) {
        size_t n_here = n - done < RANDOM_CHUNK ? n - done : RANDOM_CHUNK;
        uint32_t whole[RANDOM_CHUNK] = {0};
        memcpy(whole, blocks + done, n_here * sizeof *whole);
        fill_words_of(key, whole, &chunk);
        fill_radius(chunk.words[0], chunk.radius);
        fill_cos_sin(chunk.words[1], chunk.cosine, chunk.sine);
        for (size_t i = 0; i < n_here; i++) {
            first[done + i] = chunk.radius[i] * chunk.cosine[i];
            second[done + i] = chunk.radius[i] * chunk.sine[i];
        }
    }
}

double random_normal(const struct random_key *key, uint32_t cell)
{
    uint32_t words[4];
    double cosine, sine;
    random_block(key, cell / 4, words);
    unsigned pair = cell % 4 / 2;
    cos_sin_of(words[2 * pair + 1], &cosine, &sine);
    return radius_of(words[2 * pair]) * (cell % 2 == 0 ? cosine : sine);
}

void random_uniforms(const struct random_key *key, size_t n, double *uniforms)
{
    random_uniforms_from(key, 0, n, uniforms);
}

void random_uniforms_from(const struct random_key *key, size_t first, size_t n, double *uniforms)
{
    uint32_t words[4];
    rs_require(first % 4 == 0, "the first cell must be a multiple of 4");
    for (size_t i = 0; i < n; i++) {
        if (i % 4 == 0)
            random_block(key, (uint32_t)((first + i) / 4), words);
        uniforms[i] = unit(words[i % 4]);
    }
}

uint32_t random_integer(const struct random_key *key, uint32_t cell, uint32_t n)
{
    uint32_t words[4];
    random_block(key, cell / 4, words);
    return (uint32_t)(((uint64_t)words[cell % 4] * n) >> 32);
}
