#include "spice/worker_wire.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void worker_wire_put_number(struct text *out, uint64_t number)
{
    text_append_bytes(out, (const char *)&number, sizeof number);
}

void worker_wire_put_text(struct text *out, const char *bytes, size_t n_bytes)
{
    worker_wire_put_number(out, n_bytes);
    text_append_bytes(out, bytes, n_bytes);
}

void worker_wire_put_failure(struct text *out, uint64_t memory_bytes, const char *format, ...)
{
    char line[RS_ERROR_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    worker_wire_put_number(out, WORKER_WIRE_FAILED);
    worker_wire_put_number(out, memory_bytes);
    worker_wire_put_text(out, line, strlen(line));
}

static const char *take(struct worker_wire *wire, size_t n_bytes)
{
    const char *bytes = wire->bytes;
    if (wire->broken || n_bytes > wire->n_left) {
        wire->broken = true;
        return NULL;
    }
    wire->bytes += n_bytes;
    wire->n_left -= n_bytes;
    return bytes;
}

uint64_t worker_wire_take_number(struct worker_wire *wire)
{
    uint64_t number = 0;
    const char *bytes = take(wire, sizeof number);
    if (bytes != NULL)
        memcpy(&number, bytes, sizeof number);
    return number;
}

char *worker_wire_take_text(struct worker_wire *wire)
{
    size_t n_bytes = (size_t)worker_wire_take_number(wire);
    const char *bytes = take(wire, n_bytes);
    char *text = bytes == NULL ? NULL : malloc(n_bytes + 1);
    if (text == NULL) {
        wire->broken = true;
        return NULL;
    }
    memcpy(text, bytes, n_bytes);
    text[n_bytes] = '\0';
    return text;
}

void worker_wire_take_doubles(struct worker_wire *wire, size_t count, double *values)
{
    const char *bytes = count > SIZE_MAX / sizeof *values ? NULL : take(wire, count * sizeof *values);
    if (bytes == NULL)
        wire->broken = true;
    else if (values != NULL)
        memcpy(values, bytes, count * sizeof *values);
}
