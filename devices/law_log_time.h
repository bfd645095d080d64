#ifndef DEVICES_LAW_LOG_TIME_H
#define DEVICES_LAW_LOG_TIME_H

#include "devices/law.h"

extern const struct law law_log_time;

#endif
