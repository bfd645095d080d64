#ifndef DEVICES_LAW_RELATIVE_H
#define DEVICES_LAW_RELATIVE_H

#include "devices/law.h"

extern const struct law law_relative;

#endif
