#!/bin/sh
# Training on the real files of bAbI, where they are: the default recipe learns task 1, the same bytes for any number of
# threads.
. "${srcdir:=.}/tests/tap.sh"
data=${RESCORE_TEST_DATA:-none}/babi/babi_en_1k_tasks1-10.tar.gz
work=$(mktemp -d "${TMPDIR:-/tmp}/rescore-stories.XXXXXX") || exit 99
trap 'rm -rf "$work"' EXIT
if [ ! -f "$data" ]; then
    skip "task 1 of bAbI" "no RESCORE_TEST_DATA"
    plan
    exit 0
fi
cd "$work" && tar xzf "$data" || exit 99
cat > one.yaml <<'YAML'
workload: {kind: babi, file: en, task: 1}
train: {restarts: 2, epochs: 20, linear_epochs: 20}
learned: {thresholds: none}
YAML
"$RESCORE" train one.yaml -j 1 -o one.h5 --json > out 2> err
ok "a network is trained on task 1" "$?" "$(cat err)"
wrong=$(sed 's/.*"n_wrong": \([0-9]*\), "n_test": 1000.*/\1/' out)
[ "$wrong" -lt 20 ]
ok "fewer than 2 % of its 1,000 test questions are answered wrong" "$?" "$(cat out)"
"$RESCORE" train one.yaml -j 2 -o two.h5 -q && cmp one.h5 two.h5 > out
ok "two threads, which run both restarts side by side, write the same bytes" "$?" "$(cat out)"
plan
