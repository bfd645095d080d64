#include "attention/traps.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "devices/law_telegraph.h"

/* What the last read of an array left. */
struct left {
    unsigned char *bits; /* one per trap; NULL: not yet */
    bool known;          /* of this trial */
};

struct traps {
    const struct attention_setup *setup;
    struct law_telegraph *chains;    /* of the array that is read */
    size_t n_cells, array, n_arrays; /* array: which one */
    bool fresh;                      /* it was not read yet */
    struct left *left;               /* [n_arrays] */
};

enum rs_status traps_create(const struct attention_setup *setup, size_t n_cells, size_t n_arrays,
                            struct traps **out, struct rs_error *err)
{
    struct traps *traps = memory_allocate(1, sizeof *traps, err);
    *out = NULL;
    if (traps == NULL)
        return RS_INTERNAL;
    traps->setup = setup;
    traps->n_cells = n_cells;
    traps->n_arrays = n_arrays;
    traps->left = memory_allocate(traps->n_arrays, sizeof *traps->left, err);
    enum rs_status status = traps->left == NULL ? RS_INTERNAL : RS_OK;
    if (status == RS_OK)
        status = law_telegraph_create(n_cells, &traps->chains, err);
    if (status != RS_OK)
        traps_destroy(traps);
    else
        *out = traps;
    return status;
}

void traps_destroy(struct traps *traps)
{
    if (traps == NULL)
        return;
    for (size_t i = 0; traps->left != NULL && i < traps->n_arrays; i++)
        free(traps->left[i].bits);
    free(traps->left);
    law_telegraph_destroy(traps->chains);
    free(traps);
}

void traps_reset(struct traps *traps)
{
    /* Their number may differ in another trial. */
    for (size_t i = 0; i < traps->n_arrays; i++) {
        free(traps->left[i].bits);
        traps->left[i] = (struct left){0};
    }
}

enum rs_status traps_start(struct traps *traps, const struct random_key *key, size_t first_read,
                           const double *programmed_siemens, struct rs_error *err)
{
    const struct attention_setup *setup = traps->setup;
    enum rs_status status =
        law_telegraph_start(traps->chains, &setup->device.card.blocks[LAW_TELEGRAPH].params, key,
                            traps->n_cells, programmed_siemens, err);
    traps->array = key->array;
    traps->fresh = true;
    const struct left *left = &traps->left[traps->array];
    if (status == RS_OK && left->known)
        law_telegraph_resume(traps->chains, key, left->bits,
                             setup->device.time_seconds +
                                 (double)first_read * setup->timing.interval_seconds);
    return status;
}

void traps_see(struct traps *traps, const struct random_key *key, const double *conductance_siemens,
               double *seen_siemens)
{
    const struct attention_setup *setup = traps->setup;
    if (!traps->fresh)
        law_telegraph_wait(traps->chains, key, setup->timing.interval_seconds);
    traps->fresh = false;
    memcpy(seen_siemens, conductance_siemens, traps->n_cells * sizeof *seen_siemens);
    law_telegraph_read(traps->chains, setup->device.scale[LAW_TELEGRAPH], setup->timing.read_seconds,
                       seen_siemens);
}

void traps_average(const struct traps *traps, const double *conductance_siemens, double *mean_siemens)
{
    const struct attention_setup *setup = traps->setup;
    memcpy(mean_siemens, conductance_siemens, traps->n_cells * sizeof *mean_siemens);
    law_telegraph_average(traps->chains, setup->device.scale[LAW_TELEGRAPH], mean_siemens);
}

enum rs_status traps_finish(struct traps *traps, struct rs_error *err)
{
    struct left *left = &traps->left[traps->array];
    size_t n_bytes = law_telegraph_count(traps->chains) / 8 + 1;
    if (left->bits == NULL)
        left->bits = memory_allocate(n_bytes, 1, err);
    if (left->bits == NULL)
        return RS_INTERNAL;
    law_telegraph_save(traps->chains, left->bits);
    left->known = true;
    return RS_OK;
}
