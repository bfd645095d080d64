/* Writes the sample file of sample_store.h to its argument; tests/readback.sh reads it with other programs.
 */
#include <stdint.h>
#include <stdio.h>

#include "sample_store.h"

int main(int argc, char **argv)
{
    struct rs_error err = {{0}};
    if (argc != 2)
        return 64;
    enum rs_status status = sample_write(argv[1], &err);
    if (status != RS_OK)
        fprintf(stderr, "%s\n", err.text);
    return (int)status;
}
