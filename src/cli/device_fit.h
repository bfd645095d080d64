/* rescore device fit DATA.csv -o CARD.yaml */
#ifndef CLI_DEVICE_FIT_H
#define CLI_DEVICE_FIT_H

#include "cli/command.h"

/* Fits, writes the card and a page of pictures beside it (CARD.html), prints the figures. read_voltage, law:
 * the options' texts or NULL. */
enum rs_status device_fit(const char *data_path, const char *read_voltage, const char *law,
                          const struct command_line *line, struct rs_error *err);

#endif
