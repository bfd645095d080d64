/* The reader of safetensors files: values of three types, and files that are not what they claim. */
#include "config.h" /* POSIX names */

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "folder.h"
#include "io/file.h"
#include "io/safetensors.h"
#include "numeric/random.h"
#include "tensors_file.h"

TestSuite(safetensors, .timeout = 60);

static void write_plain(const char *header, const void *data, size_t n_data)
{
    write_tensors("t.safetensors", strlen(header), header, strlen(header), data, n_data);
}

static struct safetensors *open_good(void)
{
    struct rs_error err = {{0}};
    struct safetensors *file;
    cr_assert_eq(safetensors_open("t.safetensors", &file, &err), RS_OK, "%s", err.text);
    return file;
}

/* sign (-1)^s 2^(e - bias) (1 + f / 2^bits); 2^(1 - bias) f / 2^bits where e = 0 */
static double formula(unsigned bits, int n_exponent, int n_fraction)
{
    unsigned fraction = bits & ((1u << n_fraction) - 1),
             exponent = bits >> n_fraction & ((1u << n_exponent) - 1);
    int bias = (1 << (n_exponent - 1)) - 1;
    double part = fraction / (double)(1u << n_fraction), sign = bits >> 15 ? -1.0 : 1.0;
    if (exponent == (1u << n_exponent) - 1)
        return fraction != 0 ? (double)NAN : sign * (double)INFINITY;
    return sign * (exponent == 0 ? ldexp(part, 1 - bias) : ldexp(1 + part, (int)exponent - bias));
}

Test(safetensors, all_65536_halves_are_their_formulas)
{
    for (unsigned bits = 0; bits < 65536; bits++) {
        double half = formula(bits, 5, 10), brain = formula(bits, 8, 7);
        double f16 = (double)safetensors_from_f16((uint16_t)bits),
               bf16 = (double)safetensors_from_bf16((uint16_t)bits);
        cr_assert(isnan(half) ? isnan(f16) : f16 == half && !signbit(f16) == !signbit(half), "0x%04x: %g, %g",
                  bits, f16, half);
        cr_assert(isnan(brain) ? isnan(bf16) : bf16 == brain && !signbit(bf16) == !signbit(brain),
                  "0x%04x: %g, %g", bits, bf16, brain);
    }
}

