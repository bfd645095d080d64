/*
 * The plan of a calibration: a YAML file with the sections `array`, `device` and `encoding` of a run's
 * configuration (docs/calibration.md), one section per stage, `monte_carlo` and `calibrate`; the list
 * `stages` and the mapping `parameters` (NAME: start, low, high, fixed).
 */
#ifndef CALIB_CALIBRATE_PLAN_H
#define CALIB_CALIBRATE_PLAN_H

#include "calib/decisions_options.h"
#include "calib/stage.h"
#include "devices/device.h"
#include "frontend/frontend_options.h"
#include "io/settings.h"
#include "spice/path_options.h"

enum { CALIBRATE_STAGES_MAX = 16, CALIBRATE_CHANGES_MAX = 64 };

struct calibrate_options {
    double correlation_limit, deck_limit_seconds;
};

struct calibrate_monte_carlo {
    int64_t seed;
};

/* What the plan says of one parameter; NAN: nothing. */
struct calibrate_change {
    const char *name; /* static: the relation's */
    double start, low, high, fixed;
};

struct calibrate_plan {
    char *path, *yaml; /* the file as given, its exact text */
    struct settings settings;
    struct array_options array;
    struct device_options device;
    struct encoding_options encoding;
    struct path_plan circuit; /* sections path, reference, latch */
    struct calibrate_monte_carlo monte_carlo;
    struct calibrate_options calibrate;
    struct decisions_options decisions;        /* of `compare --decisions` */
    void *stage_options[CALIBRATE_STAGES_MAX]; /* as in stage_list */
    bool is_chosen[CALIBRATE_STAGES_MAX];
    size_t n_changes;
    struct calibrate_change changes[CALIBRATE_CHANGES_MAX];
};

/* Reads a file, then n_sets texts KEY=VALUE; all errors at once. The caller frees with
 * calibrate_plan_destroy. */
enum rs_status calibrate_plan_load(const char *path, size_t n_sets, const char *const *sets,
                                   struct calibrate_plan **out, struct rs_error *err) RS_MUST_CHECK;
/* The same from the text of a file. */
enum rs_status calibrate_plan_parse(const char *path, const char *yaml, size_t n_sets,
                                    const char *const *sets, struct calibrate_plan **out,
                                    struct rs_error *err) RS_MUST_CHECK;
void calibrate_plan_destroy(struct calibrate_plan *plan);

/* The parameters of a relation with what the plan changes: parameters [relation->n_parameters]. */
void calibrate_plan_fill_parameters(const struct calibrate_plan *plan, const struct relation *relation,
                                    struct relation_parameter *parameters);

/* What a key, a section or a parameter of plans means; NULL: all of them. Owned by the caller; NULL with
 * RS_USAGE's text for a key that plans do not have. */
char *calibrate_plan_explain(const char *key, struct rs_error *err) RS_MUST_CHECK;

/* Every option with its value: itself a plan. Owned by the caller. */
char *calibrate_plan_resolved_text(const struct calibrate_plan *plan, struct rs_error *err) RS_MUST_CHECK;

#endif
