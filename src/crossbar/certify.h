/* A certificate: T of an array against a full solution of its node voltages, one drive vector at a time. */
#ifndef CROSSBAR_CERTIFY_H
#define CROSSBAR_CERTIFY_H

#include "crossbar/field.h"

struct certify_report {
    struct field_report field;
    double
        difference; /* largest |field current - (V T)_j| / sum_i |V_i| T_ij; infinite where the unit is 0 */
};

/* Where the parts of the solution go, each of the caller's; NULL voltages are not wanted. */
struct certify_solution {
    double *transfer_amperes, *field_amperes; /* [n_columns] */
    double *scale_amperes;                    /* [n_columns], sum_i |V_i| T_ij */
    double *word_line_volts, *bit_line_volts; /* [n_rows][n_columns] */
};

/* What biased bit lines add; members may be NULL. */
struct certify_bias {
    const double *amperes;       /* [n_columns], caused by the biases alone */
    const double *scale_amperes; /* [n_columns], their unit (response.h), added to sum_i |V_i| T_ij */
};

/* Of the tolerance, for the field: its own error then takes little of it. */
#define CERTIFY_FIELD_SHARE 0.1

/*
 * Compares V T of volts [n_rows] with solution->field_amperes, whose report is report->field. True when that
 * field converged and the difference stays within tolerance_ratio.
 */
bool certify_compare(const struct network *network, const double *transfer_siemens,
                     const struct certify_bias *bias, const double *volts, double tolerance_ratio,
                     const struct certify_solution *solution, struct certify_report *report);

#endif