Test(safetensors, tensors_are_found_by_name_and_read_in_parts, .init = enter_folder, .fini = leave_folder)
{
    /* names, and places in the file, in another order than in the header; spaces at its end */
    static const char header[] = "{\"z\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[10,34]},"
                                 "\"__metadata__\":{\"format\":\"pt\",\"any\":\"\"},"
                                 "\"b\":{\"shape\":[],\"data_offsets\":[0,2],\"dtype\":\"F16\"},"
                                 "\"\\u00e9\":{\"dtype\":\"BF16\",\"shape\":[4],\"data_offsets\":[2,10]},"
                                 "\"mask\":{\"dtype\":\"I64\",\"shape\":[1,1],\"data_offsets\":[34,42]},"
                                 "\"new\":{\"dtype\":\"F4\",\"shape\":[6],\"data_offsets\":[42,45]},"
                                 "\"none\":{\"dtype\":\"F32\",\"shape\":[0,7],\"data_offsets\":[45,45]}}   ";
    unsigned char data[45] = {0x00, 0x3c, 0x80, 0x3f, 0x00, 0xc0, 0x00, 0x00, 0x20, 0x41};
    const float six[] = {1, -2, 3.5f, 1e30f, -0.0f, 1e-40f};
    memcpy(data + 10, six, sizeof six);
    write_plain(header, data, sizeof data);
    struct rs_error err = {{0}};
    struct safetensors *file = open_good();
    float values[6] = {0};
    cr_assert_eq(safetensors_n_tensors(file), 6);
    size_t z = safetensors_find(file, "z"), half = safetensors_find(file, "b"),
           brain = safetensors_find(file, "\xc3\xa9");
    cr_assert(z < 6 && half == 0 && brain == 5 && safetensors_find(file, "c") == 6);
    const struct safetensors_tensor *tensor = safetensors_tensor(file, z);
    cr_assert(tensor->rank == 2 && tensor->sizes[0] == 2 && tensor->sizes[1] == 3 && tensor->n_values == 6);
    cr_assert_eq(safetensors_read(file, tensor, 0, 6, values, &err), RS_OK, "%s", err.text);
    cr_assert_eq(memcmp(values, six, sizeof six), 0);
    cr_assert_eq(safetensors_read(file, tensor, 4, 2, values, &err), RS_OK);
    cr_assert(values[0] == 0 && signbit(values[0]) && values[1] == 1e-40f);
    cr_assert_eq(safetensors_read(file, safetensors_tensor(file, half), 0, 1, values, &err), RS_OK);
    cr_assert(values[0] == 1 && safetensors_tensor(file, half)->rank == 0);
    cr_assert_eq(safetensors_read(file, safetensors_tensor(file, brain), 0, 4, values, &err), RS_OK);
    cr_assert(values[0] == 1 && values[1] == -2 && values[2] == 0 && values[3] == 10);
    cr_assert_eq(
        safetensors_read(file, safetensors_tensor(file, safetensors_find(file, "none")), 0, 0, values, &err),
        RS_OK);
    cr_assert_eq(safetensors_check_type(file, safetensors_tensor(file, safetensors_find(file, "mask")), &err),
                 RS_INPUT);
    cr_assert_str_eq(err.text,
                     "t.safetensors: error: tensor 'mask': dtype 'I64' found, F32, F16 or BF16 expected");
    cr_assert_eq(
        safetensors_read(file, safetensors_tensor(file, safetensors_find(file, "new")), 0, 1, values, &err),
        RS_INPUT);
    cr_assert_str_eq(err.text,
                     "t.safetensors: error: tensor 'new': dtype 'F4' found, F32, F16 or BF16 expected");
    char shape[64];
    safetensors_print_shape(tensor->rank, tensor->sizes, shape, sizeof shape);
    cr_assert_str_eq(shape, "[2, 3]");
    cr_assert_eq(count_files(), 1);
    safetensors_close(file);
}

Test(safetensors, large_tensors_come_in_blocks, .init = enter_folder, .fini = leave_folder)
{
    enum { N = 100003 };
    struct rs_error err = {{0}};
    float *values = malloc(N * sizeof *values), *read = malloc(N * sizeof *read);
    char header[96];
    for (int i = 0; i < N; i++)
        values[i] = (float)i / 7;
    snprintf(header, sizeof header, "{\"w\":{\"dtype\":\"F32\",\"shape\":[%d],\"data_offsets\":[0,%d]}}", N,
             4 * N);
    write_plain(header, values, N * sizeof *values);
    struct safetensors *file = open_good();
    cr_assert_eq(safetensors_read(file, safetensors_tensor(file, 0), 3, N - 3, read, &err), RS_OK, "%s",
                 err.text);
    cr_assert_eq(memcmp(values + 3, read, (N - 3) * sizeof *read), 0);
    values[70001] = NAN;
    safetensors_close(file);
    write_plain(header, values, N * sizeof *values);
    file = open_good();
    cr_assert_eq(safetensors_read(file, safetensors_tensor(file, 0), 5, N - 5, read, &err), RS_INPUT);
    cr_assert_str_eq(err.text,
                     "t.safetensors: error: tensor 'w': nan at index 70001 found, finite weights expected");
    cr_assert_eq(safetensors_read(file, safetensors_tensor(file, 0), 0, 70001, read, &err), RS_OK);
    safetensors_close(file);
    free(values);
    free(read);
}

