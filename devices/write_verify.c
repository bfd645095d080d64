#include "devices/write_verify.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "devices/laws.h"

enum { IDLE_PULSES = 8, CHUNK = 512, TILE = 4096 };

enum direction { UP = 1, DOWN = -1, NONE = 0 };

/* Where a cell's programming stands. */
struct progress {
    double amplitude; /* of the last pulse, signed */
    int32_t reversals;
    unsigned char idle;
    signed char direction; /* of the last pulse */
};

struct workspace {
    struct progress *progress;           /* [n_cells] */
    uint32_t *list;                      /* [n_tile], cells still to be programmed, rising */
    double *seen;                        /* [n_cells], what a read sees behind its traps; NULL: no traps */
    struct write_verify_exposure *given; /* [n_cells]; NULL: nothing is disturbed */
};

/* Cells of the list that are read and pulsed together. */
struct chunk {
    size_t n;
    double target[CHUNK], read[CHUNK], shift[CHUNK], sigma[CHUNK], unused[CHUNK];
    /* those of them that get a pulse */
    size_t n_pulsed;
    uint32_t cells[CHUNK];
    double volts[CHUNK], before[CHUNK], after[CHUNK], energy[CHUNK], normals[2][CHUNK];
    struct pulse_cell own[CHUNK];
    struct pulse_state state[CHUNK];
};

static struct random_key key_of(const struct write_verify_job *job, enum random_purpose purpose,
                                uint32_t number)
{
    struct random_key key = job->key;
    key.purpose = purpose;
    key.draw = job->key.draw << 24 | number;
    return key;
}

/* What one verify read of each cell on the list gives. */
static void verify(const struct write_verify_job *job, const double *conductance, const uint32_t *list,
                   uint32_t number, struct chunk *chunk)
{
    const struct law_cells cells = {chunk->n, chunk->target, chunk->read, chunk->read, 0};
    const struct random_key key = key_of(job, RANDOM_VERIFY, number);
    for (size_t k = 0; k < chunk->n; k++) {
        chunk->target[k] = job->target_siemens[list[k]];
        chunk->read[k] = conductance[list[k]];
    }
    if (job->read_noise == NULL)
        return;
    job->read_noise->moments(job->read_noise_params, job->at, &cells, chunk->shift, chunk->sigma);
    random_normal_pairs(&key, chunk->n, list, chunk->normals[0], chunk->unused);
    for (size_t k = 0; k < chunk->n; k++)
        chunk->read[k] = fmax(chunk->read[k] + job->read_noise_scale *
                                                   (chunk->shift[k] + chunk->sigma[k] * chunk->normals[0][k]),
                              0);
}

/* Which way a read says to go; one-sided programming takes what lies beyond as done. */
static enum direction decide(const struct write_verify *how, double target, double read)
{
    double half =
        how->tolerance.unit == QUANTITY_SIEMENS ? how->tolerance.value : how->tolerance.value * target;
    if (read < target - half)
        return how->directions == WRITE_VERIFY_RESET_ONLY ? NONE : UP;
    if (read > target + half)
        return how->directions == WRITE_VERIFY_SET_ONLY ? NONE : DOWN;
    return NONE;
}

/* The amplitude of the next pulse, signed: grown by a step, or from the start after a change of direction. */
static double next_volts(const struct write_verify *how, const struct progress *cell, enum direction way)
{
    double start = way == UP ? how->set_start_volts : how->reset_start_volts;
    double step = way == UP ? how->set_step_volts : how->reset_step_volts;
    double last = way == UP ? how->set_last_volts : how->reset_last_volts;
    double amplitude = cell->direction == way ? fmin(fabs(cell->amplitude) + step, last) : start;
    return way * amplitude;
}

