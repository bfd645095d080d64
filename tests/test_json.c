/* The strict JSON reader: what it takes, what it refuses and where, and what no bytes make it do. */
#include "config.h" /* POSIX names */

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "folder.h"
#include "io/file.h"
#include "io/json.h"
#include "numeric/random.h"

TestSuite(json, .timeout = 60);

static struct json *parse(const char *text)
{
    struct json *json;
    struct json_fault fault = {0};
    cr_assert_eq(json_parse(text, strlen(text), &json, &fault), RS_OK, "%s: %s", text, fault.what);
    return json;
}

Test(json, a_document_is_a_tree)
{
    struct json *json =
        parse(" {\"a\" : [1, -2.5e1,\n 0, true, false, null], \"b\": {\"c\": \"x\"}, \"\": [], \"d\":{} }\n");
    const struct json_node *a = json_find(json->root, "a"), *node = a->first;
    cr_assert(json->root->kind == JSON_OBJECT && json->root->n_children == 4 && json->root->key == NULL);
    cr_assert(a->kind == JSON_ARRAY && a->n_children == 6 && strcmp(a->key, "a") == 0);
    cr_assert(node->kind == JSON_NUMBER && node->number == 1 && node->line == 1 && node->column == 10);
    cr_assert((node = node->next)->number == -25);
    cr_assert((node = node->next)->number == 0 && node->line == 2 && node->column == 2);
    cr_assert((node = node->next)->kind == JSON_BOOLEAN && node->truth);
    cr_assert((node = node->next)->kind == JSON_BOOLEAN && !node->truth);
    cr_assert((node = node->next)->kind == JSON_NULL && node->next == NULL);
    cr_assert_str_eq(json_find(json_find(json->root, "b"), "c")->text, "x");
    cr_assert(json_find(json->root, "")->n_children == 0 && json_find(json->root, "d")->kind == JSON_OBJECT);
    cr_assert_null(json_find(json->root, "e"));
    cr_assert_null(json_find(a, "a"));
    json_destroy(json);
}

Test(json, escapes_become_utf_8)
{
    struct json *json = parse("[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\", \"\\u0041\\u00e9\\u20AC\\ud83D\\uDE00\", "
                              "\"\xf0\x9f\x98\x80\xe2\x82\xac\xc3\xa9\"]");
    const struct json_node *node = json->root->first;
    cr_assert_str_eq(node->text, "\"\\/\b\f\n\r\t");
    cr_assert_str_eq(node->next->text, "A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
    cr_assert_str_eq(node->next->next->text, "\xf0\x9f\x98\x80\xe2\x82\xac\xc3\xa9");
    json_destroy(json);
}

Test(json, whole_numbers_are_told_from_others)
{
    static const struct {
        const char *text;
        bool whole;
        size_t value;
    } cases[] = {{"0", true, 0},      {"-0", true, 0},   {"17", true, 17},  {"1e2", true, 100},
                 {"1.5", false, 0},   {"-1", false, 0},  {"101", false, 0}, {"1e300", false, 0},
                 {"\"1\"", false, 0}, {"true", false, 0}};
    size_t value;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct json *json = parse(cases[i].text);
        value = 0;
        cr_assert(json_is_whole(json->root, 100, &value) == cases[i].whole && value == cases[i].value, "%s",
                  cases[i].text);
        json_destroy(json);
    }
    struct json *large = parse("[9007199254740992, 9007199254740994]");
    cr_assert(json_is_whole(large->root->first, SIZE_MAX, &value) && value == (size_t)1 << 53);
    cr_assert(!json_is_whole(large->root->first->next, SIZE_MAX, &value));
    json_destroy(large);
}

