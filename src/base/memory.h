/* Memory whose exhaustion is an error text, not a crash. */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

#include <stddef.h>

#include "rescore/status.h"

/*
 * `count` zeroed objects of `size` bytes, aligned to 64 bytes; the caller frees them with free().
 * NULL, with `err` filled, when there is not that much. count = 0 gives a pointer that may be freed.
 */
void *memory_allocate(size_t count, size_t size, struct rs_error *err) RS_MUST_CHECK;

#endif
