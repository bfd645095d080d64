/*
 * A device as a run uses it: a card, a window, a time, a temperature, and which effects are on. Works on
 * arrays of cells.
 *
 * Programming: g = target, then block by block, in the order of LAW_BLOCK_LIST, what the card's laws make of
 * it; after each of the errors of writing and ageing, g is cut as the card's window says. A read adds white
 * noise and is cut at 0. How long each draw lives stands in the same list.
 */
#ifndef DEVICES_DEVICE_H
#define DEVICES_DEVICE_H

#include <stdbool.h>
#include <stddef.h>

#include "devices/card.h"
#include "numeric/random.h"

enum device_current_voltage { DEVICE_CURRENT_VOLTAGE_CARD, DEVICE_CURRENT_VOLTAGE_NONE };
enum device_method { DEVICE_ONE_SHOT, DEVICE_WRITE_VERIFY };

/* Their names; ends with NULL. */
extern const char *const device_method_names[];

struct device_options {
    int preset; /* index into card_preset_names */
    int method; /* of enum device_method */
    char card[OPTION_TEXT_SIZE];
    double time_seconds, temperature_kelvin, g_min_siemens, g_max_siemens; /* NAN: the card's */
    bool extrapolate;
    double programming_scale, relaxation_scale, flicker_scale, telegraph_scale, endurance_scale;
    int current_voltage; /* of enum device_current_voltage */
    double cycles;       /* that every cell has had before its first write */
    double device_spread_ratio, cycle_spread_ratio, stuck_on_ratio, stuck_off_ratio, stuck_partial_ratio,
        read_noise_ratio; /* NAN: the card's */
    int64_t n_levels;     /* -1: the card's; 0: any conductance */
};

extern const struct option_table device_option_table;

struct device {
    struct card card; /* with the options that replace one of its figures */
    double g_min_siemens, g_max_siemens;
    struct law_conditions at;
    double scale[LAW_BLOCKS]; /* 0: off */
    double time_seconds;      /* device.time; at.time_seconds is what that is at the card's temperature */
    double last_seconds;      /* the latest published time; INFINITY where any is allowed */
    int method;               /* of enum device_method; one-shot where everything is off */
};

/*
 * Loads the card and settles the options on it. With the card `ideal` every effect is off, whatever the
 * options say. A window outside the card's, a time or temperature outside its published ones without
 * device.extrapolate, or write-verify with a card that does not know pulses is RS_INPUT.
 */
enum rs_status device_open(const struct device_options *options, struct device *out,
                           struct rs_error *err) RS_MUST_CHECK;

/* The card's length of a read: of its 1/f noise, else of its verify reads, else 1 us. */
/* Whether the card states that time. */
bool device_states_read(const struct device *device);
double device_read_seconds(const struct device *device);

/* Cells are seen at once: for so long they count as of one age. The share by which ln t may grow. */
#define DEVICE_AGE_STEP 0.01

/* Sets the length of a read that formulas see (0: the card's), and checks that cells may be read until
 * residency_seconds after their first read: RS_INPUT otherwise, naming array.query_interval. Times within
 * DEVICE_AGE_STEP of the latest published one count as that. */
enum rs_status device_set_reads(struct device *device, double read_seconds, double residency_seconds,
                                struct rs_error *err) RS_MUST_CHECK;

/* Whether time changes a written conductance. */
bool device_ages(const struct device *device);

/* Whether traps change conductances from read to read. */
bool device_has_telegraph(const struct device *device);

/* The law by which a cell's current bends with the voltage; NULL: it does not. Conductances are values at 0
 * V. */
const struct card_block *device_bend(const struct device *device);

/* Whether writing one target twice gives different conductances; whether reading does. */
bool device_has_write_noise(const struct device *device);
bool device_has_read_noise(const struct device *device);

/*
 * Programs in one shot an array of n_rows x n_columns cells and lets device.time pass. `key` gives seed,
 * trial, array and write. Without errors the targets come back bit for bit.
 */
void device_program(const struct device *device, const struct random_key *key, size_t n_rows,
                    size_t n_columns, const double *target_siemens, double *conductance_siemens);

/* The same in two steps: what one shot leaves, before time passes; and cells, written in whatever way, at
 * age_ratio times device.time: relaxation, faults, temperature and 1/f noise, which keeps its value. frozen:
 * NULL, or [n_rows * n_columns], 0/1, of who has settled which cells are stuck: those do not relax. */
void device_write(const struct device *device, const struct random_key *key, size_t n_rows, size_t n_columns,
                  const double *target_siemens, double *conductance_siemens);
void device_age(const struct device *device, const struct random_key *key, double age_ratio, size_t n_rows,
                size_t n_columns, const double *target_siemens, const unsigned char *frozen,
                double *conductance_siemens);

/* Blocks first_block ... end_block - 1 of the card alone, on conductances that the blocks before have left.
 */
void device_act(const struct device *device, const struct random_key *key, int first_block, int end_block,
                size_t n_rows, size_t n_columns, const double *target_siemens, double *conductance_siemens);

/* What reads of `n` cells see before the cut: mean_siemens, sigma_siemens [n] out. target_siemens: as
 * programmed. */
void device_read_moments(const struct device *device, size_t n, const double *target_siemens,
                         const double *conductance_siemens, double *mean_siemens, double *sigma_siemens);

/* Cycles that every cell has had before the write: device.cycles, and one for each write before. */
double device_cycles(const struct device *device, const struct random_key *key);

/* One read of `n` cells; key->draw is the read. target_siemens: as programmed. */
void device_read(const struct device *device, const struct random_key *key, size_t n,
                 const double *target_siemens, const double *conductance_siemens, double *read_siemens);

#endif
