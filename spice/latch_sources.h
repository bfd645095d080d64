/* The files that a user's own latch is made of: those that a plan names and, in turn, those that they
 * .include and .lib, each with its SHA-256. */
#ifndef SPICE_LATCH_SOURCES_H
#define SPICE_LATCH_SOURCES_H

#include "io/digest.h"

struct latch_source {
    char *path; /* absolute, owned */
    char sha256[DIGEST_TEXT_SIZE];
};

/* In the order in which a simulator meets them, each once; start from {0}. */
struct latch_sources {
    size_t n;
    struct latch_source *list;
};

/*
 * Adds a file and what it includes: all of it outside of .lib sections, or with a section that section alone.
 * Relative names are looked for beside the file that names them, as ngspice does first. RS_IO: a file that
 * cannot be read; RS_INPUT: a section that is missing, a file that includes itself, however far around; both
 * as "FILE:LINE: error: ...".
 */
enum rs_status latch_sources_add(struct latch_sources *sources, const char *path, const char *section,
                                 struct rs_error *err) RS_MUST_CHECK;
void latch_sources_clear(struct latch_sources *sources);

#endif
