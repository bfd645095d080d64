/* Safetensors files that tests write: a header made of text, then bytes. */
#ifndef TESTS_TENSORS_FILE_H
#define TESTS_TENSORS_FILE_H

#include <criterion/criterion.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void write_tensors(const char *path, uint64_t length, const void *header, size_t n_header,
                          const void *data, size_t n_data)
{
    unsigned char first[8];
    for (int i = 0; i < 8; i++)
        first[i] = (unsigned char)(length >> 8 * i);
    FILE *file = fopen(path, "wb");
    cr_assert(file != NULL && fwrite(first, 1, 8, file) == 8 &&
              fwrite(header, 1, n_header, file) == n_header &&
              (n_data == 0 || fwrite(data, 1, n_data, file) == n_data));
    cr_assert_eq(fclose(file), 0);
}

#endif
