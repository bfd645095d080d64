#include "io/csv.h"

#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/require.h"
#include "base/text.h"
#include "io/file.h"

enum { CSV_BYTES_MAX = 1 << 30, CSV_ERRORS_MAX = 20, CSV_FIELD_MAX = 80 };

/* Texts seen in one column, hashed. */
struct labels {
    const char **texts; /* [size], into the file's bytes; NULL: free */
    double *numbers;
    size_t n, size;
};

struct reader {
    const char *path;
    const struct csv_column *columns;
    size_t n_columns, n_fields, line, capacity;
    int at[CSV_COLUMNS_MAX]; /* column of each field */
    struct labels labels[CSV_COLUMNS_MAX];
    struct csv *out;
    struct rs_error *err;
    size_t n_errors;
    enum rs_status status;
};

static void refuse(struct reader *reader, const char *format, ...) RS_PRINTF(2, 3);
static void refuse(struct reader *reader, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    reader->status = RS_INPUT;
    if (reader->n_errors++ < CSV_ERRORS_MAX)
        rs_fail_also(reader->err, RS_INPUT, "%s:%zu: error: %s", reader->path, reader->line, text);
}

static void trim_end(char *text)
{
    size_t length = strlen(text);
    while (length > 0 && strchr(" \t", text[length - 1]) != NULL)
        text[--length] = '\0';
}

/* The text between quotes, "" standing for one; *end gets what follows the closing one, NULL without it. */
static char *unquote(char *text, char **end)
{
    char *to = text;
    for (char *from = text; *from != '\0'; from++) {
        if (*from == '"' && from[1] != '"') {
            *end = from + 1;
            *to = '\0';
            return text;
        }
        from += *from == '"';
        *to++ = *from;
    }
    *end = NULL;
    return text;
}

/* Cuts the line at its next comma outside quotes; NULL after the last field. */
static char *next_field(struct reader *reader, char **rest)
{
    char *field = *rest, *after = field;
    if (field == NULL)
        return NULL;
    field += strspn(field, " \t");
    bool quoted = field[0] == '"';
    if (quoted)
        field = unquote(field + 1, &after);
    char *comma = after != NULL ? strchr(after, ',') : NULL;
    *rest = comma == NULL ? NULL : comma + 1;
    if (comma != NULL)
        *comma = '\0';
    if (after == NULL)
        refuse(reader, "a quote that is not closed on its line");
    else if (quoted && after[strspn(after, " \t")] != '\0')
        refuse(reader, "'%.*s' found after a closing quote, ',' expected", CSV_FIELD_MAX, after);
    else if (!quoted)
        trim_end(field);
    return field;
}

/* Ends the line before a '#' outside quotes. */
static void cut_comment(char *line)
{
    bool quoted = false;
    for (; *line != '\0'; line++) {
        quoted = quoted != (*line == '"');
        if (*line == '#' && !quoted)
            *line = '\0';
        if (*line == '\0')
            return;
    }
}

/* Ends the line at CR, LF or both; the next one, or NULL. */
static char *cut_line(char *line)
{
    char *end = strpbrk(line, "\r\n");
    if (end == NULL)
        return NULL;
    char *next = end + (end[0] == '\r' && end[1] == '\n' ? 2 : 1);
    *end = '\0';
    return next;
}

/* --- header --- */

static void read_name(struct reader *reader, const char *name)
{
    const char *known[CSV_COLUMNS_MAX];
    size_t k = 0;
    if (reader->n_fields == CSV_COLUMNS_MAX) {
        refuse(reader, "more than %d columns found", CSV_COLUMNS_MAX);
        return;
    }
    while (k < reader->n_columns && strcmp(reader->columns[k].name, name) != 0)
        k++;
    if (k == reader->n_columns) {
        for (size_t i = 0; i < reader->n_columns; i++)
            known[i] = reader->columns[i].name;
        const char *nearest = text_nearest(name, known, reader->n_columns);
        refuse(reader, "column '%.*s': unknown%s%s%s", CSV_FIELD_MAX, name, nearest ? "; did you mean '" : "",
               nearest ? nearest : "", nearest ? "'?" : "");
    }
    for (size_t i = 0; k < reader->n_columns && i < reader->n_fields; i++)
        if (reader->at[i] == (int)k)
            refuse(reader, "column '%s' stands twice", name);
    reader->at[reader->n_fields++] = (int)k;
}

