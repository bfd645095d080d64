/*
 * The file that `calibrate` makes and `comparator.calibration` names: a behavioural model of sense path,
 * comparator and thresholds, fitted to ngspice, with the identity of the circuit it was fitted to.
 *
 * Root attributes: format, version, topology, topology_sha256, device, device_sha256, latch, latch_sha256
 * (may be missing), ngspice_version, ngspice_options. Datasets: /parameter /value /stderr /lo95 /hi95 /unit
 * [p], /correlation [p][p], /residual /residual_stage /residual_deck /residual_column [r], /parameter_flag
 * [p], /column_threshold_shift [key slot] in amperes at the array's output, at threshold 0 without load; the
 * last ones may be missing.
 */
#ifndef FRONTEND_CALIBRATION_H
#define FRONTEND_CALIBRATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "devices/card.h"
#include "io/digest.h"
#include "io/store.h"

enum { CALIBRATION_NAME_SIZE = 64, CALIBRATION_TEXT_SIZE = 512 };

/*
 * CALIBRATION_LIST(PARAMETER): what the engine takes from a file. PARAMETER(name, unit in the file, meaning).
 * A file may hold others; the engine leaves them alone.
 */
#define CALIBRATION_LIST(PARAMETER)                                                                          \
    PARAMETER(gain_ohm, "ohm", "sense path, volts per ampere of difference current")                         \
    PARAMETER(swing_volts, "V", "sense path, output at which it saturates")                                  \
    PARAMETER(settling_seconds, "s", "sense path, time constant")                                            \
    PARAMETER(offset_mean_volts, "V", "comparator, mean offset")                                             \
    PARAMETER(offset_sigma_volts, "V", "comparator, standard deviation of the offset")                       \
    PARAMETER(offset_sensitivity_input, "1", "offset per threshold difference of the input pair")            \
    PARAMETER(offset_sensitivity_nlatch, "1", "... of the latch's n pair")                                   \
    PARAMETER(offset_sensitivity_platch, "1", "... of the latch's p pair")                                   \
    PARAMETER(offset_input_per_volt, "1/V", "change of offset_sensitivity_input with the common mode")       \
    PARAMETER(offset_nlatch_per_volt, "1/V", "... of offset_sensitivity_nlatch")                             \
    PARAMETER(offset_platch_per_volt, "1/V", "... of offset_sensitivity_platch")                             \
    PARAMETER(noise_sigma_volts, "V", "comparator, noise")                                                   \
    PARAMETER(hysteresis_volts, "V", "comparator, distance between its two thresholds")                      \
    PARAMETER(kickback_volts_per_ohm, "V/ohm", "shift per source resistance, reference less column")         \
    PARAMETER(kickback_r0_ohm, "ohm", "source resistance above which kickback grows like its logarithm")     \
    PARAMETER(kickback_per_volt, "1/ohm", "change of kickback_volts_per_ohm with the common mode")           \
    PARAMETER(delay_t0_seconds, "s", "decision time at delay_v1_volts")                                      \
    PARAMETER(delay_tau_seconds, "s", "regeneration time constant")                                          \
    PARAMETER(delay_v1_volts, "V", "input of the logarithmic law's origin")                                  \
    PARAMETER(delay_min_seconds, "s", "shortest decision time")                                              \
    PARAMETER(delay_temperature_kelvin, "K", "temperature of delay_t0_seconds and delay_tau_seconds")        \
    PARAMETER(delay_tau_per_kelvin, "1/K", "relative change of delay_tau_seconds")                           \
    PARAMETER(delay_t0_per_kelvin, "s/K", "change of delay_t0_seconds")                                      \
    PARAMETER(delay_overdrive_volts, "V", "input pair, its overdrive at the common mode of the fit")         \
    PARAMETER(delay_integration_seconds, "s", "part of delay_t0_seconds that goes as 1 / overdrive")         \
    PARAMETER(delay_tau_share, "1", "part of delay_tau_seconds that goes as 1 / overdrive")                  \
    PARAMETER(threshold_shift_amperes, "A", "effective threshold at 0 A, key slot 0, without load")          \
    PARAMETER(threshold_shift_per_slot_amperes, "A", "... more per key slot")                                \
    PARAMETER(threshold_shift_per_load, "1", "... more per ampere of load sum_i V_i (G+ + G-)")              \
    PARAMETER(threshold_shift_per_ampere, "1", "... more per ampere of threshold, at key slot 0")            \
    PARAMETER(threshold_shift_per_ampere_and_slot, "1", "... more per ampere of threshold and key slot")

enum calibration_parameter {
#define CALIBRATION_ENUM(name, unit, meaning) CALIBRATION_##name,
    CALIBRATION_LIST(CALIBRATION_ENUM)
#undef CALIBRATION_ENUM
        CALIBRATION_N
};

