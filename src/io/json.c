/*
 * A recursive reader whose depth is bounded. Texts are decoded in a copy of the document, where they are
 * never longer than they were; nodes are counted beforehand from above: each but the root follows a ',', '['
 * or '{', or a ':' whose key follows one of these.
 */
#include "io/json.h"

#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "io/file.h"

struct reader {
    struct json *json;
    size_t n_bytes, at, n_nodes;
    int line;
    size_t line_start;
    struct json_fault *fault;
};

static bool refuse(struct reader *reader, size_t at, const char *format, ...) RS_PRINTF(3, 4);
static bool refuse(struct reader *reader, size_t at, const char *format, ...)
{
    struct json_fault *fault = reader->fault;
    va_list arguments;
    fault->byte = at;
    fault->line = reader->line;
    fault->column = (int)(at - reader->line_start) + 1;
    va_start(arguments, format);
    vsnprintf(fault->what, sizeof fault->what, format, arguments);
    va_end(arguments);
    return false;
}

/* The byte at `at`, or -1 at the end. */
static int peek(const struct reader *reader)
{
    return reader->at < reader->n_bytes ? (unsigned char)reader->json->text[reader->at] : -1;
}

static bool refuse_byte(struct reader *reader, const char *expected)
{
    int byte = peek(reader);
    if (byte < 0)
        return refuse(reader, reader->at, "end found, %s expected", expected);
    if (byte <= ' ' || byte > '~')
        return refuse(reader, reader->at, "byte 0x%02x found, %s expected", (unsigned)byte, expected);
    return refuse(reader, reader->at, "'%c' found, %s expected", byte, expected);
}

static void skip_space(struct reader *reader)
{
    for (int byte; (byte = peek(reader)) == ' ' || byte == '\t' || byte == '\n' || byte == '\r';) {
        reader->at++;
        if (byte == '\n') {
            reader->line++;
            reader->line_start = reader->at;
        }
    }
}

/* --- texts --- */

/* Bytes of the UTF-8 sequence at `bytes`, 0 where there is none (also overlong ones and surrogates). */
static size_t sequence_length(const unsigned char *bytes, size_t n_left)
{
    static const struct {
        unsigned char first_low, first_high, second_low, second_high;
        size_t length;
    } kinds[] = {{0x20, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
                 {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
                 {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4}};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (bytes[0] < kinds[i].first_low || bytes[0] > kinds[i].first_high)
            continue;
        size_t length = kinds[i].length;
        if (length > n_left)
            return 0;
        if (length > 1 && (bytes[1] < kinds[i].second_low || bytes[1] > kinds[i].second_high))
            return 0;
        for (size_t j = 2; j < length; j++)
            if (bytes[j] < 0x80 || bytes[j] > 0xbf)
                return 0;
        return length;
    }
    return 0;
}

/* Four hexadecimal digits. */
static bool read_unit(struct reader *reader, uint32_t *unit)
{
    *unit = 0;
    for (int i = 0; i < 4; i++, reader->at++) {
        int byte = peek(reader);
        int digit = byte >= '0' && byte <= '9'   ? byte - '0'
                    : byte >= 'a' && byte <= 'f' ? byte - 'a' + 10
                    : byte >= 'A' && byte <= 'F' ? byte - 'A' + 10
                                                 : -1;
        if (digit < 0)
            return refuse_byte(reader, "a hexadecimal digit");
        *unit = *unit * 16 + (uint32_t)digit;
    }
    return true;
}

static size_t encode(uint32_t code, char *out)
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    size_t length = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const unsigned char first[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = length - 1; i > 0; i--, code >>= 6)
        out[i] = (char)(0x80 | (code & 0x3f));
    out[0] = (char)(first[length] | code);
    return length;
}

