#include "attention/replica.h"

#include <stdlib.h>

#include "attention/query.h"
#include "base/memory.h"
#include "base/require.h"
#include "crossbar/field.h"
#include "crossbar/transfer.h"

/* As in reads.c. */
static const double field_tolerance = 1e-10;

struct replica {
    const struct attention_setup *setup;
    struct network network;
    size_t n_pairs;
    struct field_plan *plan;                                    /* NULL: no resistances at all */
    double *target_siemens, *programmed_siemens, *seen_siemens; /* [n_rows][2 n_pairs] */
    double *volts;                                              /* [n_rows] */
    double *current_amperes;                                    /* [2 n_pairs] */
    double *units;                                              /* [n_query_heads][n_pairs] */
};

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
    size_t n_rows = replica->network.n_rows, n_cells = n_rows * replica->network.n_columns;
    const struct network *network = &replica->network;
    replica->target_siemens =
        memory_allocate(3 * n_cells + n_rows + (2 + n_heads) * replica->n_pairs, sizeof(double), err);
    enum rs_status status = replica->target_siemens == NULL ? RS_INTERNAL : RS_OK;
    if (status == RS_OK && (network->r_word_line_ohm > 0 || network->r_bit_line_ohm > 0 ||
                            network->r_driver_ohm > 0 || network->r_sense_ohm > 0))
        status = field_plan_create(network, &replica->plan, err);
    if (status != RS_OK) {
        replica_destroy(replica);
        return status;
    }
    replica->programmed_siemens = replica->target_siemens + n_cells;
    replica->seen_siemens = replica->programmed_siemens + n_cells;
    replica->volts = replica->seen_siemens + n_cells;
    replica->current_amperes = replica->volts + n_rows;
    replica->units = replica->current_amperes + 2 * replica->n_pairs;
    *out = replica;
    return RS_OK;
}

void replica_destroy(struct replica *replica)
{
    if (replica == NULL)
        return;
    field_plan_destroy(replica->plan);
    free(replica->target_siemens);
    free(replica);
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
    bool converged = true;
    for (size_t i = 0; i < n_rows; i++)
        replica->volts[i] = i >= n_rows - n_rows_used ? volts : 0;
    if (replica->plan == NULL)
        transfer_apply(&replica->network, replica->seen_siemens, replica->volts, replica->current_amperes,
                       NULL);
    else
        converged = field_solve(replica->plan, replica->volts, field_tolerance, replica->current_amperes,
                                NULL, NULL, NULL);
    for (size_t pair = 0; pair < replica->n_pairs; pair++)
        replica->units[h * replica->n_pairs + pair] =
            (replica->current_amperes[2 * pair + 1] - replica->current_amperes[2 * pair]) /
            setup->mapping.unit_amperes;
    return converged;
}

/* Draws the cells of one read and factors them. */
static void see(struct replica *replica, const struct random_key *key)
{
    size_t n_cells = replica->network.n_rows * replica->network.n_columns;
    device_read(&replica->setup->device, key, n_cells, replica->target_siemens, replica->programmed_siemens,
                replica->seen_siemens);
    if (replica->plan != NULL)
        field_factor(replica->plan, replica->seen_siemens);
}

int64_t replica_subtract(struct replica *replica, const struct bank_job *job, size_t tile,
                         const double *ratio, double *signal_units)
{
    const struct attention_setup *setup = replica->setup;
    size_t per_array = setup->mapping.n_keys_per_array, first_key = tile * per_array,
           n_left = job->n_keys - first_key, n_here = n_left < per_array ? n_left : per_array;
    double level = setup->levels[setup_kv_head(setup, job->layer, job->kv_head)];
    size_t n_used = 0;
    int64_t n_failed = 0;
    bool noisy = device_has_read_noise(&setup->device);
    struct random_key key = {.seed = setup->seed,
                             .trial = job->trial,
                             .array = setup_replica_number(setup, job->layer, job->kv_head, tile)};
    enum rs_status status = reference_replica_rows(&setup->reference, &setup->mapping, level, &n_used, NULL);
    rs_require(status == RS_OK, "the reference was settled");
    reference_place_replica(&setup->reference, &setup->mapping, level, n_used, replica->n_pairs,
                            replica->target_siemens);
    device_program(&setup->device, &key, replica->network.n_rows, replica->network.n_columns,
                   replica->target_siemens, replica->programmed_siemens);
    for (size_t read = 0; read < job->n_queries * job->n_query_heads; read++) {
        size_t h = read % job->n_query_heads;
        key.write = noisy ? job->write : 0;
        key.draw = noisy ? (uint32_t)read : 0;
        if (noisy || read == 0)
            see(replica, &key);
        if (noisy || read < job->n_query_heads)
            n_failed += !solve(replica, job, h, n_used, level);
        for (size_t j = 0; j < n_here; j++)
            signal_units[read * job->n_keys + first_key + j] -=
                (ratio != NULL ? ratio[first_key + j] : 1) *
                replica->units[h * replica->n_pairs + (setup->reference.shared ? 0 : j)];
    }
    return n_failed;
}
