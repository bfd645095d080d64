/* Programming one array: in one shot, as its card's errors say, or pulse by pulse (write_verify.h). */
#ifndef DEVICES_PROGRAM_H
#define DEVICES_PROGRAM_H

#include <stdint.h>

#include "devices/device.h"

enum program_method { PROGRAM_ONE_SHOT, PROGRAM_WRITE_VERIFY };

/* Per cell, [n_rows][n_columns] each. */
struct program_result {
    double *conductance_siemens; /* after device.time, as a read without white noise sees it */
    int32_t *pulses, *reversals;
    double *energy_joules; /* of pulses and verify reads; NAN in one shot, whose card does not tell */
    unsigned char *failed; /* write-verify gave up, or the cell is stuck outside the tolerance */
};

/* The caller frees with program_clear. */
enum rs_status program_allocate(size_t n_cells, struct program_result *result,
                                struct rs_error *err) RS_MUST_CHECK;
void program_clear(struct program_result *result);

/* RS_INPUT where the card lacks what the method needs, or a target lies outside the window in use. key: seed,
 * trial, array, write. */
enum rs_status program_array(const struct device *device, enum program_method method,
                             const struct random_key *key, size_t n_rows, size_t n_columns,
                             const double *target_siemens, struct program_result *result,
                             struct rs_error *err) RS_MUST_CHECK;

#endif
