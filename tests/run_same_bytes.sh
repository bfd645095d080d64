#!/bin/sh
# Equal configuration, equal bytes: for any number of threads, shards, folders, kills. Prints TAP.
. "${srcdir:=.}/tests/tap.sh"
python=/usr/bin/python3
work=$(mktemp -d "${TMPDIR:-/tmp}/rescore-bytes.XXXXXX") || exit 99
running=
trap '[ -z "$running" ] || kill -9 "$running" 2> /dev/null; rm -rf "$work"' EXIT
cd "$work" || exit 99
if ! $python -c 'import h5py' 2> why; then
    ok "h5py is installed (package python3-h5py)" 1 "$(cat why)"
    plan; exit 1
fi
check() { ok "$1" "$?" "$(cat out err 2> /dev/null | head -20)"; } # check NAME: of the command before
run() { "$RESCORE" run "$@" -q > out 2> err; }
saves="--save heads,arrays,margins"

cat > stories.yaml <<'YAML'
workload: {samples: 6}
prune: {keep_ratio: 10 %}
comparator: {offset: 10 nA, noise: 5 nA}
monte_carlo: {trials: 3}
sweep:
  array.r_word_line: [0 ohm, 4 ohm]
  device.read_noise: [0 %, 10 %]
YAML
cat > qkv.yaml <<'YAML'
workload: {kind: qkv, file: input.h5}
array: {rows: 4, columns: 12, query_interval: 2 ms}
comparator: {offset: 5 mV, noise: 10 nA}
prune: {threshold: 0.5}
monte_carlo: {trials: 2}
sweep: {device.preset: [wan2022, cmo-accept2, generic-hfo2], array.fill: [prefill, append]}
YAML
echo "input.h5 1 LENGTHS=7,20,13" | $python "$srcdir/tests/make_qkv.py"

# --- threads, folders, BLAS kernels, shards
mkdir elsewhere
for kind in stories qkv; do
    run $kind.yaml -o $kind.h5 -j 1 $saves
    check "$kind: a run ends well"
    run $kind.yaml -o two.h5 -j 2 $saves && cmp $kind.h5 two.h5 > out
    check "$kind: -j 2"
    OMP_THREAD_LIMIT=1 run $kind.yaml -o limited.h5 -j 2 $saves && cmp $kind.h5 limited.h5 > out
    check "$kind: one OpenMP thread where three are wanted"
    (cd elsewhere && "$RESCORE" run ../$kind.yaml -o ../there.h5 -q $saves > ../out 2> ../err) && cmp $kind.h5 there.h5 > out
    check "$kind: from another folder"
    for core in Haswell SkylakeX; do
        OPENBLAS_CORETYPE=$core run $kind.yaml -o core.h5 -j 1 $saves && cp core.h5 one-$core.h5 &&
            OPENBLAS_CORETYPE=$core run $kind.yaml -o core.h5 -j 2 $saves && cmp core.h5 one-$core.h5 > out
        check "$kind: -j 1 and -j 2 under $core"
        for k in 1 0; do
            OPENBLAS_CORETYPE=$core run $kind.yaml --shard $k/2 -o of-two-$core-$kind $saves || break
        done && OPENBLAS_CORETYPE=$core "$RESCORE" merge of-two-$core-$kind -o core.h5 -q > out 2> err &&
            cmp core.h5 one-$core.h5 > out
        check "$kind: two shards under $core"
    done
    run $kind.yaml --shard 0/1 -o of-one-$kind $saves && "$RESCORE" merge of-one-$kind -o one.h5 -q > out 2> err &&
        cmp $kind.h5 one.h5 > out
    check "$kind: shard 0/1"
    run $kind.yaml --shard 2/3 -o of-three-$kind $saves -j 2 && run $kind.yaml --shard 0/3 -o of-three-$kind $saves &&
        run $kind.yaml --shard 1/3 -o of-three-$kind $saves && "$RESCORE" merge of-three-$kind -o three.h5 -q > out 2> err &&
        cmp $kind.h5 three.h5 > out
    check "$kind: three shards in another order"
done
run qkv.yaml -o policies.h5 -j 1 $saves --set prune.keep_ratio=0.3 \
    --set 'sweep={prune.policy: [three-way, topk, a3, mnnfast], recompute.rethreshold: [auto, true]}' &&
    run qkv.yaml -o two.h5 -j 2 $saves --set prune.keep_ratio=0.3 \
        --set 'sweep={prune.policy: [three-way, topk, a3, mnnfast], recompute.rethreshold: [auto, true]}' &&
    cmp policies.h5 two.h5 > out
check "policies: -j 2"
# --- a policy that remembers from query to query
sed 's/prune: .*/prune: {policy: cascade, keep_ratio: 0.5, head_unpruned_layers: 0, head_ratio_start: 0.25, value_ratio: 0.3}/
    s/^sweep: .*/sweep: {readout.noise: [0 A, 1 uA], encoding.msb: [round, truncate]}/' qkv.yaml > cascade.yaml
