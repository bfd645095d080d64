/* HDF5 stores: what is written comes back, foreign types are read, damage and full disks end in clean errors.
 */
#include "config.h" /* POSIX names */

#include <criterion/criterion.h>
#include <malloc.h>
#include <math.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <unistd.h>

#include "folder.h"
#include "foreign_store.h"
#include "io/file.h"
#include "sample_store.h"

TestSuite(store, .timeout = 60);

static struct store *open_sample(void)
{
    struct rs_error err = {{0}};
    struct store *store = NULL;
    cr_assert_eq(sample_write("s.h5", &err), RS_OK, "%s", err.text);
    cr_assert_eq(store_open("s.h5", &store, &err), RS_OK, "%s", err.text);
    return store;
}

Test(store, what_is_written_is_read_back, .init = enter_folder, .fini = leave_folder)
{
    struct rs_error err = {{0}};
    struct store *store = open_sample();
    struct store_shape shape;
    double rates[24], number;
    int32_t kept[5];
    char *text, **texts;
    size_t n;
    cr_assert_eq(store_get_shape(store, "/false_prune_rate", &shape, &err), RS_OK);
    cr_assert(shape.rank == 3 && shape.sizes[0] == 3 && shape.sizes[1] == 2 && shape.sizes[2] == 4);
    cr_assert_eq(store_read(store, "false_prune_rate", STORE_FLOAT64, rates, &err), RS_OK);
    cr_assert_eq(rates[23], 0.23);
    cr_assert_eq(store_read_rows(store, "false_prune_rate", STORE_FLOAT64, 1, 2, rates, &err), RS_OK);
    cr_assert_eq(rates[0], 0.08);
    cr_assert_eq(store_read(store, "samples/decision", STORE_INT32, kept, &err), RS_OK);
    cr_assert_eq(kept[4], -1);
    cr_assert_eq(store_get_shape(store, "scalar", &shape, &err), RS_OK);
    cr_assert_eq(shape.rank, 0);
    cr_assert_eq(store_read(store, "scalar", STORE_FLOAT64, &number, &err), RS_OK);
    cr_assert_eq(number, 42.0);
    cr_assert_eq(store_read_texts(store, "note", &n, &texts, &err), RS_OK);
    cr_assert_eq(n, 3);
    cr_assert_str_eq(texts[1], "");
    cr_assert_str_eq(texts[2], "dritte \xc2\xb5S");
    free(texts);
    cr_assert_eq(store_read_text(store, "/", "title", &text, &err), RS_OK);
    cr_assert_str_eq(text, "a sample \xc2\xb5");
    free(text);
    cr_assert_eq(store_read_number(store, "/", "seed", &number, &err), RS_OK);
    cr_assert_eq(number, -3.0);
    cr_assert_eq(store_read_number(store, "samples", "threshold_amperes", &number, &err), RS_OK);
    cr_assert_eq(number, 2.5e-6);
    cr_assert(store_is_text(store, "note") && !store_is_text(store, "scalar") &&
              !store_is_text(store, "none"));
    store_close(store);
}

/* Chunks that do not divide the axes, rows read singly, and values that a filter must return bit for bit. */
Test(store, large_arrays_survive_chunks_and_filters, .init = enter_folder, .fini = leave_folder)
{
    enum { N = 5, M = 37, K = 501 };
    struct rs_error err = {{0}};
    struct store *store;
    struct store_shape shape = {3, {N, M, K}};
    double *values = malloc(sizeof(double) * N * M * K), *row = malloc(sizeof(double) * M * K);
    srand(1);
    for (size_t i = 0; i < (size_t)N * M * K; i++)
        values[i] = rand() * 1e-12;
    values[7] = NAN;
    cr_assert_eq(store_create("big.h5", &store, &err), RS_OK);
    cr_assert_eq(
        store_write(store, "v", STORE_FLOAT64, &shape, NULL, values, (struct store_label){"S", NULL}, &err),
        RS_OK, "%s", err.text);
    cr_assert_eq(store_commit(store, &err), RS_OK, "%s", err.text);
    cr_assert_eq(store_open("big.h5", &store, &err), RS_OK);
    for (size_t i = 0; i < N; i++) {
        cr_assert_eq(store_read_rows(store, "v", STORE_FLOAT64, i, 1, row, &err), RS_OK);
        cr_assert_eq(memcmp(row, values + i * M * K, sizeof(double) * M * K), 0);
    }
    cr_assert_eq(store_read_rows(store, "v", STORE_FLOAT64, 2, 0, NULL, &err), RS_OK);
    store_close(store);
    free(values);
    free(row);
}

