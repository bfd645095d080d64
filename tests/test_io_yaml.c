/* YAML trees: places, limits, error lines. */
#include "config.h" /* POSIX names */

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "io/yaml.h"

TestSuite(yaml, .timeout = 20);

static struct yaml_document *parse(const char *text)
{
    struct rs_error err = {{0}};
    struct yaml_document *document = NULL;
    cr_assert_eq(yaml_parse("c.yaml", text, strlen(text), &document, &err), RS_OK, "%s", err.text);
    return document;
}

static void assert_refused(const char *text, size_t n_bytes, const char *said)
{
    struct rs_error err = {{0}};
    struct yaml_document *document = NULL;
    cr_assert_eq(yaml_parse("c.yaml", text, n_bytes, &document, &err), RS_INPUT, "accepted: %.60s", text);
    cr_assert(strstr(err.text, said) != NULL, "'%s' does not hold '%s'", err.text, said);
    cr_assert_null(strchr(err.text, '\n'));
}

Test(yaml, keys_and_values_know_their_places)
{
    struct yaml_document *document = parse("# comment\n"
                                           "array:\n"
                                           "  rows: 64   # rows\n"
                                           "  'r_word_line':    \"2.5 ohm\"\n"
                                           "sweep: {device.sigma: {from: 0, to: 1}}\n"
                                           "list:\n"
                                           "- \xc2\xb5S: x\n"
                                           "- [1, 2.5]\n");
    const struct yaml_node *array = yaml_find(document->root, "array");
    cr_assert_eq(document->root->kind, YAML_MAPPING);
    cr_assert_eq(document->root->n_children, 3);
    cr_assert(array->key_line == 2 && array->key_column == 1 && array->line == 3 && array->column == 3);
    const struct yaml_node *r = yaml_find(array, "r_word_line");
    cr_assert(r->key_line == 4 && r->key_column == 3 && r->line == 4 && r->column == 21);
    cr_assert(r->quoted);
    cr_assert_str_eq(r->text, "2.5 ohm");
    cr_assert_not(yaml_find(array, "rows")->quoted);
    const struct yaml_node *to =
        yaml_find(yaml_find(yaml_find(document->root, "sweep"), "device.sigma"), "to");
    cr_assert(to->key_line == 5 && to->key_column == 33 && to->line == 5 && to->column == 37);
    const struct yaml_node *list = yaml_find(document->root, "list");
    cr_assert_eq(list->n_children, 2);
    const struct yaml_node *unit = &list->children[0].children[0];
    cr_assert(unit->column == 7, "a character of two bytes is one column, not %d", unit->column);
    cr_assert_null(list->children[0].key);
    cr_assert_str_eq(list->children[1].children[1].text, "2.5");
    cr_assert_null(yaml_find(document->root, "rows"));
    cr_assert_null(yaml_find(list, "0"));
    yaml_destroy(document);
}

Test(yaml, an_empty_file_is_an_empty_mapping)
{
    const char *const texts[] = {"", "# nothing\n", "---\n", "{}", "\n\n", "\xef\xbb\xbf"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct yaml_document *document = parse(texts[i]);
        cr_assert_eq(document->root->kind, YAML_MAPPING, "%zu", i);
        cr_assert_eq(document->root->n_children, 0);
        cr_assert_str_eq(document->text, texts[i]);
        yaml_destroy(document);
    }
}

Test(yaml, scalars_stay_text)
{
    struct yaml_document *document =
        parse("a: 1e-6\nb: no\nc: 010\nd:\ne: \"null\"\nf: 10 kohm\ng: |\n  x\n  y\n");
    const char *const texts[] = {"1e-6", "no", "010", "", "null", "10 kohm", "x\ny\n"};
    const bool quoted[] = {false, false, false, false, true, false, true};
    for (size_t i = 0; i < 7; i++) {
        cr_assert_str_eq(document->root->children[i].text, texts[i]);
        cr_assert_eq(document->root->children[i].quoted, quoted[i]);
    }
    yaml_destroy(document);
}

