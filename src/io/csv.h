/* Tables as text: a header of column names in any order, then a row of numbers per line. Lines end in
 * LF, CR or both; a field may stand in quotes, "" in them is one; '#' outside quotes opens a comment. */
#ifndef IO_CSV_H
#define IO_CSV_H

#include <stdbool.h>
#include <stddef.h>

#include "base/quantity.h"
#include "rescore/status.h"

enum { CSV_COLUMNS_MAX = 16 };

enum csv_kind {
    CSV_NUMBER, /* a quantity of the column's unit; bare numbers are in the SI base unit */
    CSV_LABEL   /* any text; equal texts get equal numbers, from 0 on in order of appearance */
};

struct csv_column {
    const char *name;
    enum csv_kind kind;
    bool required;
    enum quantity_unit unit;
    double low, high;     /* of numbers, inclusive; low = high = 0: no bounds */
    const char *expected; /* "a conductance from 0 on": for the error text */
};

/* values[i] belongs to columns[i]; NULL: the file has no such column. */
struct csv {
    size_t n_rows;
    size_t *lines;                   /* [n_rows], in the file, from 1 */
    double *values[CSV_COLUMNS_MAX]; /* [n_rows] each */
};

/*
 * Reads a file with some of the given columns. All its errors (the first 20) are reported, each as
 * "FILE:LINE: error: ...": a required column missing, a column unknown or twice, a row of another length, a
 * field empty, not a number, not finite, out of bounds or with a wrong unit, no row at all. `out` is to be
 * cleared after success.
 */
enum rs_status csv_read(const char *path, const struct csv_column *columns, size_t n_columns, struct csv *out,
                        struct rs_error *err) RS_MUST_CHECK;
void csv_clear(struct csv *csv);

#endif
