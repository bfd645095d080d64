#include "spice/latch_bench.h"

#include <math.h>
#include <stdio.h>

#include "spice/latch_bench_internal.h"

double latch_bench_common_volts(const struct path_plan *plan)
{
    return latch_takes_currents(&plan->latch) ? plan->latch.bias_amperes * plan->latch.r_load_ohm
                                              : plan->path.common_mode_volts;
}

enum rs_status latch_bench_write_head(struct latch_bench *bench, const char *what, size_t n, int64_t draw,
                                      struct rs_error *err)
{
    const struct path_options *o = &bench->plan->path;
    enum rs_status status = latch_open(&bench->plan->latch, &bench->latch, err);
    if (status != RS_OK)
        return status;
    text_append(bench->deck,
                "* %s of %zu latches\n"
                ".options reltol=1e-5 vntol=1e-7 abstol=1e-13 chgtol=1e-16 gmin=%g itl1=300 itl4=100 noacct\n"
                ".temp %.10g\n",
                what, n, latch_gmin_siemens(&bench->plan->latch), o->temperature_kelvin - 273.15);
    latch_write_models(&bench->latch, draw, bench->deck);
    text_append(bench->deck, "vdd vdd 0 dc %.17g\n", o->supply_volts);
    return RS_OK;
}

void latch_bench_write_latch(const struct latch_bench *bench, size_t j,
                             const struct latch_bench_sample *sample)
{
    static const char *const nodes[LATCH_N_PORTS] = {"p", "n", "clk", "op", "on", "vdd", "0"};
    static const bool numbered[LATCH_N_PORTS] = {true, true, false, true, true, false, false};
    const struct latch_options *options = &bench->plan->latch;
    char names[LATCH_N_PORTS][32];
    const char *list[LATCH_N_PORTS];
    for (int k = 0; k < LATCH_N_PORTS; k++) {
        size_t number = k == LATCH_INN ? j - sample->shares_back : j;
        snprintf(names[k], sizeof names[k], numbered[k] ? "%s%zu" : "%s", nodes[k], number);
        list[k] = names[k];
    }
    if (latch_takes_currents(options))
        text_append(bench->deck, "gp%zu 0 p%zu sp%zu 0 %.17g\ngn%zu 0 n%zu sn%zu 0 %.17g\n", j, j, j,
                    1 / options->r_load_ohm, j, j, j, 1 / options->r_load_ohm);
    else
        text_append(bench->deck, "rp%zu sp%zu p%zu %.17g\n", j, j, j, sample->r_plus_ohm);
    if (!latch_takes_currents(options) && sample->shares_back == 0)
        text_append(bench->deck, "rn%zu sn%zu n%zu %.17g\n", j, j, j, sample->r_minus_ohm);
    latch_write_instance(&bench->latch, j, list, sample->mismatch_volts, bench->deck);
}

/* --- trip points --- */

/* Holds a trip point. From 0 V on, ngspice's step control allows a first error of reltol chgtol and abstol:
 * the larger the capacitor, the shorter that step, and 1 F needs one at the least step that ngspice takes. */
static const double memory_farads = 1e-12;

/* A cycle: the clock is low, then high for as long; late in its high half the inputs move. */
struct cycle {
    double seconds, rise_seconds, edge_seconds;
    double gate_seconds, gate_width_seconds; /* begin and area */
    size_t n;
};

static struct cycle plan_cycles(const struct path_options *o, double reach_volts, double resolution_volts)
{
    const double begin_share = 0.65, width_share = 0.28;
    struct cycle cycle = {.edge_seconds = o->edge_seconds};
    cycle.rise_seconds = o->evaluation_seconds + o->edge_seconds;
    cycle.seconds = 2 * cycle.rise_seconds;
    cycle.gate_seconds = cycle.rise_seconds + begin_share * o->evaluation_seconds;
    cycle.gate_width_seconds = width_share * o->evaluation_seconds;
    cycle.n = 1 + (size_t)fmax(0, ceil(log(resolution_volts / reach_volts) / log(LATCH_BENCH_RATIO)));
    return cycle;
}

static void write_sources(const struct latch_bench *bench, const struct cycle *cycle, double reach_volts)
{
    const struct path_options *o = &bench->plan->path;
    double edge = cycle->edge_seconds, sharp = cycle->gate_width_seconds / 20;
    double step_volts = reach_volts * (1 - LATCH_BENCH_RATIO); /* all steps together reach it */
    text_append(bench->deck,
                "vclk clk 0 pulse(0 %.17g %.12g %.12g %.12g %.12g %.12g)\n"
                "vgate gate 0 pulse(0 1 %.12g %.12g %.12g %.12g %.12g)\nvstep step 0 pwl(0 %.12g",
                o->supply_volts, cycle->rise_seconds, edge, edge, o->evaluation_seconds - edge,
                cycle->seconds, cycle->gate_seconds, sharp, sharp, cycle->gate_width_seconds - sharp,
                cycle->seconds, step_volts);
    for (size_t k = 1; k < cycle->n; k++) {
        double at = (double)k * cycle->seconds;
        text_append(bench->deck, "\n+ %.12g %.12g %.12g %.12g", at - 2 * edge, step_volts, at - edge,
                    step_volts * LATCH_BENCH_RATIO);
        step_volts *= LATCH_BENCH_RATIO;
    }
    text_append(bench->deck, ")\n");
}

