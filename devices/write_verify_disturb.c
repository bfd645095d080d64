/* Disturbance of unselected cells (write_verify.h). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "devices/laws.h"
#include "devices/write_verify.h"

enum { TURNS = 16 };

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

/* Pulses of one direction at a share of their voltage, without pulse-to-pulse spread: one long pulse of part
 * of their time per amplitude. */
static void expose_to(const struct write_verify_job *job, const struct write_verify_cells *cells, size_t i,
                      const struct write_verify_exposure *pulses, int reset, double share, double part)
{
    static const double none[1] = {0};
    for (int level = 0; level < WRITE_VERIFY_LEVELS; level++) {
        uint32_t count = pulses->count[reset][level];
        double volts = share * level_volts(job->how, reset, level) * (reset ? -1 : 1), energy;
        const struct pulse_batch batch = {1,
                                          &cells->own[i],
                                          &cells->state[i],
                                          &volts,
                                          part * count * job->how->width_seconds,
                                          {none, none},
                                          &cells->conductance_siemens[i],
                                          &energy};
        if (count > 0 && !isnan(cells->state[i].x))
            pulse_give(job->pulse->pulse, job->pulse_params, job->how->r_series_ohm, &batch);
    }
}

/* Set and reset pulses come mixed: half of the set pulses before the reset pulses, half after them. */
static void expose(const struct write_verify_job *job, const struct write_verify_cells *cells, size_t i,
                   const struct write_verify_exposure *pulses, double share)
{
    expose_to(job, cells, i, pulses, 0, share, 0.5);
    expose_to(job, cells, i, pulses, 1, share, 1);
    expose_to(job, cells, i, pulses, 0, share, 0.5);
}

static void subtract_exposure(struct write_verify_exposure *sum, const struct write_verify_exposure *less)
{
    for (int d = 0; d < 2; d++)
        for (int level = 0; level < WRITE_VERIFY_LEVELS; level++)
            sum->count[d][level] -= less->count[d][level];
}

/* What cells of one row see: pulses given in its own row, in each column, and anywhere. */
struct turn {
    struct write_verify_exposure all;
    struct write_verify_exposure *columns; /* [n_columns] */
};

/* Row by row the cells see a share of the pulses of their column, and with V/3 the others, reversed. `given`
 * is the row's own, counted from each cell's turn on; NULL: its pulses are over. */
static void disturb_row(const struct write_verify_job *job, const struct write_verify_cells *cells,
                        size_t row, const struct turn *turn, const struct write_verify_exposure *given)
{
    bool third = job->how->unselected == WRITE_VERIFY_THIRD;
    double share = third ? 1.0 / 3 : 0.5;
    struct write_verify_exposure in_row = {{{0}}}, all = turn->all;
    for (size_t column = job->n_columns; column-- > 0;) {
        size_t i = row * job->n_columns + column;
        struct write_verify_exposure selected = in_row;
        add_exposure(&selected, &turn->columns[column]);
        if (!cells->frozen[i])
            expose(job, cells, i, &selected, share);
        if (third && !cells->frozen[i]) {
            struct write_verify_exposure others = all;
            subtract_exposure(&others, &selected);
            expose(job, cells, i, &others, -share);
        }
        if (given != NULL) {
            add_exposure(&in_row, &given[column]);
            add_exposure(&all, &given[column]);
        }
    }
}

/* The pulses of rows first ... end - 1, to these rows and to those before. */
static void disturb_turn(const struct write_verify_job *job, const struct write_verify_cells *cells,
                         const struct write_verify_exposure *given, size_t first, size_t end,
                         struct turn *turn)
{
    size_t n = job->n_columns;
    turn->all = (struct write_verify_exposure){0};
    memset(turn->columns, 0, n * sizeof *turn->columns);
    for (size_t row = end; row-- > 0;) {
        const struct write_verify_exposure *own = row >= first ? given + row * n : NULL;
        disturb_row(job, cells, row, turn, own);
        for (size_t column = 0; own != NULL && column < n; column++) {
            add_exposure(&turn->columns[column], &own[column]);
            add_exposure(&turn->all, &own[column]);
        }
    }
}

/*
 * Cells are programmed row by row; each then sees what is given to those after it: in its row and column a
 * half or a third of the voltage, with V/3 all others the third, reversed. Set and reset pulses undo each
 * other in part, so their order matters: it is kept from one of TURNS groups of rows to the next, within a
 * group set pulses come first. What a cell saw before its own turn is made up for by its own pulses.
 */
enum rs_status write_verify_disturb(const struct write_verify_job *job,
                                    const struct write_verify_cells *cells,
                                    const struct write_verify_exposure *given, struct rs_error *err)
{
    struct turn turn = {.columns = memory_allocate(job->n_columns, sizeof *turn.columns, err)};
    size_t n_turns = job->n_rows < TURNS ? job->n_rows : TURNS;
    if (turn.columns == NULL)
        return RS_INTERNAL;
    for (size_t t = 0; t < n_turns; t++)
        disturb_turn(job, cells, given, t * job->n_rows / n_turns, (t + 1) * job->n_rows / n_turns, &turn);
    free(turn.columns);
    return RS_OK;
}
