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


# --- every metric of the task, and cautions
cat > metrics.py <<'PY'
import h5py, json, numpy as np, sys
s, wanted = json.load(open("out")), int(sys.argv[1])
f = h5py.File("m.h5")
assert s["task_caution"] == wanted == f["task_caution"][()], (s["task_caution"], wanted)
meanings = f["task_caution"].attrs["flag_meanings"]
meanings = meanings.decode() if isinstance(meanings, bytes) else meanings
assert wanted == 0 or meanings.split()[wanted - 1] == sys.argv[2]
assert s["metric"] == "nll" and s["better"] == "lower" and "task_error" not in s
one = lambda name: np.array(s[name])
assert np.array_equal(one("task_nll"), one("task_metric")) and np.array_equal(one("task_nll_random"), one("task_metric_random"))
assert np.allclose(one("task_perplexity"), np.exp(one("task_nll")), rtol=1e-15)
assert np.allclose(one("task_bits_per_character"), one("task_nll") / np.log(2), rtol=1e-15)
assert np.allclose(one("task_loss_random"), one("task_metric_random") - one("task_metric_float"), atol=1e-15)
text, n = "abcdefghijklmnop", 16
assert abs(one("task_metric_chance")[0] - np.log(n)) < 1e-3, one("task_metric_chance")
for way in "", "_exact", "_quantised", "_random":
    assert (one("task_kl" + way) >= 0).all() and (one("task_agreement" + way) <= 1).all()
low, high = s["task_loss_sample_lo95"], s["task_loss_sample_hi95"]
assert low - 1e-12 <= np.mean(s["task_loss"]) <= high + 1e-12, (low, s["task_loss"], high)
PY
awk 'BEGIN { for (i = 0; i < 900; i++) printf "abcdefghijklmnop" }' > cycle.txt
"$RESCORE" train text.yaml -o cycle.h5 -q --set workload.text=cycle.txt --set transformer.layers=1 --set transformer.context=16 \
    --set transformer.steps=80 --set transformer.test_items=30 --set learned.thresholds=none > out 2> err
$python - <<'PY'
import h5py, shutil
def change(name, **zeros):
    shutil.copy("cycle.h5", name)
    with h5py.File(name, "r+") as f:
        for weights, part in zeros.items():
            w = f["weights/" + weights][()]
            w[part] = 0
            f["weights/" + weights][...] = w
queries = (Ellipsis, slice(0, 16))
change("uniform.h5", qkv=queries)
change("silent.h5", norm_last=Ellipsis)
PY
caution() { # caution NAME MODEL BITS MEANING ARGUMENTS...
    name=$1 model=$2 bits=$3 meaning=$4; shift 4
    "$RESCORE" run run.yaml -o m.h5 --json --set prune.policy=threshold --set workload.file="$model" "$@" > out 2> err &&
        $python metrics.py "$bits" "$meaning" 2>> err
    check "caution: $name"
}
caution "words that follow from the last one hardly need attention" cycle.h5 2 hardly_depends_on_attention
caution "uniform attention" uniform.h5 2 hardly_depends_on_attention
caution "a model that knows nothing" silent.h5 1 at_chance
"$RESCORE" run run.yaml -o m.h5 --set prune.policy=threshold --set workload.file=uniform.h5 > out 2> err &&
    grep -q 'caution: the task hardly depends on attention' out && grep -q 'Task metric: nll, nats per answer, lower is better' out
check "the summary says so, and names metric and unit"
"$RESCORE" report m.h5 -o m.html > out 2> err && [ "$(grep -c 'hardly depends on attention' m.html)" -eq 2 ] &&
    grep -q '<h2 id="task">' m.html && grep -q '<th class="name" scope="row">perplexity</th>' m.html
check "so does the report, beside the loss and in the section of the task"
cat > stories.yaml <<'YAML'
workload: {samples: 100}
monte_carlo: {trials: 1}
YAML
"$RESCORE" run stories.yaml -o m.h5 --json > out 2> err && $python -c '
import json
s = json.load(open("out"))
assert s["task_caution"] == 0 and s["task_loss_random_sample_lo95"] > 0.3, s["task_loss_random_sample_lo95"]' 2>> err
check "no caution: stories need attention"

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
