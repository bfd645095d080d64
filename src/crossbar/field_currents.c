/* Branch currents and powers that belong to node voltages. Currents are added up along the lines from those
 * of the cells, so that no small voltage difference is divided by the resistance of a wire. */
#include <math.h>

#include "crossbar/field_plan.h"

static double volts_of(const struct field_drive *drive, size_t i)
{
    return drive->volts != NULL ? drive->volts[i] : 0;
}

static double bias_of(const struct field_plan *plan, const struct field_drive *drive, size_t j)
{
    if (drive->sense_volts == NULL)
        return plan->bias[j];
    return field_plan_floats(plan, j) ? 0 : drive->sense_volts[j];
}

void field_currents(const struct field_plan *plan, const struct field_drive *drive,
                    const double *word_line_volts, const double *bit_line_volts,
                    const struct field_currents *currents)
{
    size_t n_rows = plan->network.n_rows, n = plan->network.n_columns;
    for (size_t j = 0; j < n; j++)
        currents->bit_wires[j] = plan->bit.top[j] * (bias_of(plan, drive, j) - bit_line_volts[j]);
    for (size_t i = 0; i < n_rows; i++) {
        const double *words = word_line_volts + i * n;
        double *wires = currents->word_wires + i * (n + 1);
        wires[n] = plan->word.right[i] * (words[n - 1] - volts_of(drive, i));
        for (size_t j = n; j-- > 0;) {
            size_t c = i * n + j;
            double source = drive->source_amperes != NULL ? drive->source_amperes[c] : 0;
            currents->cells[c] = plan->conductance[c] * (words[j] - bit_line_volts[c]) + source;
            wires[j] = wires[j + 1] + currents->cells[c];
            currents->bit_wires[c + n] = currents->bit_wires[c] + currents->cells[c];
        }
    }
}

static double heat(double ampere, double siemens)
{
    return siemens > 0 ? ampere * ampere / siemens : 0; /* of a shorted end: 0 */
}

static double heat_of_wires(const double *amperes, size_t n, size_t step, double r_wire_ohm)
{
    double sum = 0;
    for (size_t k = 0; k < n; k++)
        sum += r_wire_ohm * amperes[k * step] * amperes[k * step];
    return sum;
}

void field_power(const struct field_plan *plan, const struct field_drive *drive,
                 const double *word_line_volts, const double *bit_line_volts,
                 const struct field_currents *currents, struct field_power *power)
{
    size_t n_rows = plan->network.n_rows, n = plan->network.n_columns;
    *power = (struct field_power){0};
    for (size_t i = 0; i < n_rows; i++) {
        const double *wires = currents->word_wires + i * (n + 1);
        power->delivered_watts += volts_of(drive, i) * (wires[0] - wires[n]);
        power->ends_watts += heat(wires[0], plan->word.left[i]) + heat(wires[n], plan->word.right[i]);
        power->wires_watts += heat_of_wires(wires + 1, n - 1, 1, plan->word.r_wire_ohm[i]);
    }
    for (size_t j = 0; j < n; j++) {
        const double *wires = currents->bit_wires + j;
        power->delivered_watts += bias_of(plan, drive, j) * (wires[0] - wires[n_rows * n]);
        power->ends_watts += heat(wires[0], plan->bit.top[j]) + heat(wires[n_rows * n], plan->bit.bottom[j]);
        power->wires_watts += heat_of_wires(wires + n, n_rows - 1, n, plan->bit.r_wire_ohm[j]);
    }
    for (size_t c = 0; c < n_rows * n; c++)
        power->cells_watts += currents->cells[c] * (word_line_volts[c] - bit_line_volts[c]);
}
