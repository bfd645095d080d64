/* Recall of the largest exact scores among the largest analog signals (definitions 5). */
#ifndef ATTENTION_RECALL_H
#define ATTENTION_RECALL_H

#include <stdbool.h>
#include <stddef.h>

/* Doubles that recall_compute needs for n signals. */
#define RECALL_ROOM(n) ((n) + 8)

/*
 * The share of the k > 0 exact keeps [n] among the k largest signals [n]; signals nearer than `tie` to the
 * k-th count by their chance to be among them. room [RECALL_ROOM(n)] is for use inside.
 */
double recall_compute(size_t n, const double *signals, const bool *exact_keep, size_t k, double tie,
                      double *room);

#endif
