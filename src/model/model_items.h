/* Packed items of a model file: one group of int32 datasets per set of stories (model_file.h). */
#ifndef MODEL_MODEL_ITEMS_H
#define MODEL_MODEL_ITEMS_H

#include "io/store.h"
#include "model/memn2n.h"
#include "tensor/story.h"

/* Words of one set; a file that claims more is refused before anything is allocated. */
enum { MODEL_ITEMS_WORDS_MAX = 1 << 24 };

/*
 * Reads and checks a group (story_set_check). RS_INPUT with the place otherwise; then `out` is {0}. The
 * caller clears the set.
 */
enum rs_status model_items_read(const struct store *store, const char *group,
                                const struct memn2n_shape *shape, size_t n_kinds, struct story_set *out,
                                struct rs_error *err) RS_MUST_CHECK;

enum rs_status model_items_write(struct store *store, const char *group, const struct story_set *set,
                                 struct rs_error *err) RS_MUST_CHECK;

#endif
