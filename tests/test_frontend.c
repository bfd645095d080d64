/* Codes in arrays, comparators, readout: what definitions 2 fixes. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "frontend/comparator.h"
#include "frontend/mapping.h"
#include "frontend/readout.h"
#include "tensor/code.h"

TestSuite(frontend, .timeout = 60);

enum { D_MAX = 48, KEYS_MAX = 23, CELLS_MAX = 64 * 64 };
static const double g_min = 2e-6, g_max = 45e-6;

struct options {
    struct array_options array;
    struct encoding_options encoding;
    struct comparator_options comparator;
    struct readout_options readout;
};

static struct options default_options(void)
{
    struct options options;
    option_fill_defaults(&frontend_options_array, &options.array);
    option_fill_defaults(&frontend_options_encoding, &options.encoding);
    option_fill_defaults(&frontend_options_comparator, &options.comparator);
    option_fill_defaults(&frontend_options_readout, &options.readout);
    return options;
}

static struct mapping map(const struct options *options, size_t d)
{
    struct mapping mapping;
    struct rs_error err = {{0}};
    cr_assert_eq(mapping_init(&options->array, &options->encoding, g_min, g_max, d, &mapping, &err), RS_OK,
                 "%s", err.text);
    return mapping;
}

/* Uniform codes, the extremes more often. */
static void draw_codes(uint32_t draw, int limit, size_t n, int16_t *codes)
{
    struct random_key key = {.seed = 21, .purpose = RANDOM_PROBE, .draw = draw};
    for (size_t i = 0; i < n; i++) {
        int code = (int)random_integer(&key, (uint32_t)i, (uint32_t)(2 * limit + 3)) - limit - 1;
        codes[i] = (int16_t)(code > limit ? limit : code < -limit ? -limit : code);
    }
}

/* Signals of every key through ideal wires: I_j = sum_i V_i G_ij, all tiles and stacks. */
static void read_ideally(const struct mapping *m, size_t n_keys, const int16_t *keys, const int16_t *query,
                         double *signals)
{
    static double target[CELLS_MAX], volts[64], amperes[64];
    memset(signals, 0, n_keys * sizeof *signals);
    for (size_t tile = 0; tile < mapping_tiles(m, n_keys); tile++)
        for (size_t stack = 0; stack < m->n_stacks; stack++) {
            size_t first = tile * m->n_keys_per_array, rest = n_keys - first;
            mapping_targets(m, tile, stack, n_keys, keys, target);
            mapping_volts(m, stack, query, volts);
            for (size_t j = 0; j < m->n_columns; j++) {
                amperes[j] = 0;
                for (size_t i = 0; i < m->n_rows; i++) {
                    double g = target[i * m->n_columns + j];
                    cr_assert(g >= g_min && g <= g_max * (1 + 1e-12), "%g S outside the window", g);
                    amperes[j] += volts[i] * g;
                }
            }
            mapping_add_signals(m, rest < m->n_keys_per_array ? rest : m->n_keys_per_array, amperes,
                                signals + first);
        }
}

/* I- in units: the negative lines weighted like their slices, or the mid-level line mirrored W times. */
static void check_minus(const struct mapping *m, size_t n_keys, const int16_t *keys, const int16_t *query)
{
    static double target[CELLS_MAX], volts[64], amperes[64], minus[64], signals[64];
    size_t n = n_keys < m->n_keys_per_array ? n_keys : m->n_keys_per_array, line_plus, line_minus;
    mapping_targets(m, 0, 0, n_keys, keys, target);
    mapping_volts(m, 0, query, volts);
    memset(minus, 0, sizeof minus);
    memset(signals, 0, sizeof signals);
    memset(amperes, 0, sizeof amperes);
    for (size_t c = 0; c < m->n_rows * m->n_columns; c++)
        amperes[c % m->n_columns] += volts[c / m->n_columns] * target[c];
    mapping_add_minus(m, n, amperes, minus);
    mapping_add_signals(m, n, amperes, signals);
    for (size_t slot = 0; slot < n; slot++) {
        double plus = 0, weight = 1;
        mapping_lines(m, slot, &line_plus, &line_minus);
        size_t step = m->sign == ENCODING_OFFSET ? 1 : 2;
        for (size_t slice = (size_t)m->n_slices; slice-- > 0; weight *= 1 << m->slice_bits)
            plus += weight * amperes[line_plus + step * slice] / m->unit_amperes;
        cr_assert_float_eq(plus - minus[slot], signals[slot], 1e-8);
        cr_assert_eq(line_minus, m->sign == ENCODING_OFFSET ? m->n_columns - 1 : line_plus + 1);
    }
}

