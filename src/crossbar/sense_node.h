/*
 * A bit line as its comparator sees it: each line alone, a ladder whose cells lead through their word line to
 * a driver, 1 / (1/G + r_driver + (j + 1) r_word_line) at column j. The cells of other columns, which load
 * the word lines, are left out: they change a resistance or delay by some r_driver sum(G) of itself.
 *
 *     resistance   at the node between the line's last segment and r_sense, all sources at rest
 *     delay        Elmore's: of the current through r_sense after a step of all word lines together, the
 *                  integral of 1 - i(t) / i(infinity) over time; the line's capacitance lies evenly at its
 * cells
 *
 * Elmore, J. Appl. Phys. 19 (1948) 55; for an output of an RC network fed by many sources,
 * delay = [A^-1 C v] / v there, A v = b the settled voltages.
 */
#ifndef CROSSBAR_SENSE_NODE_H
#define CROSSBAR_SENSE_NODE_H

#include "crossbar/network.h"

struct sense_node;

/* `network` must outlive it. */
enum rs_status sense_node_create(const struct network *network, struct sense_node **out,
                                 struct rs_error *err) RS_MUST_CHECK;
void sense_node_destroy(struct sense_node *node);

/* conductance_siemens [n_rows][n_columns]; resistance_ohm, delay_seconds [n_columns] out, each may be NULL. A
 * line that is ground, or without cells, has no delay. */
void sense_node_compute(struct sense_node *node, const double *conductance_siemens, double line_farads,
                        double *resistance_ohm, double *delay_seconds);

#endif
