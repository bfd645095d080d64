#!/bin/sh
# init, check, explain, run, merge, info, train from outside: bad input, bad command lines, what goes where. TAP.
. "${srcdir:=.}/tests/tap.sh"
python=/usr/bin/python3
work=$(mktemp -d "${TMPDIR:-/tmp}/rescore-cli.XXXXXX") || exit 99
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
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
run_bad() { # run_bad STATUS PATTERN NAME ARGUMENTS...
    status=$1 pattern=$2 name=$3; shift 3
    refused "$status" "$pattern" "$name" "$RESCORE" run c.yaml -o bad.out "$@"
}
cat > c.yaml <<'YAML'
workload:
  samples: 3
monte_carlo:
  trials: 1
YAML
cat > qkv.yaml <<'YAML'
workload: {kind: qkv, file: input.h5}
monte_carlo: {trials: 1}
YAML

# --- configurations, by file and by --set (messages of values: tests/test_config.c)
refused 74 '^none.yaml: error: cannot open' "a missing configuration" "$RESCORE" run none.yaml -o bad.out
refused 74 '^\.: error: cannot read' "a folder as configuration" "$RESCORE" run . -o bad.out
printf 'array:\n  rows: 5 V\n' > bad.yaml
refused 65 "^bad.yaml:2:9: error: 'array.rows'" "a wrong unit" "$RESCORE" run bad.yaml -o bad.out
printf 'array:\n  rowz: 5\n' > bad.yaml
refused 65 "^bad.yaml:2:3: error: .*did you mean 'array.rows'" "an unknown key" "$RESCORE" run bad.yaml -o bad.out
refused 65 "^bad.yaml:2:3: error: .*did you mean 'array.rows'" "check: an unknown key" "$RESCORE" check bad.yaml
printf 'monte_carlo:\n  mode: law\n' > bad.yaml
refused 65 "^bad.yaml:2:9: error: .*sample expected" "a mode that is not there" "$RESCORE" run bad.yaml -o bad.out
printf 'device:\n  time: 1 year\n' > bad.yaml
refused 65 "^bad.yaml:2:9: error: device.time .*device.extrapolate" "a time that nobody published" "$RESCORE" run bad.yaml -o bad.out
printf 'sweep:\n  device.time: [1 s, 1 year]\n' > bad.yaml
refused 65 "^bad.yaml:2:16: error: device.time " "the same in a sweep" "$RESCORE" check bad.yaml
printf 'array:\n  read_time: 2 us\n  query_interval: 1 us\n' > bad.yaml
refused 65 "^bad.yaml:3:19: error: array.query_interval 1e-06 s found, at least array.read_time" "queries closer than a read" "$RESCORE" run bad.yaml -o bad.out
printf 'array:\n  fill: append\n' > bad.yaml
refused 65 "^bad.yaml:2:9: error: array.fill: append found, but" "keys that come with no token" "$RESCORE" run bad.yaml -o bad.out
printf 'device:\n  card: card.yaml\n' > bad.yaml
refused 74 "^card.yaml: error: cannot open" "a missing card" "$RESCORE" run bad.yaml -o bad.out
printf 'format: banana\n' > card.yaml
"$RESCORE" run bad.yaml -o bad.out > out 2> err
[ $? -eq 65 ] && grep -q '^card.yaml:1:9: error: ' err && ! grep -qv '^card.yaml:' err && [ ! -e bad.out ]
check "a card that is none"
printf '\0\1\2' > bad.yaml
refused 65 "^bad.yaml:1:1: error:" "a configuration of bytes" "$RESCORE" run bad.yaml -o bad.out
run_bad 65 "^--set workload.kind=perceptron: error: .*memn2n" "a workload kind that is not there" --set workload.kind=perceptron
run_bad 65 "^--set workload.kind=stories: error: .*stories and babi are for train" "stories are for train" --set workload.kind=stories
run_bad 65 "^--set monte_carlo.mode=law-full: error: .*sample expected" "law-full" --set monte_carlo.mode=law-full
run_bad 65 "^--set array.rows=x: error: " "a bad --set" --set array.rows=x
run_bad 65 "^--set nonsense: error: KEY=VALUE expected" "a --set without value" --set nonsense
run_bad 65 "^--set encoding.analog_bits=9: error: .*encoding.bits (8)" "more MSBs than bits" --set encoding.analog_bits=9
run_bad 65 "^c.yaml: error: encoding.analog_bits 4 found" "fewer bits than the default MSBs" --set encoding.bits=3
run_bad 65 "^--set recompute.bits=9: error: " "more recomputed bits than bits" --set recompute.bits=9
run_bad 65 "^--set recompute.bits=1: error: " "one recomputed bit" --set recompute.bits=1
run_bad 65 "^--set readout.bits=1: error: " "a converter of one bit" --set readout.bits=1
run_bad 65 "^--set device.g_min=0: error: \|device window 0 to 40 uS" "a window beyond the card's" --set device.g_min=0
run_bad 65 "^--set device.g_min=40 uS: error: .*below device.g_max" "no window" --set "device.g_min=40 uS"
run_bad 65 "^--set array.columns=3: error: \|at least" "too few columns for a key" --set array.columns=3 --set encoding.cell_bits=1
run_bad 65 "^--set prune.threshold=\[1, 2\]: error: .*1 or 3 (one per layer)" "a threshold list of wrong length" --set "prune.threshold=[1, 2]"
run_bad 65 "^--set prune.threshold=learned: error: .*no learned" "thresholds that were not learned" --set prune.threshold=learned
run_bad 65 "^--set prune.band=1: error: prune.band: found, but prune.policy is threshold; three-way expected" "the key of another policy" --set prune.band=1
run_bad 65 "^--set prune.threshold=1: error: prune.threshold: found, but policy topk" "a threshold for topk" --set prune.policy=topk --set prune.threshold=1
run_bad 65 "^--set recompute.enabled=false: error: .*three-way" "three-way without a digital unit" --set prune.policy=three-way --set recompute.enabled=false
run_bad 65 "^--set prune.empty=self: error: " "self without a self" --set prune.empty=self
run_bad 65 "^--set comparator.noise=1 mV: error: .*0 ohm" "volts without a load" --set "comparator.noise=1 mV" --set comparator.r_load=0
run_bad 65 "qkv needs a q/k/v file" "no file for qkv" --set workload.kind=qkv

