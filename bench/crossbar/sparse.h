/* Peers of T: sparse factorisations of the nodal matrix by SuiteSparse. Times in seconds of processor time.
 */
#ifndef BENCH_SPARSE_H
#define BENCH_SPARSE_H

#include "measure.h"

struct sparse_times {
    double analyse, factor;
    double solve;      /* CHOLMOD: all columns of T; KLU: one vector */
    double difference; /* of the currents, measure_difference */
};

/* False where the bench was built without SuiteSparse. */
bool sparse_cholmod(const struct measure_array *array, double seconds, struct sparse_times *times);
bool sparse_klu(const struct measure_array *array, double seconds, struct sparse_times *times);

#endif
