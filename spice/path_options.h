/*
 * The circuit from word-line voltages to decisions (path.h), as the sections path, reference and latch of a
 * PLAN.yaml.
 */
#ifndef SPICE_PATH_OPTIONS_H
#define SPICE_PATH_OPTIONS_H

#include "base/option.h"
#include "io/settings.h"

enum path_sign { PATH_DIFFERENTIAL, PATH_OFFSET };
enum path_sense { PATH_RESISTOR, PATH_TRANSIMPEDANCE, PATH_INTEGRATOR };
enum path_cell { PATH_CELL_ARRAY, PATH_CELL_STANFORD, PATH_CELL_VTEAM, PATH_CELL_YAKOPCIC };
enum path_reference { PATH_IDEAL, PATH_CURRENT, PATH_BIAS_ROWS, PATH_REPLICA };
enum path_sharing { PATH_PER_COMPARATOR, PATH_SHARED };
enum path_latch { PATH_STRONGARM, PATH_CURRENT_LATCH, PATH_WINNER };
enum path_pairs { PATH_PAIRS_UNKNOWN, PATH_PAIRS_KNOWN };

struct path_options {
    int sign, sense, cell; /* of the enums above */
    double supply_volts, common_mode_volts;
    double r_feedback_ohm, swing_volts, settling_seconds, r_out_ohm;
    double integration_capacitance_farad, integration_seconds;
    double settle_seconds, evaluation_seconds, edge_seconds;
    double line_capacitance_farad, temperature_kelvin, step_seconds; /* step NAN: as the circuit needs */
};

struct reference_options {
    int kind, sharing;
    struct option_reals threshold_amperes; /* one number, or one per key slot */
    double r_output_ohm;
    int64_t bias_rows;
    char replica[OPTION_TEXT_SIZE];
};

struct latch_options {
    int kind, pairs; /* of the enums above */
    double w_tail_metres, w_input_metres, w_nlatch_metres, w_platch_metres, w_reset_metres, w_equalise_metres,
        w_clamp_metres, w_power_metres, w_follow_metres, length_metres;
    double r_load_ohm, bias_amperes; /* of latches of currents */
    double mismatch_volts;           /* of a pair's threshold difference at W L = 1 um^2 */
    double load_farad;
    int64_t seed;
    char file[OPTION_TEXT_SIZE], subcircuit[OPTION_TEXT_SIZE];
    char models[OPTION_TEXT_SIZE], models_section[OPTION_TEXT_SIZE];
    char parameters[OPTION_TEXT_SIZE], mismatch_parameters[OPTION_TEXT_SIZE];
    char monte_carlo[OPTION_TEXT_SIZE], monte_carlo_off[OPTION_TEXT_SIZE];
    struct option_reals mismatch_sigmas_volts, mismatch_widths_metres;
};

struct path_plan {
    struct path_options path;
    struct reference_options reference;
    struct latch_options latch;
};

extern const struct option_table path_options_path, path_options_reference, path_options_latch;

/* The defaults. */
void path_options_fill(struct path_plan *plan);

/* Adds the three sections, their values in `plan` at the defaults. */
void path_options_add(struct settings *settings, struct path_plan *plan);

/* What must agree between keys, each error at its key's place; RS_INPUT with one line per error. */
enum rs_status path_options_check(const struct settings *settings, const struct path_plan *plan,
                                  struct rs_error *err) RS_MUST_CHECK;

#endif
