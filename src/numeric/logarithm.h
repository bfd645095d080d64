/* A logarithm of our own, so that results depend on no libm: at most 1 ulp from the true one. */
#ifndef NUMERIC_LOGARITHM_H
#define NUMERIC_LOGARITHM_H

/* ln(x) of x >= 0; -infinity of 0, NAN of what is below. */
double logarithm_natural(double x);

#endif
