#include "devices/write_verify.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "devices/laws.h"

enum { IDLE_PULSES = 8, LOCKSTEP_SHARE = 8 };

/* --- one cell --- */

enum direction { UP = 1, DOWN = -1, NONE = 0 };

/* Where a cell's programming stands. */
struct progress {
    double amplitude; /* of the last pulse */
    int32_t pulses, reversals, idle;
    signed char direction; /* of the last pulse */
};

static double half_window(const struct write_verify_job *job, double target)
{
    const struct option_either *tolerance = &job->how->tolerance;
    return tolerance->unit == QUANTITY_SIEMENS ? tolerance->value : tolerance->value * target;
}

/* Which way a read says to go; one-sided programming takes what lies beyond as done. */
static enum direction decide(const struct write_verify_job *job, double target, double read)
{
    double half = half_window(job, target);
    enum direction way = read < target - half ? UP : read > target + half ? DOWN : NONE;
    if ((way == DOWN && job->how->directions == WRITE_VERIFY_SET_ONLY) ||
        (way == UP && job->how->directions == WRITE_VERIFY_RESET_ONLY))
        return NONE;
    return way;
}

/* The amplitude of the next pulse, signed. */
static double next_volts(const struct write_verify *how, const struct progress *cell, enum direction way)
{
    double start = way == UP ? how->set_start_volts : how->reset_start_volts;
    double step = way == UP ? how->set_step_volts : how->reset_step_volts;
    double last = way == UP ? how->set_last_volts : how->reset_last_volts;
    double amplitude = cell->direction == way ? fmin(fabs(cell->amplitude) + step, last) : start;
    return way * amplitude;
}

/* Whether the limits allow the pulse, and what follows from it. */
static bool count_pulse(const struct write_verify *how, struct progress *cell, enum direction way)
{
    bool turns = cell->direction != NONE && cell->direction != way;
    if (cell->pulses >= how->pulses_max || cell->reversals + turns > how->reversals_max ||
        cell->idle >= IDLE_PULSES)
        return false;
    cell->reversals += turns;
    cell->pulses++;
    return true;
}

/* --- the array --- */

/* Draws of one step of a round, by cell: two of the pulse, one of the read before it. All cells at once while
 * many are left, one by one after that: the same numbers. */
struct draws {
    const struct write_verify_job *job;
    uint32_t number; /* of the step */
    bool filled;
    double *pulse[2], *read; /* [n_rows][n_columns] */
};

static struct random_key key_of(const struct write_verify_job *job, enum random_purpose purpose,
                                uint32_t number)
{
    struct random_key key = job->key;
    key.purpose = purpose;
    key.draw = job->key.draw << 24 | number;
    return key;
}

static void fill_draws(struct draws *draws, uint32_t number, size_t n_left)
{
    const struct write_verify_job *job = draws->job;
    size_t n = job->n_rows * job->n_columns;
    draws->number = number;
    draws->filled = n_left >= n / LOCKSTEP_SHARE;
    for (int k = 0; k < 2 && draws->filled; k++) {
        const struct random_key key = key_of(job, RANDOM_PULSE, 2 * number + (uint32_t)k);
        random_normals(&key, n, draws->pulse[k]);
    }
    const struct random_key key = key_of(job, RANDOM_VERIFY, number);
    if (draws->filled && job->read_noise != NULL)
        random_normals(&key, n, draws->read);
}

static double draw_pulse(const struct draws *draws, int k, size_t i)
{
    const struct random_key key = key_of(draws->job, RANDOM_PULSE, 2 * draws->number + (uint32_t)k);
    return draws->filled ? draws->pulse[k][i] : random_normal(&key, (uint32_t)i);
}

static double draw_read(const struct draws *draws, size_t i)
{
    const struct random_key key = key_of(draws->job, RANDOM_VERIFY, draws->number);
    return draws->filled ? draws->read[i] : random_normal(&key, (uint32_t)i);
}

static void give_pulse(const struct write_verify_job *job, const struct write_verify_cells *cells, size_t i,
                       struct progress *progress, enum direction way, const struct draws *draws)
{
    const struct pulse_model *model = job->pulse->pulse;
    const struct pulse_cell *own = &cells->own[i];
    double volts = next_volts(job->how, progress, way), before = cells->conductance_siemens[i];
    double last = way == UP ? job->how->set_last_volts : job->how->reset_last_volts;
    const double normals[2] = {draw_pulse(draws, 0, i), draw_pulse(draws, 1, i)};
    double start = fabs(volts * model->current(job->pulse_params, own, cells->state[i], volts));
    cells->state[i] =
        model->pulse(job->pulse_params, own, cells->state[i], volts, job->how->width_seconds, normals);
    double end = fabs(volts * model->current(job->pulse_params, own, cells->state[i], volts));
    cells->conductance_siemens[i] = model->conductance(job->pulse_params, own, cells->state[i]);
    cells->energy_joules[i] += (start + end) / 2 * job->how->width_seconds;
    progress->idle = fabs(volts) >= last && cells->conductance_siemens[i] == before ? progress->idle + 1 : 0;
    progress->direction = (signed char)way;
    progress->amplitude = volts;
}

