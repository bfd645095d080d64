/*
 * The linear response of an array with any edges (edges.h) that transfer.h does not reduce, from field
 * solutions: one per driven word line, and one of the biases with all drives at 0 V.
 * column current j = sum_i V_i transfer_ij + bias_amperes_j.
 */
#ifndef CROSSBAR_RESPONSE_H
#define CROSSBAR_RESPONSE_H

#include "crossbar/field.h"

/*
 * plan: factored for conductance_siemens [n_rows][n_columns], access resistances included. transfer_siemens
 * [n_rows][n_columns]; of a floating word line 0. bias_amperes, bias_scale_amperes [n_columns]: the currents
 * that biases cause, and the sums of the magnitudes of their cell currents, the unit of their error.
 * RS_INTERNAL when memory is short; converged tells whether all solutions did.
 */
enum rs_status response_compute(struct field_plan *plan, const struct network *network,
                                const double *conductance_siemens, double *transfer_siemens,
                                double *bias_amperes, double *bias_scale_amperes, bool *converged,
                                struct rs_error *err) RS_MUST_CHECK;

#endif
