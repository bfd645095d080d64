/*
 * Status codes and error text, shared by every function that can fail.
 *
 * A code is the program's exit status. The text is one line per error, made for the
 * user: it says what was found and what is expected. There is no global error state.
 */
#ifndef RESCORE_STATUS_H
#define RESCORE_STATUS_H

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define RS_API __attribute__((visibility("default")))
#define RS_MUST_CHECK __attribute__((warn_unused_result))
#define RS_PRINTF(text, first) __attribute__((format(printf, text, first)))
#else
#define RS_API
#define RS_MUST_CHECK
#define RS_PRINTF(text, first)
#endif

/* ENTRY(name, exit status, what it means) */
#define RS_STATUS_LIST(ENTRY)                                                                                \
    ENTRY(OK, 0, "done")                                                                                     \
    ENTRY(INCOMPLETE, 1, "done, but some points failed or a stated tolerance was missed")                    \
    ENTRY(USAGE, 64, "wrong usage or command")                                                               \
    ENTRY(INPUT, 65, "bad configuration, --set or input content")                                            \
    ENTRY(INTERNAL, 70, "internal error")                                                                    \
    ENTRY(CREATE, 73, "cannot create output")                                                                \
    ENTRY(IO, 74, "cannot open or read input, or write error")                                               \
    ENTRY(STOPPED, 75, "stopped by a signal, can be resumed")

enum rs_status {
#define RS_STATUS_ENUM(name, code, meaning) RS_##name = code,
    RS_STATUS_LIST(RS_STATUS_ENUM)
#undef RS_STATUS_ENUM
};

#define RS_ERROR_SIZE 8192

/* Owned by the caller. `text` is empty, or holds lines separated by '\n', without one at its end. */
struct rs_error {
    char text[RS_ERROR_SIZE];
};

/* What a status means, as a static string. */
RS_API const char *rs_status_text(enum rs_status status);

/* Replaces the text of `err` (which may be NULL) by one line and returns `status`. */
RS_API enum rs_status rs_fail(struct rs_error *err, enum rs_status status, const char *format, ...)
    RS_PRINTF(3, 4);

/* Adds one line to the text of `err` and returns `status`; lines that do not fit are dropped. */
RS_API enum rs_status rs_fail_also(struct rs_error *err, enum rs_status status, const char *format, ...)
    RS_PRINTF(3, 4);

#ifdef __cplusplus
}
#endif

#endif
