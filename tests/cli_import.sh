#!/bin/sh
# Imported transformers from outside: forward passes against torch, runs, reports, bad input. Prints TAP.
. "${srcdir:=.}/tests/tap.sh"
python=/usr/bin/python3
logits=${builddir:=.}/tests/import_logits
work=$(mktemp -d "${TMPDIR:-/tmp}/rescore-import.XXXXXX") || exit 99
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

$python "$srcdir/tests/import_models.py" make . > out 2> err &&
    for model in *-*; do
        "$logits" $model/model.safetensors $model/config.json $model/items.h5 > $model/logits 2>> err || exit
    done
check "GPT-2, BERT, ViT and Llama are imported from F32, F16 and BF16"
if $python -c 'import torch' 2> /dev/null; then
    $python "$srcdir/tests/import_models.py" compare . > out 2> err
    check "their logits are those of torch"
else
    skip "their logits are those of torch" "package python3-torch is missing"
fi

cat > run.yaml <<'YAML'
workload: {kind: safetensors, file: gpt2-F32/model.safetensors, items: gpt2-F32/items.h5}
device: {preset: ideal}
array: {rows: 16, columns: 32}
monte_carlo: {trials: 1}
prune: {policy: none}
YAML
cat > metric.py <<'PY'
import json, sys
import h5py, numpy as np
family, at = sys.argv[1], sys.argv[1] + "-F32"
summary = json.load(open("out"))
logits = np.fromfile(at + "/logits", "<f4").astype(float)
test = {name: values[:] for name, values in h5py.File(at + "/items.h5")["test"].items()}
if "labels" in test:
    expected = np.mean(logits.reshape(len(test["labels"]), -1).argmax(1) == test["labels"])
else:
    logits = logits.reshape(len(test["words"]), -1)
    logits -= np.log(np.exp(logits).sum(1, keepdims=True))
    last = test["word_offset"][1:] - 1
    counted = np.setdiff1d(np.arange(len(logits) - 1), last)
    expected = -logits[counted, test["words"][counted + 1]].mean()
found = summary["task_metric_float"][0]
assert abs(found - expected) <= 1e-6 * max(1, expected), (found, expected)
assert summary["task_metric"] == summary["task_metric_quantised"], summary
PY
for family in gpt2 bert vit llama; do
    "$RESCORE" run run.yaml -o $family.h5 --json --set workload.file=$family-F32/model.safetensors \
        --set workload.items=$family-F32/items.h5 > out 2> err && $python metric.py $family 2>> err
    check "run: $family's float metric is that of its logits; nothing pruned is the quantised pass"
done
"$RESCORE" report llama.h5 -o llama.html > out 2> err &&
    grep -q 'the first 3 samples calibrate too' llama.html
check "what calibrates is said"

"$RESCORE" run run.yaml -o r.h5 --set prune.policy=threshold --set 'prune.keep_ratio=40 %' --set device.read_noise=0.05 \
    --set device.preset=wan2022 --set prune.calibration=holdout -q > out 2> err &&
    "$RESCORE" run run.yaml -o s.h5 --set prune.policy=threshold --set 'prune.keep_ratio=40 %' -q -j 1 \
        --set device.read_noise=0.05 --set device.preset=wan2022 --set prune.calibration=holdout >> out 2>> err &&
    cmp r.h5 s.h5 >> out && "$RESCORE" report r.h5 -o r.html >> out 2>> err && grep -q 'only calibrate' r.html
check "an analog run is the same for any number of threads; what is held out is said in its report"

digest() { "$RESCORE" run run.yaml -o d.h5 -q > out 2> err && $python -c '
import h5py; print(h5py.File("d.h5").attrs["config_sha256"])' 2>> err; }
one=$(digest) && echo >> gpt2-F32/config.json && two=$(digest) && [ -n "$one" ] && [ "$one" != "$two" ]
check "config.json counts for the digest though no key names it"
cp gpt2-F32/config.json shape.json && rm gpt2-F32/config.json &&
    "$RESCORE" run run.yaml -o named.h5 -q --set workload.shape=shape.json > out 2> err
check "workload.shape names it elsewhere"
refused 74 "gpt2-F32/config.json: error: cannot open" "run: no config.json" "$RESCORE" run run.yaml -o bad.out

"$RESCORE" info llama-BF16/model.safetensors > out 2> err &&
    grep -q '^  model.layers.2.self_attn.k_proj.weight  *BF16  \[16, 32\]$' out && grep -q '^30 tensors' out
check "info shows names, types and shapes"
sed 's/file: [^,]*, //' run.yaml > lone.yaml
refused 65 "lone.yaml: error: workload.file: missing; workload.kind: safetensors needs the weights" "run: no weights" \
    "$RESCORE" run lone.yaml -o bad.out
sed 's/, items: [^}]*//' run.yaml > lone.yaml
refused 65 "lone.yaml: error: workload.items: missing" "run: no items" "$RESCORE" run lone.yaml -o bad.out
refused 65 "items.h5: error: a header of" "run: items for weights" \
    "$RESCORE" run run.yaml -o bad.out --set workload.file=gpt2-F32/items.h5 --set workload.shape=shape.json
refused 65 "items.h5:/test/images: error:" "run: another family's items" \
    "$RESCORE" run run.yaml -o bad.out --set workload.file=vit-F32/model.safetensors
refused 65 "items.h5:/test/words: error: .* found, 0 to 39 expected" "run: words that the model lacks" \
    "$RESCORE" run run.yaml -o bad.out --set workload.file=llama-F32/model.safetensors
head -c 3000 llama-F32/model.safetensors > llama-F16/cut.safetensors
refused 65 "cut.safetensors: error: " "run: weights cut short" "$RESCORE" run run.yaml -o bad.out \
    --set workload.file=llama-F16/cut.safetensors --set workload.items=llama-F16/items.h5
refused 65 "cut.safetensors: error: " "info: weights cut short" "$RESCORE" info llama-F16/cut.safetensors
plan