/* A voltage in series with the positive input, once a cycle. */
static void write_pulse(const struct latch_bench *bench, const struct cycle *cycle, size_t j,
                        const struct latch_bench_sample *sample)
{
    const double sharp_share = 0.05;
    double sharp = sharp_share * sample->pulse_width_seconds;
    if (sample->pulse_volts != 0)
        text_append(bench->deck, "vw%zu sp%zu bp%zu pulse(0 %.17g %.12g %.12g %.12g %.12g %.12g)\n", j, j, j,
                    sample->pulse_volts, cycle->rise_seconds + sample->pulse_seconds, sharp, sharp,
                    sample->pulse_width_seconds - sharp, cycle->seconds);
}

/* Where the inputs of latch j begin: half of the trip point on each, or all of it above a shared reference.
 */
static void write_inputs(const struct latch_bench *bench, size_t j, size_t n,
                         const struct latch_bench_sample *samples)
{
    double volts = latch_bench_common_volts(bench->plan);
    const struct latch_bench_sample *sample = &samples[j];
    bool owns = j + 1 < n && samples[j + 1].shares_back > 0, shares = owns || sample->shares_back > 0;
    text_append(bench->deck, "bp%zu %s%zu 0 v = %.17g+v(trip%zu)%s\n", j,
                sample->pulse_volts == 0 ? "sp" : "bp", j, volts + sample->input_volts, j,
                shares ? "" : "/2");
    if (sample->shares_back > 0)
        return;
    text_append(bench->deck, "bn%zu sn%zu 0 v = %.17g", j, j, volts);
    if (!owns)
        text_append(bench->deck, "-v(trip%zu)/2", j);
    text_append(bench->deck, "\n");
}

enum rs_status latch_bench_write_trips(const struct path_plan *plan, int64_t draw, size_t n,
                                       const struct latch_bench_sample *samples, double reach_volts,
                                       double resolution_volts, struct text *deck, struct text *commands,
                                       struct rs_error *err)
{
    struct latch_bench bench = {.plan = plan, .deck = deck};
    struct cycle cycle = plan_cycles(&plan->path, reach_volts, resolution_volts);
    enum rs_status status = latch_bench_write_head(&bench, "trip points", n, draw, err);
    if (status != RS_OK) {
        latch_close(&bench.latch);
        return status;
    }
    write_sources(&bench, &cycle, reach_volts);
    text_append(commands, "save");
    for (size_t j = 0; j < n; j++) {
        write_pulse(&bench, &cycle, j, &samples[j]);
        write_inputs(&bench, j, n, samples);
        text_append(deck,
                    "bm%zu 0 trip%zu i = %.12g*v(gate)*v(step)*(v(op%zu,on%zu) > 0 ? -1 : 1)\n"
                    "ct%zu trip%zu 0 %.3g\nrt%zu trip%zu 0 1e15\n.ic v(trip%zu)=0\n",
                    j, j, memory_farads / cycle.gate_width_seconds, j, j, j, j, memory_farads, j, j, j);
        latch_bench_write_latch(&bench, j, &samples[j]);
        text_append(commands, " v(trip%zu)", j);
    }
    text_append(deck, ".end\n");
    text_append(commands, "\ntran %.12g %.12g 0 %.12g\n", cycle.edge_seconds / 4,
                (double)cycle.n * cycle.seconds, cycle.seconds / 10);
    latch_close(&bench.latch);
    return RS_OK;
}

/* --- delays --- */

enum rs_status latch_bench_write_delays(const struct path_plan *plan, size_t n,
                                        const struct latch_bench_sample *samples, struct text *deck,
                                        struct text *commands, struct rs_error *err)
{
    const double high_share = 4;
    struct latch_bench bench = {.plan = plan, .deck = deck};
    const struct path_options *o = &plan->path;
    double rise = o->evaluation_seconds, high = high_share * o->evaluation_seconds, edge = o->edge_seconds;
    double half = o->supply_volts / 2;
    double common_volts = latch_bench_common_volts(plan);
    enum rs_status status = latch_bench_write_head(&bench, "delays", n, LATCH_NOMINAL, err);
    if (status != RS_OK) {
        latch_close(&bench.latch);
        return status;
    }
    text_append(deck, "vclk clk 0 pulse(0 %.17g %.12g %.12g %.12g %.12g %.12g)\n", o->supply_volts, rise,
                edge, edge, high, 2 * (rise + high));
    text_append(commands, "save v(clk)");
    for (size_t j = 0; j < n; j++) {
        double d = samples[j].input_volts / 2;
        text_append(deck, "vp%zu sp%zu 0 dc %.17g\nvn%zu sn%zu 0 dc %.17g\ney%zu y%zu 0 op%zu on%zu 1\n", j,
                    j, common_volts + d, j, j, common_volts - d, j, j, j, j);
        latch_bench_write_latch(&bench, j, &samples[j]);
        text_append(commands, " v(y%zu)", j);
    }
    text_append(deck, ".end\n");
    text_append(commands, "\ntran %.12g %.12g 0 %.12g\n", edge / 4, rise + high, rise / 20);
    for (size_t j = 0; j < n; j++)
        text_append(commands,
                    "meas tran delay%zu trig v(clk) val=%.12g rise=1 targ v(y%zu) val=%.12g rise=1\n", j,
                    half, j, half);
    latch_close(&bench.latch);
    return RS_OK;
}
