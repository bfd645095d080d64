#include "devices/program.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clones.h"
#include "base/memory.h"
#include "devices/write_verify.h"

enum rs_status program_allocate(size_t n_cells, struct program_result *result, struct rs_error *err)
{
    *result = (struct program_result){
        .written_siemens = memory_allocate(n_cells, sizeof(double), err),
        .conductance_siemens = memory_allocate(n_cells, sizeof(double), err),
        .pulses = memory_allocate(n_cells, sizeof(int32_t), err),
        .reversals = memory_allocate(n_cells, sizeof(int32_t), err),
        .energy_joules = memory_allocate(n_cells, sizeof(double), err),
        .cycles_left = memory_allocate(n_cells, sizeof(double), err),
        .failed = memory_allocate(n_cells, 1, err),
        .frozen = memory_allocate(n_cells, 1, err),
    };
    if (result->written_siemens != NULL && result->conductance_siemens != NULL && result->pulses != NULL &&
        result->reversals != NULL && result->energy_joules != NULL && result->cycles_left != NULL &&
        result->failed != NULL && result->frozen != NULL)
        return RS_OK;
    program_clear(result);
    return RS_INTERNAL;
}

void program_clear(struct program_result *result)
{
    free(result->written_siemens);
    free(result->conductance_siemens);
    free(result->pulses);
    free(result->reversals);
    free(result->energy_joules);
    free(result->cycles_left);
    free(result->failed);
    free(result->frozen);
    *result = (struct program_result){0};
}

/* Whether all of n values lie within low ... high. */
CLONES
static bool lie_within(double low, double high, size_t n, const double *values)
{
    int n_outside = 0;
    for (size_t i = 0; i < n; i++)
        n_outside += !((values[i] >= low) & (values[i] <= high));
    return n_outside == 0;
}

static enum rs_status check_targets(const struct device *device, size_t n_columns, size_t n,
                                    const double *target, struct rs_error *err)
{
    double slack = 1e-12 * device->g_max_siemens; /* targets are often computed */
    if (lie_within(device->g_min_siemens - slack, device->g_max_siemens + slack, n, target))
        return RS_OK;
    for (size_t i = 0; i < n; i++)
        if (!(target[i] >= device->g_min_siemens - slack && target[i] <= device->g_max_siemens + slack))
            return rs_fail(err, RS_INPUT, "target %g uS found at [%zu][%zu], %g to %g uS (card %s) expected",
                           target[i] * 1e6, i / n_columns, i % n_columns, device->g_min_siemens * 1e6,
                           device->g_max_siemens * 1e6, device->card.name);
    return RS_OK;
}

static const struct card_block *block_of(const struct device *device, enum law_block which)
{
    return &device->card.blocks[which];
}

static bool is_on(const struct device *device, enum law_block which)
{
    return block_of(device, which)->law != NULL && device->scale[which] > 0;
}

/* --- write-verify --- */

struct arrays {
    struct pulse_cell *own;
    struct pulse_state *state;
    struct law_telegraph *traps;
};

static enum rs_status start_traps(const struct write_verify_job *job, const struct device *device,
                                  const double *conductance, struct arrays *arrays, struct rs_error *err)
{
    size_t n = job->n_rows * job->n_columns;
    if (!is_on(device, LAW_TELEGRAPH))
        return RS_OK;
    enum rs_status status = law_telegraph_create(n, &arrays->traps, err);
    if (status == RS_OK)
        status = law_telegraph_start(arrays->traps, &block_of(device, LAW_TELEGRAPH)->params, &job->key, n,
                                     conductance, err);
    return status;
}

/* One block acts on all cells. */
static void act(const struct device *device, enum law_block which, const struct law_conditions *at,
                const struct random_key *key, const struct write_verify_job *job, double *conductance)
{
    const struct card_block *block = block_of(device, which);
    size_t n = job->n_rows * job->n_columns;
    for (size_t first = 0; first < n && is_on(device, which); first += LAW_CELLS) {
        double written[LAW_CELLS];
        const struct law_cells chunk = {n - first < LAW_CELLS ? n - first : LAW_CELLS,
                                        job->target_siemens + first, written, conductance + first,
                                        job->n_columns};
        const struct law_draws draws = {*key, first, device->scale[which]};
        memcpy(written, chunk.conductance_siemens, chunk.n * sizeof *written);
        law_apply(block->law, &block->params, at, &draws, &chunk);
    }
}

