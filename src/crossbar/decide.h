/*
 * Queries with read noise that are compared with a threshold at once, by products (numeric/product.h) with T
 * and the tables of noise.h.
 */
#ifndef CROSSBAR_DECIDE_H
#define CROSSBAR_DECIDE_H

#include <stdint.h>

#include "numeric/product.h"
#include "numeric/random.h"
#include "rescore/status.h"

/* An array with read noise: T and the tables D and -2 E of noise.h, all PRODUCT_F32, of one shape and kernel.
 */
struct decide_tables {
    const struct product *transfer, *d, *minus_2e;
    const float *f; /* [n_columns] */
};

/*
 * Bit j of query q, in bits [n_queries][ceil(n_columns / 64)] (word j / 64, least significant first, zeros
 * beyond the last column): whether I + sqrt(var) z >= threshold_amperes [n_columns], with I = V T, var =
 * max(0, (V o V) D - 2 I o (V E) + I o I o F) and z the normal of random_f32.h at cell j and draw key->draw +
 * q. Threads that take other queries, with their draws, get the same bits. RS_INTERNAL when memory is short.
 */
enum rs_status decide_queries(const struct decide_tables *tables, size_t n_queries, const float *volts,
                              const float *threshold_amperes, const struct random_key *key, uint64_t *bits,
                              struct rs_error *err) RS_MUST_CHECK;

#endif
