#ifndef DEVICES_LAW_POLYNOMIAL_H
#define DEVICES_LAW_POLYNOMIAL_H

#include "devices/law.h"

extern const struct law law_polynomial;

#endif