Test(safetensors, a_nan_or_infinity_is_refused_in_every_type, .init = enter_folder, .fini = leave_folder)
{
    static const struct {
        const char *type;
        unsigned char bytes[4];
        size_t n;
        const char *said;
    } cases[] = {{"F16", {0x00, 0x7c}, 2, "inf"},
                 {"F16", {0x01, 0xfe}, 2, "nan"},
                 {"BF16", {0x80, 0xff}, 2, "-inf"},
                 {"BF16", {0xc0, 0x7f}, 2, "nan"},
                 {"F32", {0, 0, 0x80, 0x7f}, 4, "inf"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct rs_error err = {{0}};
        char header[96], said[128];
        float value;
        snprintf(header, sizeof header, "{\"w\":{\"dtype\":\"%s\",\"shape\":[1],\"data_offsets\":[0,%zu]}}",
                 cases[i].type, cases[i].n);
        write_plain(header, cases[i].bytes, cases[i].n);
        struct safetensors *file = open_good();
        cr_assert_eq(safetensors_read(file, safetensors_tensor(file, 0), 0, 1, &value, &err), RS_INPUT);
        snprintf(said, sizeof said, "t.safetensors: error: tensor 'w': %s at index 0", cases[i].said);
        cr_assert_eq(strncmp(err.text, said, strlen(said)), 0, "%s", err.text);
        safetensors_close(file);
    }
}

/* 16 bytes of data behind each header. */
#define TENSOR(name, type, shape, offsets)                                                                   \
    "\"" name "\":{\"dtype\":\"" type "\",\"shape\":" shape ",\"data_offsets\":" offsets "}"
#define WHOLE TENSOR("a", "F32", "[4]", "[0,16]")
static const struct {
    const char *header, *said;
} cases[] = {
    {"[]", "another value found in the header, an object expected"},
    {"{}", "0 tensors found, 1 to 32768 expected"},
    {"{\"__metadata__\":{}}", "0 tensors found"},
    {"{\"__metadata__\":[]," WHOLE "}", "__metadata__: other values found, an object of texts expected"},
    {"{\"__metadata__\":{\"a\":1}," WHOLE "}", "__metadata__: other values found"},
    {"{" WHOLE, "header, byte 54: end found, ',' or '}' expected"},
    {"{" WHOLE "}x", "header, byte 55: 'x' found, the end expected"},
    {"{" WHOLE "," WHOLE "}", "header, byte 108: an object with 'a' twice found"},
    {"{\"a\\ud800\":1}", "header, byte 3: half of a surrogate pair found"},
    {"{\"a\xff\":1}", "header, byte 3: byte 0xff found, UTF-8"},
    {"{\"\":{}}", "a tensor named '' (0 bytes) found, 1 to 255 bytes"},
    {"{\"a\\nb\":{}}", "a tensor named 'a?b' (3 bytes) found"},
    {"{\"a\":3}", "tensor 'a': 3 found, an object of dtype, shape and data_offsets expected"},
    {"{\"a\":{}}", "tensor 'a': dtype: nothing found, a text expected"},
    {"{\"a\":{\"dtype\":4}}", "tensor 'a': dtype: 4 found, a text expected"},
    {"{\"a\":{\"dtype\":\"F32\"}}", "tensor 'a': shape: nothing found, an array expected"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":{}}}", "tensor 'a': shape: an object found, an array expected"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4]}}", "tensor 'a': data_offsets: nothing found"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,16],\"x\":1}}",
     "tensor 'a': more members found"},
    {"{" TENSOR("a", "F32", "[-4]", "[0,16]") "}", "tensor 'a': shape: -4 found, whole numbers"},
    {"{" TENSOR("a", "F32", "[0.5]", "[0,16]") "}", "tensor 'a': shape: 0.5 found, whole numbers"},
    {"{" TENSOR("a", "F32", "[\"4\"]", "[0,16]") "}", "tensor 'a': shape: '4' found, whole numbers"},
    {"{" TENSOR("a", "F32", "[1e300]", "[0,16]") "}", "tensor 'a': shape: 1e+300 found, whole numbers"},
    {"{" TENSOR("a", "F32", "[1,1,1,1,1,1,1,1,4]", "[0,16]") "}",
     "tensor 'a': shape: 9 dimensions found, at most 8"},
    {"{" TENSOR("a", "F32", "[4294967296,4294967296]", "[0,16]") "}",
     "tensor 'a': shape: more than 2^53 values found"},
    {"{" TENSOR("a", "F32", "[4611686018427387905]", "[0,16]") "}",
     "tensor 'a': shape: 4.61168601842739e+18 found"},
    {"{" TENSOR("a", "F32", "[5]", "[0,16]") "}",
     "tensor 'a': 16 bytes found, 20 for F32 of shape [5] expected"},
    {"{" TENSOR("a", "F16", "[2,3]", "[0,16]") "}",
     "tensor 'a': 16 bytes found, 12 for F16 of shape [2, 3] expected"},
    {"{" TENSOR("a", "F32", "[0]", "[0,16]") "}", "tensor 'a': 16 bytes found, 0 for F32"},
    {"{" TENSOR("a", "F32", "[4]", "[0]") "}",
     "tensor 'a': data_offsets: 1 numbers found, begin and end expected"},
    {"{" TENSOR("a", "F32", "[4]", "[0,16,16]") "}", "tensor 'a': data_offsets: 3 numbers found"},
    {"{" TENSOR("a", "F32", "[4]", "[0,17]") "}", "tensor 'a': data_offsets: 17 found, whole numbers from 0 "
                                                  "to 16, the bytes of data in the file, expected"},
    {"{" TENSOR("a", "F32", "[4]", "[-16,0]") "}", "tensor 'a': data_offsets: -16 found"},
    {"{" TENSOR("a", "F32", "[4]", "[1.5,16]") "}", "tensor 'a': data_offsets: 1.5 found"},
    {"{" TENSOR("a", "F32", "[4]", "[16,0]") "}",
     "tensor 'a': data_offsets: [16, 0] found, a begin that is not behind"},
    {"{" TENSOR("a", "F32", "[4]", "[18446744073709551615,18446744073709551616]") "}",
     "tensor 'a': data_offsets: 1.8"},
    {"{" TENSOR("a", "F32", "[2]", "[8,16]") "}",
     "tensor 'a': data_offsets: a begin of 8 found, 0, where the tensor before ends, expected"},
    {"{" TENSOR("b", "F32", "[1]", "[12,16]") "," TENSOR("a", "F32", "[2]", "[0,8]") "}",
     "tensor 'b': data_offsets: a begin of 12 found, 8, where the tensor before ends, expected"},
    {"{" TENSOR("a", "F32", "[2]", "[0,8]") "," TENSOR("b", "F32", "[3]", "[4,16]") "}",
     "tensor 'b': data_offsets: a begin of 4 found, 8, where"},
    {"{" TENSOR("a", "F32", "[4]", "[0,16]") "," TENSOR("b", "F32", "[4]", "[0,16]") "}",
     "data_offsets: a begin of 0 found, 16, where"},
    {"{" TENSOR("a", "F32", "[3]", "[0,12]") "}",
     "16 bytes of data found, 12, where the last tensor ends, expected"},
};

