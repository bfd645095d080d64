/* The files of spice/decks and spice/models that decks are made of, compiled in: the program works from
 * anywhere. */
#ifndef SPICE_PARTS_H
#define SPICE_PARTS_H

#include <stddef.h>

#define PARTS_LIST(PART)                                                                                     \
    PART(generic65)                                                                                          \
    PART(strongarm)                                                                                          \
    PART(current_latch)                                                                                      \
    PART(winner_take_all)                                                                                    \
    PART(sense)                                                                                              \
    PART(reference)                                                                                          \
    PART(stanford)                                                                                           \
    PART(vteam)                                                                                              \
    PART(yakopcic)

/* parts_embedded_NAME ends with '\0' after its parts_embedded_NAME_size bytes. */
#define PARTS_DECLARE(name)                                                                                  \
    extern const unsigned char parts_embedded_##name[];                                                      \
    extern const size_t parts_embedded_##name##_size;
PARTS_LIST(PARTS_DECLARE)
#undef PARTS_DECLARE

#endif
