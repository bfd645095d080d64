/*
 * The calibration of a plan: its stages one after the other, each with decks run by ngspice, answers read,
 * and relations estimated; what is estimated is frozen for what follows.
 */
#ifndef CALIB_CALIBRATE_H
#define CALIB_CALIBRATE_H

#include "calib/calibrate_plan.h"

enum { CALIBRATE_MESSAGE_SIZE = 1024 };

/* One relation of one stage. */
struct calibrate_result {
    const struct stage *stage;
    const struct relation *relation;
    struct estimate estimate;
    struct observations data;
    bool has_truth;
    double truth[RELATION_PARAMETERS_MAX];
    bool good;                            /* estimated and identified; of a test: near its truth */
    char message[CALIBRATE_MESSAGE_SIZE]; /* why not */
};

struct calibrate_deck {
    char name[DECKS_NAME_SIZE], sha256[DIGEST_TEXT_SIZE];
    size_t i_stage;
    bool good;
};

struct calibrate_stage {
    const struct stage *stage;
    size_t first_deck, n_decks;           /* in calibrate.decks */
    size_t first_result, n_results;       /* in calibrate.results */
    bool good;                            /* all decks answered, all relations good */
    char message[CALIBRATE_MESSAGE_SIZE]; /* the first reason why not; of a good one: what did not apply */
};

struct calibrate {
    const struct calibrate_plan *plan; /* the caller's */
    size_t n_stages, n_results, n_decks;
    struct calibrate_stage stages[CALIBRATE_STAGES_MAX];
    struct calibrate_result *results;               /* [n_results] */
    struct calibrate_deck *decks;                   /* [n_decks] */
    char ngspice_version[64], ngspice_options[256]; /* that ran, and of the first deck */
    bool complete;                                  /* every chosen stage ran and is good */
    size_t n_slots;
    double *column_threshold_shift_amperes; /* [n_slots], or NULL */
};

struct calibrate_hooks {
    bool (*should_stop)(void *context);
    /* Of the stage that runs: decks done, of how many, and how many of them failed. */
    void (*show)(void *context, const char *stage, size_t n_done, size_t n_total, size_t n_failed);
    void *context;
    const char *program; /* that starts as a worker (spice/worker.h); NULL: this one */
};

/*
 * Runs the chosen stages with n_workers processes at once. RS_OK; RS_INCOMPLETE when decks failed or
 * parameters are not determined, and RS_STOPPED: `out` then holds what there is, and `err` one line for each
 * failure. Other statuses (RS_IO: no ngspice; RS_INPUT: the plan) leave no `out`.
 */
enum rs_status calibrate_run(const struct calibrate_plan *plan, size_t n_workers,
                             const struct calibrate_hooks *hooks, struct calibrate **out,
                             struct rs_error *err) RS_MUST_CHECK;
void calibrate_destroy(struct calibrate *calibrate);

/*
 * Writes CALIB.h5: what frontend/calibration.h reads, and beside it what the report shows
 * (docs/calibration.md 6).
 */
enum rs_status calibrate_write(const struct calibrate *calibrate, const char *path,
                               struct rs_error *err) RS_MUST_CHECK;

/* Largest |estimate - truth| in standard errors, over the parameters of a test. */
double calibrate_largest_miss(const struct calibrate_result *result);

#endif
