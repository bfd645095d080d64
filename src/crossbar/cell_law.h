/*
 * The current-voltage law of a cell: I = G f(v), f odd, rising, f'(0) = 1, so that G is the conductance at 0
 * V.
 *
 * linear: f = v. sinh: f = v0 sinh(v / v0), straight beyond |v| = 30 v0. table: f(v) = v factor(|v|) at the
 * given voltages, a monotone cubic through f between them (Fritsch and Carlson, SIAM J. Numer. Anal. 17,
 * 1980, with the slopes of Fritsch and Butland), straight beyond the last. f itself is interpolated, not the
 * factor, because a circuit has one solution as long as f rises. Devices in series with each cell: a
 * resistance and a selector (cell_selector.h).
 */
#ifndef CROSSBAR_CELL_LAW_H
#define CROSSBAR_CELL_LAW_H

#include <stddef.h>

#include "crossbar/cell_selector.h"
#include "rescore/status.h"

/* Beyond that many v0 the sinh goes on straight: no cell gets there, but an iteration may. */
#define CELL_LAW_SINH_LIMIT 30.0

enum cell_law_kind { CELL_LAW_LINEAR, CELL_LAW_SINH, CELL_LAW_TABLE };

/* f(v) for v from `start` on: a + s (b + s (c + s d)), s = v - start. */
struct cell_law_piece {
    double start_volts, a, b, c, d;
};

/* All zero: linear. */
struct cell_law {
    enum cell_law_kind kind;
    double v0_volts;               /* sinh */
    size_t n_pieces;               /* table; the first starts at 0 V, the last goes on for ever */
    struct cell_law_piece *pieces; /* owned */
    double r_access_ohm;           /* in series with each cell */
    struct cell_selector selector; /* likewise */
};

/* Whether a cell's current is proportional to the voltage across it and its devices. */
bool cell_law_is_linear(const struct cell_law *law);

/*
 * A table for v >= 0 or symmetric to 0 V, voltages rising, factors positive; the caller frees with
 * cell_law_clear. RS_INPUT, with the reason, when volts x factor does not rise, the factor at 0 V is not 1,
 * or it falls so fast that no rising cubic starts with slope 1.
 */
enum rs_status cell_law_init_table(struct cell_law *law, size_t n, const double *volts, const double *factor,
                                   struct rs_error *err) RS_MUST_CHECK;
void cell_law_clear(struct cell_law *law);

/* Current of a cell (and its devices in series) at `volts`, and dI/dV in tangent_siemens. */
double cell_law_current(const struct cell_law *law, double conductance_siemens, double volts,
                        double *tangent_siemens);

/* amperes [n] of the cells of one row at word_volts - bit_volts; law NULL: conductances alone. */
void cell_law_currents(const struct cell_law *law, const double *conductance_siemens,
                       const double *word_volts, const double *bit_volts, size_t n, double *amperes);

#endif
