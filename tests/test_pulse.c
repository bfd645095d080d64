/* Pulse models against ngspice transients of the subcircuits in spice/models, and write-verify against a
 * plain reference. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "devices/laws.h"
#include "devices/pulse.h"
#include "spice/worker.h"

TestSuite(pulse, .timeout = 120);

union params {
    double alignment;
    char bytes[LAW_PARAMS_SIZE];
};

/* "key=value key=value": SPICE parameters of the subcircuit, given to both. */
static void fill(const struct law *law, union params *params, const char *const (*values)[2], size_t n)
{
    char why[200];
    option_fill_defaults(law->params, params);
    for (size_t k = 0; k < n; k++) {
        bool found = false;
        for (size_t i = 0; i < law->params->n_options; i++)
            if (strcmp(law->params->options[i].key, values[k][0]) == 0) {
                found = option_set(&law->params->options[i], params, values[k][1], why, sizeof why);
                cr_assert(found, "%s: %s", values[k][0], why);
            }
        cr_assert(found, "%s", values[k][0]);
    }
}

static const char *const stanford[][2] = {
    {"i0", "1 mA"},  {"g0_nm", "0.25"},     {"v0", "0.25 V"},       {"velocity", "10"}, {"gamma0", "16"},
    {"beta", "0.8"}, {"alpha", "3"},        {"thickness_nm", "12"}, {"a0_nm", "0.25"},  {"ea_ev", "0.6"},
    {"rth", "2100"}, {"gap_min_nm", "0.2"}, {"gap_max_nm", "1.7"}};
static const char *const vteam[][2] = {
    {"r_on", "50 ohm"}, {"r_off", "1000 ohm"}, {"d_nm", "3"},       {"k_off", "5e-4"},  {"k_on", "-10"},
    {"a_off", "1"},     {"a_on", "3"},         {"v_off", "0.02 V"}, {"v_on", "-0.2 V"}, {"window", "2"}};
static const char *const yakopcic[][2] = {
    {"a1", "0.17"}, {"a2", "0.17"}, {"b", "0.05"}, {"vp", "0.16 V"}, {"vn", "0.15 V"}, {"ap", "4000"},
    {"an", "4000"}, {"xp", "0.3"},  {"xn", "0.5"}, {"alpha_p", "1"}, {"alpha_n", "5"}};

static const struct shot {
    const struct law *law;
    const char *const (*values)[2];
    size_t n_values;
    const char *name, *state_node, *start_name;
    double start, volts, seconds;
    double tolerance; /* of the state */
    double r_series;  /* ohm */
} shots[] = {
#define STANFORD &law_stanford, stanford, sizeof stanford / sizeof stanford[0], "stanford", "gn", "gap0"
#define VTEAM &law_vteam, vteam, sizeof vteam / sizeof vteam[0], "vteam", "x", "x0"
#define YAKOPCIC &law_yakopcic, yakopcic, sizeof yakopcic / sizeof yakopcic[0], "yakopcic", "x", "x0"
    {STANFORD, 1.7, 3.0, 50e-9, 5e-4, 50}, {STANFORD, 0.8, -3.0, 100e-9, 5e-4, 100},
    {VTEAM, 0.9, 0.5, 5e-9, 5e-4, 300},    {STANFORD, 1.7, 2.6, 50e-9, 2e-4},
    {STANFORD, 1.0, 2.0, 100e-9, 2e-4},    {STANFORD, 0.4, -1.9, 100e-9, 2e-4},
    {STANFORD, 0.9, -2.4, 50e-9, 2e-4},    {VTEAM, 0.9, 0.3, 5e-9, 2e-4},
    {VTEAM, 0.2, -0.5, 200e-9, 2e-4},      {YAKOPCIC, 0.11, 0.3, 1e-3, 2e-4},
    {YAKOPCIC, 0.8, -0.3, 1e-3, 2e-4},
};

static bool take_last(void *state, const struct worker_values *values, struct worker_run *next)
{
    (void)next;
    *(double *)state = values->values[0][values->lengths[0] - 1];
    return false;
}

