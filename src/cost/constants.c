#include "cost/constants.h"

#include "base/text.h"

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

void constants_print(struct text *out)
{
    text_append(out, "| constant | value | unit | kind | source |\n| --- | --- | --- | --- | --- |\n");
    for (int i = 0; i < CONSTANTS_N; i++) {
        const struct constants_row *row = &constants_rows[i];
        text_append(out, "| %s | %.6g | %s | %s | %s |\n", row->name, row->value, row->unit,
                    constants_kind(row->kind), row->source);
    }
}
