#include "cost/constants.h"

const struct constants_row constants_rows[CONSTANTS_N] = {
#define ROW(row_name, row_value, row_unit, row_kind, row_source)                                             \
    [CONSTANTS_##row_name] = {.name = #row_name,                                                             \
                              .unit = row_unit,                                                              \
                              .source = row_source,                                                          \
                              .value = row_value,                                                            \
                              .kind = CONSTANTS_##row_kind},
    CONSTANTS_LIST(ROW)
#undef ROW
};

const char *constants_kind(enum constants_source kind)
{
    static const char *const names[] = {"primary", "secondary", "assumed"};
    return names[kind];
}
