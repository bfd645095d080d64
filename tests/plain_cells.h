/*
 * Programming one cell after the other, one pulse after the other, with its own equations, integrator and
 * draws: what devices/write_verify.c is compared with. Figures of the cells are those of the cards in
 * test_program.c.
 */
#ifndef TESTS_PLAIN_CELLS_H
#define TESTS_PLAIN_CELLS_H

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdbool.h>

enum model { SOFT_BOUNDS, STANFORD };
enum { TRAPS_MAX = 16 };

struct plain {
    enum model model;
    double tolerance, initial; /* parts of the target, siemens */
    int way;                   /* 0: both, 1: set only, -1: reset only */
    int pulses_max, reversals_max, rounds;
    bool noise, traps, relaxes;
};

struct cell {
    double step, upper, lower, speed; /* its own */
    double x, offset;
    int n_traps;
    double share[TRAPS_MAX], caught[TRAPS_MAX], released[TRAPS_MAX];
    bool occupied[TRAPS_MAX];
};

struct outcome {
    double g, pulses, reversals, failed, energy;
};

static double plain_conductance(const struct plain *p, const struct cell *cell)
{
    if (p->model == SOFT_BOUNDS)
        return fmax(0, 1e-6 + (cell->x + cell->offset + 1) / 2 * 39e-6);
    return 1e-3 * exp(-cell->x / 0.25) * sinh(0.1 / 0.25) / 0.1;
}

static double plain_current(const struct plain *p, const struct cell *cell, double volts)
{
    return p->model == SOFT_BOUNDS ? plain_conductance(p, cell) * volts
                                   : 1e-3 * exp(-cell->x / 0.25) * sinh(volts / 0.25);
}

static void plain_set(const struct plain *p, struct cell *cell, double g)
{
    cell->offset = 0;
    if (p->model == SOFT_BOUNDS)
        cell->x = fmin(fmax(2 * (g - 1e-6) / 39e-6 - 1, cell->lower), cell->upper);
    else
        cell->x = fmin(fmax(-0.25 * log(g * 0.1 / (1e-3 * sinh(0.4))), 0.2), 1.7);
}

static double gap_rate(double gap, double volts, double speed)
{
    double current = 1e-3 * exp(-gap / 0.25) * sinh(volts / 0.25);
    double kt = 8.617333262e-5 * (298.15 + fabs(volts * current) * 2100);
    double field = (16 - 0.8 * pow(gap, 3)) * 0.25 / 12 * fabs(volts) / kt;
    double stop = volts > 0 ? 1 - exp(-(gap - 0.2) / 0.02) : 1 - exp(-(1.7 - gap) / 0.02);
    return (volts > 0 ? -1 : 1) * fmax(stop, 0) * speed * 10 * exp(-0.6 / kt) * sinh(field);
}

/* Runge and Kutta's classical rule; the step is halved where a whole one would move the gap by 0.01 nm. */
static double plain_gap(double gap, double volts, double speed, double nanoseconds)
{
    for (double left = nanoseconds; left > 1e-9 * nanoseconds;) {
        double a = gap_rate(gap, volts, speed), h = fmin(left, nanoseconds / 4);
        if (fabs(a) * h > 0.01)
            h = 0.01 / fabs(a);
        double b = gap_rate(gap + h / 2 * a, volts, speed), c = gap_rate(gap + h / 2 * b, volts, speed);
        double d = gap_rate(gap + h * c, volts, speed);
        gap = fmin(fmax(gap + h / 6 * (a + 2 * b + 2 * c + d), 0.2), 1.7);
        left -= h;
    }
    return gap;
}

static void plain_pulse(const struct plain *p, struct cell *cell, double volts, gsl_rng *rng)
{
    double z = gsl_ran_ugaussian(rng), z2 = gsl_ran_ugaussian(rng);
    if (p->model == STANFORD) {
        cell->x = plain_gap(cell->x, volts, cell->speed * exp(0.2 * z), 100);
        return;
    }
    if (volts > 0)
        cell->x += cell->step * (1 - cell->x / cell->upper + 0.3 * z);
    else
        cell->x -= cell->step * (1 - cell->x / cell->lower + 0.3 * z);
    cell->x = fmin(fmax(cell->x, cell->lower), cell->upper);
    cell->offset = 0.5 * 0.1 * z2;
}

