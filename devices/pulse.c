#include "devices/pulse.h"

#include <math.h>

enum { VOLTS_STEPS = 100, PULSE_STEPS = 100000 };

void pulse_prepare(const struct pulse_model *model, const void *params, size_t n, struct pulse_cell *own)
{
    if (model->prepare != NULL)
        model->prepare(params, n, own);
}

/* One cell behind a resistance. */
struct branch {
    const struct pulse_model *model;
    const void *params;
    const struct pulse_cell *own;
    double r_series_ohm, volts;
};

/* What reaches the cell: the root of v + r I(v) - volts, which rises in v, between 0 and volts (Illinois). */
static double divide(const struct branch *branch, struct pulse_state state)
{
    const struct pulse_model *model = branch->model;
    double r = branch->r_series_ohm, all = branch->volts, a = 0, b = all, f_a = -all;
    double f_b = r * model->current(branch->params, branch->own, state, all);
    if (r == 0 || f_b == 0)
        return all;
    for (int k = 0, kept = 0; k < VOLTS_STEPS; k++) {
        double v = (a * f_b - b * f_a) / (f_b - f_a);
        double f = v + r * model->current(branch->params, branch->own, state, v) - all;
        if (fabs(f) <= 1e-12 * fabs(all))
            return v;
        /* An end that stays twice has its value halved; far from the root halving alone is safer. */
        if ((f > 0) == (f_b > 0)) {
            b = v, f_b = f;
            f_a = kept == -1 ? f_a / 2 : f_a;
            kept = -1;
        } else {
            a = v, f_a = f;
            f_b = kept == 1 ? f_b / 2 : f_b;
            kept = 1;
        }
        if (k % 3 == 2 && fabs(b - a) > 1e-3 * fabs(all)) {
            double half = (a + b) / 2;
            double at = half + r * model->current(branch->params, branch->own, state, half) - all;
            if ((at > 0) == (f_b > 0))
                b = half, f_b = at;
            else
                a = half, f_a = at;
            kept = 0;
        }
    }
    return (a + b) / 2;
}

static double conductance(const struct branch *branch, struct pulse_state state)
{
    return branch->model->conductance(branch->params, branch->own, state);
}

/* The state after `seconds` of the driver's voltage. */
static struct pulse_state follow(const struct branch *branch, struct pulse_state state, double seconds,
                                 const double normals[2])
{
    const struct pulse_model *model = branch->model;
    const double largest_change = 0.05;
    double left = seconds, step = seconds;
    for (int k = 0; k < PULSE_STEPS; k++) {
        double before = conductance(branch, state), volts = divide(branch, state);
        struct pulse_state half = model->pulse(branch->params, branch->own, state, volts, step / 2, normals);
        if (isnan(half.x))
            return half;
        double changed = fabs(conductance(branch, half) - before);
        if (changed > largest_change / 2 * before && step > 1e-9 * seconds) {
            step /= 2;
            continue;
        }
        state = model->pulse(branch->params, branch->own, state, divide(branch, half), step, normals);
        left -= step;
        if (isnan(state.x) || left <= 1e-12 * seconds)
            return state;
        step = fmin(changed < largest_change / 8 * before ? 2 * step : step, left);
    }
    return (struct pulse_state){(double)NAN, 0};
}

void pulse_give(const struct pulse_model *model, const void *params, double r_series_ohm,
                const struct pulse_batch *batch)
{
    if (model->pulse_many != NULL && r_series_ohm == 0) {
        model->pulse_many(params, batch);
        return;
    }
    for (size_t i = 0; i < batch->n; i++) {
        const struct branch branch = {model, params, &batch->own[i], r_series_ohm, batch->volts[i]};
        const double normals[2] = {batch->normals[0][i], batch->normals[1][i]};
        struct pulse_state from = batch->state[i];
        struct pulse_state to =
            r_series_ohm > 0 ? follow(&branch, from, batch->seconds, normals)
                             : model->pulse(params, branch.own, from, branch.volts, batch->seconds, normals);
        double start = model->current(params, branch.own, from, divide(&branch, from));
        double end = isnan(to.x) ? start : model->current(params, branch.own, to, divide(&branch, to));
        batch->state[i] = to;
        batch->conductance_siemens[i] = isnan(to.x) ? conductance(&branch, from) : conductance(&branch, to);
        batch->energy_joules[i] = fabs(branch.volts) * (fabs(start) + fabs(end)) / 2 * batch->seconds;
    }
}