/* What follows "\u": one code point, of one unit or of a pair of surrogates. */
static bool read_code(struct reader *reader, char **out)
{
    uint32_t code, low;
    size_t start = reader->at - 2;
    if (!read_unit(reader, &code))
        return false;
    if (code >= 0xd800 && code < 0xdc00) {
        if (reader->n_bytes - reader->at < 2 || memcmp(reader->json->text + reader->at, "\\u", 2) != 0)
            return refuse(reader, start, "half of a surrogate pair found, both halves expected");
        reader->at += 2;
        if (!read_unit(reader, &low))
            return false;
        if (low < 0xdc00 || low > 0xdfff)
            return refuse(reader, start, "half of a surrogate pair found, both halves expected");
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    if ((code >= 0xdc00 && code <= 0xdfff) || code == 0)
        return refuse(reader, start, "\\u%04x found, a character other than NUL expected", (unsigned)code);
    *out += encode(code, *out);
    return true;
}

static bool read_escape(struct reader *reader, char **out)
{
    static const char names[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
    reader->at++;
    int byte = peek(reader);
    if (byte == 'u') {
        reader->at++;
        return read_code(reader, out);
    }
    const char *place = byte > 0 ? strchr(names, byte) : NULL;
    if (place == NULL)
        return refuse_byte(reader, "one of \" \\ / b f n r t u after \\");
    *(*out)++ = meant[place - names];
    reader->at++;
    return true;
}

/* At the opening quote. The text ends where its closing quote was, or before. */
static bool read_text(struct reader *reader, const char **text)
{
    size_t start = reader->at++;
    char *out = reader->json->text + reader->at;
    *text = out;
    for (int byte; (byte = peek(reader)) != '"';) {
        if (byte < 0)
            return refuse(reader, start, "a text without its closing quote found");
        if (byte == '\\') {
            if (!read_escape(reader, &out))
                return false;
            continue;
        }
        const char *from = reader->json->text + reader->at;
        size_t length = sequence_length((const unsigned char *)from, reader->n_bytes - reader->at);
        if (length == 0)
            return refuse_byte(reader, "UTF-8 without control characters");
        memmove(out, from, length);
        out += length;
        reader->at += length;
    }
    *out = '\0';
    reader->at++;
    return true;
}

/* --- numbers and words --- */

static bool skip_digits(struct reader *reader)
{
    if (peek(reader) < '0' || peek(reader) > '9')
        return refuse_byte(reader, "a digit");
    while (peek(reader) >= '0' && peek(reader) <= '9')
        reader->at++;
    return true;
}

static bool read_number(struct reader *reader, double *number)
{
    size_t start = reader->at;
    if (peek(reader) == '-')
        reader->at++;
    if (peek(reader) == '0')
        reader->at++;
    else if (!skip_digits(reader))
        return false;
    if (peek(reader) == '.') {
        reader->at++;
        if (!skip_digits(reader))
            return false;
    }
    if (peek(reader) == 'e' || peek(reader) == 'E') {
        reader->at++;
        if (peek(reader) == '+' || peek(reader) == '-')
            reader->at++;
        if (!skip_digits(reader))
            return false;
    }
    char *text = reader->json->text, after = text[reader->at];
    text[reader->at] = '\0'; /* at the latest where the document's own '\0' is */
    *number = strtod(text + start, NULL);
    text[reader->at] = after;
    return isfinite(*number) || refuse(reader, start, "a number beyond 1.8e308 found");
}

static bool read_word(struct reader *reader, struct json_node *node)
{
    static const struct {
        const char *word;
        enum json_kind kind;
        bool truth;
    } words[] = {{"null", JSON_NULL, false}, {"true", JSON_BOOLEAN, true}, {"false", JSON_BOOLEAN, false}};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        size_t length = strlen(words[i].word);
        if (reader->n_bytes - reader->at < length ||
            memcmp(reader->json->text + reader->at, words[i].word, length) != 0)
            continue;
        reader->at += length;
        node->kind = words[i].kind;
        node->truth = words[i].truth;
        return true;
    }
    return refuse_byte(reader, "a value");
}

/* --- containers --- */

static bool read_value(struct reader *reader, struct json_node **out, int depth);

static int compare_keys(const void *one, const void *other)
{
    const struct json_node *const *first = one, *const *second = other;
    int order = strcmp((*first)->key, (*second)->key);
    return order != 0 ? order : ((*first)->line > (*second)->line) - ((*first)->line < (*second)->line);
}

static bool check_keys(struct reader *reader, const struct json_node *object)
{
    struct rs_error ignored;
    const struct json_node *twin = NULL;
    const struct json_node **members = memory_allocate(object->n_children, sizeof(*members), &ignored);
    if (members == NULL)
        return refuse(reader, reader->at, "out of memory");
    size_t n = 0;
    for (const struct json_node *node = object->first; node != NULL; node = node->next)
        members[n++] = node;
    qsort(members, n, sizeof(*members), compare_keys);
    for (size_t i = 1; i < n && twin == NULL; i++)
        if (strcmp(members[i - 1]->key, members[i]->key) == 0)
            twin = members[i];
    free(members);
    if (twin == NULL)
        return true;
    char name[96];
    const struct json_node text = {.kind = JSON_TEXT, .text = twin->key};
    json_describe(&text, name, sizeof name);
    return refuse(reader, reader->at, "an object with %s twice found", name);
}

static bool read_key(struct reader *reader, const char **key)
{
    skip_space(reader);
    if (peek(reader) != '"')
        return refuse_byte(reader, "a key in quotes");
    if (!read_text(reader, key))
        return false;
    skip_space(reader);
    if (peek(reader) != ':')
        return refuse_byte(reader, "':' after a key");
    reader->at++;
    return true;
}

/* At the bracket; reads up to the closing one. */
static bool read_children(struct reader *reader, struct json_node *node, int depth)
{
    bool object = peek(reader) == '{';
    int close = object ? '}' : ']';
    const struct json_node **link = &node->first;
    node->kind = object ? JSON_OBJECT : JSON_ARRAY;
    if (depth == JSON_DEPTH_MAX)
        return refuse(reader, reader->at, "more than %d levels found", JSON_DEPTH_MAX);
    reader->at++;
    skip_space(reader);
    if (peek(reader) == close) {
        reader->at++;
        return true;
    }
    for (;;) {
        const char *key = NULL;
        struct json_node *child;
        if ((object && !read_key(reader, &key)) || !read_value(reader, &child, depth + 1))
            return false;
        child->key = key;
        *link = child;
        link = &child->next;
        node->n_children++;
        skip_space(reader);
        if (peek(reader) == close)
            break;
        if (peek(reader) != ',')
            return refuse_byte(reader, object ? "',' or '}'" : "',' or ']'");
        reader->at++;
    }
    if (object && !check_keys(reader, node))
        return false;
    reader->at++;
    return true;
}

static bool read_value(struct reader *reader, struct json_node **out, int depth)
{
    skip_space(reader);
    struct json_node *node = *out = &reader->json->nodes[reader->n_nodes++];
    node->line = reader->line;
    node->column = (int)(reader->at - reader->line_start) + 1;
    int byte = peek(reader);
    if (byte == '{' || byte == '[')
        return read_children(reader, node, depth);
    if (byte == '"') {
        node->kind = JSON_TEXT;
        return read_text(reader, &node->text);
    }
    if (byte == '-' || (byte >= '0' && byte <= '9')) {
        node->kind = JSON_NUMBER;
        return read_number(reader, &node->number);
    }
    return read_word(reader, node);
}

static size_t count_nodes(const char *bytes, size_t n_bytes)
{
    size_t n = 1;
    for (size_t i = 0; i < n_bytes; i++)
        n += bytes[i] == ',' || bytes[i] == '[' || bytes[i] == '{';
    return n;
}

static bool read_document(struct reader *reader)
{
    struct json_node *root;
    if (!read_value(reader, &root, 0))
        return false;
    reader->json->root = root;
    skip_space(reader);
    return peek(reader) < 0 || refuse_byte(reader, "the end");
}

enum rs_status json_parse(const char *bytes, size_t n_bytes, struct json **out, struct json_fault *fault)
{
    struct rs_error memory = {{0}};
    struct json *json = memory_allocate(1, sizeof *json, &memory);
    struct reader reader = {.json = json, .n_bytes = n_bytes, .line = 1, .fault = fault};
    *out = NULL;
    if (json == NULL) {
        (void)refuse(&reader, 0, "out of memory");
        return RS_INTERNAL;
    }
    size_t n_nodes = count_nodes(bytes, n_bytes);
    bool done = false, enough = true;
    if (n_bytes > JSON_BYTES_MAX)
        (void)refuse(&reader, 0, "%zu bytes found, at most %d expected", n_bytes, JSON_BYTES_MAX);
    else if (n_nodes > JSON_NODES_MAX)
        (void)refuse(&reader, 0, "about %zu values found, at most %d expected", n_nodes, JSON_NODES_MAX);
    else {
        json->text = memory_allocate(n_bytes + 1, 1, &memory);
        json->nodes = memory_allocate(n_nodes, sizeof *json->nodes, &memory);
        enough = json->text != NULL && json->nodes != NULL;
        if (enough) {
            memcpy(json->text, bytes, n_bytes);
            done = read_document(&reader);
        } else
            (void)refuse(&reader, 0, "out of memory");
    }
    if (done)
        *out = json;
    else
        json_destroy(json);
    return done ? RS_OK : enough ? RS_INPUT : RS_INTERNAL;
}

enum rs_status json_read(const char *path, struct json **out, struct rs_error *err)
{
    char *bytes = NULL;
    size_t n_bytes, path_size = strlen(path) + 1;
    struct json_fault fault;
    *out = NULL;
    enum rs_status status = file_read(path, JSON_BYTES_MAX, &bytes, &n_bytes, err);
    if (status != RS_OK)
        return status;
    status = json_parse(bytes, n_bytes, out, &fault);
    free(bytes);
    if (status != RS_OK)
        return rs_fail(err, status, "%s:%d:%d: error: %s", path, fault.line, fault.column, fault.what);
    (*out)->path = memory_allocate(path_size, 1, err);
    if ((*out)->path != NULL) {
        memcpy((*out)->path, path, path_size);
        return RS_OK;
    }
    json_destroy(*out);
    *out = NULL;
    return RS_INTERNAL;
}

void json_destroy(struct json *json)
{
    if (json == NULL)
        return;
    free(json->path);
    free(json->text);
    free(json->nodes);
    free(json);
}

const struct json_node *json_find(const struct json_node *object, const char *key)
{
    if (object == NULL || object->kind != JSON_OBJECT)
        return NULL;
    const struct json_node *node = object->first;
    while (node != NULL && strcmp(node->key, key) != 0)
        node = node->next;
    return node;
}

bool json_is_whole(const struct json_node *node, size_t high, size_t *value)
{
    static const double exact_max = 0x1p53;
    if (node->kind != JSON_NUMBER || !(node->number >= 0 && node->number <= exact_max) ||
        node->number != floor(node->number) || (size_t)node->number > high)
        return false;
    *value = (size_t)node->number;
    return true;
}

/* Control characters become '?'; a cut text ends in "...". */
static void describe_text(const char *words, char *text, size_t text_size)
{
    enum { LENGTH_MAX = 60 };
    char shown[LENGTH_MAX + 1];
    size_t length = strlen(words), n = length < LENGTH_MAX ? length : LENGTH_MAX;
    while (n < length && n > 0 && ((unsigned char)words[n] & 0xc0) == 0x80)
        n--; /* not inside a character */
    for (size_t i = 0; i < n; i++)
        shown[i] = (unsigned char)words[i] < ' ' || words[i] == 0x7f ? '?' : words[i];
    shown[n] = '\0';
    snprintf(text, text_size, "'%s%s'", shown, n < length ? "..." : "");
}

void json_describe(const struct json_node *node, char *text, size_t text_size)
{
    switch (node->kind) {
    case JSON_TEXT:
        describe_text(node->text, text, text_size);
        return;
    case JSON_NUMBER:
        snprintf(text, text_size, "%.15g", node->number);
        return;
    case JSON_BOOLEAN:
        snprintf(text, text_size, "%s", node->truth ? "true" : "false");
        return;
    default:
        snprintf(text, text_size, "%s",
                 node->kind == JSON_NULL    ? "null"
                 : node->kind == JSON_ARRAY ? "an array"
                                            : "an object");
    }
}

enum rs_status json_fail(const struct json *json, const struct json_node *node, struct rs_error *err,
                         const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (node == NULL)
        return rs_fail(err, RS_INPUT, "%s: error: %s", json->path, text);
    return rs_fail(err, RS_INPUT, "%s:%d:%d: error: %s", json->path, node->line, node->column, text);
}
