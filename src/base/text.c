#include "base/text.h"

#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_WORD_MAX = 96 };

static bool reserve(struct text *text, size_t more)
{
    if (text->failed)
        return false;
    if (text->length + more + 1 <= text->capacity)
        return true;
    size_t capacity =
        text->capacity * 2 > text->length + more + 1 ? text->capacity * 2 : text->length + more + 256;
    char *bytes = realloc(text->bytes, capacity);
    if (bytes == NULL) {
        text->failed = true;
        return false;
    }
    text->bytes = bytes;
    text->capacity = capacity;
    return true;
}

void text_append(struct text *text, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length >= 0 && reserve(text, (size_t)length)) {
        vsnprintf(text->bytes + text->length, (size_t)length + 1, format, again);
        text->length += (size_t)length;
    }
    va_end(again);
}

void text_append_bytes(struct text *text, const char *bytes, size_t n_bytes)
{
    if (!reserve(text, n_bytes))
        return;
    memcpy(text->bytes + text->length, bytes, n_bytes);
    text->length += n_bytes;
    text->bytes[text->length] = '\0';
}

void text_clear(struct text *text)
{
    free(text->bytes);
    *text = (struct text){0};
}

char *text_take(struct text *text, struct rs_error *err)
{
    text_append_bytes(text, "", 0);
    char *bytes = text->bytes;
    if (text->failed) {
        free(bytes);
        bytes = NULL;
        rs_fail(err, RS_INTERNAL, "out of memory for a text of %zu bytes", text->length);
    }
    *text = (struct text){0};
    return bytes;
}

static int smaller(int a, int b)
{
    return a < b ? a : b;
}

/* Optimal string alignment distance, three rows of the table kept. */
int text_distance(const char *one, const char *other, int limit)
{
    int rows[3][TEXT_WORD_MAX + 1];
    size_t n_one = strlen(one), n_other = strlen(other);
    if (n_one > TEXT_WORD_MAX || n_other > TEXT_WORD_MAX)
        return limit + 1;
    for (size_t j = 0; j <= n_other; j++)
        rows[0][j] = (int)j;
    for (size_t i = 1; i <= n_one; i++) {
        int *row = rows[i % 3], *above = rows[(i + 2) % 3], *two_above = rows[(i + 1) % 3];
        row[0] = (int)i;
        for (size_t j = 1; j <= n_other; j++) {
            int replace = above[j - 1] + (one[i - 1] != other[j - 1]);
            row[j] = smaller(replace, 1 + smaller(above[j], row[j - 1]));
            if (i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1])
                row[j] = smaller(row[j], two_above[j - 2] + 1);
        }
    }
    return smaller(rows[n_one % 3][n_other], limit + 1);
}

const char *text_nearest(const char *word, const char *const *words, size_t n_words)
{
    int limit = (int)(strlen(word) / 3) + 1;
    int best = limit + 1;
    const char *nearest = NULL;
    for (size_t i = 0; i < n_words; i++) {
        int distance = text_distance(word, words[i], limit);
        if (distance < best) {
            best = distance;
            nearest = words[i];
        }
    }
    return nearest;
}
