/* rescore compare ARRAY.h5 --decisions: engine against ngspice, bit by bit (calib/decisions.h). */
#ifndef CLI_COMPARE_DECISIONS_H
#define CLI_COMPARE_DECISIONS_H

#include "cli/command.h"

/* plan_path; calibration_path or NULL. RS_INCOMPLETE when the plan's agreement is missed. */
enum rs_status compare_decisions(const struct command_line *line, const char *plan_path,
                                 const char *calibration_path, struct rs_error *err) RS_MUST_CHECK;

#endif
