/*
 * SpAtten's progressive quantisation (HPCA 2021): scores and softmax from the most significant bits of k;
 * only where the largest probability stays below a bound, where many tokens share the mass, are the other
 * bits fetched and all done again, once.
 */
#ifndef DIGITAL_PROGRESSIVE_H
#define DIGITAL_PROGRESSIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct progressive_unit {
    int msb_bits, lsb_bits; /* of k; SpAtten's usual ones are 6 + 4 and 8 + 4. msb_bits >= 2, 16 in all */
    double bound;           /* SpAtten: 0.1; its released trace: 0.05 */
};

struct progressive_result {
    bool took_lsb;
    double largest_probability; /* by the most significant bits */
    int bits_per_element;       /* of k that were fetched */
};

/* Whether the largest of n >= 1 probabilities is below the bound. */
bool progressive_needs_lsb(const double *probabilities, size_t n, double bound);

/*
 * The sum of |changes| of all probabilities, first order, where one score changes by score_error and its
 * probability is p: 2 |score_error| p (1 - p). The exact sum is at most |score_error| / 2.
 */
double progressive_error(double probability, double score_error);

/*
 * probabilities [n_keys], n_keys >= 1, of query [d] and keys [n_keys][d], codes of msb_bits + lsb_bits bits.
 * score_unit: score of one unit of q.k. The LSBs of the magnitude that are not fetched count as 0.
 */
struct progressive_result progressive_run(const struct progressive_unit *unit, const int16_t *query,
                                          const int16_t *keys, size_t n_keys, size_t d, double score_unit,
                                          double *probabilities);

#endif
