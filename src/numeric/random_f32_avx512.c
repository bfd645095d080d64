/* Normals in vectors for AVX-512. */
#include "numeric/random_f32_kernels.h"
#include "numeric/random_f32_lanes.h"

void random_f32_avx512(const struct random_key *key, size_t n, float *normals)
{
    random_fill(key, n, normals);
}
