#include "crossbar/edges.h"

#include <math.h>

static bool floats(const unsigned char *floating, size_t i)
{
    return floating != NULL && floating[i] != 0;
}

/* Siemens of one end, and of two ends that are the same node. */
static double end_of(const struct network_branches *branches, int n_ends)
{
    if (n_ends == 0)
        return 0;
    return branches->shorted ? (double)INFINITY : n_ends * branches->end_siemens;
}

struct edges_ends edges_word_line(const struct network *network, const struct edges *edges, size_t i_row)
{
    struct network_branches branches = network_word_line(network, i_row);
    bool driven = edges == NULL || !floats(edges->word_line_floating, i_row);
    bool left = driven && (edges == NULL || edges->drive != EDGES_DRIVE_RIGHT);
    bool right = driven && edges != NULL && edges->drive != EDGES_DRIVE_LEFT;
    if (branches.joined)
        return (struct edges_ends){end_of(&branches, left + right), 0};
    return (struct edges_ends){end_of(&branches, left), end_of(&branches, right)};
}

struct edges_ends edges_bit_line(const struct network *network, const struct edges *edges, size_t i_column)
{
    struct network_branches branches = network_bit_line(network, i_column);
    bool sensed = edges == NULL || !floats(edges->bit_line_floating, i_column);
    bool top = sensed && edges != NULL && edges->sense != EDGES_SENSE_BOTTOM;
    bool bottom = sensed && (edges == NULL || edges->sense != EDGES_SENSE_TOP);
    if (branches.joined)
        return (struct edges_ends){0, end_of(&branches, top + bottom)};
    return (struct edges_ends){end_of(&branches, top), end_of(&branches, bottom)};
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
