#!/bin/sh
# Names: what the shared library shows starts with rs_; what an object file shows, with rs_ or the file's name.
. "${srcdir:=.}/tests/tap.sh"
cd "${builddir:=.}" || exit 99

library=$(find .libs -name 'librescore.so*' -type f | head -1)
shown=$(nm -D --defined-only "$library" | awk '$2 ~ /[TDBR]/ { print $3 }')
foreign=$(printf '%s\n' "$shown" | grep -v '^rs_')
ok "the shared library shows some symbols, all named rs_" "$([ -n "$shown" ] && [ -z "$foreign" ]; echo $?)" "$foreign"

foreign=$(find src devices spice -name '*.o' ! -path '*/cli/*' ! -path '*/.libs/*' | sort | while read -r object; do
    file=$(basename "$object" .o); file=$(printf '%s' "$file" | tr - _)
    nm --defined-only "$object" | awk -v file="$file" -v object="$object" '
        $2 ~ /[TDBR]/ && $3 !~ /^rs_/ && index($3, file) != 1 && $3 !~ /^__(gcov|asan|odr)/ { print object ": " $3 }'
done)
ok "functions with linkage carry their file's name" "$([ -z "$foreign" ]; echo $?)" "$foreign"
plan