static void read_header(struct reader *reader, char *line)
{
    char *field;
    bool found[CSV_COLUMNS_MAX] = {false};
    if (strchr(line, ',') == NULL && strpbrk(line, ";\t") != NULL) {
        refuse(reader, "columns separated by %s found, by ',' expected (and '.' before decimals)",
               strchr(line, ';') != NULL ? "';'" : "a tab");
        return;
    }
    while ((field = next_field(reader, &line)) != NULL && reader->n_errors < CSV_ERRORS_MAX)
        read_name(reader, field);
    for (size_t i = 0; i < reader->n_fields; i++)
        if ((size_t)reader->at[i] < reader->n_columns)
            found[reader->at[i]] = true;
    for (size_t k = 0; k < reader->n_columns; k++)
        if (reader->columns[k].required && !found[k])
            refuse(reader, "column '%s' is missing", reader->columns[k].name);
    for (size_t k = 0; k < reader->n_columns && reader->status == RS_OK; k++) {
        if (!found[k])
            continue;
        reader->out->values[k] =
            memory_allocate(reader->capacity, sizeof *reader->out->values[k], reader->err);
        if (reader->out->values[k] == NULL)
            reader->status = RS_INTERNAL;
    }
}

/* --- rows --- */

static size_t hash(const char *text)
{
    uint64_t sum = UINT64_C(14695981039346656037); /* FNV-1a */
    for (; *text != '\0'; text++)
        sum = (sum ^ (unsigned char)*text) * UINT64_C(1099511628211);
    return (size_t)(sum ^ sum >> 32);
}

static size_t find_slot(const struct labels *labels, const char *text)
{
    size_t slot = hash(text) & (labels->size - 1);
    while (labels->texts[slot] != NULL && strcmp(labels->texts[slot], text) != 0)
        slot = (slot + 1) & (labels->size - 1);
    return slot;
}

static bool grow(struct labels *labels, struct rs_error *err)
{
    struct labels more = {.n = labels->n, .size = labels->size > 0 ? 2 * labels->size : 256};
    more.texts = memory_allocate(more.size, sizeof *more.texts, err);
    more.numbers = memory_allocate(more.size, sizeof *more.numbers, err);
    if (more.texts == NULL || more.numbers == NULL) {
        free(more.texts);
        free(more.numbers);
        return false;
    }
    for (size_t i = 0; i < labels->size; i++)
        if (labels->texts[i] != NULL) {
            size_t slot = find_slot(&more, labels->texts[i]);
            more.texts[slot] = labels->texts[i];
            more.numbers[slot] = labels->numbers[i];
        }
    free(labels->texts);
    free(labels->numbers);
    *labels = more;
    return true;
}

static double number_of(struct reader *reader, struct labels *labels, const char *text)
{
    if (2 * labels->n >= labels->size && !grow(labels, reader->err)) {
        reader->status = RS_INTERNAL;
        return 0;
    }
    size_t slot = find_slot(labels, text);
    if (labels->texts[slot] == NULL) {
        labels->texts[slot] = text;
        labels->numbers[slot] = (double)labels->n++;
    }
    return labels->numbers[slot];
}

static double read_number(struct reader *reader, const struct csv_column *column, const char *text)
{
    char why[256], *end;
    double value = strtod(text, &end);
    if (end == text || *end != '\0' || text[1] == 'x' || text[1] == 'X') {
        if (!quantity_parse(text, column->unit, &value, why, sizeof why)) {
            refuse(reader, "%s: %s", column->name, why);
            return 0;
        }
    }
    bool bounded = column->low != column->high;
    if (!isfinite(value) || (bounded && (value < column->low || value > column->high)))
        refuse(reader, "%s: '%.*s' found, %s expected", column->name, CSV_FIELD_MAX, text, column->expected);
    return value;
}

