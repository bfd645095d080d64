#!/bin/sh
# Length limits of the house: no file over 600 lines, no function over 150.
. "${srcdir:=.}/tests/tap.sh"
cd "$srcdir" || exit 99
files=$(find src devices spice calib include tests bench -name '*.[ch]' | sort)

long=$(for file in $files; do awk -v f="$file" 'END { if (NR > 600) print f ": " NR " lines" }' "$file"; done)
ok "no file has more than 600 lines" "$([ -z "$long" ]; echo $?)" "$long"

# A function of the house starts after a line "{" in column one and ends with "}" in column one.
long=$(awk 'FNR == 1 { start = 0 } /^\{/ { start = FNR } /^\}/ && start { if (FNR - start + 1 > 150)
    print FILENAME ":" start ": " FNR - start + 1 " lines"; start = 0 }' $files)
ok "no function has more than 150 lines" "$([ -z "$long" ]; echo $?)" "$long"
plan
