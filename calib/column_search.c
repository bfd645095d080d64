#include "calib/column_search.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"

enum rs_status column_search_init(size_t n_rows, size_t n_columns, size_t n_slots, size_t n_queries,
                                  struct column_search *out, struct rs_error *err)
{
    double **const arrays[] = {&out->volts,
                               &out->expected_amperes,
                               &out->slope_ohm,
                               &out->trip_amperes,
                               &out->threshold_amperes,
                               &out->centre_amperes,
                               &out->array.conductance};
    const size_t sizes[] = {
        n_queries * n_rows, n_queries * n_slots, n_queries * n_slots, n_queries * n_slots, n_slots, n_slots,
        n_rows * n_columns};
    out->n_slots = n_slots;
    out->n_queries = n_queries;
    out->decisions = memory_allocate(n_slots, sizeof *out->decisions, err);
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++) {
        *arrays[i] = memory_allocate(sizes[i], sizeof(double), err);
        if (*arrays[i] == NULL)
            return RS_INTERNAL;
    }
    return out->decisions != NULL ? RS_OK : RS_INTERNAL;
}

void column_search_clear(struct column_search *search)
{
    free(search->volts);
    free(search->expected_amperes);
    free(search->slope_ohm);
    free(search->trip_amperes);
    free(search->threshold_amperes);
    free(search->centre_amperes);
    free(search->array.conductance);
    free(search->decisions);
    path_request_clear(&search->request);
    text_clear(&search->commands);
}

static size_t place(const struct column_search *search, size_t slot)
{
    return search->i_query * search->n_slots + slot;
}

/* Commands for the thresholds of now; of a new query, its drives too. */
static void ask(struct column_search *search)
{
    text_clear(&search->commands);
    if (search->i_step == 0)
        path_request_write_volts(
            &search->path, search->volts + search->i_query * search->array.network.n_rows, &search->commands);
    path_request_write_thresholds(&search->path, search->threshold_amperes, &search->commands);
    text_append(&search->commands, "%s", search->request.transient);
}

static void begin_query(struct column_search *search)
{
    search->i_step = 0;
    for (size_t j = 0; j < search->n_slots; j++)
        search->threshold_amperes[j] = search->expected_amperes[place(search, j)];
}

enum rs_status column_search_start(struct column_search *search, struct rs_error *err)
{
    search->path = (struct path){.plan = &search->plan,
                                 .array = &search->array,
                                 .n_vectors = 1,
                                 .volts = search->volts,
                                 .threshold_amperes = search->threshold_amperes};
    search->i_query = 0;
    search->n_steps = 2 + (size_t)ceil(fmax(0, log2(search->reach_volts / search->resolution_volts)));
    begin_query(search);
    double *still =
        memory_allocate(search->n_slots * path_n_mismatch(&search->plan.latch), sizeof *still, err);
    if (still == NULL)
        return RS_INTERNAL;
    search->path.mismatch_volts = still;
    enum rs_status status = path_request_fill(&search->path, &search->request, err);
    search->path.mismatch_volts = NULL;
    free(still);
    if (status != RS_OK)
        return status;
    ask(search);
    return search->commands.failed ? rs_fail(err, RS_INTERNAL, "out of memory") : RS_OK;
}

static double step_amperes(const struct column_search *search, size_t slot)
{
    return ldexp(search->reach_volts, -(int)search->i_step) / search->slope_ohm[place(search, slot)];
}

static void finish_query(struct column_search *search)
{
    for (size_t j = 0; j < search->n_slots; j++) {
        double trip = search->threshold_amperes[j], slope = search->slope_ohm[place(search, j)];
        bool at_end = fabs(trip - search->centre_amperes[j]) * slope >
                      search->reach_volts - 2 * search->resolution_volts;
        search->trip_amperes[place(search, j)] = at_end ? (double)NAN : trip;
    }
    if (++search->i_query < search->n_queries)
        begin_query(search);
}

bool column_search_take(void *state, const struct worker_values *values, struct worker_run *next)
{
    struct column_search *search = state;
    search->failed = path_request_read(&search->path, values, search->decisions, &search->reason) != RS_OK;
    if (search->failed)
        return false;
    search->i_step++;
    for (size_t j = 0; j < search->n_slots; j++) {
        const struct path_decision *decision = &search->decisions[j];
        double *threshold = &search->threshold_amperes[j];
        if (search->i_step == 1) {
            *threshold += decision->input_volts / search->slope_ohm[place(search, j)];
            search->centre_amperes[j] = *threshold;
        } else {
            double step = 2 * step_amperes(search, j); /* half of reach_volts first */
            *threshold += decision->output_volts > 0 ? step : -step;
        }
    }
    if (search->i_step == search->n_steps)
        finish_query(search);
    if (search->i_query == search->n_queries)
        return false;
    ask(search);
    *next = (struct worker_run){search->commands.bytes, search->request.n_vectors, search->request.vectors};
    return true;
}
