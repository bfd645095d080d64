/*
 * What decisions of engine and ngspice come to: agreement, both kinds of disagreement, disagreement against
 * |margin| / sigma and per key slot, and, the mismatch taken as unknown, the share kept against Phi((d -
 * shift) / sigma). Intervals are exact binomial ones (95 %).
 *
 * Test of the curve: within bins of the expected share, sum of (bit - p) has covariance sum of p_min (1 -
 * p_max) over pairs of decisions of one latch, whose offset they share; latches are independent. The
 * statistic S^T C^-1 S is a chi-square with as many degrees of freedom as bins have decisions whose outcome
 * is open.
 */
#ifndef CALIB_AGREEMENT_H
#define CALIB_AGREEMENT_H

#include "calib/decisions.h"

enum { AGREEMENT_MARGINS = 8, AGREEMENT_SHARES = 10 };

/* `k` of `n`. */
struct agreement_share {
    size_t k, n;
    double ratio, low, high;
};

struct agreement {
    size_t n, confusion[2][2]; /* [engine keeps][ngspice keeps] */
    size_t n_unresolved;       /* by ngspice at the end of the evaluation time */
    struct agreement_share all, clear;
    double margin_edges[AGREEMENT_MARGINS + 1];             /* |margin| / sigma; the last INFINITY */
    struct agreement_share disagreement[AGREEMENT_MARGINS]; /* where |margin| / sigma is in a bin */
    size_t n_slots;
    struct agreement_share *slots; /* [n_slots], disagreements */
    double share_edges[AGREEMENT_SHARES + 1], expected[AGREEMENT_SHARES];
    struct agreement_share kept[AGREEMENT_SHARES]; /* where the expected share is in a bin */
    double curve_statistic, curve_degrees, curve_p;
    double input_rms_volts;    /* of d, engine less ngspice */
    double delay_rms_seconds;  /* of resolved decisions that agree; NAN: no law */
    bool knows_mismatch, good; /* whether all that the options state is met */
};

/* agreement_clear frees. RS_INTERNAL: no memory. */
enum rs_status agreement_compute(const struct decisions *decisions, struct agreement *out,
                                 struct rs_error *err) RS_MUST_CHECK;
void agreement_clear(struct agreement *agreement);

#endif