Test(store, arrays_without_values_are_allowed, .init = enter_folder, .fini = leave_folder)
{
    struct rs_error err = {{0}};
    struct store *store;
    struct store_shape shape = {2, {0, 4}}, found;
    char **texts;
    size_t n = 9;
    cr_assert_eq(store_create("e.h5", &store, &err), RS_OK);
    cr_assert_eq(store_write(store, "v", STORE_FLOAT64, &shape, NULL, NULL, (struct store_label){0}, &err),
                 RS_OK);
    cr_assert_eq(store_write_texts(store, "t", 0, NULL, NULL, &err), RS_OK);
    cr_assert_eq(store_commit(store, &err), RS_OK, "%s", err.text);
    cr_assert_eq(store_open("e.h5", &store, &err), RS_OK);
    cr_assert_eq(store_get_shape(store, "v", &found, &err), RS_OK);
    cr_assert(found.rank == 2 && found.sizes[0] == 0 && found.sizes[1] == 4);
    cr_assert_eq(store_read(store, "v", STORE_FLOAT64, &n, &err), RS_OK, "%s", err.text);
    cr_assert_eq(store_read_texts(store, "t", &n, &texts, &err), RS_OK);
    cr_assert_eq(n, 0);
    free(texts);
    store_close(store);
}

static void collect(const char *name, bool is_dataset, void *context)
{
    size_t used = strlen(context);
    snprintf((char *)context + used, 1000 - used, "%s%s ", name, is_dataset ? "" : "/");
}

Test(store, lists_keep_the_order_of_writing, .init = enter_folder, .fini = leave_folder)
{
    struct rs_error err = {{0}};
    struct store *store = open_sample();
    char names[1000] = "", dimensions[STORE_RANK_MAX][STORE_NAME_SIZE];
    cr_assert_eq(store_list(store, "/", collect, names, &err), RS_OK);
    cr_assert_str_eq(names,
                     "array_r_word_line device_preset trial false_prune_rate status bin note_index note "
                     "samples/ count scalar ");
    names[0] = '\0';
    cr_assert_eq(store_list_attributes(store, "/", collect, names, &err), RS_OK);
    cr_assert_str_eq(names, "title/ empty/ seed/ temperature_kelvin/ ");
    cr_assert_eq(store_get_dimensions(store, "samples/conductance", dimensions, &err), RS_OK);
    cr_assert_str_eq(dimensions[0], "array_r_word_line");
    cr_assert_str_eq(dimensions[1], "samples/row");
    cr_assert_eq(store_get_dimensions(store, "trial", dimensions, &err), RS_OK);
    cr_assert_str_eq(dimensions[0], "");
    cr_assert_eq(store_list(store, "scalar", collect, names, &err), RS_INPUT);
    cr_assert(store_has(store, "samples/row") && store_has(store, "/trial"));
    cr_assert(!store_has(store, "samples") && !store_has(store, "x/y") && !store_has(store, "/"));
    cr_assert(store_has_attribute(store, "/", "title") &&
              store_has_attribute(store, "status", "flag_values"));
    cr_assert(!store_has_attribute(store, "/", "units") && !store_has_attribute(store, "none", "units"));
    store_close(store);
}

