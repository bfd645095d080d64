#include "devices/law_branch.h"

#include <math.h>
#include <stdio.h>

bool law_branch_check(const char *name, const struct law_branch *branch, char *why, size_t why_size)
{
    const char *wrong = NULL;
    if (branch->logarithm.n != 1 && branch->logarithm.n != 4)
        wrong = "1 number or 4 expected";
    else if (branch->logarithm.n == 4 && branch->logarithm.values[2] > branch->logarithm.values[3])
        wrong = "its lowest value lies above its highest";
    else if (isnan(branch->split) != (branch->polynomial.n == 0))
        wrong = "a split and a polynomial belong together";
    if (wrong != NULL)
        snprintf(why, why_size, "%s: %s", name, wrong);
    return wrong == NULL;
}

double law_branch_logarithm(double x)
{
    return log(fmax(x, 1e-30));
}

double law_branch_evaluate_at(const struct law_branch *branch, double x, double ln_x)
{
    const double *v = branch->logarithm.values;
    if (x >= branch->split) {
        double sum = 0;
        for (int k = branch->polynomial.n - 1; k >= 0; k--)
            sum = sum * x + branch->polynomial.values[k];
        return sum;
    }
    if (branch->logarithm.n == 1)
        return v[0];
    double at = v[0] * ln_x + v[1], above = at > v[2] ? at : v[2];
    return above < v[3] ? above : v[3];
}

double law_branch_evaluate(const struct law_branch *branch, double x)
{
    return law_branch_evaluate_at(branch, x, law_branch_logarithm(x));
}
