/* SHA-256, FIPS 180-4: section 5.1.1 (padding), 4.2.2 (constants), 6.2 (computation). */
#include "io/digest.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { DIGEST_BLOCK_BYTES = 64, DIGEST_LENGTH_OFFSET = 56, DIGEST_READ_BYTES = 65536 };

/* First 32 bits of the fractional parts of the cube roots of the first 64 primes. */
static const uint32_t round_constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t rotate(uint32_t word, int n_bits)
{
    return word >> n_bits | word << (32 - n_bits);
}

static uint32_t big_endian(const unsigned char *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static void schedule(const unsigned char *block, uint32_t w[64])
{
    for (int t = 0; t < 16; t++)
        w[t] = big_endian(block + 4 * t);
    for (int t = 16; t < 64; t++) {
        uint32_t s0 = rotate(w[t - 15], 7) ^ rotate(w[t - 15], 18) ^ w[t - 15] >> 3;
        uint32_t s1 = rotate(w[t - 2], 17) ^ rotate(w[t - 2], 19) ^ w[t - 2] >> 10;
        w[t] = s1 + w[t - 7] + s0 + w[t - 16];
    }
}

/* The eight working variables a ... h of the standard are v[0] ... v[7]. */
static void mix_block(uint32_t state[8], const unsigned char *block)
{
    uint32_t w[64], v[8];
    schedule(block, w);
    memcpy(v, state, sizeof v);
    for (int t = 0; t < 64; t++) {
        uint32_t sum1 = rotate(v[4], 6) ^ rotate(v[4], 11) ^ rotate(v[4], 25);
        uint32_t choice = (v[4] & v[5]) ^ (~v[4] & v[6]);
        uint32_t t1 = v[7] + sum1 + choice + round_constants[t] + w[t];
        uint32_t sum0 = rotate(v[0], 2) ^ rotate(v[0], 13) ^ rotate(v[0], 22);
        uint32_t majority = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]);
        memmove(v + 1, v, 7 * sizeof v[0]);
        v[4] += t1;
        v[0] = t1 + sum0 + majority;
    }
    for (int i = 0; i < 8; i++)
        state[i] += v[i];
}

void digest_init(struct digest *digest)
{
    static const uint32_t initial[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                        0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    *digest = (struct digest){.n_bytes = 0};
    memcpy(digest->state, initial, sizeof initial);
}

void digest_add(struct digest *digest, const void *bytes, size_t n_bytes)
{
    const unsigned char *next = bytes;
    size_t used = (size_t)(digest->n_bytes % DIGEST_BLOCK_BYTES);
    digest->n_bytes += n_bytes;
    while (n_bytes > 0) {
        size_t part = DIGEST_BLOCK_BYTES - used;
        if (part > n_bytes)
            part = n_bytes;
        memcpy(digest->block + used, next, part);
        next += part;
        n_bytes -= part;
        used += part;
        if (used == DIGEST_BLOCK_BYTES) {
            mix_block(digest->state, digest->block);
            used = 0;
        }
    }
}

void digest_finish(struct digest *digest, char text[DIGEST_TEXT_SIZE])
{
    static const unsigned char padding[DIGEST_BLOCK_BYTES] = {0x80};
    uint64_t n_bits = digest->n_bytes * 8;
    size_t used = (size_t)(digest->n_bytes % DIGEST_BLOCK_BYTES);
    size_t fill = (used < DIGEST_LENGTH_OFFSET ? DIGEST_LENGTH_OFFSET : DIGEST_LENGTH_OFFSET + 64) - used;
    unsigned char length[8];
    for (int i = 0; i < 8; i++)
        length[i] = (unsigned char)(n_bits >> (56 - 8 * i));
    digest_add(digest, padding, fill);
    digest_add(digest, length, sizeof length);
    for (int i = 0; i < 8; i++)
        snprintf(text + 8 * i, 9, "%08x", digest->state[i]);
}

enum rs_status digest_add_file(struct digest *digest, const char *path, struct rs_error *err)
{
    unsigned char bytes[DIGEST_READ_BYTES];
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return rs_fail(err, RS_IO, "%s: error: cannot open: %s", path, strerror(errno));
    size_t got;
    while ((got = fread(bytes, 1, sizeof bytes, file)) > 0)
        digest_add(digest, bytes, got);
    enum rs_status status = RS_OK;
    if (ferror(file))
        status = rs_fail(err, RS_IO, "%s: error: cannot read: %s", path, strerror(errno));
    (void)fclose(file); /* nothing was written: its result says nothing */
    return status;
}
