/*
 * A published system: its descriptor, and the registry. A system's functions get a model whose tally they
 * fill; cycles advance query by query. To add one: a file system_NAME.c with a descriptor, a line in
 * system.c.
 */
#ifndef COST_SYSTEM_H
#define COST_SYSTEM_H

#include <stdbool.h>
#include <stddef.h>

#include "cost/constants.h"
#include "rescore/status.h"

struct model;
struct model_step;
struct cost_sequence;

enum system_memory { SYSTEM_MEMORY_RERAM, SYSTEM_MEMORY_HBM, SYSTEM_MEMORY_DRAM };

/*
 * create fills model->state and, where the user left them open (NAN, 0), buffer_bytes, n_units and
 * bits_per_cycle; begin and end frame a sequence; end leaves the sequence's last cycle in tally.n_cycles.
 */
struct cost_system {
    const char *name, *summary, *source;
    enum system_memory memory;
    enum constants_name node, hertz;
    bool prunes;          /* false: keeps everything whatever the bits say */
    bool removes_padding; /* false: padded rows and columns are computed */
    bool requests_kept;   /* fetches kept keys that are not on chip, not all of them */
    bool takes_bits;      /* its time depends on the bits processed of each visible key */
    double (*memory_bytes)(
        const struct model *model); /* of the on-chip memory an access goes to, for its energy */
    enum rs_status (*create)(struct model *model, struct rs_error *err);
    void (*destroy)(struct model *model); /* what hangs on model->state, which is freed after; or NULL */
    void (*begin)(struct model *model);
    void (*query)(struct model *model, const struct model_step *step);
    void (*end)(struct model *model);
};

extern const struct cost_system system_baseline, system_sprint_s, system_sprint_m, system_sprint_l,
    system_leopard_ae, system_leopard_hp, system_spatten, system_a3, system_mnnfast;

extern const struct cost_system *const system_all[]; /* ends with NULL */

/* NULL when there is none of that name. */
const struct cost_system *system_find(const char *name);

#endif