# --- q/k/v files: name|pattern after the file's name|settings of make_qkv
cat > table <<'TABLE'
NaN in q|:/layer00/q: error: nan found at token 2|NAN=q
infinity in v|:/layer00/v: error: inf found|INF=v
missing tokens|:/layer00/v: error: 25 tokens found, 26 expected|TOKENS=v
missing heads|:/layer00/k: error: 1 heads found, 2 expected|HEADS=k
missing components|:/layer00/v: error: 5 components found, 6 expected|D=v
wrong rank|:/layer00/q: error: 2 dimensions found, 3 expected|RANK=q
missing dataset|:/layer01/k: error: not found|DROP=layer01/k
first offset|:/token_offset: error: first offset 1 found, 0 expected|OFFSET=first
last offset|:/token_offset: error: last offset 27 found, 26 expected|OFFSET=last
falling offsets|:/token_offset: error: 14 after 105 found|OFFSET=falls
declared score bias|:/layer00/score_bias: error: an additive score bias|EXTRA=layer00/score_bias
other format|:/@format: error: 'foo' found, 'qkv-workload' expected|format=foo
no format|:/@format: error: |format=
later version|:/@version: error: 2 found|version=2
negative scale|:/@score_scale: error: -1 found|score_scale=-1
no scale|:/@score_scale: error: |score_scale=
kv heads that do not divide|:/@n_kv_heads: error: 3 found, a divisor|n_kv_heads=3
causal of 2|:/@causal: error: 2 found|causal=2
no tokens|:/token_offset: error: no tokens|LENGTHS=0,0
TABLE
{ awk -F'|' '{ print "bad" NR ".h5 1 " $3 }' table; echo "input.h5 1"; echo "late.h5 1 LENGTHS=0,0,0,5"; echo "one.h5 1 LENGTHS=4"; } |
    $python "$srcdir/tests/make_qkv.py"
