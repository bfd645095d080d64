#include "frontend/frontend_options.h"

static const char *const fills[] = {"prefill", NULL};
static const char *const signs[] = {"differential", "offset", NULL};
static const char *const msbs[] = {"round", "truncate", NULL};

#define TABLE(name, rows, type) const struct option_table name = {rows, sizeof rows / sizeof rows[0], sizeof(struct type)}

#define ARRAY(name) offsetof(struct array_options, name)
#define WIRE_PUBLISHED                                                                                               \
    "0.15 to 0.35 ohm per cell in aihwkit's presets (code, secondary); 1 to 5 ohm is the usual span of crossbar "     \
    "studies (assumed)"
static const struct option array_rows[] = {
    {.key = "array.rows", .kind = OPTION_INTEGER, .offset = ARRAY(rows), .initial = "64", .low = 1, .high = 4096,
     .help = "word lines of one physical array; longer keys are stacked over several arrays"},
    {.key = "array.columns", .kind = OPTION_INTEGER, .offset = ARRAY(columns), .initial = "128", .low = 2,
     .high = 4096, .help = "bit lines of one physical array, reference lines included"},
    {.key = "array.r_word_line", .kind = OPTION_REAL, .unit = QUANTITY_OHM, .offset = ARRAY(r_word_line_ohm),
     .initial = "2 ohm", .high = 1e6, .flags = OPTION_NON_IDEALITY,
     .help = "resistance of one word-line segment, between neighbouring cells", .published = WIRE_PUBLISHED},
    {.key = "array.r_bit_line", .kind = OPTION_REAL, .unit = QUANTITY_OHM, .offset = ARRAY(r_bit_line_ohm),
     .high = 1e6, .flags = OPTION_NON_IDEALITY, .initial_help = "as array.r_word_line",
     .help = "resistance of one bit-line segment", .published = WIRE_PUBLISHED},
    {.key = "array.r_driver", .kind = OPTION_REAL, .unit = QUANTITY_OHM, .offset = ARRAY(r_driver_ohm),
     .initial = "100 ohm", .high = 1e6, .flags = OPTION_NON_IDEALITY, .help = "output resistance of a word-line driver"},
    {.key = "array.r_sense", .kind = OPTION_REAL, .unit = QUANTITY_OHM, .offset = ARRAY(r_sense_ohm),
     .initial = "100 ohm", .high = 1e6, .flags = OPTION_NON_IDEALITY,
     .help = "resistance from the end of a bit line to the ground where its current is sensed"},
    {.key = "array.fill", .kind = OPTION_CHOICE, .offset = ARRAY(fill), .initial = "prefill", .choices = fills,
     .help = "prefill: all keys of a sample are written before its first query"},
};
TABLE(frontend_options_array, array_rows, array_options);

#define ENCODING(name) offsetof(struct encoding_options, name)
static const struct option encoding_rows[] = {
    {.key = "encoding.bits", .kind = OPTION_INTEGER, .offset = ENCODING(bits), .initial = "8", .low = 2, .high = 16,
     .help = "bits of a code of q, k and v, sign included"},
    {.key = "encoding.analog_bits", .kind = OPTION_INTEGER, .offset = ENCODING(analog_bits), .initial = "4", .low = 2,
     .high = 16, .help = "most significant bits of k that the array holds; at most encoding.bits",
     .published = "4 (SPRINT, secondary)"},
    {.key = "encoding.query_bits", .kind = OPTION_INTEGER, .offset = ENCODING(query_bits), .initial = "4", .low = 2,
     .high = 16, .help = "most significant bits of q that the word-line DACs drive; at most encoding.bits",
     .published = "4 (SPRINT, assumed)"},
    {.key = "encoding.cell_bits", .kind = OPTION_INTEGER, .offset = ENCODING(cell_bits), .initial = "0", .low = 0,
     .high = 15, .help = "bits of the stored magnitude per cell; fewer make slices on further bit lines, weighted by "
                         "ideal current mirrors; 0: all in one cell"},
    {.key = "encoding.sign", .kind = OPTION_CHOICE, .offset = ENCODING(sign), .initial = "differential",
     .choices = signs, .help = "differential: a pair of bit lines per key; offset: one, minus a mid-level line"},
    {.key = "encoding.msb", .kind = OPTION_CHOICE, .offset = ENCODING(msb), .initial = "round", .choices = msbs,
     .help = "how the low bits go: rounded half to even, or dropped from the magnitude"},
    {.key = "encoding.v_read", .kind = OPTION_REAL, .unit = QUANTITY_VOLT, .offset = ENCODING(v_read_volts),
     .initial = "0.2 V", .high = 10, .flags = OPTION_LOW_OPEN, .help = "word-line voltage of the largest query code"},
};
TABLE(frontend_options_encoding, encoding_rows, encoding_options);

#define COMPARATOR(name) offsetof(struct comparator_options, name)
static const struct option comparator_rows[] = {
    {.key = "comparator.offset", .kind = OPTION_EITHER, .unit = QUANTITY_AMPERE, .other_unit = QUANTITY_VOLT,
     .offset = COMPARATOR(offset), .initial = "0 A", .high = 1, .flags = OPTION_NON_IDEALITY,
     .help = "standard deviation of the input-referred offset, one draw per comparator and trial; volts act across "
             "comparator.r_load",
     .published = "11 mV for a StrongARM latch of a 65 nm-class generic card (own ngspice study, assumed card)"},
    {.key = "comparator.noise", .kind = OPTION_EITHER, .unit = QUANTITY_AMPERE, .other_unit = QUANTITY_VOLT,
     .offset = COMPARATOR(noise), .initial = "0 A", .high = 1, .flags = OPTION_NON_IDEALITY,
     .help = "standard deviation of the input-referred noise, one draw per decision; volts act across "
             "comparator.r_load"},
    {.key = "comparator.r_load", .kind = OPTION_REAL, .unit = QUANTITY_OHM, .offset = COMPARATOR(r_load_ohm),
     .high = 1e9, .initial_help = "array.r_sense", .help = "load that turns the difference current into a voltage"},
};
TABLE(frontend_options_comparator, comparator_rows, comparator_options);

#define READOUT(name) offsetof(struct readout_options, name)
static const struct option readout_rows[] = {
    {.key = "readout.bits", .kind = OPTION_INTEGER, .offset = READOUT(bits), .initial = "0", .low = 0, .high = 24,
     .help = "converter of the difference current, where analog values are used; 0: ideal"},
    {.key = "readout.range", .kind = OPTION_REAL, .unit = QUANTITY_AMPERE, .offset = READOUT(range_amperes),
     .high = 1, .flags = OPTION_LOW_OPEN, .initial_help = "the largest signal of ideal cells and wires",
     .help = "the converter spans +- this difference current"},
    {.key = "readout.noise", .kind = OPTION_REAL, .unit = QUANTITY_AMPERE, .offset = READOUT(noise_amperes),
     .initial = "0 A", .high = 1, .flags = OPTION_NON_IDEALITY,
     .help = "standard deviation of the converter's noise, one draw per conversion"},
};
TABLE(frontend_options_readout, readout_rows, readout_options);
