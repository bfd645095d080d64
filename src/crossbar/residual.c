#include "crossbar/residual.h"

#include <math.h>

#include "crossbar/sweep.h"

/* Largest error and driver current so far; a NaN stays in `check`. */
struct balance {
    double worst, driver, check;
};

static void note(struct balance *balance, double error, double driver)
{
    balance->worst = fmax(balance->worst, fabs(error));
    balance->driver = fmax(balance->driver, fabs(driver));
    balance->check += error + driver;
}

static void note_all(struct balance *balance, const double *errors, size_t n)
{
    double part[4] = {0}, check[4] = {0};
    size_t j = 0;
    for (; j + 4 <= n; j += 4)
        for (size_t l = 0; l < 4; l++) {
            double error = fabs(errors[j + l]);
            part[l] = error > part[l] ? error : part[l];
            check[l] += error;
        }
    for (; j < n; j++)
        note(balance, errors[j], 0);
    for (size_t l = 0; l < 4; l++) {
        note(balance, part[l], 0);
        balance->check += check[l];
    }
}

/* Kirchhoff errors of one word line; wires [n + 1] and errors [n] are scratch. */
static void balance_word_line(const struct residual_array *array, size_t i_row, double volts,
                              const double *restrict words, const double *restrict cells,
                              double *restrict wires, double *restrict errors, struct balance *balance)
{
    const struct network_branches branches = network_word_line(array->network, i_row);
    size_t n = array->network->n_columns;
    double left = array->left_siemens[i_row], right = array->right_siemens[i_row];
    if (branches.joined) {
        double sum = 0;
        for (size_t j = 0; j < n; j++)
            sum += cells[j];
        double driver = isinf(left) ? sum : left * (volts - words[0]);
        note(balance, driver - sum, driver);
        return;
    }
    wires[0] = left * (volts - words[0]);
    for (size_t j = 1; j < n; j++)
        wires[j] = branches.wire_siemens * (words[j - 1] - words[j]);
    wires[n] = right * (words[n - 1] - volts);
    for (size_t j = 0; j < n; j++)
        errors[j] = wires[j] - wires[j + 1] - cells[j];
    note_all(balance, errors, n);
    note(balance, 0, wires[0]);
    note(balance, 0, wires[n]);
}

static double bias_of(const struct residual_array *array, size_t j)
{
    return array->bias_volts == NULL ? 0 : array->bias_volts[j];
}

/* What the line's end takes of a column with `flow` amperes; all where it is a terminal. */
static double into_end(const struct residual_array *array, size_t j, double volts, double flow)
{
    double end = array->bottom_siemens[j];
    return isinf(end) ? flow : end * (volts - bias_of(array, j));
}

/* Kirchhoff errors of a row of the bit lines; `flow` [n] holds what comes from above, then what goes on
 * below. Nodes that are joined (wires of 0 S here) pass all on. */
static void balance_bit_lines(const struct residual_array *array, bool last, const double *restrict bits,
                              const double *restrict cells, const double *restrict wires,
                              double *restrict flow, double *restrict errors, struct balance *balance)
{
    size_t n = array->network->n_columns;
    for (size_t j = 0; j < n && last; j++) {
        double down = into_end(array, j, bits[j], flow[j] + cells[j]);
        errors[j] = flow[j] + cells[j] - down;
        flow[j] = down;
    }
    for (size_t j = 0; j < n && !last; j++) {
        double all = flow[j] + cells[j], down = wires[j] > 0 ? wires[j] * (bits[j] - bits[j + n]) : all;
        errors[j] = all - down;
        flow[j] = down;
    }
    note_all(balance, errors, n);
    for (size_t j = 0; j < n && last && array->bias_volts != NULL; j++)
        note(balance, 0, flow[j]);
}

/* amperes [n] of the cells of one row; `volts` [n] is scratch. */
static void cell_currents(const struct residual_array *array, const struct sweep_kernel *kernel, size_t i_row,
                          const double *restrict words, const double *restrict bits, double *restrict volts,
                          double *restrict amperes)
{
    const struct cell_law *law = array->law;
    size_t n = array->network->n_columns;
    const double *siemens = array->conductance_siemens + i_row * n;
    double tangent;
    for (size_t j = 0; j < n; j++)
        volts[j] = words[j] - bits[j];
    if (law != NULL && !cell_law_is_bare(law)) {
        for (size_t j = 0; j < n; j++)
            amperes[j] = cell_law_current(law, siemens[j], volts[j], &tangent);
        return;
    }
    if (law != NULL) {
        kernel->excess(law, volts, n, amperes);
        for (size_t j = 0; j < n; j++)
            volts[j] += amperes[j];
    }
    for (size_t j = 0; j < n; j++)
        amperes[j] = siemens[j] * volts[j];
}

double residual_compute(const struct residual_array *array, const double *volts,
                        const double *word_line_volts, const double *bit_line_volts, double *workspace)
{
    size_t n = array->network->n_columns, n_rows = array->network->n_rows;
    double *cells = workspace, *wires = cells + n, *errors = wires + n + 1, *flow = errors + n,
           *bit_wires = flow + n;
    const struct sweep_kernel *kernel = sweep_kernel_of(kernel_chosen());
    struct balance balance = {0};
    for (size_t j = 0; j < n; j++) {
        bit_wires[j] = array->r_bit_line_ohm[j] > 0 ? 1 / array->r_bit_line_ohm[j] : 0;
        flow[j] = array->top_siemens[j] * (bias_of(array, j) - bit_line_volts[j]);
        note(&balance, 0, array->bias_volts == NULL ? 0 : flow[j]);
    }
    for (size_t i = 0; i < n_rows; i++) {
        const double *words = word_line_volts + i * n, *bits = bit_line_volts + i * n;
        cell_currents(array, kernel, i, words, bits, errors, cells);
        balance_word_line(array, i, volts[i], words, cells, wires, errors, &balance);
        balance_bit_lines(array, i + 1 == n_rows, bits, cells, bit_wires, flow, errors, &balance);
    }
    if (isnan(balance.check))
        return (double)NAN;
    if (balance.driver > 0)
        return balance.worst / balance.driver;
    return balance.worst > 0 ? (double)INFINITY : 0;
}
