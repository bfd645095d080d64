#include "crossbar/sense_node.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "crossbar/bit_line.h"

struct sense_node {
    const struct network *network;
    struct bit_line line;
    double *branch_siemens, *amperes, *volts; /* [n_rows][n_columns] */
};

enum rs_status sense_node_create(const struct network *network, struct sense_node **out, struct rs_error *err)
{
    size_t n_cells = network->n_rows * network->n_columns;
    struct sense_node *node = memory_allocate(1, sizeof *node, err);
    *out = NULL;
    if (node == NULL)
        return RS_INTERNAL;
    node->network = network;
    node->branch_siemens = memory_allocate(3 * n_cells, sizeof(double), err);
    enum rs_status status = node->branch_siemens == NULL ? RS_INTERNAL : RS_OK;
    if (status == RS_OK)
        status = bit_line_init(&node->line, network, NULL, err);
    if (status != RS_OK) {
        sense_node_destroy(node);
        return status;
    }
    node->amperes = node->branch_siemens + n_cells;
    node->volts = node->amperes + n_cells;
    *out = node;
    return RS_OK;
}

void sense_node_destroy(struct sense_node *node)
{
    if (node == NULL)
        return;
    bit_line_clear(&node->line);
    free(node->branch_siemens);
    free(node);
}

static void fill_branches(struct sense_node *node, const double *conductance_siemens)
{
    const struct network *network = node->network;
    for (size_t i = 0; i < network->n_rows; i++) {
        struct network_branches word = network_word_line(network, i);
        for (size_t j = 0; j < network->n_columns; j++) {
            double g = conductance_siemens[i * network->n_columns + j];
            double r_ohm = word.r_end_ohm + (double)(j + 1) * word.r_wire_ohm;
            node->branch_siemens[i * network->n_columns + j] = g / (1 + g * r_ohm);
        }
    }
}

/* 1 / y is the line's resistance above r_sense, open at its far end. */
static double resistance(const struct sense_node *node, size_t j)
{
    const struct network *network = node->network;
    struct network_branches bit = network_bit_line(network, j);
    double y = 0;
    for (size_t i = 0; i < network->n_rows; i++) {
        y += node->branch_siemens[i * network->n_columns + j];
        y /= 1 + bit.r_wire_ohm * y;
    }
    return bit.r_end_ohm / (1 + bit.r_end_ohm * y);
}

static void find_delays(struct sense_node *node, double line_farads, double *delay_seconds)
{
    size_t n_rows = node->network->n_rows, n_columns = node->network->n_columns, n_cells = n_rows * n_columns;
    const double *last = node->volts + (n_rows - 1) * n_columns;
    double cell_farads = line_farads / (double)n_rows;
    bit_line_factor(&node->line, node->branch_siemens);
    bit_line_solve(&node->line, node->branch_siemens, node->volts);
    memcpy(delay_seconds, last, n_columns * sizeof *delay_seconds);
    for (size_t c = 0; c < n_cells; c++)
        node->amperes[c] = cell_farads * node->volts[c];
    bit_line_solve(&node->line, node->amperes, node->volts);
    for (size_t j = 0; j < n_columns; j++)
        delay_seconds[j] = delay_seconds[j] > 0 ? last[j] / delay_seconds[j] : 0;
}

void sense_node_compute(struct sense_node *node, const double *conductance_siemens, double line_farads,
                        double *resistance_ohm, double *delay_seconds)
{
    fill_branches(node, conductance_siemens);
    for (size_t j = 0; j < node->network->n_columns && resistance_ohm != NULL; j++)
        resistance_ohm[j] = resistance(node, j);
    if (delay_seconds != NULL)
        find_delays(node, line_farads, delay_seconds);
}
