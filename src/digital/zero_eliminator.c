#include "digital/zero_eliminator.h"

#include "base/require.h"

int zero_eliminator_stages(size_t n)
{
    int stages = 0;
    rs_require(n <= ZERO_ELIMINATOR_WIDTH_MAX, "the row is wider than 64");
    while ((size_t)1 << stages < n)
        stages++;
    return stages;
}

size_t zero_eliminator_run(double *row, const bool *present, size_t n)
{
    int stages = zero_eliminator_stages(n);
    size_t distance[ZERO_ELIMINATOR_WIDTH_MAX], n_gaps = 0;
    for (size_t i = 0; i < n; i++) {
        distance[i] = present[i] ? n_gaps : 0;
        row[i] = present[i] ? row[i] : 0;
        n_gaps += !present[i];
    }
    /* In ascending order of places nothing is overwritten: whoever moves enters a place just left, or a gap.
     */
    for (int t = 0; t < stages; t++)
        for (size_t i = 0, step = (size_t)1 << t; i < n; i++)
            if (distance[i] >> t & 1) {
                row[i - step] = row[i];
                distance[i - step] = distance[i];
                row[i] = 0;
                distance[i] = 0;
            }
    return n - n_gaps;
}