i=0
while IFS='|' read -r name pattern settings; do
    i=$((i + 1))
    refused 65 "^bad$i.h5$pattern" "q/k/v: $name" "$RESCORE" run qkv.yaml -o bad.out --set workload.file=bad$i.h5
done < table
qkv_bad() { status=$1 pattern=$2 name=$3; shift 3; refused "$status" "$pattern" "q/k/v: $name" "$RESCORE" run qkv.yaml -o bad.out "$@"; }
qkv_bad 65 '^qkv.yaml: error: prune.keep_ratio: the calibration samples' "no tokens to calibrate on" --set workload.file=late.h5
qkv_bad 65 'prune.calibration: holdout: 1 samples found' "nothing left to evaluate on" --set workload.file=one.h5 --set prune.calibration=holdout
qkv_bad 74 '^none.h5: error: cannot open' "missing file" --set workload.file=none.h5
qkv_bad 74 '^\.: error: cannot open' "a folder" --set workload.file=.
qkv_bad 65 '^c.yaml: error: not an HDF5 file' "foreign file" --set workload.file=c.yaml
size=$(wc -c < input.h5)
for part in 5 50 95; do
    head -c $((size * part / 100)) input.h5 > cut.h5
    qkv_bad 65 '^cut.h5: error: ' "cut to $part %" --set workload.file=cut.h5
done
if [ "$(id -u)" -ne 0 ]; then
    cp input.h5 secret.h5; chmod 000 secret.h5
    qkv_bad 74 '^secret.h5: error: cannot open' "unreadable" --set workload.file=secret.h5
else
    skip "q/k/v: unreadable" "root reads everything"
fi
qkv_bad 65 '^input.h5:/@format: error: .*rescore-model' "taken for a model" --set workload.kind=memn2n

