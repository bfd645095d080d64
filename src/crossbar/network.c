#include "crossbar/network.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define VALUE_MIN 1e-100
#define VALUE_MAX 1e100

static const char *const solver_names[] = {"transfer", "field"};
enum { N_SOLVERS = sizeof solver_names / sizeof solver_names[0] };

static struct network_branches branches(double r_wire_ohm, double r_end_ohm)
{
    struct network_branches line = {
        .r_wire_ohm = r_wire_ohm, .r_end_ohm = r_end_ohm, .joined = r_wire_ohm == 0};
    line.shorted = line.joined && r_end_ohm == 0;
    line.wire_siemens = line.joined ? 0 : 1 / r_wire_ohm;
    line.end_siemens = line.shorted ? 0 : 1 / (r_wire_ohm + r_end_ohm);
    return line;
}

static double of_line(const double *lines, double all, size_t i)
{
    return lines != NULL ? lines[i] : all;
}

struct network_branches network_word_line(const struct network *network, size_t i_row)
{
    return branches(of_line(network->lines.r_word_line_ohm, network->r_word_line_ohm, i_row),
                    of_line(network->lines.r_driver_ohm, network->r_driver_ohm, i_row));
}

struct network_branches network_bit_line(const struct network *network, size_t i_column)
{
    return branches(of_line(network->lines.r_bit_line_ohm, network->r_bit_line_ohm, i_column),
                    of_line(network->lines.r_sense_ohm, network->r_sense_ohm, i_column));
}

bool network_is_uniform(const struct network *network)
{
    const struct network_lines *lines = &network->lines;
    return lines->r_word_line_ohm == NULL && lines->r_bit_line_ohm == NULL && lines->r_driver_ohm == NULL &&
           lines->r_sense_ohm == NULL;
}

bool network_accepts(double value)
{
    return value == 0 || (value >= VALUE_MIN && value <= VALUE_MAX);
}

/* One kind of resistance: [n_lines] where `lines` is not NULL, else `all`. */
static enum rs_status check_ohm(const char *name, double all, const double *lines, size_t n_lines,
                                struct rs_error *err)
{
    for (size_t i = 0; i < (lines != NULL ? n_lines : 1); i++) {
        double value = of_line(lines, all, i);
        if (network_accepts(value))
            continue;
        char place[32] = "";
        if (lines != NULL)
            snprintf(place, sizeof place, "[%zu]", i);
        return rs_fail(err, RS_INPUT, "%s%s = %g found, 0 or a positive resistance (%g to %g ohm) expected",
                       name, place, value, VALUE_MIN, VALUE_MAX);
    }
    return RS_OK;
}

enum rs_status network_check(const struct network *network, struct rs_error *err)
{
    size_t n_rows = network->n_rows, n_columns = network->n_columns;
    const struct network_lines *lines = &network->lines;
    if (n_rows == 0 || n_columns == 0)
        return rs_fail(err, RS_INPUT, "an array of %zu x %zu cells found, at least 1 x 1 expected", n_rows,
                       n_columns);
    if (n_rows > NETWORK_LINES_MAX || n_columns > NETWORK_LINES_MAX)
        return rs_fail(err, RS_INPUT, "an array of %zu x %zu cells found, at most %d lines each way expected",
                       n_rows, n_columns, NETWORK_LINES_MAX);
    enum rs_status status =
        check_ohm("r_word_line_ohm", network->r_word_line_ohm, lines->r_word_line_ohm, n_rows, err);
    if (status == RS_OK)
        status = check_ohm("r_bit_line_ohm", network->r_bit_line_ohm, lines->r_bit_line_ohm, n_columns, err);
    if (status == RS_OK)
        status = check_ohm("r_driver_ohm", network->r_driver_ohm, lines->r_driver_ohm, n_rows, err);
    if (status == RS_OK)
        status = check_ohm("r_sense_ohm", network->r_sense_ohm, lines->r_sense_ohm, n_columns, err);
    return status;
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
