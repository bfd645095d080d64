#!/bin/sh
# Engine against ngspice: random arrays up to 32 x 32, zero and other resistances, signed and zero drives, all edges,
# nonlinear cells. Prints TAP.
. "${srcdir:=.}/tests/tap.sh"
python=/usr/bin/python3
work=$(mktemp -d "${TMPDIR:-/tmp}/rescore-compare.XXXXXX") || exit 99
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 99
TMPDIR=$work; export TMPDIR
if ! $python -c 'import h5py' 2> why; then
    ok "h5py is installed (package python3-h5py)" 1 "$(cat why)"
    plan; exit 1
fi
make_array() { $python "$srcdir/tests/make_array.py" "$@"; }

largest=0
compare() { # compare FILE NAME TOLERANCE
    "$RESCORE" compare "$1" --tolerance 1e-9 > out 2> err
    status=$?
    found=$(sed -n 's/^largest_relative_difference = //p' out)
    [ "$status" -eq 0 ] && awk -v x="$found" -v t="$3" 'BEGIN { exit !(x != "" && x + 0 <= t + 0) }'
    ok "$2: $found" "$?" "exit $status: $(cat err)"
    largest=$(awk -v x="$found" -v y="$largest" 'BEGIN { print (x + 0 > y + 0) ? x : y }')
}

seed=0
{
    for shape in "1 1" "1 6" "7 1" "2 3" "5 5" "8 3" "16 16" "11 23" "32 9" "32 32"; do
        seed=$((seed + 1))
        echo "$shape 2 $seed r_word_line_ohm=2.5 r_bit_line_ohm=1.5 r_driver_ohm=120 r_sense_ohm=80"
    done
    for zeros in 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
        echo "4 5 1 $((100 + zeros)) r_word_line_ohm=$((zeros & 1 ? 0 : 3)) r_bit_line_ohm=$((zeros & 2 ? 0 : 2))" \
            "r_driver_ohm=$((zeros & 4 ? 0 : 100)) r_sense_ohm=$((zeros & 8 ? 0 : 90))"
    done
    echo "9 9 1 200 r_word_line_ohm=1e-3 r_bit_line_ohm=1e4 r_driver_ohm=1e-2 r_sense_ohm=1e5"
    echo "5 4 1 201 OPEN=1 r_word_line_ohm=2 r_sense_ohm=90"
    echo "5 4 2 202 ZERO=1 r_bit_line_ohm=2"
    echo "6 5 1 7 r_word_line_ohm=2 r_sense_ohm=90"
} > table
awk '{ print "array" NR ".h5 " $0 }' table | make_array
i=0
while read -r settings; do
    i=$((i + 1))
    compare "array$i.h5" "$settings" 1e-11
done < table
echo "# largest relative difference of all: $largest"

mv "array$i.h5" array.h5

