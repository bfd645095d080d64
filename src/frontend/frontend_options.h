/* The options of one physical array and of the circuits around it. */
#ifndef FRONTEND_FRONTEND_OPTIONS_H
#define FRONTEND_FRONTEND_OPTIONS_H

#include <stdint.h>

#include "base/option.h"

enum array_fill { ARRAY_FILL_PREFILL, ARRAY_FILL_APPEND };

struct array_options {
    int64_t rows, columns;
    double r_word_line_ohm, r_bit_line_ohm, r_driver_ohm, r_sense_ohm; /* r_bit_line NAN: as r_word_line */
    int fill;                                                          /* of enum array_fill */
    double read_seconds, query_interval_seconds;                       /* NAN: the card's; as the read */
};

enum encoding_sign { ENCODING_DIFFERENTIAL, ENCODING_OFFSET };
enum encoding_msb { ENCODING_ROUND, ENCODING_TRUNCATE };

struct encoding_options {
    int64_t bits, analog_bits, query_bits;
    int64_t cell_bits; /* 0: the whole stored magnitude in one cell */
    int sign, msb;     /* of the enums above */
    double v_read_volts;
};

struct comparator_options {
    struct option_either offset, noise; /* standard deviations, amperes or volts */
    double r_load_ohm;                  /* NAN: array.r_sense */
};

struct readout_options {
    int64_t bits;         /* 0: ideal */
    double range_amperes; /* NAN: the largest signal that ideal cells and wires can give */
    double noise_amperes;
};

extern const struct option_table frontend_options_array, frontend_options_encoding,
    frontend_options_comparator, frontend_options_readout;

#endif
