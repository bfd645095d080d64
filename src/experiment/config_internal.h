/* Shared by the files that read and print configurations. */
#ifndef EXPERIMENT_CONFIG_INTERNAL_H
#define EXPERIMENT_CONFIG_INTERNAL_H

#include "experiment/config.h"

void config_fill_defaults(struct config *config);
void config_clear_sweep(struct config_sweep *sweep);

#endif
