/* Whole files: read into memory, written atomically. */
#ifndef IO_FILE_H
#define IO_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "rescore/status.h"

/* The file's bytes, '\0' appended; owned by the caller (free). RS_IO when it cannot be read, RS_INPUT above
 * `limit`. */
enum rs_status file_read(const char *path, size_t limit, char **bytes, size_t *n_bytes,
                         struct rs_error *err) RS_MUST_CHECK;

/*
 * Writes a temporary file beside `path`, closes, fsyncs and renames it. RS_CREATE when it cannot be made,
 * RS_IO when writing fails; then nothing is left and the final name is untouched. path "-" writes to standard
 * output. A symbolic link is followed. What is no regular file (a pipe, /dev/null) is written directly.
 */
enum rs_status file_write(const char *path, const void *bytes, size_t n_bytes,
                          struct rs_error *err) RS_MUST_CHECK;

/* Whether `path` could be created or replaced: RS_CREATE with the reason if not. Leaves nothing behind. */
enum rs_status file_check_writable(const char *path, struct rs_error *err) RS_MUST_CHECK;

/*
 * The same in steps, for content that grows: begin, append ..., then finish (fsync, rename; frees the draft
 * also on failure) or discard (removes the temporary file; NULL is allowed). After a failed append, finish
 * fails too.
 */
struct file_draft;
enum rs_status file_begin(const char *path, struct file_draft **out, struct rs_error *err) RS_MUST_CHECK;
enum rs_status file_append(struct file_draft *draft, const void *bytes, size_t n_bytes,
                           struct rs_error *err) RS_MUST_CHECK;
enum rs_status file_finish(struct file_draft *draft, struct rs_error *err) RS_MUST_CHECK;
void file_discard(struct file_draft *draft);

/* Whether both names lead to one existing file. */
bool file_is_same(const char *one, const char *other);

#endif