run cascade.yaml -o cascade.h5 -j 1 $saves && run cascade.yaml -o two.h5 -j 2 $saves && cmp cascade.h5 two.h5 > out
check "cascade: -j 2"
for k in 1 0; do
    run cascade.yaml --shard $k/2 -o of-two-cascade $saves || break
done && "$RESCORE" merge of-two-cascade -o one.h5 -q > out 2> err && cmp cascade.h5 one.h5 > out
check "cascade: two shards"
for k in 0 1 2 3; do
    run stories.yaml --shard $k/4 -o at-once $saves -j 1 & eval "shard$k=\$!"
done
wait $shard0 && wait $shard1 && wait $shard2 && wait $shard3 && "$RESCORE" merge at-once -o four.h5 -q > out 2> err &&
    cmp stories.h5 four.h5 > out
check "four shards that start at once"
SLURM_ARRAY_TASK_ID=7 SLURM_ARRAY_TASK_COUNT=2 SLURM_ARRAY_TASK_MIN=5 SLURM_ARRAY_TASK_STEP=2 \
    run stories.yaml --shard auto -o launched $saves &&
    OMPI_COMM_WORLD_RANK=0 OMPI_COMM_WORLD_SIZE=2 run stories.yaml --shard auto -o launched $saves &&
    "$RESCORE" merge launched -o launched.h5 -q > out 2> err && cmp stories.h5 launched.h5 > out
check "shards numbered by Slurm and by mpirun"

# --- gaps, strangers
run stories.yaml --shard 1/3 -o gaps $saves
"$RESCORE" merge gaps -o gaps.h5 > out 2> err
[ $? -eq 65 ] && [ ! -e gaps.h5 ] && [ "$(wc -l < err)" -eq 1 ] &&
    grep -q '^gaps: error: 8 of 12 units are missing, the first is point 0, trial 0' err
check "merge refuses gaps and names the first"
"$RESCORE" merge gaps -o gaps.h5 --partial -q > out 2> err
[ $? -eq 1 ] && [ "$(wc -l < err)" -eq 1 ] && grep -q '8 of 12 units are missing' err
check "merge --partial: exit 1"
cat > gaps.py <<'PY'
import h5py, numpy as np
whole, part = h5py.File("stories.h5"), h5py.File("gaps.h5")
assert part.attrs["complete"] == 0 and whole.attrs["complete"] == 1
there = (np.arange(12) % 3 == 1).reshape(2, 2, 3)
masks = dict(zip(part["status"].attrs["flag_meanings"].split(), part["status"].attrs["flag_masks"]))
assert ((part["status"][:] & masks["missing"]) > 0).tolist() == (~there).tolist()
for name in ("keep_ratio", "task_metric", "output_error", "false_prune_rate_by_head"):
    mine, theirs = part[name][:], whole[name][:]
    assert np.isnan(mine[~there]).all() and np.array_equal(mine[there], theirs[there], equal_nan=True), name
assert (part["n_visible"][:][~there] == -1).all()
assert np.array_equal(part["keep_ratio_mean"][:], whole["keep_ratio"][:][:, :, 1]), "over the trials that are there"
assert np.isnan(part["keep_ratio_lo95"][:]).all(), "one trial has no interval"
PY
$python gaps.py > out 2> err
check "what is missing is NaN and flagged, the rest is as it was"
cp -r gaps stranger
run stories.yaml --set array.rows=50 --shard 0/3 -o stranger $saves
[ $? -eq 65 ] && grep -q '^stranger: error: holds shards of another configuration' err
check "a shard of another configuration is refused in the same folder"
run stories.yaml --shard 0/3 -o stranger
[ $? -eq 65 ]
check "so is one with other --save"
run stories.yaml --shard 0/3 -o stranger $saves && run stories.yaml --shard 2/3 -o stranger $saves &&
    "$RESCORE" merge stranger -o stranger.h5 -q > out 2> err && cmp stories.h5 stranger.h5 > out
check "and what was there is unharmed"
head -c 200 stories.h5 > "$(ls gaps/part-*.h5 | head -1)"
run stories.yaml --shard 1/3 -o gaps $saves && run stories.yaml --shard 0/3 -o gaps $saves &&
    run stories.yaml --shard 2/3 -o gaps $saves && "$RESCORE" merge gaps -o gaps.h5 -q > out 2> err && cmp stories.h5 gaps.h5 > out
check "a damaged part is done again"
mkdir empty
"$RESCORE" merge empty -o never.h5 > out 2> err
[ $? -eq 74 ] && [ ! -e never.h5 ] && "$RESCORE" merge nowhere -o never.h5 > out 2> err
[ $? -eq 74 ] && [ ! -e never.h5 ]
check "nothing to merge: exit 74"

