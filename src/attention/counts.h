/* What is counted while decisions are made, per layer and query head; the variables of definitions 5 follow.
 */
#ifndef ATTENTION_COUNTS_H
#define ATTENTION_COUNTS_H

#include <stdint.h>

struct attention_counts {
    int64_t n_visible, n_exact_keep, n_kept, n_final, n_false_prune, n_false_keep, n_empty;
    int64_t n_unresolved; /* visible pairs whose comparator ran out of time */
    int64_t n_uncertain;  /* ... that the policy left to the digital unit */
    int64_t n_queries;
    int64_t n_output_queries;    /* whose exact output is not 0 */
    int64_t n_recall_queries;    /* with an exact keep */
    int64_t n_clamped, n_values; /* values of q, k and v beyond the calibrated range; all of them */
    int64_t n_recomputed,
        n_recompute_bits; /* keys recomputed; magnitude bits the bit-serial unit took for them */
    double lost_mass_sum, output_error_sum, recall_sum;
};

/* Adds `more` to `total`. */
void counts_add(struct attention_counts *total, const struct attention_counts *more);

/* Ratios of the counts; NAN where the denominator is 0. */
double counts_ratio(double numerator, double denominator);

#endif