Test(safetensors, headers_that_lie_are_refused_in_one_line, .init = enter_folder, .fini = leave_folder)
{
    static const char data[16] = {0};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct rs_error err = {{0}};
        struct safetensors *file;
        char said[256];
        write_plain(cases[i].header, data, sizeof data);
        cr_assert_eq(safetensors_open("t.safetensors", &file, &err), RS_INPUT, "%s", cases[i].header);
        cr_assert_null(file);
        snprintf(said, sizeof said, "t.safetensors: error: %s", cases[i].said);
        const char *own = strstr(err.text, cases[i].said);
        cr_assert(own != NULL && strncmp(err.text, "t.safetensors: error: ", 22) == 0 &&
                      strchr(err.text, '\n') == NULL,
                  "%s\n%s", cases[i].header, err.text);
    }
}

Test(safetensors, files_without_a_whole_header_are_refused, .init = enter_folder, .fini = leave_folder)
{
    static const char header[] = "{" WHOLE "}";
    static const uint64_t lengths[] = {0, 1, 1000, (uint64_t)1 << 40, UINT64_MAX, (uint64_t)1 << 63};
    struct rs_error err = {{0}};
    struct safetensors *file;
    cr_assert_eq(safetensors_open("none.safetensors", &file, &err), RS_IO);
    cr_assert_eq(safetensors_open(".", &file, &err), RS_IO, "%s", err.text);
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        write_tensors("t.safetensors", lengths[i], header, sizeof header - 1, header, 16);
        cr_assert_eq(safetensors_open("t.safetensors", &file, &err), RS_INPUT);
        cr_assert(strstr(err.text, "t.safetensors: error: a header of ") == err.text &&
                      strstr(err.text, " found, 2 to 71 expected") != NULL,
                  "%s", err.text);
    }
    /* cut anywhere */
    char whole[128];
    write_tensors("t.safetensors", sizeof header - 1, header, sizeof header - 1, "0123456789abcdef", 16);
    FILE *in = fopen("t.safetensors", "rb");
    size_t n = fread(whole, 1, sizeof whole, in);
    fclose(in);
    for (size_t length = 0; length < n; length++) {
        cr_assert_eq(file_write("t.safetensors", whole, length, &err), RS_OK);
        cr_assert_eq(safetensors_open("t.safetensors", &file, &err), RS_INPUT, "%zu", length);
    }
    cr_assert_eq(file_write("t.safetensors", whole, n, &err), RS_OK);
    safetensors_close(open_good());
}

