/* Programming one array: in one shot, as its card's errors say, or pulse by pulse (write_verify.h). */
#ifndef DEVICES_PROGRAM_H
#define DEVICES_PROGRAM_H

#include <stdint.h>

#include "devices/device.h"

/* Per cell, [n_rows][n_columns] each. */
struct program_result {
    double *written_siemens;     /* before time passes */
    double *conductance_siemens; /* after device.time, as a read without white noise sees it */
    int32_t *pulses, *reversals;
    double *energy_joules; /* of pulses and verify reads; NAN in one shot, whose card does not tell */
    double *cycles_left;   /* set and reset cycles until the cell is worn out, 0: it is; NAN: not known */
    unsigned char *failed; /* write-verify gave up; in one shot, the cell is worn out */
    unsigned char *frozen; /* the cell is stuck or worn out; not known of stuck cells in one shot */
};

/* The caller frees with program_clear. */
enum rs_status program_allocate(size_t n_cells, struct program_result *result,
                                struct rs_error *err) RS_MUST_CHECK;
void program_clear(struct program_result *result);

/* By device->method. RS_INPUT where a target lies outside the window in use. key: seed, trial, array, write.
 */
enum rs_status program_array(const struct device *device, const struct random_key *key, size_t n_rows,
                             size_t n_columns, const double *target_siemens, struct program_result *result,
                             struct rs_error *err) RS_MUST_CHECK;

/* What program_array wrote, at age_ratio times device.time; conductance_siemens [n_rows][n_columns]. */
void program_age(const struct device *device, const struct random_key *key, double age_ratio, size_t n_rows,
                 size_t n_columns, const double *target_siemens, const struct program_result *result,
                 double *conductance_siemens);

#endif
