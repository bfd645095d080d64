/*
 * A resistive array as an ngspice deck: the topology of docs/interface.md 1, branch by branch, nothing
 * combined or eliminated, so that it is independent of our own solvers. A resistance of 0 joins nodes by
 * giving them one name; open cells are left out, and so are floating lines that nothing connects to a
 * terminal. Nonlinear cells are B sources with the law of cell_law.h. Numbers have 17 digits.
 */
#ifndef SPICE_NETLIST_H
#define SPICE_NETLIST_H

#include "base/text.h"
#include "crossbar/cell_law.h"
#include "crossbar/edges.h"
#include "spice/netlist_model.h"

struct netlist_array {
    const struct network *network;
    const struct edges *edges;         /* NULL: the default */
    const struct cell_law *law;        /* NULL: linear */
    const double *conductance_siemens; /* [n_rows][n_columns] */
    double segment_farad;              /* to ground, at each cell of a word line and of a bit line */
    const struct netlist_model *model; /* cells as subcircuits of spice/models; NULL: as `law` says */
};

/*
 * Appends a deck that runs with `ngspice -b` and prints "i(vJ) = AMPERES" for every column J, positive into
 * its terminals (0 for a floating bit line). volts [n_rows]. RS_INTERNAL when memory is short.
 */
enum rs_status netlist_write(const struct netlist_array *array, const double *volts, struct text *deck,
                             struct rs_error *err) RS_MUST_CHECK;

/*
 * The same array without sources and analysis: ".subckt NAME s0 s1 ... o0 o1 ...", one port per driven word
 * line (where its driver begins) and per sensed bit line (the far end of its r_sense). span_volts: between
 * the highest and the lowest potential at any port, ever. RS_INPUT where a cell's conductance is outside the
 * model's range.
 */
enum rs_status netlist_write_subcircuit(const struct netlist_array *array, const char *name,
                                        double span_volts, struct text *deck,
                                        struct rs_error *err) RS_MUST_CHECK;

#endif
