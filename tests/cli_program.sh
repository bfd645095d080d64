#!/bin/sh
# `program` from outside: pulse by pulse, what it counts, what xarray sees, runs that write so, bad input. TAP.
. "${srcdir:=.}/tests/tap.sh"
python=/usr/bin/python3
work=$(mktemp -d "${TMPDIR:-/tmp}/rescore-program.XXXXXX") || exit 99
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 99
check() { ok "$1" "$?" "$(cat out err 2> /dev/null | tail -20)"; }
refused() { # refused STATUS PATTERN NAME ARGUMENTS...
    expected=$1 pattern=$2 name=$3; shift 3
    "$RESCORE" program "$@" -o bad.h5 > out 2> err
    found=$?
    [ "$found" -eq "$expected" ] && grep -q -- "$pattern" err && [ "$(wc -l < err)" -eq 1 ] && [ ! -s out ] && [ ! -e bad.h5 ]
    ok "$name" "$?" "exit $found: $(cat out err)"
}
$python -c '
import h5py, numpy as np
with h5py.File("target.h5", "w") as f:
    f["conductance"] = np.random.default_rng(1).uniform(12e-6, 24e-6, (40, 50))
    f["voltage"] = np.full((1, 40), 0.1)
    f.attrs["r_word_line_ohm"] = 1.0' || exit 99

"$RESCORE" program target.h5 -o array.h5 --device gong2022-hfo2 --method write-verify --json > out 2> err && [ ! -s err ]
check "cells are programmed pulse by pulse"
$python - 2> err <<'END'
import json
import numpy as np, xarray
s = json.load(open("out"))
a = xarray.open_dataset("array.h5", engine="h5netcdf")
for name in "conductance target error pulses reversals energy_joules cycles_left failed stuck".split():
    assert a[name].dims == ("row", "column"), (name, a[name].dims)
