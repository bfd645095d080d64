#include "io/safetensors.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/require.h"
#include "io/binary.h"
#include "io/json.h"

enum { LENGTH_BYTES = 8, BLOCK_BYTES = 1 << 16, SHAPE_TEXT_SIZE = 160 };

struct safetensors {
    struct binary *binary;
    uint64_t data_first, data_bytes;
    struct json *header;
    struct safetensors_tensor *tensors; /* [n_tensors], sorted by name; names lie in the header */
    size_t n_tensors;
};

static const struct {
    const char *name;
    size_t n_bytes;
} types[] = {{"F32", 4}, {"F16", 2}, {"BF16", 2}, {"F64", 8},     {"I64", 8},
             {"I32", 4}, {"I16", 2}, {"I8", 1},   {"U64", 8},     {"U32", 4},
             {"U16", 2}, {"U8", 1},  {"BOOL", 1}, {"F8_E5M2", 1}, {"F8_E4M3", 1}};

/* 0: not known here. */
static size_t type_bytes(const char *name)
{
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (strcmp(types[i].name, name) == 0)
            return types[i].n_bytes;
    return 0;
}

static enum rs_status refuse(const struct safetensors *file, const struct safetensors_tensor *tensor,
                             struct rs_error *err, const char *member, const char *found,
                             const char *expected)
{
    return rs_fail(err, RS_INPUT, "%s: error: tensor '%s': %s%s found, %s expected",
                   binary_path(file->binary), tensor->name, member, found, expected);
}

/* --- one entry of the header --- */

static enum rs_status check_name(const struct safetensors *file, const struct json_node *entry,
                                 struct rs_error *err)
{
    char shown[96];
    const struct json_node name = {.kind = JSON_TEXT, .text = entry->key};
    bool plain = entry->key[0] != '\0' && strlen(entry->key) <= SAFETENSORS_NAME_MAX;
    for (const char *c = entry->key; *c != '\0'; c++)
        plain = plain && (unsigned char)*c >= ' ' && *c != 0x7f;
    if (plain)
        return RS_OK;
    json_describe(&name, shown, sizeof shown);
    return rs_fail(
        err, RS_INPUT,
        "%s: error: a tensor named %s (%zu bytes) found, 1 to %d bytes without control characters expected",
        binary_path(file->binary), shown, strlen(entry->key), SAFETENSORS_NAME_MAX);
}

/* The member of an entry, which must be of a kind. */
static enum rs_status find_member(const struct safetensors *file, const struct safetensors_tensor *tensor,
                                  const struct json_node *entry, const char *key, enum json_kind kind,
                                  const struct json_node **member, struct rs_error *err)
{
    char shown[96] = "nothing", label[32];
    *member = json_find(entry, key);
    if (*member != NULL && (*member)->kind == kind)
        return RS_OK;
    if (*member != NULL)
        json_describe(*member, shown, sizeof shown);
    snprintf(label, sizeof label, "%s: ", key);
    return refuse(file, tensor, err, label, shown, kind == JSON_TEXT ? "a text" : "an array");
}

static enum rs_status read_shape(const struct safetensors *file, const struct json_node *shape,
                                 struct safetensors_tensor *tensor, struct rs_error *err)
{
    static const size_t most = (size_t)1 << 53;
    char shown[96];
    if (shape->n_children > SAFETENSORS_RANK_MAX) {
        snprintf(shown, sizeof shown, "%zu dimensions", shape->n_children);
        return refuse(file, tensor, err, "shape: ", shown, "at most 8");
    }
    tensor->n_values = 1;
    for (const struct json_node *size = shape->first; size != NULL; size = size->next) {
        size_t n;
        if (!json_is_whole(size, most, &n)) {
            json_describe(size, shown, sizeof shown);
            return refuse(file, tensor, err, "shape: ", shown, "whole numbers up to 2^53");
        }
        if (n > 0 && tensor->n_values > most / n)
            return refuse(file, tensor, err, "shape: ", "more than 2^53 values", "fewer");
        tensor->sizes[tensor->rank++] = n;
        tensor->n_values *= n;
    }
    return RS_OK;
}

