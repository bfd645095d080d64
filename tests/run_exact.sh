#!/bin/sh
# A run against what it must be: ideal arrays decide exactly, 4-bit arrays as numpy does from the definitions. TAP.
. "${srcdir:=.}/tests/tap.sh"
python=/usr/bin/python3
work=$(mktemp -d "${TMPDIR:-/tmp}/rescore-exact.XXXXXX") || exit 99
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 99
if ! $python -c 'import h5py' 2> why; then
    ok "h5py is installed (package python3-h5py)" 1 "$(cat why)"
    plan; exit 1
fi
check() { ok "$1" "$?" "$(cat out err 2> /dev/null | tail -20)"; } # check NAME: of the command before
run() { "$RESCORE" run "$@" -q > out 2> err; }
real=${RESCORE_TEST_DATA:-none}/stories260k/stories260k_qkv.h5

cat > ideal.yaml <<'YAML'
device: {preset: ideal}
array: {r_word_line: 0, r_driver: 0, r_sense: 0}
comparator: {offset: 0, noise: none}
YAML
{ cat ideal.yaml; echo 'workload: {kind: qkv, file: input.h5}'; echo 'monte_carlo: {trials: 1}'; } > msb.yaml
printf '%s\n' 'input.h5 1' 'full.h5 2 causal=0 n_kv_heads=4 LENGTHS=6,1,9,4' 'zero.h5 3 ZERO=q' 'flat.h5 4 n_layers=1 d_head=1' \
    'deep.h5 5 n_layers=4' 'wide.h5 6 n_layers=3 causal=0 LENGTHS=6,1,9,12' |
    $python "$srcdir/tests/make_qkv.py"

# --- everything at full width: no error at all
cat > exact.py <<'PY'
import h5py, numpy as np, sys
f = h5py.File("exact.h5")
assert f["n_exact_keep"][()].min() > 0 and (f["n_visible"][()] > f["n_exact_keep"][()]).all()
for name in ("false_prune_rate", "false_keep_rate", "n_false_prune", "n_false_keep", "lost_mass"):
    assert (f[name][()] == 0).all(), (name, f[name][()])
assert (f["recall_at_k"][()] == 1).all(), f["recall_at_k"][()]
assert (f["output_error"][()] <= 1e-12).all(), f["output_error"][()]
assert (f["status"][()] == 0).all()
if "task_metric" in f:
    for name in ("metric", "nll", "kl", "agreement"):
        assert np.array_equal(f[f"task_{name}"][()], f[f"task_{name}_exact"][()]), name
    assert (f["task_loss"][()] == 0).all()
    assert (f["task_loss_sample_lo95"][()] <= 0).all() and (f["task_loss_sample_hi95"][()] >= 0).all()
PY
exact() { # exact NAME ARGUMENTS...: a run without any error
    name=$1; shift
    run ideal.yaml -o exact.h5 --set prune.margin=0 "$@" && $python exact.py > out 2>> err
    check "exact: $name"
}
full="--set encoding.analog_bits=8 --set encoding.query_bits=8"
exact "stories" $full --set workload.samples=40 --set monte_carlo.trials=3
exact "stories, keep 5 %, 6 bits" --set encoding.bits=6 --set encoding.analog_bits=6 --set encoding.query_bits=6 \
    --set workload.samples=40 --set monte_carlo.trials=2 --set prune.keep_ratio=0.05
exact "stories, offset encoding, slices, stacked and tiled arrays" $full --set workload.samples=15 \
    --set monte_carlo.trials=2 --set 'sweep={encoding.sign: [differential, offset], encoding.cell_bits: [1, 3], array.rows: [16, 48, 50], array.columns: [17, 64]}'
for file in input full zero flat; do
    exact "$file.h5" $full --set workload.kind=qkv --set workload.file=$file.h5 --set monte_carlo.trials=2
done
for policy in three-way topk cascade mnnfast; do
    exact "policy $policy" $full --set workload.kind=qkv --set workload.file=input.h5 --set prune.policy=$policy