# --- train, and model files
cat > train.yaml <<'YAML'
workload: {kind: stories, task: one-fact}
train: {questions: 300, epochs: 3, restarts: 1, sentences: 12, test_questions: 40, embedding: 12, hops: 2}
YAML
"$RESCORE" train train.yaml -o model.h5 --json > out 2> err && $python -c '
import json; s = json.load(open("out")); assert 0 <= s["test_error"] <= 1 and s["schema"] and s["n_hops"] == 2' 2>> err
check "train --json tells the test error"
"$RESCORE" train train.yaml -o again.h5 -j 1 -q > out 2> err && cmp model.h5 again.h5 >> out && [ ! -s out ]
check "the same seed trains the same bytes; -q says nothing"
"$RESCORE" train train.yaml -o other.h5 --seed 2 -q > out 2> err && ! cmp -s model.h5 other.h5
check "another seed trains others"
"$RESCORE" run c.yaml --set workload.file=model.h5 --set workload.samples=0 -o r.h5 --json > out 2> err && $python -c '
import h5py, json
s = json.load(open("out"))
assert s["n_samples"] == 40 and abs(s["task_metric_float"][0] - (1 - h5py.File("model.h5").attrs["test_error"])) < 1e-12' 2>> err
check "run takes the model; its float accuracy is the trained one"
"$RESCORE" run c.yaml --set workload.file=model.h5 --set prune.threshold=learned -o r.h5 --json > out 2> err && $python -c '
import h5py, json
s, f = json.load(open("out")), h5py.File("r.h5")
assert s["thresholds"] == f.attrs["thresholds"] == "learned with the model"
assert h5py.File("model.h5")["threshold"].attrs["method"] == "learned"' 2>> err
check "run takes the thresholds of the model, and says so"
"$RESCORE" run c.yaml --set workload.file=model.h5 --set 'prune.lost_mass=2 %' -o r.h5 --json > out 2> err && $python -c '
import json
assert json.load(open("out"))["thresholds"] == "calibrated to prune.lost_mass"' 2>> err
check "--set prune.lost_mass takes the place of the keep ratio"
run_bad 65 "^--set prune.lost_mass=1 %: error: prune.lost_mass: found, but policy topk" "lost_mass with a policy that ranks" --set 'prune.lost_mass=1 %' --set prune.policy=topk
"$RESCORE" train train.yaml -o plain.h5 --set learned.thresholds=none -q > out 2> err && ! run_plain="$("$RESCORE" run c.yaml --set workload.file=plain.h5 --set prune.threshold=learned -o bad.out 2>&1)" && echo "$run_plain" | grep -q "^--set prune.threshold=learned: error: prune.threshold: learned found, but this model has no"
check "learned thresholds of a model without any are refused"
refused 65 "^train.yaml: error: \|'stories' or 'babi' expected" "train: another workload kind" "$RESCORE" train train.yaml -o bad.out --set workload.kind=memn2n
refused 65 "^train.yaml: error: 'sweep' found" "train: a sweep" "$RESCORE" train train.yaml -o bad.out --set 'sweep.array.rows=[8, 9]'
refused 65 "^train.yaml: error: workload.task: 'countin' found, .*did you mean 'counting'" "train: a kind of stories that is none" "$RESCORE" train train.yaml -o bad.out --set workload.task=countin
mkdir -p babi && printf '1 Mary ran.\n3 Where is she?\tthere\t1\n' > babi/qa2_x_train.txt && cp babi/qa2_x_train.txt babi/qa2_x_test.txt
refused 65 "^babi/qa2_x_train.txt:2:1: error: line numbers" "train: a file of stories that is none" "$RESCORE" train train.yaml -o bad.out --set workload.kind=babi --set workload.file=babi --set workload.task=2
refused 65 "^train.yaml: error: workload.task: 'x' found, 1 to 20 or joint" "train: a task that is no number" "$RESCORE" train train.yaml -o bad.out --set workload.kind=babi --set workload.file=babi --set workload.task=x
refused 74 "^nowhere: error: No such" "train: a folder that is not there" "$RESCORE" train train.yaml -o bad.out --set workload.kind=babi --set workload.file=nowhere --set workload.task=2
refused 65 "^train.yaml: error: train.sentences" "train: longer stories than memories" "$RESCORE" train train.yaml -o bad.out --set train.memories=8
refused 73 'cannot create' "train: no such output folder" "$RESCORE" train train.yaml -o nowhere/bad.out
cat > spoil.py <<'PY'
import h5py, numpy as np, shutil, sys
def spoil(name, change):
    shutil.copy("model.h5", name)
    with h5py.File(name, "r+") as f:
        change(f)
def put(path, at, value):
    def change(f):
        x = f[path][:]; x[at] = value; f[path][...] = x
    return change
def attribute(name, value):
    return lambda f: f.attrs.modify(name, value)
def drop(path):
    def change(f): del f[path]
    return change
def shorten(path):
    def change(f):
        x = f[path][:]; del f[path]; f[path] = x[:-1]
    return change
spoil("m1.h5", put("embedding", (0, 3, 2), np.nan))
spoil("m2.h5", attribute("kind", "transformer"))
spoil("m3.h5", attribute("version", 9))
spoil("m4.h5", drop("time"))
spoil("m5.h5", shorten("test/answer"))
spoil("m6.h5", put("test/words", 0, 30000))
spoil("m7.h5", put("code_max_key", (0, 0), -1.0))
spoil("m8.h5", shorten("vocabulary"))
spoil("m9.h5", attribute("d", 13))
spoil("m10.h5", lambda f: f.attrs.__delitem__("n_hops"))
PY
$python spoil.py > out 2> err
check "model files are spoilt"
for i in 1 2 3 4 5 6 7 8 9 10; do
    run_bad 65 "^m$i.h5:/.*: error: " "model file $i: $(grep "m$i.h5" spoil.py)" --set workload.file=m$i.h5
