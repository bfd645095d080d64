#!/bin/sh
# `device fit` from outside: the synthetic table gives its figures back, the card and its page, bad input. TAP.
. "${srcdir:=.}/tests/tap.sh"
python=/usr/bin/python3
work=$(mktemp -d "${TMPDIR:-/tmp}/rescore-fit.XXXXXX") || exit 99
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 99
check() { ok "$1" "$?" "$(cat out err 2> /dev/null | tail -20)"; }
refused() { # refused STATUS PATTERN NAME ARGUMENTS...
    expected=$1 pattern=$2 name=$3; shift 3
    "$RESCORE" device fit "$@" > out 2> err
    found=$?
    [ "$found" -eq "$expected" ] && grep -q -- "$pattern" err && [ ! -s out ] && [ ! -e bad.yaml ]
    ok "$name" "$?" "exit $found: $(cat out err)"
}
data=$srcdir/devices/data/hfo2_synthetic.csv

"$RESCORE" device fit "$data" -o mine.yaml --read-voltage "0.2 V" --json > out 2> err && [ ! -s err ]
check "the synthetic table is fitted"
$python - 2> err <<'END'
import json
blocks = json.load(open("out"))["blocks"]
truth = {
    ("device_spread", "ratio"): [0.02], ("read_noise", "ratio"): [0.005], ("current_voltage", "v0"): [0.35],
    ("programming", "sigma"): [0.40e-6, 1.20e-6, -0.70e-6], ("programming", "mean"): [-0.15e-6],
    ("relaxation", "mean_per_ln"): [-0.05e-6], ("relaxation", "sigma_per_ln"): [0.06e-6],
    ("temperature", "tcr_per_kelvin"): [1e-3], ("temperature", "activation_ev"): [0.04],
}
kinds = {"programming": "polynomial", "relaxation": "log-time", "current_voltage": "sinh", "temperature": "blend"}
for name, kind in kinds.items():
    assert blocks[name]["kind"] == kind, (name, blocks[name])
for (block, key), expected in truth.items():
    found = blocks[block]["keys"][key]
    assert len(found["values"]) == len(expected), (block, key, found)
    for value, error, true in zip(found["values"], found["errors"], expected):
        assert abs(value - true) < 3 * error, (block, key, value, error, true)
assert all(block["kind"] is None or not block["warnings"] for block in blocks.values()), blocks
END
check "every figure lies within three standard errors of the truth"

"$RESCORE" device show ./mine.yaml > out 2> err && grep -q '^current_voltage: sinh' out &&
    grep -q "source: hfo2_synthetic.csv, SHA-256 $(sha256sum "$data" | cut -d' ' -f1) \[primary\]" out
check "the card loads and names its data"
$python -c 'import re, xml.etree.ElementTree as e
page = open("mine.html").read()
svg = e.fromstring(re.search(r"<svg.*</svg>", page, re.S).group(0))
assert len(list(svg.iter("{*}path"))) + len(list(svg.iter("path"))) > 0
assert "<script" not in page and "src=" not in page and "href=" not in page' > out 2> err
check "the page beside it is whole and loads nothing"
"$RESCORE" device fit "$data" -o again.yaml --read-voltage "0.2 V" > out 2> err && grep -q '+-' out &&
    sed 's/^name: again/name: mine/' again.yaml | cmp - mine.yaml
check "the same data give the same card, and the table has standard errors"
"$RESCORE" device fit "$data" -o forced.yaml --law table > out 2> err && grep -q '^programming: table' out
check "--law forces the law"
"$RESCORE" device fit "$data" -o - -q > piped.yaml 2> err && [ ! -e ./-.html ] && "$RESCORE" device show ./piped.yaml > out 2>> err
check "-o - writes the card alone to standard output"

if $python -c 'import h5py' 2> /dev/null; then
    $python -c 'import h5py
with h5py.File("target.h5", "w") as f:
    f["conductance"] = [[1e-5, 2e-5], [3e-5, 4e-5]]
    f["voltage"] = [[0.2, 0.3]]
    f.attrs["r_word_line_ohm"] = 2.0'
    "$RESCORE" program target.h5 -o array.h5 --device ./mine.yaml --read-voltage "0.2 V" > out 2> err &&
        "$RESCORE" solve array.h5 -o answer.h5 >> out 2>> err && $python -c 'import h5py, math
with h5py.File("array.h5") as f:
    assert f.attrs["cell"] in ("sinh", b"sinh"), f.attrs["cell"]
    x = 0.2 / f.attrs["v0_volts"]
    assert abs(f.attrs["v0_volts"] - 0.35) < 0.01
    assert abs(f["target"][1][1] * math.sinh(x) / x - 4e-5) < 1e-11, f["target"][1][1]' 2>> err
    check "program gives the cells their sinh and turns chord targets into small-signal ones"
    "$RESCORE" program target.h5 -o none.h5 --device wan2022 --read-voltage "0.2 V" > out 2> err
    [ $? -eq 65 ] && grep -q "no block current_voltage" err && [ ! -e none.h5 ]
    check "a read voltage needs a card that knows the law"
else
    skip "program takes the law from the card" "python3-h5py is missing"
fi

sed '5s/,[^,]*$/,-1/; 9s/,[^,]*$/,nan/' "$data" > wrong.csv
refused 65 "wrong.csv:9: error: read_siemens: 'nan'" "a bad table says where" wrong.csv -o bad.yaml
grep -q "wrong.csv:5: error: read_siemens: '-1'" err
check "and all its errors at once"
refused 65 "no row at the read voltage 0.5 V" "a read voltage that was not measured" "$data" -o bad.yaml --read-voltage "0.5 V"
refused 64 "\-o CARD.yaml expected" "no output" "$data"
refused 64 "polynomial, table or empirical expected" "an unknown law" "$data" -o bad.yaml --law line
refused 64 "file of measured data expected" "no data"
refused 74 "none.csv" "a table that is not there" none.csv -o bad.yaml
refused 73 "nowhere" "an output that cannot be made" "$data" -o nowhere/bad.yaml
cp "$data" own.csv
refused 64 "another file than the input" "the card onto the data" own.csv -o own.csv
plan