static void check_products(const struct options *options, size_t d, uint32_t draw)
{
    struct mapping m = map(options, d);
    const struct encoding_options *e = &options->encoding;
    int16_t keys[KEYS_MAX * D_MAX], query[D_MAX];
    double signals[KEYS_MAX];
    draw_codes(2 * draw, code_limit((int)e->analog_bits), KEYS_MAX * d, keys);
    draw_codes(2 * draw + 1, code_limit((int)e->query_bits), d, query);
    read_ideally(&m, KEYS_MAX, keys, query, signals);
    check_minus(&m, KEYS_MAX, keys, query);
    for (size_t j = 0; j < KEYS_MAX; j++) {
        double exact = (double)code_product(query, keys + j * d, d);
        cr_assert_float_eq(
            signals[j], exact, 1e-9, "sign %d, %d + %d bits, %d per cell, d %zu, key %zu: %.12g, not %g",
            e->sign, (int)e->analog_bits, (int)e->query_bits, (int)e->cell_bits, d, j, signals[j], exact);
    }
}

/* Every width, every slicing, both signs; d below, at and above the rows; keys in one array and in several.
 */
Test(frontend, ideal_arrays_give_the_integer_products)
{
    const size_t lengths[] = {1, 15, 16, 17, 40};
    struct options options = default_options();
    options.array.rows = 16;
    uint32_t draw = 0;
    for (int sign = ENCODING_DIFFERENTIAL; sign <= ENCODING_OFFSET; sign++)
        for (int analog_bits = 2; analog_bits <= 8; analog_bits++)
            for (int cell_bits = 0; cell_bits <= 3; cell_bits++)
                for (size_t l = 0; l < 5; l++) {
                    options.array.columns = 17 + (int64_t)draw % 48;
                    options.encoding.sign = sign;
                    options.encoding.analog_bits = analog_bits;
                    options.encoding.query_bits = 2 + draw % 7;
                    options.encoding.cell_bits = cell_bits;
                    check_products(&options, lengths[l], draw++);
                }
}

struct place {
    int sign, analog_bits, cell_bits;
    size_t lines_per_key, keys_per_array; /* of 21 bit lines */
};

Test(frontend, keys_take_the_bit_lines_of_the_definitions)
{
    const struct place cases[] = {
        {ENCODING_DIFFERENTIAL, 4, 0, 2, 10}, {ENCODING_DIFFERENTIAL, 4, 1, 6, 3},
        {ENCODING_DIFFERENTIAL, 4, 2, 4, 5},  {ENCODING_DIFFERENTIAL, 4, 3, 2, 10},
        {ENCODING_DIFFERENTIAL, 4, 9, 2, 10}, {ENCODING_DIFFERENTIAL, 8, 2, 8, 2},
        {ENCODING_OFFSET, 4, 0, 1, 20},       {ENCODING_OFFSET, 4, 1, 4, 5},
        {ENCODING_OFFSET, 4, 3, 2, 10},       {ENCODING_OFFSET, 8, 3, 3, 6},
    };
    struct options options = default_options();
    options.array.columns = 21;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        options.encoding.sign = cases[i].sign;
        options.encoding.analog_bits = cases[i].analog_bits;
        options.encoding.cell_bits = cases[i].cell_bits;
        struct mapping m = map(&options, 64);
        cr_assert_eq(m.n_lines_per_key, cases[i].lines_per_key, "case %zu", i);
        cr_assert_eq(m.n_keys_per_array, cases[i].keys_per_array, "case %zu", i);
        cr_assert_eq(mapping_tiles(&m, 2 * m.n_keys_per_array), 2);
        cr_assert_eq(mapping_tiles(&m, 2 * m.n_keys_per_array + 1), 3);
        cr_assert_eq(m.n_stacks, 1);
    }
    options.array.rows = 63;
    cr_assert_eq(map(&options, 64).n_stacks, 2);
}

static void assert_targets(const struct mapping *m, size_t tile, size_t stack, size_t n_keys,
                           const int16_t *keys, const double *expected_uS)
{
    double target[CELLS_MAX];
    mapping_targets(m, tile, stack, n_keys, keys, target);
    for (size_t i = 0; i < m->n_rows; i++)
        for (size_t j = 0; j < m->n_columns; j++) {
            double g = target[i * m->n_columns + j] * 1e6, e = expected_uS[i * m->n_columns + j];
            cr_assert_float_eq(g, e, 1e-9, "row %zu, bit line %zu: %g uS, %g expected", i, j, g, e);
        }
}

