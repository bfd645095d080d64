#!/bin/sh
# stories.sh RESCORE [FOLDER]: memory networks for all kinds of generated stories, or for the tasks of a folder of bAbI
# files, one by one and jointly; a table with errors, published errors and times on standard output.
set -eu
rescore=$1
folder=${2:-}
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

single='0.1 8.2 41.8 4.4 13.7 7.9 20.3 11.7 13.6 9.7 0.7 0.0 0.3 0.9 0.0 0.4 51.0 10.5 81.4 0.0'
joint='0.0 13.1 23.4 5.9 12.9 3.7 22.9 9.1 2.7 7.2 0.8 0.1 0.1 4.2 0.0 1.2 43.6 10.5 86.7 0.0'

published() { # list, task
    echo "$1" | cut -d ' ' -f "$2"
}

# Trains; $work/out is the summary, $work/seconds the processor time.
train() { # configuration, --set ...
    (
        "$rescore" train "$@" --json --progress never -o "$work/model.h5" >"$work/out"
        times >"$work/times"
    )
    sed -n 's/[ms]/ /g; 2p' "$work/times" | awk '{ printf "%.1f", $1 * 60 + $2 + $3 * 60 + $4 }' >"$work/seconds"
}

# Wrong and asked of kind number $1 of the last training, counted from 1.
kind_counts() {
    sed 's/.*"kinds": \[//; s/\].*//; s/}, {/\n/g' "$work/out" | sed -n "${1}p" |
        sed 's/.*"n_wrong": \([0-9]*\), "n_test": \([0-9]*\).*/\1 \2/'
}

row() { # number, name, published, seconds; reads "wrong asked"
    awk -v number="$1" -v name="$2" -v published="$3" -v seconds="$4" '{
        z = 1.96; p = $1 / $2; m = 1 + z * z / $2; c = (p + z * z / (2 * $2)) / m
        h = z / m * sqrt(p * (1 - p) / $2 + z * z / (4 * $2 * $2))
        l = c - h; if (l < 0) l = 0
        printf "| %s | %s | %.1f [%.1f, %.1f] | %s | %s |\n", number, name, 100 * p, 100 * l, 100 * (c + h), published, seconds
    }'
}

head_lines() {
    echo "| task | $1 | wrong, % [95 %] | published, % | processor time, s |"
    echo '|---|---|---|---|---|'
}

total() {
    awk '{ s += $1 } END { printf "\nprocessor time: %.0f s, on two cores %.0f s\n", s, s / 2 }' "$work/all"
}

generated() {
    head_lines kind
    number=0
    for kind in one-fact two-facts three-facts two-relations givers yes-no counting lists negation uncertainty \
        coreference conjunction pairs time deduction induction positions sizes paths motives; do
        number=$((number + 1))
        train "$here/generated.yaml" --set "workload.task=$kind"
        cat "$work/seconds" >>"$work/all" && echo >>"$work/all"
        kind_counts 1 | row "$number" "$kind" "$(published "$single" "$number")" "$(cat "$work/seconds")"
    done
    total
}

tasks() {
    ls "$folder" | sed -n 's/^qa\([0-9]*\)_.*_train\.txt$/\1/p' | sort -n
}

name_of() {
    ls "$folder" | sed -n "s/^qa$1_\(.*\)_train\.txt\$/\1/p"
}

real() {
    head_lines 'one network per task'
    for task in $(tasks); do
        train "$here/babi.yaml" --set "workload.file=$folder" --set "workload.task=$task"
        cat "$work/seconds" >>"$work/all" && echo >>"$work/all"
        kind_counts 1 | row "$task" "$(name_of "$task")" "$(published "$single" "$task")" "$(cat "$work/seconds")"
    done
    total
    echo
    head_lines 'one network for all'
    train "$here/babi.yaml" --set "workload.file=$folder" --set workload.task=joint --set train.restarts=1 \
        --set train.test_questions=20000 --set train.validation_questions=2000
    number=0
    for task in $(tasks); do
        number=$((number + 1))
        kind_counts "$number" | row "$task" "$(name_of "$task")" "$(published "$joint" "$task")" ''
    done
    echo
    echo "processor time: $(cat "$work/seconds") s"
}

if [ -n "$folder" ]; then real; else generated; fi
