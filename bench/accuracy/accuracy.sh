#!/bin/sh
# accuracy.sh RESCORE TABLE DATA [FOLDER]: trains, runs and tabulates what README.md describes. Stages whose file is there
# are skipped: FOLDER is for one commit, and started again the script goes on where it was. KINDS: the kinds of stories.
set -eu
rescore=$1
table=$2
data=$3
here=$(cd "$(dirname "$0")" && pwd)
folder=${4:-bench/accuracy/$("$rescore" --version | sed -n 's/^commit //p')}
levels='0.5 1 2'
kinds=${KINDS:-one-fact two-facts three-facts two-relations givers yes-no counting lists negation uncertainty \
    coreference conjunction pairs time deduction induction positions sizes paths motives}
mkdir -p "$folder"

# NAME SETTING...: the three levels of one workload; it has a row, or a line that says why not.
run_row() {
    name=$1
    shift
    sets=''
    for setting; do
        sets="$sets --set $setting"
    done
    rm -f "$folder/$name.missing"
    echo "$name" >&2
    for level in $levels; do
        out=$folder/$name-$level.h5
        [ ! -e "$out" ] || continue
        own="--set device.programming_scale=$level --set comparator.offset=${level}e-8"
        status=0
        # shellcheck disable=SC2086 # no setting holds a space
        "$rescore" run "$here/run.yaml" $sets $own -q -o "$out" 2>"$folder/error" || status=$?
        cat "$folder/error" >&2
        case $status in
        0) ;;
        65) # this program has no such workload
            sed -n '1s/^.*: error: //p' "$folder/error" >"$folder/$name.missing"
            return
            ;;
        *) exit "$status" ;;
        esac
    done
}

run_row text workload.kind=transformer workload.task=text
run_row digits workload.kind=transformer workload.task=digits
if [ -e "$data/stories260k/stories260K.bin" ]; then
    run_row stories260K workload.kind=llama2c "workload.file=$data/stories260k/stories260K.bin" \
        "workload.tokenizer=$data/stories260k/tok512.bin" "workload.text=$data/stories260k/tinystories_sample.txt"
else
    echo "stories260k is not in RESCORE_TEST_DATA" >"$folder/stories260K.missing"
fi
for kind in $kinds; do
    model=$folder/$kind.h5
    if [ ! -e "$model" ]; then
        echo "$kind, training" >&2
        "$rescore" train "$here/../stories/generated.yaml" --set learned.thresholds=layer \
            --set "workload.task=$kind" -q -o "$model"
    fi
    run_row "$kind" workload.kind=memn2n "workload.file=$model"
done
# shellcheck disable=SC2086 # one word per kind
"$table" "$folder" $kinds -- text digits stories260K
