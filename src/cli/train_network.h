/* What `rescore train` does for workload.kind: transformer. */
#ifndef CLI_TRAIN_NETWORK_H
#define CLI_TRAIN_NETWORK_H

#include "cli/command.h"
#include "experiment/config.h"

/* Trains on workload.text, or on workload.images and workload.labels, and writes the model file. */
enum rs_status train_network(const struct command_line *line, const struct config *config,
                             struct rs_error *err) RS_MUST_CHECK;

#endif
