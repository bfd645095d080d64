#include "crossbar/contraction.h"

#include <math.h>

enum { BISECTIONS = 60 };
#define HALF_PI 1.57079632679489661923

/* x tan x = ratio; x from 0 to pi/2 */
static double slowest_mode(double ratio)
{
    double low = 0, high = HALF_PI;
    for (int i = 0; i < BISECTIONS && isfinite(ratio); i++) {
        double middle = (low + high) / 2;
        if (middle * tan(middle) < ratio)
            low = middle;
        else
            high = middle;
    }
    return high;
}

/* A line led to its terminal at one end or both, which halves it. */
static double lead_of_line(const struct network_branches *line, size_t n_nodes, int n_ends)
{
    if (n_ends == 0)
        return 0;
    double n = (double)n_nodes / n_ends;
    if (line->joined)
        return 1 / (n * line->r_end_ohm);
    double x = slowest_mode(n * line->r_wire_ohm / line->r_end_ohm);
    return x / n * (x / n) / line->r_wire_ohm;
}

struct contraction_lines contraction_of_lines(const struct network *network, const struct edges *edges)
{
    static const struct edges default_edges = {0};
    struct contraction_lines slowest = {(double)INFINITY, (double)INFINITY};
    if (edges == NULL)
        edges = &default_edges;
    for (size_t i = 0; i < network->n_rows; i++) {
        const struct network_branches line = network_word_line(network, i);
        bool floating = edges->word_line_floating != NULL && edges->word_line_floating[i] != 0;
        int n_ends = floating ? 0 : edges->drive == EDGES_DRIVE_BOTH ? 2 : 1;
        slowest.word_siemens = fmin(slowest.word_siemens, lead_of_line(&line, network->n_columns, n_ends));
    }
    for (size_t j = 0; j < network->n_columns; j++) {
        const struct network_branches line = network_bit_line(network, j);
        bool floating = edges->bit_line_floating != NULL && edges->bit_line_floating[j] != 0;
        int n_ends = floating ? 0 : edges->sense == EDGES_SENSE_BOTH ? 2 : 1;
        slowest.bit_siemens = fmin(slowest.bit_siemens, lead_of_line(&line, network->n_rows, n_ends));
    }
    return slowest;
}

static double share(double conductance, double lead)
{
    return isinf(lead) || conductance == 0 ? 0 : conductance / (conductance + lead);
}

double contraction_predict(const struct contraction_lines *lines, double word_mean_siemens,
                           double bit_mean_siemens)
{
    return share(word_mean_siemens, lines->word_siemens) * share(bit_mean_siemens, lines->bit_siemens);
}
