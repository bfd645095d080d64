#!/bin/sh
# threads.sh RESCORE [PAIRS]: wall clock of one run with one thread and with two, in turn.
set -eu
rescore=$1
pairs=${2:-5}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

run() { # threads -> seconds
    start=$(date +%s.%N)
    "$rescore" run "$folder/run.yaml" -q -j "$1" -o "$folder/$1.h5" >/dev/null
    end=$(date +%s.%N)
    rm -rf "$folder/$1.h5.d"
    echo "$start $end" | awk '{ printf "%.3f", $2 - $1 }'
}

"$rescore" init "$folder/run.yaml" -q
run 2 >/dev/null
echo '| load | one thread, s | two threads, s | ratio |'
echo '|---|---|---|---|'
i=0
while [ "$i" -lt "$pairs" ]; do
    load=$(cut -d ' ' -f 1 /proc/loadavg)
    one=$(run 1)
    two=$(run 2)
    cmp "$folder/1.h5" "$folder/2.h5"
    echo "$one $two" >>"$folder/times"
    echo "$load $one $two" | awk '{ printf "| %s | %.2f | %.2f | %.2f |\n", $1, $2, $3, $2 / $3 }'
    i=$((i + 1))
done
median() { cut -d ' ' -f "$1" "$folder/times" | sort -n | awk '{ v[NR] = $1 } END { print (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2 }'; }
echo "$(median 1) $(median 2)" | awk '{ printf "| median | %.2f | %.2f | %.2f |\n", $1, $2, $1 / $2 }'
