/* What decide.c chooses from. */
#ifndef CROSSBAR_DECIDE_KERNELS_H
#define CROSSBAR_DECIDE_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#include "numeric/random.h"

/* What decides: of each query I, (V o V) D and -2 V E, [n_queries][n_columns]; F and thresholds, [n_columns].
 */
struct decide_sums {
    const float *amperes, *d_sum, *minus_2e_sum, *f, *threshold_amperes;
};

/* bits as in decide.h; key is that of the first query. */
typedef void decide_kernel(const struct decide_sums *sums, size_t n_queries, size_t n_columns,
                           const struct random_key *key, uint64_t *bits);
decide_kernel decide_baseline, decide_avx2, decide_avx512;

#endif
