#include "attention/replica.h"

#include <stdlib.h>
#include <string.h>

#include "attention/query.h"
#include "attention/traps.h"
#include "base/memory.h"
#include "base/require.h"
#include "crossbar/field.h"
#include "crossbar/nonlinear.h"
#include "crossbar/transfer.h"
#include "devices/program.h"

/* As in reads.c. */
static const double field_tolerance = 1e-10;

struct replica {
    const struct attention_setup *setup;
    struct network network;
    size_t n_pairs, n_cells;
    bool ideal;                       /* no resistances at all */
    struct field_plan *plan;          /* NULL where ideal, or where cells bend */
    struct nonlinear_plan *nonlinear; /* of cells that bend, unless ideal */
    struct traps *traps;              /* NULL: no telegraph noise */
    struct program_result write;
    double *target_siemens, *aged_siemens, *trapped_siemens, *seen_siemens; /* [n_rows][2 n_pairs] */
    double *volts;                                                          /* [n_rows] */
    double *current_amperes;                                                /* [2 n_pairs] */
    double *units;                                                          /* [n_query_heads][n_pairs] */
};

static enum rs_status create_solvers(struct replica *replica, struct rs_error *err)
{
    const struct attention_setup *setup = replica->setup;
    enum rs_status status = program_allocate(replica->n_cells, &replica->write, err);
    if (status == RS_OK && !replica->ideal)
        status = cell_law_is_linear(&setup->law)
                     ? field_plan_create(&replica->network, &replica->plan, err)
                     : nonlinear_plan_create_borrow(&replica->network, NULL, &setup->law,
                                                    replica->seen_siemens, &replica->nonlinear, err);
    if (status == RS_OK && device_has_telegraph(&setup->device))
        status = traps_create(setup, replica->n_cells, setup_n_array_numbers(setup), &replica->traps, err);
    return status;
}

enum rs_status replica_create(const struct attention_setup *setup, struct replica **out, struct rs_error *err)
{
    struct replica *replica = memory_allocate(1, sizeof *replica, err);
    size_t n_heads = (size_t)(setup->shape.n_heads / setup->shape.n_kv_heads);
    *out = NULL;
    if (replica == NULL)
        return RS_INTERNAL;
    replica->setup = setup;
    replica->n_pairs = setup->reference.shared ? 1 : setup->mapping.n_keys_per_array;
    replica->network = setup->network;
    replica->network.n_columns = 2 * replica->n_pairs;
    const struct network *network = &replica->network;
    size_t n_rows = network->n_rows, n_cells = n_rows * network->n_columns;
    replica->n_cells = n_cells;
    replica->ideal = !(network->r_word_line_ohm > 0 || network->r_bit_line_ohm > 0 ||
                       network->r_driver_ohm > 0 || network->r_sense_ohm > 0);
    replica->target_siemens =
        memory_allocate(4 * n_cells + n_rows + (2 + n_heads) * replica->n_pairs, sizeof(double), err);
    if (replica->target_siemens == NULL) {
        replica_destroy(replica);
        return RS_INTERNAL;
    }
    replica->aged_siemens = replica->target_siemens + n_cells;
    replica->trapped_siemens = replica->aged_siemens + n_cells;
    replica->seen_siemens = replica->trapped_siemens + n_cells;
    replica->volts = replica->seen_siemens + n_cells;
    replica->current_amperes = replica->volts + n_rows;
    replica->units = replica->current_amperes + 2 * replica->n_pairs;
    enum rs_status status = create_solvers(replica, err);
    if (status != RS_OK)
        replica_destroy(replica);
    else
        *out = replica;
    return status;
}

void replica_destroy(struct replica *replica)
{
    if (replica == NULL)
        return;
    field_plan_destroy(replica->plan);
    nonlinear_plan_destroy(replica->nonlinear);
    traps_destroy(replica->traps);
    program_clear(&replica->write);
    free(replica->target_siemens);
    free(replica);
}

void replica_reset(struct replica *replica)
{
    if (replica->traps != NULL)
        traps_reset(replica->traps);
}

/* Currents of the cells that are seen, at replica->volts; whether the field converged. */
static bool find_currents(struct replica *replica)
{
    const struct cell_law *law = &replica->setup->law;
    struct nonlinear_report report;
    double unused;
    if (replica->nonlinear != NULL)
        return nonlinear_solve(replica->nonlinear, replica->volts, field_tolerance, replica->current_amperes,
                               NULL, NULL, &report);
    if (replica->plan != NULL)
        return field_solve(replica->plan, replica->volts, field_tolerance, replica->current_amperes, NULL,
                           NULL, NULL);
    /* Without resistances the drives bend in the place of the cells. */
    for (size_t i = 0; i < replica->network.n_rows && !cell_law_is_linear(law); i++)
        replica->volts[i] = cell_law_current(law, 1, replica->volts[i], &unused);
    transfer_apply(&replica->network, replica->seen_siemens, replica->volts, replica->current_amperes, NULL);
    return true;
}

