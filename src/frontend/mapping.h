/*
 * Where keys lie in arrays, what conductance a code becomes and what voltage drives a query (definitions 2).
 *
 * Element i of q and k is word line i. Differential: key slot j is a pair of bit lines per slice, G+- = g_min
 * + max(+-magnitude, 0) g_lsb, signal I+ - I-. Offset: one bit line per slice, the code stored as code +
 * limit, minus the mid-level line, the last of each array, which stands for `limit`. Slices of one key stay
 * adjacent, most significant first, and are weighted by ideal current mirrors. Keys longer than the rows are
 * stacked over arrays whose currents add; more keys than bit lines take more arrays ("tiles").
 */
#ifndef FRONTEND_MAPPING_H
#define FRONTEND_MAPPING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "frontend/frontend_options.h"
#include "rescore/status.h"

struct mapping {
    size_t n_rows, n_columns; /* of one array */
    size_t n_key_rows;        /* of them, for keys: the first; bias rows follow */
    size_t d;                 /* elements of a key */
    size_t n_stacks;          /* arrays that one key spans */
    size_t n_lines_per_key;   /* bit lines of one key in one array */
    size_t n_keys_per_array;
    int n_slices, slice_bits;
    enum encoding_sign sign;
    int key_limit, query_limit; /* largest MSB codes */
    int reference_weight;       /* mirror ratio of the mid-level line: the sum of the slices' ratios */
    double window_siemens;      /* g_max - g_min */
    double g_min_siemens, g_mid_siemens, g_lsb_siemens; /* of the least significant slice's unit */
    double v_lsb_volts;
    double unit_amperes; /* one unit of sum(q_msb k_msb) */
};

/* RS_INPUT when an array cannot hold one key. */
enum rs_status mapping_init(const struct array_options *array, const struct encoding_options *encoding,
                            double g_min_siemens, double g_max_siemens, size_t d, struct mapping *out,
                            struct rs_error *err) RS_MUST_CHECK;

/* Leaves the last `n_bias_rows` < n_rows of each array to bias rows (reference.h). */
void mapping_reserve(struct mapping *mapping, size_t n_bias_rows);

/* Arrays that `n_keys` keys take: mapping_tiles(n_keys) x n_stacks. */
size_t mapping_tiles(const struct mapping *mapping, size_t n_keys);

/*
 * Target conductances of one array: tile `tile` (keys tile * n_keys_per_array on), stack `stack` (elements
 * stack * n_key_rows on). key_msb [n_keys][d]; target_siemens [n_rows][n_columns]. Unused cells sit at g_min.
 */
void mapping_targets(const struct mapping *mapping, size_t tile, size_t stack, size_t n_keys,
                     const int16_t *key_msb, double *target_siemens);

/* Word-line voltages of one array: query_msb [d]; volts [n_rows], unused rows at 0 V. */
void mapping_volts(const struct mapping *mapping, size_t stack, const int16_t *query_msb, double *volts);

/*
 * Adds one array's column currents [n_columns] to the difference signals [n_keys_in_tile] of its keys, in
 * units of sum(q_msb k_msb).
 */
void mapping_add_signals(const struct mapping *mapping, size_t n_keys_in_tile, const double *column_amperes,
                         double *signal_units);

/* Adds what their negative sides have of it, I- (offset encoding: the mid-level line). */
void mapping_add_minus(const struct mapping *mapping, size_t n_keys_in_tile, const double *column_amperes,
                       double *minus_units);

/* The bit lines that the comparator of key slot `slot` sees: of slices, the most significant. */
void mapping_lines(const struct mapping *mapping, size_t slot, size_t *plus, size_t *minus);

#endif
