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

enum device_method { DEVICE_ONE_SHOT, DEVICE_WRITE_VERIFY };

/* Their names; ends with NULL. */
extern const char *const device_method_names[];

struct device_options {
    int preset; /* index into card_preset_names */
    int method; /* of enum device_method */
    char card[OPTION_TEXT_SIZE];
    double time_seconds, temperature_kelvin, g_min_siemens, g_max_siemens; /* NAN: the card's */
    bool extrapolate;
    double programming_scale, relaxation_scale, flicker_scale, endurance_scale;
    double cycles; /* that every cell has had before its first write */
    double device_spread_ratio, cycle_spread_ratio, stuck_on_ratio, stuck_off_ratio,
        read_noise_ratio; /* NAN: the
                             card's */
    int64_t n_levels;     /* 0: the card's */
};

extern const struct option_table device_option_table;

struct device {
    struct card card; /* with the options that replace one of its figures */
    double g_min_siemens, g_max_siemens;
    struct law_conditions at;
    double scale[LAW_BLOCKS]; /* 0: off */
    int method;               /* of enum device_method; one-shot where everything is off */
};

/*
 * Loads the card and settles the options on it. With the card `ideal` every effect is off, whatever the
 * options say. A window outside the card's, a time or temperature outside its published ones without
 * device.extrapolate, or write-verify with a card that does not know pulses is RS_INPUT.
 */
enum rs_status device_open(const struct device_options *options, struct device *out,
                           struct rs_error *err) RS_MUST_CHECK;

/* Whether writing one target twice gives different conductances; whether reading does. */
bool device_has_write_noise(const struct device *device);
bool device_has_read_noise(const struct device *device);

/*
 * Programs in one shot an array of n_rows x n_columns cells and lets device.time pass. `key` gives seed,
 * trial, array and write. Without errors the targets come back bit for bit.
 */
void device_program(const struct device *device, const struct random_key *key, size_t n_rows,
                    size_t n_columns, const double *target_siemens, double *conductance_siemens);

/* What reads of `n` cells see before the cut: mean_siemens, sigma_siemens [n] out. target_siemens: as
 * programmed. */
void device_read_moments(const struct device *device, size_t n, const double *target_siemens,
                         const double *conductance_siemens, double *mean_siemens, double *sigma_siemens);

/* Lets device.time pass for cells written otherwise: relaxation, temperature and 1/f noise. frozen [n_rows *
 * n_columns], 0/1: cells that do not relax. */
void device_age(const struct device *device, const struct random_key *key, size_t n_rows, size_t n_columns,
                const double *target_siemens, const unsigned char *frozen, double *conductance_siemens);

/* Cycles that every cell has had before the write: device.cycles, and one for each write before. */
double device_cycles(const struct device *device, const struct random_key *key);

/* One read of `n` cells; key->draw is the read. target_siemens: as programmed. */
void device_read(const struct device *device, const struct random_key *key, size_t n,
                 const double *target_siemens, const double *conductance_siemens, double *read_siemens);

#endif
