#ifndef DEVICES_LAW_ONE_OVER_F_H
#define DEVICES_LAW_ONE_OVER_F_H

#include "devices/law.h"

extern const struct law law_one_over_f;

#endif