Test(store, types_of_other_programs_are_read_as_numbers, .init = enter_folder, .fini = leave_folder)
{
    const char *const names[] = {"half",           "float_big_endian", "long_double",
                                 "int_big_endian", "unsigned",         "boolean"};
    const size_t sizes[] = {4, 4, 4, 3, 2, 2};
    const double expected[4] = {1, 0, -1, 0.5};
    struct rs_error err = {{0}};
    struct store *store;
    foreign_write("f.h5");
    cr_assert_eq(store_open("f.h5", &store, &err), RS_OK, "%s", err.text);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        double values[4];
        float floats[4];
        cr_assert_eq(store_read(store, names[i], STORE_FLOAT64, values, &err), RS_OK, "%s", err.text);
        cr_assert_eq(store_read(store, names[i], STORE_FLOAT32, floats, &err), RS_OK, "%s", err.text);
        for (size_t j = 0; j < sizes[i]; j++)
            cr_assert(values[j] == expected[j] && (double)floats[j] == expected[j], "%s %zu", names[i], j);
    }
    int8_t flags[3];
    double number;
    cr_assert_eq(store_read(store, "boolean", STORE_INT8, flags, &err), RS_OK, "%s", err.text);
    cr_assert(flags[0] == 1 && flags[1] == 0);
    cr_assert_eq(store_read_number(store, "/", "causal", &number, &err), RS_OK, "%s", err.text);
    cr_assert_eq(number, 1.0);
    cr_assert_eq(store_read_number(store, "/", "one", &number, &err), RS_OK, "%s", err.text);
    cr_assert_eq(number, 2.5);
    store_close(store);
}

Test(store, texts_of_other_programs_lose_their_padding, .init = enter_folder, .fini = leave_folder)
{
    struct rs_error err = {{0}};
    struct store *store;
    char **texts, *text;
    size_t n;
    foreign_write("f.h5");
    cr_assert_eq(store_open("f.h5", &store, &err), RS_OK);
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(store_read_texts(store, i == 0 ? "padded" : "ended", &n, &texts, &err), RS_OK, "%s",
                     err.text);
        cr_assert_eq(n, 2);
        cr_assert_str_eq(texts[0], "ab");
        cr_assert_str_eq(texts[1], "wxyz");
        free(texts);
    }
    cr_assert_eq(store_read_text(store, "/", "format", &text, &err), RS_OK);
    cr_assert_str_eq(text, "qk");
    free(text);
    cr_assert_eq(store_read_text(store, "/", "nothing", &text, &err), RS_OK, "%s", err.text);
    cr_assert_str_eq(text, "");
    free(text);
    store_close(store);
}

static void assert_said(enum rs_status status, enum rs_status expected, const struct rs_error *err,
                        const char *said)
{
    cr_assert_str_eq(err->text, said);
    cr_assert_eq(status, expected, "%s", said);
}

Test(store, wrong_content_says_what_was_found, .init = enter_folder, .fini = leave_folder)
{
    struct rs_error err = {{0}};
    struct store *store;
    double values[4];
    int32_t integers[4];
    char *text, **texts;
    size_t n;
    foreign_write("f.h5");
    cr_assert_eq(store_open("f.h5", &store, &err), RS_OK);
    assert_said(store_read(store, "voltage", STORE_FLOAT64, values, &err), RS_INPUT, &err,
                "f.h5:/voltage: error: not found in this file");
    assert_said(store_read(store, "/", STORE_FLOAT64, values, &err), RS_INPUT, &err,
                "f.h5:/: error: a group found, a dataset expected");
    assert_said(store_read(store, "padded", STORE_FLOAT64, values, &err), RS_INPUT, &err,
                "f.h5:/padded: error: text found, numbers expected");
    assert_said(store_read_texts(store, "half", &n, &texts, &err), RS_INPUT, &err,
                "f.h5:/half: error: numbers found, text expected");
    assert_said(store_read(store, "half", STORE_INT32, integers, &err), RS_INPUT, &err,
                "f.h5:/half: error: a value found that no integer of 32 bits can hold");
    assert_said(store_read(store, "big", STORE_INT32, integers, &err), RS_INPUT, &err,
                "f.h5:/big: error: a value found that no integer of 32 bits can hold");
    assert_said(store_read(store, "nan", STORE_INT32, integers, &err), RS_INPUT, &err,
                "f.h5:/nan: error: a value found that no integer of 32 bits can hold");
    assert_said(store_read_number(store, "/", "seed", values, &err), RS_INPUT, &err,
                "f.h5:/@seed: error: attribute not found");
    assert_said(store_read_number(store, "/", "format", values, &err), RS_INPUT, &err,
                "f.h5:/@format: error: text found, numbers expected");
    assert_said(store_read_number(store, "/", "compound", values, &err), RS_INPUT, &err,
                "f.h5:/@compound: error: a compound type found, numbers expected");
    assert_said(store_read_number(store, "/", "four", values, &err), RS_INPUT, &err,
                "f.h5:/@four: error: 4 values found, one expected");
    assert_said(store_read_text(store, "half", "units", &text, &err), RS_INPUT, &err,
                "f.h5:/half@units: error: attribute not found");
    store_close(store);
}

