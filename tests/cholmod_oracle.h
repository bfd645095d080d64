/* T of an array by a sparse Cholesky factorisation (CHOLMOD) and one solution per column, for the tests. */
#ifndef TESTS_CHOLMOD_ORACLE_H
#define TESTS_CHOLMOD_ORACLE_H

#include "crossbar/network.h"

/* False where the tests were built without SuiteSparse. No wire resistance may be 0 but those of the ends. */
bool cholmod_oracle_transfer(const struct network *network, const double *conductance, double *transfer);

#endif
