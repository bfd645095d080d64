/*
 * Checks of a caller's duty. A failing one is a bug in the calling code, never a user's mistake:
 * it prints the called function and what was wrong, and aborts.
 */
#ifndef BASE_REQUIRE_H
#define BASE_REQUIRE_H

_Noreturn void require_abort(const char *function, const char *what);

#define rs_require(condition, what)                                                                          \
    do {                                                                                                     \
        if (!(condition))                                                                                    \
            require_abort(__func__, what);                                                                   \
    } while (0)

#endif