Test(store, shapes_that_disagree_name_the_axis, .init = enter_folder, .fini = leave_folder)
{
    struct rs_error err = {{0}};
    struct store *store = open_sample();
    const struct store_axis good[] = {{"wires", STORE_SIZE_ANY, NULL}, {"rows", 6, NULL}};
    const struct store_axis bad[] = {{"wires", 3, NULL}, {"rows", 64, "rows of /conductance"}};
    cr_assert_eq(store_check_shape(store, "samples/conductance", 2, good, &err), RS_OK, "%s", err.text);
    assert_said(store_check_shape(store, "samples/conductance", 2, bad, &err), RS_INPUT, &err,
                "s.h5:/samples/conductance: error: 6 rows found, 64 expected (rows of /conductance)");
    assert_said(store_check_shape(store, "/count", 2, bad, &err), RS_INPUT, &err,
                "s.h5:/count: error: 1 dimension found, 2 expected, [wires][rows]");
    store_close(store);
}

Test(store, what_cannot_be_opened_says_why, .init = enter_folder, .fini = leave_folder)
{
    struct rs_error err = {{0}};
    struct store *store;
    char *bytes;
    size_t n_bytes;
    assert_said(store_open("none.h5", &store, &err), RS_IO, &err,
                "none.h5: error: cannot open: No such file or directory");
    assert_said(store_open(".", &store, &err), RS_IO, &err, ".: error: cannot open: Is a directory");
    cr_assert_eq(file_write("text.h5", "no HDF5\n", 8, &err), RS_OK);
    assert_said(store_open("text.h5", &store, &err), RS_INPUT, &err, "text.h5: error: not an HDF5 file");
    cr_assert_eq(file_write("empty.h5", "", 0, &err), RS_OK);
    assert_said(store_open("empty.h5", &store, &err), RS_INPUT, &err, "empty.h5: error: not an HDF5 file");
    cr_assert_eq(sample_write("s.h5", &err), RS_OK);
    cr_assert_eq(file_read("s.h5", 1 << 20, &bytes, &n_bytes, &err), RS_OK);
    cr_assert_eq(file_write("short.h5", bytes, n_bytes / 2, &err), RS_OK);
    cr_assert_eq(store_open("short.h5", &store, &err), RS_INPUT);
    const char said[] = "short.h5: error: truncated or damaged HDF5 file (";
    cr_assert_eq(strncmp(err.text, said, strlen(said)), 0, "%s", err.text);
    cr_assert_eq(store_open_image("image", bytes, 0, &store, &err), RS_INPUT);
    free(bytes);
}

Test(store, a_file_that_is_being_written_is_not_read, .init = enter_folder, .fini = leave_folder)
{
    struct rs_error err = {{0}};
    struct store *store;
    cr_assert_eq(sample_write("s.h5", &err), RS_OK);
    FILE *writer = fopen("s.h5", "r+");
    cr_assert_eq(flock(fileno(writer), LOCK_EX), 0);
    cr_assert_eq(store_open("s.h5", &store, &err), RS_IO);
    cr_assert(strstr(err.text, "another program has it open for writing") != NULL, "%s", err.text);
    setenv("HDF5_USE_FILE_LOCKING", "FALSE", 1);
    cr_assert_eq(store_open("s.h5", &store, &err), RS_OK, "%s", err.text);
    store_close(store);
    fclose(writer);
}

