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

enum comparator_kind { COMPARATOR_VOLTAGE, COMPARATOR_CURRENT, COMPARATOR_WINNER };
enum comparator_sense { COMPARATOR_RESISTOR, COMPARATOR_TRANSIMPEDANCE, COMPARATOR_INTEGRATOR };
enum comparator_reference { COMPARATOR_IDEAL, COMPARATOR_DAC, COMPARATOR_BIAS_ROWS, COMPARATOR_REPLICA };
enum comparator_share { COMPARATOR_PER_COMPARATOR, COMPARATOR_SHARED };
enum comparator_unresolved { COMPARATOR_RANDOM, COMPARATOR_KEEP, COMPARATOR_PRUNE };
enum comparator_compensation { COMPARATOR_UNCOMPENSATED, COMPARATOR_CALIBRATED };

/* NAN: not given, so that of the calibration, else what the table says. */
struct comparator_options {
    int kind, sense, reference, share, unresolved, compensation; /* of the enums above */
    char calibration[OPTION_TEXT_SIZE];
    struct option_either offset, offset_mean, noise, hysteresis; /* amperes or volts */
    double r_load_ohm;                                           /* NAN: array.r_sense */
    double a_vt_volt_metres, gate_length_metres, input_width_metres, n_latch_width_metres,
        p_latch_width_metres;
    double sensitivity_input, sensitivity_n_latch, sensitivity_p_latch;
    double auto_zero, auto_zero_noise;
    double kickback_amperes, kickback_r0_ohm;
    double r_output_ohm; /* NAN: none */
    double mirror_gain_per_volt, bias_amperes;
    double swing_volts, settling_seconds, line_farads, integrate_farads, sense_seconds;
    double delay_t0_seconds, delay_tau_seconds, delay_v1_volts, delay_min_seconds, delay_tau_per_kelvin,
        delay_t0_per_kelvin, temperature_kelvin, evaluation_seconds;
    int64_t reference_bits;
    double reference_range_amperes, reference_volts;
    struct option_either reference_error;
};
/* The words of three choices, for what names a circuit. */
extern const char *const frontend_options_kinds[],
    *const frontend_options_senses[], *const frontend_options_references[],
                                          *const frontend_options_shares[], *const frontend_options_signs[];

struct readout_options {
    int64_t bits;         /* 0: ideal */
    double range_amperes; /* NAN: the largest signal that ideal cells and wires can give */
    double noise_amperes;
};

extern const struct option_table frontend_options_array, frontend_options_encoding,
    frontend_options_comparator, frontend_options_readout;

#endif
