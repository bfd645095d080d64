/* Thresholds that keep a given part of calibration scores (definitions 4). */
#ifndef SCORE_THRESHOLD_H
#define SCORE_THRESHOLD_H

#include <stddef.h>
#include <stdint.h>

/* How many of n keys a keep ratio keeps: ceil(keep_ratio n). Rounding of 1e-9 keys does not add one. */
size_t threshold_count(double keep_ratio, size_t n);

/*
 * The score midway between neighbouring scores, such that threshold_count of the `n` scores lie at or
 * above it; equal scores are never parted: where the border falls between equals, they are all kept.
 * Everything kept gives minus infinity. `sums` [n] are whole numbers, scores are unit * sum; they are sorted
 * in place. n > 0.
 */
double threshold_keeping(double keep_ratio, double unit, size_t n, int64_t *sums);

/* A score with the softmax probability that it has among its query's visible keys. */
struct threshold_mass {
    int64_t sum;
    double mass;
};

/*
 * The largest threshold, midway between neighbouring scores, below which lies at most `lost_mass` of the
 * probability, as a mean over queries; equal scores are never parted, and the largest is never pruned.
 * Nothing pruned gives minus infinity. `scores` [n], all those of `n_queries` queries, are sorted in place.
 * n > 0.
 */
double threshold_losing(double lost_mass, double unit, size_t n_queries, size_t n,
                        struct threshold_mass *scores);

#endif
