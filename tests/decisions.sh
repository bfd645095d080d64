#!/bin/sh
# With an ideal array every decision and every variable of a q/k/v run equals a recomputation from docs/definitions.md in
# numpy. Prints TAP.
. "${srcdir:=.}/tests/tap.sh"
work=$(mktemp -d) && cd "$work" || exit 99
python=/usr/bin/python3

# A small file of several samples, layers and heads; grouped kv heads; causal and not.
cat > make.py <<'P'
import sys, h5py, numpy as np
rng = np.random.default_rng(int(sys.argv[2]))
causal = int(sys.argv[3])
with h5py.File(sys.argv[1], "w") as f:
    f.attrs.update(dict(format="qkv-workload", version=1, model="random", n_layers=2, n_heads=4, n_kv_heads=2, d_head=12,
                        causal=causal, score_scale=0.3))
    f["token_offset"] = np.array([0, 30, 31, 75, 90], np.int32)
    for layer in range(2):
        for name, heads in (("q", 4), ("k", 2), ("v", 2)):
            f[f"layer{layer:02d}/{name}"] = rng.standard_normal((90, heads, 12)).astype(np.float32)
P
printf 'workload: {kind: qkv, file: small.h5}\ndevice: {preset: ideal}\narray: {rows: 8, columns: 20, r_word_line: 0 ohm, r_driver: 0 ohm, r_sense: 0 ohm}\nmonte_carlo: {trials: 1}\n' > ideal.yaml

check() { # check NAME FILE BITS ANALOG QUERY HOW THRESHOLD SETS...
    name=$1 file=$2 bits=$3 analog=$4 query=$5 how=$6 threshold=$7
    shift 7
    case $threshold in keep=*) set -- "$@" --set "prune.keep_ratio=${threshold#keep=}" ;; *) set -- "$@" --set "prune.threshold=$threshold" ;; esac
    said=$("$RESCORE" run ideal.yaml --set "workload.file=$file" --set encoding.bits="$bits" \
        --set encoding.analog_bits="$analog" --set encoding.query_bits="$query" --set encoding.msb="$how" "$@" \
        --save margins -q -o out.h5 2>&1) && said=$($python "$srcdir/tests/decisions.py" "$file" out.h5 "$bits" "$analog" \
        "$query" "$how" "$threshold" 2>&1)
    ok "$name" $? "$said"
}

if ! $python -c 'import h5py, numpy' 2> /dev/null; then
    skip "decisions equal a recomputation in numpy" "python3-h5py or python3-numpy is missing"
else
    $python make.py small.h5 1 1 && $python make.py all.h5 2 0
    check "4-bit MSBs, causal, grouped heads, calibrated threshold" small.h5 8 4 4 round keep=0.25
    check "truncated MSBs" small.h5 8 4 4 truncate keep=0.25
    check "a number as threshold" small.h5 8 4 4 round 0.4
    check "all keys visible, other widths" all.h5 8 5 3 round keep=0.1
    check "offset encoding" all.h5 8 4 4 round keep=0.25 --set encoding.sign=offset
    check "one-bit slices" small.h5 8 4 4 round keep=0.25 --set encoding.cell_bits=1
    check "two-bit slices in offset encoding" small.h5 8 5 4 round keep=0.25 --set encoding.sign=offset --set encoding.cell_bits=2
    check "all bits in the array" small.h5 6 6 6 round keep=0.5
    real="$RESCORE_TEST_DATA/stories260k/stories260k_qkv.h5"
    if [ -r "$real" ]; then
        check "a pretrained transformer's q, k, v" "$real" 8 4 4 round keep=0.25 --set array.rows=8 --set array.columns=128 \
            --set workload.samples=1
    else
        skip "a pretrained transformer's q, k, v" "no $real"
    fi
fi
cd / && rm -rf "$work"
plan
