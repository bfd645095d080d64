#include "cost/technology.h"

#include <math.h>
#include <stddef.h>

#include "cost/constants.h"

static double supply(double node)
{
    static const struct {
        double node;
        enum constants_name name;
    } supplies[] = {{65e-9, CONSTANTS_VOLTS_65},
                    {45e-9, CONSTANTS_VOLTS_45},
                    {40e-9, CONSTANTS_VOLTS_40},
                    {28e-9, CONSTANTS_VOLTS_28}};
    for (size_t i = 0; i < sizeof supplies / sizeof *supplies; i++)
        if (fabs(node - supplies[i].node) < 1e-10)
            return constants_rows[supplies[i].name].value;
    return NAN;
}

double technology_energy_ratio(double from, double to)
{
    double volts_ratio = supply(to) / supply(from);
    return to / from * volts_ratio * volts_ratio;
}

double technology_clock_ratio(double from, double to)
{
    return from / to;
}
