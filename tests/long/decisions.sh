#!/bin/sh
# Thousands of decisions of full paths, 16 x 16, held out from the calibration that each size gets first: the goals of
# docs/validation.md. Prints TAP. DECISIONS_SIZES: other sizes (32 takes a large part of an hour); DECISIONS_KEEP: a folder for what is found.
. "${srcdir:=.}/tests/tap.sh"
python=/usr/bin/python3
srcdir=$(cd "$srcdir" && pwd) || exit 99
rescore=$(pwd)/rescore
work=${DECISIONS_KEEP:-$(mktemp -d "${TMPDIR:-/tmp}/rescore-decisions.XXXXXX")} || exit 99
[ -n "$DECISIONS_KEEP" ] || trap 'rm -rf "$work"' EXIT
mkdir -p "$work" && cd "$work" || exit 99
for n in ${DECISIONS_SIZES:-16}; do
    case $n in 32) decks=8 ;; *) decks=40 ;; esac
    # The circuit of spice/decks/path.yaml and make_path.py; 2 uA is where far decisions are compared.
    cat > "plan$n.yaml" <<PLAN
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
    $python "$srcdir/spice/decks/make_path.py" "$n" "array$n.h5" &&
        "$rescore" calibrate "plan$n.yaml" -o "calib$n.h5" -q -j 2 --progress never 2> err
    ok "$n x $n: the circuit is calibrated" "$?" "$(tail -2 err)"
    "$rescore" compare "array$n.h5" --decisions --path "plan$n.yaml" --calibration "calib$n.h5" -o "decisions$n.h5" \
        -j 2 --progress never > "decisions$n.txt" 2> err
    ok "$n x $n: $(head -1 "decisions$n.txt" | cut -d: -f1) agree as stated" "$?" "$(tail -2 err)"
done
plan