/* reads [n]: what one verify read of each cell on the list gives. seen [n_rows][n_columns] is scratch. */
static void verify(const struct write_verify_job *job, const struct write_verify_cells *cells,
                   const size_t *list, size_t n, const struct draws *draws, double *seen, double *reads)
{
    const double *conductance = cells->conductance_siemens;
    if (job->traps != NULL) {
        memcpy(seen, conductance, job->n_rows * job->n_columns * sizeof *seen);
        law_telegraph_read(job->traps, 1, job->how->read_seconds, seen);
        conductance = seen;
    }
    for (size_t k = 0; k < n; k++) {
        size_t i = list[k];
        double g = conductance[i], shift, sigma;
        const struct law_cells one = {1, job->target_siemens + i, &g, &g, 0};
        reads[k] = g;
        if (job->read_noise == NULL)
            continue;
        job->read_noise->moments(job->read_noise_params, job->at, &one, &shift, &sigma);
        reads[k] = fmax(g + shift + sigma * draw_read(draws, i), 0);
    }
}

void write_verify_begin(const struct write_verify_job *job, const struct write_verify_cells *cells)
{
    struct random_key key = job->key;
    key.purpose = RANDOM_DEVICE;
    key.write = 0;
    for (size_t i = 0; i < job->n_rows * job->n_columns; i++) {
        struct pulse_cell *own = &cells->own[i];
        key.draw = 1;
        own->speed = random_normal(&key, (uint32_t)i);
        key.draw = 2;
        own->upper = random_normal(&key, (uint32_t)i);
        key.draw = 3;
        own->lower = random_normal(&key, (uint32_t)i);
        cells->state[i] = job->pulse->pulse->state(job->pulse_params, own, cells->conductance_siemens[i]);
        cells->conductance_siemens[i] =
            job->pulse->pulse->conductance(job->pulse_params, own, cells->state[i]);
    }
}

/* One verify read and, where it asks for one, a pulse of each cell on the list; how many remain. */
static size_t step(const struct write_verify_job *job, const struct write_verify_cells *cells,
                   struct progress *progress, size_t *list, size_t n, const double *reads,
                   const struct draws *draws)
{
    size_t left = 0;
    for (size_t k = 0; k < n; k++) {
        size_t i = list[k];
        enum direction way = decide(job, job->target_siemens[i], reads[k]);
        cells->energy_joules[i] += job->how->read_volts * job->how->read_volts *
                                   cells->conductance_siemens[i] * job->how->read_seconds;
        cells->failed[i] = way != NONE;
        if (way == NONE || !count_pulse(job->how, &progress[i], way))
            continue;
        give_pulse(job, cells, i, &progress[i], way, draws);
        if (!isnan(cells->state[i].x))
            list[left++] = i;
    }
    return left;
}

/* --- disturbance of unselected cells --- */

enum { LEVELS_MAX = 64 };

/* Pulses by direction and amplitude. */
struct exposure {
    uint32_t count[2][LEVELS_MAX];
};

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
    return level < LEVELS_MAX ? level : LEVELS_MAX - 1;
}

static void add_exposure(struct exposure *sum, const struct exposure *more)
{
    for (int d = 0; d < 2; d++)
        for (int level = 0; level < LEVELS_MAX; level++)
            sum->count[d][level] += more->count[d][level];
}

/* So many pulses of a share of their voltage: without pulse-to-pulse spread, one long pulse per amplitude. */
static void expose(const struct write_verify_job *job, const struct write_verify_cells *cells, size_t i,
                   const struct exposure *pulses, double share)
{
    static const double none[2] = {0};
    for (int reset = 0; reset < 2; reset++)
        for (int level = 0; level < LEVELS_MAX; level++) {
            uint32_t count = pulses->count[reset][level];
            double volts = share * level_volts(job->how, reset, level) * (reset ? -1 : 1);
            if (count == 0 || isnan(cells->state[i].x))
                continue;
            cells->state[i] = job->pulse->pulse->pulse(job->pulse_params, &cells->own[i], cells->state[i],
                                                       volts, count * job->how->width_seconds, none);
        }
}

/* Cells are programmed row by row; each then sees what is given to those after it: in its row and column a
 * half or a third of the voltage, with V/3 all others the third, reversed. */
