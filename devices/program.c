#include "devices/program.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "devices/write_verify.h"

enum rs_status program_allocate(size_t n_cells, struct program_result *result, struct rs_error *err)
{
    *result = (struct program_result){
        .conductance_siemens = memory_allocate(n_cells, sizeof(double), err),
        .pulses = memory_allocate(n_cells, sizeof(int32_t), err),
        .reversals = memory_allocate(n_cells, sizeof(int32_t), err),
        .energy_joules = memory_allocate(n_cells, sizeof(double), err),
        .failed = memory_allocate(n_cells, 1, err),
    };
    if (result->conductance_siemens != NULL && result->pulses != NULL && result->reversals != NULL &&
        result->energy_joules != NULL && result->failed != NULL)
        return RS_OK;
    program_clear(result);
    return RS_INTERNAL;
}

void program_clear(struct program_result *result)
{
    free(result->conductance_siemens);
    free(result->pulses);
    free(result->reversals);
    free(result->energy_joules);
    free(result->failed);
    *result = (struct program_result){0};
}

static enum rs_status check_targets(const struct device *device, size_t n_columns, size_t n,
                                    const double *target, struct rs_error *err)
{
    for (size_t i = 0; i < n; i++)
        if (!(target[i] >= device->g_min_siemens && target[i] <= device->g_max_siemens))
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

static enum rs_status check_card(const struct device *device, struct rs_error *err)
{
    const struct card_block *pulse = block_of(device, LAW_PULSE), *how = block_of(device, LAW_WRITE_VERIFY);
    if (pulse->law == NULL || how->law == NULL)
        return rs_fail(err, RS_INPUT,
                       "card %s has no block '%s', which write-verify needs; cards with both: gong2022-om, "
                       "gong2022-hfo2, generic-stanford",
                       device->card.name, law_block_name(pulse->law == NULL ? LAW_PULSE : LAW_WRITE_VERIFY));
    const struct write_verify *params = (const void *)&how->params;
    if (params->unselected != WRITE_VERIFY_NONE && !pulse->law->pulse->knows_volts)
        return rs_fail(
            err, RS_INPUT,
            "card %s: write_verify.unselected: pulses of kind '%s' do not depend on their voltage, "
            "so unselected cells cannot be disturbed",
            device->card.name, pulse->law->kind);
    return RS_OK;
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

/* Conductances a time after a round; states follow them. */
static void relax(const struct device *device, const struct write_verify_job *job,
                  const struct write_verify_cells *cells)
{
    struct law_conditions at = device->at;
    size_t n = job->n_rows * job->n_columns;
    at.time_seconds = job->how->round_wait_seconds;
    for (size_t first = 0; first < n; first += LAW_CELLS) {
        double written[LAW_CELLS];
        const struct law_cells chunk = {n - first < LAW_CELLS ? n - first : LAW_CELLS,
                                        job->target_siemens + first, written,
                                        cells->conductance_siemens + first, job->n_columns};
        const struct law_draws draws = {job->key, first, device->scale[LAW_RELAXATION]};
        memcpy(written, chunk.conductance_siemens, chunk.n * sizeof *written);
        law_apply(block_of(device, LAW_RELAXATION)->law, &block_of(device, LAW_RELAXATION)->params, &at,
                  &draws, &chunk);
    }
    for (size_t i = 0; i < n; i++)
        cells->state[i] =
            job->pulse->pulse->state(job->pulse_params, &cells->own[i], cells->conductance_siemens[i]);
}

static enum rs_status run_rounds(const struct device *device, struct write_verify_job *job,
                                 const struct write_verify_cells *cells, struct rs_error *err)
{
    enum rs_status status = RS_OK;
    write_verify_begin(job, cells);
    for (int64_t round = 0; round < job->how->rounds && status == RS_OK; round++) {
        job->key.draw = (uint32_t)round;
        status = write_verify_run(job, cells, err);
        if (round + 1 < job->how->rounds && is_on(device, LAW_RELAXATION))
            relax(device, job, cells);
    }
    return status;
}

/* Cells that do not take their target: given up after as many pulses as are allowed. written [n] is what the
 * pulses would have left; overwritten. */
static void give_up_on_stuck(const struct device *device, const struct random_key *key,
                             const struct write_verify_job *job, double *written,
                             struct program_result *result)
{
    const struct option_either *tolerance = &job->how->tolerance;
    device_act(device, key, LAW_STUCK, LAW_STUCK + 1, job->n_rows, job->n_columns, job->target_siemens,
               written);
    for (size_t i = 0; i < job->n_rows * job->n_columns; i++) {
        double target = job->target_siemens[i];
        double half = tolerance->unit == QUANTITY_SIEMENS ? tolerance->value : tolerance->value * target;
        if (written[i] == result->conductance_siemens[i] || fabs(written[i] - target) <= half)
            continue;
        result->failed[i] = 1;
        result->pulses[i] = (int32_t)job->how->pulses_max;
    }
}

static enum rs_status write_and_verify(const struct device *device, const struct random_key *key,
                                       size_t n_rows, size_t n_columns, const double *target,
                                       struct program_result *result, struct rs_error *err)
{
    const struct card_block *noise = block_of(device, LAW_READ_NOISE);
    size_t n = n_rows * n_columns;
    struct arrays arrays = {0};
    struct write_verify_job job = {
        .how = (const void *)&block_of(device, LAW_WRITE_VERIFY)->params,
        .pulse = block_of(device, LAW_PULSE)->law,
        .pulse_params = &block_of(device, LAW_PULSE)->params,
        .read_noise = is_on(device, LAW_READ_NOISE) ? noise->law : NULL,
        .read_noise_params = &noise->params,
        .at = &device->at,
        .key = *key,
        .n_rows = n_rows,
        .n_columns = n_columns,
        .target_siemens = target,
    };
    double *written = memory_allocate(n, sizeof *written, err);
    arrays.own = memory_allocate(n, sizeof *arrays.own, err);
    arrays.state = memory_allocate(n, sizeof *arrays.state, err);
    enum rs_status status =
        written != NULL && arrays.own != NULL && arrays.state != NULL ? RS_OK : RS_INTERNAL;
    const struct write_verify_cells cells = {arrays.own,     arrays.state,      result->conductance_siemens,
                                             result->pulses, result->reversals, result->energy_joules,
                                             result->failed};
    for (size_t i = 0; i < n; i++)
        result->conductance_siemens[i] = job.how->initial_siemens;
    if (status == RS_OK)
        status = start_traps(&job, device, target, &arrays, err);
    job.traps = arrays.traps;
    if (status == RS_OK)
        status = run_rounds(device, &job, &cells, err);
    if (status == RS_OK) {
        memcpy(written, result->conductance_siemens, n * sizeof *written);
        give_up_on_stuck(device, key, &job, written, result);
        device_act(device, key, LAW_RELAXATION, LAW_TELEGRAPH, n_rows, n_columns, target,
                   result->conductance_siemens);
    }
    law_telegraph_destroy(arrays.traps);
    free(written);
    free(arrays.own);
    free(arrays.state);
    return status;
}

enum rs_status program_array(const struct device *device, enum program_method method,
                             const struct random_key *key, size_t n_rows, size_t n_columns,
                             const double *target_siemens, struct program_result *result,
                             struct rs_error *err)
{
    size_t n = n_rows * n_columns;
    enum rs_status status = check_targets(device, n_columns, n, target_siemens, err);
    if (status == RS_OK && method == PROGRAM_WRITE_VERIFY)
        status = check_card(device, err);
    if (status != RS_OK)
        return status;
    memset(result->pulses, 0, n * sizeof *result->pulses);
    memset(result->reversals, 0, n * sizeof *result->reversals);
    memset(result->failed, 0, n);
    for (size_t i = 0; i < n; i++)
        result->energy_joules[i] = method == PROGRAM_ONE_SHOT ? (double)NAN : 0;
    if (method == PROGRAM_WRITE_VERIFY)
        return write_and_verify(device, key, n_rows, n_columns, target_siemens, result, err);
    for (size_t i = 0; i < n; i++)
        result->pulses[i] = 1;
    device_program(device, key, n_rows, n_columns, target_siemens, result->conductance_siemens);
    return RS_OK;
}
