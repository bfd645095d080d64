/* What the endurance block of a card tells beside its law: lifetimes, for programming that counts pulses. */
#ifndef DEVICES_LAW_ENDURANCE_H
#define DEVICES_LAW_ENDURANCE_H

#include "devices/law.h"

/* cycles [n]: how many each of cells first ... first + n - 1 lives (first a multiple of 4); the same in every
 * write of a trial. */
void law_endurance_lives(const struct law *law, const void *params, const struct random_key *key,
                         size_t first, size_t n, double *cycles);

/* What a pulse costs. */
double law_endurance_per_pulse(const void *params);

/* Where a worn-out cell that stood at `standing_siemens` ends. */
double law_endurance_end(const void *params, const struct law_conditions *at, double standing_siemens);

#endif
