/* What programming an array came to, for people. */
#ifndef DEVICES_PROGRAM_SUMMARY_H
#define DEVICES_PROGRAM_SUMMARY_H

#include "devices/program.h"

/* In one shot energies and times are NAN. */
struct program_summary {
    size_t n_cells, n_failed, n_frozen, n_worn_out;
    double error_mean_siemens, error_sigma_siemens, error_largest_siemens;
    double pulses_mean, reversals_mean;
    int32_t pulses_median, pulses_p95, pulses_p99,
        pulses_most; /* the smallest that so many cells stay within */
    double energy_joules, energy_per_cell_joules;
    double time_seconds, time_per_cell_seconds; /* pulses and verify reads, cells one after another */
};

/* RS_INTERNAL when memory is short. */
enum rs_status program_summarise(const struct device *device, size_t n_cells, const double *target_siemens,
                                 const struct program_result *result, struct program_summary *out,
                                 struct rs_error *err) RS_MUST_CHECK;

#endif