/* Three keys of three elements; window 1 to 8 uS, so that one unit of a 4-bit pair is 1 uS. */
static const int16_t three_keys[] = {5, -3, 0, 7, -7, 1, -2, 4, 6};

static struct mapping small_map(int sign, int cell_bits, int rows, int columns)
{
    struct options options = default_options();
    struct mapping mapping;
    options.array.rows = rows;
    options.array.columns = columns;
    options.encoding.sign = sign;
    options.encoding.cell_bits = cell_bits;
    cr_assert_eq(mapping_init(&options.array, &options.encoding, 1e-6, 8e-6, 3, &mapping, NULL), RS_OK);
    return mapping;
}

Test(frontend, pairs_stand_where_the_definitions_say)
{
    struct mapping m = small_map(ENCODING_DIFFERENTIAL, 0, 4, 5);
    assert_targets(&m, 0, 0, 3, three_keys,
                   (const double[]){6, 1, 8, 1, 1, 1, 4, 1, 8, 1, 1, 1, 2, 1, 1, 1, 1, 1, 1, 1});
    assert_targets(&m, 1, 0, 3, three_keys,
                   (const double[]){1, 3, 1, 1, 1, 5, 1, 1, 1, 1, 7, 1, 1, 1, 1, 1, 1, 1, 1, 1});
    m = small_map(ENCODING_DIFFERENTIAL, 0, 2, 2);
    assert_targets(&m, 2, 1, 3, three_keys, (const double[]){7, 1, 1, 1});
}

/* 5 = 0b101 in cells of two bits: 01 and 01 of 3; 6 = 01 and 10. */
Test(frontend, slices_stand_most_significant_first)
{
    struct mapping m = small_map(ENCODING_DIFFERENTIAL, 2, 3, 4);
    double one = 1 + 7.0 / 3, two = 1 + 14.0 / 3;
    assert_targets(&m, 0, 0, 1, three_keys, (const double[]){one, 1, one, 1, 1, 1, 1, 8, 1, 1, 1, 1});
    assert_targets(&m, 2, 0, 3, three_keys, (const double[]){1, 1, 1, two, one, 1, 1, 1, one, 1, two, 1});
}

/* Codes stand as code + 7 of 14, the mid-level line at 7; with slices of 2 bits (weights 4, 1) at 7 / 5 of 3.
 */
Test(frontend, the_mid_level_line_is_the_last_and_stands_for_code_0)
{
    struct mapping m = small_map(ENCODING_OFFSET, 0, 4, 4);
    assert_targets(&m, 0, 0, 2, three_keys,
                   (const double[]){7, 8, 1, 4.5, 3, 1, 1, 4.5, 4.5, 5, 1, 4.5, 1, 1, 1, 1});
    m = small_map(ENCODING_OFFSET, 2, 3, 4);
    double lsb = 7.0 / 3, mid = 1 + 7.0 / 5 * lsb;
    assert_targets(
        &m, 0, 0, 1, three_keys,
        (const double[]){1 + 3 * lsb, 1, 1, mid, 1 + lsb, 1, 1, mid, 1 + lsb, 1 + 3 * lsb, 1, mid});
}

Test(frontend, queries_drive_word_lines_and_unused_rows_are_at_0_volts)
{
    struct options options = default_options();
    const int16_t query[] = {7, -7, 1, 0, -3};
    double volts[4];
    options.array.rows = 4;
    options.encoding.v_read_volts = 0.35;
    struct mapping m = map(&options, 5);
    mapping_volts(&m, 0, query, volts);
    for (int i = 0; i < 4; i++)
        cr_assert_float_eq(volts[i], 0.05 * query[i], 1e-15);
    mapping_volts(&m, 1, query, volts);
    cr_assert_float_eq(volts[0], -0.15, 1e-15);
    cr_assert(volts[1] == 0 && volts[2] == 0 && volts[3] == 0);
    cr_assert_float_eq(m.unit_amperes, 0.05 * (g_max - g_min) / 7, 1e-18);
}

