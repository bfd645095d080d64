/*
 * The configuration: option values of every module, sweeps over them, read once and immutable after.
 * Errors of a file are all reported at once, each as "FILE:LINE:COLUMN: error: ...", of --set as
 * "--set KEY=VALUE: error: ...".
 */
#ifndef EXPERIMENT_CONFIG_H
#define EXPERIMENT_CONFIG_H

#include "cost/cost_section.h"
#include "devices/device.h"
#include "digital/digital_options.h"
#include "experiment/run_options.h"
#include "frontend/frontend_options.h"
#include "io/digest.h"
#include "model/threshold_options.h"
#include "model/train_options.h"
#include "model/transformer_options.h"
#include "score/prune_options.h"

enum { CONFIG_SWEEPS_MAX = 6, CONFIG_OPTIONS_MAX = 256, CONFIG_POINTS_MAX = 100000 };

/* One point's option values. A plain value: copied, changed by a sweep, thrown away. */
struct config {
    struct workload_options workload;
    struct device_options device;
    struct array_options array;
    struct encoding_options encoding;
    struct comparator_options comparator;
    struct prune_options prune;
    struct readout_options readout;
    struct recompute_options recompute;
    struct cost_section cost;
    struct monte_carlo_options monte_carlo;
    struct train_options train;
    struct transformer_options transformer;
    struct threshold_options learned;
};

/* Where an option's value comes from. */
enum config_source { CONFIG_DEFAULT, CONFIG_FILE, CONFIG_SET };

/* Where: a place in the file, or the text of a --set; neither for defaults. */
struct config_place {
    int line, column;
    char *set;
};

struct config_sweep {
    int option; /* index for config_option */
    size_t n_values;
    char **values; /* [n_values], as option_set reads them */
};

struct configuration {
    char *path, *yaml; /* the file as given, its exact text */
    struct config base;
    enum config_source sources[CONFIG_OPTIONS_MAX];
    struct config_place places[CONFIG_OPTIONS_MAX]; /* where each value, or its sweep, was given */
    char *raw_paths[CONFIG_OPTIONS_MAX]; /* of OPTION_PATH options, as the user wrote them; NULL: unset */
    int n_sweeps;
    struct config_sweep sweeps[CONFIG_SWEEPS_MAX];
};

/* All options, in the order of the manual. */
int config_n_options(void);
const struct option *config_option(int index);
/* The member of `config` that belongs to option `index` is in this section. */
void *config_section(struct config *config, int index);
const void *config_const_section(const struct config *config, int index);
/* Index of the option named `key`, or -1. */
int config_find(const char *key);
/* The nearest key to a misspelt one, or the one that its name alone means; NULL where none is near. */
const char *config_nearest(const char *key);

/* Reads a file and then `n_sets` texts KEY=VALUE. The caller frees with config_destroy. */
enum rs_status config_load(const char *path, size_t n_sets, const char *const *sets,
                           struct configuration **out, struct rs_error *err) RS_MUST_CHECK;
/* The same from the text of a file; `path` stands for it in messages and for relative paths. */
enum rs_status config_parse(const char *path, const char *yaml, size_t n_sets, const char *const *sets,
                            struct configuration **out, struct rs_error *err) RS_MUST_CHECK;
void config_destroy(struct configuration *configuration);

/* The grid: points are numbered with the last sweep running fastest. */
size_t config_n_points(const struct configuration *configuration);
/* Which value of each sweep point `point` has: indices [n_sweeps]. */
void config_indices(const struct configuration *configuration, size_t point, size_t *indices);
/* The option values of a point. */
void config_at(const struct configuration *configuration, size_t point, struct config *out);
/*
 * What sweep `index` runs over: numbers [n_values] in `unit`; false where they are words, or amperes and
 * volts mixed.
 */
bool config_sweep_numbers(const struct configuration *configuration, int index, double *numbers,
                          enum quantity_unit *unit);
/* Whether an option was given (file, --set) or is swept. */
bool config_is_given(const struct configuration *configuration, const char *key);

/*
 * Puts the place where a key was given (file, --set) before an error text that begins with that key, the
 * file's name before others that name no file; returns `status`. For errors found after reading, between
 * keys.
 */
enum rs_status config_blame(const struct configuration *configuration, enum rs_status status,
                            struct rs_error *err);

/* The resolved configuration: every option with its value, then the sweeps; itself a valid configuration.
 * Owned by the caller. */
char *config_resolved_text(const struct configuration *configuration, struct rs_error *err) RS_MUST_CHECK;

/* A commented configuration for the embedded workload: the demo. Owned by the caller. */
char *config_init_text(struct rs_error *err) RS_MUST_CHECK;

/* What `rescore explain` says of one option, or of all (index -1). Owned by the caller. */
char *config_explain_text(int index, struct rs_error *err) RS_MUST_CHECK;
/* The same of all options of a section, or of `sweep`; NULL with a text where there is none. */
char *config_explain_section(const char *section, struct rs_error *err) RS_MUST_CHECK;

/* Over the resolved configuration, every file it names, the program's commit and its kernel. */
enum rs_status config_digest(const struct configuration *configuration, char text[DIGEST_TEXT_SIZE],
                             struct rs_error *err) RS_MUST_CHECK;

#endif