/* State at the end of a pulse by ngspice, with the project's subcircuit. */
static double by_ngspice(const struct shot *shot)
{
    static const struct worker_vector asked[] = {{"st", 0}};
    const struct worker_options options = {.program = getenv("RESCORE")};
    const char *source = getenv("srcdir");
    char deck[1024], commands[128];
    double found = (double)NAN, edge = shot->seconds * 1e-6;
    struct worker_pool *pool;
    struct rs_error err;
    snprintf(deck, sizeof deck,
             "* pulse\n.include %s/spice/models/%s.sub\nVp in 0 pwl(0 0 %.9g %.9g %.9g %.9g)\nRs in te %.9g\n"
             "Xd te 0 st %s %s=%.12g\n.options reltol=1e-6 method=gear\n.end\n",
             source, shot->name, edge, shot->volts, shot->seconds, shot->volts, fmax(shot->r_series, 1e-2),
             shot->name, shot->start_name, shot->start);
    snprintf(commands, sizeof commands, "tran %.9g %.9g uic", shot->seconds / 2000, shot->seconds);
    struct worker_job job = {.deck = deck, .run = {commands, 1, asked}, .take = take_last, .state = &found};
    cr_assert_eq(worker_pool_create(&options, &pool, &err), RS_OK, "%s", err.text);
    cr_assert_eq(worker_pool_run(pool, 1, &job, &err), RS_OK, "%s: %s", shot->name, err.text);
    worker_pool_destroy(pool);
    return found;
}

Test(pulse, compact_models_end_where_ngspice_ends)
{
    for (size_t s = 0; s < sizeof shots / sizeof shots[0]; s++) {
        const struct shot *shot = &shots[s];
        union params params;
        const struct pulse_cell own = {0, 0, 0};
        const double none[1] = {0};
        struct pulse_state end = {shot->start, 0};
        double g, energy;
        fill(shot->law, &params, shot->values, shot->n_values);
        const struct pulse_batch batch = {1,  &own,   &end, &shot->volts, shot->seconds, {none, none},
                                          &g, &energy};
        pulse_give(shot->law->pulse, &params, shot->r_series, &batch);
        double spice = by_ngspice(shot);
        cr_assert_gt(fabs(spice - shot->start), 0.01, "%s %zu: nothing moves, %g", shot->name, s, spice);
        cr_assert_lt(fabs(end.x - spice), shot->tolerance * fmax(1, fabs(spice)),
                     "%s %zu: %.9g, ngspice %.9g", shot->name, s, end.x, spice);
    }
}

Test(pulse, a_state_reads_back_the_conductance_it_was_made_from)
{
    for (size_t s = 0; s < sizeof shots / sizeof shots[0]; s++) {
        union params params;
        const struct pulse_cell own = {0, 0, 0};
        fill(shots[s].law, &params, shots[s].values, shots[s].n_values);
        const struct pulse_model *model = shots[s].law->pulse;
        double g = model->conductance(&params, &own, (struct pulse_state){shots[s].start, 0});
        struct pulse_state back = model->state(&params, &own, g);
        cr_assert_float_eq(back.x, shots[s].start, 1e-12);
    }
}

/* --- the contract of a pulse law --- */

static const char *const soft_bounds[][2] = {
    {"dw", "0.2"},     {"dw_spread", "0.5"},    {"cycle_spread", "0.3"}, {"write_noise", "0"},
    {"upper", "1"},    {"upper_spread", "0.3"}, {"lower", "-1"},         {"lower_spread", "0.3"},
    {"g_low", "1 uS"}, {"g_high", "30 uS"}};

static const struct {
    const struct law *law;
    const char *const (*values)[2];
    size_t n_values;
    double volts, seconds; /* of pulses that move a cell */
} figures[] = {
    {&law_soft_bounds, soft_bounds, sizeof soft_bounds / sizeof soft_bounds[0], 1, 1e-7},
    {&law_stanford, stanford, sizeof stanford / sizeof stanford[0], 2.0, 1e-7},
    {&law_vteam, vteam, sizeof vteam / sizeof vteam[0], 0.3, 1e-9},
    {&law_yakopcic, yakopcic, sizeof yakopcic / sizeof yakopcic[0], 0.3, 1e-4},
};

enum { CONTRACT_CELLS = 50, CONTRACT_PULSES = 12 };

struct contract {
    const struct law *law;
    union params params;
    double volts, seconds, lowest, highest;
    struct pulse_cell own[CONTRACT_CELLS];
    struct pulse_state state[CONTRACT_CELLS];
    double g[CONTRACT_CELLS];
};

