/* rescore device list; rescore device show NAME|CARD.yaml */
#ifndef CLI_DEVICE_SHOW_H
#define CLI_DEVICE_SHOW_H

#include "cli/command.h"

/* One entry per card that the program carries: window, times, spread in the middle of the window, confidence.
 */
enum rs_status device_list(const struct command_line *line, struct rs_error *err);

/* One card's laws with their figures and sources, mean and spread at several states and times; or its file.
 */
enum rs_status device_show(const char *name, bool as_yaml, const struct command_line *line,
                           struct rs_error *err);

#endif
