/* A text file cut into pieces at an end mark, white space at their ends (ASCII) taken off, empty ones left
 * out. */
#ifndef WORKLOAD_TEXT_PIECES_H
#define WORKLOAD_TEXT_PIECES_H

#include <stddef.h>

#include "rescore/status.h"

enum { TEXT_PIECES_BYTES = 1 << 26 };

/* The mark between documents that GPT-2 introduced. */
#define TEXT_PIECES_END "<|endoftext|>"

/* Start from {0}. */
struct text_pieces {
    size_t n;
    struct text_piece {
        const char *text; /* in `file`, without an end */
        size_t n_bytes;   /* at least 1 */
    } * pieces;           /* [n] */
    char *file;
};

/* RS_IO where the file cannot be read; RS_INPUT where it is longer than TEXT_PIECES_BYTES or holds no piece,
 * or one of more than `longest` bytes. On failure `out` is {0}. */
enum rs_status text_pieces_open(const char *path, size_t longest, struct text_pieces *out,
                                struct rs_error *err) RS_MUST_CHECK;
void text_pieces_clear(struct text_pieces *pieces);

#endif