p = a.pulses.values.ravel()
inside = abs(a.error.values) <= 0.5e-6 * (1 + 1e-9)
assert (inside == (a.failed.values == 0)).all()
assert s["n_failed"] == a.failed.values.sum() and s["n_cells"] == p.size
assert s["median_pulses"] == np.sort(p)[p.size // 2 - 1] and s["most_pulses"] == p.max()
assert s["p99_pulses"] == np.sort(p)[int(np.ceil(0.99 * p.size)) - 1]
assert abs(s["mean_pulses"] - p.mean()) < 1e-9
assert abs(s["energy_joules"] - a.energy_joules.values.sum()) < 1e-9 * s["energy_joules"]
assert abs(s["mean_energy_joules"] * p.size / s["energy_joules"] - 1) < 1e-9
assert abs(s["time_seconds"] - (p.sum() * 200e-9 + p.size * 100e-9)) < 1e-12, s["time_seconds"]
assert a.voltage.dims == ("vector", "row")
assert np.isnan(a.cycles_left.values).all() and a.pulses.attrs["units"] == "1"
END
check "counts, energies and times agree with the cells; the file opens in xarray"
"$RESCORE" solve array.h5 -o solved.h5 > out 2> err && [ ! -s err ]
check "a programmed array can be solved"
"$RESCORE" program target.h5 -o text.h5 --device gong2022-hfo2 --method write-verify > out 2> err &&
    grep -q '^pulses per cell .* median [0-9]*, 95 % [0-9]*, 99 % [0-9]*, most' out && grep -q 'pJ per cell' out
check "the summary for people"
"$RESCORE" program target.h5 -o again.h5 -j 2 --device gong2022-hfo2 --method write-verify > out 2> err &&
    cmp text.h5 again.h5
check "the same seed gives the same bytes"
"$RESCORE" program target.h5 -o once.h5 --device gong2022-hfo2 > out 2> err &&
    "$RESCORE" program once.h5 -o twice.h5 --device gong2022-hfo2 > out 2> err && [ ! -s err ]
check "what was programmed can be targets again"
"$RESCORE" report text.h5 -o page.html > out 2> err && grep -q 'id="figure-1"' page.html && grep -q 'id="figure-2"' page.html &&
    grep -q 'gong2022-hfo2' page.html && ! grep -q 'nan\|inf"' page.html && ! grep -q '<script' page.html
check "its page has both pictures"
"$RESCORE" report once.h5 -o page.html > out 2> err && ! grep -q 'nan\|energy per cell' page.html
check "a page of an array written in one shot says nothing of energy"

# Endurance: a card of the user's own; after 1e6 cycles nearly every cell is worn out.
"$RESCORE" device show gong2022-hfo2 --yaml > mine.yaml 2> err && cat >> mine.yaml <<'END'
endurance:
  kind: weibull
  cycles: 1e5
  shape: 2
  end: off
  source: made up
  confidence: assumed
END
"$RESCORE" program target.h5 -o worn.h5 --device ./mine.yaml --method write-verify --set device.cycles=1e6 --json > out 2> err &&
    $python -c '
import json, h5py
s = json.load(open("out"))
f = h5py.File("worn.h5")
assert s["n_worn_out"] == (f["cycles_left"][()] == 0).sum() > 1990
assert (f["conductance"][()][f["cycles_left"][()] == 0] == 5e-6).all()' 2>> err
check "cells that have had their cycles are worn out and say so"
"$RESCORE" program target.h5 -o new.h5 --device ./mine.yaml --method write-verify --json > out 2> err &&
    $python -c '
import json, h5py
assert json.load(open("out"))["n_worn_out"] < 5
f = h5py.File("new.h5")
assert (f["cycles_left"][()] > 0).sum() > 1990' 2>> err
check "new cells are not"

refused 64 "'fly' found, one-shot or write-verify expected" "an unknown method" target.h5 --method fly
refused 65 "card wan2022 has no block 'pulse'" "a card without pulses" target.h5 --method write-verify
for change in 's/pulses_max: .*/pulses_max: 0/ 1 to 100000' 's/reversals_max: .*/reversals_max: 0/ 1 to 100000' \
    's/tolerance: 0.5 uS/tolerance: 0/ tolerance' 's/set_last: .*/set_last: 1 V/ start' \
    's/width: .*/r_series: 1 kohm\n  width: 100 ns/ r_series' 's/width: .*/unselected: V\/2\n  width: 100 ns/ unselected'; do
    sed "${change%%/ *}/" mine.yaml > bad.yaml
    refused 65 "bad.yaml:[0-9]*:[0-9]*: error: \|card gong2022-hfo2: write_verify" "a bad card: ${change%%/ *}" target.h5 \
        --device ./bad.yaml --method write-verify
done
refused 65 "target 18.1419 uS found at .0..0., 50 to 225 uS" "targets outside the window" target.h5 --device milo2021

cat > run.yaml <<'END'
workload:
  samples: 6
array:
  r_word_line: 1 ohm
device:
  preset: gong2022-om
sweep:
  device.method: [one-shot, write-verify]
END
"$RESCORE" run run.yaml -o run.h5 -q > out 2> err && "$RESCORE" run run.yaml -o run2.h5 -q -j 2 >> out 2>> err &&
    cmp run.h5 run2.h5 && $python -c '
import xarray
a = xarray.open_dataset("run.h5", engine="h5netcdf")
assert (a.pulses_per_cell[0] == 1).all() and (a.failed_share[0] == 0).all()
assert (a.pulses_per_cell[1] > 3).all() and (a.failed_share[1] > 0).all() and (a.failed_share[1] < 0.2).all()
assert (a.output_error[1] != a.output_error[0]).all()' 2>> err
check "a run writes its arrays either way, and says what it took"
"$RESCORE" run run.yaml -o bad.h5 --set device.preset=wan2022 > out 2> err
[ $? -eq 65 ] && grep -q "card wan2022 has no block 'pulse'" err && [ ! -e bad.h5 ]
check "a run refuses pulses that its card does not know"
plan
