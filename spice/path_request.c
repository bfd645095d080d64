#include "spice/path_request.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "spice/path_internal.h"

/* Vectors of an answer: time, the shared node where there is one, then those of each slot. */
enum { TIME, N_COMMON };
enum { PLUS, OUT_PLUS, OUT_MINUS, MINUS, N_OWN };

static bool is_shared(const struct path *path)
{
    return path->plan->reference.sharing == PATH_SHARED;
}

static size_t place_of(const struct path *path, size_t slot, int which)
{
    size_t n_own = is_shared(path) ? N_OWN - 1 : N_OWN, first = N_COMMON + (is_shared(path) ? 1 : 0);
    if (which == MINUS && is_shared(path))
        return N_COMMON;
    return first + slot * n_own + (size_t)which;
}

static void list_vectors(const struct path *path, size_t n_slots, struct path_request *out)
{
    static const char *const nodes[N_OWN] = {"p", "op", "on", "n"};
    snprintf(out->names[TIME], sizeof out->names[TIME], "time");
    if (is_shared(path))
        snprintf(out->names[N_COMMON], sizeof out->names[N_COMMON], "v(nref)");
    for (size_t j = 0; j < n_slots; j++)
        for (int k = 0; k < (is_shared(path) ? MINUS : N_OWN); k++)
            snprintf(out->names[place_of(path, j, k)], sizeof out->names[TIME], "v(%s%zu)", nodes[k], j);
    for (size_t k = 0; k < out->n_vectors; k++)
        out->vectors[k] = (struct worker_vector){out->names[k], 0};
}

enum rs_status path_request_fill(const struct path *path, struct path_request *out, struct rs_error *err)
{
    struct text deck = {0}, transient = {0};
    size_t n_slots = path_n_slots(&path->plan->path, path->array->network.n_columns);
    enum rs_status status = path_write(path, &deck, err);
    if (status != RS_OK) {
        text_clear(&deck);
        return status;
    }
    path_print_write_transient(path, &transient);
    out->deck = text_take(&deck, err);
    out->transient = text_take(&transient, err);
    out->n_vectors = place_of(path, n_slots, PLUS);
    out->names = memory_allocate(out->n_vectors, sizeof *out->names, err);
    out->vectors = memory_allocate(out->n_vectors, sizeof *out->vectors, err);
    if (out->deck == NULL || out->transient == NULL || out->names == NULL || out->vectors == NULL)
        return RS_INTERNAL;
    list_vectors(path, n_slots, out);
    out->run = (struct worker_run){out->transient, out->n_vectors, out->vectors};
    return RS_OK;
}

void path_request_clear(struct path_request *request)
{
    free(request->deck);
    free(request->transient);
    free(request->names);
    free(request->vectors);
    *request = (struct path_request){0};
}

/* --- answers --- */

static const int inputs[2] = {PLUS, MINUS}, outputs[2] = {OUT_PLUS, OUT_MINUS};

/* Sources have corners at both instants of a decision: a point of time lies there, to so much of an edge. */
#define SLACK 1e-3

