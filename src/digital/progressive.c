#include "digital/progressive.h"

#include <math.h>

#include "base/require.h"
#include "numeric/softmax.h"
#include "tensor/code.h"

static double largest(const double *values, size_t n)
{
    double top = values[0];
    for (size_t j = 1; j < n; j++)
        top = fmax(top, values[j]);
    return top;
}

bool progressive_needs_lsb(const double *probabilities, size_t n, double bound)
{
    rs_require(n > 0, "no probabilities");
    return largest(probabilities, n) < bound;
}

double progressive_error(double probability, double score_error)
{
    return 2 * fabs(score_error) * probability * (1 - probability);
}

/* Softmax of the scores by the keys' codes without their `lsb_bits` low ones. */
static void compute(const struct progressive_unit *unit, int lsb_bits, const int16_t *query,
                    const int16_t *keys, size_t n_keys, size_t d, double score_unit, double *probabilities)
{
    int bits = unit->msb_bits + unit->lsb_bits;
    for (size_t j = 0; j < n_keys; j++) {
        int64_t sum = 0;
        for (size_t i = 0; i < d; i++)
            sum += (int64_t)query[i] * code_msb(keys[j * d + i], bits, bits - lsb_bits, true);
        probabilities[j] = score_unit * ldexp((double)sum, lsb_bits);
    }
    softmax_compute(n_keys, probabilities);
}

struct progressive_result progressive_run(const struct progressive_unit *unit, const int16_t *query,
                                          const int16_t *keys, size_t n_keys, size_t d, double score_unit,
                                          double *probabilities)
{
    rs_require(unit->msb_bits >= CODE_BITS_MIN && unit->lsb_bits >= 0 &&
                   unit->msb_bits + unit->lsb_bits <= CODE_BITS_MAX,
               "the bits are not 2 to 16, or fewer than 2 are most significant");
    rs_require(n_keys > 0, "no keys");
    compute(unit, unit->lsb_bits, query, keys, n_keys, d, score_unit, probabilities);
    struct progressive_result result = {.largest_probability = largest(probabilities, n_keys),
                                        .bits_per_element = unit->msb_bits};
    if (result.largest_probability < unit->bound && unit->lsb_bits > 0) {
        compute(unit, 0, query, keys, n_keys, d, score_unit, probabilities);
        result.took_lsb = true;
        result.bits_per_element += unit->lsb_bits;
    }
    return result;
}
