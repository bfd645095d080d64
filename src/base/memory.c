#include "base/memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { MEMORY_ALIGNMENT = 64 };

void *memory_allocate(size_t count, size_t size, struct rs_error *err)
{
    if (size != 0 && count > (SIZE_MAX - MEMORY_ALIGNMENT) / size) {
        rs_fail(err, RS_INTERNAL, "out of memory: %zu objects of %zu bytes", count, size);
        return NULL;
    }
    size_t bytes = (count * size + MEMORY_ALIGNMENT) / MEMORY_ALIGNMENT * MEMORY_ALIGNMENT;
    void *memory = aligned_alloc(MEMORY_ALIGNMENT, bytes);
    if (memory == NULL) {
        rs_fail(err, RS_INTERNAL, "out of memory: %zu bytes", bytes);
        return NULL;
    }
    memset(memory, 0, bytes);
    return memory;
}
