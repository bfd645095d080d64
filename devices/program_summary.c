#include "devices/program_summary.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "devices/write_verify.h"

/* The smallest number of pulses that a share of the cells stays within; counts [most + 1]. */
static int32_t quantile(const size_t *counts, int32_t most, size_t n_cells, double share)
{
    double seen = 0;
    for (int32_t p = 0; p < most; p++) {
        seen += (double)counts[p];
        if (seen >= share * (double)n_cells)
            return p;
    }
    return most;
}

static enum rs_status count_pulses(size_t n, const int32_t *pulses, struct program_summary *out,
                                   struct rs_error *err)
{
    for (size_t i = 0; i < n; i++)
        out->pulses_most = pulses[i] > out->pulses_most ? pulses[i] : out->pulses_most;
    size_t *counts = memory_allocate((size_t)out->pulses_most + 1, sizeof *counts, err);
    if (counts == NULL)
        return RS_INTERNAL;
    for (size_t i = 0; i < n; i++)
        counts[pulses[i]]++;
    out->pulses_median = quantile(counts, out->pulses_most, n, 0.5);
    out->pulses_p95 = quantile(counts, out->pulses_most, n, 0.95);
    out->pulses_p99 = quantile(counts, out->pulses_most, n, 0.99);
    free(counts);
    return RS_OK;
}

/* Every round ends with a read that asks for no pulse. */
static double time_of(const struct device *device, size_t n_cells, double n_pulses)
{
    const struct write_verify *how = (const void *)&device->card.blocks[LAW_WRITE_VERIFY].params;
    if (device->method == DEVICE_ONE_SHOT)
        return (double)NAN;
    return n_pulses * how->width_seconds +
           (n_pulses + (double)n_cells * (double)how->rounds) * how->read_seconds;
}

enum rs_status program_summarise(const struct device *device, size_t n_cells, const double *target_siemens,
                                 const struct program_result *result, struct program_summary *out,
                                 struct rs_error *err)
{
    double n = (double)n_cells, sum = 0, squares = 0, n_pulses = 0, n_reversals = 0;
    *out = (struct program_summary){.n_cells = n_cells};
    for (size_t i = 0; i < n_cells; i++) {
        double error = result->conductance_siemens[i] - target_siemens[i];
        sum += error;
        squares += error * error;
        out->error_largest_siemens = fmax(out->error_largest_siemens, fabs(error));
        n_pulses += result->pulses[i];
        n_reversals += result->reversals[i];
        out->energy_joules += result->energy_joules[i];
        out->n_failed += result->failed[i];
        out->n_frozen += result->frozen[i];
        out->n_worn_out += result->cycles_left[i] == 0;
    }
    out->error_mean_siemens = sum / n;
    out->error_sigma_siemens = sqrt(fmax(squares / n - sum / n * (sum / n), 0));
    out->pulses_mean = n_pulses / n;
    out->reversals_mean = n_reversals / n;
    out->energy_per_cell_joules = out->energy_joules / n;
    out->time_seconds = time_of(device, n_cells, n_pulses);
    out->time_per_cell_seconds = out->time_seconds / n;
    return count_pulses(n_cells, result->pulses, out, err);
}
