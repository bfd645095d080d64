/*
 * A3's approximation (HPCA 2020): a greedy search for candidates on columns of K that are sorted once, and a
 * threshold after scoring. That each of M iterations takes the largest and the smallest component product,
 * that candidates are the rows of positive estimate and that rows far below the maximum are dropped is from a
 * secondary source; the order of details below (two queues, only positive and only negative products counted,
 * the skip) and the form of the threshold are from memory, not seen in the paper.
 */
#ifndef DIGITAL_A3_H
#define DIGITAL_A3_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rescore/status.h"

/* Columns of K in descending order. Work of one thread. */
struct a3_columns;

enum rs_status a3_columns_create(size_t n_keys_max, size_t d, struct a3_columns **out,
                                 struct rs_error *err) RS_MUST_CHECK;
void a3_columns_destroy(struct a3_columns *columns);

/* Sorts the columns of keys [n_keys][d]; of equal ones the lower row comes first. */
void a3_columns_load(struct a3_columns *columns, size_t n_keys, const int16_t *keys);

struct a3_search {
    size_t n_candidates, n_products;
    size_t n_rounds; /* iterations until all products were taken, at most n_iterations */
};

/*
 * The first n_visible keys alone, as if the columns held no others: n_iterations times the largest product
 * q_c k_c that has not been taken yet adds to its row if positive, the smallest if negative; of equal
 * products the lower column's. estimates [n_visible]; candidate [n_visible]: estimate > 0. With skip_smallest
 * an iteration leaves the smallest alone while the sum of all that was added is negative.
 */
struct a3_search a3_find_candidates(struct a3_columns *columns, const int16_t *query, size_t n_visible,
                                    size_t n_iterations, bool skip_smallest, int64_t *estimates,
                                    bool *candidate);

/*
 * kept [n]: candidates whose score is at least the candidates' largest + ln(share): whose softmax weight is
 * at least `share`, above 0 to 1, of the largest. Returns how many.
 */
size_t a3_keep(const double *scores, const bool *candidate, size_t n, double share, bool *kept);

#endif
