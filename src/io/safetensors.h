/*
 * Files of named tensors in the safetensors format (Hugging Face; the layout that its documentation states):
 *
 *     8 bytes      length of the header, little-endian
 *     header       a JSON object NAME: {"dtype", "shape", "data_offsets": [begin, end]}, in any order, and
 *                  "__metadata__": an object of texts; spaces may fill its end
 *     data         the tensors' bytes, little-endian, row after row, without holes; offsets count from here
 *
 * Opening checks the header against the file before anything of the sizes that it claims is allocated; values
 * are read in parts. Errors read "FILE: error: tensor 'NAME': ... found, ... expected".
 */
#ifndef IO_SAFETENSORS_H
#define IO_SAFETENSORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rescore/status.h"

enum { SAFETENSORS_RANK_MAX = 8, SAFETENSORS_NAME_MAX = 255, SAFETENSORS_TENSORS_MAX = 1 << 15 };

struct safetensors_tensor {
    const char *name, *type; /* type: as the file says: "F32", "F16", "BF16", "I64" ... */
    int rank;                /* 0: a scalar */
    size_t sizes[SAFETENSORS_RANK_MAX];
    size_t n_values;
    uint64_t first_byte, n_bytes; /* of the data */
};

struct safetensors; /* an open file */

/*
 * RS_IO when it cannot be opened or read. RS_INPUT where it is no such file: a header beyond the file or
 * above 16 MB, JSON that io/json.h refuses, names that are empty, long or hold control characters, shapes
 * whose size overflows or is not that of the bytes (of known types), tensors that overlap, leave holes or
 * reach beyond the file.
 */
enum rs_status safetensors_open(const char *path, struct safetensors **out,
                                struct rs_error *err) RS_MUST_CHECK;
void safetensors_close(struct safetensors *file); /* NULL is allowed */

const char *safetensors_path(const struct safetensors *file);

/* All tensors, in the order of their names. */
size_t safetensors_n_tensors(const struct safetensors *file);
const struct safetensors_tensor *safetensors_tensor(const struct safetensors *file, size_t i);

/* The index of a name, or safetensors_n_tensors. */
size_t safetensors_find(const struct safetensors *file, const char *name);

/* A shape as text: "[768, 2304]". */
void safetensors_print_shape(int rank, const size_t *sizes, char *text, size_t text_size);

/* A tensor's type without what a terminal or a line could not show. */
void safetensors_print_type(const struct safetensors_tensor *tensor, char *text, size_t text_size);

/* RS_INPUT unless a tensor's values can be read as floats: F32, F16 or BF16. */
enum rs_status safetensors_check_type(const struct safetensors *file, const struct safetensors_tensor *tensor,
                                      struct rs_error *err) RS_MUST_CHECK;

/*
 * Values first ... first + n - 1 of a tensor of such a type, as floats, exactly. RS_INPUT for a NaN or an
 * infinity, with its index.
 */
enum rs_status safetensors_read(const struct safetensors *file, const struct safetensors_tensor *tensor,
                                size_t first, size_t n, float *values, struct rs_error *err) RS_MUST_CHECK;

/* The number that the bits of a half-precision number (IEEE 754 binary16), or of a bfloat16, stand for. */
float safetensors_from_f16(uint16_t bits);
float safetensors_from_bf16(uint16_t bits);

#endif
