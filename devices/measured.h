/*
 * Measured conductances of cells, from a table: what was asked for and what was read, where the table says so
 * of which device, in which cycle, how long after the write, at which temperature and read voltage.
 *
 * A write is one (target, device, cycle); without those two columns each row is a write of its own. Reads of
 * one write under equal conditions form a group.
 */
#ifndef DEVICES_MEASURED_H
#define DEVICES_MEASURED_H

#include <stdbool.h>
#include <stddef.h>

#include "rescore/status.h"

enum {
    MEASURED_LEVELS_MAX = 256, /* different values of a condition */
    MEASURED_BLOCKS = 40,      /* parts of the data, one left out at a time for standard errors */
    MEASURED_WRITES_MIN = 8    /* of a state, at the earliest time */
};

/* What a row was measured under; a column that is missing has one level, NAN. */
enum measured_axis { MEASURED_STATE, MEASURED_TIME, MEASURED_TEMPERATURE, MEASURED_VOLTAGE, MEASURED_AXES };

struct measured_group {
    int level[MEASURED_AXES];
    int device, block; /* device -1: not known */
    size_t write, line, n_reads;
    double mean_siemens, squares; /* sum of squared distances of the reads from their mean */
};

struct measured_levels {
    int n;
    double values[MEASURED_LEVELS_MAX]; /* rising; siemens, seconds, kelvin, volts */
};

struct measured {
    size_t n_rows, n_groups;
    struct measured_group *groups; /* by state, device, cycle, time, temperature, voltage */
    struct measured_levels levels[MEASURED_AXES];
    int reference[MEASURED_AXES]; /* level at which states are told apart: earliest time, the temperature
                                     with most rows, the read voltage */
    bool has_device, has_cycle;
    size_t n_devices;
};

/*
 * Reads a table (io/csv.h) with the columns target_siemens, read_siemens and, as far as known, device, cycle,
 * time_seconds, temperature_kelvin, voltage_volts. read_volts: the voltage that targets are stated at; NAN:
 * the smallest. To be cleared after success.
 */
enum rs_status measured_read(const char *path, double read_volts, struct measured *out,
                             struct rs_error *err) RS_MUST_CHECK;
void measured_clear(struct measured *measured);

/* Whether the group was measured at the reference of every axis but the states and `free_axis` (or -1). */
bool measured_is_reference(const struct measured *measured, const struct measured_group *group,
                           int free_axis);

#endif