Test(json, what_is_no_json_is_refused_with_its_place)
{
    static const struct {
        const char *text, *said;
        int line, column;
    } cases[] = {
        {"", "end found, a value expected", 1, 1},
        {"  ", "end found, a value expected", 1, 3},
        {"nul", "'n' found, a value expected", 1, 1},
        {"[1,]", "']' found, a value expected", 1, 4},
        {"[1 2]", "'2' found, ',' or ']' expected", 1, 4},
        {"{\"a\": 1,}", "'}' found, a key in quotes expected", 1, 9},
        {"{\"a\" 1}", "'1' found, ':' after a key expected", 1, 6},
        {"{a: 1}", "'a' found, a key in quotes expected", 1, 2},
        {"{\"a\": 1\n \"b\"", "'\"' found, ',' or '}' expected", 2, 2},
        {"{\"a\": 1", "end found, ',' or '}' expected", 1, 8},
        {"[1] x", "'x' found, the end expected", 1, 5},
        {"{\"a\": 1, \"b\": 2, \"a\": 3}", "an object with 'a' twice found", 1, 24},
        {"{\"a\": 1, \"\\u0061\": 3}", "an object with 'a' twice found", 1, 21},
        {"01", "'1' found, the end expected", 1, 2},
        {"+1", "'+' found, a value expected", 1, 1},
        {".5", "'.' found, a value expected", 1, 1},
        {"1.", "end found, a digit expected", 1, 3},
        {"1e", "end found, a digit expected", 1, 3},
        {"-", "end found, a digit expected", 1, 2},
        {"0x10", "'x' found, the end expected", 1, 2},
        {"NaN", "'N' found, a value expected", 1, 1},
        {"Infinity", "'I' found, a value expected", 1, 1},
        {"1e999", "a number beyond 1.8e308 found", 1, 1},
        {"\"abc", "a text without its closing quote found", 1, 1},
        {"\"a\nb\"", "byte 0x0a found, UTF-8 without control characters expected", 1, 3},
        {"\"\\x41\"", "'x' found, one of", 1, 3},
        {"\"\\", "end found, one of", 1, 3},
        {"\"\\u12G4\"", "'G' found, a hexadecimal digit expected", 1, 6},
        {"\"\\u0000\"", "\\u0000 found, a character other than NUL expected", 1, 2},
        {"\"\\ud800\"", "half of a surrogate pair found", 1, 2},
        {"\"\\ud800\\u0041\"", "half of a surrogate pair found", 1, 2},
        {"\"\\udc00\"", "\\udc00 found", 1, 2},
        {"\"\xc0\x80\"", "byte 0xc0 found, UTF-8", 1, 2},         /* overlong */
        {"\"\xed\xa0\x80\"", "byte 0xed found, UTF-8", 1, 2},     /* a surrogate */
        {"\"\xf4\x90\x80\x80\"", "byte 0xf4 found, UTF-8", 1, 2}, /* beyond U+10FFFF */
        {"\"\xe2\x82\"", "byte 0xe2 found, UTF-8", 1, 2},
        {"\"\xf0\x9f\x98", "byte 0xf0 found, UTF-8", 1, 2},
        {"\"\x80\"", "byte 0x80 found, UTF-8", 1, 2},
        {"\xef\xbb\xbf{}", "byte 0xef found, a value expected", 1, 1},
        {"// x\n1", "'/' found, a value expected", 1, 1},
        {"'a'", "''' found, a value expected", 1, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct json *json;
        struct json_fault fault = {0};
        /* without a '\0' behind the text, so that a reader that goes too far is found */
        size_t n = strlen(cases[i].text);
        char *exact = malloc(n > 0 ? n : 1);
        memcpy(exact, cases[i].text, n);
        cr_assert_eq(json_parse(exact, n, &json, &fault), RS_INPUT, "%s", cases[i].text);
        free(exact);
        cr_assert_null(json);
        cr_assert_eq(strncmp(fault.what, cases[i].said, strlen(cases[i].said)), 0, "%s: %s", cases[i].text,
                     fault.what);
        cr_assert(fault.line == cases[i].line && fault.column == cases[i].column, "%s: %d:%d", cases[i].text,
                  fault.line, fault.column);
    }
    struct json *json;
    struct json_fault fault = {0};
    cr_assert_eq(json_parse("\"a\0b\"", 5, &json, &fault), RS_INPUT);
    cr_assert_eq(strncmp(fault.what, "byte 0x00 found", 15), 0, "%s", fault.what);
}

static enum rs_status parse_repeated(const char *part, size_t n_parts, const char *end,
                                     struct json_fault *fault)
{
    struct json *json;
    size_t length = strlen(part), n = n_parts * length;
    char *text = malloc(n + strlen(end));
    for (size_t i = 0; i < n_parts; i++)
        memcpy(text + i * length, part, length);
    memcpy(text + n, end, strlen(end));
    enum rs_status status = json_parse(text, n + strlen(end), &json, fault);
    json_destroy(json);
    free(text);
    return status;
}

Test(json, depth_size_and_number_of_values_are_bounded)
{
    struct json_fault fault = {0};
    cr_assert_eq(parse_repeated("[", 32, "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]", &fault), RS_OK, "%s",
                 fault.what);
    cr_assert_eq(parse_repeated("[", 33, "", &fault), RS_INPUT);
    cr_assert_str_eq(fault.what, "more than 32 levels found");
    cr_assert_eq(parse_repeated("{\"a\":", 200000, "", &fault), RS_INPUT);
    cr_assert_str_eq(fault.what, "more than 32 levels found");
    cr_assert_eq(parse_repeated("[],", 200000, "", &fault), RS_INPUT);
    cr_assert_eq(strncmp(fault.what, "about 400001 values found, at most 262144", 41), 0, "%s", fault.what);
    cr_assert_eq(parse_repeated(" ", JSON_BYTES_MAX + 1, "", &fault), RS_INPUT);
    cr_assert_eq(strncmp(fault.what, "16777217 bytes found", 20), 0, "%s", fault.what);
}

Test(json, many_keys_are_compared_quickly)
{
    struct json *json;
    struct json_fault fault = {0};
    enum { N = 100000 };
    char *text = malloc(N * 16), *at = text;
    for (int i = 0; i < N; i++)
        at += sprintf(at, "%c\"%d\":0", i == 0 ? '{' : ',', i);
    *at++ = '}';
    cr_assert_eq(json_parse(text, (size_t)(at - text), &json, &fault), RS_OK, "%s", fault.what);
    cr_assert_eq(json->root->n_children, N);
    json_destroy(json);
    free(text);
}

Test(json, no_bytes_do_more_than_fail)
{
    static const char sample[] =
        "{\"a\": [1, -2.5e1, true, null], \"b\\u00e9\": {\"c\": \"\xc3\xa9\\n\"}, \"d\": []}";
    static const char odd[] = "{}[]\",:\\u0dD89+-.eE tfn\x00\x1f\x7f\x80\xc3\xed\xf4\xff";
    enum { TRIALS = 4000 };
    size_t n_good = 0;
    for (uint32_t trial = 0; trial < TRIALS; trial++) {
        const struct random_key key = {.seed = trial, .purpose = RANDOM_STORIES};
        size_t n = sizeof sample - 1;
        char *text = malloc(n);
        memcpy(text, sample, n);
        for (uint32_t i = 0; i < 1 + trial % 4; i++)
            text[random_integer(&key, 2 * i, (uint32_t)n)] =
                odd[random_integer(&key, 2 * i + 1, sizeof odd - 1)];
        if (trial % 3 == 0)
            n = random_integer(&key, 20, (uint32_t)n);
        struct json *json;
        struct json_fault fault = {0};
        enum rs_status status = json_parse(text, n, &json, &fault);
        cr_assert(status == RS_OK ||
                      (status == RS_INPUT && fault.what[0] != '\0' && fault.line >= 1 && fault.byte <= n),
                  "trial %u", trial);
        n_good += status == RS_OK;
        json_destroy(json);
        free(text);
    }
    cr_assert(n_good > 10 && n_good < TRIALS / 2, "%zu", n_good);
}

Test(json, files_are_read_with_places, .init = enter_folder, .fini = leave_folder)
{
    struct json *json;
    struct rs_error err = {{0}};
    cr_assert_eq(json_read("none.json", &json, &err), RS_IO);
    cr_assert_eq(strncmp(err.text, "none.json: error: cannot open", 29), 0, "%s", err.text);
    cr_assert_eq(file_write("a.json", "{\"a\":\n  tru}", 12, &err), RS_OK);
    cr_assert_eq(json_read("a.json", &json, &err), RS_INPUT);
    cr_assert_str_eq(err.text, "a.json:2:3: error: 't' found, a value expected");
    cr_assert_eq(file_write("a.json", "{\"a\":\n  \"b\\u0007\"}", 18, &err), RS_OK);
    cr_assert_eq(json_read("a.json", &json, &err), RS_OK, "%s", err.text);
    char shown[96];
    json_describe(json_find(json->root, "a"), shown, sizeof shown);
    cr_assert_eq(json_fail(json, json->root->first, &err, "'a': %s found", shown), RS_INPUT);
    cr_assert_str_eq(err.text, "a.json:2:3: error: 'a': 'b?' found");
    cr_assert_eq(json_fail(json, NULL, &err, "'c': missing"), RS_INPUT);
    cr_assert_str_eq(err.text, "a.json: error: 'c': missing");
    cr_assert_eq(count_files(), 1);
    json_destroy(json);
}
