/*
 * Read noise of column currents from the noise of the cells, wires included, without redrawing cells.
 *
 * Adjoint law. A change dG_ik of cell (i,k) draws dG_ik v_ik more from word line to bit line, v the cell's
 * drop; by reciprocity the share of it that reaches sense terminal k is lambda_ik, the drop from bit to word
 * line with 1 V at that terminal and 0 V elsewhere. With independent cells of standard deviation sigma_ik, to
 * first order and from the column's own cells,
 *
 *     var I_k = sum_i W_ik v_ik^2,  W_ik = (sigma_ik lambda_ik)^2   [A^2]. (1)
 *
 * Tables. v_ik ~ a_ik V_i - g_ik I_k: what its own driver gives, less the rise of the lines, which follows
 * the column's current. With D = W a^2, E = W a g [N][M], F_k = sum_i W_ik g_ik^2,
 *
 *     var I_k = ((V o V) D)_k - 2 I_k (V E)_k + I_k^2 F_k, (2)
 *
 * three products for all queries. a and g are the least-squares fit of the true drop over the queries to be
 * served, through their second moments C = mean of V V^T: with P^p_ik the drop for 1 V at driver p alone and
 * Y = C T, mean(v V_i) = sum_p P^p_ik C_pi, mean(v I) = sum_p P^p_ik Y_pk. (Rows of one mean and variance are
 * C = variance 1 + mean^2.) Correlated inputs and rows that are never driven need no special case.
 *
 * Assumed: cells independent, noise small (first order), columns drawn independently (neighbours' currents
 * share cells only through the wires). Errors of the standard deviation, 64 x 64, 100 ohm at both ends, cells
 * log-uniform 10k ... 1M or 10k ... 100k (tests/test_noise.c): (2) against (1) 0.1 ... 0.4 % rms with 2 ohm
 * wires and 0.2 ... 0.7 % with 5 ohm, without bias; for the embedded model's own queries 0.2 % rms and 1.8 %
 * at most, of generated ones one in 10,000 (positive inputs: 6) above 2.5 %. (1) against redrawn cells:
 * within sampling; at sigma = 20 % of G the mean of the current moves by 0.01 standard deviations. Without E
 * and F positive inputs are off by 10 ... 30 %, signed ones by 1 ... 2 %.
 */
#ifndef CROSSBAR_NOISE_H
#define CROSSBAR_NOISE_H

#include "crossbar/network.h"
#include "rescore/status.h"

/* Workspace for arrays of one network; for one thread at a time. */
struct noise;

enum rs_status noise_create(const struct network *network, struct noise **out,
                            struct rs_error *err) RS_MUST_CHECK;
void noise_destroy(struct noise *noise);

/*
 * Takes an array: conductance_siemens and sigma_siemens [n_rows][n_columns]. One adjoint field per column.
 * False when a field did not converge, here as below. Nothing after noise_create allocates.
 */
bool noise_load(struct noise *noise, const double *conductance_siemens, const double *sigma_siemens);

/*
 * Equation (1), one field per query: column_amperes (exact currents) and variance_square_amperes [n_queries]
 * [n_columns] of volts [n_queries][n_rows].
 */
bool noise_law(struct noise *noise, size_t n_queries, const double *volts, double *column_amperes,
               double *variance_square_amperes);

/* d, e [n_rows][n_columns], f [n_columns]; the caller's. */
struct noise_tables {
    double *d, *e, *f;
};

/* The tables for n_queries queries, volts [n_queries][n_rows]: one field per row that
 * is driven.
 * transfer_siemens [n_rows][n_columns]: the T of the array. */
bool noise_tabulate(struct noise *noise, const double *transfer_siemens, size_t n_queries,
                    const double *volts, const struct noise_tables *tables);

/*
 * Equation (2) from its products, elementwise over [n_queries][n_columns]: column_amperes = V T, and d_sum =
 * (V o V) D becomes the variance with e_sum = V E; never below 0.
 */
void noise_combine(size_t n_queries, size_t n_columns, const double *column_amperes, const double *e_sum,
                   const double *f, double *d_sum);

#endif
