#include "config.h" /* POSIX names */

#include "io/binary.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"

enum { NUMBER_BYTES = 4 };

struct binary {
    char *path;
    int descriptor;
    uint64_t n_bytes;
};

void binary_close(struct binary *file)
{
    if (file == NULL)
        return;
    if (file->descriptor >= 0)
        (void)close(file->descriptor); /* nothing was written: its result says nothing */
    free(file->path);
    free(file);
}

static enum rs_status open_descriptor(struct binary *file, struct rs_error *err)
{
    struct stat found;
    do
        file->descriptor =
            open(file->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK); /* a pipe must not wait */
    while (file->descriptor < 0 && errno == EINTR);
    if (file->descriptor < 0 || fstat(file->descriptor, &found) != 0)
        return rs_fail(err, RS_IO, "%s: error: cannot open: %s", file->path, strerror(errno));
    if (!S_ISREG(found.st_mode))
        return rs_fail(err, RS_IO, "%s: error: cannot read: a regular file expected", file->path);
    file->n_bytes = (uint64_t)found.st_size;
    return RS_OK;
}

enum rs_status binary_open(const char *path, struct binary **out, struct rs_error *err)
{
    struct binary *file = memory_allocate(1, sizeof *file, err);
    *out = NULL;
    if (file == NULL)
        return RS_INTERNAL;
    file->descriptor = -1;
    file->path = strdup(path);
    enum rs_status status = file->path != NULL ? open_descriptor(file, err)
                                               : rs_fail(err, RS_INTERNAL, "out of memory: a file's name");
    if (status == RS_OK)
        *out = file;
    else
        binary_close(file);
    return status;
}

uint64_t binary_size(const struct binary *file)
{
    return file->n_bytes;
}

const char *binary_path(const struct binary *file)
{
    return file->path;
}

enum rs_status binary_read(const struct binary *file, uint64_t first, size_t n_bytes, void *bytes,
                           struct rs_error *err)
{
    char *to = bytes;
    for (size_t done = 0; done < n_bytes;) {
        ssize_t got = pread(file->descriptor, to + done, n_bytes - done, (off_t)(first + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return rs_fail(err, RS_IO, "%s: error: cannot read: %s", file->path, strerror(errno));
        if (got == 0)
            return rs_fail(err, RS_INPUT, "%s: error: %llu bytes found, at least %llu expected", file->path,
                           (unsigned long long)(first + done), (unsigned long long)(first + n_bytes));
        done += (size_t)got;
    }
    return RS_OK;
}

static uint32_t little_endian(const unsigned char bytes[NUMBER_BYTES])
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

/* int32_t is two's complement and float is IEEE 754: both have the bits of the word. */
static enum rs_status read_words(const struct binary *file, uint64_t first, size_t n, void *values,
                                 struct rs_error *err)
{
    unsigned char *bytes = values;
    enum rs_status status = binary_read(file, first, n * NUMBER_BYTES, values, err);
    for (size_t i = 0; i < n && status == RS_OK; i++) {
        uint32_t word = little_endian(bytes + i * NUMBER_BYTES);
        memcpy(bytes + i * NUMBER_BYTES, &word, sizeof word);
    }
    return status;
}

enum rs_status binary_read_int32(const struct binary *file, uint64_t first, size_t n, int32_t *values,
                                 struct rs_error *err)
{
    return read_words(file, first, n, values, err);
}

enum rs_status binary_read_float32(const struct binary *file, uint64_t first, size_t n, float *values,
                                   struct rs_error *err)
{
    return read_words(file, first, n, values, err);
}