done
exact "thresholds that are scores themselves" $full --set workload.kind=qkv --set workload.file=input.h5 \
    --set prune.threshold=0
if [ -r "$real" ]; then
    exact "a pretrained transformer" $full --set workload.kind=qkv --set workload.file="$real" \
        --set workload.samples=1 --set monte_carlo.trials=1
else
    skip "exact: a pretrained transformer" "$real is not there"
fi

# --- the array holds fewer bits: every decision as recomputed
msb() { # msb FILE PYTHON_SETTINGS ARGUMENTS...
    file=$1 settings=$2; shift 2
    run msb.yaml -o msb.h5 --save margins --set workload.file=$file "$@" &&
        $python "$srcdir/tests/check_decisions.py" msb.h5 $file $settings > out 2>> err
    status=$?
    ok "$file: $settings" "$status" "$(tail -5 err)"
    sed 's/^/# /' out
}
bit4="bits=8"
msb input.h5 "$bit4"
msb input.h5 "threshold=0.75" --set prune.threshold=0.75
msb input.h5 "threshold=0.3,-0.2 margin=0.4" --set 'prune.threshold=[0.3, -0.2]' --set prune.margin=0.4
msb input.h5 "keep_ratio=0.05 msb=truncate" --set prune.keep_ratio=0.05 --set encoding.msb=truncate
msb input.h5 "keep_ratio=0.6 analog_bits=3 query_bits=5" --set prune.keep_ratio=0.6 --set encoding.analog_bits=3 --set encoding.query_bits=5
msb input.h5 "keep_ratio=0.1 empty=zero" --set prune.keep_ratio=0.1 --set prune.empty=zero --set encoding.sign=offset
msb input.h5 "keep_ratio=0.1 empty=self" --set prune.keep_ratio=0.1 --set prune.empty=self --set encoding.cell_bits=2
msb input.h5 "keep_ratio=0.1 empty=all" --set prune.keep_ratio=0.1 --set prune.empty=all --set array.rows=4 --set array.columns=7
msb input.h5 "threshold=100" --set prune.threshold=100
msb input.h5 "threshold=-100" --set prune.threshold=-100
msb input.h5 "enabled=false rethreshold=false" --set recompute.enabled=false
msb input.h5 "recompute_bits=5" --set recompute.bits=5
msb input.h5 "rethreshold=false" --set recompute.rethreshold=false
msb input.h5 "bits=12 analog_bits=6 query_bits=3 n_samples=2" --set encoding.bits=12 --set encoding.analog_bits=6 --set encoding.query_bits=3 --set workload.samples=2
msb full.h5 "keep_ratio=0.2" --set prune.keep_ratio=0.2
msb zero.h5 "threshold=0.5" --set prune.threshold=0.5
msb flat.h5 "bits=8"
msb input.h5 "policy=oracle" --set prune.policy=oracle
msb input.h5 "policy=none rethreshold=false" --set prune.policy=none
msb input.h5 "policy=random rethreshold=false" --set prune.policy=random
msb input.h5 "policy=three-way" --set prune.policy=three-way
msb input.h5 "policy=three-way rethreshold=false band=0.2 margin=0.1 recompute_bits=5 keep_ratio=0.1" --set prune.policy=three-way \
    --set recompute.rethreshold=false --set prune.band=0.2 --set prune.margin=0.1 --set recompute.bits=5 --set prune.keep_ratio=0.1
msb input.h5 "policy=topk rethreshold=false" --set prune.policy=topk
msb full.h5 "policy=topk rethreshold=false keep_ratio=0.4 enabled=false" --set prune.policy=topk --set prune.keep_ratio=0.4 \
    --set recompute.enabled=false --set array.columns=7
msb input.h5 "policy=mnnfast rethreshold=false" --set prune.policy=mnnfast
msb full.h5 "policy=mnnfast rethreshold=false skip_below=0.3 empty=all enabled=false" --set prune.policy=mnnfast \
    --set prune.skip_below=0.3 --set prune.empty=all --set recompute.enabled=false
