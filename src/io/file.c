/* Reading and atomic writing of whole files. A file under its final name is complete: it gets there by
 * rename. */
#include "config.h" /* POSIX names */

#include "io/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/text.h"

enum { FILE_BLOCK_BYTES = 65536, FILE_WRITE_MAX_BYTES = 1 << 30, FILE_NAMES_TRIED = 100 };

struct file_draft {
    char *path;      /* as given, for messages */
    char *target;    /* what it stands for, links followed */
    char *temporary; /* NULL: `target` is no regular file and is written directly */
    int descriptor;
    bool failed;
};

static int open_again(const char *path, int flags)
{
    int descriptor;
    do
        descriptor = open(path, flags | O_CLOEXEC | O_NOCTTY, 0666);
    while (descriptor < 0 && errno == EINTR);
    return descriptor;
}

/* One read, as much as `n_bytes`; 0 at the end, -1 on failure. */
static ssize_t read_some(int descriptor, char *bytes, size_t n_bytes)
{
    ssize_t got;
    do
        got = read(descriptor, bytes, n_bytes);
    while (got < 0 && errno == EINTR);
    return got;
}

static enum rs_status read_all(int descriptor, const char *path, size_t limit, struct text *content,
                               struct rs_error *err)
{
    char block[FILE_BLOCK_BYTES];
    ssize_t got;
    while ((got = read_some(descriptor, block, sizeof block)) > 0) {
        if ((size_t)got > limit - content->length)
            return rs_fail(err, RS_INPUT, "%s: error: more than %zu bytes found, at most that many expected",
                           path, limit);
        text_append_bytes(content, block, (size_t)got);
    }
    if (got < 0)
        return rs_fail(err, RS_IO, "%s: error: cannot read: %s", path, strerror(errno));
    return RS_OK;
}

enum rs_status file_read(const char *path, size_t limit, char **bytes, size_t *n_bytes, struct rs_error *err)
{
    int descriptor = open_again(path, O_RDONLY);
    if (descriptor < 0)
        return rs_fail(err, RS_IO, "%s: error: cannot open: %s", path, strerror(errno));
    struct text content = {0};
    enum rs_status status = read_all(descriptor, path, limit, &content, err);
    (void)close(descriptor); /* nothing was written: its result says nothing */
    if (status != RS_OK) {
        text_clear(&content);
        return status;
    }
    size_t length = content.length;
    char *taken = text_take(&content, err);
    if (taken == NULL)
        return RS_INTERNAL;
    *bytes = taken;
    *n_bytes = length;
    return RS_OK;
}

static void free_draft(struct file_draft *draft)
{
    free(draft->path);
    free(draft->target);
    free(draft->temporary);
    free(draft);
}

void file_discard(struct file_draft *draft)
{
    if (draft == NULL)
        return;
    if (draft->descriptor >= 0)
        (void)close(draft->descriptor);
    if (draft->temporary != NULL)
        (void)unlink(draft->temporary); /* the best that can be done: a failure is being reported already */
    free_draft(draft);
}

/* Opens a new file beside the target. The name says what it is and whose; it is free, or another one is
 * tried. */
static bool open_temporary(struct file_draft *draft)
{
    size_t size = strlen(draft->target) + 48;
    draft->temporary = malloc(size);
    if (draft->temporary == NULL)
        return false;
    for (int i = 0; i < FILE_NAMES_TRIED; i++) {
        snprintf(draft->temporary, size, "%s.tmp-%ld-%d", draft->target, (long)getpid(), i);
        draft->descriptor = open_again(draft->temporary, O_WRONLY | O_CREAT | O_EXCL);
        if (draft->descriptor >= 0 || errno != EEXIST)
            break;
    }
    if (draft->descriptor >= 0)
        return true;
    int reason = errno;
    free(draft->temporary); /* not ours: it must not be removed */
    draft->temporary = NULL;
    errno = reason;
    return false;
}

/* Fills the target, and opens it or a temporary file. False leaves the reason in errno. */
static bool open_draft(struct file_draft *draft)
{
    struct stat found;
    bool exists = stat(draft->path, &found) == 0;
    if (!exists && (errno != ENOENT || draft->path[0] == '\0'))
        return false;
    draft->target = exists ? realpath(draft->path, NULL) : strdup(draft->path);
    if (draft->target == NULL && exists)
        draft->target = strdup(draft->path); /* a pipe behind /dev/stdout has no real path */
    if (draft->target == NULL)
        return false;
    if (exists && S_ISDIR(found.st_mode)) {
        errno = EISDIR;
        return false;
    }
    if (exists && !S_ISREG(found.st_mode)) {
        draft->descriptor = open_again(draft->path, O_WRONLY);
        return draft->descriptor >= 0;
    }
    if (exists && access(draft->path, W_OK) != 0) /* a write-protected file is meant to stay */
        return false;
    return open_temporary(draft);
}