# Edges and access devices to 1e-11, nonlinear cells to 1e-9.
w="r_word_line_ohm=2.5 r_bit_line_ohm=1.5 r_driver_ohm=120 r_sense_ohm=80"
f="SOME=word_line_floating:1 SOME=bit_line_floating:1"
cat > linear <<EDGES
6 5 2 1 drive=right $w
6 5 2 2 drive=both sense=both $w
5 7 1 3 sense=top r_access_ohm=2000 $w
1 1 1 4 drive=both sense=both $w
32 32 1 5 drive=both sense=top SOME=bit_line_bias:0.1 $w
7 6 2 6 $f $w
7 6 2 7 $f SOME=bit_line_bias:-0.1 drive=right sense=top $w
6 6 1 8 $f drive=both sense=both SOME=bit_line_bias:0.1
6 6 1 9 $f drive=both sense=both r_driver_ohm=100 r_sense_ohm=60 r_access_ohm=1e4
6 6 1 10 $f drive=right r_word_line_ohm=3 SOME=bit_line_bias:0.2
5 5 1 11 LINES=bit_line_floating:1 $w
5 5 1 12 LINES=word_line_floating:1 SOME=bit_line_bias:0.2 $w
5 5 1 13 LINES=word_line_floating:1 LINES=bit_line_floating:1 $w
5 4 1 14 OPEN=1 $f drive=both $w
5 5 1 15 LINES=bit_line_bias:0.1 ZERO=1 $w
9 7 2 16 EACH=r_word_line_ohm:1:9 EACH=r_bit_line_ohm:1:9 EACH=r_driver_ohm:10:200 EACH=r_sense_ohm:10:200
7 9 2 17 EACH=r_word_line_ohm:1:9 EACH=r_sense_ohm:10:200 drive=both sense=both SOME=bit_line_bias:0.1
8 8 1 18 EACH=r_bit_line_ohm:1:9 EACH=r_driver_ohm:10:200 sense=both drive=right r_word_line_ohm=2 $f
EDGES
selector="selector=sinh selector_i0_amperes"
half=0:1,0.1:1.1,0.2:1.5,0.3:2
cat > nonlinear <<CELLS
6 5 2 21 cell=sinh v0_volts=0.25 $w
6 5 2 22 cell=sinh v0_volts=0.05 VOLTS=0.4 $w
6 5 1 23 cell=sinh v0_volts=0.05 VOLTS=0.4
32 32 1 24 cell=sinh v0_volts=0.1 $w
6 5 1 25 cell=sinh v0_volts=0.05 VOLTS=0.4 r_access_ohm=3000 $w
6 5 2 26 cell=table IV=$half VOLTS=0.4 $w
32 32 1 27 cell=table IV=-0.3:2,-0.2:1.5,-0.1:1.1,$half $w
6 5 1 28 cell=table IV=0.1:0.8,0.2:0.7,0.3:0.6 VOLTS=0.5 $w
1 4 1 29 cell=table IV=0.2:1 $w
6 7 2 30 cell=sinh v0_volts=0.1 $f drive=both sense=both SOME=bit_line_bias:0.1 r_access_ohm=500 $w
6 7 1 31 cell=sinh v0_volts=0.1 $f SOME=bit_line_bias:0.1
6 7 1 32 cell=table IV=$half LINES=word_line_floating:1 SOME=bit_line_bias:0.1 $w
3 3 1 33 cell=sinh v0_volts=0.1 ZERO=1 $w
6 5 2 34 $selector=1e-7 selector_v0_volts=0.05 $w
6 5 1 35 $selector=1e-12 selector_v0_volts=0.03 VOLTS=1 $w
6 5 1 36 $selector=1e-9 selector_v0_volts=0.005 VOLTS=0.6
32 32 1 37 $selector=1e-9 selector_v0_volts=0.05 VOLTS=0.6 $w
6 5 2 38 $selector=1e-9 selector_v0_volts=0.05 cell=sinh v0_volts=0.1 VOLTS=0.6 r_access_ohm=3000 $w
6 7 2 39 $selector=1e-6 selector_v0_volts=0.05 cell=table IV=$half $f drive=both sense=both SOME=bit_line_bias:0.1 $w
8 6 2 40 cell=sinh v0_volts=0.1 EACH=r_word_line_ohm:1:9 EACH=r_bit_line_ohm:1:9 EACH=r_driver_ohm:10:200
CELLS
for kind in linear nonlinear; do
    awk -v kind=$kind '{ print kind NR ".h5 " $0 }' $kind | make_array
    i=0 allowed=1e-9
    [ $kind = nonlinear ] || allowed=1e-11
    while read -r settings; do
        i=$((i + 1))
        compare "$kind$i.h5" "$settings" $allowed
    done < $kind
done
"$RESCORE" compare array.h5 --tolerance 1e-17 > out 2> err
ok "a difference above the tolerance exits 1" "$([ $? -eq 1 ] && grep -q '^largest_relative_difference = ' out; echo $?)" "$(cat out err)"
"$RESCORE" compare array.h5 --json > out 2> err
ok "compare --json exits 0" "$?" "$(cat err)"
$python - > why 2>&1 <<'PY'
import json
s = json.load(open("out"))
assert s["schema"] == "rescore-compare/1" and len(s["engine"]) == 1 and len(s["engine"][0]) == 5
worst = max(abs(a - b) for a, b in zip(s["engine"][0], s["ngspice"][0])) / max(map(abs, s["ngspice"][0]))
assert abs(worst - s["largest_relative_difference"]) <= 1e-3 * worst
PY
ok "its numbers are those of both solvers" "$?" "$(cat why)"
ok "no directory of ngspice is left" "$([ -z "$(find "$work" -name 'rescore-ngspice-*' -o -name 'rescore-worker-*')" ]; echo $?)"