static enum rs_status disturb(const struct write_verify_job *job, const struct write_verify_cells *cells,
                              const struct exposure *given, struct rs_error *err)
{
    bool third = job->how->unselected == WRITE_VERIFY_THIRD;
    double share = third ? 1.0 / 3 : 0.5;
    struct exposure *columns = memory_allocate(job->n_columns, sizeof *columns, err), all = {{{0}}};
    if (columns == NULL)
        return RS_INTERNAL;
    for (size_t row = job->n_rows; row-- > 0;) {
        struct exposure in_row = {{{0}}};
        for (size_t column = job->n_columns; column-- > 0;) {
            size_t i = row * job->n_columns + column;
            struct exposure selected = in_row, others = all;
            add_exposure(&selected, &columns[column]);
            for (int k = 0; k < 2 * LEVELS_MAX; k++)
                others.count[k / LEVELS_MAX][k % LEVELS_MAX] -=
                    selected.count[k / LEVELS_MAX][k % LEVELS_MAX];
            expose(job, cells, i, &selected, share);
            if (third)
                expose(job, cells, i, &others, -share);
            cells->conductance_siemens[i] =
                job->pulse->pulse->conductance(job->pulse_params, &cells->own[i], cells->state[i]);
            add_exposure(&in_row, &given[i]);
            add_exposure(&columns[column], &given[i]);
            add_exposure(&all, &given[i]);
        }
    }
    free(columns);
    return RS_OK;
}

/* --- a round --- */

struct workspace {
    struct progress *progress;
    struct exposure *given; /* NULL: nothing is disturbed */
    size_t *list;
    double *reads, *seen;
    struct draws draws;
};

static void clear_workspace(struct workspace *w)
{
    free(w->progress);
    free(w->given);
    free(w->list);
    free(w->reads);
    free(w->seen);
    free(w->draws.pulse[0]);
    free(w->draws.pulse[1]);
    free(w->draws.read);
}

static bool allocate(const struct write_verify_job *job, struct workspace *w, struct rs_error *err)
{
    size_t n = job->n_rows * job->n_columns;
    w->draws.job = job;
    w->progress = memory_allocate(n, sizeof *w->progress, err);
    w->list = memory_allocate(n, sizeof *w->list, err);
    double **const fields[] = {&w->reads, &w->seen, &w->draws.pulse[0], &w->draws.pulse[1], &w->draws.read};
    bool good = w->progress != NULL && w->list != NULL;
    for (size_t k = 0; k < sizeof fields / sizeof fields[0] && good; k++)
        good = (*fields[k] = memory_allocate(n, sizeof **fields[k], err)) != NULL;
    if (good && job->how->unselected != WRITE_VERIFY_NONE)
        good = (w->given = memory_allocate(n, sizeof *w->given, err)) != NULL;
    return good;
}

static void note_pulses(const struct write_verify_job *job, const struct workspace *w, const size_t *list,
                        size_t n, uint32_t number)
{
    for (size_t k = 0; k < n && w->given != NULL; k++) {
        const struct progress *cell = &w->progress[list[k]];
        if (cell->pulses == (int32_t)number + 1)
            w->given[list[k]].count[cell->direction < 0][level_of(job->how, cell->amplitude)]++;
    }
}

enum rs_status write_verify_run(const struct write_verify_job *job, const struct write_verify_cells *cells,
                                struct rs_error *err)
{
    struct workspace w = {0};
    size_t n = job->n_rows * job->n_columns, left = n;
    if (!allocate(job, &w, err)) {
        clear_workspace(&w);
        return RS_INTERNAL;
    }
    for (size_t i = 0; i < n; i++)
        w.list[i] = i;
    for (uint32_t number = 0; left > 0; number++) {
        fill_draws(&w.draws, number, left);
        verify(job, cells, w.list, left, &w.draws, w.seen, w.reads);
        left = step(job, cells, w.progress, w.list, left, w.reads, &w.draws);
        note_pulses(job, &w, w.list, left, number);
        struct random_key traps = key_of(job, RANDOM_TELEGRAPH, number + 1);
        traps.draw |= 1u << 29; /* beside the reads of queries */
        if (job->traps != NULL)
            law_telegraph_wait(job->traps, &traps, job->how->width_seconds + job->how->read_seconds);
    }
    for (size_t i = 0; i < n; i++) {
        cells->pulses[i] += w.progress[i].pulses;
        cells->reversals[i] += w.progress[i].reversals;
    }
    enum rs_status status = w.given != NULL ? disturb(job, cells, w.given, err) : RS_OK;
    clear_workspace(&w);
    return status;
}
