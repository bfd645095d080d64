#include "frontend/mapping.h"

#include "tensor/code.h"

enum rs_status mapping_init(const struct array_options *array, const struct encoding_options *encoding,
                            double g_min_siemens, double g_max_siemens, size_t d, struct mapping *out,
                            struct rs_error *err)
{
    int magnitude_bits = (int)encoding->analog_bits - 1;
    int stored_bits = encoding->sign == ENCODING_DIFFERENTIAL ? magnitude_bits : (int)encoding->analog_bits;
    int cell_bits = encoding->cell_bits == 0 || encoding->cell_bits > stored_bits ? stored_bits
                                                                                  : (int)encoding->cell_bits;
    struct mapping m = {.n_rows = (size_t)array->rows, .n_columns = (size_t)array->columns, .d = d};
    m.sign = (enum encoding_sign)encoding->sign;
    m.slice_bits = cell_bits;
    m.n_slices = (stored_bits + cell_bits - 1) / cell_bits;
    mapping_reserve(&m, 0);
    size_t reference_lines = m.sign == ENCODING_OFFSET;
    m.n_lines_per_key = (size_t)m.n_slices * (m.sign == ENCODING_OFFSET ? 1 : 2);
    m.n_keys_per_array = (m.n_columns - reference_lines) / m.n_lines_per_key;
    if (m.n_keys_per_array == 0)
        return rs_fail(err, RS_INPUT,
                       "array.columns %zu found, at least %zu expected: one key takes %zu bit lines",
                       m.n_columns, m.n_lines_per_key + reference_lines, m.n_lines_per_key);
    m.key_limit = code_limit((int)encoding->analog_bits);
    m.query_limit = code_limit((int)encoding->query_bits);
    double window = g_max_siemens - g_min_siemens;
    int largest = m.n_slices > 1              ? (1 << cell_bits) - 1
                  : m.sign == ENCODING_OFFSET ? 2 * m.key_limit
                                              : m.key_limit;
    m.window_siemens = window;
    m.g_min_siemens = g_min_siemens;
    m.g_lsb_siemens = window / largest;
    m.reference_weight = ((1 << (cell_bits * m.n_slices)) - 1) / ((1 << cell_bits) - 1);
    m.g_mid_siemens = g_min_siemens + m.g_lsb_siemens * m.key_limit / m.reference_weight;
    m.v_lsb_volts = encoding->v_read_volts / m.query_limit;
    m.unit_amperes = m.v_lsb_volts * m.g_lsb_siemens;
    *out = m;
    return RS_OK;
}

void mapping_reserve(struct mapping *mapping, size_t n_bias_rows)
{
    mapping->n_key_rows = mapping->n_rows - n_bias_rows;
    mapping->n_stacks = (mapping->d + mapping->n_key_rows - 1) / mapping->n_key_rows;
}