Test(safetensors, mutated_headers_do_no_more_than_fail, .init = enter_folder, .fini = leave_folder)
{
    static const char sample[] = "{\"__metadata__\":{\"f\":\"pt\"}," TENSOR(
        "a", "F32", "[2,1]", "[0,8]") "," TENSOR("b.c", "BF16", "[4]", "[8,16]") "}";
    static const char odd[] = "{}[]\",:\\u0123456789-.e Fa\x00\x7f\xc3\xff";
    static const char data[16] = "0123456789abcde";
    enum { TRIALS = 600 };
    size_t n_good = 0;
    for (uint32_t trial = 0; trial < TRIALS; trial++) {
        const struct random_key key = {.seed = trial, .purpose = RANDOM_STORIES};
        struct rs_error err = {{0}};
        struct safetensors *file;
        char text[sizeof sample];
        float values[8];
        size_t n = sizeof sample - 1;
        memcpy(text, sample, n);
        for (uint32_t i = 0; i < 1 + trial % 3; i++)
            text[random_integer(&key, 2 * i, (uint32_t)n)] =
                odd[random_integer(&key, 2 * i + 1, sizeof odd - 1)];
        uint64_t length = trial % 5 == 4 ? random_integer(&key, 30, 2 * (uint32_t)n) : n;
        write_tensors("t.safetensors", length, text, n, data, sizeof data);
        enum rs_status status = safetensors_open("t.safetensors", &file, &err);
        cr_assert(status == RS_OK || (status == RS_INPUT && strchr(err.text, '\n') == NULL &&
                                      strncmp(err.text, "t.safetensors: error: ", 22) == 0),
                  "trial %u: %s", trial, err.text);
        n_good += status == RS_OK;
        for (size_t i = 0; status == RS_OK && i < safetensors_n_tensors(file); i++)
            if (safetensors_check_type(file, safetensors_tensor(file, i), &err) == RS_OK)
                (void)!safetensors_read(file, safetensors_tensor(file, i), 0,
                                        safetensors_tensor(file, i)->n_values, values, &err);
        safetensors_close(file);
    }
    cr_assert(n_good > 20 && n_good < TRIALS / 2, "%zu", n_good);
}
