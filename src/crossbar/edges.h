/*
 * What an array has at its edges beside the default of network.h: which ends of the lines are driven and
 * sensed, lines without any, bit lines held at another potential than ground, and a device in series with
 * each cell.
 *
 * A driver on the right mirrors the one on the left: source V_i, r_driver, one segment r_word_line, last
 * cell. Sensing on top mirrors the bottom: one segment r_bit_line above row 0, r_sense, the line's bias. Two
 * drivers of a line have one voltage, two sense branches one bias; their currents are added. A floating line
 * has no driver or no sense branch at all; its current is 0.
 */
#ifndef CROSSBAR_EDGES_H
#define CROSSBAR_EDGES_H

#include "crossbar/network.h"

enum edges_drive { EDGES_DRIVE_LEFT, EDGES_DRIVE_RIGHT, EDGES_DRIVE_BOTH };
enum edges_sense { EDGES_SENSE_BOTTOM, EDGES_SENSE_TOP, EDGES_SENSE_BOTH };

/* All zero: the default. Arrays are the caller's. */
struct edges {
    enum edges_drive drive;
    enum edges_sense sense;
    const unsigned char *word_line_floating, *bit_line_floating; /* [n_rows], [n_columns]; NULL: none */
    const double *bit_line_bias_volts;                           /* [n_columns]; NULL: ground */
    double r_access_ohm;                                         /* in series with each cell */
};

/* The two ends of a line, siemens: 0 where nothing is connected, INFINITY where the line is its terminal. Of
 * a joined line (one node) all lies in `first` of a word line, in `last` of a bit line. */
struct edges_ends {
    double first, last; /* left and right, or top and bottom */
};

/* edges may be NULL: the default. */
struct edges_ends edges_word_line(const struct network *network, const struct edges *edges, size_t i_row);
struct edges_ends edges_bit_line(const struct network *network, const struct edges *edges, size_t i_column);

/* Potential of a bit line's terminals; 0 for a floating one. */
double edges_bias_volts(const struct edges *edges, size_t i_column);
bool edges_biased(const struct edges *edges, size_t n_columns);

/* Whether the lines' ends are those of the default (r_access_ohm aside). */
bool edges_are_default(const struct network *network, const struct edges *edges);

/* A cell and its access resistance in series. */
double edges_cell_siemens(const struct edges *edges, double conductance_siemens);

#endif