Test(store, images_in_memory_are_files, .init = enter_folder, .fini = leave_folder)
{
    struct rs_error err = {{0}};
    struct store *one, *other;
    char *bytes, *more;
    size_t n_bytes, n_more;
    double number;
    cr_assert_eq(sample_write("s.h5", &err), RS_OK);
    foreign_write("f.h5");
    cr_assert_eq(file_read("s.h5", 1 << 20, &bytes, &n_bytes, &err), RS_OK);
    cr_assert_eq(file_read("f.h5", 1 << 20, &more, &n_more, &err), RS_OK);
    cr_assert_eq(store_open_image("embedded", bytes, n_bytes, &one, &err), RS_OK, "%s", err.text);
    cr_assert_eq(store_open_image("embedded", more, n_more, &other, &err), RS_OK, "%s", err.text);
    free(bytes);
    free(more);
    cr_assert_eq(store_read_number(one, "/", "seed", &number, &err), RS_OK, "%s", err.text);
    cr_assert_eq(number, -3.0);
    cr_assert_eq(store_read_number(other, "/", "one", &number, &err), RS_OK, "%s", err.text);
    cr_assert_str_eq(store_path(one), "embedded");
    assert_said(store_read_number(one, "/", "none", &number, &err), RS_INPUT, &err,
                "embedded:/@none: error: attribute not found");
    store_close(one);
    store_close(other);
}

/* Memory that malloc returns is filled differently, so that a byte left unset would differ. */
Test(store, equal_content_gives_equal_bytes, .init = enter_folder, .fini = leave_folder)
{
    struct rs_error err = {{0}};
    char *bytes[2];
    size_t n_bytes[2];
    for (int i = 0; i < 2; i++) {
        mallopt(M_PERTURB, 85 * (i + 1));
        cr_assert_eq(sample_write("s.h5", &err), RS_OK);
        cr_assert_eq(file_read("s.h5", 1 << 20, &bytes[i], &n_bytes[i], &err), RS_OK);
    }
    cr_assert_eq(n_bytes[0], n_bytes[1]);
    cr_assert_eq(memcmp(bytes[0], bytes[1], n_bytes[0]), 0);
    free(bytes[0]);
    free(bytes[1]);
}

Test(store, a_full_disk_leaves_nothing, .init = enter_folder, .fini = leave_folder)
{
    struct rs_error err = {{0}};
    signal(SIGXFSZ, SIG_IGN);
    struct rlimit saved, tight;
    cr_assert_eq(getrlimit(RLIMIT_FSIZE, &saved), 0);
    tight = saved;
    tight.rlim_cur = 4096;
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &tight), 0);
    enum rs_status status = sample_write("s.h5", &err);
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &saved), 0);
    assert_said(status, RS_IO, &err, "s.h5: error: cannot write: File too large");
    cr_assert_eq(count_files(), 0);
}

Test(store, a_store_appears_only_when_committed, .init = enter_folder, .fini = leave_folder)
{
    struct rs_error err = {{0}};
    struct store *store;
    cr_assert_eq(store_create("s.h5", &store, &err), RS_OK);
    cr_assert_eq(sample_fill(store, &err), RS_OK);
    cr_assert_neq(access("s.h5", F_OK), 0);
    store_close(store);
    cr_assert_eq(count_files(), 0);
    cr_assert_eq(store_create("nowhere/s.h5", &store, &err), RS_CREATE);
    cr_assert_str_eq(err.text, "nowhere/s.h5: error: cannot create: No such file or directory");
}

