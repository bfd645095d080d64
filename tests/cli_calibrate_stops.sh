#!/bin/sh
# `calibrate` that cannot go on, with the real ngspice: signals, dead workers, circuits without a solution, parameters that
# no data tell apart. Each is a line that names what failed, the status of the contract, and a file of what there is. TAP.
. "${srcdir:=.}/tests/tap.sh"
work=$(mktemp -d "${TMPDIR:-/tmp}/rescore-calibrate.XXXXXX") || exit 99
running=
trap '[ -z "$running" ] || kill -9 "$running" 2> /dev/null; rm -rf "$work"' EXIT
cd "$work" || exit 99
export TMPDIR="$work"
check() { ok "$1" "$?" "$(cut -c 1-2000 err 2> /dev/null | tail -20)"; }
start() { : > err; "$RESCORE" calibrate "$@" -v --progress never > out 2> err & running=$!; }
await() { # await COMMAND...: half a minute at most, while the program runs
    i=0
    while [ $i -lt 600 ] && kill -0 "$running" 2> /dev/null && ! "$@" > /dev/null 2>&1; do sleep 0.05; i=$((i + 1)); done
}
cat > plan.yaml <<'YAML'
stages: [recovery, comparator]
recovery:
  sizes: [4, 8]
comparator:
  latches: 400
  resistances: 4
  delays: 3
YAML

start plan.yaml -o stopped.h5 -j 1
await grep -q '^stage comparator' err; sleep 0.3
kill -TERM "$running"; wait "$running"; status=$?; running=
[ $status -eq 75 ] && [ ! -e stopped.h5 ] && [ -s stopped.h5.partial ] && grep -q 'what was finished is in stopped.h5.partial' err
check "SIGTERM in the middle: 75, and a .partial in place of the file"
"$RESCORE" report stopped.h5.partial -o stopped.html > out 2> err && grep -q 'recovery.currents' stopped.html &&
    grep -q 'r_driver_ohm' stopped.html && grep -q 'incomplete' stopped.html
check "the .partial holds the stages that were finished, and says that it is none of the others"

start plan.yaml -o killed.h5 -j 1 --set stages=[recovery] --set recovery.sizes=[4,48]
worker() { # a child of the program; a bare system has no ps
    worker=$(cat /proc/[0-9]*/stat 2> /dev/null | sed 's/(.*)/name/' | awk -v parent="$running" '$4 == parent { print $1; exit }')
    [ -n "$worker" ]
}
await worker # one that is killed before its first deck costs nothing: so some, one after the other
for i in 1 2 3; do sleep 0.4; worker && kill -9 "$worker" 2> /dev/null; done
wait "$running"; status=$?; running=
[ $status -eq 1 ] && grep -q "decks failed, the first: '.*x .*': .*ngspice" err && [ "$(grep -c 'decks failed' err)" -eq 1 ] &&
    "$RESCORE" info killed.h5 > out 2>> err
check "a killed worker costs its deck, which is named, and no more"

"$RESCORE" calibrate plan.yaml -o pair.h5 -q -j 2 --set stages=[comparator] --set comparator.latches=8 --set comparator.delays=6 \
    --set parameters.delay_v1_volts.start=0.1 > out 2> err
[ $? -eq 1 ] && [ "$(wc -l < err)" -eq 1 ] && "$RESCORE" info pair.h5 > out 2>> err &&
    grep -q "delay: delay_t0_seconds and delay_v1_volts cannot be told apart: their correlation is [-+]*[01]\.[09]" err
check "parameters that no data tell apart are named with their correlation, and the rest is kept"

# Latches of the user's own whose circuit has no solution.
latch() { # latch NAME LINE: a StrongARM latch with a line more
    { sed 's/\.subckt strongarm/.subckt broken/; /^\.ends/d' "$srcdir/spice/decks/strongarm.sub"; echo "$2"; echo ".ends"; } > "$1.sub"
    sed 's/, comparator//; s/\[recovery/[comparator/; s/latches: 400/latches: 8/' plan.yaml > "$1.yaml"
    printf 'latch:\n  file: %s.sub\n  subcircuit: broken\n  models: %s/spice/decks/generic65.lib\n' "$1" "$srcdir" >> "$1.yaml"
    "$RESCORE" calibrate "$1.yaml" -o "$1.h5" -q -j 1 > out 2> err
}
srcdir=$(cd "$srcdir" && pwd)
latch singular 'v1 vdd vss 1.1'
[ $? -eq 1 ] && [ "$(wc -l < err)" -eq 1 ] && grep -q "^singular.yaml: stage 'comparator': 2 of 2 decks failed, the first: 'source resistances': ngspice said '.*singular matrix" err && [ -s singular.h5 ]
check "a singular circuit: one line with what ngspice said, 1, and a file that says so"
latch endless 'b1 inner vss v = v(inner) > 0.5 ? 0 : 1'
[ $? -eq 1 ] && [ "$(wc -l < err)" -eq 1 ] && grep -q "^endless.yaml: stage 'comparator': 2 of 2 decks failed, the first: 'source resistances': ngspice" err &&
    folder=$(sed -n "s/.*its files are in \([^)]*\)).*/\1/p" err) && [ -s "$folder/deck.cir" ] && [ -s endless.h5 ]
check "a deck that does not converge: the same, and its files are kept"
plan