/* One read of the replica as it is seen: units [n_pairs] of the threshold of query head `h`. */
static bool solve(struct replica *replica, const struct bank_job *job, size_t h, size_t n_rows_used,
                  double level_units)
{
    const struct attention_setup *setup = replica->setup;
    size_t n_rows = replica->network.n_rows;
    int head = job->kv_head * (int)job->n_query_heads + (int)h;
    double threshold = reference_cut(&setup->reference, query_reference(setup, job->layer, head));
    double volts = reference_volts(&setup->reference, level_units, threshold);
    for (size_t i = 0; i < n_rows; i++)
        replica->volts[i] = i >= n_rows - n_rows_used ? volts : 0;
    bool converged = find_currents(replica);
    for (size_t pair = 0; pair < replica->n_pairs; pair++)
        replica->units[h * replica->n_pairs + pair] =
            (replica->current_amperes[2 * pair + 1] - replica->current_amperes[2 * pair]) /
            setup->mapping.unit_amperes;
    return converged;
}

/* The cells of one read, from aged_siemens, and their factors; key->draw is the read. */
static void see(struct replica *replica, const struct random_key *key)
{
    const double *cells = replica->aged_siemens;
    if (replica->traps != NULL) {
        traps_see(replica->traps, key, cells, replica->trapped_siemens);
        cells = replica->trapped_siemens;
    }
    device_read(&replica->setup->device, key, replica->n_cells, replica->target_siemens, cells,
                replica->seen_siemens);
    if (replica->plan != NULL)
        field_factor(replica->plan, replica->seen_siemens);
    if (replica->nonlinear != NULL)
        nonlinear_factor(replica->nonlinear, replica->seen_siemens);
}

/* The cells of tile's replica; n_used: rows that are driven. */
static enum rs_status write(struct replica *replica, const struct random_key *key, double level,
                            size_t *n_used, struct rs_error *err)
{
    const struct attention_setup *setup = replica->setup;
    enum rs_status status = reference_replica_rows(&setup->reference, &setup->mapping, level, n_used, NULL);
    rs_require(status == RS_OK, "the reference was settled");
    reference_place_replica(&setup->reference, &setup->mapping, level, *n_used, replica->n_pairs,
                            replica->target_siemens);
    return program_array(&setup->device, key, replica->network.n_rows, replica->network.n_columns,
                         replica->target_siemens, &replica->write, err);
}

enum rs_status replica_subtract(struct replica *replica, const struct bank_job *job, size_t tile,
                                const double *ratio, double *signal_units, int64_t *n_failed,
                                struct rs_error *err)
{
    const struct attention_setup *setup = replica->setup;
    size_t per_array = setup->mapping.n_keys_per_array, first_key = tile * per_array,
           n_left = job->n_keys - first_key, n_here = n_left < per_array ? n_left : per_array;
    size_t n_reads = job->n_queries * job->n_query_heads, n_used = 0, block = 0, first_of_cells = 0;
    double level = setup->levels[setup_kv_head(setup, job->layer, job->kv_head)];
    bool noisy = device_has_read_noise(&setup->device) || replica->traps != NULL;
    const struct random_key key = {.seed = setup->seed,
                                   .trial = job->trial,
                                   .array = setup_replica_number(setup, job->layer, job->kv_head, tile)};
    struct random_key of_read = key;
    enum rs_status status = write(replica, &key, level, &n_used, err);
    of_read.write = noisy ? job->write : 0;
    for (size_t read = 0; read < n_reads && status == RS_OK; read++) {
        size_t h = read % job->n_query_heads, now = timing_block(&setup->timing, read);
        if (read == 0 || now != block) {
            program_age(&setup->device, &key, timing_age_ratio(now), replica->network.n_rows,
                        replica->network.n_columns, replica->target_siemens, &replica->write,
                        replica->aged_siemens);
            first_of_cells = read;
        }
        block = now;
        if (read == 0 && replica->traps != NULL)
            status = traps_start(replica->traps, &of_read, 0, replica->aged_siemens, err);
        of_read.draw = noisy ? (uint32_t)read : 0;
        if (status == RS_OK && (noisy || read == first_of_cells))
            see(replica, &of_read);
        if (status == RS_OK && (noisy || read < first_of_cells + job->n_query_heads))
            *n_failed += !solve(replica, job, h, n_used, level);
        for (size_t j = 0; j < n_here; j++)
            signal_units[read * job->n_keys + first_key + j] -=
                (ratio != NULL ? ratio[first_key + j] : 1) *
                replica->units[h * replica->n_pairs + (setup->reference.shared ? 0 : j)];
    }
    return status == RS_OK && replica->traps != NULL ? traps_finish(replica->traps, err) : status;
}
