/*
 * The plan of a calibration: a YAML file with the sections `array`, `device` and `encoding` of a run's
 * configuration (docs/calibration.md), one section per stage, `monte_carlo` and `calibrate`; the list `stages`
 * and the mapping `parameters` (NAME: start, low, high, fixed).
 */
#ifndef CALIB_PLAN_H
#define CALIB_PLAN_H

#include "calib/stage.h"
#include "devices/device.h"
#include "frontend/frontend_options.h"
#include "io/settings.h"

enum { PLAN_STAGES_MAX = 16, PLAN_CHANGES_MAX = 64 };

struct plan_options {
    double correlation_limit, deck_limit_seconds;
};

struct plan_monte_carlo {
    int64_t seed;
};

/* What the plan says of one parameter; NAN: nothing. */
struct plan_change {
    const char *name; /* static: the relation's */
    double start, low, high, fixed;
};

struct plan {
    char *path, *yaml; /* the file as given, its exact text */
    struct settings settings;
    struct array_options array;
    struct device_options device;
    struct encoding_options encoding;
    struct plan_monte_carlo monte_carlo;
    struct plan_options calibrate;
    void *stage_options[PLAN_STAGES_MAX]; /* as in stage_list */
    bool is_chosen[PLAN_STAGES_MAX];
    size_t n_changes;
    struct plan_change changes[PLAN_CHANGES_MAX];
};

/* Reads a file, then n_sets texts KEY=VALUE; all errors at once. The caller frees with plan_destroy. */
enum rs_status plan_load(const char *path, size_t n_sets, const char *const *sets, struct plan **out,
                         struct rs_error *err) RS_MUST_CHECK;
/* The same from the text of a file. */
enum rs_status plan_parse(const char *path, const char *yaml, size_t n_sets, const char *const *sets,
                          struct plan **out, struct rs_error *err) RS_MUST_CHECK;
void plan_destroy(struct plan *plan);

/* The parameters of a relation with what the plan changes: parameters [relation->n_parameters]. */
void plan_fill_parameters(const struct plan *plan, const struct relation *relation,
                          struct relation_parameter *parameters);

/* Every option with its value: itself a plan. Owned by the caller. */
char *plan_resolved_text(const struct plan *plan, struct rs_error *err) RS_MUST_CHECK;

#endif
