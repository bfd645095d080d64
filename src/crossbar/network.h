/*
 * The resistive array: which branch joins what (docs/interface.md 1).
 *
 * Word line i: source V_i, then r_driver and one segment r_word_line in series, cell 0, one segment, cell 1,
 * ...; its right end is open. Bit line j: its end at row 0 is open, one segment r_bit_line between
 * neighbouring cells, after the last row one more segment and r_sense in series, then ground, where the
 * current is sensed. The cell (i,j) joins word-line node (i,j) and bit-line node (i,j). A resistance of 0
 * joins nodes exactly. Each resistance is the same for all lines, or given line by line.
 */
#ifndef CROSSBAR_NETWORK_H
#define CROSSBAR_NETWORK_H

#include <stdbool.h>
#include <stddef.h>

#include "rescore/status.h"

enum { NETWORK_LINES_MAX = 32768 };

/* Resistances line by line, the caller's: [n_rows] of word lines and drivers, [n_columns] of bit lines and
 * sense branches. NULL: the network's, for all lines. */
struct network_lines {
    const double *r_word_line_ohm, *r_bit_line_ohm, *r_driver_ohm, *r_sense_ohm;
};

struct network {
    size_t n_rows, n_columns;
    double r_word_line_ohm, r_bit_line_ohm, r_driver_ohm, r_sense_ohm;
    struct network_lines lines;
};

/* Branches of one line. A line whose wire is joined is one node; a shorted end makes that node the source or
 * ground. */
struct network_branches {
    double r_wire_ohm, r_end_ohm; /* of each segment; of driver or sense branch, without its segment */
    double wire_siemens;          /* between neighbouring cells; 0 where the line is joined */
    double end_siemens; /* driver or sense branch, its segment included; 0 where the end is shorted */
    bool joined;        /* wire resistance 0: the whole line is one node */
    bool shorted;       /* joined, and no resistance at its end either */
};

struct network_branches network_word_line(const struct network *network, size_t i_row);
struct network_branches network_bit_line(const struct network *network, size_t i_column);

/* Whether no resistance is given line by line. */
bool network_is_uniform(const struct network *network);

/* Whether one resistance or conductance value may stand in a network: 0, or finite and between 1e-100 and
 * 1e100. */
bool network_accepts(double value);

/* RS_INPUT when there are no cells, too many, or a resistance is negative or not finite. */
enum rs_status network_check(const struct network *network, struct rs_error *err) RS_MUST_CHECK;

enum network_solver { NETWORK_SOLVER_TRANSFER, NETWORK_SOLVER_FIELD };

/* "transfer" (reduction to T, then V T) or "field" (all node voltages by conjugate gradients). */
const char *network_solver_name(enum network_solver solver);
enum rs_status network_find_solver(const char *name, enum network_solver *solver,
                                   struct rs_error *err) RS_MUST_CHECK;

#endif
