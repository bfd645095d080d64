#include "crossbar/network.h"

#include <string.h>

#include "base/text.h"

#define VALUE_MIN 1e-100
#define VALUE_MAX 1e100

static const char *const solver_names[] = {"transfer", "field"};
enum { N_SOLVERS = sizeof solver_names / sizeof solver_names[0] };

static struct network_branches branches(double r_wire_ohm, double r_end_ohm)
{
    struct network_branches line = {.joined = r_wire_ohm == 0};
    line.shorted = line.joined && r_end_ohm == 0;
    line.wire_siemens = line.joined ? 0 : 1 / r_wire_ohm;
    line.end_siemens = line.shorted ? 0 : 1 / (r_wire_ohm + r_end_ohm);
    return line;
}

struct network_branches network_word_line(const struct network *network)
{
    return branches(network->r_word_line_ohm, network->r_driver_ohm);
}

struct network_branches network_bit_line(const struct network *network)
{
    return branches(network->r_bit_line_ohm, network->r_sense_ohm);
}

bool network_accepts(double value)
{
    return value == 0 || (value >= VALUE_MIN && value <= VALUE_MAX);
}

enum rs_status network_check(const struct network *network, struct rs_error *err)
{
    const char *const names[] = {"r_word_line_ohm", "r_bit_line_ohm", "r_driver_ohm", "r_sense_ohm"};
    const double values[] = {network->r_word_line_ohm, network->r_bit_line_ohm, network->r_driver_ohm,
                             network->r_sense_ohm};
    if (network->n_rows == 0 || network->n_columns == 0)
        return rs_fail(err, RS_INPUT, "an array of %zu x %zu cells found, at least 1 x 1 expected",
                       network->n_rows, network->n_columns);
    if (network->n_rows > NETWORK_LINES_MAX || network->n_columns > NETWORK_LINES_MAX)
        return rs_fail(err, RS_INPUT, "an array of %zu x %zu cells found, at most %d lines each way expected",
                       network->n_rows, network->n_columns, NETWORK_LINES_MAX);
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        if (!network_accepts(values[i]))
            return rs_fail(err, RS_INPUT, "%s = %g found, 0 or a positive resistance (%g to %g ohm) expected",
                           names[i], values[i], VALUE_MIN, VALUE_MAX);
    return RS_OK;
}

const char *network_solver_name(enum network_solver solver)
{
    return solver_names[solver];
}

enum rs_status network_find_solver(const char *name, enum network_solver *solver, struct rs_error *err)
{
    for (int i = 0; i < N_SOLVERS; i++)
        if (strcmp(name, solver_names[i]) == 0) {
            *solver = (enum network_solver)i;
            return RS_OK;
        }
    const char *nearest = text_nearest(name, solver_names, N_SOLVERS);
    if (nearest != NULL)
        return rs_fail(err, RS_USAGE, "solver '%s' found, transfer or field expected; did you mean '%s'?",
                       name, nearest);
    return rs_fail(err, RS_USAGE, "solver '%s' found, transfer or field expected", name);
}
