/*
 * What currents drawn from the sense nodes, between a bit line's last segment and r_sense, take from the
 * currents that the sense resistances show. A node passes on only the share of what is drawn that r_sense
 * carries: the array behind it, the line's own ladder first of all, carries the rest.
 *
 *     loss = Z drawn / r_sense,   Z the nodes' resistance matrix [n_columns][n_columns], r_sense in place
 *
 * exactly, coupling through word lines included: a current J drawn beside r_sense is a terminal at -J r_sense
 * (Thevenin), so that one field (field.h) gives all columns. Z_jj is sense_node.h's resistance but for the
 * other columns' load on the word lines.
 */
#ifndef CROSSBAR_LOADING_H
#define CROSSBAR_LOADING_H

#include "crossbar/field.h"

struct loading;

/* `network` must outlive it, with one r_sense for all columns; edges may be NULL. */
enum rs_status loading_create(const struct network *network, const struct edges *edges, struct loading **out,
                              struct rs_error *err) RS_MUST_CHECK;
void loading_destroy(struct loading *loading);

/* Takes conductance_siemens [n_rows][n_columns] of the cells, at small signals. */
void loading_factor(struct loading *loading, const double *conductance_siemens);

/* loss_amperes [n_columns] of drawn_amperes [n_columns]. False when the field did not converge. */
bool loading_compute(struct loading *loading, const double *drawn_amperes, double *loss_amperes);

#endif
