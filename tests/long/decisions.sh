#!/bin/sh
# Thousands of decisions of full paths, held out from the calibration that each circuit gets first: the goals of
# docs/validation.md. Prints TAP. 16 x 16 cells behind transimpedances, then 8 key slots of every other path.
# DECISIONS_SIZES: other sizes; DECISIONS_PATHS: the names of some of the paths; "none" leaves a part out.
# DECISIONS_KEEP: a folder for what is found.
. "${srcdir:=.}/tests/tap.sh"
python=/usr/bin/python3
srcdir=$(cd "$srcdir" && pwd) || exit 99
rescore=$(pwd)/rescore
work=${DECISIONS_KEEP:-$(mktemp -d "${TMPDIR:-/tmp}/rescore-decisions.XXXXXX")} || exit 99
[ -n "$DECISIONS_KEEP" ] || trap 'rm -rf "$work"' EXIT
mkdir -p "$work" && cd "$work" || exit 99

# calibrate_and_compare TITLE NAME: plan NAME.yaml, array NAME.array.h5.
calibrate_and_compare() {
    "$rescore" calibrate "$2.yaml" -o "$2.calib.h5" -q -j 2 --progress never 2> err
    ok "$1: the circuit is calibrated" "$?" "$(tail -2 err)"
    "$rescore" compare "$2.array.h5" --decisions --path "$2.yaml" --calibration "$2.calib.h5" -o "$2.h5" -j 2 \
        --progress never > "$2.txt" 2> err
    ok "$1: $(head -1 "$2.txt" | cut -d: -f1) agree as stated" "$?" "$(tail -2 err)"
}

for n in ${DECISIONS_SIZES:-16}; do
    [ "$n" != none ] || continue
    case $n in 32) decks=8 ;; *) decks=40 ;; esac
    # The circuit of spice/decks/path.yaml and make_path.py; 2 uA is where far decisions are compared.
    cat > "decisions$n.yaml" <<PLAN
stages: [comparator, common]
array:
  rows: $n
  columns: $n
  r_word_line: 2 ohm
  r_bit_line: 2 ohm
  r_driver: 100 ohm
  r_sense: 1.5 kohm
device:
  preset: wan2022
path:
  sense: transimpedance
  r_feedback: 5 kohm
reference:
  kind: current
  threshold: 2 uA
comparator:
  latches: 40
  resistances: 5
common:
  latches: 20
decisions:
  decks: $decks
  queries: 8
  near_span: 1
PLAN
    $python "$srcdir/spice/decks/make_path.py" "$n" "decisions$n.array.h5" || exit 99
    calibrate_and_compare "$n x $n" "decisions$n"
done

# Name, sense, sign, reference, sharing, r_sense and r_out in ohm, threshold in uA (of what has one).
cat > paths <<'PATHS'
resistor-ideal           resistor        differential  ideal      per-comparator  1500  1000  2
resistor-current         resistor        differential  current    per-comparator  1500  1000  2
integrator-current       integrator      differential  current    per-comparator  1500  1000  2
offset-current           transimpedance  offset        current    per-comparator  1500  1000  2
offset-resistor          resistor        offset        current    per-comparator  1500  1000  2
bias-rows                transimpedance  differential  bias-rows  per-comparator  1500  1000  0
offset-bias-rows         transimpedance  offset        bias-rows  per-comparator  1500  1000  0
replica                  transimpedance  differential  replica    per-comparator  1500  1000  0
resistor-replica         resistor        differential  replica    per-comparator  1500  1000  0
shared                   transimpedance  differential  current    shared          1500  50    1
shared-integrator        integrator      differential  current    shared          1500  50    1
offset-shared            transimpedance  offset        current    shared          1500  50    1
offset-shared-resistor   resistor        offset        current    shared          200   50    1
PATHS
cat > make_path.py <<'PYTHON'
import sys
import h5py
import numpy as np
name, sense, sign, kind, sharing, r_sense, r_out, threshold = sys.argv[1:]
rows, columns, shared = 8, 17 if sign == "offset" else 16, sharing == "shared"


def write(path, cells, volts):
    with h5py.File(path, "w") as file:
        file["conductance"], file["voltage"] = cells, [volts]
        for wire, ohm in {"word_line": 2, "bit_line": 2, "driver": 100, "sense": float(r_sense)}.items():
            file.attrs[f"r_{wire}_ohm"] = float(ohm)


cells, volts = np.full((rows, columns), 1e-5), np.full(rows, 0.1)
cells[0, 0] = 1e-4  # the window of the keys
if kind == "bias-rows":
    cells[-1, -1 if sign == "offset" else slice(1, None, 2)] = 1e-4
    volts[-1] = 0.03
write(f"{name}.array.h5", cells, volts)
if kind == "replica":
    pair = np.full((rows, 2), 1e-5)
    pair[-3:, 0] = 5e-5
    write(f"{name}.replica.h5", pair, [0] * 5 + [0.02] * 3)
more = {"bias-rows": "  bias_rows: 1\n", "replica": f"  replica: {name}.replica.h5\n"}.get(kind, f"  threshold: {threshold} uA\n")
open(f"{name}.yaml", "w").write(f"""stages: [comparator, common]
array:
  rows: {rows}
  columns: {columns}
  r_word_line: 2 ohm
  r_bit_line: 2 ohm
  r_driver: 100 ohm
  r_sense: {r_sense} ohm
device:
  preset: wan2022
encoding:
  sign: {sign}
path:
  sense: {sense}
  sign: {sign}
  r_feedback: 5 kohm
  integration_capacitance: 200 fF
  r_out: {r_out} ohm
reference:
  kind: {kind}
  sharing: {sharing}
{more}comparator:
  latches: 20
  resistances: 9
  resistance_far: {800 if shared else 4000} ohm
common:
  latches: 10
decisions:
  decks: 10
  queries: 8
  near_span: 1
""")
PYTHON
while read -r name rest; do
    case " ${DECISIONS_PATHS:-$name} " in *" $name "*) ;; *) continue ;; esac
    # shellcheck disable=SC2086 # the words of a line
    $python make_path.py "$name" $rest || exit 99
    calibrate_and_compare "$name" "$name"
done < paths
plan
