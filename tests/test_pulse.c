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
} shots[] = {
#define STANFORD &law_stanford, stanford, sizeof stanford / sizeof stanford[0], "stanford", "gn", "gap0"
#define VTEAM &law_vteam, vteam, sizeof vteam / sizeof vteam[0], "vteam", "x", "x0"
#define YAKOPCIC &law_yakopcic, yakopcic, sizeof yakopcic / sizeof yakopcic[0], "yakopcic", "x", "x0"
    {STANFORD, 1.7, 2.6, 50e-9, 2e-4},   {STANFORD, 1.0, 2.0, 100e-9, 2e-4},
    {STANFORD, 0.4, -1.9, 100e-9, 2e-4}, {STANFORD, 0.9, -2.4, 50e-9, 2e-4},
    {VTEAM, 0.9, 0.3, 5e-9, 2e-4},       {VTEAM, 0.2, -0.5, 200e-9, 2e-4},
    {YAKOPCIC, 0.11, 0.3, 1e-3, 2e-4},   {YAKOPCIC, 0.8, -0.3, 1e-3, 2e-4},
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
             "* pulse\n.include %s/spice/models/%s.sub\nVp te 0 pwl(0 0 %.9g %.9g %.9g %.9g)\n"
             "Xd te 0 st %s %s=%.12g\n.options reltol=1e-6 method=gear\n.end\n",
             source, shot->name, edge, shot->volts, shot->seconds, shot->volts, shot->name, shot->start_name,
             shot->start);
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
        const double none[2] = {0};
        fill(shot->law, &params, shot->values, shot->n_values);
        struct pulse_state end = shot->law->pulse->pulse(&params, &own, (struct pulse_state){shot->start, 0},
                                                         shot->volts, shot->seconds, none);
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
