/*
 * What ngspice says when it solves another circuit than the one it was given, or none: its exit status and
 * return codes do not tell (0 after an unknown vector, 1 after a correct run), and a resistance of 0 becomes
 * 1 mohm without a word.
 */
#ifndef SPICE_TROUBLE_H
#define SPICE_TROUBLE_H

#include <stdbool.h>
#include <stddef.h>

#include "rescore/status.h"

/* The first line of `output` that speaks of trouble, its length in `length`; NULL where there is none. */
const char *trouble_find(const char *output, size_t *length);

/*
 * RS_INPUT when a resistor of the deck has the number 0. `in_doubt`: some resistance is an expression, a
 * model's, or on a line of its own, so that only the loaded circuit knows: ask it by TROUBLE_ASK_RESISTANCES.
 */
enum rs_status trouble_check_deck(const char *deck, bool *in_doubt, struct rs_error *err) RS_MUST_CHECK;

/* RS_INPUT when a line of commands sets a resistor to 0. */
enum rs_status trouble_check_commands(const char *commands, struct rs_error *err) RS_MUST_CHECK;

#define TROUBLE_ASK_RESISTANCES "show r : resistance"
#define TROUBLE_REPLACED_TEXT                                                                                \
    "a resistor of the loaded deck has 1 mohm, which is what ngspice makes of 0: give both nodes one name"

/* Whether its answer has a resistor of 1 mohm, which is what ngspice makes of 0. */
bool trouble_has_replaced_zero(const char *output);

#endif
