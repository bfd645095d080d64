#include "cost/topk_model.h"

#include <math.h>

#include "cost/constants.h"
#include "numeric/exponential.h"

/* H_n: the sum for small n, else its asymptotic series, to 1e-9. */
static double harmonic(size_t n)
{
    if (n > 16) {
        double x = (double)n;
        return exponential_log(x) + 0.57721566490153286 + 1 / (2 * x) - 1 / (12 * x * x);
    }
    double sum = 0;
    for (size_t i = 1; i <= n; i++)
        sum += 1 / (double)i;
    return sum;
}

static double passes(size_t n, size_t k)
{
    return harmonic(k) + harmonic(n - k + 1) - 1;
}

double topk_model_elements(size_t n, size_t k)
{
    if (k == 0 || k >= n)
        return 0;
    double m = (double)n, r = (double)k;
    double compared =
        2 * ((m + 1) * harmonic(n) - (m + 3 - r) * harmonic(n + 1 - k) - (r + 2) * harmonic(k) + m + 3);
    return compared + passes(n, k);
}

double topk_model_cycles(size_t n, size_t k, size_t n_parallel)
{
    if (k == 0 || k >= n)
        return 0;
    double parallel = (double)n_parallel, rounded_up = (parallel - 1) / (2 * parallel);
    return topk_model_elements(n, k) / parallel +
           passes(n, k) * (rounded_up + constants_rows[CONSTANTS_SPATTEN_PASS_CYCLES].value);
}
