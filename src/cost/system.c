#include "cost/system.h"

#include <string.h>

const struct cost_system *const system_all[] = {
    &system_baseline,   &system_sprint_s, &system_sprint_m, &system_sprint_l, &system_leopard_ae,
    &system_leopard_hp, &system_spatten,  &system_a3,       &system_mnnfast,  NULL};

const struct cost_system *system_find(const char *name)
{
    for (const struct cost_system *const *system = system_all; *system; system++)
        if (strcmp((*system)->name, name) == 0)
            return *system;
    return NULL;
}