Test(store, a_failed_call_fails_the_commit, .init = enter_folder, .fini = leave_folder)
{
    struct rs_error err = {{0}};
    struct store *store;
    const double values[2] = {1, 2};
    const char *const dimensions[] = {"none"};
    struct store_shape shape = {1, {2}};
    cr_assert_eq(store_create("s.h5", &store, &err), RS_OK);
    cr_assert_eq(
        store_write(store, "v", STORE_FLOAT64, &shape, dimensions, values, (struct store_label){0}, &err),
        RS_IO);
    const char said[] = "s.h5:/v: error: cannot write: ";
    cr_assert_eq(strncmp(err.text, said, strlen(said)), 0, "%s", err.text);
    cr_assert_eq(store_write_integer(store, "/", "seed", 1, &err), RS_OK);
    cr_assert_eq(store_commit(store, &err), RS_IO);
    cr_assert_eq(strncmp(err.text, said, strlen(said)), 0, "%s", err.text);
    cr_assert_eq(count_files(), 0);
}

/* --- damage --- */

struct walk {
    const struct store *store;
    char prefix[STORE_NAME_SIZE];
    int depth;
};

static void read_attribute(const char *name, bool is_dataset, void *context)
{
    const struct walk *walk = context;
    struct rs_error err;
    double number;
    char *text;
    (void)is_dataset;
    if (store_read_number(walk->store, walk->prefix, name, &number, &err) == RS_OK)
        return;
    if (store_read_text(walk->store, walk->prefix, name, &text, &err) == RS_OK)
        free(text);
}

static void read_dataset(const struct store *store, const char *path)
{
    struct rs_error err;
    struct store_shape shape;
    char names[STORE_RANK_MAX][STORE_NAME_SIZE], **texts;
    size_t n;
    if (store_is_text(store, path)) {
        if (store_read_texts(store, path, &n, &texts, &err) == RS_OK)
            free(texts);
    } else if (store_get_shape(store, path, &shape, &err) == RS_OK) {
        n = 1;
        for (int i = 0; i < shape.rank; i++)
            n *= shape.sizes[i];
        double *values = n < 1000000 ? malloc(n * sizeof *values + 1) : NULL;
        if (values != NULL && store_read(store, path, STORE_FLOAT64, values, &err) != RS_OK)
            cr_assert_neq(err.text[0], '\0');
        free(values);
    }
    if (store_get_dimensions(store, path, names, &err) != RS_OK)
        cr_assert_neq(err.text[0], '\0');
}

static void read_group(const struct store *store, const char *group, int depth);

static void read_member(const char *name, bool is_dataset, void *context)
{
    const struct walk *walk = context;
    struct walk inner = {.store = walk->store};
    struct rs_error err;
    int length = snprintf(inner.prefix, sizeof inner.prefix, "%s/%s", walk->prefix, name);
    if (length < 0 || (size_t)length >= sizeof inner.prefix)
        return;
    if (is_dataset)
        read_dataset(walk->store, inner.prefix);
    else if (walk->depth < 5)
        read_group(walk->store, inner.prefix, walk->depth + 1);
    if (store_list_attributes(walk->store, inner.prefix, read_attribute, &inner, &err) != RS_OK)
        cr_assert_neq(err.text[0], '\0');
}

static void read_group(const struct store *store, const char *group, int depth)
{
    struct walk walk = {.store = store, .depth = depth};
    struct rs_error err;
    snprintf(walk.prefix, sizeof walk.prefix, "%s", group);
    if (store_list(store, depth == 0 ? "/" : group, read_member, &walk, &err) != RS_OK)
        cr_assert_neq(err.text[0], '\0');
}

static void read_everything(const char *path)
{
    struct rs_error err = {{0}};
    struct store *store;
    enum rs_status status = store_open(path, &store, &err);
    if (status != RS_OK) {
        cr_assert(status == RS_INPUT || status == RS_IO);
        cr_assert(err.text[0] != '\0' && strchr(err.text, '\n') == NULL);
        return;
    }
    struct walk root = {.store = store, .prefix = "/"};
    if (store_list_attributes(store, "/", read_attribute, &root, &err) != RS_OK)
        cr_assert_neq(err.text[0], '\0');
    read_group(store, "", 0);
    store_close(store);
}

