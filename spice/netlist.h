/*
 * A resistive array as an ngspice deck: the topology of docs/interface.md 1, branch by branch, nothing
 * combined or eliminated, so that it is independent of our own solvers. A resistance of 0 joins nodes by
 * giving them one name; open cells are left out. Numbers have 17 digits.
 */
#ifndef SPICE_NETLIST_H
#define SPICE_NETLIST_H

#include "base/text.h"
#include "crossbar/network.h"

/*
 * Appends a deck that runs with `ngspice -b` and prints "i(vJ) = AMPERES" for every column J, positive into
 * ground. conductance_siemens [n_rows][n_columns], volts [n_rows].
 */
void netlist_write(const struct network *network, const double *conductance_siemens, const double *volts,
                   struct text *deck);

#endif