struct calibration_row {
    const char *name, *unit, *meaning;
};
extern const struct calibration_row calibration_table[CALIBRATION_N];
/* The row of that name, or NULL. */
const struct calibration_row *calibration_find(const char *name);

/* What a circuit is, as canonical text of lines "name value", and its digest. */
struct calibration_identity {
    char *text; /* owned */
    char sha256[DIGEST_TEXT_SIZE];
};

/* The words are those of the options comparator.kind, comparator.sense, comparator.reference,
 * comparator.share and encoding.sign; kind NULL: voltage. */
struct calibration_topology {
    size_t n_rows, n_columns;
    double r_word_line_ohm, r_bit_line_ohm, r_driver_ohm, r_sense_ohm;
    const char *kind, *sense, *reference, *share, *sign;
};

/* Each fills an identity that the caller frees with calibration_identity_clear; RS_INTERNAL: no memory. */
enum rs_status calibration_topology_identity(const struct calibration_topology *topology,
                                             struct calibration_identity *out,
                                             struct rs_error *err) RS_MUST_CHECK;
/* The laws and figures of a card as it was read, without its words (name, sources), and the window in use. */
enum rs_status calibration_device_identity(const struct card *card, double g_min_siemens,
                                           double g_max_siemens, struct calibration_identity *out,
                                           struct rs_error *err) RS_MUST_CHECK;
/* Takes the text of a canonical identity. */
enum rs_status calibration_identity_take(struct text *text, struct calibration_identity *out,
                                         struct rs_error *err) RS_MUST_CHECK;
void calibration_identity_clear(struct calibration_identity *identity);

/* Bits of /parameter_flag. */
enum {
    CALIBRATION_FLAG_FIXED = 1,
    CALIBRATION_FLAG_AT_BOUND = 2,
    CALIBRATION_FLAG_NOT_IDENTIFIED = 4, /* the decks do not determine it */
    CALIBRATION_FLAG_TEST = 8            /* of a stage that calibrates nothing */
};

struct calibration_estimate {
    char name[CALIBRATION_NAME_SIZE], unit[16];
    double value, standard_error, lo95, hi95; /* NAN: not known */
    int32_t flags;                            /* of the enum above; only read, a file may have none */
};

struct calibration_residual {
    double value;
    int32_t stage, deck, column; /* -1: does not apply */
};

/* Arrays are owned; one that is empty is NULL. */
struct calibration {
    struct calibration_identity topology, device;
    struct calibration_identity latch; /* what runs do not know of; text NULL: not told */
    char ngspice_version[CALIBRATION_TEXT_SIZE], ngspice_options[CALIBRATION_TEXT_SIZE];
    size_t n_estimates;
    struct calibration_estimate *estimates;
    double *correlation; /* [n_estimates][n_estimates] */
    size_t n_residuals;
    struct calibration_residual *residuals;
    size_t n_slots;
    double *column_threshold_shift_amperes; /* [n_slots] */
};

/* Appends one estimate; its unit is that of the table, or "1" for other names. */
enum rs_status calibration_add(struct calibration *calibration, const char *name, double value,
                               double standard_error, double lo95, double hi95,
                               struct rs_error *err) RS_MUST_CHECK;

/* The value of one parameter; false where the calibration has none. */
bool calibration_get(const struct calibration *calibration, enum calibration_parameter parameter,
                     double *value);

/* Writes attributes and datasets into a store under construction, to which a caller may add its own. */
enum rs_status calibration_store(const struct calibration *calibration, struct store *store,
                                 struct rs_error *err) RS_MUST_CHECK;
/* The same as a file of its own. */
enum rs_status calibration_write(const struct calibration *calibration, const char *path,
                                 struct rs_error *err) RS_MUST_CHECK;

/*
 * Reads a file; the caller frees with calibration_clear. RS_INPUT, naming the place in the file: another
 * format, a known parameter twice, in another unit or not finite, a text that does not have its digest, and
 * arrays that do not fit together.
 */
enum rs_status calibration_read(const char *path, struct calibration *out,
                                struct rs_error *err) RS_MUST_CHECK;
void calibration_clear(struct calibration *calibration);

/* RS_INPUT unless both digests agree; the text gives both and the lines in which they differ. Likewise where
 * a parameter that the engine takes is not identified, or all that the file holds are tests. */
enum rs_status calibration_check(const struct calibration *calibration, const char *path,
                                 const struct calibration_identity *topology,
                                 const struct calibration_identity *device,
                                 struct rs_error *err) RS_MUST_CHECK;
/* The same of the latch, where the calibration tells it. */
enum rs_status calibration_check_latch(const struct calibration *calibration, const char *path,
                                       const struct calibration_identity *latch,
                                       struct rs_error *err) RS_MUST_CHECK;

#endif
