/* The registry of stages. */
#include <stdio.h>
#include <string.h>

#include "calib/stage.h"

extern const struct stage stage_recovery, stage_sense, stage_comparator, stage_common, stage_temperature,
    stage_noise, stage_noise_check, stage_column;

const struct stage *const stage_list[] = {&stage_recovery,    &stage_sense,       &stage_comparator,
                                          &stage_common,      &stage_temperature, &stage_noise,
                                          &stage_noise_check, &stage_column,      NULL};

const struct stage *stage_find(const char *name)
{
    for (const struct stage *const *stage = stage_list; *stage != NULL; stage++)
        if (strcmp((*stage)->name, name) == 0)
            return *stage;
    return NULL;
}

void stage_leave_out(struct stage_run *run, const char *name, const char *why)
{
    size_t used = strlen(run->left_out);
    snprintf(run->left_out + used, sizeof run->left_out - used, "%s%s: %s",
             used > 0 ? "; " : "does not apply: ", name, why);
}

enum rs_status stage_get_known(const struct stage_run *run, const char *name, double *value,
                               struct rs_error *err)
{
    for (size_t i = 0; i < run->n_known; i++)
        if (strcmp(run->known[i].name, name) == 0) {
            *value = run->known[i].value;
            return RS_OK;
        }
    return rs_fail(err, RS_INCOMPLETE,
                   "%s is needed and no earlier stage has found it: run its stage too, or give "
                   "parameters.%s.fixed",
                   name, name);
}
