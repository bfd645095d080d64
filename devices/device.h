/*
 * A device as a run uses it: a card, a window, a time, and which effects are on. Works on arrays of cells.
 *
 * Programmed conductance: g = target, then for programming and relaxation in turn
 *     g <- clamp(g + scale (shift(g) + sigma(g) z)),  z one normal per write and cell;
 * a read sees g + shift_read(g) + sigma_read(g) z, cut at 0, with z one normal per read and cell.
 */
#ifndef DEVICES_DEVICE_H
#define DEVICES_DEVICE_H

#include <stdbool.h>
#include <stddef.h>

#include "devices/card.h"
#include "numeric/random.h"

struct device_options {
    int preset; /* index into card_preset_names */
    char card[OPTION_TEXT_SIZE];
    double time_seconds, g_min_siemens, g_max_siemens; /* NAN: the card's */
    bool extrapolate;
    double programming_scale, relaxation_scale;
    double read_noise_ratio; /* NAN: the card's law */
};

extern const struct option_table device_option_table;

struct device {
    struct card card;
    double g_min_siemens, g_max_siemens;
    struct law_conditions at;
    double scale[LAW_BLOCKS];
    double read_noise_ratio; /* NAN: the card's law */
};

/*
 * Loads the card and settles the options on it. With the card `ideal` every effect is off, whatever the
 * scales and the read noise say. A window outside the card's, or a time outside its published times without
 * device.extrapolate, is RS_INPUT.
 */
enum rs_status device_open(const struct device_options *options, struct device *out,
                           struct rs_error *err) RS_MUST_CHECK;

/* Whether writing one target twice gives different conductances; whether reading does. */
bool device_has_write_noise(const struct device *device);
bool device_has_read_noise(const struct device *device);

/*
 * Programs `n` cells and lets device.time pass. `key` gives seed, trial, array and write; the purpose is set
 * here. scratch [3 n]; conductance_siemens [n] out. Without errors the targets come back bit for bit.
 */
void device_program(const struct device *device, const struct random_key *key, size_t n,
                    const double *target_siemens, double *scratch, double *conductance_siemens);

/* What reads of `n` cells see before the cut: mean_siemens, sigma_siemens [n] out. */
void device_read_moments(const struct device *device, size_t n, const double *conductance_siemens,
                         double *mean_siemens, double *sigma_siemens);

/* One read of `n` cells; key->draw is the read. scratch [3 n]; read_siemens [n] out. */
void device_read(const struct device *device, const struct random_key *key, size_t n,
                 const double *conductance_siemens, double *scratch, double *read_siemens);

#endif
