/*
 * Decisions of the engine against those of ngspice, on full paths that no fit has seen: random keys in the
 * circuit of an array file, random queries, thresholds near and far, latches with drawn mismatch.
 *
 * The engine says what it expects before ngspice is asked. Nothing here is fitted.
 */
#ifndef CALIB_DECISIONS_H
#define CALIB_DECISIONS_H

#include "calib/decisions_options.h"
#include "calib/decks.h"
#include "calib/prediction.h"

struct decisions_row {
    int32_t deck, query, slot;
    bool is_near;
    double threshold_amperes;
    double pair_volts[COMPARATOR_PAIRS]; /* threshold differences of its latch; NAN: not of three pairs */
    struct prediction_decision engine;
    struct path_decision ngspice;
};

struct decisions {
    const struct decisions_options *options;
    struct prediction prediction;
    size_t n_decks, n_queries, n_slots;
    double g_min_siemens, g_max_siemens, drive_volts;
    struct decisions_row *rows;            /* [n_decks][n_queries][n_slots] */
    char (*deck_sha256)[DIGEST_TEXT_SIZE]; /* [n_decks] */
    char ngspice_version[128];
};

struct decisions_hooks {
    bool (*should_stop)(void *context);
    void (*show)(void *context, size_t n_done, size_t n_total); /* of decks */
    void *context;
    const char *program; /* that starts as a worker (spice/worker.h); NULL: this one */
};

/*
 * array: wires, terminals and law of the cells; its least and largest conductance above 0 are the window of
 * the keys. calibration may be NULL. `plan`, `options` must outlive `out`, which decisions_clear frees in any
 * case. RS_INPUT: array, plan and calibration do not fit together; RS_INCOMPLETE: a deck failed; RS_IO: no
 * ngspice; RS_STOPPED.
 */
enum rs_status decisions_run(const struct array_file *array, const struct path_plan *plan,
                             const struct decisions_options *options, const struct calibration *calibration,
                             size_t n_workers, const struct decisions_hooks *hooks, struct decisions *out,
                             struct rs_error *err) RS_MUST_CHECK;
void decisions_clear(struct decisions *decisions);

struct agreement;
/* Every decision, and what they come to, as HDF5. array_path, plan_path: for the file's attributes. */
enum rs_status decisions_write(const struct decisions *decisions, const struct agreement *agreement,
                               const char *plan_path, const char *path, struct rs_error *err) RS_MUST_CHECK;

#endif
