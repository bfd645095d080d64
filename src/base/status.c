/* Status codes and error text (include/rescore/status.h). */
#include "rescore/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *rs_status_text(enum rs_status status)
{
    switch (status) {
#define STATUS_CASE(name, code, meaning)                                                                     \
    case RS_##name:                                                                                          \
        return meaning;
        RS_STATUS_LIST(STATUS_CASE)
#undef STATUS_CASE
    }
    return "unknown status";
}

enum rs_status rs_fail(struct rs_error *err, enum rs_status status, const char *format, ...)
{
    if (err != NULL) {
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(err->text, sizeof err->text, format, arguments);
        va_end(arguments);
    }
    return status;
}

enum rs_status rs_fail_also(struct rs_error *err, enum rs_status status, const char *format, ...)
{
    if (err == NULL)
        return status;
    size_t used = strlen(err->text);
    size_t start = used > 0 ? used + 1 : 0;
    if (start + 1 >= sizeof err->text)
        return status;
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(err->text + start, sizeof err->text - start, format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= sizeof err->text - start)
        err->text[used] = '\0';
    else if (used > 0)
        err->text[used] = '\n';
    return status;
}