cascade() { # cascade FILE PYTHON_SETTINGS ARGUMENTS...
    file=$1 settings=$2; shift 2
    run msb.yaml -o msb.h5 --save margins --set workload.file=$file --set prune.policy=cascade "$@" &&
        $python "$srcdir/tests/check_cascade.py" msb.h5 $file $settings > out 2>> err
    status=$?
    ok "cascade, $file: $settings" "$status" "$(tail -5 err)"
    sed 's/^/# /' out
}
for file in deep.h5 wide.h5; do
    cascade $file "keep_ratio=0.4" --set prune.keep_ratio=0.4
    cascade $file "keep_ratio=0.5 head_ratio=0.5 value_ratio=0.4 token_unpruned_layers=0.5" --set prune.keep_ratio=0.5 \
        --set prune.head_ratio_start=0.5 --set prune.value_ratio=0.4 --set prune.token_unpruned_layers=0.5
    cascade $file "keep_ratio=0.6 lsb_bits=3 bound=0.3" --set prune.keep_ratio=0.6 --set prune.progressive_lsb_bits=3 \
        --set prune.progressive_bound=0.3
done
msb input.h5 "policy=a3 rethreshold=false" --set prune.policy=a3
msb full.h5 "policy=a3 rethreshold=false search_share=2 post_share=0.3" --set prune.policy=a3 --set prune.search_share=2 \
    --set prune.post_share=0.3
msb zero.h5 "policy=a3 rethreshold=false empty=zero" --set prune.policy=a3 --set prune.empty=zero
if [ -r "$real" ]; then
    $python - "$real" <<'PY'
import h5py, sys
with h5py.File(sys.argv[1]) as f, h5py.File("real.h5", "w") as g:
    for name, value in f.attrs.items():
        g.attrs[name] = value
    starts, lengths = f["token_offset"][:], (60, 45, 50)
    places = [t for s, n in zip(starts, lengths) for t in range(s, s + n)]
    g["token_offset"] = [0, 60, 105, 155]
    for layer in range(f.attrs["n_layers"]):
        for name in "qkv":
            g[f"layer{layer:02d}/{name}"] = f[f"layer{layer:02d}/{name}"][:][places]
PY
    msb real.h5 "$bit4"
    msb real.h5 "threshold=1.5 margin=0.25" --set prune.threshold=1.5 --set prune.margin=0.25
else
    skip "the decisions of a pretrained transformer" "$real is not there"
fi

# --- conductances and currents of the first read, from definitions 2
cat > amperes.py <<'PY'
import h5py, numpy as np, sys
offset = sys.argv[1] == "offset"
f, source = h5py.File("amperes.h5"), h5py.File("input.h5")
v_read, g_min, g_max = 0.1, 2e-6, 50e-6
n = source["token_offset"][1]
def msb(name, head):
    x = source["layer00/" + name][:, head].astype("f8")
    return np.clip(np.rint(np.rint(x / (abs(x).max() / 127)) / 16), -7, 7)[:n]
q, k = msb("q", 0), msb("k", 0)
s = f["samples"]
assert s["array_layer"][0] == 0 and s["array_kv_head"][0] == 0
g, i = s["target_conductance"][0], s["current"][0]
wanted = np.full(g.shape, g_min)
if offset:
    wanted[:6, :n] += ((k + 7) / 14 * (g_max - g_min)).T
    wanted[:6, -1] += 0.5 * (g_max - g_min)
else:
    wanted[:6, 0:2 * n:2] += (np.maximum(k, 0) / 7 * (g_max - g_min)).T
    wanted[:6, 1:2 * n:2] += (np.maximum(-k, 0) / 7 * (g_max - g_min)).T
