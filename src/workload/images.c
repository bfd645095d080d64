#include "workload/images.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "io/file.h"

enum { IMAGES_MAGIC = 0x803, LABELS_MAGIC = 0x801, SIZES_MAX = 3 };

/* One file: its sizes, and where its bytes are. */
struct idx {
    char *file;
    size_t sizes[SIZES_MAX];
    const unsigned char *bytes;
};

static uint32_t big_endian(const unsigned char *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static enum rs_status read_idx(const char *path, uint32_t magic, size_t n_sizes, struct idx *out,
                               struct rs_error *err)
{
    size_t n_bytes = 0, expected = 1, header = 4 + 4 * n_sizes;
    enum rs_status status = file_read(path, IMAGES_BYTES_MAX, &out->file, &n_bytes, err);
    if (status != RS_OK)
        return status;
    const unsigned char *bytes = (const unsigned char *)out->file;
    if (n_bytes < header || big_endian(bytes) != magic)
        return rs_fail(err, RS_INPUT, "%s: error: another kind of file found, IDX with 0x%08x expected", path,
                       (unsigned)magic);
    for (size_t i = 0; i < n_sizes; i++) {
        size_t high = i == 0 ? IMAGES_BYTES_MAX : IMAGES_SIDE_MAX;
        out->sizes[i] = big_endian(bytes + 4 + 4 * i);
        if (out->sizes[i] < 1 || out->sizes[i] > high)
            return rs_fail(err, RS_INPUT, "%s: error: size %zu found, 1 to %zu expected", path, out->sizes[i],
                           high);
        expected *= out->sizes[i];
    }
    if (n_bytes - header != expected)
        return rs_fail(err, RS_INPUT, "%s: error: %zu bytes found after the sizes, %zu expected", path,
                       n_bytes - header, expected);
    out->bytes = bytes + header;
    return RS_OK;
}

static uint8_t *copy_bytes(const unsigned char *bytes, size_t n, struct rs_error *err)
{
    uint8_t *copy = memory_allocate(n, 1, err);
    return copy != NULL ? memcpy(copy, bytes, n) : NULL;
}

void images_clear(struct images *images)
{
    free(images->pixels);
    free(images->labels);
    *images = (struct images){0};
}

enum rs_status images_open(const char *images_path, const char *labels_path, struct images *out,
                           struct rs_error *err)
{
    struct idx images = {0}, labels = {0};
    *out = (struct images){0};
    enum rs_status status = read_idx(images_path, IMAGES_MAGIC, 3, &images, err);
    if (status == RS_OK)
        status = read_idx(labels_path, LABELS_MAGIC, 1, &labels, err);
    if (status == RS_OK && labels.sizes[0] != images.sizes[0])
        status = rs_fail(err, RS_INPUT, "%s: error: %zu labels found, %zu expected as in %s", labels_path,
                         labels.sizes[0], images.sizes[0], images_path);
    if (status == RS_OK) {
        *out = (struct images){.n = images.sizes[0], .height = images.sizes[1], .width = images.sizes[2]};
        out->pixels = copy_bytes(images.bytes, out->n * out->height * out->width, err);
        out->labels = copy_bytes(labels.bytes, out->n, err);
        if (out->pixels == NULL || out->labels == NULL)
            status = RS_INTERNAL;
    }
    for (size_t i = 0; i < out->n && status == RS_OK; i++)
        if (out->labels[i] >= out->n_classes)
            out->n_classes = (size_t)out->labels[i] + 1;
    free(images.file);
    free(labels.file);
    if (status != RS_OK)
        images_clear(out);
    return status;
}

static size_t clamp(int64_t place, size_t n)
{
    return place < 0 ? 0 : place < (int64_t)n ? (size_t)place : n - 1;
}

void images_move(const struct images *images, const uint8_t *image, int64_t down, int64_t right,
                 uint8_t *moved)
{
    for (size_t y = 0; y < images->height; y++) {
        const uint8_t *row = image + clamp((int64_t)y - down, images->height) * images->width;
        for (size_t x = 0; x < images->width; x++)
            *moved++ = row[clamp((int64_t)x - right, images->width)];
    }
}
