/*
 * What a result says about its run beside the numbers. Kept with the parts of a run, so that merging needs
 * neither the configuration file nor the workload.
 */
#ifndef EXPERIMENT_HEAD_H
#define EXPERIMENT_HEAD_H

#include "attention/keep.h"
#include "experiment/config.h"
#include "io/store.h"

/* What --save asks for. */
struct head_saves {
    bool heads, arrays, margins;
};

struct head {
    char digest[DIGEST_TEXT_SIZE]; /* config_sha256 */
    struct head_saves saves;
    size_t n_points, n_trials, n_samples, n_layers, n_heads;
    size_t n_systems;            /* costed */
    char workload[256];          /* for people */
    char thresholds[128];        /* where they come from, for people; "" where no policy needs any */
    char metric[32], better[16]; /* "" where there is no task */
    bool characters;             /* every answer is one character of a text */
    char *path, *yaml;           /* of the configuration */
    size_t n_sets;
    char **sets; /* --set texts */
};

enum rs_status head_init(struct head *head, const struct configuration *configuration, size_t n_sets,
                         const char *const *sets, struct rs_error *err) RS_MUST_CHECK;
void head_clear(struct head *head);

/* A file of its own. */
enum rs_status head_write(const struct head *head, const char *path, struct rs_error *err) RS_MUST_CHECK;
enum rs_status head_read(const char *path, struct head *head, struct rs_error *err) RS_MUST_CHECK;

/* Whether parts made for one may be used for the other. */
bool head_agrees(const struct head *one, const struct head *other);

#endif
