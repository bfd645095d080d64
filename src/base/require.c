#include "base/require.h"

#include <stdio.h>
#include <stdlib.h>

void require_abort(const char *function, const char *what)
{
    fprintf(stderr, "rescore: bug in the caller of %s: %s\n", function, what);
    abort();
}
