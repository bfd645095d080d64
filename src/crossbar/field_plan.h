/* What field.c, for one drive, and field_many.c, for many at once, share. */
#ifndef CROSSBAR_FIELD_PLAN_H
#define CROSSBAR_FIELD_PLAN_H

#include "crossbar/bit_line.h"
#include "crossbar/contraction.h"
#include "crossbar/field.h"
#include "crossbar/word_line.h"

struct field_batch;

struct field_plan {
    struct network network;
    struct word_line word;
    struct bit_line bit;
    double *memory;
    double *x, *r, *z, *p, *q, *cells,
        *words;                   /* solution, residual, A^-1 r, direction, A p, N p, word-line volts */
    double *conductance, *drive;  /* row-major copy; scaled drives */
    double *floor;                /* least response of each current to |V|, amperes, scaled */
    double *magnitude, *residual; /* |drive| [n_rows]; workspace of the residual */
    double *sources;              /* [word_line_rows][n_columns], scaled */
    double *bias, *scaled_bias;   /* [n_columns], of the plan; of this drive */
    double *amperes;              /* [n_columns] */
    struct contraction_lines lines;
    struct field_batch *batch; /* for many drives at once; NULL until it is needed */
    bool batch_factored;
    bool biased, fed, to_the_end; /* any bias; sources hold something; a bit line floats */
};

/* Whether a bit line has no terminal. */
bool field_plan_floats(const struct field_plan *plan, size_t i_column);

/* Whether a terminal of a drive is not at ground. */
bool field_plan_biased(const struct field_plan *plan, const struct field_drive *drive);

/* Fills plan->drive and plan->scaled_bias with drives and potentials of the terminals, scaled by a power of
 * two to at most 1 V, so that squares of small ones keep their digits. Returns what 1 V stands for; 0: no
 * drive, nothing is filled. */
double field_plan_scale(struct field_plan *plan, const struct field_drive *drive);

/* plan->sources: those given, scaled, and -G bias. */
void field_plan_fill_sources(struct field_plan *plan, const double *source_amperes, double scale);

/* [n_rows][n_columns]: currents into the bit lines that plan->sources cause while all bit lines are at 0 V;
 * overwrites plan->p, where they are. */
const double *field_plan_source_currents(struct field_plan *plan);

double field_plan_residual(struct field_plan *plan, const double *conductance_siemens,
                           const struct cell_law *law, const double *bias_volts, const double *volts,
                           const double *word_line_volts, const double *bit_line_volts);

/* [n_drives] of each (field_solve_many); amperes to reports may be NULL. errors: estimated, of each drive's
 * currents relative to the sum of |cell currents| of their column. passes: of the sweeps. solved: whether it
 * converged. */
struct field_plan_law_outputs {
    double *amperes, *words, *bits;
    struct field_report *reports;
    double *errors;
    size_t *passes;
    bool *solved;
};

/*
 * Cells that follow a law, plan factored for their conductances at 0 V: chord steps inside the sweeps. Drives
 * have volts alone. Nothing is solved where the law has an access resistance or sweeps do not serve.
 */
void field_plan_solve_law(struct field_plan *plan, const struct cell_law *law, size_t n_drives,
                          const struct field_drive *drives, double tolerance_ratio,
                          const struct field_plan_law_outputs *outputs);

void field_plan_destroy_batch(struct field_batch *batch);

#endif
