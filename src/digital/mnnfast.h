/* MnnFast's zero-skipping (ISCA 2019): values whose probability is below a threshold stay out of the weighted
 * sum. */
#ifndef DIGITAL_MNNFAST_H
#define DIGITAL_MNNFAST_H

#include <stdbool.h>
#include <stddef.h>

/* kept [n]: probability >= threshold. Returns how many. */
size_t mnnfast_keep(const double *probabilities, size_t n, double threshold, bool *kept);

#endif