/* What every cell stands at before its first pulse; stuck and worn-out cells are frozen where they are. */
static void start_cells(const struct device *device, const struct write_verify_job *job,
                        const struct write_verify_cells *cells)
{
    size_t n = job->n_rows * job->n_columns;
    double *g = cells->conductance_siemens, prior = device_cycles(device, &job->key);
    double scale = device->scale[LAW_ENDURANCE];
    struct law_conditions at = device->at;
    at.cycles = prior;
    for (size_t i = 0; i < n; i++)
        g[i] = (double)NAN;
    act(device, LAW_STUCK, &at, &job->key, job, g);
    act(device, LAW_ENDURANCE, &at, &job->key, job, g);
    for (size_t i = 0; i < n; i++) {
        cells->frozen[i] = (unsigned char)!isnan(g[i]);
        g[i] = isnan(g[i]) ? job->how->initial_siemens : g[i];
        cells->cycles_left[i] =
            is_on(device, LAW_ENDURANCE) ? fmax(cells->cycles_left[i] / scale - prior, 0) : (double)NAN;
    }
}

/* Conductances a time after a round; states follow them. */
static void relax(const struct device *device, const struct write_verify_job *job,
                  const struct write_verify_cells *cells, double *before)
{
    struct law_conditions at = device->at;
    size_t n = job->n_rows * job->n_columns;
    at.time_seconds = job->how->round_wait_seconds;
    memcpy(before, cells->conductance_siemens, n * sizeof *before);
    act(device, LAW_RELAXATION, &at, &job->key, job, cells->conductance_siemens);
    for (size_t i = 0; i < n; i++)
        if (cells->frozen[i])
            cells->conductance_siemens[i] = before[i];
        else
            cells->state[i] =
                job->pulse->pulse->state(job->pulse_params, &cells->own[i], cells->conductance_siemens[i]);
}

static enum rs_status run_rounds(const struct device *device, struct write_verify_job *job,
                                 const struct write_verify_cells *cells, double *scratch,
                                 struct rs_error *err)
{
    enum rs_status status = RS_OK;
    for (int64_t round = 0; round < job->how->rounds && status == RS_OK; round++) {
        job->key.draw = (uint32_t)round;
        status = write_verify_run(job, cells, err);
        if (round + 1 < job->how->rounds && is_on(device, LAW_RELAXATION))
            relax(device, job, cells, scratch);
    }
    job->key.draw = 0;
    return status;
}

static struct write_verify_job job_of(const struct device *device, const struct random_key *key,
                                      size_t n_rows, size_t n_columns, const double *target)
{
    const struct card_block *noise = block_of(device, LAW_READ_NOISE),
                            *endurance = block_of(device, LAW_ENDURANCE);
    struct write_verify_job job = {
        .how = (const void *)&block_of(device, LAW_WRITE_VERIFY)->params,
        .pulse = block_of(device, LAW_PULSE)->law,
        .pulse_params = &block_of(device, LAW_PULSE)->params,
        .read_noise = is_on(device, LAW_READ_NOISE) ? noise->law : NULL,
        .read_noise_params = &noise->params,
        .read_noise_scale = device->scale[LAW_READ_NOISE],
        .traps_scale = device->scale[LAW_TELEGRAPH],
        .endurance_params = &endurance->params,
        .at = &device->at,
        .key = *key,
        .n_rows = n_rows,
        .n_columns = n_columns,
        .target_siemens = target,
    };
    if (is_on(device, LAW_ENDURANCE))
        job.cycles_per_pulse = law_endurance_per_pulse(&endurance->params);
    job.key.draw = 0;
    return job;
}

