/* Arrays with read noise for tests: random cells and query codes, and redrawing as the oracle. */
#ifndef TESTS_NOISE_ORACLE_H
#define TESTS_NOISE_ORACLE_H

#include <stdint.h>

#include "crossbar/noise.h"
#include "crossbar/transfer.h"

struct noise_oracle {
    struct network network;
    struct transfer_plan *plan;
    struct noise *noise;
    double *conductance, *sigma, *transfer; /* [n_rows][n_columns] */
};

/* Cells log-uniform from 10 kohm to ... */
enum noise_oracle_cells { NOISE_ORACLE_TO_1M, NOISE_ORACLE_TO_100K };

/* 4-bit codes of 0.2 V: any sign, normal, 0 and positive, positive with a common mode, of few patterns, in
 * 20 rows alone, in 3 rows at a time. */
enum noise_oracle_volts {
    NOISE_ORACLE_SIGNED,
    NOISE_ORACLE_NORMAL,
    NOISE_ORACLE_POSITIVE,
    NOISE_ORACLE_COMMON,
    NOISE_ORACLE_PATTERNS,
    NOISE_ORACLE_FEW_ROWS,
    NOISE_ORACLE_SPARSE,
    N_NOISE_ORACLE_VOLTS
};

/* An array of random cells, sigma in parts of each; noise and T are made. */
void noise_oracle_make(const struct network *network, enum noise_oracle_cells cells, double sigma_ratio,
                       uint64_t seed, struct noise_oracle *out);
/* The same with given cells. */
void noise_oracle_make_of(const struct network *network, const double *conductance, double sigma_ratio,
                          struct noise_oracle *out);
void noise_oracle_clear(struct noise_oracle *array);

/* volts [n_queries][n_rows] */
void noise_oracle_volts(enum noise_oracle_volts kind, size_t n_rows, size_t n_queries, uint64_t seed,
                        double *volts);

/*
 * One query's currents with all cells redrawn n_samples times and solved exactly, against the law: each
 * column's standard deviation within 4 standard errors, their mean within 3, the mean current within 0.03
 * standard deviations (and 3 standard errors).
 */
void noise_oracle_check_redrawn(const struct network *network, enum noise_oracle_cells cells,
                                double sigma_ratio, size_t n_samples);

#endif