static void read_field(struct reader *reader, size_t i, const char *text)
{
    int k = reader->at[i];
    const struct csv_column *column = &reader->columns[k];
    double value = 0;
    if (text[0] == '\0')
        refuse(reader, "%s: empty, %s expected", column->name, column->expected);
    else if (column->kind == CSV_LABEL)
        value = number_of(reader, &reader->labels[k], text);
    else
        value = read_number(reader, column, text);
    reader->out->values[k][reader->out->n_rows] = value;
}

static void read_row(struct reader *reader, char *line)
{
    size_t n = 0;
    char *field, *rest = line;
    while ((field = next_field(reader, &rest)) != NULL) {
        if (n < reader->n_fields)
            read_field(reader, n, field);
        n++;
    }
    if (n != reader->n_fields)
        refuse(reader, "%zu field%s found, %zu expected", n, n == 1 ? "" : "s", reader->n_fields);
    reader->out->lines[reader->out->n_rows++] = reader->line;
}

static void read_lines(struct reader *reader, char *bytes)
{
    bool has_header = false;
    for (char *line = bytes, *next; line != NULL && reader->status != RS_INTERNAL; line = next) {
        next = cut_line(line);
        reader->line++;
        cut_comment(line);
        line += strspn(line, " \t");
        if (line[0] == '\0')
            continue;
        if (has_header)
            read_row(reader, line);
        else
            read_header(reader, line);
        if (!has_header && reader->status != RS_OK)
            return;
        has_header = true;
    }
    if (reader->status == RS_OK && reader->out->n_rows == 0)
        refuse(reader, has_header ? "no row of data found" : "a header with the names of columns expected");
}

static size_t count_lines(const char *bytes)
{
    size_t n = 1;
    for (; (bytes = strpbrk(bytes, "\r\n")) != NULL; bytes++)
        n++;
    return n;
}

enum rs_status csv_read(const char *path, const struct csv_column *columns, size_t n_columns, struct csv *out,
                        struct rs_error *err)
{
    static const char mark[] = "\xef\xbb\xbf"; /* spreadsheets put it before UTF-8 */
    struct reader reader = {.path = path, .columns = columns, .n_columns = n_columns, .out = out, .err = err};
    char *bytes = NULL;
    size_t n_bytes;
    rs_require(n_columns <= CSV_COLUMNS_MAX, "at most CSV_COLUMNS_MAX columns");
    *out = (struct csv){0};
    enum rs_status status = file_read(path, CSV_BYTES_MAX, &bytes, &n_bytes, err);
    if (status != RS_OK)
        return status;
    if (strlen(bytes) != n_bytes) {
        free(bytes);
        return rs_fail(err, RS_INPUT, "%s: error: a zero byte found, text expected", path);
    }
    reader.capacity = count_lines(bytes);
    out->lines = memory_allocate(reader.capacity, sizeof *out->lines, err);
    if (out->lines == NULL)
        reader.status = RS_INTERNAL;
    else
        read_lines(&reader, strncmp(bytes, mark, 3) == 0 ? bytes + 3 : bytes);
    if (reader.n_errors > CSV_ERRORS_MAX)
        rs_fail_also(err, RS_INPUT, "%s: error: %zu more errors", path, reader.n_errors - CSV_ERRORS_MAX);
    for (size_t k = 0; k < n_columns; k++) {
        free(reader.labels[k].texts);
        free(reader.labels[k].numbers);
    }
    free(bytes);
    if (reader.status != RS_OK)
        csv_clear(out);
    return reader.status;
}

void csv_clear(struct csv *csv)
{
    for (size_t k = 0; k < CSV_COLUMNS_MAX; k++)
        free(csv->values[k]);
    free(csv->lines);
    *csv = (struct csv){0};
}
