#!/bin/sh
# The commands of docs/measured_device.md, exactly as they stand there. TAP.
. "${srcdir:=.}/tests/tap.sh"
page=$srcdir/docs/measured_device.md
work=$(mktemp -d "${TMPDIR:-/tmp}/rescore-page.XXXXXX") || exit 99
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 99
mkdir bin && printf '#!/bin/sh\nexec "%s" "$@"\n' "$RESCORE" > bin/rescore && chmod +x bin/rescore
PATH=$work/bin:$PATH

block() { awk -v mark='```'"$1" '$0 == mark { on = 1; next } /^```/ { on = 0 } on' "$page"; }
block yaml > study.yaml
block sh > commands
cp "$srcdir/devices/data/hfo2_synthetic.csv" .
ok "the page has a configuration and four commands" "$([ -s study.yaml ] && [ "$(grep -c '^rescore ' commands)" -eq 4 ] &&
    [ "$(wc -l < commands)" -eq 4 ]; echo $?)" "$(cat commands)"
while read -r line; do
    sh -c "$line" > out 2> err < /dev/null
    ok "$line" "$?" "$(cat out err | tail -20)"
    [ "${line#rescore run}" = "$line" ] || cp out summary
done < commands
ok "the run tells an accuracy with its interval" "$(grep -q 'accuracy' summary && grep -q '^1 s  *[01]\.[0-9]* \[' summary; echo $?)" \
    "$(cat summary)"
ok "card, page, result and report are there" "$([ -s hfo2.yaml ] && [ -s hfo2.html ] && [ -s study.h5 ] && [ -s study.html ]; echo $?)"
plan
