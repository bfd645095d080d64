#!/bin/sh
# Checkpoints of llama2.c from outside: runs, what is missing or wrong, the figures of a pretrained model. TAP.
. "${srcdir:=.}/tests/tap.sh"
python=/usr/bin/python3
work=$(mktemp -d "${TMPDIR:-/tmp}/rescore-llama2c.XXXXXX") || exit 99
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 99
if ! $python -c 'import h5py' 2> why; then
    ok "h5py is installed (package python3-h5py)" 1 "$(cat why)"
    plan; exit 1
fi
check() { ok "$1" "$?" "$(cat out err 2> /dev/null | tail -20)"; } # check NAME: of the command before
refused() { # refused STATUS PATTERN NAME ARGUMENTS...: one line, the exit status, no output under any name
    expected=$1 pattern=$2 name=$3; shift 3
    rm -rf bad.out*
    "$RESCORE" run run.yaml -o bad.out "$@" > out 2> err
    found=$?
    [ "$found" -eq "$expected" ] && [ "$(wc -l < err)" -eq 1 ] && grep -q -- "$pattern" err && [ ! -s out ] &&
        [ ! -e bad.out ]
    ok "$name" "$?" "exit $found: $(cat out err)"
}
get() { # get FILE ARGUMENTS...: a run into FILE, its summary as JSON in j
    file=$1; shift; "$RESCORE" run run.yaml -o "$file" --json "$@" > j 2> err
}

# A model of no training: 300 words (letters, their pairs with e), width 12, 2 layers, 3 heads on 1 kv head.
$python - <<'PY'
import random, struct
random.seed(5)
d, hidden, layers, heads, kv, words, longest = 12, 20, 2, 3, 1, 300, 24
kv_d = d // heads * kv
sizes = [words * d, layers * d, layers * d * d, layers * kv_d * d, layers * kv_d * d, layers * d * d, layers * d,
         layers * hidden * d, layers * d * hidden, layers * hidden * d, d, longest * d // heads]
weights = []
for i, n in enumerate(sizes):
    weights += [1.0 if i in (1, 6, 10) else random.gauss(0, 0.4) for _ in range(n)]
open("m.bin", "wb").write(struct.pack("<7i", d, hidden, layers, heads, kv, words, longest) +
                          struct.pack("<%df" % len(weights), *weights))
dead = list(weights)
dead[:words * d] = [1e38 if i % 2 else -1e38 for i in range(words * d)]
open("large.bin", "wb").write(struct.pack("<7i", d, hidden, layers, heads, kv, words, longest) +
                              struct.pack("<%df" % len(weights), *dead))
texts = ["<unk>", "\n<s>\n", "\n</s>\n"] + ["<0x%02X>" % i for i in range(256)] + list(" abcdefghijklmnopqrst") + \
    [c + "e" for c in "abcdfghijklmnopqrst "]
assert len(texts) == words
tokens = b"".join(struct.pack("<fi", -i, len(t)) + t.encode() for i, t in enumerate(texts))
open("t.bin", "wb").write(struct.pack("<i", 7) + tokens)
open("text.txt", "w").write("one bee and another bee\n<|endoftext|>\n a cab <|endoftext|>be\n\n<|endoftext|>" +
                            "the longest piece of them all is cut off at the end of the sequence")
open("other.txt", "w").write("a fee is due to the bee<|endoftext|>" * 3)
PY
cat > run.yaml <<'YAML'
workload: {kind: llama2c, file: m.bin, tokenizer: t.bin, text: text.txt}
device: {preset: ideal}
array: {rows: 4, columns: 16, r_word_line: 0, r_driver: 0, r_sense: 0}
comparator: {offset: 0, noise: none}
monte_carlo: {trials: 2}
prune: {keep_ratio: 40 %, margin: 0}
YAML
get o.h5 --set encoding.bits=8 --set encoding.analog_bits=8 --set encoding.query_bits=8 && $python -c '
import h5py, json
s, f = json.load(open("j")), h5py.File("o.h5")
assert "nll" in str(f["task_metric"].attrs["metric"]) and "lower" in str(f["task_metric"].attrs["better"])
assert s["n_samples"] == 4 and "the first 2 samples calibrate too" in s["workload"], s["workload"]
assert s["false_prune_rate"] == [[0, 0]] or s["false_prune_rate"] == [0, 0], s["false_prune_rate"]
assert f["task_metric"][()].tolist() == f["task_metric_exact"][()].tolist()' 2>> err
check "run: ideal arrays decide as the integers do; the result says what calibrated"
get u.h5 --set prune.policy=none --set encoding.bits=16 --set workload.calibration_text=text.txt && $python -c '
import h5py
f = h5py.File("u.h5")
t, q, r = (f[n][()].tolist() for n in ("task_metric", "task_metric_quantised", "task_metric_float"))
assert t == q and all(abs(a / b - 1) < 1e-4 for a, b in zip(t, r)), (t, q, r)' 2>> err
check "run: nothing pruned is the plain forward pass"
get h.h5 --set prune.calibration=holdout && $python -c '
import json
s = json.load(open("j"))
assert s["n_samples"] == 2 and "the first 2 samples only calibrate" in s["workload"], s' 2>> err
check "run: holdout evaluates on the rest"
get c.h5 --set workload.calibration_text=other.txt && $python -c '
import h5py, json
s = json.load(open("j"))
a, b = h5py.File("o.h5"), h5py.File("c.h5")
assert s["n_samples"] == 4 and "calibrate" not in s["workload"], s["workload"]
assert a["task_metric_float"][()].tolist() == b["task_metric_float"][()].tolist()
assert a["task_metric_exact"][()].tolist() != b["task_metric_exact"][()].tolist()' 2>> err
check "run: another text calibrates"
digest() { "$RESCORE" run run.yaml -o d.h5 --json --set workload.calibration_text=other.txt --set monte_carlo.trials=1 2> err | grep sha256; }
digest > one; for file in m.bin t.bin text.txt other.txt; do
    cp $file kept
    case $file in
    t.bin) printf '\302' | dd of=t.bin bs=1 seek=7 conv=notrunc 2> /dev/null;;
    m.bin) printf '\001' | dd of=m.bin bs=1 seek=28 conv=notrunc 2> /dev/null;;
    *) printf ' and more' >> $file;;
    esac
    digest > two; cp kept $file
    [ -s two ] && ! cmp one two > out; check "the configuration's digest covers the content of $file"