Test(yaml, what_python_writes_loads)
{
    /* json.dump, json.dump with indent, yaml.safe_dump with and without flow style */
    const char *const texts[] = {
        "{\"sweep\": {\"comparator.noise\": {\"from\": 0, \"to\": 1e-06, \"steps\": 3}}, \"n\": [1, true, "
        "null, \"a\\u00b5\"]}",
        "{\n    \"sweep\": {\n        \"comparator.noise\": {\n            \"from\": 0,\n            \"to\": "
        "1e-06,\n"
        "            \"steps\": 3\n        }\n    },\n    \"n\": [\n        1,\n        true,\n        "
        "null,\n"
        "        \"a\\u00b5\"\n    ]\n}",
        "n:\n- 1\n- true\n- null\n- a\xc2\xb5\nsweep:\n  comparator.noise:\n    from: 0\n    steps: 3\n    "
        "to: 1.0e-06\n",
        "{n: [1, true, null, a\xc2\xb5], sweep: {comparator.noise: {from: 0, steps: 3, to: 1.0e-06}}}\n",
        "n: &id001\n- 1\n- true\n- null\n- a\xc2\xb5\nm: *id001\nsweep:\n  comparator.noise:\n    from: 0\n  "
        "  to: 1.0e-06\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct yaml_document *document = parse(texts[i]);
        const struct yaml_node *noise = yaml_find(yaml_find(document->root, "sweep"), "comparator.noise");
        cr_assert_eq(strtod(yaml_find(noise, "to")->text, NULL), 1e-6);
        const struct yaml_node *list = yaml_find(document->root, "n");
        cr_assert_eq(list->n_children, 4);
        cr_assert_str_eq(list->children[3].text, "a\xc2\xb5");
        yaml_destroy(document);
    }
}

struct bad_text {
    const char *text, *said;
};

