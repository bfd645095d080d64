#!/bin/sh
# Transformers from outside: train on a text and on images, run, report, bad input. TAP.
. "${srcdir:=.}/tests/tap.sh"
python=/usr/bin/python3
work=$(mktemp -d "${TMPDIR:-/tmp}/rescore-transformer.XXXXXX") || exit 99
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 99
if ! $python -c 'import h5py' 2> why; then
    ok "h5py is installed (package python3-h5py)" 1 "$(cat why)"
    plan; exit 1
fi
check() { ok "$1" "$?" "$(cat out err 2> /dev/null | tail -20)"; } # check NAME: of the command before
refused() { # refused STATUS PATTERN NAME COMMAND...: one line, the exit status, no output under any name
    expected=$1 pattern=$2 name=$3; shift 3
    rm -rf bad.out*
    "$@" > out 2> err
    found=$?
    [ "$found" -eq "$expected" ] && [ "$(wc -l < err)" -eq 1 ] && grep -q -- "$pattern" err && [ ! -s out ] &&
        [ ! -e bad.out ]
    ok "$name" "$?" "exit $found: $(cat out err)"
}

awk 'BEGIN { for (i = 0; i < 1500; i++) printf "%s the %s; ", i * i % 7 < 3 ? "under" : "over", i % 5 < 2 ? "hill" : "moon" }' > text.txt
$python - <<'PY'
import struct
n = 160
pixels, labels = bytearray(), bytearray()
for i in range(n):
    label = i * 7 % 3
    labels.append(label)
    for p in range(64):
        pixels.append((200 if p // 22 == label else 40) + (i * 31 + p * 17) % 40)
open("images.idx", "wb").write(struct.pack(">IIII", 0x803, n, 8, 8) + pixels)
open("labels.idx", "wb").write(struct.pack(">II", 0x801, n) + labels)
PY
cat > text.yaml <<'YAML'
workload: {kind: transformer, text: text.txt}
transformer: {layers: 2, width: 16, heads: 4, kv_heads: 2, context: 24, batch: 8, steps: 40, warm_up: 4, validate: 20,
  validation_items: 6, test_items: 5, calibration_items: 4, rate: 0.01, positions: rotary-halves, norm: rms,
  activation: swiglu}
YAML
cat > images.yaml <<'YAML'
workload: {kind: transformer, images: images.idx, labels: labels.idx}
transformer: {layers: 1, width: 16, heads: 2, batch: 12, steps: 30, warm_up: 3, validate: 15, validation_items: 20,
  test_items: 40, calibration_items: 5, rate: 0.01}
YAML
"$RESCORE" train text.yaml -o text.h5 --json > out 2> err && $python -c '
import json; s = json.load(open("out")); assert 0 < s["test_nll"] < 2.5 and s["kind"] == "transformer"' 2>> err
check "train --json tells the test NLL of a language model"
"$RESCORE" train text.yaml -o again.h5 -j 1 -q > out 2> err && cmp text.h5 again.h5 >> out && [ ! -s out ]
check "the same seed trains the same bytes; -q says nothing"
"$RESCORE" train images.yaml -o images.h5 > out 2> err && grep -q '0.00 % of 40 held-out images wrong' out
check "train tells the test error of a vision transformer"

cat > run.yaml <<'YAML'
workload: {kind: transformer, file: text.h5}
device: {preset: ideal}
array: {rows: 8, columns: 32}
monte_carlo: {trials: 1}
prune: {policy: none}
YAML
"$RESCORE" run run.yaml -o exact.h5 --json --set encoding.bits=12 > out 2> err && $python -c '
import h5py, json
s = json.load(open("out"))
nll = h5py.File("text.h5").attrs["test_nll"]
f, q, t = s["task_metric_float"][0], s["task_metric_quantised"][0], s["task_metric"][0]
m = h5py.File("exact.h5")["task_metric"].attrs
assert "nll" in str(m["metric"]) and "lower" in str(m["better"]), dict(m)
assert abs(f / nll - 1) < 1e-13, (f, nll)
assert q == t and abs(q - f) < 2e-3, (q, t, f)' 2>> err
check "run: float is the file's NLL; nothing pruned is the quantised pass to the bit, and close to float"
"$RESCORE" run run.yaml -o r.h5 --json --set prune.policy=threshold --set 'prune.keep_ratio=40 %' --set device.read_noise=0.05 \
    --set device.preset=wan2022 > out 2> err && "$RESCORE" run run.yaml -o s.h5 --set prune.policy=threshold \
    --set 'prune.keep_ratio=40 %' --set device.read_noise=0.05 --set device.preset=wan2022 -j 1 -q 2>> err > out &&
    cmp r.h5 s.h5 > out
check "an analog run is the same for any number of threads"
"$RESCORE" report r.h5 -o r.html > out 2> err && grep -q nll r.html
check "report shows it"
"$RESCORE" run run.yaml -o i.h5 --json --set workload.file=images.h5 > out 2> err && $python -c '
import h5py, json
s = json.load(open("out"))
assert "accuracy" in str(h5py.File("i.h5")["task_metric"].attrs["metric"]) and s["task_metric_float"][0] == 1, s' 2>> err
check "run: a vision transformer is measured by accuracy"

cat > embedded.yaml <<'YAML'
workload: {kind: transformer, samples: 2}
monte_carlo: {trials: 1}
YAML
for task in text digits; do
    "$RESCORE" run embedded.yaml -o $task-run.h5 --json --set workload.task=$task > out 2> err &&
        $python - $task > out 2>> err <<'PY'
import h5py, math, sys
run = h5py.File(sys.argv[1] + "-run.h5")
exact, analog = run["task_metric_float"][0], run["task_metric"][0]
metric = run["task_metric"].attrs["metric"]
metric = metric.decode() if isinstance(metric, bytes) else str(metric)
assert metric == {"text": "nll", "digits": "accuracy"}[sys.argv[1]], metric
assert 0.5 < exact < 1.8 and 0 <= analog < 2.5 and 0 < run["keep_ratio"][0] < 1, (exact, analog)
PY
    check "the embedded model of $task runs on arrays and its result opens"
done
sed 's/, labels: labels.idx//' images.yaml > lone.yaml
refused 65 "workload.task: 'words' found, text or digits" "run: no such embedded model" \
    "$RESCORE" run embedded.yaml -o bad.out --set workload.task=words
refused 65 "workload.text, or from workload.images" "train: nothing to learn from" "$RESCORE" train run.yaml -o bad.out
refused 65 "workload.text, or from workload.images" "train: images without labels" \
    "$RESCORE" train lone.yaml -o bad.out
refused 74 "none.txt" "train: no such text" "$RESCORE" train text.yaml -o bad.out --set workload.text=none.txt
refused 65 "transformer.heads: 3 found" "train: heads that do not divide" \
    "$RESCORE" train text.yaml -o bad.out --set transformer.heads=3
refused 65 "labels.idx: error: another kind of file" "train: labels for images" \
    "$RESCORE" train images.yaml -o bad.out --set workload.images=labels.idx
refused 73 'cannot create' "train: no such output folder" "$RESCORE" train text.yaml -o nowhere/bad.out
refused 65 "text.h5:/@kind: error: 'transformer' found, 'memn2n' expected" "run: taken for a memory network" \
    "$RESCORE" run run.yaml -o bad.out --set workload.kind=memn2n
head -c 3000 text.h5 > cut.h5
refused 65 "cut.h5: error:" "run: a model cut short" "$RESCORE" run run.yaml -o bad.out --set workload.file=cut.h5
plan
