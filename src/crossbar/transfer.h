/*
 * The transfer matrix T of a resistive array: column current j = sum_i V_i T_ij, exactly, for every drive at
 * once.
 *
 * A rectangle of cells is represented by the conductances between its ports; neighbours are merged by
 * eliminating the nodes they share, until only sources and sense terminals are left. About 34 n^3 operations
 * for n x n cells, nothing is ever subtracted (front.h): each entry is accurate to some 1e-15 of itself,
 * whatever the resistances.
 */
#ifndef CROSSBAR_TRANSFER_H
#define CROSSBAR_TRANSFER_H

#include "base/kernel.h"
#include "crossbar/edges.h"

/* Single precision is about twice as fast. Its entries are within 5e-6 of the greater of their value and
 * TRANSFER_F32_RESOLUTION (measured up to 128 x 128; half of that is usual). */
enum transfer_precision { TRANSFER_F64, TRANSFER_F32 };

/* Siemens: branches that single precision takes besides open ones, and what it can tell from 0. */
#define TRANSFER_F32_MIN 1e-12
#define TRANSFER_F32_MAX 1e4
#define TRANSFER_F32_RESOLUTION 1e-24

/* Whether a conductance may be a cell's. */
bool transfer_accepts(enum transfer_precision precision, double siemens);

/* Whether there is a T by this reduction: in either direction all lines or none are joined (network.h), all
 * or none shorted, and no bit line is biased. edges may be NULL (edges.h). */
bool transfer_supports(const struct network *network, const struct edges *edges);

/* Merge tree and workspace for arrays of one network; for one thread at a time. */
struct transfer_plan;

/* For a kernel that runs here; edges may be NULL, their access resistance is part of the cells. The caller
 * frees with transfer_plan_destroy. RS_INPUT as network_check, unless transfer_supports, and for wires that
 * the precision does not take; RS_INTERNAL when memory is short. */
enum rs_status transfer_plan_create(const struct network *network, const struct edges *edges,
                                    enum kernel kernel, enum transfer_precision precision,
                                    struct transfer_plan **out, struct rs_error *err) RS_MUST_CHECK;
void transfer_plan_destroy(struct transfer_plan *plan);

/*
 * transfer_siemens [n_rows][n_columns] from conductance_siemens [n_rows][n_columns], whose values
 * transfer_accepts. Allocates nothing.
 */
void transfer_compute(struct transfer_plan *plan, const double *conductance_siemens,
                      double *transfer_siemens);

/*
 * The same for many arrays, [n_arrays][n_rows][n_columns] each: small ones side by side in the lanes of the
 * vectors. An array's T does not depend on those beside it; it may differ from transfer_compute's in the last
 * digits, since nodes are eliminated in another order.
 */
void transfer_compute_batch(struct transfer_plan *plan, size_t n_arrays, const double *conductance_siemens,
                            double *transfer_siemens);

/*
 * column_amperes [n_columns] = volts [n_rows] times T, rows added in order; rows at 0 V are skipped. Where
 * not NULL, scale_amperes [n_columns] = sum_i |V_i| T_ij, to which errors of a current are relative
 * (definitions 6).
 */
void transfer_apply(const struct network *network, const double *transfer_siemens, const double *volts,
                    double *column_amperes, double *scale_amperes);

#endif