# --- kills and resumption, of a run of some seconds
sed 's/samples: 6/samples: 500/; s/trials: 3/trials: 8/' stories.yaml > long.yaml
run long.yaml -o whole.h5 -j 2
check "a longer run ends"
start() { : > err; "$RESCORE" run long.yaml -o killed.h5 -j 1 --progress json "$@" > out 2> err & running=$!; }
begun() { grep -q done err; }
have_part() { ls killed.h5.parts/part-*.h5 > /dev/null 2>&1; }
await() { # await COMMAND...: until it holds or the run is over, at most 20 s
    i=0
    while [ $i -lt 400 ] && kill -0 "$running" 2> /dev/null && ! "$@"; do sleep 0.05; i=$((i + 1)); done
}
for moment in 0.05 0.31 0.83; do
    start; sleep $moment; kill -9 $running 2> /dev/null; wait $running 2> /dev/null
done
start; await have_part; kill -9 $running 2> /dev/null; wait $running 2> /dev/null
start; await begun; sleep 0.4; kill -9 $running 2> /dev/null; wait $running 2> /dev/null
running=
if [ -e killed.h5 ]; then
    skip "kill -9 five times" "the machine is too fast: the run ended before"
else
    have_part
    check "kill -9 five times: no result, parts are kept"
    echo > killed.h5.parts/part-0.h5.tmp-1-0 # what a kill during a write leaves
    "$RESCORE" run long.yaml -o killed.h5 -j 2 --progress json > out 2> err && cmp whole.h5 killed.h5 > /dev/null &&
        sed -n 's/^{"done": \([0-9]*\),.*/\1/p' err | head -1 | grep -q '^[1-9]'
    check "the same command goes on from the parts and ends with the same bytes"
    [ ! -e killed.h5.parts ] && [ -z "$(find . -maxdepth 1 -name 'killed.h5.*' ! -name killed.h5.log)" ]
    check "nothing but the result and its log is left"
fi

rm -f killed.h5
start; await have_part; kill -INT $running 2> /dev/null; wait $running
[ $? -eq 75 ] && [ ! -e killed.h5 ] && tail -1 err | grep -q '^stopped; .*killed.h5.parts, the same command goes on'
check "SIGINT: exit 75 and what to do"
start; await begun; kill -TERM $running 2> /dev/null; wait $running
[ $? -eq 75 ] && [ ! -e killed.h5 ]
check "SIGTERM: exit 75"
start -q; await begun
"$RESCORE" run long.yaml -o killed.h5 > out2 2> err2
[ $? -eq 73 ] && grep -q '^killed.h5.parts: error: another run is writing here' err2
ok "a second run on the same output: exit 73" "$?" "$(cat err2)"
wait $running && cmp whole.h5 killed.h5 > out
check "which leaves the first one alone"
running=

# --- parts of another configuration
rm -f killed.h5; start; await have_part; kill -9 $running 2> /dev/null; wait $running 2> /dev/null; running=
sed -i 's/samples: 500/samples: 6/' long.yaml
"$RESCORE" run long.yaml -o fresh.h5 > out 2> err && "$RESCORE" run long.yaml -o killed.h5 > out 2> err &&
    cmp fresh.h5 killed.h5 > out && grep -q '^killed.h5.parts: [0-9]* parts of another configuration.* are discarded' err
check "parts of another configuration are discarded with a message"

# --- more trials and points change nothing old
run stories.yaml -o more.h5 --set monte_carlo.trials=5 \
    --set 'sweep={device.read_noise: [5 %, 0 %, 10 %], array.r_word_line: [4 ohm, 2 ohm, 0 ohm]}' $saves
check "a run with more trials and points ends"
cat > more.py <<'PY'
import h5py, numpy as np
old, new = h5py.File("stories.h5"), h5py.File("more.h5")
names = [n for n in old if n != "samples" and old[n].ndim >= 3 and old[n].dims[2][0].name == "/trial"]
assert len(names) > 20
for name in names:
    mine = new[name][:].swapaxes(0, 1)[[2, 0]][:, [1, 2]][:, :, :3]
    assert np.array_equal(mine, old[name][:], equal_nan=True), name
for name in ("analog_score", "decision", "read_conductance", "current"):
    mine = new["samples"][name][:].swapaxes(0, 1)[[2, 0]][:, [1, 2]]
    assert np.array_equal(mine, old["samples"][name][:]), name
PY
$python more.py > out 2> err
check "every old number stands in it"
run stories.yaml -o seed.h5 --seed 2 && $python -c '
import h5py
a, b = h5py.File("stories.h5"), h5py.File("seed.h5")
assert (a["output_error"][:] != b["output_error"][:]).all() and b.attrs["seed"] == 2' > out 2> err
check "another seed gives other numbers"
plan
