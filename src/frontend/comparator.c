#include "frontend/comparator.h"

#include <math.h>
#include <string.h>

static enum rs_status to_units(const struct option_either *sigma, const char *name, double r_load_ohm,
                               double unit_amperes, double *units, struct rs_error *err)
{
    double amperes = sigma->value;
    if (sigma->unit == QUANTITY_VOLT && sigma->value > 0) {
        if (r_load_ohm == 0)
            return rs_fail(
                err, RS_INPUT,
                "comparator.%s in volts found, but comparator.r_load (by default array.r_sense) is 0 ohm; "
                "amperes or a load expected",
                name);
        amperes = sigma->value / r_load_ohm;
    }
    *units = amperes / unit_amperes;
    return RS_OK;
}

enum rs_status comparator_init(const struct comparator_options *options, double r_sense_ohm,
                               double unit_amperes, struct comparator *out, struct rs_error *err)
{
    double r_load_ohm = isnan(options->r_load_ohm) ? r_sense_ohm : options->r_load_ohm;
    enum rs_status status =
        to_units(&options->offset, "offset", r_load_ohm, unit_amperes, &out->offset_sigma_units, err);
    if (status != RS_OK)
        return status;
    return to_units(&options->noise, "noise", r_load_ohm, unit_amperes, &out->noise_sigma_units, err);
}

static void draw(const struct random_key *key, enum random_purpose purpose, double sigma_units, size_t n,
                 double *values_units)
{
    if (sigma_units == 0) {
        memset(values_units, 0, n * sizeof *values_units);
        return;
    }
    struct random_key own = *key;
    own.purpose = purpose;
    random_normals(&own, n, values_units);
    for (size_t i = 0; i < n; i++)
        values_units[i] *= sigma_units;
}

void comparator_offsets(const struct comparator *comparator, const struct random_key *key, size_t n,
                        double *offset_units)
{
    struct random_key own = *key;
    own.write = 0;
    own.draw = 0;
    draw(&own, RANDOM_OFFSET, comparator->offset_sigma_units, n, offset_units);
}

void comparator_noise(const struct comparator *comparator, const struct random_key *key, size_t n,
                      double *noise_units)
{
    draw(key, RANDOM_DECISION, comparator->noise_sigma_units, n, noise_units);
}
