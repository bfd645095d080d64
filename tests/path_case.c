#include "path_case.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "crossbar/array_solver.h"
#include "numeric/random.h"

void path_case_fill(struct path_case *c, size_t n, size_t n_vectors, uint64_t seed)
{
    struct random_key key = {.seed = seed, .purpose = RANDOM_PROBE};
    path_options_fill(&c->plan);
    random_uniforms(&key, n * n, c->conductance);
    key.draw = 1;
    random_uniforms(&key, n_vectors * n, c->volts);
    for (size_t k = 0; k < n * n; k++)
        c->conductance[k] = 1e-5 * pow(10, c->conductance[k]);
    for (size_t k = 0; k < n_vectors * n; k++)
        c->volts[k] = 0.2 * c->volts[k] - 0.1;
    c->array = (struct array_file){.network = {.n_rows = n,
                                               .n_columns = n,
                                               .r_word_line_ohm = 2,
                                               .r_bit_line_ohm = 2,
                                               .r_driver_ohm = 100,
                                               .r_sense_ohm = 1500},
                                   .conductance = c->conductance,
                                   .n_vectors = n_vectors,
                                   .voltage = c->volts};
    c->path = (struct path){.plan = &c->plan, .array = &c->array, .n_vectors = n_vectors, .volts = c->volts};
}

void path_case_currents(const struct path_case *c, double *amperes)
{
    struct array_solver *solver;
    struct rs_error err;
    struct array_solver_report reports[PATH_CASE_VECTORS_MAX];
    cr_assert_eq(array_solver_create_borrow(&c->array, &solver, &err), RS_OK, "%s", err.text);
    cr_assert_eq(array_solver_solve(solver, c->path.n_vectors, c->volts, NETWORK_SOLVER_TRANSFER, 1e-11,
                                    amperes, NULL, NULL, reports, &err),
                 RS_OK, "%s", err.text);
    array_solver_destroy(solver);
}

static double compress(const struct path_options *options, double volts)
{
    return options->sense == PATH_RESISTOR ? volts
                                           : options->swing_volts * tanh(volts / options->swing_volts);
}

void path_case_inputs(const struct path_case *c, double *volts)
{
    double amperes[PATH_CASE_VECTORS_MAX * PATH_CASE_LINES_MAX];
    size_t n = c->array.network.n_columns, n_slots = path_n_slots(&c->plan.path, n);
    double gain = path_gain_ohm(&c->plan, c->array.network.r_sense_ohm);
    double threshold = c->plan.reference.threshold_amperes.values[0];
    path_case_currents(c, amperes);
    for (size_t v = 0; v < c->path.n_vectors; v++)
        for (size_t j = 0; j < n_slots; j++)
            volts[v * n_slots + j] = compress(&c->plan.path, gain * (amperes[v * n + 2 * j] - threshold)) -
                                     compress(&c->plan.path, gain * amperes[v * n + 2 * j + 1]);
}
