/* The converter that gives analog values where a policy or a run without recompute needs them. */
#ifndef FRONTEND_READOUT_H
#define FRONTEND_READOUT_H

#include <stddef.h>

#include "frontend/frontend_options.h"
#include "frontend/mapping.h"
#include "numeric/random.h"

struct readout {
    int bits; /* 0: ideal */
    double range_units, noise_sigma_units;
};

void readout_init(const struct readout_options *options, const struct mapping *mapping, struct readout *out);

/*
 * Converts `n` difference signals, in units of sum(q_msb k_msb): noise added, then rounded to the nearest of
 * 2^bits - 1 levels between -range and +range (0 is one of them). key: seed, trial, array, write, draw = the
 * read.
 */
void readout_convert(const struct readout *readout, const struct random_key *key, size_t n,
                     const double *signal_units, double *value_units);

#endif
