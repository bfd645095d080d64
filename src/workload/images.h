/*
 * Labelled images of 8 bits in the IDX format of the MNIST files (Y. LeCun, C. Cortes, C. J. C. Burges):
 * big-endian 32-bit numbers, then bytes.
 *
 *     images    0x00000803, n, height, width, pixels [n][height][width]
 *     labels    0x00000801, n, labels [n]
 */
#ifndef WORKLOAD_IMAGES_H
#define WORKLOAD_IMAGES_H

#include <stddef.h>
#include <stdint.h>

#include "rescore/status.h"

enum { IMAGES_BYTES_MAX = 1 << 28, IMAGES_SIDE_MAX = 4096 };

/* Start from {0}. */
struct images {
    size_t n, height, width, n_classes; /* n_classes: largest label + 1 */
    uint8_t *pixels;                    /* [n][height][width] */
    uint8_t *labels;                    /* [n] */
};

/*
 * Reads the two files of a set. RS_IO where one cannot be read, RS_INPUT with the file's name where it is no
 * such file, is cut short or goes on, or where their counts differ.
 */
enum rs_status images_open(const char *images_path, const char *labels_path, struct images *out,
                           struct rs_error *err) RS_MUST_CHECK;
void images_clear(struct images *images);

/* moved (y, x) = image (y - down, x - right), for one image [height][width] of the set's size and room for
 * another; what comes in from beyond an edge is as that edge. */
void images_move(const struct images *images, const uint8_t *image, int64_t down, int64_t right,
                 uint8_t *moved);

#endif