static enum rs_status read_offsets(const struct safetensors *file, const struct json_node *offsets,
                                   struct safetensors_tensor *tensor, struct rs_error *err)
{
    char shown[96], shape[SHAPE_TEXT_SIZE], expected[SHAPE_TEXT_SIZE + 96];
    size_t begin, end, most = (size_t)file->data_bytes;
    if (offsets->n_children != 2) {
        snprintf(shown, sizeof shown, "%zu numbers", offsets->n_children);
        return refuse(file, tensor, err, "data_offsets: ", shown, "begin and end");
    }
    const struct json_node *ends[] = {offsets->first, offsets->first->next};
    for (int i = 0; i < 2; i++) {
        if (json_is_whole(ends[i], most, i == 0 ? &begin : &end))
            continue;
        json_describe(ends[i], shown, sizeof shown);
        snprintf(expected, sizeof expected, "whole numbers from 0 to %zu, the bytes of data in the file,",
                 most);
        return refuse(file, tensor, err, "data_offsets: ", shown, expected);
    }
    if (begin > end) {
        snprintf(shown, sizeof shown, "[%zu, %zu]", begin, end);
        return refuse(file, tensor, err, "data_offsets: ", shown, "a begin that is not behind the end");
    }
    tensor->first_byte = begin;
    tensor->n_bytes = end - begin;
    size_t n_bytes = type_bytes(tensor->type);
    if (n_bytes == 0 || n_bytes * tensor->n_values == end - begin)
        return RS_OK;
    snprintf(shown, sizeof shown, "%zu bytes", end - begin);
    safetensors_print_shape(tensor->rank, tensor->sizes, shape, sizeof shape);
    snprintf(expected, sizeof expected, "%zu for %s of shape %s", n_bytes * tensor->n_values, tensor->type,
             shape);
    return refuse(file, tensor, err, "", shown, expected);
}

static enum rs_status read_entry(const struct safetensors *file, const struct json_node *entry,
                                 struct safetensors_tensor *tensor, struct rs_error *err)
{
    char shown[96];
    const struct json_node *type, *shape, *offsets;
    enum rs_status status = check_name(file, entry, err);
    if (status != RS_OK)
        return status;
    *tensor = (struct safetensors_tensor){.name = entry->key};
    if (entry->kind != JSON_OBJECT || entry->n_children > 3) {
        json_describe(entry, shown, sizeof shown);
        return refuse(file, tensor, err, "", entry->kind == JSON_OBJECT ? "more members" : shown,
                      "an object of dtype, shape and data_offsets");
    }
    status = find_member(file, tensor, entry, "dtype", JSON_TEXT, &type, err);
    if (status == RS_OK)
        status = find_member(file, tensor, entry, "shape", JSON_ARRAY, &shape, err);
    if (status == RS_OK)
        status = find_member(file, tensor, entry, "data_offsets", JSON_ARRAY, &offsets, err);
    if (status != RS_OK)
        return status;
    tensor->type = type->text;
    status = read_shape(file, shape, tensor, err);
    return status == RS_OK ? read_offsets(file, offsets, tensor, err) : status;
}

/* --- the whole header --- */

static enum rs_status check_metadata(const struct safetensors *file, const struct json_node *metadata,
                                     struct rs_error *err)
{
    bool texts = metadata->kind == JSON_OBJECT;
    for (const struct json_node *node = metadata->first; node != NULL && texts; node = node->next)
        texts = node->kind == JSON_TEXT;
    return texts ? RS_OK
                 : rs_fail(err, RS_INPUT,
                           "%s: error: __metadata__: other values found, an object of texts expected",
                           binary_path(file->binary));
}

static int compare_places(const void *one, const void *other)
{
    const struct safetensors_tensor *first = one, *second = other;
    if (first->first_byte != second->first_byte)
        return first->first_byte < second->first_byte ? -1 : 1;
    return (first->n_bytes > second->n_bytes) - (first->n_bytes < second->n_bytes);
}

static int compare_names(const void *one, const void *other)
{
    return strcmp(((const struct safetensors_tensor *)one)->name,
                  ((const struct safetensors_tensor *)other)->name);
}

/* One behind the other, from the first byte of the data to the last. Leaves the tensors in this order. */
static enum rs_status check_places(struct safetensors *file, struct rs_error *err)
{
    char shown[64], expected[96];
    uint64_t end = 0;
    qsort(file->tensors, file->n_tensors, sizeof *file->tensors, compare_places);
    for (size_t i = 0; i < file->n_tensors; end += file->tensors[i].n_bytes, i++) {
        const struct safetensors_tensor *tensor = &file->tensors[i];
        if (tensor->first_byte == end)
            continue;
        snprintf(shown, sizeof shown, "a begin of %llu", (unsigned long long)tensor->first_byte);
        snprintf(expected, sizeof expected, "%llu, where the tensor before ends,", (unsigned long long)end);
        return refuse(file, tensor, err, "data_offsets: ", shown, expected);
    }
    if (end == file->data_bytes)
        return RS_OK;
    return rs_fail(err, RS_INPUT,
                   "%s: error: %llu bytes of data found, %llu, where the last tensor ends, expected",
                   binary_path(file->binary), (unsigned long long)file->data_bytes, (unsigned long long)end);
}

