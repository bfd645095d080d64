/* A file of raw little-endian numbers, read piece by piece: for formats without a container. */
#ifndef IO_BINARY_H
#define IO_BINARY_H

#include <stddef.h>
#include <stdint.h>

#include "rescore/status.h"

struct binary;

/* Opens a regular file. RS_IO where it cannot be read or is no regular file. Closed by binary_close. */
enum rs_status binary_open(const char *path, struct binary **out, struct rs_error *err) RS_MUST_CHECK;
void binary_close(struct binary *file); /* NULL is allowed */

uint64_t binary_size(const struct binary *file); /* bytes, when it was opened */
const char *binary_path(const struct binary *file);

/* Reads n_bytes from a place on. RS_INPUT where the file ends before, RS_IO where reading fails. */
enum rs_status binary_read(const struct binary *file, uint64_t first, size_t n_bytes, void *bytes,
                           struct rs_error *err) RS_MUST_CHECK;

/* The same for numbers, in the machine's own order of bytes. */
enum rs_status binary_read_int32(const struct binary *file, uint64_t first, size_t n, int32_t *values,
                                 struct rs_error *err) RS_MUST_CHECK;
enum rs_status binary_read_float32(const struct binary *file, uint64_t first, size_t n, float *values,
                                   struct rs_error *err) RS_MUST_CHECK;

#endif