/* Cells halfway, with figures of their own, of the law's entry in `figures`. */
static void start_contract(const struct law *law, struct contract *c)
{
    size_t f = 0, n = sizeof figures / sizeof figures[0];
    const struct random_key key = {.seed = 9};
    double normals[3 * CONTRACT_CELLS];
    while (f < n && figures[f].law != law)
        f++;
    cr_assert_lt(f, n, "no figures here for pulses of kind %s", law->kind);
    c->law = law;
    c->volts = figures[f].volts;
    c->seconds = figures[f].seconds;
    fill(law, &c->params, figures[f].values, figures[f].n_values);
    random_normals(&key, 3 * CONTRACT_CELLS, normals);
    for (size_t i = 0; i < CONTRACT_CELLS; i++)
        c->own[i] = (struct pulse_cell){normals[3 * i], normals[3 * i + 1], normals[3 * i + 2]};
    pulse_prepare(law->pulse, &c->params, CONTRACT_CELLS, c->own);
    for (size_t i = 0; i < CONTRACT_CELLS; i++) {
        const struct pulse_model *model = law->pulse;
        double low = model->conductance(&c->params, &c->own[i], model->state(&c->params, &c->own[i], 0));
        double high = model->conductance(&c->params, &c->own[i], model->state(&c->params, &c->own[i], 1e3));
        c->state[i] = model->state(&c->params, &c->own[i], sqrt(fmax(low, high / 100) * high));
        c->g[i] = model->conductance(&c->params, &c->own[i], c->state[i]);
        cr_assert(low < c->g[i] && c->g[i] < high, "%s: %g, %g, %g", law->kind, low, c->g[i], high);
    }
}

static void give(struct contract *c, double volts, const double *normals)
{
    double all[CONTRACT_CELLS], energy[CONTRACT_CELLS];
    for (size_t i = 0; i < CONTRACT_CELLS; i++)
        all[i] = volts;
    const struct pulse_batch batch = {
        CONTRACT_CELLS, c->own, c->state, all, c->seconds, {normals, normals + CONTRACT_CELLS}, c->g, energy};
    pulse_give(c->law->pulse, &c->params, 0, &batch);
    for (size_t i = 0; i < CONTRACT_CELLS; i++)
        cr_assert(energy[i] >= 0 && isfinite(energy[i]));
}

static const double quiet[2 * CONTRACT_CELLS] = {0};

static void keeps_directions(const struct law *law)
{
    for (int sign = -1; sign <= 1; sign += 2) {
        static struct contract c, before;
        start_contract(law, &c);
        before = c;
        give(&c, sign * c.volts, quiet);
        for (size_t i = 0; i < CONTRACT_CELLS; i++)
            cr_assert_gt(sign * (c.g[i] - before.g[i]), 0, "%s: cell %zu from %g to %g", law->kind, i,
                         before.g[i], c.g[i]);
        before = c;
        give(&c, 0, quiet);
        for (size_t i = 0; i < CONTRACT_CELLS && law->pulse->knows_volts; i++)
            cr_assert_eq(c.g[i], before.g[i], "%s: moved at 0 V", law->kind);
    }
}

static void keeps_its_window(const struct law *law)
{
    for (int sign = -1; sign <= 1; sign += 2) {
        static struct contract c;
        double normals[2 * CONTRACT_CELLS];
        start_contract(law, &c);
        for (uint32_t k = 0; k < CONTRACT_PULSES; k++) {
            const struct random_key key = {.seed = 31, .draw = k};
            random_normals(&key, 2 * CONTRACT_CELLS, normals);
            give(&c, sign * c.volts * (1 + 0.1 * k), normals);
            for (size_t i = 0; i < CONTRACT_CELLS; i++) {
                struct pulse_state nearest = law->pulse->state(&c.params, &c.own[i], c.g[i]);
                double back = law->pulse->conductance(&c.params, &c.own[i], nearest);
                cr_assert(isfinite(c.g[i]) && fabs(back - c.g[i]) <= 1e-9 * c.g[i] + 1e-18,
                          "%s: cell %zu left its window: %g, nearest %g", law->kind, i, c.g[i], back);
            }
        }
    }
}

/* Many cells at once end where each ends alone, bit for bit, and a second time too. */
static void repeats_itself(const struct law *law)
{
    static struct contract c, again;
    double normals[2 * CONTRACT_CELLS];
    const struct random_key key = {.seed = 77};
    random_normals(&key, 2 * CONTRACT_CELLS, normals);
    start_contract(law, &c);
    start_contract(law, &again);
    give(&c, c.volts, normals);
    for (size_t i = 0; i < CONTRACT_CELLS; i++) {
        const double own[2] = {normals[i], normals[CONTRACT_CELLS + i]};
        struct pulse_state alone =
            law->pulse->pulse(&again.params, &again.own[i], again.state[i], c.volts, c.seconds, own);
        cr_assert(alone.x == c.state[i].x && alone.offset == c.state[i].offset, "%s: cell %zu", law->kind, i);
    }
}

Test(pulse, every_law_moves_cells_the_right_way_inside_their_window_and_alike_in_any_batch)
{
    size_t n_laws;
    const struct law *const *laws = law_list(&n_laws);
    for (size_t i = 0; i < n_laws; i++)
        if (laws[i]->block == LAW_PULSE) {
            keeps_directions(laws[i]);
            keeps_its_window(laws[i]);
            repeats_itself(laws[i]);
        }
}