static enum rs_status read_entries(struct safetensors *file, struct rs_error *err)
{
    const struct json_node *root = file->header->root;
    if (root->kind != JSON_OBJECT)
        return rs_fail(err, RS_INPUT, "%s: error: another value found in the header, an object expected",
                       binary_path(file->binary));
    const struct json_node *metadata = json_find(root, "__metadata__");
    size_t n = root->n_children - (metadata != NULL);
    enum rs_status status = metadata != NULL ? check_metadata(file, metadata, err) : RS_OK;
    if (status == RS_OK && (n == 0 || n > SAFETENSORS_TENSORS_MAX))
        status = rs_fail(err, RS_INPUT, "%s: error: %zu tensors found, 1 to %d expected",
                         binary_path(file->binary), n, SAFETENSORS_TENSORS_MAX);
    if (status == RS_OK && (file->tensors = memory_allocate(n, sizeof *file->tensors, err)) == NULL)
        status = RS_INTERNAL;
    for (const struct json_node *entry = root->first; entry != NULL && status == RS_OK; entry = entry->next)
        if (entry != metadata)
            status = read_entry(file, entry, &file->tensors[file->n_tensors++], err);
    if (status == RS_OK)
        status = check_places(file, err);
    if (status == RS_OK)
        qsort(file->tensors, file->n_tensors, sizeof *file->tensors, compare_names);
    return status;
}

static enum rs_status read_length(const struct safetensors *file, size_t *length, struct rs_error *err)
{
    unsigned char bytes[LENGTH_BYTES];
    uint64_t claimed = 0, size = binary_size(file->binary);
    if (size < LENGTH_BYTES)
        return rs_fail(err, RS_INPUT,
                       "%s: error: %llu bytes found, at least 8 expected in a safetensors file",
                       binary_path(file->binary), (unsigned long long)size);
    enum rs_status status = binary_read(file->binary, 0, LENGTH_BYTES, bytes, err);
    if (status != RS_OK)
        return status;
    for (int i = LENGTH_BYTES - 1; i >= 0; i--)
        claimed = claimed << 8 | bytes[i];
    uint64_t left = size - LENGTH_BYTES, most = left < JSON_BYTES_MAX ? left : JSON_BYTES_MAX;
    if (claimed < 2 || claimed > most)
        return rs_fail(err, RS_INPUT,
                       "%s: error: a header of %llu bytes found, 2 to %llu expected in a safetensors file",
                       binary_path(file->binary), (unsigned long long)claimed, (unsigned long long)most);
    *length = (size_t)claimed;
    return RS_OK;
}

static enum rs_status read_header(struct safetensors *file, struct rs_error *err)
{
    struct json_fault fault;
    size_t length = 0;
    char *bytes = NULL;
    enum rs_status status = read_length(file, &length, err);
    if (status == RS_OK && (bytes = memory_allocate(length, 1, err)) == NULL)
        status = RS_INTERNAL;
    if (status == RS_OK)
        status = binary_read(file->binary, LENGTH_BYTES, length, bytes, err);
    if (status == RS_OK && (status = json_parse(bytes, length, &file->header, &fault)) != RS_OK)
        (void)rs_fail(err, status, "%s: error: header, byte %zu: %s", binary_path(file->binary), fault.byte,
                      fault.what);
    free(bytes);
    if (status != RS_OK)
        return status;
    file->data_first = LENGTH_BYTES + length;
    file->data_bytes = binary_size(file->binary) - file->data_first;
    return read_entries(file, err);
}

enum rs_status safetensors_open(const char *path, struct safetensors **out, struct rs_error *err)
{
    struct safetensors *file = memory_allocate(1, sizeof *file, err);
    *out = NULL;
    if (file == NULL)
        return RS_INTERNAL;
    enum rs_status status = binary_open(path, &file->binary, err);
    if (status == RS_OK)
        status = read_header(file, err);
    if (status == RS_OK)
        *out = file;
    else
        safetensors_close(file);
    return status;
}

void safetensors_close(struct safetensors *file)
{
    if (file == NULL)
        return;
    binary_close(file->binary);
    json_destroy(file->header);
    free(file->tensors);
    free(file);
}

const char *safetensors_path(const struct safetensors *file)
{
    return binary_path(file->binary);
}

size_t safetensors_n_tensors(const struct safetensors *file)
{
    return file->n_tensors;
}