# The library in workers and `ngspice -b` give the same bits.
mv out library.json
RESCORE_NGSPICE=program "$RESCORE" compare array.h5 --json > out 2> err
$python - > why 2>&1 <<'PY'
import json
library, program = json.load(open("library.json")), json.load(open("out"))
assert library["ngspice"] == program["ngspice"]
assert library["ngspice_version"].endswith("(library)") and program["ngspice_version"].endswith("(program)")
PY
ok "ngspice -b gives the same numbers as the library" "$?" "$(cat why err)"

# Killed while ngspice works, the program leaves neither a worker nor its directory.
echo "large.h5 48 48 4 5 $w" | make_array
"$RESCORE" compare large.h5 -j 2 > out 2> err &
program=$!
leftovers() { find "$work" -maxdepth 1 -name 'rescore-worker-*'; }
tries=0
while [ "$(leftovers | wc -l)" -lt 2 ] && [ $tries -lt 100 ]; do sleep 0.1; tries=$((tries + 1)); done
sleep 0.2
kill -9 $program
wait $program 2> /dev/null
tries=0
while [ -n "$(leftovers)" ] && [ $tries -lt 50 ]; do sleep 0.1; tries=$((tries + 1)); done
ok "a killed program leaves nothing behind" "$([ -z "$(leftovers)" ]; echo $?)" "$(leftovers)"

# A user's .spiceinit must not matter, and a broken or missing ngspice must be said.
mkdir home && printf 'set numdgt=3\nset ngbehavior=psa\n' > home/.spiceinit
HOME=$work/home "$RESCORE" compare array.h5 > out 2> err
ok "a .spiceinit of the user changes nothing" "$?" "$(cat err)"
mkdir fake empty
fake() { # fake SCRIPT: what a different ngspice on PATH does
    { printf '#!/bin/sh\n[ "$1" = -b ] || exit 0\n'; printf '%s\n' "$1"; } > fake/ngspice; chmod +x fake/ngspice
    RESCORE_NGSPICE=program PATH=$work/fake:$PATH "$RESCORE" compare array.h5 > out 2> err
    status=$?
}
answer='import struct, sys
for j, x in enumerate(sys.argv[1:]):
    print(f"rescore-length-of {j}\nlength(v{j}#branch) = 1.0")
    with open(f"v{j}.raw", "wb") as raw:
        raw.write(b"Plotname: Operating Point\nFlags: real\nNo. Variables: 1\nNo. Points: 1\nVariables:\nBinary:\n".replace(b"Plot", b"Title: x\nPlot"))
        raw.write(struct.pack("d", float(x)))'
printf '%s\n' "$answer" > answer.py
fake 'exit 0'
ok "an ngspice that prints nothing fails" "$([ $status -eq 74 ] && grep -q "no vector 'v0#branch'" err; echo $?)" "$(cat err)"
fake "$python $work/answer.py 1e-6 1e-6 1e-6 1e-6 1e-6; echo 'Warning: singular matrix' >&2"
ok "an ngspice that warns fails, its files are kept and named" "$([ $status -eq 74 ] && grep -q 'singular matrix' err &&
    [ -f "$(sed -n 's/.*files are in \(.*\))$/\1/p' err)/deck.cir" ]; echo $?)" "$(cat err)"
fake "$python $work/answer.py 1e-6 1e-6 1e-6 1e-6 nan"
ok "an ngspice that writes nan fails" "$([ $status -eq 74 ] && grep -q 'nan' err; echo $?)" "$(cat err)"
fake "$python $work/answer.py 1e-6 1e-6 1e-6 1e-6 1e-6"
ok "an ngspice that is wrong is found out" "$([ $status -eq 1 ]; echo $?)" "$(cat out err)"
RESCORE_NGSPICE=program PATH=$work/empty "$RESCORE" compare array.h5 > out 2> err
ok "a missing ngspice is named" "$([ $? -eq 74 ] && grep -q 'ngspice not found.*package ngspice' err; echo $?)" "$(cat err)"
RESCORE_NGSPICE=$work/empty/libngspice.so "$RESCORE" compare array.h5 > out 2> err
ok "a missing library is named" "$([ $? -eq 74 ] && grep -q 'ngspice not found.*empty/libngspice.so.*package libngspice0' err; echo $?)" "$(cat err)"
"$RESCORE" --help > out 2>&1
ok "the command that makes a worker is no one's to see" "$(! grep -q worker out; echo $?)"
plan
