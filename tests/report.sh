#!/bin/sh
# rescore report: the page of every kind of result, and what happens to bad input.
. "${srcdir:=.}/tests/tap.sh"
: "${RESCORE:=$PWD/rescore}"
work=$(mktemp -d) && trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT && cd "$work" || exit 99
kinds="two-knobs one-knob words single one-trial qkv nan three-knobs escape bare"

if ! /usr/bin/python3 -c 'import h5py, numpy' 2> /dev/null; then
    skip "reports are made" "python3-h5py or python3-numpy is missing"
    plan
    exit 0
fi
make_result() { /usr/bin/python3 "$srcdir/tests/make_result.py" "$1" "$2"; }

for kind in $kinds; do
    found=$(make_result $kind $kind.h5 2>&1 && "$RESCORE" report $kind.h5 -o $kind.html 2>&1 &&
        /usr/bin/python3 "$srcdir/tests/check_report.py" $kind.h5 $kind.html 2>&1)
    ok "the page of a result of kind $kind is whole and agrees with it" $? "$found"
done

"$RESCORE" report two-knobs.h5 -o - > piped.html 2> piped.err
ok "-o - writes the same page to standard output" "$([ ! -s piped.err ] && cmp -s piped.html two-knobs.html; echo $?)"

found=$(sed 's/<[^>]*>//g' two-knobs.html | grep -c 'array.r_word_line: the false-prune rate rises from .* at 0&#160;ohm to .* at 0.5&#160;ohm; from there on')
ok "the page says from which value on the false-prune rate is raised" "$([ "$found" -eq 1 ]; echo $?)" \
    "$(sed 's/<[^>]*>//g' two-knobs.html | grep 'false-prune rate')"
sed 's/<[^>]*>//g' one-trial.html | grep -q 'One trial gives no interval'
ok "one trial is said to resolve nothing" $?
sed 's/<[^>]*>//g' nan.html | grep -q '2 of 24 points carry a status' && grep -q 'no exact keeps</td>' nan.html &&
    grep -q 'not converged (3 of 10 trials); residual above tolerance (3 of 10 trials)' nan.html &&
    grep -q 'is <strong>incomplete</strong>' nan.html
ok "statuses and an incomplete merge are said" $?
[ -s escape.html ] && ! grep -qi '<script\|<img\|<b>&' escape.html
ok "texts of a file are no markup of the page" $?

"$srcdir/notebooks/figure.sh" two-knobs.html > figure.svg
/usr/bin/python3 -c 'import xml.etree.ElementTree as e; r = e.parse("figure.svg").getroot()
assert r.tag == "{http://www.w3.org/2000/svg}svg" and r.find("{*}style").text.count("#") > 10' && ! grep -q 'var(' figure.svg
ok "figure 1 can be taken out as a picture of its own" $?
"$srcdir/notebooks/figure.sh" piped.err > figure.svg 2> figure.err
ok "taking it out of another file is refused" "$([ $? -eq 65 ]; echo $?)"

refused() { # refused NAME STATUS PATTERN ARGUMENTS...: the status, one line with the pattern, nothing printed or left behind
    name=$1 expected=$2 pattern=$3
    shift 3
    "$RESCORE" report "$@" > refused.out 2> refused.err
    status=$?
    [ ! -s refused.out ] && [ $status -eq "$expected" ] && [ "$(wc -l < refused.err)" -eq 1 ] &&
        grep -q -- "$pattern" refused.err && [ ! -e out.html ] && [ -z "$(ls -A | grep -v '^[a-z-]*\.\(h5\|html\|err\|out\|svg\|txt\)$')" ]
    ok "$name" $? "exit $status: $(cat refused.err)"
}
printf 'hello\n' > text.txt
head -c 20000 two-knobs.h5 > cut.h5
/usr/bin/python3 - <<'PYTHON'
import h5py, shutil
import numpy as np

def change(name, base="two-knobs.h5"):
    shutil.copy(base, name)
    return h5py.File(name, "r+")

with h5py.File("array.h5", "w") as file:
    file["conductance"] = np.ones((4, 4))
with change("shape.h5") as file:
    del file["keep_ratio_mean"]
    file["keep_ratio_mean"] = np.zeros((2, 2))
with change("kind.h5") as file:
    del file["keep_ratio_mean"]
    file["keep_ratio_mean"] = np.full((6, 4), "text", dtype=h5py.string_dtype())
with change("missing.h5") as file:
    del file["false_prune_rate_hi95"]
with change("pairs.h5") as file:
    del file["samples/threshold"]
    file["samples/threshold"] = np.zeros((6, 4, 7))
with change("rank.h5") as file:
    del file["samples/read_conductance"]
    file["samples/read_conductance"] = np.zeros((6, 4, 7))
with change("axis.h5", "bare.h5") as file:
    file["array_r_word_line"][2] = np.nan
PYTHON
refused "a file that is not there is refused" 74 '^absent.h5: error: ' absent.h5 -o out.html
refused "a text file is refused" 65 '^text.txt: error: ' text.txt -o out.html
refused "a truncated file is refused" 65 '^cut.h5: error: ' cut.h5 -o out.html
refused "a folder is refused" 74 'error: ' . -o out.html
refused "a file of another kind is refused" 65 "^array.h5:/false_prune_rate: error: .*result of 'rescore run' expected" array.h5 -o out.html
refused "a variable of another shape is refused" 65 '^shape.h5:/keep_ratio_mean: error: 2 x 2 found, 6 x 4 expected' shape.h5 -o out.html
refused "a variable of text is refused" 65 '^kind.h5:/keep_ratio_mean: error: ' kind.h5 -o out.html
refused "a missing interval is refused" 65 '^missing.h5:/false_prune_rate_hi95: error: ' missing.h5 -o out.html
refused "pairs that disagree are refused" 65 '^pairs.h5:/samples/threshold: error: 7 pairs found, 12000 expected' pairs.h5 -o out.html
refused "conductances of another rank are refused" 65 '^rank.h5:/samples/read_conductance: error: ' rank.h5 -o out.html
refused "a swept value that is no number is refused" 65 '^axis.h5:/array_r_word_line: error: ' axis.h5 -o out.html
refused "an output in a folder that is not there is refused" 73 'error: ' bare.h5 -o nowhere/out.html
refused "no output is a usage error" 64 '^rescore report: ' bare.h5
refused "no input is a usage error" 64 '^rescore report: ' -o out.html
refused "an unknown option is a usage error" 64 '^rescore report: ' bare.h5 --colour -o out.html

if [ -w /dev/full ]; then
    "$RESCORE" report bare.h5 -o - > /dev/full 2> full.err
    ok "a full standard output is an error" "$([ $? -eq 74 ] && [ "$(wc -l < full.err)" -eq 1 ]; echo $?)" "$(cat full.err)"
else
    skip "a full standard output is an error" "no /dev/full"
fi
cp bare.html kept.html
"$RESCORE" report cut.h5 -o kept.html 2> kept.err
ok "a failing report leaves an older page alone" "$([ $? -eq 65 ] && cmp -s bare.html kept.html; echo $?)"
"$RESCORE" report --help | grep -q '^usage: '
ok "--help explains the command" $?
plan