const struct safetensors_tensor *safetensors_tensor(const struct safetensors *file, size_t i)
{
    rs_require(i < file->n_tensors, "a tensor that the file lacks");
    return &file->tensors[i];
}

size_t safetensors_find(const struct safetensors *file, const char *name)
{
    const struct safetensors_tensor key = {.name = name};
    const struct safetensors_tensor *found =
        bsearch(&key, file->tensors, file->n_tensors, sizeof key, compare_names);
    return found != NULL ? (size_t)(found - file->tensors) : file->n_tensors;
}

void safetensors_print_shape(int rank, const size_t *sizes, char *text, size_t text_size)
{
    size_t used = (size_t)snprintf(text, text_size, "[");
    for (int i = 0; i < rank && used < text_size; i++)
        used += (size_t)snprintf(text + used, text_size - used, "%s%zu", i > 0 ? ", " : "", sizes[i]);
    if (used < text_size)
        snprintf(text + used, text_size - used, "]");
}

void safetensors_print_type(const struct safetensors_tensor *tensor, char *text, size_t text_size)
{
    bool known = type_bytes(tensor->type) > 0;
    const struct json_node type = {.kind = JSON_TEXT, .text = tensor->type};
    if (known)
        snprintf(text, text_size, "%s", tensor->type);
    else
        json_describe(&type, text, text_size);
}

/* --- values --- */

float safetensors_from_f16(uint16_t bits)
{
    uint32_t sign = (uint32_t)(bits >> 15) << 31, exponent = bits >> 10 & 0x1f, fraction = bits & 0x3ff;
    float value;
    if (exponent == 0) {
        value = (float)fraction * 0x1p-24f;
        return sign != 0 ? -value : value;
    }
    uint32_t wide = sign | (exponent == 31 ? 0xffu : exponent + 127 - 15) << 23 | fraction << 13;
    memcpy(&value, &wide, sizeof value);
    return value;
}

float safetensors_from_bf16(uint16_t bits)
{
    uint32_t wide = (uint32_t)bits << 16;
    float value;
    memcpy(&value, &wide, sizeof value);
    return value;
}

enum rs_status safetensors_check_type(const struct safetensors *file, const struct safetensors_tensor *tensor,
                                      struct rs_error *err)
{
    char shown[96];
    const struct json_node type = {.kind = JSON_TEXT, .text = tensor->type};
    for (int i = 0; i < 3; i++) /* the first of `types` */
        if (strcmp(tensor->type, types[i].name) == 0)
            return RS_OK;
    json_describe(&type, shown, sizeof shown);
    return refuse(file, tensor, err, "dtype ", shown, "F32, F16 or BF16");
}

static enum rs_status read_halves(const struct safetensors *file, bool brain, uint64_t first_byte, size_t n,
                                  float *values, struct rs_error *err)
{
    unsigned char block[BLOCK_BYTES];
    enum rs_status status = RS_OK;
    for (size_t done = 0; done < n && status == RS_OK;) {
        size_t n_now = n - done < BLOCK_BYTES / 2 ? n - done : BLOCK_BYTES / 2;
        status = binary_read(file->binary, first_byte + 2 * done, 2 * n_now, block, err);
        for (size_t i = 0; i < n_now && status == RS_OK; i++) {
            uint16_t bits = (uint16_t)(block[2 * i] | block[2 * i + 1] << 8);
            values[done + i] = brain ? safetensors_from_bf16(bits) : safetensors_from_f16(bits);
        }
        done += n_now;
    }
    return status;
}

enum rs_status safetensors_read(const struct safetensors *file, const struct safetensors_tensor *tensor,
                                size_t first, size_t n, float *values, struct rs_error *err)
{
    char shown[64];
    uint64_t first_byte = file->data_first + tensor->first_byte + first * type_bytes(tensor->type);
    rs_require(first <= tensor->n_values && n <= tensor->n_values - first, "values that the tensor lacks");
    enum rs_status status = safetensors_check_type(file, tensor, err);
    if (status == RS_OK)
        status = strcmp(tensor->type, "F32") == 0
                     ? binary_read_float32(file->binary, first_byte, n, values, err)
                     : read_halves(file, tensor->type[0] == 'B', first_byte, n, values, err);
    for (size_t i = 0; i < n && status == RS_OK; i++)
        if (!isfinite(values[i])) {
            snprintf(shown, sizeof shown, "%s at index %zu",
                     isnan(values[i]) ? "nan"
                     : values[i] > 0  ? "inf"
                                      : "-inf",
                     first + i);
            status = refuse(file, tensor, err, "", shown, "finite weights");
        }
    return status;
}