done
"$RESCORE" check run.yaml > out 2> err && grep -q 'points' out && "$RESCORE" explain workload.calibration_text > out 2> err &&
    "$RESCORE" init > out 2> err && grep -q 'tokenizer:' out
check "check, explain and init know it"

for key in file tokenizer text; do
    sed "s/ $key: [a-z.]*,*//" run.yaml > less.yaml
    rm -f bad.out; "$RESCORE" run less.yaml -o bad.out > out 2> err; [ $? -eq 65 ] && [ "$(wc -l < err)" -eq 1 ] &&
        grep -q "^less.yaml: error: workload.$key: missing; workload.kind: llama2c needs" err
    check "workload.$key is missing"
    refused 74 "none.x: error: cannot open" "no such workload.$key" --set workload.$key=none.x
done
refused 74 "none.x: error: cannot open" "no such calibration text" --set workload.calibration_text=none.x
refused 65 "^large.bin: error: calibration input 0: an NLL of -*nan found, a finite one expected" \
    "weights beyond single precision" --set workload.file=large.bin
refused 65 "t.bin: error:" "a tokenizer taken for a checkpoint" --set workload.file=t.bin
refused 65 "m.bin: error:" "a checkpoint taken for a tokenizer" --set workload.tokenizer=m.bin
head -c 500 m.bin > cut.bin
refused 65 "cut.bin: error: 500 bytes found, " "a checkpoint cut short" --set workload.file=cut.bin
printf ' \n' > white.txt
refused 65 "white.txt: error: nothing but white space" "an empty text" --set workload.text=white.txt
printf 'one piece' > piece.txt
refused 65 "prune.calibration" "nothing left to evaluate on" --set workload.text=piece.txt --set prune.calibration=holdout

# --- the pretrained model: figures of its data's README, and of research made with other programs
data=${RESCORE_TEST_DATA:-none}/stories260k
if [ -r "$data/stories260K.bin" ]; then
    cat > run.yaml <<YAML
workload: {kind: llama2c, file: $data/stories260K.bin, tokenizer: $data/tok512.bin, text: straight.txt}
device: {preset: ideal}
array: {rows: 8, columns: 64}
monte_carlo: {trials: 1}
prune: {policy: oracle, keep_ratio: 25 %}
encoding: {bits: 12}
YAML
    # the figures are of straight quotes
    sed 's/“/"/g; s/”/"/g' "$data/tinystories_sample.txt" > straight.txt
    awk 'BEGIN { RS = "<\\|endoftext\\|>" } NR == 1' straight.txt > first.txt
    awk 'BEGIN { RS = "<\\|endoftext\\|>" } NR > 1 { printf "%s<|endoftext|>", $0 }' straight.txt > last.txt
    get raw.h5 --set workload.text="$data/tinystories_sample.txt" --set prune.policy=none && $python -c '
import json, math
s = json.load(open("j"))
nll = s["task_metric_float"][0]
assert abs(math.exp(nll) / math.exp(1.264) - 1) < 0.01 and abs(s["task_metric_quantised"][0] - nll) < 2e-3, s' 2>> err
    check "stories260K: the sample as it is has the perplexity stated, to 1 %"
    get four.h5 --set workload.text=last.txt --set workload.calibration_text=first.txt && $python -c '
import json
s = json.load(open("j"))
assert abs(s["task_metric_float"][0] - 1.2535) < 1e-4, s["task_metric_float"]
assert 0.2 < s["keep_ratio"][0] < 0.3 and 0.005 < s["task_metric_exact"][0] - 1.2535 < 0.05, s
assert s["task_metric"] == s["task_metric_exact"]' 2>> err
    check "stories260K: a quarter of the keys is nearly enough"
else
    skip "stories260K: figures" "no stories260k under RESCORE_TEST_DATA"
fi
plan