Test(frontend, an_array_too_narrow_for_one_key_is_refused)
{
    struct options options = default_options();
    struct mapping mapping;
    struct rs_error err = {{0}};
    options.array.columns = 5;
    options.encoding.cell_bits = 1;
    cr_assert_eq(mapping_init(&options.array, &options.encoding, g_min, g_max, 8, &mapping, &err), RS_INPUT);
    cr_assert_str_eq(err.text, "array.columns 5 found, at least 6 expected: one key takes 6 bit lines");
    options.encoding.sign = ENCODING_OFFSET;
    options.array.columns = 4;
    cr_assert_eq(mapping_init(&options.array, &options.encoding, g_min, g_max, 8, &mapping, &err), RS_INPUT);
    cr_assert_str_eq(err.text, "array.columns 4 found, at least 5 expected: one key takes 4 bit lines");
    options.array.columns = 5;
    cr_assert_eq(mapping_init(&options.array, &options.encoding, g_min, g_max, 8, &mapping, &err), RS_OK);
}

static struct option_either amperes(double value)
{
    return (struct option_either){value, QUANTITY_AMPERE};
}

static struct option_either volts_across(double value)
{
    return (struct option_either){value, QUANTITY_VOLT};
}

static enum rs_status make_comparator(const struct options *options, double r_sense_ohm, double unit_amperes,
                                      struct comparator *out, struct rs_error *err)
{
    const struct comparator_circuit circuit = {.r_sense_ohm = r_sense_ohm,
                                               .unit_amperes = unit_amperes,
                                               .temperature_kelvin = (double)NAN,
                                               .read_seconds = (double)NAN,
                                               .n_slots = 1};
    return comparator_init(&options->comparator, &circuit, out, err);
}

Test(frontend, comparator_errors_become_units)
{
    struct options options = default_options();
    struct comparator comparator;
    options.comparator.offset = amperes(3e-6);
    options.comparator.noise = volts_across(2e-3);
    cr_assert_eq(make_comparator(&options, 500, 0.5e-6, &comparator, NULL), RS_OK);
    cr_assert_float_eq(comparator.offset_sigma_units, 6, 1e-12);
    cr_assert_float_eq(comparator.noise_sigma_units, 8, 1e-12); /* 4 uA across r_sense */
    options.comparator.r_load_ohm = 1000;
    cr_assert_eq(make_comparator(&options, 500, 0.5e-6, &comparator, NULL), RS_OK);
    cr_assert_float_eq(comparator.offset_sigma_units, 6, 1e-12);
    cr_assert_float_eq(comparator.noise_sigma_units, 4, 1e-12);
}

Test(frontend, volts_without_a_load_are_refused)
{
    struct options options = default_options();
    struct comparator comparator;
    struct rs_error err = {{0}};
    options.comparator.offset = volts_across(1e-3);
    cr_assert_eq(make_comparator(&options, 0, 1e-6, &comparator, &err), RS_INPUT);
    cr_assert(strstr(err.text, "comparator.offset in volts found, but comparator.r_load") == err.text, "%s",
              err.text);
    options.comparator.offset = volts_across(0);
    options.comparator.noise = volts_across(1e-3);
    options.comparator.r_load_ohm = 0;
    cr_assert_eq(make_comparator(&options, 100, 1e-6, &comparator, &err), RS_INPUT);
    cr_assert(strstr(err.text, "comparator.noise in volts found") == err.text, "%s", err.text);
    options.comparator.noise = volts_across(0);
    cr_assert_eq(make_comparator(&options, 100, 1e-6, &comparator, &err), RS_OK);
    cr_assert(comparator.offset_sigma_units == 0 && comparator.noise_sigma_units == 0);
}

enum { SLOTS = 20000 };
static double one[SLOTS], other[SLOTS];
static const struct random_key here = {.seed = 22, .trial = 1, .array = 2, .write = 3, .draw = 4};

typedef void drawing(const struct comparator *comparator, const struct random_key *key, size_t n,
                     double *units);

static bool draws_alike(drawing *draws, const struct random_key *key)
{
    const struct comparator comparator = {.offset_sigma_units = 2.5, .noise_sigma_units = 1.5};
    draws(&comparator, &here, 50, one);
    draws(&comparator, key, 50, other);
    return memcmp(one, other, 50 * sizeof *one) == 0;
}

/* Definitions 3: an offset is a comparator's, noise is a decision's. */
Test(frontend, offsets_belong_to_comparators_and_noise_to_decisions)
{
    struct random_key trial = here, array = here, write = here, draw = here;
    trial.trial++;
    array.array++;
    write.write++;
    draw.draw++;
    cr_assert(draws_alike(comparator_offsets, &write) && draws_alike(comparator_offsets, &draw));
    cr_assert(!draws_alike(comparator_offsets, &trial) && !draws_alike(comparator_offsets, &array));
    cr_assert(draws_alike(comparator_noise, &here));
    cr_assert(!draws_alike(comparator_noise, &trial) && !draws_alike(comparator_noise, &array) &&
              !draws_alike(comparator_noise, &write) && !draws_alike(comparator_noise, &draw));
}

