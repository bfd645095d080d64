/* Normals in vectors for the compiler's own instruction set. */
#include "numeric/random_f32_kernels.h"
#include "numeric/random_f32_lanes.h"

void random_f32_baseline(const struct random_key *key, size_t n, float *normals)
{
    random_fill(key, n, normals);
}
