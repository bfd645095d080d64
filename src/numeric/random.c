/* Philox4x32-10 and Box-Muller without libm's transcendental functions, so that bits do not depend on the
 * libm. */
#include "numeric/random.h"

#include <math.h>
#include <string.h>

enum { PHILOX_ROUNDS = 10 };

void random_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t words[4])
{
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    uint32_t k0 = key[0], k1 = key[1];
    for (int round = 0; round < PHILOX_ROUNDS; round++) {
        uint64_t product0 = (uint64_t)0xD2511F53u * c0;
        uint64_t product1 = (uint64_t)0xCD9E8D57u * c2;
        c0 = (uint32_t)(product1 >> 32) ^ c1 ^ k0;
        c2 = (uint32_t)(product0 >> 32) ^ c3 ^ k1;
        c1 = (uint32_t)product1;
        c3 = (uint32_t)product0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    words[0] = c0;
    words[1] = c1;
    words[2] = c2;
    words[3] = c3;
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
 * ln(x) for normal positive x: x = 2^e m, m in [sqrt(1/2), sqrt(2)), and the series of 2 atanh((m-1)/(m+1)),
 * whose terms after z^21 stay below 1e-17 of the sum.
 */
static double natural_log(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    bits -= 0x3fe6a09e667f3bcdu; /* sqrt(1/2) */
    double exponent = (double)((int64_t)bits >> 52);
    bits = (bits & 0xfffffffffffffu) + 0x3fe6a09e667f3bcdu;
    double m;
    memcpy(&m, &bits, sizeof m);
    double s = (m - 1) / (m + 1), z = s * s;
    double tail = 1.0 / 21;
    for (int k = 19; k >= 3; k -= 2)
        tail = tail * z + 1.0 / k;
    return exponent * 0.69314718055994530942 + 2 * s * (1 + z * tail);
}

/* cos and sin of 2 pi turn, turn in (0, 1): a quarter turn is taken off, then Taylor series on [-pi/4, pi/4].
 */
static void turn_cos_sin(double turn, double *cosine, double *sine)
{
    double quarter = floor(turn * 4 + 0.5);
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
    int q = (int)quarter & 3;
    double a = q & 1 ? s : c, b = q & 1 ? c : s;
    *cosine = q == 1 || q == 2 ? -a : a;
    *sine = q == 2 || q == 3 ? -b : b;
}

static void four_normals(const struct random_key *key, uint32_t block, double normals[4])
{
    uint32_t words[4];
    random_block(key, block, words);
    for (int pair = 0; pair < 2; pair++) {
        double radius = sqrt(-2 * natural_log(unit(words[2 * pair])));
        double cosine, sine;
        turn_cos_sin(unit(words[2 * pair + 1]), &cosine, &sine);
        normals[2 * pair] = radius * cosine;
        normals[2 * pair + 1] = radius * sine;
    }
}

void random_normals(const struct random_key *key, size_t n, double *normals)
{
    size_t whole = n / 4;
    for (size_t block = 0; block < whole; block++)
        four_normals(key, (uint32_t)block, normals + 4 * block);
    if (n % 4 != 0) {
        double last[4];
        four_normals(key, (uint32_t)whole, last);
        memcpy(normals + 4 * whole, last, n % 4 * sizeof *normals);
    }
}

void random_uniforms(const struct random_key *key, size_t n, double *uniforms)
{
    uint32_t words[4];
    for (size_t i = 0; i < n; i++) {
        if (i % 4 == 0)
            random_block(key, (uint32_t)(i / 4), words);
        uniforms[i] = unit(words[i % 4]);
    }
}

uint32_t random_integer(const struct random_key *key, uint32_t cell, uint32_t n)
{
    uint32_t words[4];
    random_block(key, cell / 4, words);
    return (uint32_t)(((uint64_t)words[cell % 4] * n) >> 32);
}
