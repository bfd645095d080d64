/*
 * What pool and worker tell each other, as bytes of one machine: numbers are 8 bytes, texts a number and
 * their bytes, a frame a number (its length) and its content.
 *
 *   request: deck ("": go on with the loaded one), whether its resistances are in doubt, commands, n_vectors,
 *            then name and expected length of each (0: any)
 *   answer:  enum worker_wire_verdict, bytes of memory, then a text, or for each vector its length and values
 */
#ifndef SPICE_WORKER_WIRE_H
#define SPICE_WORKER_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

enum worker_wire_verdict { WORKER_WIRE_DONE, WORKER_WIRE_FAILED };

enum { WORKER_WIRE_NUMBER_BYTES = sizeof(uint64_t) };
#define WORKER_WIRE_FRAME_MAX ((uint64_t)1 << 32)

void worker_wire_put_number(struct text *out, uint64_t number);
void worker_wire_put_text(struct text *out, const char *bytes, size_t n_bytes);

/* An answer that is a failure. */
void worker_wire_put_failure(struct text *out, uint64_t memory_bytes, const char *format, ...)
    RS_PRINTF(3, 4);

/* A frame being read; `broken` once something was not there. */
struct worker_wire {
    const char *bytes;
    size_t n_left;
    bool broken;
};

uint64_t worker_wire_take_number(struct worker_wire *wire);
/* A copy with '\0' appended, the caller's (free); NULL when broken. */
char *worker_wire_take_text(struct worker_wire *wire);
/* count doubles into `values`, which may be NULL to skip them. */
void worker_wire_take_doubles(struct worker_wire *wire, size_t count, double *values);

#endif
