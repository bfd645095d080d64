/*
 * Random numbers that depend only on what they are for: Philox4x32-10 (Salmon et al., SC'11) keyed by the
 * seed, its counter made of (trial, purpose, array, write, cell, draw). No state, no call order, no sweep
 * point: every sweep point sees the same devices and the same underlying normals, and switching one effect
 * off moves no draw of another.
 *
 * Layout 1 (files name it "philox4x32-10, layout 1"):
 *     key      seed, low word first
 *     counter  word 0: cell / 4 (24 bits) | purpose << 24      word 1: draw (32 bits)
 *              words 2-3, a 64-bit number: array (20 bits) | trial (20 bits) << 20 | write (24 bits) << 40
 * One block gives the four numbers of cells 4c ... 4c+3. Normals: Box-Muller on word pairs (0,1), (2,3), each
 * word as (w + 1/2) / 2^32, so that they end at 6.7 sigma.
 */
#ifndef NUMERIC_RANDOM_H
#define NUMERIC_RANDOM_H

#include <stddef.h>
#include <stdint.h>

#define RANDOM_NAME "philox4x32-10, layout 1"

enum {
    RANDOM_TRIALS_MAX = 1 << 20,
    RANDOM_ARRAYS_MAX = 1 << 20,
    RANDOM_WRITES_MAX = 1 << 24,
    RANDOM_CELLS_MAX = 1 << 26
};

/* What a draw is for. The numbers are part of the layout: add at the end, never renumber. */
enum random_purpose {
    RANDOM_PROGRAMMING = 0,  /* per write and cell */
    RANDOM_RELAXATION = 1,   /* per write and cell */
    RANDOM_READ = 2,         /* per read and cell; draw = read */
    RANDOM_OFFSET = 3,       /* comparator, per trial and array; cell = key slot */
    RANDOM_DECISION = 4,     /* comparator, per decision; cell = key slot, draw = read */
    RANDOM_READOUT = 5,      /* converter, per conversion; cell = key slot, draw = read */
    RANDOM_POLICY = 6,       /* the policy `random`; cell = key, draw = query */
    RANDOM_PROBE = 7,        /* probe vectors of the certificate */
    RANDOM_STORIES = 8,      /* generated stories */
    RANDOM_TRAINING = 9,     /* initial weights, order of examples, time noise */
    RANDOM_COLUMN = 10,      /* read noise of a column's current; draw = read, cell = column (random_f32.h) */
    RANDOM_DEVICE = 11,      /* device-to-device spread, per trial and cell */
    RANDOM_CYCLE = 12,       /* cycle-to-cycle spread, per write and cell */
    RANDOM_STUCK = 13,       /* stuck cells, per trial and cell */
    RANDOM_FLICKER = 14,     /* 1/f noise, per write and cell */
    RANDOM_TRAPS = 15,       /* random telegraph noise: traps, per trial and cell; draw = trap */
    RANDOM_TELEGRAPH = 16,   /* ... and their occupation, per read and cell; draw = read */
    RANDOM_PULSE = 17,       /* programming pulses, per write and cell; block = cell, draw = pulse */
    RANDOM_VERIFY = 18,      /* verify reads, per write and cell; block = cell, draw = pulse */
    RANDOM_TEMPERATURE = 19, /* spread of the temperature laws, per trial and cell */
    RANDOM_ENDURANCE = 20,   /* lifetimes, per trial and cell */
    RANDOM_SEQUENCE = 21,    /* made q/k/v sequences; trial = kind of draw, array = head, write = sample */
    /* comparator, per trial and array; cell = key slot: pairs of transistors, draw = pair; branches of a
     * current comparator, draw = branch; reference currents, cell 0 where shared */
    RANDOM_MISMATCH = 24,
    RANDOM_BRANCH = 25,
    RANDOM_REFERENCE = 26,
    RANDOM_UNRESOLVED = 27, /* per unresolved decision; cell = key slot, draw = read */
    RANDOM_CALIBRATION =
        32, /* arrays, drives and declared noise of calibration decks; array = deck's array */
    /* the second comparator of each key, each as the purpose without SECOND */
    RANDOM_SECOND_OFFSET = 33,
    RANDOM_SECOND_DECISION = 34,
    RANDOM_SECOND_MISMATCH = 35,
    RANDOM_SECOND_BRANCH = 36,
    RANDOM_SECOND_REFERENCE = 37,
    RANDOM_SECOND_UNRESOLVED = 38,
    RANDOM_PIVOT = 39, /* pivots of the top-k engine; cell = pass, draw = query */
    RANDOM_SHIFT =
        43, /* how far training images are moved; draw = step, cell = 2 place in the batch + axis */
    RANDOM_TUNING = 44, /* fine-tuning with thresholds: order of examples, time noise */
    /* noise-aware fine-tuning; trial = step, write = sample */
    RANDOM_NOISY_CELLS = 47,   /* array = kv head; cell = key and element, draw 1: of mid-level lines */
    RANDOM_NOISY_READS = 48,   /* array = head; cell = query and key */
    RANDOM_NOISY_OFFSETS = 49, /* array = kv head; cell = key */
    RANDOM_PRUNING = 50,       /* the reference that prunes at random; cell = key, draw = query */
    RANDOM_RESAMPLE = 51       /* samples drawn again for intervals; cell = which, draw = resample */
};

struct random_key {
    uint64_t seed;
    enum random_purpose purpose;
    uint32_t trial, array, write, draw;
};

/* The block of four words of cells 4 `block` ... 4 `block` + 3. */
void random_block(const struct random_key *key, uint32_t block, uint32_t words[4]);

/* Philox4x32-10 itself, for known-answer tests. */
void random_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t words[4]);

/* Standard normals of cells 0 ... n-1. The same cells give the same numbers for every n. */
void random_normals(const struct random_key *key, size_t n, double *normals);

/* The same of cells first ... first + n - 1; first is a multiple of 4. */
void random_normals_from(const struct random_key *key, size_t first, size_t n, double *normals);

/* Two normals of each of any n blocks (below 2^24), those of cells 4 block and 4 block + 1: first [n], second
 * [n]. */
void random_normal_pairs(const struct random_key *key, size_t n, const uint32_t *blocks, double *first,
                         double *second);

/* The normal of one cell. */
double random_normal(const struct random_key *key, uint32_t cell);

/* Uniforms in (0, 1) of cells 0 ... n-1. */
void random_uniforms(const struct random_key *key, size_t n, double *uniforms);

/* The same of cells first ... first + n - 1; first is a multiple of 4. */
void random_uniforms_from(const struct random_key *key, size_t first, size_t n, double *uniforms);

/* A whole number in 0 ... n-1 for one cell; n < 2^31. Its bias is below n / 2^32. */
uint32_t random_integer(const struct random_key *key, uint32_t cell, uint32_t n);

#endif