enum rs_status file_begin(const char *path, struct file_draft **out, struct rs_error *err)
{
    struct file_draft *draft = memory_allocate(1, sizeof *draft, err);
    if (draft == NULL)
        return RS_INTERNAL;
    draft->descriptor = -1;
    draft->path = strdup(path);
    if (draft->path == NULL || !open_draft(draft)) {
        enum rs_status status =
            rs_fail(err, RS_CREATE, "%s: error: cannot create: %s", path, strerror(errno));
        file_discard(draft);
        return status;
    }
    *out = draft;
    return RS_OK;
}

enum rs_status file_append(struct file_draft *draft, const void *bytes, size_t n_bytes, struct rs_error *err)
{
    const char *next = bytes;
    while (n_bytes > 0) {
        size_t part = n_bytes < FILE_WRITE_MAX_BYTES ? n_bytes : FILE_WRITE_MAX_BYTES;
        ssize_t written = write(draft->descriptor, next, part);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0) {
            draft->failed = true;
            return rs_fail(err, RS_IO, "%s: error: cannot write: %s", draft->path, strerror(errno));
        }
        next += written;
        n_bytes -= (size_t)written;
    }
    return RS_OK;
}

/* Makes the rename last through a power cut. Not every file system can; the content is safe without it. */
static void sync_folder(const char *path)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    size_t length = slash == NULL ? 0 : (size_t)(slash - path) + 1;
    if (length >= sizeof folder)
        return;
    memcpy(folder, path, length);
    folder[length] = '\0';
    int descriptor = open_again(length > 0 ? folder : ".", O_RDONLY | O_DIRECTORY);
    if (descriptor < 0)
        return;
    (void)fsync(descriptor);
    (void)close(descriptor);
}

enum rs_status file_finish(struct file_draft *draft, struct rs_error *err)
{
    enum rs_status status = RS_OK;
    if (draft->failed)
        status = rs_fail(err, RS_IO, "%s: error: an earlier write failed", draft->path);
    else if (draft->temporary != NULL && fsync(draft->descriptor) != 0)
        status = rs_fail(err, RS_IO, "%s: error: cannot write: %s", draft->path, strerror(errno));
    int closed = close(draft->descriptor);
    draft->descriptor = -1;
    if (status == RS_OK && closed != 0)
        status = rs_fail(err, RS_IO, "%s: error: cannot write: %s", draft->path, strerror(errno));
    if (status == RS_OK && draft->temporary != NULL && rename(draft->temporary, draft->target) != 0)
        status = rs_fail(err, RS_CREATE, "%s: error: cannot create: %s", draft->path, strerror(errno));
    if (status != RS_OK) {
        file_discard(draft);
        return status;
    }
    if (draft->temporary != NULL)
        sync_folder(draft->target);
    free_draft(draft);
    return RS_OK;
}

static enum rs_status write_standard_output(const void *bytes, size_t n_bytes, struct rs_error *err)
{
    if (fwrite(bytes, 1, n_bytes, stdout) != n_bytes || fflush(stdout) != 0)
        return rs_fail(err, RS_IO, "standard output: error: cannot write: %s", strerror(errno));
    return RS_OK;
}

enum rs_status file_write(const char *path, const void *bytes, size_t n_bytes, struct rs_error *err)
{
    if (strcmp(path, "-") == 0)
        return write_standard_output(bytes, n_bytes, err);
    struct file_draft *draft;
    enum rs_status status = file_begin(path, &draft, err);
    if (status != RS_OK)
        return status;
    status = file_append(draft, bytes, n_bytes, err);
    if (status == RS_OK)
        return file_finish(draft, err);
    file_discard(draft);
    return status;
}

enum rs_status file_check_writable(const char *path, struct rs_error *err)
{
    if (strcmp(path, "-") == 0)
        return RS_OK;
    struct file_draft *draft;
    enum rs_status status = file_begin(path, &draft, err);
    if (status == RS_OK)
        file_discard(draft);
    return status;
}

bool file_is_same(const char *one, const char *other)
{
    struct stat left, right;
    return stat(one, &left) == 0 && stat(other, &right) == 0 && left.st_dev == right.st_dev &&
           left.st_ino == right.st_ino;
}
