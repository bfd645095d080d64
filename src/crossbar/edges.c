#include "crossbar/edges.h"

#include <math.h>

static bool floats(const unsigned char *floating, size_t i)
{
    return floating != NULL && floating[i] != 0;
}

static struct edges_ends ends(const struct network_branches *branches, bool first, bool last)
{
    double siemens = branches->shorted ? (double)INFINITY : branches->end_siemens;
    if (branches->joined)
        return (struct edges_ends){first && last ? 2 * siemens : first || last ? siemens : 0, 0};
    return (struct edges_ends){first ? siemens : 0, last ? siemens : 0};
}

struct edges_ends edges_word_line(const struct network *network, const struct edges *edges, size_t i_row)
{
    struct network_branches branches = network_word_line(network);
    if (edges == NULL)
        return ends(&branches, true, false);
    bool driven = !floats(edges->word_line_floating, i_row);
    return ends(&branches, driven && edges->drive != EDGES_DRIVE_RIGHT,
                driven && edges->drive != EDGES_DRIVE_LEFT);
}

struct edges_ends edges_bit_line(const struct network *network, const struct edges *edges, size_t i_column)
{
    struct network_branches branches = network_bit_line(network);
    if (edges == NULL)
        return ends(&branches, false, true);
    bool sensed = !floats(edges->bit_line_floating, i_column);
    return ends(&branches, sensed && edges->sense != EDGES_SENSE_BOTTOM,
                sensed && edges->sense != EDGES_SENSE_TOP);
}

double edges_bias_volts(const struct edges *edges, size_t i_column)
{
    if (edges == NULL || edges->bit_line_bias_volts == NULL || floats(edges->bit_line_floating, i_column))
        return 0;
    return edges->bit_line_bias_volts[i_column];
}

bool edges_biased(const struct edges *edges, size_t n_columns)
{
    for (size_t j = 0; j < n_columns; j++)
        if (edges_bias_volts(edges, j) != 0)
            return true;
    return false;
}

bool edges_are_default(const struct network *network, const struct edges *edges)
{
    bool plain = edges->drive == EDGES_DRIVE_LEFT && edges->sense == EDGES_SENSE_BOTTOM &&
                 !edges_biased(edges, network->n_columns);
    for (size_t i = 0; i < network->n_rows && plain; i++)
        plain = !floats(edges->word_line_floating, i);
    for (size_t j = 0; j < network->n_columns && plain; j++)
        plain = !floats(edges->bit_line_floating, j);
    return plain;
}

double edges_cell_siemens(const struct edges *edges, double conductance_siemens)
{
    return conductance_siemens / (1 + edges->r_access_ohm * conductance_siemens);
}