static enum rs_status write_and_verify(const struct device *device, const struct random_key *key,
                                       size_t n_rows, size_t n_columns, const double *target,
                                       struct program_result *result, struct rs_error *err)
{
    size_t n = n_rows * n_columns;
    struct arrays arrays = {0};
    memset(result->pulses, 0, n * sizeof *result->pulses);
    memset(result->energy_joules, 0, n * sizeof *result->energy_joules);
    struct write_verify_job job = job_of(device, key, n_rows, n_columns, target);
    double *scratch = memory_allocate(n, sizeof *scratch, err);
    arrays.own = memory_allocate(n, sizeof *arrays.own, err);
    arrays.state = memory_allocate(n, sizeof *arrays.state, err);
    enum rs_status status =
        scratch != NULL && arrays.own != NULL && arrays.state != NULL ? RS_OK : RS_INTERNAL;
    const struct write_verify_cells cells = {
        arrays.own,     arrays.state,      result->written_siemens,
        result->pulses, result->reversals, result->energy_joules,
        result->failed, result->frozen,    result->cycles_left,
    };
    if (status == RS_OK)
        status = start_traps(&job, device, target, &arrays, err);
    job.traps = arrays.traps;
    if (status == RS_OK) {
        start_cells(device, &job, &cells);
        write_verify_begin(&job, &cells);
        status = run_rounds(device, &job, &cells, scratch, err);
    }
    law_telegraph_destroy(arrays.traps);
    free(scratch);
    free(arrays.own);
    free(arrays.state);
    return status;
}

/* Lifetimes, before anything is worn. */
static void draw_lives(const struct device *device, const struct random_key *key, size_t n, double *cycles)
{
    const struct card_block *block = block_of(device, LAW_ENDURANCE);
    for (size_t first = 0; first < n; first += LAW_CELLS) {
        size_t n_here = n - first < LAW_CELLS ? n - first : LAW_CELLS;
        if (is_on(device, LAW_ENDURANCE))
            law_endurance_lives(block->law, &block->params, key, first, n_here, cycles + first);
        else
            for (size_t i = 0; i < n_here; i++)
                cycles[first + i] = (double)NAN;
    }
}

/* A write is one cycle. */
static void write_once(const struct device *device, const struct random_key *key, size_t n_rows,
                       size_t n_columns, const double *target, struct program_result *result)
{
    double cycles = device_cycles(device, key) + 1;
    device_write(device, key, n_rows, n_columns, target, result->written_siemens);
    for (size_t i = 0; i < n_rows * n_columns; i++)
        result->pulses[i] = 1;
    for (size_t i = 0; i < n_rows * n_columns; i++)
        result->energy_joules[i] = (double)NAN;
    for (size_t i = 0; i < n_rows * n_columns && is_on(device, LAW_ENDURANCE); i++) {
        if (isnan(result->cycles_left[i]))
            continue;
        result->cycles_left[i] = fmax(result->cycles_left[i] / device->scale[LAW_ENDURANCE] - cycles, 0);
        result->frozen[i] = result->cycles_left[i] == 0;
        result->failed[i] = result->frozen[i];
    }
}

enum rs_status program_array(const struct device *device, const struct random_key *key, size_t n_rows,
                             size_t n_columns, const double *target_siemens, struct program_result *result,
                             struct rs_error *err)
{
    size_t n = n_rows * n_columns;
    enum rs_status status = check_targets(device, n_columns, n, target_siemens, err);
    if (status != RS_OK)
        return status;
    memset(result->reversals, 0, n * sizeof *result->reversals);
    memset(result->failed, 0, n);
    memset(result->frozen, 0, n);
    draw_lives(device, key, n, result->cycles_left);
    if (device->method == DEVICE_WRITE_VERIFY)
        status = write_and_verify(device, key, n_rows, n_columns, target_siemens, result, err);
    else
        write_once(device, key, n_rows, n_columns, target_siemens, result);
    if (status == RS_OK)
        program_age(device, key, 1, n_rows, n_columns, target_siemens, result, result->conductance_siemens);
    return status;
}

void program_age(const struct device *device, const struct random_key *key, double age_ratio, size_t n_rows,
                 size_t n_columns, const double *target_siemens, const struct program_result *result,
                 double *conductance_siemens)
{
    const unsigned char *frozen = device->method == DEVICE_WRITE_VERIFY ? result->frozen : NULL;
    memcpy(conductance_siemens, result->written_siemens, n_rows * n_columns * sizeof *conductance_siemens);
    device_age(device, key, age_ratio, n_rows, n_columns, target_siemens, frozen, conductance_siemens);
}