/* Which cells of the chunk get pulse `number` of the round, and which. */
static void choose(const struct write_verify_job *job, const struct write_verify_cells *cells,
                   const struct workspace *w, const uint32_t *list, uint32_t number, struct chunk *chunk)
{
    const struct write_verify *how = job->how;
    double read_energy = how->read_volts * how->read_volts * how->read_seconds;
    chunk->n_pulsed = 0;
    for (size_t k = 0; k < chunk->n; k++) {
        uint32_t i = list[k];
        struct progress *cell = &w->progress[i];
        enum direction way = decide(how, chunk->target[k], chunk->read[k]);
        bool turns = cell->direction != NONE && cell->direction != way;
        cells->energy_joules[i] += read_energy * cells->conductance_siemens[i];
        cells->failed[i] = way != NONE;
        if (way == NONE || number >= how->pulses_max || cell->reversals + turns > how->reversals_max ||
            cell->idle >= IDLE_PULSES)
            continue;
        size_t m = chunk->n_pulsed++;
        chunk->cells[m] = i;
        chunk->volts[m] = next_volts(how, cell, way);
        chunk->before[m] = cells->conductance_siemens[i];
        chunk->own[m] = cells->own[i];
        chunk->state[m] = cells->state[i];
        cell->reversals += turns;
        cells->reversals[i] += turns;
        cell->direction = (signed char)way;
        cell->amplitude = chunk->volts[m];
    }
}

/* A pulse's wear; whether the cell still answers to it. */
static bool wear(const struct write_verify_job *job, const struct write_verify_cells *cells, uint32_t i)
{
    if (cells->frozen[i])
        return false;
    cells->cycles_left[i] -= job->cycles_per_pulse;
    if (!(cells->cycles_left[i] < 0))
        return true;
    cells->cycles_left[i] = 0;
    cells->frozen[i] = 1;
    cells->conductance_siemens[i] =
        law_endurance_end(job->endurance_params, job->at, cells->conductance_siemens[i]);
    return false;
}

/* What the pulses have made of the chunk; list gets the cells that go on, their number is returned. */
static size_t note(const struct write_verify_job *job, const struct write_verify_cells *cells,
                   const struct workspace *w, const struct chunk *chunk, uint32_t *list)
{
    const struct write_verify *how = job->how;
    size_t left = 0;
    for (size_t m = 0; m < chunk->n_pulsed; m++) {
        uint32_t i = chunk->cells[m];
        struct progress *cell = &w->progress[i];
        double volts = chunk->volts[m], last = volts > 0 ? how->set_last_volts : how->reset_last_volts;
        cells->pulses[i]++;
        if (wear(job, cells, i)) {
            cells->state[i] = chunk->state[m];
            cells->conductance_siemens[i] = chunk->after[m];
            cells->energy_joules[i] += chunk->energy[m];
        } else {
            cells->energy_joules[i] += volts * volts * cells->conductance_siemens[i] * how->width_seconds;
        }
        bool idle = fabs(volts) >= last && cells->conductance_siemens[i] == chunk->before[m];
        cell->idle = idle ? cell->idle + 1 : 0;
        if (w->given != NULL)
            write_verify_expose(how, &w->given[i], volts);
        if (!isnan(cells->state[i].x))
            list[left++] = i;
    }
    return left;
}

/* One verify read and, where it asks for one, a pulse of each cell on the list [n]; how many remain on it. */
static size_t step(const struct write_verify_job *job, const struct write_verify_cells *cells,
                   const struct workspace *w, size_t n, uint32_t number)
{
    const struct random_key key = key_of(job, RANDOM_PULSE, number);
    const double *conductance = cells->conductance_siemens;
    struct chunk chunk;
    size_t left = 0;
    if (w->seen != NULL) {
        memcpy(w->seen, conductance, job->n_rows * job->n_columns * sizeof *w->seen);
        law_telegraph_read(job->traps, job->traps_scale, job->how->read_seconds, w->seen);
        conductance = w->seen;
    }
    for (size_t first = 0; first < n; first += CHUNK) {
        const uint32_t *list = w->list + first;
        chunk.n = n - first < CHUNK ? n - first : CHUNK;
        verify(job, conductance, list, number, &chunk);
        choose(job, cells, w, list, number, &chunk);
        random_normal_pairs(&key, chunk.n_pulsed, chunk.cells, chunk.normals[0], chunk.normals[1]);
        const struct pulse_batch batch = {chunk.n_pulsed,
                                          chunk.own,
                                          chunk.state,
                                          chunk.volts,
                                          job->how->width_seconds,
                                          {chunk.normals[0], chunk.normals[1]},
                                          chunk.after,
                                          chunk.energy};
        pulse_give(job->pulse->pulse, job->pulse_params, job->how->r_series_ohm, &batch);
        left += note(job, cells, w, &chunk, w->list + left);
    }
    return left;
}

