/*
 * The seal: 80 bytes behind the HDF5 content that hold its SHA-256. HDF5 ignores bytes behind its end and
 * cuts them off when it changes a file, so that other programs read and edit a sealed file as any other. Why:
 * HDF5 trusts parts of its metadata (heaps of variable-length data, which dimension scales need), and one
 * wrong bit there can crash it; a sealed file is checked before HDF5 sees it.
 */
#include "config.h" /* POSIX names */

#include "io/store_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/digest.h"

#define SEAL_MARK "rescore sha256 "
enum { SEAL_MARK_BYTES = sizeof SEAL_MARK - 1, SEAL_BYTES = SEAL_MARK_BYTES + DIGEST_TEXT_SIZE };
enum { SEAL_READ_BYTES = 65536 };

/* The text of the seal ends in '\n', where a text in memory ends in '\0'. */
static void print_seal(struct digest *digest, char seal[SEAL_BYTES])
{
    memcpy(seal, SEAL_MARK, SEAL_MARK_BYTES);
    digest_finish(digest, seal + SEAL_MARK_BYTES);
    seal[SEAL_BYTES - 1] = '\n';
}

static enum rs_status compare(const struct store *store, struct digest *digest, const char *found,
                              struct rs_error *err)
{
    char expected[SEAL_BYTES];
    print_seal(digest, expected);
    if (memcmp(found, expected, SEAL_BYTES) == 0)
        return RS_OK;
    return store_fail(store, RS_INPUT, NULL, NULL, err,
                      "truncated or damaged HDF5 file (content and checksum disagree)");
}

enum rs_status store_append_sealed(const struct store *store, const void *bytes, size_t n_bytes,
                                   struct rs_error *err)
{
    struct digest digest;
    char seal[SEAL_BYTES];
    digest_init(&digest);
    digest_add(&digest, bytes, n_bytes);
    print_seal(&digest, seal);
    enum rs_status status = file_append(store->draft, bytes, n_bytes, err);
    return status == RS_OK ? file_append(store->draft, seal, sizeof seal, err) : status;
}

enum rs_status store_check_image(const struct store *store, const void *bytes, size_t n_bytes,
                                 struct rs_error *err)
{
    const char *seal = (const char *)bytes + n_bytes - SEAL_BYTES;
    if (n_bytes < SEAL_BYTES || memcmp(seal, SEAL_MARK, SEAL_MARK_BYTES) != 0)
        return RS_OK;
    struct digest digest;
    digest_init(&digest);
    digest_add(&digest, bytes, n_bytes - SEAL_BYTES);
    return compare(store, &digest, seal, err);
}

/* Reads exactly `n_bytes` at `place`; false leaves the reason in errno (0: the file ends before). */
static bool read_at(int descriptor, char *bytes, size_t n_bytes, off_t place)
{
    while (n_bytes > 0) {
        ssize_t got = pread(descriptor, bytes, n_bytes, place);
        if (got < 0 && errno == EINTR)
            continue;
        if (got == 0)
            errno = 0;
        if (got <= 0)
            return false;
        bytes += got;
        place += got;
        n_bytes -= (size_t)got;
    }
    return true;
}

static bool add_content(int descriptor, off_t n_bytes, struct digest *digest)
{
    char block[SEAL_READ_BYTES];
    for (off_t place = 0; place < n_bytes;) {
        size_t part = n_bytes - place < SEAL_READ_BYTES ? (size_t)(n_bytes - place) : sizeof block;
        if (!read_at(descriptor, block, part, place))
            return false;
        digest_add(digest, block, part);
        place += (off_t)part;
    }
    return true;
}

enum rs_status store_check_file(const struct store *store, int descriptor, off_t n_bytes,
                                struct rs_error *err)
{
    char seal[SEAL_BYTES];
    struct digest digest;
    if (n_bytes < SEAL_BYTES)
        return RS_OK;
    digest_init(&digest);
    bool read = read_at(descriptor, seal, sizeof seal, n_bytes - SEAL_BYTES);
    if (read && memcmp(seal, SEAL_MARK, SEAL_MARK_BYTES) != 0)
        return RS_OK;
    if (!read || !add_content(descriptor, n_bytes - SEAL_BYTES, &digest))
        return store_fail(store, RS_IO, NULL, NULL, err, "cannot read: %s",
                          errno != 0 ? strerror(errno) : "the file was cut while it was read");
    return compare(store, &digest, seal, err);
}