size_t mapping_tiles(const struct mapping *mapping, size_t n_keys)
{
    return (n_keys + mapping->n_keys_per_array - 1) / mapping->n_keys_per_array;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* The part of a stored magnitude that slice `slice` (0 = most significant) holds. */
static int slice_of(const struct mapping *mapping, int magnitude, int slice)
{
    int shift = mapping->slice_bits * (mapping->n_slices - 1 - slice);
    return (magnitude >> shift) & ((1 << mapping->slice_bits) - 1);
}

static void place_differential(const struct mapping *mapping, int code, double *lines_siemens)
{
    int magnitude = code < 0 ? -code : code;
    for (int slice = 0; slice < mapping->n_slices; slice++) {
        double held = mapping->g_lsb_siemens * slice_of(mapping, magnitude, slice);
        lines_siemens[2 * slice] = mapping->g_min_siemens + (code > 0 ? held : 0);
        lines_siemens[2 * slice + 1] = mapping->g_min_siemens + (code < 0 ? held : 0);
    }
}

/* The same of one row of n keys with one slice each. */
static void place_pairs(const struct mapping *mapping, size_t n, const int16_t *codes, double *lines_siemens)
{
    double g_min = mapping->g_min_siemens, g_lsb = mapping->g_lsb_siemens;
    for (size_t slot = 0; slot < n; slot++) {
        int code = codes[slot * mapping->d];
        lines_siemens[2 * slot] = g_min + g_lsb * (code > 0 ? code : 0);
        lines_siemens[2 * slot + 1] = g_min + g_lsb * (code < 0 ? -code : 0);
    }
}

/* Codes -limit ... limit are stored as 0 ... 2 limit. */
static void place_offset(const struct mapping *mapping, int code, double *lines_siemens)
{
    int magnitude = code + mapping->key_limit;
    for (int slice = 0; slice < mapping->n_slices; slice++)
        lines_siemens[slice] =
            mapping->g_min_siemens + mapping->g_lsb_siemens * slice_of(mapping, magnitude, slice);
}

void mapping_targets(const struct mapping *mapping, size_t tile, size_t stack, size_t n_keys,
                     const int16_t *key_msb, double *target_siemens)
{
    size_t first_key = tile * mapping->n_keys_per_array, first_row = stack * mapping->n_key_rows;
    size_t n_used = smaller(n_keys - first_key, mapping->n_keys_per_array);
    size_t n_used_rows = smaller(mapping->d - first_row, mapping->n_key_rows);
    for (size_t cell = 0; cell < mapping->n_rows * mapping->n_columns; cell++)
        target_siemens[cell] = mapping->g_min_siemens;
    for (size_t row = 0; row < n_used_rows; row++) {
        double *line = target_siemens + row * mapping->n_columns;
        const int16_t *codes = key_msb + first_key * mapping->d + first_row + row;
        if (mapping->sign == ENCODING_DIFFERENTIAL && mapping->n_slices == 1) {
            place_pairs(mapping, n_used, codes, line);
            continue;
        }
        for (size_t slot = 0; slot < n_used; slot++) {
            int code = codes[slot * mapping->d];
            if (mapping->sign == ENCODING_DIFFERENTIAL)
                place_differential(mapping, code, line + slot * mapping->n_lines_per_key);
            else
                place_offset(mapping, code, line + slot * mapping->n_lines_per_key);
        }
        if (mapping->sign == ENCODING_OFFSET)
            line[mapping->n_columns - 1] = mapping->g_mid_siemens;
    }
}

void mapping_volts(const struct mapping *mapping, size_t stack, const int16_t *query_msb, double *volts)
{
    size_t first_row = stack * mapping->n_key_rows;
    size_t n_used_rows = smaller(mapping->d - first_row, mapping->n_key_rows);
    for (size_t row = 0; row < mapping->n_rows; row++)
        volts[row] = row < n_used_rows ? query_msb[first_row + row] * mapping->v_lsb_volts : 0;
}

void mapping_add_signals(const struct mapping *mapping, size_t n_keys_in_tile, const double *column_amperes,
                         double *signal_units)
{
    double per_unit = 1 / mapping->unit_amperes;
    bool offset = mapping->sign == ENCODING_OFFSET;
    double reference = offset ? mapping->reference_weight * column_amperes[mapping->n_columns - 1] : 0;
    bool pairs = !offset && mapping->n_slices == 1;
    for (size_t slot = 0; slot < n_keys_in_tile && pairs; slot++)
        signal_units[slot] += (column_amperes[2 * slot] - column_amperes[2 * slot + 1]) * per_unit;
    for (size_t slot = 0; slot < n_keys_in_tile && !pairs; slot++) {
        const double *lines = column_amperes + slot * mapping->n_lines_per_key;
        double sum = 0;
        for (int slice = 0; slice < mapping->n_slices; slice++)
            sum = sum * (1 << mapping->slice_bits) +
                  (offset ? lines[slice] : lines[2 * slice] - lines[2 * slice + 1]);
        signal_units[slot] += (sum - reference) * per_unit;
    }
}

void mapping_add_minus(const struct mapping *mapping, size_t n_keys_in_tile, const double *column_amperes,
                       double *minus_units)
{
    double per_unit = 1 / mapping->unit_amperes;
    bool offset = mapping->sign == ENCODING_OFFSET;
    for (size_t slot = 0; slot < n_keys_in_tile; slot++) {
        const double *lines = column_amperes + slot * mapping->n_lines_per_key;
        double sum = offset ? mapping->reference_weight * column_amperes[mapping->n_columns - 1] : 0;
        for (int slice = 0; slice < mapping->n_slices && !offset; slice++)
            sum = sum * (1 << mapping->slice_bits) + lines[2 * slice + 1];
        minus_units[slot] += sum * per_unit;
    }
}

void mapping_lines(const struct mapping *mapping, size_t slot, size_t *plus, size_t *minus)
{
    *plus = slot * mapping->n_lines_per_key;
    *minus = mapping->sign == ENCODING_OFFSET ? mapping->n_columns - 1 : *plus + 1;
}
