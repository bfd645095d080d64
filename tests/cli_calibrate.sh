#!/bin/sh
# `calibrate` from outside, with the real ngspice: the file, its page, its use, bad input and failures. TAP.
. "${srcdir:=.}/tests/tap.sh"
python=/usr/bin/python3
work=$(mktemp -d "${TMPDIR:-/tmp}/rescore-calibrate.XXXXXX") || exit 99
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 99
export TMPDIR="$work"
check() { ok "$1" "$?" "$(cat out err 2> /dev/null | tail -20)"; }
refused() { # refused STATUS PATTERN NAME ARGUMENTS...
    expected=$1 pattern=$2 name=$3; shift 3
    "$RESCORE" calibrate "$@" > out 2> err
    found=$?
    [ "$found" -eq "$expected" ] && grep -q -- "$pattern" err && [ ! -s out ] && [ ! -e bad.h5 ]
    ok "$name" "$?" "exit $found: $(cat out err)"
}
cp "$srcdir/calib/plan_example.yaml" plan.yaml
small="--set recovery.sizes=[4,8]"

"$RESCORE" calibrate plan.yaml -o calib.h5 -j 2 > out 2> err && grep -q 'missed by' out && grep -q 'written to calib.h5' out
check "the example plan runs and says how far each estimate misses its truth"
"$RESCORE" calibrate plan.yaml -o again.h5 -j 1 --json > out 2> err && cmp again.h5 calib.h5 &&
    $python - > err 2>&1 <<'END'
import json
d = json.load(open("out"))
assert d["schema"] == "rescore-calibrate/1" and d["complete"] is True and d["n_decks"] == 6
for p in d["parameters"]:
    assert abs(p["value"] - p["truth"]) < 2 * p["stderr"], p
    assert p["lo95"] < p["value"] < p["hi95"] and p["identified"], p
assert d["relations"][0]["is_test"] is True
END
check "the summary is JSON, its truth lies within 2 standard errors, and the file has the same bytes"
"$RESCORE" info calib.h5 > out 2> err && grep -q 'format  *rescore-calibration' out && grep -q 'ngspice_version  *ngspice' out
check "info knows the file"

if $python -c 'import xarray, netCDF4, h5netcdf' 2> /dev/null; then
    $python - > out 2> err <<'END'
import math
import warnings
import h5netcdf
import netCDF4
import xarray
warnings.simplefilter("error")
for engine in "netcdf4", "h5netcdf":
    with xarray.open_dataset("calib.h5", engine=engine) as d:
        assert list(d.parameter.values) == ["r_word_line_ohm", "r_bit_line_ohm", "r_driver_ohm", "r_sense_ohm"]
        assert float(d.correlation.sel(parameter="r_sense_ohm", other_parameter="r_sense_ohm")) == 1
        assert abs(float(d.correlation.sel(parameter="r_sense_ohm", other_parameter="r_driver_ohm"))) < 1
        assert (d.parameter_flag == 8).all()
        residual = d.residual_observed - d.residual_fitted
        assert abs(residual - d.residual).max() < 1e-18 and d.sizes["deck"] == 6
        assert all(len(text) == 64 for text in d.deck_sha256.values)
        rms = math.sqrt(float((d.residual**2).mean()))
        assert abs(rms / float(d.relation_rms[0]) - 1) < 1e-12
END
    check "xarray opens it with both engines, labelled, and its numbers agree with each other"
else
    skip "xarray opens it with both engines, labelled, and its numbers agree with each other" "no xarray"
fi

"$RESCORE" report calib.h5 -o calib.html > out 2> err && $python - > out 2> err <<'END'
import re
import xml.etree.ElementTree as tree
page = open("calib.html").read()
pictures = re.findall(r"<svg.*?</svg>", page, re.S)
assert len(pictures) == 2, len(pictures)
for picture in pictures:
    tree.fromstring(picture)
assert pictures[0].count("<circle") >= 3 * 224, pictures[0].count("<circle")
for words in ("a test, not a calibration", "r_bit_line_ohm", "condition number", "declared noise", "ngspice-"):
    assert words in page, words
assert "<script" not in page and "src=" not in page and "href=" not in page
END
check "the page has its pictures and loads nothing"

cat > run.yaml <<'END'
workload:
  samples: 2
array:
  rows: 16
  columns: 32
  r_word_line: 1.3 ohm
  r_bit_line: 0.9 ohm
  r_driver: 230 ohm
  r_sense: 90 ohm
device:
  preset: wan2022
comparator:
  calibration: calib.h5
monte_carlo:
  trials: 1
END
"$RESCORE" run run.yaml -o run.h5 -q > out 2> err
[ $? -eq 65 ] && grep -q 'calib.h5:/parameter_flag: error: only parameters of tests found' err && [ ! -e run.h5 ]
check "a run of the same circuit does not take a file that holds only a test"
"$RESCORE" run run.yaml -o other.h5 -q --set array.r_driver="231 ohm" > out 2> err
[ $? -eq 65 ] && grep -q 'r_driver_ohm' err && [ ! -e other.h5 ]
check "a run of another circuit does not"

refused 64 'an argument is missing' "a plan is needed" -o bad.h5
refused 64 '-o is missing' "a name for the file is needed" plan.yaml
refused 74 'none.yaml' "a plan that is not there" none.yaml -o bad.h5
refused 73 'nowhere/bad.h5' "a file that cannot be made" plan.yaml -o nowhere/bad.h5
refused 65 "recovery.sizes.*unknown key; did you mean\|'recovery.size': unknown key; did you mean 'recovery.sizes'" \
    "an unknown key" plan.yaml -o bad.h5 --set recovery.size=4
refused 65 'array.r_sense.*at least 0.001 ohm expected' "a resistance of 0 is no recovery" plan.yaml -o bad.h5 --set array.r_sense=0
RESCORE_NGSPICE=/no/such/library.so
export RESCORE_NGSPICE
refused 74 'ngspice not found' "a missing ngspice is named" plan.yaml -o bad.h5
unset RESCORE_NGSPICE

"$RESCORE" calibrate plan.yaml -o weak.h5 $small --set calibrate.correlation_limit=0.75 -q > out 2> err
[ $? -eq 1 ] && grep -q 'r_driver_ohm and r_sense_ohm cannot be told apart: their correlation is -0.8' err &&
    "$RESCORE" report weak.h5 -o weak.html 2>> err && grep -q 'not determined' weak.html && grep -q 'incomplete' weak.html
check "parameters that cannot be told apart are named, and what there is is kept"
"$RESCORE" calibrate plan.yaml -o slow.h5 --set recovery.sizes=48 --set calibrate.deck_limit="200 ms" -q > out 2> err
[ $? -eq 1 ] && grep -q "2 of 2 decks failed, the first: '48 x 48, density 0.25': ngspice took longer" err && [ -s slow.h5 ]
check "decks that take too long are named"
plan