static char *sample_bytes(size_t *n_bytes)
{
    struct rs_error err = {{0}};
    char *bytes;
    cr_assert_eq(sample_write("s.h5", &err), RS_OK, "%s", err.text);
    cr_assert_eq(file_read("s.h5", 1 << 20, &bytes, n_bytes, &err), RS_OK);
    return bytes;
}

Test(store, a_flipped_bit_never_brings_it_down, .init = enter_folder, .fini = leave_folder)
{
    struct rs_error err = {{0}};
    size_t n_bytes;
    char *bytes = sample_bytes(&n_bytes);
    srand(20);
    for (int i = 0; i < 300; i++) {
        size_t place = (size_t)rand() % n_bytes;
        char bit = (char)(1 << rand() % 8);
        bytes[place] ^= bit;
        cr_assert_eq(file_write("flipped.h5", bytes, n_bytes, &err), RS_OK);
        bytes[place] ^= bit;
        read_everything("flipped.h5");
    }
    free(bytes);
}

Test(store, a_truncated_file_is_always_refused, .init = enter_folder, .fini = leave_folder)
{
    enum { SEAL_BYTES = 80 };
    struct rs_error err = {{0}};
    size_t n_bytes;
    char *bytes = sample_bytes(&n_bytes);
    struct store *store;
    for (size_t n = 0; n < n_bytes - SEAL_BYTES; n += 64) {
        cr_assert_eq(file_write("short.h5", bytes, n, &err), RS_OK);
        cr_assert_eq(store_open("short.h5", &store, &err), RS_INPUT, "%zu of %zu bytes", n, n_bytes);
        cr_assert_eq(store_open_image("short", bytes, n, &store, &err), RS_INPUT, "%zu of %zu bytes", n,
                     n_bytes);
    }
    free(bytes);
}

/* The seal: every wrong bit of the content is met, also where HDF5 would read on with wrong values. */
Test(store, damage_of_the_content_is_always_refused, .init = enter_folder, .fini = leave_folder)
{
    enum { SEAL_BYTES = 80 };
    struct rs_error err = {{0}};
    struct store *store;
    size_t n_bytes;
    char *bytes = sample_bytes(&n_bytes);
    for (size_t place = 0; place < n_bytes - SEAL_BYTES; place += 97) {
        bytes[place] ^= 1;
        cr_assert_eq(store_open_image("flipped", bytes, n_bytes, &store, &err), RS_INPUT, "%zu", place);
        assert_said(RS_INPUT, RS_INPUT, &err,
                    "flipped: error: truncated or damaged HDF5 file (content and checksum disagree)");
        bytes[place] ^= 1;
    }
    cr_assert_eq(store_open_image("whole", bytes, n_bytes, &store, &err), RS_OK, "%s", err.text);
    store_close(store);
    free(bytes);
}

/* HDF5 cuts the seal off when it writes into the file, so a change by another program is no damage. */
Test(store, a_file_edited_by_others_is_read, .init = enter_folder, .fini = leave_folder)
{
    struct rs_error err = {{0}};
    struct store *store;
    double number = 7;
    cr_assert_eq(sample_write("s.h5", &err), RS_OK);
    hid_t file = H5Fopen("s.h5", H5F_ACC_RDWR, H5P_DEFAULT);
    hid_t scalar = H5Dopen2(file, "scalar", H5P_DEFAULT);
    cr_assert(H5Dwrite(scalar, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, &number) >= 0);
    cr_assert(H5Dclose(scalar) >= 0 && H5Fclose(file) >= 0);
    cr_assert_eq(store_open("s.h5", &store, &err), RS_OK, "%s", err.text);
    number = 0;
    cr_assert_eq(store_read(store, "scalar", STORE_FLOAT64, &number, &err), RS_OK);
    cr_assert_eq(number, 7.0);
    store_close(store);
}
