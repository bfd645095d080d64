/*
 * A law: what one effect does to the conductances of cells. Works on arrays of cells, never on one.
 *
 * A Gaussian law gives the shift of the mean and the standard deviation at each state; drawing and adding is
 * done in one place (law.c). Any other law draws for itself.
 *
 * To add one: a file law_NAME.c with its option table and its descriptor, and a line in law.c.
 */
#ifndef DEVICES_LAW_H
#define DEVICES_LAW_H

#include <stdbool.h>
#include <stddef.h>

#include "base/option.h"
#include "numeric/random.h"
#include "rescore/status.h"

enum { LAW_PARAMS_SIZE = 10240, LAW_CELLS = 1024 };

/*
 * The block of a card that a law belongs to, in the order in which blocks act on a cell.
 *
 * LAW(name, its key in a card, what its draws are for, how long they live, help)
 */
#define LAW_BLOCK_LIST(LAW)                                                                                  \
    LAW(LEVELS, "levels", PROGRAMMING, WRITE, "the targets that can be written")                             \
    LAW(DEVICE, "device_spread", DEVICE, TRIAL, "device-to-device spread of written conductances")           \
    LAW(PROGRAMMING, "programming", PROGRAMMING, WRITE, "error left after programming")                      \
    LAW(CYCLE, "cycle_spread", CYCLE, WRITE, "cycle-to-cycle spread")                                        \
    LAW(RELAXATION, "relaxation", RELAXATION, WRITE, "what time does to a written conductance")              \
    LAW(STUCK, "stuck", STUCK, TRIAL, "cells that do not take their target")                                 \
    LAW(ENDURANCE, "endurance", ENDURANCE, TRIAL, "how many cycles a cell lives, and how it ends")           \
    LAW(TEMPERATURE, "temperature", TEMPERATURE, TRIAL, "conductance and ageing at another temperature")     \
    LAW(FLICKER, "flicker", FLICKER, WRITE, "1/f noise: one value from a write to the next")                 \
    LAW(TELEGRAPH, "telegraph", TELEGRAPH, READ, "random telegraph noise, evolving from read to read")       \
    LAW(READ_NOISE, "read_noise", READ, READ, "white noise, drawn at each read")                             \
    LAW(PULSE, "pulse", PULSE, WRITE, "how a cell answers programming pulses")                               \
    LAW(WRITE_VERIFY, "write_verify", VERIFY, WRITE, "how cells are programmed pulse by pulse")              \
    LAW(CURRENT_VOLTAGE, "current_voltage", DEVICE, TRIAL, "how the current bends with the voltage")

enum law_block {
#define LAW_BLOCK_ENUM(name, key, purpose, lifetime, help) LAW_##name,
    LAW_BLOCK_LIST(LAW_BLOCK_ENUM)
#undef LAW_BLOCK_ENUM
        LAW_BLOCKS
};

/* How long a draw lives (definitions 3). */
enum law_lifetime { LAW_PER_TRIAL, LAW_PER_WRITE, LAW_PER_READ };

struct law_conditions {
    double time_seconds; /* from write to read, at the temperature of the card's figures */
    double temperature_kelvin;
    double g_min_siemens, g_max_siemens; /* of the window in use */
    double read_seconds;                 /* length of a read, for laws whose formula has one; 0: the card's */
    double cycles;                       /* that a cell has had, the last write included */
};

struct law_cells {
    size_t n;                      /* at most LAW_CELLS */
    const double *target_siemens;  /* [n], what was asked for: some published fits go by it */
    const double *written_siemens; /* [n], what writing left, before time passed; known from relaxation on */
    double *conductance_siemens;   /* [n], what there is, replaced by what the law makes of it */
    size_t n_columns;              /* of the array they stand in, row by row; 0: unknown */
};

/* Where a law's draws come from: key gives seed, purpose, trial, array, and write and draw as far as its
 * block's lifetime has them; the cells are first_cell, first_cell + 1 ... */
struct law_draws {
    struct random_key key;
    size_t first_cell; /* a multiple of 4 */
    double scale;      /* factor on the effect; 0 is never passed */
};

struct law {
    enum law_block block;
    const char *kind;    /* its name in a card */
    const char *summary; /* one line */
    const char *source;
    const struct option_table *params; /* NULL: none */

    /* Checks what the table cannot: lists that belong together. May be NULL. A clause goes into `why`. */
    bool (*check)(const void *params, char *why, size_t why_size);

    /* The published range of times, in seconds; may be NULL: all times. */
    void (*times)(const void *params, double *first_seconds, double *last_seconds);

    /* The length of a read in the source's formula; may be NULL: there is none. */
    double (*read_seconds)(const void *params);

    /* Of a Gaussian law: shift_siemens [n], sigma_siemens [n]; sigma >= 0. The cells are left alone. */
    void (*moments)(const void *params, const struct law_conditions *at, const struct law_cells *cells,
                    double *shift_siemens, double *sigma_siemens);

    /* Of any other law that acts on conductances. */
    void (*apply)(const void *params, const struct law_conditions *at, const struct law_draws *draws,
                  const struct law_cells *cells);

    /* Of the block `pulse`. */
    const struct pulse_model *pulse;
};

/* What a block is called in a card; what it is; how long its draws live. */
const char *law_block_name(enum law_block block);
const char *law_block_help(enum law_block block);
enum law_lifetime law_block_lifetime(enum law_block block);

/* The law of that kind in a block, or NULL. */
const struct law *law_find(enum law_block block, const char *kind);

/* All laws; `n` gets their number. */
const struct law *const *law_list(size_t *n);

/* Lets the law act on the cells; draws->key needs no purpose. */
void law_apply(const struct law *law, const void *params, const struct law_conditions *at,
               const struct law_draws *draws, const struct law_cells *cells);

/* --- pieces that laws share --- */

/* Rows of option tables; `at` is the member's offset. A plain number; one with a default; a quantity above 0,
 * without and with a default. */
#define LAW_NUMBER(name, at, least, most, what)                                                              \
    {                                                                                                        \
        .key = name, .kind = OPTION_REAL, .unit = QUANTITY_NONE, .offset = (at), .low = (least),             \
        .high = (most), .help = what                                                                         \
    }
#define LAW_NUMBER_OR(name, at, value, least, most, what)                                                    \
    {                                                                                                        \
        .key = name, .kind = OPTION_REAL, .unit = QUANTITY_NONE, .offset = (at), .low = (least),             \
        .high = (most), .initial = value, .help = what                                                       \
    }
#define LAW_POSITIVE(name, at, in, most, what)                                                               \
    {                                                                                                        \
        .key = name, .kind = OPTION_REAL, .unit = QUANTITY_##in, .offset = (at), .high = (most),             \
        .flags = OPTION_LOW_OPEN, .help = what                                                               \
    }
#define LAW_POSITIVE_OR(name, at, in, value, most, what)                                                     \
    {                                                                                                        \
        .key = name, .kind = OPTION_REAL, .unit = QUANTITY_##in, .offset = (at), .high = (most),             \
        .flags = OPTION_LOW_OPEN, .initial = value, .help = what                                             \
    }

/* Two neighbours among n rising positive values, and the weight of the upper one, linear in ln value; beyond
 * the ends the nearest value, with weight 0 or 1. */
double law_bracket_log(const double *values, int n, double value, int *lower);

/* Whether n values rise; if not, "NAME must rise" goes into `why`. */
bool law_check_rising(const char *name, const struct option_reals *values, char *why, size_t why_size);

#endif
