#!/bin/sh
# Every deck of spice/decks runs with plain `ngspice -b`, exits 0 without a word of trouble and gives its expected values.
# Prints TAP. DECKS_SIZES: of the full-path decks.
. "${srcdir:=.}/tests/tap.sh"
python=/usr/bin/python3
srcdir=$(cd "$srcdir" && pwd) || exit 99
work=$(mktemp -d "${TMPDIR:-/tmp}/rescore-decks.XXXXXX") || exit 99
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 99
HOME=$work OMP_NUM_THREADS=1; export HOME OMP_NUM_THREADS
if ! $python -c 'import h5py' 2> why; then
    ok "h5py is installed (package python3-h5py)" 1 "$(cat why)"
    plan; exit 1
fi

run() { # run DECK NAME: into the files out and err
    (cd "$(dirname "$1")" && ngspice -b "$(basename "$1")" < /dev/null) > out 2> err
    status=$?
    trouble=$(grep -ihE 'error|warning|failed|singular|stepping|aborted|no such|not available' out err | head -3)
    [ $status -eq 0 ] && [ -z "$trouble" ]
    ok "$2 runs and exits 0" "$?" "exit $status: $trouble"
}
figure() { # figure NAME VALUE TOLERANCE: the last value printed under that name, within a share of VALUE
    found=$(sed -n "s/^$1 *= *\([^ ]*\).*/\1/p" out | tail -1)
    awk -v x="$found" -v y="$2" -v t="$3" 'BEGIN { d = x - y; if (d < 0) d = -d; m = y < 0 ? -y : y; exit !(x != "" && d <= t * m) }'
    ok "$deck: $1 is $2" "$?" "found '$found'"
}

# The figures of spice/decks/README.md.
deck=transistors; run "$srcdir/spice/decks/$deck.cir" $deck
figure ion_n 1.009e-3 0.002; figure ion_p 4.226e-4 0.002; figure ioff_n 1.581e-9 0.01; figure ioff_p 7.811e-10 0.01
figure vth_n 0.3775 0.002; figure vth_p 0.3535 0.002; figure gm_n 1.514e-3 0.002; figure gm_p 6.485e-4 0.002
figure gds_n 5.153e-5 0.01; figure gds_p 3.464e-5 0.01; figure cgg_n 1.27e-15 0.01; figure cgg_p 1.271e-15 0.01

deck=strongarm_delay; run "$srcdir/spice/decks/$deck.cir" $deck
taus=$(sed -n 's/^tau = //p' out | tr '\n' ' ')
echo "$taus" | awk '{ exit !(NF == 4 && $2 < $1 && $1 < $3 && $3 < $4 && $1 > 9.1e-12 && $1 < 9.17e-12 && $4 > 1.06e-11 && $4 < 1.09e-11) }'
ok "$deck: tau rises with temperature, 9.13 ps at 27 C, 10.7 ps at 125 C" "$?" "$taus"

deck=strongarm_kickback; run "$srcdir/spice/decks/$deck.cir" $deck
figure common500 -6.39e-2 0.01; figure common1000 -8.61e-2 0.01; figure common2000 -0.1113 0.01
figure difference1000 1.69e-2 0.02

deck=current_latch; run "$srcdir/spice/decks/$deck.cir" $deck
signs=$(sed -n 's/^y.\[last\] = \(-*\).*/\1+/p' out | cut -c1 | tr -d '\n')
ok "$deck: it follows the sign of the current, and of a mismatch" "$([ "$signs" = "+-+-+-+-+" ]; echo $?)" "$signs"
figure delay_e 1.486e-10 0.01

deck=winner_take_all; run "$srcdir/spice/decks/$deck.cir" $deck
shares=$(sed -n 's/^share = //p' out | tr '\n' ' ')
echo "$shares" | awk '{ exit !(NF == 6 && $1 > 0.7 && $2 > 0.99 && $3 > 0.999 && $4 < 1e-6 && $5 < 1e-6 && $6 < 0.5) }'
ok "$deck: 1 % more current wins 73 %, 3 % all; 5 mV of mismatch turns both" "$?" "$shares"

deck=sense; run "$srcdir/spice/decks/$deck.cir" $deck
figure resistor 0.015 1e-6
for name in transimpedance transimpedance_pair integrator integrator_pair; do figure $name 0.0979674651 1e-6; done
for name in transimpedance_far integrator_far; do figure $name 0.362059302 1e-6; done

deck=reference; run "$srcdir/spice/decks/$deck.cir" $deck
figure dac 2e-6 1e-6; figure mirror 3e-6 1e-6; figure buffer 0.675 1e-6

if [ "${DECKS_SENSITIVITIES:-no}" = yes ]; then
    deck=strongarm_offset; run "$srcdir/spice/decks/$deck.cir" $deck
    figure sensitivity1 1.095 0.003; figure sensitivity2 -1.095 0.003
    figure sensitivity3 0.1855 0.01; figure sensitivity4 -0.1855 0.01
    figure sensitivity5 0.0563 0.02; figure sensitivity6 -0.0563 0.02
    figure kickback500 -3.56e-5 0.01; figure kickback1000 -3.27e-5 0.01; figure kickback4000 -1.86e-5 0.01
    figure input_cm07 1.121 0.003; figure nlatch_cm07 0.330 0.01; figure kickback_cm07 -5.59e-5 0.01
fi

# Full paths: inputs to 1e-6 of the largest, the same bits, delays to 1 %.
for n in ${DECKS_SIZES:-4 8 16}; do
    deck=path$n
    $python "$srcdir/spice/decks/make_path.py" "$n" array.h5 > why 2>&1 &&
        "$RESCORE" netlist array.h5 -o $deck.cir --path "$srcdir/spice/decks/path.yaml" > why 2>&1
    ok "$deck is written" "$?" "$(cat why)"
    run $deck.cir $deck
    grep -E '^(input|output|delay)[0-9]+_[0-9]+ = ' out > found
    awk '
        function size(x) { return x < 0 ? -x : x }
        FNR == NR { expected[$1] = $3; n++; if ($1 ~ /^input/ && size($3) > largest) largest = size($3); next }
        !($1 in expected) { print "unexpected " $0; bad = 1; next }
        { m++; x = $3 - expected[$1] }
        $1 ~ /^input/ && size(x) > 1e-6 * largest || $1 ~ /^output/ && size(x) > 0.1 ||
            $1 ~ /^delay/ && size(x) > 0.01 * expected[$1] { print $0 ", expected " expected[$1]; bad = 1 }
        END { if (m != n || n == 0) { print m " values found, " n " expected"; bad = 1 } exit bad }
    ' "$srcdir/spice/decks/$deck.expected" found > why
    ok "$deck gives its expected values" "$?" "$(head -5 why)"
done
plan