static void assert_sigma(const double *values, double sigma)
{
    double sum = 0, squares = 0;
    for (int i = 0; i < SLOTS; i++) {
        sum += values[i];
        squares += values[i] * values[i];
    }
    cr_assert_lt(fabs(sum / SLOTS), 4.5 * sigma / sqrt(SLOTS));
    cr_assert_lt(fabs(squares / SLOTS / (sigma * sigma) - 1), 4.5 * sqrt(2.0 / SLOTS));
}

Test(frontend, offsets_and_noise_are_independent_normals_of_their_sigma)
{
    const struct comparator comparator = {.offset_sigma_units = 2.5, .noise_sigma_units = 1.5},
                            none = {.offset_sigma_units = 0};
    struct random_key first = here; /* an offset is drawn at write 0, draw 0 */
    double product = 0;
    first.write = first.draw = 0;
    comparator_offsets(&comparator, &first, SLOTS, one);
    comparator_noise(&comparator, &first, SLOTS, other);
    assert_sigma(one, 2.5);
    assert_sigma(other, 1.5);
    for (int i = 0; i < SLOTS; i++)
        product += one[i] * other[i] / (2.5 * 1.5);
    cr_assert_lt(fabs(product) / sqrt(SLOTS), 4.5);
    comparator_offsets(&none, &here, SLOTS, one);
    comparator_noise(&none, &here, SLOTS, other);
    for (int i = 0; i < SLOTS; i++)
        cr_assert(one[i] == 0 && other[i] == 0);
}

static struct readout make_readout(int bits, double range_amperes, double noise_amperes)
{
    struct options options = default_options();
    struct mapping mapping = map(&options, 64);
    struct readout readout;
    options.readout.bits = bits;
    options.readout.range_amperes = range_amperes * mapping.unit_amperes;
    options.readout.noise_amperes = noise_amperes * mapping.unit_amperes;
    readout_init(&options.readout, &mapping, &readout);
    return readout;
}

Test(frontend, a_readout_has_its_levels_and_is_cut_at_its_range)
{
    const double signals[] = {0, 4.9, -4.9, 5.1, 14, 25, 30, 31, 35.1, 1e9, -1e9, -26};
    const double levels[] = {0, 0, 0, 10, 10, 20, 30, 30, 30, 30, -30, -30};
    struct readout readout = make_readout(3, 30, 0); /* 7 levels, 10 apart */
    double values[12];
    readout_convert(&readout, &here, 12, signals, values);
    for (int i = 0; i < 12; i++)
        cr_assert_float_eq(values[i], levels[i], 1e-9, "%g gave %g", signals[i], values[i]);
}

Test(frontend, an_ideal_readout_changes_nothing)
{
    struct readout readout = make_readout(0, 1, 0);
    random_normals(&here, SLOTS, one);
    readout_convert(&readout, &here, SLOTS, one, other);
    cr_assert_eq(memcmp(one, other, sizeof one), 0);
}

Test(frontend, a_readouts_range_is_by_default_the_largest_signal)
{
    struct readout readout = make_readout(4, (double)NAN, 0);
    cr_assert_eq(readout.range_units, 64.0 * 7 * 7);
    const double signals[] = {64.0 * 7 * 7, 1e9, 447};
    double values[3];
    readout_convert(&readout, &here, 3, signals, values);
    cr_assert_float_eq(values[0], 3136, 1e-9);
    cr_assert_float_eq(values[1], 3136, 1e-9);
    cr_assert_float_eq(values[2], 448, 1e-9);
}

Test(frontend, readout_noise_is_drawn_per_conversion)
{
    struct readout readout = make_readout(0, (double)NAN, 1.75);
    struct random_key later = here;
    static double zeros[SLOTS];
    later.draw++;
    readout_convert(&readout, &here, SLOTS, zeros, one);
    assert_sigma(one, 1.75);
    readout_convert(&readout, &later, SLOTS, zeros, other);
    cr_assert_neq(memcmp(one, other, sizeof one), 0);
    readout_convert(&readout, &here, SLOTS, one, other); /* signal + the same noise */
    for (int i = 0; i < SLOTS; i++)
        cr_assert_float_eq(other[i], 2 * one[i], 1e-12);
}