assert np.allclose(g, wanted, rtol=1e-12, atol=0)
volts = np.zeros(len(g)); volts[:6] = q[0] * v_read / 7
assert np.allclose(i, volts @ wanted, rtol=1e-12, atol=1e-18)
score = i[0:n] - i[-1] if offset else i[0:2 * n:2] - i[1:2 * n:2]
unit = v_read / 7 * (g_max - g_min) / (14 if offset else 7)
assert np.allclose(score / unit, k @ q[0], rtol=0, atol=1e-9), "I_unit times sum(q_msb k_msb)"
PY
for sign in differential offset; do
    run msb.yaml -o amperes.h5 --save arrays --set encoding.sign=$sign --set encoding.v_read='100 mV' \
        --set device.g_min='2 uS' --set device.g_max='50 uS' --set array.rows=9 --set array.columns=16 &&
        $python amperes.py $sign > out 2>> err
    check "$sign: volts, siemens and amperes of the first read"
done
run msb.yaml -o noise.h5 --set 'sweep={comparator.noise: [0, 100 nA]}' --save margins --set monte_carlo.trials=1 && $python -c '
import h5py, numpy as np
f, source = h5py.File("noise.h5"), h5py.File("input.h5")
s = f["samples"]
step = lambda x: abs(x[:].astype("f8")).max(axis=(0, 2)) / 127
shift = s["analog_score"][1] - s["analog_score"][0]
unit = np.empty_like(shift)
for layer in range(2):
    for head in range(4):
        at = source[f"layer{layer:02d}/q"], source[f"layer{layer:02d}/k"]
        unit[(s["pair_layer"][:] == layer) & (s["pair_head"][:] == head)] = 0.4 * step(at[0])[head] * step(at[1])[head // 2] * 256
sigma = 100e-9 / (0.2 / 7 * 99e-6 / 7)
n = len(shift)
assert abs((shift / unit).std() / sigma - 1) < 4 / np.sqrt(2 * n) and abs((shift / unit).mean()) < 4 * sigma / np.sqrt(n)' > out 2>> err
check "comparator noise has its standard deviation, in amperes through I_unit"

# --- one knob at a time
run msb.yaml -o margin.h5 --set 'sweep={prune.margin: [-1, 0, 1, 1000]}' && $python -c '
import h5py, numpy as np
f = h5py.File("margin.h5")
prune, keep, ratio = (f[n][:, 0] for n in ("false_prune_rate", "false_keep_rate", "keep_ratio"))
assert (np.diff(prune) <= 0).all() and prune[0] > prune[2] and (np.diff(keep) >= 0).all() and (np.diff(ratio) > 0).all()
assert prune[3] == 0 and keep[3] == 1' > out 2>> err
check "a margin moves decisions one way only"
run msb.yaml -o noisy.h5 --set monte_carlo.trials=3 --set array.r_sense='50 ohm' \
    --set 'sweep={comparator.offset: [0, 100 nA, 5 uV, 1 mV]}' --save margins && $python -c '
import h5py, numpy as np
f = h5py.File("noisy.h5")
rate = f["false_prune_rate"][:]
assert np.array_equal(rate[1], rate[2]) and (rate[3].mean() > rate[1].mean())   # 5 uV across 50 ohm are 100 nA
a = f["samples"]["analog_score"][:]
assert abs((a[3] - a[0]) / (a[1] - a[0]) - 200).max() < 1e-3, "one draw, scaled"
p = {n: f["samples"]["pair_" + n][:] for n in ("layer", "head", "key", "query")}
same = (p["layer"] == 0) & (p["key"] == 1)
shift = (a[1] - a[0])[same & (p["head"] == 0)]
assert np.ptp(shift) < 1e-9 * abs(shift).max(), "a comparator keeps its offset"
assert f["comparator_offset"].dtype.kind in "OSU", "amperes and volts: words"' > out 2>> err
check "an offset in volts is amperes times the load, fixed for each comparator"
run msb.yaml -o load.h5 --set comparator.r_load='2 kohm' --set 'sweep={comparator.noise: [200 uV, 100 nA]}' --save margins &&
    $python -c '
import h5py, numpy as np
f = h5py.File("load.h5")
assert np.allclose(*f["samples"]["analog_score"][:], rtol=1e-12, atol=1e-12)' > out 2>> err
check "comparator.r_load takes the place of array.r_sense"
"$RESCORE" run msb.yaml -o bad.h5 --set comparator.offset='1 mV' > out 2> err
[ $? -eq 65 ] && grep -q "^--set comparator.offset=1 mV: error: comparator.offset in volts found, but .* is 0 ohm" err &&
    [ ! -e bad.h5 ]
check "volts across no load are refused"
run msb.yaml -o readout.h5 --set recompute.enabled=false --set 'sweep={readout.bits: [3, 6, 9, 12, 0]}' && $python -c '
import h5py, numpy as np
e = h5py.File("readout.h5")["output_error"][:, 0]
assert (np.diff(e[:4]) < 0).all() and abs(e[3] - e[4]) < 0.02 * e[4] + 0.01, e' > out 2>> err
check "a wider converter brings read-out scores nearer to ideal ones"
run ideal.yaml -o wires.h5 --set workload.samples=15 --set monte_carlo.trials=1 \
    --set 'sweep={array.r_word_line: [0, 1, 4, 16]}' && $python -c '
import h5py, numpy as np
f = h5py.File("wires.h5")
assert (np.diff(f["false_prune_rate"][:, 0]) > 0).all() and (np.diff(f["keep_ratio"][:, 0]) < 0).all()
assert (f["residual_max"][:] < 1e-9).all() and (f["status"][:] == 0).all()' > out 2>> err
check "longer wires lose current: more false prunes"
# --- cells that bend and have traps, in wires: the first read of every saved array as `solve` has it
cat > bent-card.yaml <<'YAML'
format: rescore-device-card
version: 1
name: bent
summary: a cell that bends and has traps
citation: [none]
window: {g_min: 1 uS, g_max: 100 uS, clamp: zero, source: a test, confidence: assumed}
telegraph: {kind: traps, traps: 0.5, amplitude: 10 %, amplitude_spread: 0.5, g_reference: 50 uS, exponent: 0.5, amplitude_max: 60 %, rate_low: 1e3, rate_high: 1e6, source: a test, confidence: assumed}
current_voltage: {kind: sinh, v0: 0.12 V, v_read: 0.1 V, source: a test, confidence: assumed}
YAML
cat > bent.py <<'PY'
import h5py, numpy as np, subprocess, sys
run, source = h5py.File("bent.h5")["samples"], h5py.File("input.h5")
assert ((run["read_conductance"][:] < run["target_conductance"][:]).mean() > 0.05), "no trap is occupied"
for array, (layer, kv_head) in enumerate(zip(run["array_layer"][:], run["array_kv_head"][:])):
    q = source[f"layer{layer:02}/q"][:].astype("f8")
    code = np.rint(q / (abs(q).max(axis=(0, 2), keepdims=True) / 127))
    msb = np.clip(np.rint(code / 16), -7, 7)[0, 2 * kv_head]
    with h5py.File("bent-array.h5", "w") as f:
        f["conductance"], f["voltage"] = run["read_conductance"][array], np.append(msb, [0, 0])[None] * 0.3 / 7
        f.attrs.update(r_word_line_ohm=20.0, r_bit_line_ohm=20.0, r_driver_ohm=100.0, r_sense_ohm=100.0, cell="sinh", v0_volts=0.12)
    subprocess.run([sys.argv[1], "solve", "bent-array.h5", "-o", "bent-answer.h5", "-q", "--tolerance", "1e-11"], check=True)
    expected, found = h5py.File("bent-answer.h5")["current"][0], run["current"][array]
    assert abs(found - expected).max() < 1e-9 * abs(expected).max(), (array, found, expected)
assert array == 3 and 0 < h5py.File("bent.h5")["residual_max"][0] < 1e-9
PY
run msb.yaml -o bent.h5 --save arrays --set workload.file=input.h5 --set device.card=bent-card.yaml --set encoding.v_read=0.3 \
    --set array.rows=8 --set array.columns=16 --set array.r_word_line=20 --set array.r_driver=100 --set array.r_sense=100 &&
    $python bent.py "$RESCORE" > out 2>> err
check "cells that bend and have traps carry the currents of solve"
plan
