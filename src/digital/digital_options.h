/* The options of the digital half. */
#ifndef DIGITAL_DIGITAL_OPTIONS_H
#define DIGITAL_DIGITAL_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/option.h"

enum recompute_rethreshold {
    RECOMPUTE_RETHRESHOLD_AUTO,
    RECOMPUTE_RETHRESHOLD_ON,
    RECOMPUTE_RETHRESHOLD_OFF
};

struct recompute_options {
    bool enabled, early_termination;
    int64_t bits; /* 0: encoding.bits */
    int64_t bits_per_cycle;
    int rethreshold; /* of enum recompute_rethreshold */
};

extern const struct option_table digital_options_recompute;

#endif