/* The last time point not after `seconds`. */
static size_t find_point(const struct worker_values *values, double seconds)
{
    const double *time = values->values[TIME];
    size_t low = 0, high = values->lengths[TIME];
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (time[middle] <= seconds)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static double difference_at(const struct path *path, const struct worker_values *values, size_t slot,
                            const int which[2], size_t k)
{
    return values->values[place_of(path, slot, which[0])][k] -
           values->values[place_of(path, slot, which[1])][k];
}

static double interpolate(const struct path *path, const struct worker_values *values, size_t slot,
                          const int which[2], double seconds)
{
    const double *time = values->values[TIME];
    size_t k = find_point(values, seconds);
    double here = difference_at(path, values, slot, which, k);
    if (k + 1 >= values->lengths[TIME])
        return here;
    double next = difference_at(path, values, slot, which, k + 1);
    return here + (next - here) * fmax(0, seconds - time[k]) / (time[k + 1] - time[k]);
}

double path_request_input(const struct path *path, const struct worker_values *values, size_t slot,
                          double seconds)
{
    return interpolate(path, values, slot, inputs, seconds);
}

/* Where the outputs are last less than half the supply apart, between two points on a line. */
static double cross(const struct path *path, const struct worker_values *values, size_t slot, size_t first,
                    size_t last)
{
    const double *time = values->values[TIME];
    double half = path->plan->path.supply_volts / 2;
    for (size_t i = last; i > first; i--) {
        double before = fabs(difference_at(path, values, slot, outputs, i - 1)),
               after = fabs(difference_at(path, values, slot, outputs, i));
        if (before < half && after >= half)
            return time[i - 1] + (time[i] - time[i - 1]) * (half - before) / (after - before);
    }
    return time[first];
}

/* Points and instants at which the clock begins to rise and to fall: the same but for rounding,
 * which the edge itself turns into microvolts. */
static void read_decision(const struct path *path, const struct worker_values *values, size_t slot,
                          const size_t points[2], const double seconds[2], struct path_decision *out)
{
    const struct path_options *o = &path->plan->path;
    out->input_volts = interpolate(path, values, slot, inputs, seconds[0]);
    out->output_volts = interpolate(path, values, slot, outputs, seconds[1]);
    out->resolved = fabs(out->output_volts) > o->supply_volts / 2;
    if (!latch_has_clock(&path->plan->latch))
        out->delay_seconds = (double)NAN;
    else if (!out->resolved)
        out->delay_seconds = o->evaluation_seconds;
    else
        out->delay_seconds =
            cross(path, values, slot, points[0], points[1]) - seconds[0] - o->edge_seconds / 2;
}

enum rs_status path_request_read(const struct path *path, const struct worker_values *values,
                                 struct path_decision *decisions, struct rs_error *err)
{
    const struct path_options *o = &path->plan->path;
    const struct path_times times = path_times(o);
    const double *time = values->values[TIME], slack = SLACK * o->edge_seconds;
    size_t n_slots = path_n_slots(o, path->array->network.n_columns);
    for (size_t k = 1; k < values->n_vectors; k++)
        if (values->lengths[k] != values->lengths[TIME])
            return rs_fail(err, RS_IO, "ngspice gave waves of %zu and of %zu points", values->lengths[TIME],
                           values->lengths[k]);
    for (size_t v = 0; v < path->n_vectors; v++) {
        const double start = (double)v * times.period_seconds,
                     seconds[2] = {start + times.clock_seconds, start + times.output_seconds};
        const size_t points[2] = {find_point(values, seconds[0] + slack),
                                  find_point(values, seconds[1] + slack)};
        if (fabs(time[points[0]] - seconds[0]) > slack || fabs(time[points[1]] - seconds[1]) > slack)
            return rs_fail(err, RS_IO, "ngspice gave no point of time at the clock's edges of query %zu", v);
        for (size_t j = 0; j < n_slots; j++)
            read_decision(path, values, j, points, seconds, &decisions[v * n_slots + j]);
    }
    return RS_OK;
}

/* --- changes --- */

bool path_request_has_thresholds(const struct path_plan *plan)
{
    return plan->reference.sharing == PATH_PER_COMPARATOR &&
           (plan->reference.kind == PATH_IDEAL || plan->reference.kind == PATH_CURRENT);
}

void path_request_write_volts(const struct path *path, const double *volts, struct text *commands)
{
    for (size_t i = 0; i < path->array->network.n_rows; i++)
        text_append(commands, "alter vin%zu dc = %.17g\n", i, volts[i]);
}

void path_request_write_thresholds(const struct path *path, const double *amperes, struct text *commands)
{
    size_t n_slots = path_n_slots(&path->plan->path, path->array->network.n_columns);
    bool in_volts = path_sense_is_series(path->plan);
    for (size_t j = 0; j < n_slots; j++)
        text_append(commands, "alter %cref%zu dc = %.17g\n", in_volts ? 'v' : 'i', j,
                    in_volts ? path_sense_reference_ohm(path, j) * amperes[j] : amperes[j]);
}

void path_request_write_still_clock(const struct path *path, struct text *commands)
{
    double edge = path->plan->path.edge_seconds;
    text_append(commands, "alter @vclk[pulse] = [ 0 0 %.12g %.12g %.12g %.12g %.12g ]\n", edge, edge, edge,
                edge, 10 * edge);
}

/* --- one job --- */

struct answer {
    const struct path *path;
    struct path_decision *decisions;
    enum rs_status status;
    struct rs_error reason;
};

static bool take(void *state, const struct worker_values *values, struct worker_run *next)
{
    struct answer *answer = state;
    (void)next;
    answer->status = path_request_read(answer->path, values, answer->decisions, &answer->reason);
    return false;
}

enum rs_status path_run(const struct path *path, struct worker_pool *pool, double limit_seconds,
                        struct path_decision *decisions, struct rs_error *err)
{
    struct path_request request = {0};
    struct answer answer = {.path = path, .decisions = decisions, .status = RS_OK};
    struct worker_job *job = memory_allocate(1, sizeof *job, err);
    enum rs_status status = job == NULL ? RS_INTERNAL : path_request_fill(path, &request, err);
    if (status == RS_OK) {
        *job = (struct worker_job){.deck = request.deck,
                                   .run = request.run,
                                   .limit_seconds = limit_seconds,
                                   .take = take,
                                   .state = &answer};
        status = worker_pool_run(pool, 1, job, err);
        if (status == RS_OK && answer.status != RS_OK)
            status = rs_fail(err, answer.status, "%s", answer.reason.text);
    }
    path_request_clear(&request);
    free(job);
    return status == RS_INCOMPLETE ? RS_IO : status;
}
