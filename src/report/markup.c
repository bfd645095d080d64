/* Escaping for HTML and XML 1.0; UTF-8 is checked after RFC 3629 (no surrogates, no overlong forms). */
#include "report/markup.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MARKUP_REPLACEMENT "\xef\xbf\xbd"

static bool is_continuation(unsigned char byte)
{
    return (byte & 0xc0) == 0x80;
}

/* Bytes of the valid character at `bytes`, or 0. A '\0' never counts as a continuation. */
static size_t character_length(const unsigned char *bytes)
{
    unsigned char first = bytes[0];
    if (first < 0x80)
        return 1;
    if (first >= 0xc2 && first <= 0xdf)
        return is_continuation(bytes[1]) ? 2 : 0;
    if (first >= 0xe0 && first <= 0xef) {
        if (!is_continuation(bytes[1]) || !is_continuation(bytes[2]))
            return 0;
        bool overlong = first == 0xe0 && bytes[1] < 0xa0, surrogate = first == 0xed && bytes[1] > 0x9f;
        bool forbidden = first == 0xef && bytes[1] == 0xbf && bytes[2] >= 0xbe;
        return overlong || surrogate || forbidden ? 0 : 3;
    }
    if (first >= 0xf0 && first <= 0xf4) {
        if (!is_continuation(bytes[1]) || !is_continuation(bytes[2]) || !is_continuation(bytes[3]))
            return 0;
        bool out_of_range = (first == 0xf0 && bytes[1] < 0x90) || (first == 0xf4 && bytes[1] > 0x8f);
        return out_of_range ? 0 : 4;
    }
    return 0;
}

static const char *entity(char character)
{
    switch (character) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

static bool is_forbidden_control(unsigned char byte)
{
    return (byte < 0x20 && byte != '\n' && byte != '\t') || byte == 0x7f;
}

void markup_append(struct text *out, const char *plain)
{
    const unsigned char *rest = (const unsigned char *)plain;
    while (*rest != '\0') {
        size_t length = character_length(rest);
        if (length == 0 || is_forbidden_control(*rest)) {
            text_append_bytes(out, MARKUP_REPLACEMENT, strlen(MARKUP_REPLACEMENT));
            rest++;
            continue;
        }
        const char *name = entity((char)*rest);
        if (name != NULL)
            text_append_bytes(out, name, strlen(name));
        else
            text_append_bytes(out, (const char *)rest, length);
        rest += length;
    }
}

void markup_format(struct text *out, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    char *plain = length >= 0 ? malloc((size_t)length + 1) : NULL;
    if (plain != NULL && vsnprintf(plain, (size_t)length + 1, format, again) >= 0)
        markup_append(out, plain);
    else
        out->failed = true;
    va_end(again);
    free(plain);
}

size_t markup_count(const char *plain)
{
    size_t n = 0;
    for (; *plain != '\0'; plain++)
        n += !is_continuation((unsigned char)*plain);
    return n;
}
