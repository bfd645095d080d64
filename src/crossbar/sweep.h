/*
 * Sweeps over all node voltages of an array for several drives at once, one in each lane of the kernel's
 * vectors: for given bit-line voltages w all word lines are solved exactly, for the cell currents that follow
 * all bit lines (block Gauss-Seidel, w <- H w + c).
 *
 * One pass over the rows does both: on its way down it finishes the bit lines that the pass before eliminated
 * on its way up, solves each word line, and eliminates the bit lines again, downwards; the next pass goes up.
 * Only one field lies in memory, half-solved, read and written once per pass. Every recursion a' = share a +
 * b of word_line.h and bit_line.h is scaled by the product of its shares and becomes a sum, so that a pass
 * takes four multiply-adds per cell. All terms of a sum have the sign of the drive: nothing is subtracted.
 */
#ifndef CROSSBAR_SWEEP_H
#define CROSSBAR_SWEEP_H

#include "base/kernel.h"
#include "crossbar/bit_line.h"
#include "crossbar/cell_law.h"
#include "crossbar/word_line.h"

enum { SWEEP_ROWS = 4, SWEEP_LANES_MAX = 8 };

enum sweep_way { SWEEP_DOWN, SWEEP_UP, SWEEP_WAYS };

/*
 * Factors of an array, rows in groups of four: [n_groups][n_columns][row]. Those with two ways belong to the
 * pass that goes this way. A scaled voltage or current times its scale is the physical one.
 */
struct sweep {
    size_t n_rows, n_columns, n_groups;
    double *finish[SWEEP_WAYS];               /* half-solved bit-line node to scaled voltage */
    double *to_word[SWEEP_WAYS];              /* scaled bit-line voltage to scaled current of the word line */
    double *along;                            /* that to scaled word-line voltage */
    double *to_bit[SWEEP_WAYS];               /* that to half-solved bit-line node */
    double *bit_scale[SWEEP_WAYS];            /* of bit-line voltages */
    double *word_scale;                       /* of word-line voltages */
    double *cell_word, *cell_bit[SWEEP_WAYS]; /* volts at a cell to the scaled currents of both lines */
    double *source_word, *source_bit[SWEEP_WAYS]; /* amperes likewise */
    double *conductance;
    double *drive_left, *drive_right; /* [n_groups][row]: source to scaled voltage; to scaled current */
    double *top, *bottom;             /* [n_columns], siemens of the sense branches */
    double *lines;                    /* workspace, [4][n_columns] */
    double *memory;
};

/* What the lanes of one batch hold, L lanes side by side. Cell fields are [n_groups][n_columns][row][L]. */
struct sweep_batch {
    double *half;          /* the half-solved field */
    double *sources;       /* amperes beside the cells; of cells with a law volts, f(v) - (u - w); or NULL */
    double *now, *before;  /* Chebyshev: bit-line volts of this iterate and the last; NULL: plain sweeps */
    double gain, momentum; /* of Chebyshev */
    double *volts;         /* [n_groups][row][L], the drives */
    double *bias;          /* [n_columns][L], that w of cells with a law is counted from */
    double *unit;          /* [n_columns][L], gets the sum of |cell currents| of cells with a law; or NULL */
    double *words, *cells; /* workspace [n_columns][row][L] */
    double *bits, *passed; /* workspace [n_columns][L] */
    double *amperes;       /* [n_columns][L], column currents of an iterate */
};

struct sweep_kernel {
    size_t n_lanes;

    /* One pass. `fresh`: from w = 0; else `amperes` gets the currents of the iterate it starts from. law
     * NULL: linear cells; else sinh or table, nothing in series. */
    void (*pass)(const struct sweep *sweep, const struct cell_law *law, enum sweep_way way, bool fresh,
                 struct sweep_batch *batch);

    /* Finishes an iterate the same way without going on: its currents, and its voltages where they are not
     * NULL. The half-solved field stays. */
    void (*finish)(const struct sweep *sweep, bool law, enum sweep_way way, struct sweep_batch *batch,
                   double *word_volts, double *bit_volts);

    /* excess_volts [n] = f(volts) - volts, |error| some 2e-16 of |f|. */
    void (*excess)(const struct cell_law *law, const double *volts, size_t n, double *excess_volts);

    /* largest [L]: of |one - other| x weight, all [n][L]. */
    void (*distance)(const double *one, const double *other, const double *weight, size_t n, double *largest);

    /* Lanes of a cell field, shift [n_columns][L] (or NULL) added, times scale [L], each to its out [L],
     * which is [n_rows][n_columns]; those that are NULL are left out. */
    void (*extract)(const struct sweep *sweep, const double *field, const double *scale, const double *shift,
                    double *const *out);
};

/* The functions of a kernel that runs here. */
const struct sweep_kernel *sweep_kernel_of(enum kernel kernel);

enum rs_status sweep_init(struct sweep *sweep, size_t n_rows, size_t n_columns,
                          struct rs_error *err) RS_MUST_CHECK;
void sweep_clear(struct sweep *sweep);

/* From the lines of an array, factored for conductance_siemens [n_rows][n_columns]. False where a bit line is
 * ground or scales leave the range of doubles: then there are no sweeps. */
bool sweep_factor(struct sweep *sweep, const struct word_line *word, const struct bit_line *bit,
                  const double *conductance_siemens);

/* Elements of a cell field without lanes, [n_groups][n_columns][row]; the place of a cell in it. */
size_t sweep_field_size(const struct sweep *sweep);
size_t sweep_place(const struct sweep *sweep, size_t i_row, size_t j_column);

#endif
