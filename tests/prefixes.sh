#!/bin/sh
# Names: what the shared library shows starts with rs_; what an object file shows, with rs_ or the file's name. A file
# store_read.c beside a file store.c may use that name, store_, as well: the longest such name counts.
. "${srcdir:=.}/tests/tap.sh"
cd "${builddir:=.}" || exit 99

library=$(find .libs -name 'librescore.so*' -type f | head -1)
shown=$(nm -D --defined-only "$library" | awk '$2 ~ /[TDBR]/ { print $3 }')
foreign=$(printf '%s\n' "$shown" | grep -v '^rs_')
ok "the shared library shows some symbols, all named rs_" "$([ -n "$shown" ] && [ -z "$foreign" ]; echo $?)" "$foreign"

# Reads "OBJECT SYMBOL" lines (SYMBOL empty: the object exists); prints each symbol without its file's name.
check() {
    awk '
    function stem(path) { sub(/.*\//, "", path); sub(/^lib[^-]*_la-/, "", path); sub(/\.o$/, "", path); gsub(/-/, "_", path); return path }
    function folder(path) { sub(/\/[^\/]*$/, "", path); sub(/\/\.libs$/, "", path); return path }
    { known[folder($1), stem($1)] = 1; object[NR] = $1; symbol[NR] = $2 }
    END {
        for (i = 1; i <= NR; i++) {
            if (symbol[i] == "" || symbol[i] ~ /^(rs_|__(gcov|asan|odr|ubsan))/) continue
            own = stem(object[i])
            if (index(symbol[i], own) == 1) continue
            for (family = own; sub(/_[^_]*$/, "", family);)
                if ((folder(object[i]), family) in known) break
            if (family == own || !((folder(object[i]), family) in known) || index(symbol[i], family "_") != 1)
                print object[i] ": " symbol[i]
        }
    }'
}

symbols=$(find src devices spice -name '*.o' ! -path '*/cli/*' 2> /dev/null | sort | while read -r object; do
    echo "$object"
    nm --defined-only "$object" | awk -v object="$object" '$2 ~ /[TDBR]/ { print object, $3 }'
done)
n_symbols=$(printf '%s\n' "$symbols" | awk 'NF == 2' | wc -l)
foreign=$(printf '%s\n' "$symbols" | check)
ok "functions with linkage carry their file's name" "$([ "$n_symbols" -gt 0 ] && [ -z "$foreign" ]; echo $?)" "$foreign"

found=$(printf '%s\n' 'src/io/.libs/store.o' 'src/io/.libs/store_read.o store_list' 'src/io/.libs/store_read.o stored' \
    'src/io/.libs/yaml_tree.o yaml_find' 'src/io/.libs/yaml_tree.o yaml_tree_find' | check | awk '{ print $2 }' | tr '\n' ' ')
ok "planted names without their file's name are found, and no others" "$([ "$found" = "stored yaml_find " ]; echo $?)" "$found"
plan
