#!/bin/sh
# The floors of the house: includes go down only (tests/layering.floors). Prints TAP.
. "${srcdir:=.}/tests/tap.sh"
cd "$srcdir" || exit 99

check() { # check FLOORS FILES...: prints each offending include
    awk '
    FNR == NR {
        if ($1 == "only") { n_only++; pattern[n_only] = $2; home[n_only] = $3 }
        else if ($1 == "never") never[$2, $3] = 1
        else if ($1 ~ /^[0-9]+$/) floor[$2] = $1
        next
    }
    FNR == 1 { folder = FILENAME; sub(/^\.\//, "", folder); sub(/\/[^\/]*$/, "", folder) }
    /^[ \t]*#[ \t]*include[ \t]*[<"]/ {
        name = $0; sub(/^[^<"]*[<"]/, "", name); sub(/[>"].*/, "", name)
        for (i = 1; i <= n_only; i++)
            if (name ~ pattern[i] && folder != home[i])
                print FILENAME ":" FNR " includes " name ", which belongs to " home[i]
        if ($0 !~ /"/) next
        target = name; sub(/\/[^\/]*$/, "", target)
        if (("src/" target) in floor) target = "src/" target
        if (!(target in floor) || target == folder) next
        if (!(folder in floor)) print FILENAME ":" FNR " lies in a folder without a floor"
        else if (floor[target] >= floor[folder] || (folder, target) in never)
            print FILENAME ":" FNR " (" folder ", floor " floor[folder] ") includes " name " (floor " floor[target] ")"
    }' "$@"
}

found=$(check tests/layering.floors $(find src devices spice calib -name '*.[ch]' | sort))
ok "includes go down the floors only" "$([ -z "$found" ]; echo $?)" "$found"

work=$(mktemp -d) && mkdir -p "$work/src/base" && cd "$work" || exit 99
printf '#include "crossbar/transfer.h"\n#include <hdf5.h>\n' > src/base/bad.c
n_found=$(check "$srcdir/tests/layering.floors" src/base/bad.c | wc -l)
ok "a planted upward include and a planted foreign header are found" "$([ "$n_found" -eq 2 ]; echo $?)"
rm -rf "$work"
plan
