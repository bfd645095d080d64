#include "workload/text_pieces.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "io/file.h"

void text_pieces_clear(struct text_pieces *pieces)
{
    free(pieces->pieces);
    free(pieces->file);
    *pieces = (struct text_pieces){0};
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static struct text_piece strip(const char *first, const char *end)
{
    while (first < end && is_space(*first))
        first++;
    while (first < end && is_space(end[-1]))
        end--;
    return (struct text_piece){first, (size_t)(end - first)};
}

/* The first mark in [first, end), or `end`. */
static const char *find_mark(const char *first, const char *end)
{
    static const char mark[] = TEXT_PIECES_END;
    const size_t n = sizeof mark - 1;
    for (const char *at = first; (size_t)(end - at) >= n; at++) {
        at = memchr(at, mark[0], (size_t)(end - at) - n + 1);
        if (at == NULL)
            return end;
        if (memcmp(at, mark, n) == 0)
            return at;
    }
    return end;
}

/* Pieces of a text, into `pieces` where it is not NULL; how many. */
static size_t cut(const char *text, size_t n_bytes, struct text_piece *pieces)
{
    const char *end = text + n_bytes;
    size_t n = 0;
    for (const char *first = text; first < end;) {
        const char *mark = find_mark(first, end);
        struct text_piece piece = strip(first, mark);
        if (piece.n_bytes > 0 && pieces != NULL)
            pieces[n] = piece;
        n += piece.n_bytes > 0;
        first = mark < end ? mark + strlen(TEXT_PIECES_END) : end;
    }
    return n;
}

enum rs_status text_pieces_open(const char *path, size_t longest, struct text_pieces *out,
                                struct rs_error *err)
{
    size_t n_bytes = 0;
    *out = (struct text_pieces){0};
    enum rs_status status = file_read(path, TEXT_PIECES_BYTES, &out->file, &n_bytes, err);
    if (status != RS_OK)
        return status;
    out->n = cut(out->file, n_bytes, NULL);
    out->pieces = memory_allocate(out->n, sizeof *out->pieces, err);
    if (out->pieces == NULL)
        status = RS_INTERNAL;
    else if (out->n == 0)
        status = rs_fail(err, RS_INPUT, "%s: error: nothing but white space found, a text expected", path);
    else
        cut(out->file, n_bytes, out->pieces);
    for (size_t i = 0; i < out->n && status == RS_OK; i++)
        if (out->pieces[i].n_bytes > longest)
            status = rs_fail(err, RS_INPUT,
                             "%s: error: piece %zu has %zu bytes, at most %zu between two " TEXT_PIECES_END
                             " expected",
                             path, i + 1, out->pieces[i].n_bytes, longest);
    if (status != RS_OK)
        text_pieces_clear(out);
    return status;
}
