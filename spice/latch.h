/*
 * The comparator that decks hold, as section `latch` of a plan describes it: one of spice/decks, or a
 * subcircuit of the user's own of the same kind. Kinds `current` and `winner-take-all` take currents at inp
 * and inn; what is told of them in volts is the current times latch.r_load, a convention and no resistor.
 */
#ifndef SPICE_LATCH_H
#define SPICE_LATCH_H

#include "base/text.h"
#include "spice/latch_file.h"
#include "spice/latch_sources.h"
#include "spice/path_options.h"

enum { LATCH_PAIRS = 3 /* input, n, p */ };

/* Whether its inputs are currents, and whether a clock's edge makes it decide (else it follows its inputs).
 */
bool latch_takes_currents(const struct latch_options *options);
bool latch_has_clock(const struct latch_options *options);

/* ngspice's option gmin with which operating points of such latches are found. */
double latch_gmin_siemens(const struct latch_options *options);

/* --- mismatch --- */

/* Threshold shifts of one latch: of our own ones two for each pair (input, n, p), else as many as the plan
 * names. RS_INPUT where their sizes or sigmas do not match. */
size_t latch_n_mismatch(const struct latch_options *options);
enum rs_status latch_mismatch_sigmas(const struct latch_options *options, double *sigma_volts,
                                     struct rs_error *err) RS_MUST_CHECK;
/* [n_slots][latch_n_mismatch] from seed, slot and parameter alone (numeric/random.h, trial 0). */
enum rs_status latch_draw_mismatch(const struct latch_options *options, uint64_t seed, size_t n_slots,
                                   double *volts, struct rs_error *err) RS_MUST_CHECK;
/* Pairs that the shifts are, two and two, in the order of LATCH_PAIRS; 0: not known of the user's own. */
size_t latch_n_pairs(const struct latch_options *options);

/* --- text --- */

struct latch {
    const struct latch_options *options; /* the caller's */
    struct latch_file file;              /* of the user's own */
    char models_path[LATCH_FILE_PATH_SIZE];
    struct latch_sources sources;
};

/* Reads the user's own files. RS_IO and RS_INPUT as latch_file_read and latch_sources_add. The caller closes
 * it in any case. */
enum rs_status latch_open(const struct latch_options *options, struct latch *out,
                          struct rs_error *err) RS_MUST_CHECK;
void latch_close(struct latch *latch);

/* What the latch is, as lines "name value": kind, sizes, and the digests of its files without their paths. */
void latch_write_identity(const struct latch *latch, struct text *out);

/*
 * Models and subcircuit. draw: which of the draws that a Monte-Carlo switch of the models makes, each with a
 * seed of its own; LATCH_NOMINAL: the switch is off. Latches without a switch do not care.
 */
enum { LATCH_NOMINAL = -1 };
void latch_write_models(const struct latch *latch, int64_t draw, struct text *deck);

/* One instance "xlatchJ" with its loads; nodes in the order of enum latch_port; mismatch NULL: none. */
void latch_write_instance(const struct latch *latch, size_t j, const char *const nodes[LATCH_N_PORTS],
                          const double *mismatch_volts, struct text *deck);

#endif