done
size=$(wc -c < model.h5)
head -c $((size / 2)) model.h5 > cut.h5
run_bad 65 '^cut.h5: error: ' "half a model" --set workload.file=cut.h5
cp model.h5 flipped.h5; printf '\377' | dd of=flipped.h5 bs=1 seek=$((size / 2)) conv=notrunc 2> /dev/null
run_bad 65 '^flipped.h5: error: .*checksum' "a flipped byte" --set workload.file=flipped.h5

# --- outputs
refused 73 '^nowhere/bad.out: error: cannot create' "no such output folder" "$RESCORE" run c.yaml -o nowhere/bad.out
refused 73 '^\.: error: cannot create' "a folder as output" "$RESCORE" run c.yaml -o .
refused 73 '^c.yaml/x: error: ' "a file as folder of shards" "$RESCORE" run c.yaml --shard 0/1 -o c.yaml/x
refused 64 "'-' found" "a result to standard output" "$RESCORE" run c.yaml -o -
refused 64 'another file than the input' "the configuration as output" "$RESCORE" run c.yaml -o ./c.yaml
refused 64 'another file than workload.file' "the workload as output" "$RESCORE" run qkv.yaml -o ./input.h5
grep -q samples c.yaml && $python -c 'import h5py; h5py.File("input.h5")["layer00/q"]'
check "both are unharmed"
limited() { (trap '' XFSZ; ulimit -f "$1"; shift; exec "$@"); } # in blocks of 512 or 1024 bytes
refused 74 'error: cannot write' "full disk at the start" limited 2 "$RESCORE" run c.yaml -o bad.out
refused 74 'bad.out.*: error: cannot write' "full disk at the result" limited 20 "$RESCORE" run c.yaml -o bad.out
"$RESCORE" run c.yaml -o bad.out -q > out 2> err && [ -s bad.out ] && [ ! -e bad.out.parts ]
check "and with room again the same command ends"
cp bad.out before.h5
limited 20 "$RESCORE" run c.yaml -o bad.out --seed 5 > out 2> err
[ $? -eq 74 ] && cmp bad.out before.h5 > out
check "a full disk leaves an earlier result alone"
refused 74 'error: cannot write' "train: full disk" limited 2 "$RESCORE" train train.yaml -o bad.out
"$RESCORE" run c.yaml -o full.h5 --json > /dev/full 2> err
[ $? -eq 74 ] && [ "$(wc -l < err)" -eq 1 ]
check "a summary that cannot be written: exit 74"
"$RESCORE" explain > /dev/full 2> err
[ $? -eq 74 ]
check "so with explain"

# --- command lines
bad_line() { pattern=$1 name=$2; shift 2; refused 64 "$pattern" "$name" "$RESCORE" "$@"; }
for name in verify export tolerance banana; do
    bad_line "unknown command '$name'" "unknown command $name" $name c.yaml
done
bad_line "did you mean 'run'" "misspelt command" rnu c.yaml
bad_line '-o is missing' "run without -o" run c.yaml
bad_line 'an argument is missing' "run without configuration" run -o bad.out
bad_line 'one argument too many' "two configurations" run c.yaml qkv.yaml -o bad.out
bad_line "'-o' needs a value" "-o without value" run c.yaml -o
bad_line "unknown option '--tolerance'" "an option of another command" run c.yaml -o bad.out --tolerance 3
for shard in 2/2 1 -1/2 0/0 a/b 0/2x ''; do
    bad_line 'K/N with K = 0 ... N-1 expected' "--shard '$shard'" run c.yaml -o bad.out --shard "$shard"
done
refused 64 'no Slurm array, srun or mpirun' "--shard auto without a launcher" env -u OMPI_COMM_WORLD_RANK -u PMI_RANK \
    -u SLURM_PROCID -u SLURM_ARRAY_TASK_ID "$RESCORE" run c.yaml -o bad.out --shard auto
