#include "frontend/reference.h"

#include <math.h>
#include <string.h>

enum rs_status reference_init(const struct comparator_options *options,
                              const struct encoding_options *encoding, const struct mapping *mapping,
                              double gain_ohm, struct reference *out, struct rs_error *err)
{
    const struct option_either *error = &options->reference_error;
    double largest = (double)mapping->d * mapping->key_limit * mapping->query_limit;
    double error_amperes = error->value;
    *out = (struct reference){.kind = (enum comparator_reference)options->reference,
                              .shared = options->share == COMPARATOR_SHARED,
                              .limit_units = largest + 0.5};
    if (error->unit == QUANTITY_VOLT && error->value > 0) {
        if (gain_ohm == 0)
            return rs_fail(err, RS_INPUT,
                           "comparator.reference_error in volts found, but comparator.r_load (by default "
                           "array.r_sense) is 0 ohm; amperes or a load expected");
        error_amperes = error->value / gain_ohm;
    }
    if (options->reference_bits == 1)
        return rs_fail(err, RS_INPUT,
                       "comparator.reference_bits 1 found, 0 (any value) or at least 2 expected");
    out->error_sigma_units = error_amperes / mapping->unit_amperes;
    out->range_units = isnan(options->reference_range_amperes)
                           ? largest
                           : options->reference_range_amperes / mapping->unit_amperes;
    if (options->reference_bits > 0)
        out->step_units = out->range_units / ((1 << (options->reference_bits - 1)) - 1);
    out->row_volts = isnan(options->reference_volts) ? encoding->v_read_volts : options->reference_volts;
    out->window_siemens = mapping->window_siemens;
    out->replica_row_units =
        out->window_siemens / mapping->g_lsb_siemens * out->row_volts / mapping->v_lsb_volts;
    out->row_units = out->replica_row_units * mapping->reference_weight;
    return RS_OK;
}

double reference_cut(const struct reference *reference, double threshold_units)
{
    return fabs(threshold_units) <= reference->limit_units ? threshold_units : 0;
}

double reference_current(const struct reference *reference, double threshold_units)
{
    double step = reference->step_units;
    if (step == 0)
        return threshold_units;
    double cut = fmax(-reference->range_units, fmin(reference->range_units, threshold_units));
    return step * rint(cut / step);
}

double reference_ramp(const struct reference *reference, double firing_units)
{
    double step = reference->step_units;
    if (reference->kind != COMPARATOR_DAC || step == 0)
        return firing_units;
    double cut = fmax(-reference->range_units, fmin(reference->range_units, firing_units));
    return step * floor(cut / step + 1e-9); /* rounding of a level that is a step */
}

void reference_errors(const struct reference *reference, const struct random_key *key, size_t n,
                      double *error_units)
{
    struct random_key own = *key;
    own.purpose = reference->second ? RANDOM_SECOND_REFERENCE : RANDOM_REFERENCE;
    own.write = own.draw = 0;
    memset(error_units, 0, n * sizeof *error_units);
    if (reference->kind != COMPARATOR_DAC || reference->error_sigma_units == 0)
        return;
    if (!reference->shared)
        random_normals(&own, n, error_units);
    for (size_t j = 0; j < n; j++)
        error_units[j] =
            reference->error_sigma_units * (reference->shared ? random_normal(&own, 0) : error_units[j]);
}

/* Rounding of a threshold that fills its rows exactly does not take another one. */
static size_t rows_for(double level_units, double row_units)
{
    return (size_t)ceil(level_units / row_units * (1 - 1e-12));
}

enum rs_status reference_bias_rows(const struct reference *reference, const struct mapping *mapping,
                                   double level_units, size_t *n_rows, struct rs_error *err)
{
    for (size_t n = 0; n < mapping->n_rows; n++) {
        struct mapping rest = *mapping;
        mapping_reserve(&rest, n);
        *n_rows = n;
        if (rows_for(level_units / (double)rest.n_stacks, reference->row_units) <= n)
            return RS_OK;
    }
    return rs_fail(err, RS_INPUT,
                   "comparator.reference: bias-rows found, but a threshold of %g units takes more rows than "
                   "array.rows (%zu) has beside those of keys; larger comparator.reference_volts or another "
                   "reference expected",
                   level_units, mapping->n_rows);
}

enum rs_status reference_replica_rows(const struct reference *reference, const struct mapping *mapping,
                                      double level_units, size_t *n_rows, struct rs_error *err)
{
    *n_rows = rows_for(level_units, reference->replica_row_units);
    if (*n_rows <= mapping->n_rows)
        return RS_OK;
    return rs_fail(err, RS_INPUT,
                   "comparator.reference: replica found, but a threshold of %g units takes %zu rows, at most "
                   "array.rows (%zu) expected; larger comparator.reference_volts expected",
                   level_units, *n_rows, mapping->n_rows);
}

/* What a cell on the negative line has above g_min, when n_rows_used rows share the level. */
static double delta_siemens(const struct reference *reference, double level_units, double row_units,
                            size_t n_rows_used)
{
    return n_rows_used > 0
               ? fmin(1, level_units / (row_units * (double)n_rows_used)) * reference->window_siemens
               : 0;
}

void reference_place(const struct reference *reference, const struct mapping *mapping, double level_units,
                     double *target_siemens)
{
    size_t n_bias = mapping->n_rows - mapping->n_key_rows;
    double delta =
        delta_siemens(reference, level_units / (double)mapping->n_stacks, reference->row_units, n_bias);
    for (size_t row = mapping->n_key_rows; row < mapping->n_rows; row++) {
        double *line = target_siemens + row * mapping->n_columns;
        if (mapping->sign == ENCODING_OFFSET)
            line[mapping->n_columns - 1] += delta;
        for (size_t pair = 0; mapping->sign == ENCODING_DIFFERENTIAL && pair < mapping->n_keys_per_array;
             pair++)
            for (int slice = 0; slice < mapping->n_slices; slice++)
                line[pair * mapping->n_lines_per_key + 2 * (size_t)slice + 1] += delta;
    }
}

void reference_place_replica(const struct reference *reference, const struct mapping *mapping,
                             double level_units, size_t n_rows_used, size_t n_pairs, double *target_siemens)
{
    double delta = delta_siemens(reference, level_units, reference->replica_row_units, n_rows_used);
    for (size_t row = 0; row < mapping->n_rows; row++)
        for (size_t pair = 0; pair < n_pairs; pair++) {
            double *cells = target_siemens + (row * n_pairs + pair) * 2;
            cells[0] = mapping->g_min_siemens;
            cells[1] = mapping->g_min_siemens + (row >= mapping->n_rows - n_rows_used ? delta : 0);
        }
}

double reference_volts(const struct reference *reference, double level_units, double threshold_units)
{
    return level_units > 0 ? reference->row_volts * threshold_units / level_units : 0;
}
