/* Disturbance of unselected cells (write_verify.h). */
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "devices/laws.h"
#include "devices/write_verify.h"

static double level_volts(const struct write_verify *how, int reset, int level)
{
    double start = reset ? how->reset_start_volts : how->set_start_volts;
    double step = reset ? how->reset_step_volts : how->set_step_volts;
    return fmin(start + level * step, reset ? how->reset_last_volts : how->set_last_volts);
}

static int level_of(const struct write_verify *how, double volts)
{
    int reset = volts < 0;
    double start = reset ? how->reset_start_volts : how->set_start_volts;
    double step = reset ? how->reset_step_volts : how->set_step_volts;
    int level = step > 0 ? (int)ceil((fabs(volts) - start) / step - 1e-9) : 0;
    return level < WRITE_VERIFY_LEVELS ? level : WRITE_VERIFY_LEVELS - 1;
}

void write_verify_expose(const struct write_verify *how, struct write_verify_exposure *given, double volts)
{
    given->count[volts < 0][level_of(how, volts)]++;
}

static void add_exposure(struct write_verify_exposure *sum, const struct write_verify_exposure *more)
{
    for (int d = 0; d < 2; d++)
        for (int level = 0; level < WRITE_VERIFY_LEVELS; level++)
            sum->count[d][level] += more->count[d][level];
}

/* So many pulses of a share of their voltage: without pulse-to-pulse spread, one long pulse per amplitude. */
static void expose(const struct write_verify_job *job, const struct write_verify_cells *cells, size_t i,
                   const struct write_verify_exposure *pulses, double share)
{
    static const double none[1] = {0};
    for (int reset = 0; reset < 2; reset++)
        for (int level = 0; level < WRITE_VERIFY_LEVELS; level++) {
            uint32_t count = pulses->count[reset][level];
            double volts = share * level_volts(job->how, reset, level) * (reset ? -1 : 1), energy;
            const struct pulse_batch batch = {1,
                                              &cells->own[i],
                                              &cells->state[i],
                                              &volts,
                                              count * job->how->width_seconds,
                                              {none, none},
                                              &cells->conductance_siemens[i],
                                              &energy};
            if (count == 0 || isnan(cells->state[i].x))
                continue;
            pulse_give(job->pulse->pulse, job->pulse_params, job->how->r_series_ohm, &batch);
        }
}

/* Cells are programmed row by row; each then sees what is given to those after it: in its row and column a
 * half or a third of the voltage, with V/3 all others the third, reversed. */
enum rs_status write_verify_disturb(const struct write_verify_job *job,
                                    const struct write_verify_cells *cells,
                                    const struct write_verify_exposure *given, struct rs_error *err)
{
    bool third = job->how->unselected == WRITE_VERIFY_THIRD;
    double share = third ? 1.0 / 3 : 0.5;
    struct write_verify_exposure *columns = memory_allocate(job->n_columns, sizeof *columns, err),
                                 all = {{{0}}};
    if (columns == NULL)
        return RS_INTERNAL;
    for (size_t row = job->n_rows; row-- > 0;) {
        struct write_verify_exposure in_row = {{{0}}};
        for (size_t column = job->n_columns; column-- > 0;) {
            size_t i = row * job->n_columns + column;
            struct write_verify_exposure selected = in_row, others = all;
            add_exposure(&selected, &columns[column]);
            for (int k = 0; k < 2 * WRITE_VERIFY_LEVELS; k++)
                others.count[k / WRITE_VERIFY_LEVELS][k % WRITE_VERIFY_LEVELS] -=
                    selected.count[k / WRITE_VERIFY_LEVELS][k % WRITE_VERIFY_LEVELS];
            if (!cells->frozen[i])
                expose(job, cells, i, &selected, share);
            if (third && !cells->frozen[i])
                expose(job, cells, i, &others, -share);
            add_exposure(&in_row, &given[i]);
            add_exposure(&columns[column], &given[i]);
            add_exposure(&all, &given[i]);
        }
    }
    free(columns);
    return RS_OK;
}
