#!/bin/sh
# Prints C source that holds file $2 as the array `$1` of `$1_size` bytes, followed by a zero byte.
printf '/* generated from %s */\n#include <stddef.h>\n' "${2##*/}"
printf 'extern const unsigned char %s[];\nextern const size_t %s_size;\nconst unsigned char %s[] = {\n' "$1" "$1" "$1"
od -An -v -tu1 "$2" | sed 's/  */,/g; s/^,//; s/$/,/' || exit 1
printf '0};\nconst size_t %s_size = sizeof %s - 1;\n' "$1" "$1"