void write_verify_begin(const struct write_verify_job *job, const struct write_verify_cells *cells)
{
    const struct pulse_model *model = job->pulse->pulse;
    struct random_key key = job->key;
    double normals[3][LAW_CELLS];
    size_t n = job->n_rows * job->n_columns;
    key.purpose = RANDOM_DEVICE;
    key.write = 0;
    for (size_t first = 0; first < n; first += LAW_CELLS) {
        size_t n_here = n - first < LAW_CELLS ? n - first : LAW_CELLS;
        struct pulse_cell *own = cells->own + first;
        for (uint32_t k = 0; k < 3; k++) {
            key.draw = k + 1;
            random_normals_from(&key, first, n_here, normals[k]);
        }
        for (size_t i = 0; i < n_here; i++)
            own[i] = (struct pulse_cell){normals[0][i], normals[1][i], normals[2][i]};
        pulse_prepare(model, job->pulse_params, n_here, own);
        for (size_t i = 0; i < n_here; i++) {
            double *g = &cells->conductance_siemens[first + i];
            cells->state[first + i] = model->state(job->pulse_params, &own[i], *g);
            if (!cells->frozen[first + i])
                *g = model->conductance(job->pulse_params, &own[i], cells->state[first + i]);
        }
    }
}

static bool allocate(const struct write_verify_job *job, size_t n_tile, struct workspace *w,
                     struct rs_error *err)
{
    size_t n = job->n_rows * job->n_columns;
    bool good = (w->progress = memory_allocate(n, sizeof *w->progress, err)) != NULL &&
                (w->list = memory_allocate(n_tile, sizeof *w->list, err)) != NULL;
    if (good && job->traps != NULL)
        good = (w->seen = memory_allocate(n, sizeof *w->seen, err)) != NULL;
    if (good && job->how->unselected != WRITE_VERIFY_NONE)
        good = (w->given = memory_allocate(n, sizeof *w->given, err)) != NULL;
    return good;
}

/* All pulses of cells first ... first + n - 1. */
static void run_tile(const struct write_verify_job *job, const struct write_verify_cells *cells,
                     const struct workspace *w, size_t first, size_t n)
{
    for (size_t k = 0; k < n; k++)
        w->list[k] = (uint32_t)(first + k);
    for (uint32_t number = 0; n > 0; number++) {
        n = step(job, cells, w, n, number);
        struct random_key traps = key_of(job, RANDOM_TELEGRAPH, number + 1);
        traps.draw |= 1u << 29; /* beside the reads of queries */
        if (job->traps != NULL)
            law_telegraph_wait(job->traps, &traps, job->how->width_seconds + job->how->read_seconds);
    }
}

/* Cells do not know of each other, so a tile that fits a cache is finished before the next; an array's traps
 * share their time, though. */
enum rs_status write_verify_run(const struct write_verify_job *job, const struct write_verify_cells *cells,
                                struct rs_error *err)
{
    struct workspace w = {0};
    size_t n = job->n_rows * job->n_columns, n_tile = job->traps == NULL && n > TILE ? TILE : n;
    enum rs_status status = allocate(job, n_tile, &w, err) ? RS_OK : RS_INTERNAL;
    for (size_t first = 0; status == RS_OK && first < n; first += n_tile)
        run_tile(job, cells, &w, first, n - first < n_tile ? n - first : n_tile);
    if (status == RS_OK && w.given != NULL)
        status = write_verify_disturb(job, cells, w.given, err);
    free(w.progress);
    free(w.list);
    free(w.seen);
    free(w.given);
    return status;
}
