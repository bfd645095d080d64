#include "spice/latch_noise.h"

#include <math.h>

#include "spice/latch_bench_internal.h"

static const double stiff_ohm = 1e-3;

enum rs_status latch_noise_write_point(const struct path_plan *plan, struct text *deck, struct rs_error *err)
{
    struct latch_bench bench = {.plan = plan, .deck = deck};
    const struct path_options *o = &plan->path;
    const struct latch_bench_sample sample = {.r_plus_ohm = stiff_ohm, .r_minus_ohm = stiff_ohm};
    double common_volts = latch_bench_common_volts(plan);
    enum rs_status status = latch_bench_write_head(&bench, "noise", 1, LATCH_NOMINAL, err);
    if (status != RS_OK) {
        latch_close(&bench.latch);
        return status;
    }
    text_append(
        deck,
        "vclk clk 0 dc %.17g\nvd d 0 dc 0 ac 1\nbp sp0 0 v = %.17g+v(d)/2\nbn sn0 0 v = %.17g-v(d)/2\n"
        "vop op0 0 dc %.17g\nvon on0 0 dc %.17g\nhp y z vop 1\nhn z 0 von -1\n",
        o->supply_volts, common_volts, common_volts, o->supply_volts, o->supply_volts);
    latch_bench_write_latch(&bench, 0, &sample);
    latch_close(&bench.latch);
    text_append(deck, ".end\n");
    return RS_OK;
}

void latch_noise_write_band(double held_volts, double low_hertz, double high_hertz, struct text *commands)
{
    const int per_decade = 100;
    text_append(commands, "alter vop dc = %.17g\nalter von dc = %.17g\nnoise v(y) vd dec %d %.12g %.12g\n",
                held_volts, held_volts, per_decade, low_hertz, high_hertz);
}

/* --- decisions --- */

/* A decision takes two cycles: the forced one, then its own. In each the clock is low, then high. */
struct timing {
    double rise_seconds, cycle_seconds;                     /* of a cycle */
    double gate_seconds, gate_width_seconds, sharp_seconds; /* late in the high phase */
};

static struct timing plan_timing(const struct path_options *o, const struct latch_noise_decisions *decisions)
{
    const double begin_share = 0.65, width_share = 0.28, sharp_share = 0.05;
    struct timing timing = {.rise_seconds = decisions->reset_seconds};
    timing.cycle_seconds = timing.rise_seconds + o->evaluation_seconds + 2 * o->edge_seconds;
    timing.gate_seconds = timing.rise_seconds + o->edge_seconds + begin_share * o->evaluation_seconds;
    timing.gate_width_seconds = width_share * o->evaluation_seconds;
    timing.sharp_seconds = sharp_share * timing.gate_width_seconds;
    return timing;
}

/* A staircase in each own cycle. */
static void write_noise(const struct latch_bench *bench, const struct latch_noise_decisions *decisions,
                        const struct timing *timing, size_t j)
{
    const double sharp_share = 0.1;
    size_t n_steps = (size_t)ceil(decisions->window_seconds / decisions->step_seconds - 1e-9);
    double step = decisions->step_seconds, sharp = sharp_share * step;
    struct random_key key = decisions->key;
    struct text *deck = bench->deck;
    key.array = (uint32_t)j;
    text_append(deck, "vw%zu sp%zu bp%zu pwl(0 0", j, j, j);
    for (size_t i = 0; i < decisions->n_decisions && decisions->sigma_volts > 0; i++) {
        double begin = (2 * (double)i + 1) * timing->cycle_seconds + timing->rise_seconds, last = 0;
        key.draw = decisions->key.draw + (uint32_t)i;
        for (size_t k = 0; k <= n_steps; k++) {
            double volts = k < n_steps ? decisions->sigma_volts * random_normal(&key, (uint32_t)k) : 0;
            text_append(deck, "\n+ %.12g %.9g %.12g %.9g", begin + (double)k * step, last,
                        begin + (double)k * step + sharp, volts);
            last = volts;
        }
    }
    text_append(deck, ")\n");
}

/* The input of latch j: forced, then its level, each for a cycle. */
static void write_input(const struct latch_bench *bench, const struct latch_noise_decisions *decisions,
                        const struct timing *timing, size_t j)
{
    const struct path_options *o = &bench->plan->path;
    double force = j % 2 == 0 ? -decisions->force_volts : decisions->force_volts;
    double level = decisions->level_volts[j / 2], common_volts = latch_bench_common_volts(bench->plan);
    static const char sides[] = "pn";
    for (int side = 0; side < 2; side++) {
        double sign = side == 0 ? 0.5 : -0.5;
        text_append(bench->deck, "v%c%zu %s%c%zu 0 pulse(%.17g %.17g %.12g %.12g %.12g %.12g %.12g)\n",
                    sides[side], j, side == 0 ? "b" : "s", sides[side], j, common_volts + sign * force,
                    common_volts + sign * level, timing->cycle_seconds, o->edge_seconds, o->edge_seconds,
                    timing->cycle_seconds - o->edge_seconds, 2 * timing->cycle_seconds);
    }
}

static void write_counter(const struct latch_bench *bench, const struct timing *timing, size_t j)
{
    text_append(bench->deck,
                "bm%zu 0 count%zu i = %.12g*v(gate)*(v(op%zu,on%zu) > 0 ? 1 : -1)\n"
                "ct%zu count%zu 0 1\nrt%zu count%zu 0 1e15\n.ic v(count%zu)=%d\n",
                j, j, 1 / timing->gate_width_seconds, j, j, j, j, j, j, j, LATCH_NOISE_COUNT_START);
}

enum rs_status latch_noise_write_decisions(const struct path_plan *plan,
                                           const struct latch_noise_decisions *decisions, struct text *deck,
                                           struct text *commands, struct rs_error *err)
{
    struct latch_bench bench = {.plan = plan, .deck = deck};
    const struct path_options *o = &plan->path;
    const struct timing timing = plan_timing(o, decisions);
    const struct latch_bench_sample sample = {.r_plus_ohm = decisions->r_source_ohm,
                                              .r_minus_ohm = decisions->r_source_ohm};
    double cycle = timing.cycle_seconds, sharp = timing.sharp_seconds, edge = o->edge_seconds;
    enum rs_status status =
        latch_bench_write_head(&bench, "decisions", 2 * decisions->n_levels, LATCH_NOMINAL, err);
    if (status != RS_OK) {
        latch_close(&bench.latch);
        return status;
    }
    text_append(deck,
                "vclk clk 0 pulse(0 %.17g %.12g %.12g %.12g %.12g %.12g)\n"
                "vgate gate 0 pulse(0 1 %.12g %.12g %.12g %.12g %.12g)\n",
                o->supply_volts, timing.rise_seconds, edge, edge, o->evaluation_seconds, cycle,
                cycle + timing.gate_seconds, sharp, sharp, timing.gate_width_seconds - sharp, 2 * cycle);
    text_append(commands, "save");
    for (size_t j = 0; j < 2 * decisions->n_levels; j++) {
        write_input(&bench, decisions, &timing, j);
        write_noise(&bench, decisions, &timing, j);
        write_counter(&bench, &timing, j);
        latch_bench_write_latch(&bench, j, &sample);
        text_append(commands, " v(count%zu)", j);
    }
    text_append(deck, ".end\n");
    text_append(commands, "\ntran %.12g %.12g 0 %.12g\n", edge / 4,
                2 * (double)decisions->n_decisions * cycle, cycle / 10);
    latch_close(&bench.latch);
    return RS_OK;
}
