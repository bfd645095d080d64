#!/bin/sh
# Engine against ngspice at 64 x 64: linear to 1e-11, nonlinear to 1e-9; some 5 s of ngspice for each. Prints TAP.
. "${srcdir:=.}/tests/tap.sh"
work=$(mktemp -d "${TMPDIR:-/tmp}/rescore-compare.XXXXXX") || exit 99
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 99
TMPDIR=$work; export TMPDIR

w="r_word_line_ohm=2.5 r_bit_line_ohm=1.5 r_driver_ohm=120 r_sense_ohm=80"
cat > table <<TABLE
1e-11 $w
1e-11 drive=both sense=both SOME=bit_line_bias:0.1 r_access_ohm=2000 $w
1e-11 EACH=r_word_line_ohm:1:9 EACH=r_bit_line_ohm:1:9 EACH=r_driver_ohm:10:200 EACH=r_sense_ohm:10:200
1e-9 cell=sinh v0_volts=0.1 $w
1e-9 cell=table IV=0:1,0.1:1.1,0.2:1.5,0.3:2 $w
1e-9 selector=sinh selector_i0_amperes=1e-9 selector_v0_volts=0.05 VOLTS=0.6 $w
TABLE
i=0
while read -r allowed settings; do
    i=$((i + 1))
    echo "$settings" | awk -v i=$i '{ print "array.h5 64 64 1 " i " " $0 }' | /usr/bin/python3 "$srcdir/tests/make_array.py" &&
        "$RESCORE" compare array.h5 --tolerance "$allowed" -q > out 2> err
    ok "64 x 64 $settings: $(sed -n 's/^largest_relative_difference = //p' out)" "$?" "$(cat out err)"
done < table
plan