bad_line "--save 'head' found" "--save of something else" run c.yaml -o bad.out --save heads,head
bad_line "-j '0' found" "no threads" run c.yaml -o bad.out -j 0
bad_line "--seed '-1' found" "a negative seed" run c.yaml -o bad.out --seed -1
bad_line "--kernel 'avx9' found" "an unknown kernel" run c.yaml -o bad.out --kernel avx9
bad_line "--progress 'sometimes' found" "an unknown progress" run c.yaml -o bad.out --progress sometimes
bad_line "did you mean 'array.rows'" "explain: misspelt key" explain array.row
"$RESCORE" > out 2> err
[ $? -eq 64 ] && [ ! -s out ] && grep -q '^commands:' err
check "no command: exit 64, the overview on standard error"
for name in init check explain run merge report info train solve netlist compare device program; do
    "$RESCORE" $name --help > out 2> err && grep -q '^usage: ' out && grep -A1 '^example' out | grep -q "rescore $name" && [ ! -s err ]
    check "$name --help shows an example"
done
"$RESCORE" --help > out 2> err && grep -q '  75  stopped' out && ! grep -q verify out && "$RESCORE" --version > out && grep -q '^rescore [0-9]' out
check "--help and --version"

# --- init, check, explain, what goes where
"$RESCORE" init demo.yaml > out 2> err && [ ! -s out ] && "$RESCORE" init > out && cmp demo.yaml out && "$RESCORE" init - > out && cmp demo.yaml out
check "init writes a file, or to standard output"
"$RESCORE" check demo.yaml --set workload.samples=5 > out 2> err && grep -q '^points  *25$' out && grep -q '^estimated time ' out &&
    grep -q '^memory ' out && grep -q '^disk ' out && [ -z "$(find . -name 'demo.h5*')" ]
check "check prints the plan of the demo and writes nothing"
"$RESCORE" check c.yaml --json > out 2> err && $python -c '
import json; s = json.load(open("out"))
assert s["schema"] and s["points"] == 1 and s["trials"] == 1 and s["units"] == 1 and s["estimated_seconds"] >= 0' 2>> err
check "check --json"
"$RESCORE" explain array.r_word_line > out 2> err && grep -q 'unit:  *ohm' out && grep -q 'range:  *0 ohm to 1 Mohm' out && grep -q 'default: 2 ohm' out
check "explain a key"
"$RESCORE" explain prune > out 2> err && [ "$(grep -c '^prune\.' out)" -ge 5 ] && ! grep -q '^array\.' out && "$RESCORE" explain sweep > out && grep -q log out
check "explain a section"
"$RESCORE" run c.yaml -o r.h5 --progress json > out 2> err && grep -q accuracy out && $python -c '
import json
lines = [json.loads(line) for line in open("err")]
assert lines[-1]["done"] == lines[-1]["total"] == 1' 2>> err
check "--progress json: JSON lines on standard error, the table on standard output"
"$RESCORE" run c.yaml -o r.h5 --progress always > out 2> err && grep -q '^1/1 units' err && ! grep -q units out
check "--progress always"
"$RESCORE" run c.yaml -o r.h5 > out 2> err && [ -s out ] && [ ! -s err ]
check "a short run in a pipe says nothing on standard error"
"$RESCORE" run c.yaml -o r.h5 -q > out 2> err && [ ! -s out ] && [ ! -s err ]
check "-q is quiet"
"$RESCORE" run c.yaml -o r.h5 --set device.preset=ideal --set 'device.read_noise=5 %' > out 2> err && grep -q 'ideal turns device.read_noise off' err
check "ideal says what it turns off"
mkdir there && cp input.h5 qkv.yaml there && "$RESCORE" run there/qkv.yaml -o r.h5 -q > out 2> err && rm input.h5 &&
    "$RESCORE" run there/qkv.yaml -o r.h5 -q > out 2> err && ! "$RESCORE" run there/qkv.yaml --set workload.file=input.h5 -o r.h5 -q > out 2> err
check "paths of a file are relative to it, those of --set to the working directory"
plan
