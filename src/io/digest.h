/* SHA-256 (FIPS 180-4). */
#ifndef IO_DIGEST_H
#define IO_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#include "rescore/status.h"

enum { DIGEST_TEXT_SIZE = 65 };

struct digest {
    uint32_t state[8];
    uint64_t n_bytes;
    unsigned char block[64];
};

void digest_init(struct digest *digest);
void digest_add(struct digest *digest, const void *bytes, size_t n_bytes);
/* 64 lower-case hexadecimal digits and '\0'. */
void digest_finish(struct digest *digest, char text[DIGEST_TEXT_SIZE]);

/* Adds a file's bytes; RS_IO when it cannot be read. */
enum rs_status digest_add_file(struct digest *digest, const char *path, struct rs_error *err) RS_MUST_CHECK;

#endif