Test(yaml, what_is_not_valid_is_one_line_with_its_place)
{
    const struct bad_text cases[] = {
        {"a: 1\nb: 2\n c: 3\n", "c.yaml:3:3: error: mapping values are not allowed"},
        {"a:\n\tb: 1\n", "c.yaml:2:1: error: a tab found, spaces expected"},
        {"a: [1, 2\nb: 3\n", "c.yaml:2:2: error: "},
        {"a: \"x\n", "c.yaml:2:1: error: "},
        {"a: 1\n- 2\n",
         "c.yaml:2:1: error: did not find expected key while parsing a block mapping (from line 1)"},
        {"a: !!str 5\n", "c.yaml:1:4: error: a tag found"},
        {"a: ! 5\n", "c.yaml:1:4: error: a tag found"},
        {"!!map {a: 5}\n", "c.yaml:1:1: error: a tag found"},
        {"a: !x [5]\n", "c.yaml:1:4: error: a tag found"},
        {"!!str a: 5\n", "c.yaml:1:1: error: a tag found"},
        {"a: 1\n---\nb: 2\n", "c.yaml:2:1: error: a second document found, one expected"},
        {"? [1, 2]\n: 3\n", "c.yaml:1:3: error: a key that is no plain or quoted word found"},
        {"x: &a y\n*a : 3\n", "c.yaml:2:1: error: a key that is no plain or quoted word found"},
        {"a: *b\n", "c.yaml:1:4: error: this alias names no anchor above it"},
        {"a: &b [*b]\n", "c.yaml:1:8: error: this alias stands inside what it names"},
        {"a: \"x\\0y\"\n", "c.yaml:1:4: error: a character NUL found"},
        {"a: 1\nb: \xc2\xb5\xff\n",
         "c.yaml:2:5: error: invalid leading UTF-8 octet (0xFF), text in UTF-8 expected"},
        {"a: \x01\n", "c.yaml:1:4: error: control characters are not allowed (0x01)"},
        {"a: %x\n", "c.yaml:1:4: error: found character that cannot start any token"},
        {"\xef\xbb\xbf!x a: 5\n", "c.yaml:1:1: error: a tag found"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_refused(cases[i].text, strlen(cases[i].text), cases[i].said);
}

Test(yaml, bytes_behind_a_nul_are_not_overlooked)
{
    assert_refused("a: 1\n\0b: 2\n", 11, "c.yaml:2:1: error: control characters are not allowed (0x00)");
}

static char *repeat(const char *head, const char *part, size_t n, const char *tail)
{
    struct text text = {0};
    text_append(&text, "%s", head);
    for (size_t i = 0; i < n; i++)
        text_append(&text, "%s", part);
    text_append(&text, "%s", tail);
    return text_take(&text, NULL);
}

Test(yaml, depth_and_size_are_limited)
{
    char *deep = repeat("", "[", 32, "");
    char *text = repeat(deep, "]", 32, "");
    struct yaml_document *document = parse(text);
    yaml_destroy(document);
    free(deep);
    free(text);
    text = repeat("", "[", 33, "");
    assert_refused(text, strlen(text), "c.yaml:1:33: error: nested more than 32 levels deep");
    free(text);
    text = repeat("", "[", 1000000, "");
    assert_refused(text, strlen(text), "error: nested more than 32 levels deep");
    free(text);
    text = repeat("#", "x", 1 << 20, "");
    assert_refused(text, strlen(text), "c.yaml: error: 1048577 bytes found, at most 1048576 expected");
    free(text);
}

Test(yaml, aliases_share_but_do_not_explode)
{
    struct yaml_document *document = parse("a: &x {k: [1, 2]}\nb: *x\nc: *x\n");
    const struct yaml_node *b = yaml_find(document->root, "b"), *a = yaml_find(document->root, "a");
    cr_assert_eq(b->children, a->children);
    cr_assert(b->line == 2 && b->column == 4 && b->key_line == 2);
    yaml_destroy(document);

    struct text bomb = {0};
    text_append(&bomb, "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for (int i = 1; i < 12; i++)
        text_append(&bomb, "a%d: &a%d [*a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d]\n", i, i, i - 1, i - 1,
                    i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
    assert_refused(bomb.bytes, bomb.length, "more than 1000000 values found");
    text_clear(&bomb);

    struct text tower = {0};
    text_append(&tower, "a0: &a0 [x]\n");
    for (int i = 1; i < 40; i++)
        text_append(&tower, "a%d: &a%d [*a%d]\n", i, i, i - 1);
    assert_refused(tower.bytes, tower.length, "levels deep through this alias");
    text_clear(&tower);
}

Test(yaml, duplicates_stay_and_are_found)
{
    struct yaml_document *document = parse("a: 1\nb: 2\na: 3\n");
    cr_assert_eq(document->root->n_children, 3);
    cr_assert_str_eq(yaml_find(document->root, "a")->text, "1");
    const struct yaml_node *second = yaml_find_duplicate(document->root);
    cr_assert(second != NULL && second->key_line == 3);
    yaml_destroy(document);
    document = parse("a: 1\nb: {a: 1}\n");
    cr_assert_null(yaml_find_duplicate(document->root));
    yaml_destroy(document);
}

Test(yaml, readers_add_their_own_lines)
{
    struct rs_error err = {{0}};
    struct yaml_document *document = parse("a: 1\nb: 2\n");
    const struct yaml_node *b = yaml_find(document->root, "b");
    cr_assert_eq(yaml_fail(document, 1, 1, &err, "one"), RS_INPUT);
    cr_assert_eq(yaml_fail(document, b->line, b->column, &err, "'%s' found", b->text), RS_INPUT);
    cr_assert_str_eq(err.text, "c.yaml:1:1: error: one\nc.yaml:2:4: error: '2' found");
    yaml_destroy(document);
    yaml_destroy(NULL);
}

Test(yaml, a_missing_file_is_an_io_error)
{
    struct rs_error err = {{0}};
    struct yaml_document *document;
    cr_assert_eq(yaml_read("/nowhere/c.yaml", &document, &err), RS_IO);
    cr_assert_str_eq(err.text, "/nowhere/c.yaml: error: cannot open: No such file or directory");
}

/* Every prefix of a text, and every byte of it replaced, is either a tree or one error line. */
Test(yaml, no_damage_brings_it_down)
{
    const char text[] =
        "a: &x {k: [1, \"2\\n\"], 'm': 3}\nb: *x\n# c\nc:\n  - |\n    d\n  - ? e\n    : f\n...\n";
    const char bytes[] = "\t\n :-?[]{}#&*!|>'\"%@`\\\x80\xff\x01z";
    struct rs_error err;
    struct yaml_document *document;
    char changed[sizeof text];
    for (size_t i = 0; i < sizeof text - 1; i++)
        for (size_t j = 0; j < sizeof bytes; j++) {
            memcpy(changed, text, sizeof text);
            changed[i] = bytes[j];
            err.text[0] = '\0';
            size_t n_bytes = j == 0 ? i : sizeof text - 1;
            enum rs_status status = yaml_parse("c", changed, n_bytes, &document, &err);
            cr_assert(status == RS_OK || (status == RS_INPUT && strncmp(err.text, "c:", 2) == 0), "%zu %zu",
                      i, j);
            if (status == RS_OK)
                yaml_destroy(document);
        }
}
