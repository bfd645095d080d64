/*
 * A stage of the calibration: decks for ngspice, and the relations that their answers are fitted with. One
 * descriptor in one file, one line in stages.c. Stages run in the order of that list; what an earlier one has
 * estimated is frozen for later ones, and within a stage what an earlier relation has.
 */
#ifndef CALIB_STAGE_H
#define CALIB_STAGE_H

#include "base/option.h"
#include "calib/decks.h"
#include "calib/estimate.h"

enum { STAGE_RELATIONS_MAX = 6, STAGE_OPTIONS_SIZE = 1 << 15, STAGE_NOTE_SIZE = 512 };

struct calibrate_plan;

/* A value that is frozen. */
struct stage_known {
    const char *name;
    double value;
};

/* One run of one stage. */
struct stage_run {
    const struct calibrate_plan *plan;
    const void *options; /* of the stage's table */
    void *state;         /* the stage's own, from `start` on */
    struct decks decks;
    size_t n_known;
    const struct stage_known *known; /* of earlier stages and relations */
    char left_out[STAGE_NOTE_SIZE];  /* what does not apply to the circuit, and why; goes to the report */
};

struct stage {
    const char *name, *summary;
    bool is_test; /* the truth is known: finds whether the method works, calibrates nothing */
    const struct option_table *options; /* keys "NAME.KEY" of the plan */
    size_t n_relations;
    const struct relation *const *relations;

    /* Fills run->decks, and run->state with what it needs later. */
    enum rs_status (*start)(struct stage_run *run, struct rs_error *err);
    /*
     * Adds the observations of one relation from the decks that are `good` (their index is the deck of an
     * observation). Called in the order of the relations, each after the one before was estimated and frozen.
     * `context` is handed to the relation's model.
     */
    enum rs_status (*read)(struct stage_run *run, size_t i_relation, struct observations *data,
                           const void **context, struct rs_error *err);
    /* NULL: all apply. Whether a relation has a meaning for the circuit; else it is left out. */
    bool (*applies)(const struct stage_run *run, size_t i_relation);
    /* NULL, or moves the starts of a relation's parameters [n_parameters] to what the circuit suggests; those
     * of the plan stand above it. */
    void (*guess)(const struct stage_run *run, size_t i_relation, struct relation_parameter *parameters);
    /* Of a test: the true values of a relation [n_parameters]; else NULL. */
    void (*tell_truth)(const struct stage_run *run, size_t i_relation, double *values);
    /* NULL, or called last, each estimate frozen: fills the table of shifts, amperes [n_slots], whose owner
     * the caller becomes, or leaves it alone. */
    enum rs_status (*tabulate)(const struct stage_run *run, size_t *n_slots, double **amperes,
                               struct rs_error *err);
    /* Frees run->state, which may be NULL; the decks are freed by the caller. */
    void (*finish)(struct stage_run *run);
};

/* All stages, in their order, ending with NULL. */
extern const struct stage *const stage_list[];

/* The stage of that name, or NULL. */
const struct stage *stage_find(const char *name);

/* Adds to run->left_out: "NAME: WHY". */
void stage_leave_out(struct stage_run *run, const char *name, const char *why);

/* A frozen value; RS_INCOMPLETE, naming it and where it comes from, where no stage has left it. */
enum rs_status stage_get_known(const struct stage_run *run, const char *name, double *value,
                               struct rs_error *err) RS_MUST_CHECK;

#endif
