#include "frontend/readout.h"

#include <math.h>
#include <string.h>

void readout_init(const struct readout_options *options, const struct mapping *mapping, struct readout *out)
{
    double largest = (double)mapping->d * mapping->key_limit * mapping->query_limit;
    out->bits = (int)options->bits;
    out->range_units =
        isnan(options->range_amperes) ? largest : options->range_amperes / mapping->unit_amperes;
    out->noise_sigma_units = options->noise_amperes / mapping->unit_amperes;
}

void readout_convert(const struct readout *readout, const struct random_key *key, size_t n,
                     const double *signal_units, double *value_units)
{
    if (readout->noise_sigma_units > 0) {
        struct random_key own = *key;
        own.purpose = RANDOM_READOUT;
        random_normals(&own, n, value_units);
        for (size_t i = 0; i < n; i++)
            value_units[i] = signal_units[i] + readout->noise_sigma_units * value_units[i];
    } else {
        memcpy(value_units, signal_units, n * sizeof *value_units);
    }
    if (readout->bits == 0)
        return;
    double limit = (1 << (readout->bits - 1)) - 1 > 0 ? (1 << (readout->bits - 1)) - 1 : 1;
    double step = readout->range_units / limit;
    for (size_t i = 0; i < n; i++)
        value_units[i] = step * fmin(limit, fmax(-limit, rint(value_units[i] / step)));
}