static void plain_birth(const struct plain *p, struct cell *cell, double target, gsl_rng *rng)
{
    double up = 1 + 0.2 * gsl_ran_ugaussian(rng), down = -1 + 0.2 * gsl_ran_ugaussian(rng);
    *cell = (struct cell){.step = 0.1 * exp(0.4 * gsl_ran_ugaussian(rng)),
                          .upper = fabs(fmax(up, down)),
                          .lower = -fabs(fmin(up, down)),
                          .speed = exp(0.3 * gsl_ran_ugaussian(rng))};
    plain_set(p, cell, p->initial);
    cell->n_traps = p->traps ? (int)gsl_ran_poisson(rng, 1.5) : 0;
    for (int k = 0; k < cell->n_traps; k++) {
        cell->caught[k] = 1e5 * pow(1e3, gsl_rng_uniform(rng));
        cell->released[k] = 1e5 * pow(1e3, gsl_rng_uniform(rng));
        cell->share[k] = fmin(0.05 * 20e-6 / target * exp(0.5 * gsl_ran_ugaussian(rng)), 0.4);
        cell->occupied[k] = gsl_rng_uniform(rng) < cell->caught[k] / (cell->caught[k] + cell->released[k]);
    }
}

/* What a read of 50 ns sees. */
static double plain_read(const struct plain *p, const struct cell *cell, gsl_rng *rng)
{
    double g = plain_conductance(p, cell);
    for (int k = 0; k < cell->n_traps; k++) {
        double rate = cell->caught[k] + cell->released[k], ever = cell->caught[k] / rate;
        double mean = ever + ((cell->occupied[k] ? 1 : 0) - ever) * (1 - exp(-rate * 50e-9)) / (rate * 50e-9);
        g *= 1 - cell->share[k] * mean;
    }
    return p->noise ? fmax(g * (1 + 0.04 * gsl_ran_ugaussian(rng)), 0) : g;
}

static void plain_wait(struct cell *cell, gsl_rng *rng)
{
    for (int k = 0; k < cell->n_traps; k++) {
        double rate = cell->caught[k] + cell->released[k], ever = cell->caught[k] / rate;
        double chance = ever + ((cell->occupied[k] ? 1 : 0) - ever) * exp(-rate * 150e-9);
        cell->occupied[k] = gsl_rng_uniform(rng) < chance;
    }
}

static void plain_round(const struct plain *p, struct cell *cell, double target, gsl_rng *rng,
                        struct outcome *out)
{
    int direction = 0, reversals = 0, pulses = 0;
    double amplitude = 0;
    for (;;) {
        double read = plain_read(p, cell, rng);
        out->energy += 0.1 * 0.1 * 50e-9 * plain_conductance(p, cell);
        int way = read < target * (1 - p->tolerance) ? 1 : read > target * (1 + p->tolerance) ? -1 : 0;
        way = p->way != 0 && way != p->way ? 0 : way;
        bool turns = direction != 0 && way != direction;
        out->failed = way != 0;
        if (way == 0 || pulses >= p->pulses_max || reversals + turns > p->reversals_max)
            break;
        amplitude = way == direction ? fmin(amplitude + 0.1, 3) : way > 0 ? 1.0 : 0.8;
        double power = fabs(plain_current(p, cell, way * amplitude)) * amplitude;
        plain_pulse(p, cell, way * amplitude, rng);
        power += fabs(plain_current(p, cell, way * amplitude)) * amplitude;
        out->energy += power / 2 * 100e-9;
        pulses++;
        reversals += turns;
        direction = way;
        plain_wait(cell, rng);
    }
    out->pulses += pulses;
    out->reversals += reversals;
}

static struct outcome plain_cell(const struct plain *p, double target, gsl_rng *rng)
{
    struct cell cell;
    struct outcome out = {0};
    plain_birth(p, &cell, target, rng);
    for (int round = 0; round < p->rounds; round++) {
        plain_round(p, &cell, target, rng, &out);
        if (p->relaxes && round + 1 < p->rounds) {
            double ln = log(100.0);
            plain_set(p, &cell,
                      plain_conductance(p, &cell) - 0.1e-6 * ln +
                          (1.5e-6 + 0.1e-6 * ln) * gsl_ran_ugaussian(rng));
        }
    }
    out.g = plain_conductance(p, &cell);
    return out;
}

#endif
