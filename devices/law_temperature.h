/* What the temperature block of a card tells beside its law. */
#ifndef DEVICES_LAW_TEMPERATURE_H
#define DEVICES_LAW_TEMPERATURE_H

/* The temperature of the card's figures, and the range of its source. */
void law_temperature_range(const void *params, double *reference_kelvin, double *first_kelvin,
                           double *last_kelvin);

/* How many times faster a cell ages than at the card's temperature. */
double law_temperature_ageing(const void *params, double temperature_kelvin);

#endif
