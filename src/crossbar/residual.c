#include "crossbar/residual.h"

#include <math.h>
#include <string.h>

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
static void balance_word_line(const struct network_branches *branches, double volts,
                              const double *restrict words, const double *restrict cells, size_t n,
                              double *restrict wires, double *restrict errors, struct balance *balance)
{
    if (branches->joined) {
        double sum = 0;
        for (size_t j = 0; j < n; j++)
            sum += cells[j];
        double driver = branches->shorted ? sum : branches->end_siemens * (volts - words[0]);
        note(balance, driver - sum, driver);
        return;
    }
    wires[0] = branches->end_siemens * (volts - words[0]);
    for (size_t j = 1; j < n; j++)
        wires[j] = branches->wire_siemens * (words[j - 1] - words[j]);
    wires[n] = 0;
    for (size_t j = 0; j < n; j++)
        errors[j] = wires[j] - wires[j + 1] - cells[j];
    note_all(balance, errors, n);
    note(balance, 0, wires[0]);
}

/* Kirchhoff errors of a row of the bit lines; `flow` [n] holds what comes from above, then what goes on
 * below. */
static void balance_bit_row(const struct network_branches *branches, bool last, const double *restrict bits,
                            const double *restrict cells, size_t n, double *restrict flow,
                            double *restrict errors, struct balance *balance)
{
    double below = last ? branches->end_siemens : branches->wire_siemens;
    for (size_t j = 0; j < n && branches->joined; j++) {
        flow[j] += cells[j];
        errors[j] = last && !branches->shorted ? flow[j] - below * bits[j] : 0;
    }
    for (size_t j = 0; j < n && !branches->joined; j++) {
        double wire = below * (bits[j] - (last ? 0 : bits[j + n]));
        errors[j] = flow[j] + cells[j] - wire;
        flow[j] = wire;
    }
    note_all(balance, errors, n);
}

double residual_compute(const struct network *network, const double *conductance_siemens, const double *volts,
                        const double *word_line_volts, const double *bit_line_volts, double *workspace)
{
    size_t n = network->n_columns;
    struct network_branches word = network_word_line(network), bit = network_bit_line(network);
    double *cells = workspace, *wires = cells + n, *errors = wires + n + 1, *flow = errors + n;
    struct balance balance = {0};
    memset(flow, 0, n * sizeof *flow);
    for (size_t i = 0; i < network->n_rows; i++) {
        const double *words = word_line_volts + i * n, *bits = bit_line_volts + i * n;
        for (size_t j = 0; j < n; j++)
            cells[j] = conductance_siemens[i * n + j] * (words[j] - bits[j]);
        balance_word_line(&word, volts[i], words, cells, n, wires, errors, &balance);
        balance_bit_row(&bit, i + 1 == network->n_rows, bits, cells, n, flow, errors, &balance);
    }
    if (isnan(balance.check))
        return (double)NAN;
    if (balance.driver > 0)
        return balance.worst / balance.driver;
    return balance.worst > 0 ? (double)INFINITY : 0;
}
