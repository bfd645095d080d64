#include "crossbar/certify.h"

#include <math.h>

#include "crossbar/transfer.h"

bool certify_compare(const struct network *network, const double *transfer_siemens,
                     const struct certify_bias *bias, const double *volts, double tolerance_ratio,
                     const struct certify_solution *solution, struct certify_report *report)
{
    transfer_apply(network, transfer_siemens, volts, solution->transfer_amperes, solution->scale_amperes);
    for (size_t j = 0; bias->amperes != NULL && j < network->n_columns; j++) {
        solution->transfer_amperes[j] += bias->amperes[j];
        solution->scale_amperes[j] += bias->scale_amperes[j];
    }
    report->difference = 0;
    for (size_t j = 0; j < network->n_columns; j++) {
        double difference = fabs(solution->transfer_amperes[j] - solution->field_amperes[j]);
        double ratio = difference == 0 ? 0 : difference / solution->scale_amperes[j];
        if (isnan(ratio) || ratio > report->difference)
            report->difference = ratio;
    }
    return report->field.converged && report->difference <= tolerance_ratio && !isnan(report->field.residual);
}
