/* All laws, one line each. */
#ifndef DEVICES_LAWS_H
#define DEVICES_LAWS_H

#include "devices/law.h"

#define LAWS_LIST(LAW)                                                                                       \
    LAW(levels_uniform)                                                                                      \
    LAW(levels_listed)                                                                                       \
    LAW(spread_device)                                                                                       \
    LAW(polynomial)                                                                                          \
    LAW(table)                                                                                               \
    LAW(empirical)                                                                                           \
    LAW(acceptance)                                                                                          \
    LAW(spread_cycle)                                                                                        \
    LAW(log_time)                                                                                            \
    LAW(power)                                                                                               \
    LAW(log_logistic)                                                                                        \
    LAW(stuck)                                                                                               \
    LAW(endurance_weibull)                                                                                   \
    LAW(endurance_lognormal)                                                                                 \
    LAW(temperature)                                                                                         \
    LAW(flicker_log)                                                                                         \
    LAW(flicker_branch)                                                                                      \
    LAW(flicker_power)                                                                                       \
    LAW(telegraph)                                                                                           \
    LAW(soft_bounds)                                                                                         \
    LAW(stanford)                                                                                            \
    LAW(vteam)                                                                                               \
    LAW(yakopcic)                                                                                            \
    LAW(write_verify)                                                                                        \
    LAW(relative)                                                                                            \
    LAW(current_voltage_sine)                                                                                \
    LAW(current_voltage_table)

#define LAW_DECLARE(name) extern const struct law law_##name;
LAWS_LIST(LAW_DECLARE)
#undef LAW_DECLARE

#endif
