#include "spice/path_waves.h"

#include <math.h>
#include <stdio.h>

#include "spice/path_internal.h"

/* As in path_print.c: steps that follow the solution's accuracy. */
#define STEPS_PER_PERIOD 10

/* Sources have corners at both instants of a decision: a point of time lies there, to so much of an edge. */
#define SLACK 1e-3

enum { PLUS, OUT_PLUS, OUT_MINUS, N_PER_SLOT };

size_t path_waves_count(const struct path_plan *plan, size_t n_slots)
{
    return 1 + N_PER_SLOT * n_slots + (plan->reference.sharing == PATH_SHARED ? 1 : n_slots);
}

void path_waves_name(const struct path_plan *plan, size_t n_slots, size_t k, char name[PATH_WAVES_NAME_SIZE])
{
    static const char *const letters[N_PER_SLOT] = {"p", "op", "on"};
    if (k == 0)
        snprintf(name, PATH_WAVES_NAME_SIZE, "time");
    else if (k <= N_PER_SLOT * n_slots)
        snprintf(name, PATH_WAVES_NAME_SIZE, "%s%zu", letters[(k - 1) / n_slots], (k - 1) % n_slots);
    else if (plan->reference.sharing == PATH_SHARED)
        snprintf(name, PATH_WAVES_NAME_SIZE, "nref");
    else
        snprintf(name, PATH_WAVES_NAME_SIZE, "n%zu", k - 1 - N_PER_SLOT * n_slots);
}

void path_waves_write_commands(const struct path_plan *plan, size_t n_vectors, size_t n_slots,
                               struct text *commands)
{
    const struct path_options *o = &plan->path;
    const struct path_times times = path_times(o);
    double step = isnan(o->step_seconds) ? times.period_seconds / STEPS_PER_PERIOD : o->step_seconds;
    char name[PATH_WAVES_NAME_SIZE];
    text_append(commands, "save");
    for (size_t k = 1; k < path_waves_count(plan, n_slots); k++) {
        path_waves_name(plan, n_slots, k, name);
        text_append(commands, " v(%s)", name);
    }
    text_append(commands, "\ntran %.12g %.12g 0 %.12g%s\n", o->edge_seconds / 4,
                (double)n_vectors * times.period_seconds, step, path_print_start(plan));
}

struct waves {
    size_t n_points;
    const double *time, *plus, *minus, *out_plus, *out_minus;
};

/* The last point not after `instant`; n_points where none is near it. */
static size_t find(const struct waves *w, double instant, double slack)
{
    size_t low = 0, high = w->n_points;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (w->time[middle] <= instant + slack)
            low = middle;
        else
            high = middle;
    }
    return fabs(w->time[low] - instant) <= slack ? low : w->n_points;
}

/* Where the outputs are last less than half the supply apart, between two points on a line. */
static double cross(const struct waves *w, size_t first, size_t last, double half)
{
    for (size_t i = last; i > first; i--) {
        double before = fabs(w->out_plus[i - 1] - w->out_minus[i - 1]),
               after = fabs(w->out_plus[i] - w->out_minus[i]);
        if (before < half && after >= half)
            return w->time[i - 1] + (w->time[i] - w->time[i - 1]) * (half - before) / (after - before);
    }
    return w->time[first];
}

static bool read_decision(const struct path_plan *plan, const struct waves *w, double start,
                          struct path_decision *out)
{
    const struct path_options *o = &plan->path;
    const struct path_times times = path_times(o);
    double half = o->supply_volts / 2, clock = start + times.clock_seconds;
    size_t before = find(w, clock, SLACK * o->edge_seconds),
           after = find(w, start + times.output_seconds, SLACK * o->edge_seconds);
    if (before == w->n_points || after == w->n_points)
        return false;
    out->input_volts = w->plus[before] - w->minus[before];
    out->output_volts = w->out_plus[after] - w->out_minus[after];
    out->resolved = fabs(out->output_volts) > half;
    out->delay_seconds = !latch_has_clock(&plan->latch) ? (double)NAN
                         : out->resolved ? cross(w, before, after, half) - clock - o->edge_seconds / 2
                                         : o->evaluation_seconds;
    return true;
}

enum rs_status path_waves_read(const struct path_plan *plan, const struct worker_values *values,
                               size_t n_vectors, size_t n_slots, struct path_decision *decisions,
                               struct rs_error *err)
{
    bool shared = plan->reference.sharing == PATH_SHARED;
    double period = path_times(&plan->path).period_seconds;
    const double *const *v = values->values;
    for (size_t k = 1; k < values->n_vectors; k++)
        if (values->lengths[k] != values->lengths[0])
            return rs_fail(err, RS_IO, "ngspice gave waves of %zu and of %zu points", values->lengths[0],
                           values->lengths[k]);
    for (size_t j = 0; j < n_slots; j++) {
        const struct waves waves = {.n_points = values->lengths[0],
                                    .time = v[0],
                                    .plus = v[1 + PLUS * n_slots + j],
                                    .out_plus = v[1 + OUT_PLUS * n_slots + j],
                                    .out_minus = v[1 + OUT_MINUS * n_slots + j],
                                    .minus = v[1 + N_PER_SLOT * n_slots + (shared ? 0 : j)]};
        for (size_t i = 0; i < n_vectors; i++)
            if (!read_decision(plan, &waves, (double)i * period, &decisions[i * n_slots + j]))
                return rs_fail(err, RS_IO, "ngspice gave no point of time at the clock's edge of query %zu",
                               i);
    }
    return RS_OK;
}
