#!/bin/sh
# comparator.calibration from outside: a file written with h5py, refused for another circuit with what differs, taken
# for the circuit that the refusal names, and then worth the keys it stands for. TAP.
. "${srcdir:=.}/tests/tap.sh"
python=/usr/bin/python3
work=$(mktemp -d "${TMPDIR:-/tmp}/rescore-calibration.XXXXXX") || exit 99
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 99
if ! $python -c 'import h5py' 2> why; then
    ok "h5py is installed (package python3-h5py)" 1 "$(cat why)"
    plan; exit 1
fi
cat > make.py <<'PY'
"""make.py OUT ERRORS: a calibration of the circuit that ERRORS (the refusal of another) expects; ERRORS "": of none."""
import hashlib, re, sys
import h5py

wanted = {"topology": "nothing yes\n", "device": "nothing yes\n"}
digests = {}
for line in open(sys.argv[2]) if sys.argv[2] else []:
    what, digest = re.search(r"/@(\w+)_sha256: error: \w+ found, (\w+) of this run", line).groups()
    # "; NAME nothing found, VALUE expected", in the order of the text
    parts = re.findall(r"; (\S+) nothing found, (.*?) expected(?=;|$)", line.rstrip("\n"))
    wanted[what] = "".join(f"{name} {value}\n" for name, value in parts)
    digests[what] = digest
with h5py.File(sys.argv[1], "w") as out:
    out.attrs.update(format="rescore-calibration", version=1)
    for what, text in wanted.items():
        digest = hashlib.sha256(text.encode()).hexdigest()
        assert digests.get(what, digest) == digest, (what, text)
        out.attrs[what], out.attrs[what + "_sha256"] = text, digest
    rows = [("offset_sigma_volts", "V", 2e-3), ("noise_sigma_volts", "V", 5e-4), ("gain_ohm", "ohm", 90.0)]
    text = h5py.string_dtype()
    out.create_dataset("parameter", data=[r[0] for r in rows], dtype=text)
    out.create_dataset("unit", data=[r[1] for r in rows], dtype=text)
    for name in ("value", "stderr", "lo95", "hi95"):
        out[name] = [r[2] for r in rows]
PY
cat > c.yaml <<'YAML'
workload:
  samples: 3
monte_carlo:
  trials: 2
comparator:
  calibration: c.h5
YAML
sed '/calibration/d; s/^comparator:/comparator: {offset: 2 mV, noise: 0.5 mV, r_load: 90 ohm}/' c.yaml > keys.yaml

"$RESCORE" run c.yaml -o x.h5 > out 2> err
ok "a calibration that is not there: 74" "$([ $? -eq 74 ] && grep -q '^c.h5: error: ' err && [ ! -s out ] && [ ! -e x.h5 ]; echo $?)" "$(cat err)"

$python make.py c.h5 "" && "$RESCORE" run c.yaml -o x.h5 > out 2> err
[ $? -eq 65 ] && [ "$(wc -l < err)" -eq 2 ] && [ ! -e x.h5 ] && [ ! -s out ] &&
    grep -q '^c.h5:/@topology_sha256: error: [0-9a-f]\{64\} found, [0-9a-f]\{64\} of this run expected; nothing yes found, nothing expected; rows nothing found, 64 expected' err &&
    grep -q '^c.h5:/@device_sha256: error: ' err
ok "a calibration of another circuit: 65, both digests, what differs" "$?" "$(cut -c 1-2000 err)"

$python make.py c.h5 err && "$RESCORE" run c.yaml -o x.h5 > out 2> err2 && "$RESCORE" run keys.yaml -o y.h5 > out 2>> err2 &&
    $python - > same 2>&1 <<'PY'
import h5py, numpy
one, other = h5py.File("x.h5"), h5py.File("y.h5")
numbers = [name for name in one if one[name].dtype.kind in "fiu"]
assert numbers and all(numpy.array_equal(one[n][()], other[n][()], equal_nan=True) for n in numbers)
assert one["false_prune_rate"][0] > 0
PY
ok "a calibration of this circuit is worth its numbers given as keys" "$?" "$(cat err2 same)"

for flag in 4 8; do
    cp c.h5 kept.h5
    $python -c 'import h5py, sys
with h5py.File("c.h5", "a") as f: f["parameter_flag"] = [int(sys.argv[1])] * len(f["parameter"])' $flag
    "$RESCORE" run c.yaml -o x.h5 > out 2> err
    [ $? -eq 65 ] && grep -q '^c.h5:/parameter_flag: error: .* expected' err
    ok "parameters with flag $flag alone: 65" "$?" "$(cut -c 1-2000 err)"
    mv kept.h5 c.h5
done

"$RESCORE" run c.yaml -o x.h5 --set 'array.r_sense=101 ohm' > out 2> err
[ $? -eq 65 ] && [ "$(wc -l < err)" -eq 1 ] && grep -q 'expected; r_sense_ohm 100 found, 101 expected$' err
ok "a key that changes the array is named" "$?" "$(cut -c 1-2000 err)"

"$RESCORE" run c.yaml -o x.h5 --set 'device.read_noise=1 %' > out 2> err
ok "a key that changes an error of the cells is allowed" "$?" "$(cut -c 1-2000 err)"
"$RESCORE" run c.yaml -o x.h5 --set 'sweep.comparator.offset=[none, 1 mV]' > out 2> err &&
    $python -c 'import h5py; r = h5py.File("x.h5")["false_prune_rate"]; assert r.shape == (2, 2)' 2>> err
ok "a key beside the calibration may be swept" "$?" "$(cut -c 1-2000 err)"
plan
