#!/bin/sh
# solve, netlist, compare from outside: good files, bad files, bad command lines. Prints TAP.
. "${srcdir:=.}/tests/tap.sh"
python=/usr/bin/python3
work=$(mktemp -d "${TMPDIR:-/tmp}/rescore-array.XXXXXX") || exit 99
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 99
if ! $python -c 'import h5py' 2> why; then
    ok "h5py is installed (package python3-h5py)" 1 "$(cat why)"
    plan; exit 1
fi
make_array() { $python "$srcdir/tests/make_array.py" "$@"; }
check() { ok "$1" "$?" "$(cat out err 2> /dev/null | head -20)"; } # check NAME: of the command before
wires="r_word_line_ohm=2 r_bit_line_ohm=3 r_driver_ohm=100 r_sense_ohm=90"

make_array <<ARRAYS
good.h5 9 7 3 1 $wires
typed-f4.h5 4 5 2 2 TYPE=f4 r_sense_ohm=1
typed-i8.h5 4 5 2 2 TYPE=i8 r_sense_ohm=1
typed-u1.h5 4 5 2 2 TYPE=u1 r_sense_ohm=1
typed-i2.h5 4 5 2 2 TYPE=i2 r_sense_ohm=1
typed-f8.h5 4 5 2 2 TYPE=>f8 r_sense_ohm=1
zero.h5 4 5 2 2 ZERO=1
plain.h5 4 5 1 3 cell=linear drive=left sense=bottom r_access_ohm=0 LINES=word_line_floating:0
no_rows.h5 0 3 1 1
no_vectors.h5 3 3 0 1
large.h5 60 60 1 4 r_sense_ohm=1
edges.h5 9 12 2 9 $wires drive=both sense=both SOME=word_line_floating:1 SOME=bit_line_floating:1 SOME=bit_line_bias:0.1 r_access_ohm=500
cells.h5 9 7 2 1 $wires cell=sinh v0_volts=0.1
ARRAYS

# --- solve
"$RESCORE" solve good.h5 -o answer.h5 --transfer --nodes > out 2> err
check "solve exits 0"
cat > read.py <<'PY'
import h5py, numpy as np, sys
a, g = h5py.File("answer.h5"), h5py.File("good.h5")
V, T, I = g["voltage"][:], a["transfer"][:], a["current"][:]
scale = abs(V) @ T
assert np.all(abs(V @ T - I) <= 1e-13 * scale), "current = voltage x transfer"
assert list(a["status"][:]) == [0, 0, 0] and a["status"].attrs["flag_meanings"].split()[0] == "good"
assert list(a["status"].attrs["flag_values"]) == [0, 1, 2]
assert a["residual"].shape == (3,) and a["residual"][:].max() < 1e-9
assert a["error_bound"].shape == (3,) and 0 < a["error_bound"][:].min() and a["error_bound"][:].max() <= 1.1e-9
u, w, G = a["word_line_voltage"][:], a["bit_line_voltage"][:], g["conductance"][:]
cell = G * (u - w)
up = np.pad(np.diff(w, axis=1), ((0, 0), (1, 1), (0, 0)))[:, :-1] / 3     # bit-line wire from above, w_i - w_(i-1)
down = np.concatenate([np.diff(w, axis=1) / 3, -w[:, -1:] / 93], axis=1)   # to below
kcl = cell + down - up
assert abs(kcl).max() < 1e-9 * abs(cell).max(), "Kirchhoff's law on the bit lines"
assert np.allclose(w[:, -1] / 93, I, rtol=0, atol=1e-9 * scale.max())
right = np.concatenate([np.diff(u, axis=2) / 2, np.zeros((3, 9, 1))], axis=2)
left = np.concatenate([(u[:, :, 0] - V)[:, :, None] / 102, np.diff(u, axis=2) / 2], axis=2)
assert abs(right - left - cell).max() < 1e-9 * abs(cell).max(), "Kirchhoff's law on the word lines"
for name, dims in {"current": ("vector", "column"), "transfer": ("row", "column"), "residual": ("vector",),
                   "word_line_voltage": ("vector", "row", "column")}.items():
    assert tuple(d.keys()[0] for d in a[name].dims) == dims, name
assert a["current"].attrs["units"] == "A" and a["transfer"].attrs["units"] == "S"
at = a.attrs
assert at["format"] == "array-solution" and at["version"] == 1 and at["solver"] == "transfer"
assert at["tolerance"] == 1e-9 and at["iterations"] > 0 and at["source"].startswith("rescore")
assert at["git_commit"] and at["compiler"]
PY
$python read.py > out 2> err
check "the answer obeys Kirchhoff and carries its labels"

"$RESCORE" solve good.h5 -o field.h5 --solver field --tolerance 1e-11 --json > out 2> err
check "solve --solver field --json exits 0"
$python - > /dev/null 2> err <<'PY'
import h5py, json, numpy as np
s = json.load(open("out"))
assert s["schema"] == "rescore-solve/1" and s["n_vectors"] == 3 and s["n_failed"] == 0 and s["solver"] == "field"
assert 0 <= s["residual_max"] < 1e-9 and s["difference_max"] <= 1e-11
one, other = h5py.File("field.h5"), h5py.File("answer.h5")
assert "transfer" not in one and "word_line_voltage" not in one
assert np.allclose(one["current"][:], other["current"][:], rtol=1e-9, atol=1e-18)
PY
check "the summary is JSON, both solvers agree, options leave data out"

"$RESCORE" solve good.h5 -o strict.h5 --tolerance 1e-18 > out 2> err
[ $? -eq 1 ] && $python -c '
import h5py, numpy as np
a = h5py.File("strict.h5")
bad = a["status"][:] > 0
assert bad.any() and np.isnan(a["current"][:][bad]).all() and np.isfinite(a["current"][:][~bad]).all()' 2> err
check "a tolerance that cannot be met: exit 1, NaN currents, status > 0"

cp answer.h5 before.h5
"$RESCORE" solve good.h5 -o answer.h5 --transfer --nodes -q > out 2> err && [ ! -s out ] && cmp -s answer.h5 before.h5
check "equal input gives equal bytes; -q prints nothing"

for type in f4 i8 u1 f8 i2; do
    "$RESCORE" solve typed-$type.h5 -o typed.out.h5 > out 2> err
    check "numbers of type $type are read"
done
"$RESCORE" solve zero.h5 -o zero.out.h5 > out 2> err && "$RESCORE" compare zero.h5 > out 2> err &&
    grep -q '^largest_relative_difference = 0' out
check "all drives 0: solved, and no difference"
"$RESCORE" solve plain.h5 -o plain.out.h5 > out 2> err && $python -c '
import h5py, numpy as np
g, a = h5py.File("plain.h5"), h5py.File("plain.out.h5")
assert np.allclose(g["voltage"][:] @ g["conductance"][:], a["current"][:], rtol=1e-13, atol=1e-20)' 2> err
check "absent resistances are 0, defaults may be written out, ideal wires give the plain product"

# --- edges and cells
"$RESCORE" solve edges.h5 -o edges.out.h5 --transfer --nodes > out 2> err && $python - 2>> err <<'PY'
import h5py, numpy as np
g, a = h5py.File("edges.h5"), h5py.File("edges.out.h5")
V, T, I, B = g["voltage"][:], a["transfer"][:], a["current"][:], a["bias_current"][:]
bias, loose, floating = g["bit_line_bias"][:], g["bit_line_floating"][:] == 1, g["word_line_floating"][:] == 1
assert loose.any() and floating.any() and bias.any()
assert np.allclose(V @ T + B, I, rtol=1e-11, atol=1e-18), "current = voltage x transfer + bias_current"
assert (I[:, loose] == 0).all() and (T[floating] == 0).all()
u, w, G = a["word_line_voltage"][:], a["bit_line_voltage"][:], g["conductance"][:]
cell = (u - w) / np.where(G > 0, 1 / np.where(G > 0, G, 1) + 500, np.inf)
assert np.allclose(cell.sum(axis=1), I, rtol=0, atol=1e-9 * abs(cell).max()), "cells give what columns take"
ends = (w[:, 0] - bias) / 93 + (w[:, -1] - bias) / 93
assert np.allclose(ends[:, ~loose], I[:, ~loose], rtol=0, atol=1e-9 * abs(cell).max()), "both ends are counted"
driven = (2 * V - u[:, :, 0] - u[:, :, -1])[:, ~floating] / 102
assert np.allclose(driven, cell.sum(axis=2)[:, ~floating], rtol=0, atol=1e-9 * abs(cell).max()), "both drivers feed"
assert a["bias_current"].attrs["units"] == "A" and a["residual"][:].max() < 1e-9
PY
check "driven and sensed at both ends, floating lines, biases, access devices: the answer obeys Kirchhoff"

"$RESCORE" solve cells.h5 -o cells.out.h5 --nodes --tolerance 1e-11 > out 2> err && $python - 2>> err <<'PY'
import h5py, numpy as np
g, a = h5py.File("cells.h5"), h5py.File("cells.out.h5")
u, w, G = a["word_line_voltage"][:], a["bit_line_voltage"][:], g["conductance"][:]
cell = G * 0.1 * np.sinh((u - w) / 0.1)
scale = abs(cell).sum(axis=1)
assert (abs(cell.sum(axis=1) - a["current"][:]) <= 1e-11 * scale + 1e-25).all(), "currents are those of the law"
assert (abs(w[:, -1] / 93 - a["current"][:]) <= 1e-10 * scale).all(), "and those of the sense branch"
assert a["residual"][:].max() < 1e-10 and a.attrs["solver"] == "field" and a.attrs["iterations"] > 0
assert abs(cell - G * (u - w)).max() > 0.05 * abs(cell).max(), "the cells are far from straight"
PY
check "sinh cells: currents, voltages and law agree"
"$RESCORE" solve cells.h5 -o strict.h5 --tolerance 1e-18 > out 2> err
[ $? -eq 1 ] && $python -c '
import h5py, numpy as np
a = h5py.File("strict.h5")
assert (a["status"][:] > 0).all() and np.isnan(a["current"][:]).all()' 2> err
check "sinh cells: a tolerance that cannot be met: exit 1, NaN currents, status > 0"

# --- netlist
"$RESCORE" netlist good.h5 -o deck.cir > out 2> err && ngspice -b deck.cir > out 2> err &&
    [ "$(grep -c '^i(v[0-9]*) = ' out)" -eq 7 ]
check "the deck runs with plain ngspice -b, exits 0, prints every column"
"$RESCORE" netlist good.h5 -o - > out 2> err && cmp -s out deck.cir
check "netlist -o - writes to standard output"
printf 'path:\n  sense: transimpedance\nreference:\n  threshold: 1 uA\n' > plan.yaml
"$RESCORE" netlist good.h5 -o deck.cir --path plan.yaml > out 2> err && ngspice -b deck.cir > out 2> err &&
    [ "$(grep -c '^output[0-2]_[0-2] = ' out)" -eq 9 ]
check "netlist --path: the deck runs, exits 0 and prints three slots of three vectors"
printf 'path:\n  sense: resistor\n  supply: 3 ohm\n' > bad.yaml
printf 'path:\n  supply: 3 ohm\nlatches: {}\n' > both.yaml
"$RESCORE" netlist good.h5 -o bad.out --path both.yaml > out 2> err
[ $? -eq 65 ] && [ "$(wc -l < err)" -eq 2 ] && grep -q '^both.yaml:3:1: error: .latches.*did you mean .latch' err
check "netlist --path: all errors of a plan at once"
printf 'latch:\n  file: nolatch.sub\n  subcircuit: x\n' > nolatch.yaml
printf 'reference:\n  threshold: [1 uA, 2 uA]\n' > three.yaml

# --- bad input: nothing may be left under the output's name
refused() { # refused STATUS PATTERN NAME COMMAND...
    expected=$1 pattern=$2 name=$3; shift 3
    rm -f bad.out
    "$@" > out 2> err
    found=$?
    [ "$found" -eq "$expected" ] && [ "$(wc -l < err)" -eq 1 ] && grep -q -- "$pattern" err && [ ! -e bad.out ] &&
        [ -z "$(find . -name 'bad.out*')" ]
    ok "$name" "$?" "exit $found: $(cat err)"
}
# what is wrong|pattern after the file's name|settings of make_array
cat > table <<'TABLE'
NaN conductance|:/conductance: error: nan found at \[0\]\[5\], 0 or a positive|NAN=conductance
negative conductance|:/conductance: error: -1e-06 found at \[3\]\[0\], 0 or a positive|NEGATIVE=1
NaN voltage|:/voltage: error: nan found at \[0\]\[3\], a finite|NAN=voltage
negative resistance|:/@r_sense_ohm: error: -5 found, 0 or a positive|r_sense_ohm=-5
NaN resistance|:/@r_driver_ohm: error: nan found|r_driver_ohm=nan
infinite resistance|:/@r_driver_ohm: error: inf found|r_driver_ohm=inf
resistance as text|:/@r_driver_ohm: error: text found, numbers expected|'r_driver_ohm=5 ohm'
misspelt attribute|:/@r_wordline_ohm: error: unknown .*did you mean 'r_word_line_ohm'|r_wordline_ohm=1
unknown attribute|:/@r_banana: error: unknown|r_banana=1
disagreeing shapes|:/voltage: error: 3 rows found, 4 expected|ROWS=3
missing conductance|:/conductance: error: not found|DROP=conductance
missing voltage|:/voltage: error: not found|DROP=voltage
wrong rank|:/conductance: error: 3 dimensions found, 2 expected|RANK=conductance
wrong rank of voltage|:/voltage: error: 3 dimensions found, 2 expected|RANK=voltage
misspelt cell|:/@cell: error: 'linaer' found.*did you mean 'linear'|cell=linaer
misspelt drive|:/@drive: error: 'rigth' found, 'left', 'right' or 'both' expected; did you mean 'right'|drive=rigth
misspelt sense|:/@sense: error: 'middle' found, 'bottom', 'top' or 'both' expected|sense=middle
drive as a number|:/@drive: error: |drive=1
half floating word line|:/word_line_floating: error: 0.5 found at \[0\], 0 or 1 expected|LINES=word_line_floating:0.5
half floating bit line|:/bit_line_floating: error: 2 found at \[0\], 0 or 1 expected|LINES=bit_line_floating:2
NaN bias|:/bit_line_bias: error: nan found at \[0\], a finite number of volts|LINES=bit_line_bias:nan
too few floating lines|:/bit_line_floating: error: 4 columns found, 6 expected|LENGTH=bit_line_floating:4
negative access resistance|:/@r_access_ohm: error: -1 found, 0 or a positive|r_access_ohm=-1
sinh without v0|:/@v0_volts: error: not found, expected with cell 'sinh'|cell=sinh
sinh with v0 = 0|:/@v0_volts: error: 0 found, a positive number of volts|cell=sinh v0_volts=0
sinh with negative v0|:/@v0_volts: error: -0.2 found, a positive|cell=sinh v0_volts=-0.2
sinh with infinite v0|:/@v0_volts: error: inf found, a positive|cell=sinh v0_volts=inf
selector of another name|:/@selector: error: 'diode' found, 'none' or 'sinh' expected|selector=diode
selector without i0|:/@selector_i0_amperes: error: not found, expected with selector 'sinh'|selector=sinh
selector without v0|:/@selector_v0_volts: error: not found, expected with selector 'sinh'|selector=sinh selector_i0_amperes=1
selector with i0 = 0|:/@selector_i0_amperes: error: 0 found, a positive number of amperes|selector=sinh selector_i0_amperes=0
numbers of no selector|:/@selector_v0_volts: error: found without selector 'sinh'|selector_v0_volts=0.1
table without a table|:/iv_volts: error: not found, expected with cell 'table'|cell=table
table without factors|:/iv_factor: error: not found, expected with cell 'table'|cell=table IV=0.1:1 DROP=iv_factor
table of other lengths|:/iv_factor: error: 4 factors found, 1 expected|cell=table IV=0.1:1 LENGTH=iv_factor:4
table of falling voltages|:/iv_volts: error: voltage 0.1 found at \[1\], rising voltages expected|cell=table IV=0.2:1,0.1:1
table of NaN|:/iv_volts: error: voltage nan found at \[0\]|cell=table IV=nan:1
table with factor 0|:/iv_factor: error: 0 found at \[0\], a positive number|cell=table IV=0.1:0
table with another factor at 0 V|:/iv_factor: error: 1.2 found at 0 V, 1 expected|cell=table IV=0:1.2,0.1:1.2
table of a falling current|:/iv_factor: error: .* falls to 0.12 at 0.2 V, a rising current|cell=table IV=0.1:2,0.2:0.6
table that drops at once|:/iv_factor: error: 0.2 found at the first voltage 0.1 V, 1/3 or more|cell=table IV=0.1:0.2,0.2:0.4
table that is no odd law|:/iv_volts: error: voltages from -0.1 to 0.2 found, .* symmetric to 0|cell=table IV=-0.1:1,0.2:1
table that is not symmetric|:/iv_volts: error: voltages from -0.1 to 0.1 found, .* symmetric to 0|cell=table IV=-0.1:1,0.1:1.5
TABLE
awk -F'|' '{ print "bad" NR ".h5 4 6 2 5 " $3 }' table | make_array
i=0
while IFS='|' read -r name pattern settings; do
    i=$((i + 1))
    refused 65 "^bad$i.h5$pattern" "solve: $name" "$RESCORE" solve "bad$i.h5" -o bad.out
done < table
make_array sinh.h5 4 6 2 5 cell=sinh v0_volts=0.1 $wires
refused 65 "^sinh.h5:/@cell: error: 'sinh' found, 'linear' expected by --transfer" "no transfer matrix of nonlinear cells" \
    "$RESCORE" solve sinh.h5 --transfer -o bad.out
refused 65 '^no_rows.h5:/conductance: error: 0 rows found, at least 1 expected' "solve: no rows" "$RESCORE" solve no_rows.h5 -o bad.out
refused 65 '^no_vectors.h5:/voltage: error: 0 vectors found, at least 1 expected' "solve: no vectors" "$RESCORE" solve no_vectors.h5 -o bad.out

refused 74 '^none.h5: error: cannot open' "missing file" "$RESCORE" solve none.h5 -o bad.out
refused 74 '^none.h5: error: cannot open' "netlist: missing file" "$RESCORE" netlist none.h5 -o bad.out
refused 74 '^none.h5: error: cannot open' "compare: missing file" "$RESCORE" compare none.h5
refused 74 'error: cannot open' "a directory for a file" "$RESCORE" solve . -o bad.out
printf 'hello, this is text\n' > foreign.h5
refused 65 '^foreign.h5: error: not an HDF5 file' "foreign file" "$RESCORE" solve foreign.h5 -o bad.out
size=$(wc -c < good.h5)
for part in 10 50 90; do
    head -c $((size * part / 100)) good.h5 > cut.h5
    refused 65 '^cut.h5: error: ' "truncated to $part %" "$RESCORE" solve cut.h5 -o bad.out
done
refused 73 'nowhere/bad.out: error: cannot create' "solve: no such output folder" "$RESCORE" solve good.h5 -o nowhere/bad.out
refused 65 '^bad.yaml:3:11: error: .path.supply' "netlist: a bad plan" "$RESCORE" netlist good.h5 -o bad.out --path bad.yaml
refused 74 '^none.yaml: error: ' "netlist: a missing plan" "$RESCORE" netlist good.h5 -o bad.out --path none.yaml
refused 74 'nolatch.sub: error: ' "netlist: a missing latch" "$RESCORE" netlist good.h5 -o bad.out --path nolatch.yaml
refused 65 '^three.yaml: error: reference.threshold' "netlist: thresholds that do not fit" "$RESCORE" netlist good.h5 -o bad.out --path three.yaml
refused 65 '^edges.h5: error: the array is sensed at both' "netlist: edges that do not fit" "$RESCORE" netlist edges.h5 -o bad.out --path plan.yaml
refused 73 'nowhere/bad.out: error: cannot create' "netlist: no such output folder" "$RESCORE" netlist good.h5 -o nowhere/bad.out
limited() { (trap '' XFSZ; ulimit -f 1; exec "$@"); }
refused 74 'error: ' "solve: full disk" limited "$RESCORE" solve large.h5 -o bad.out --transfer
refused 74 'error: ' "netlist: full disk" limited "$RESCORE" netlist large.h5 -o bad.out

# --- bad command lines
refused 64 "unknown option '--tolerence'" "unknown option" "$RESCORE" solve good.h5 --tolerence 1
refused 64 "unknown option '-x'" "unknown letter" "$RESCORE" solve -x good.h5
refused 64 "unknown option '--nodes'" "an option of another command" "$RESCORE" compare --nodes good.h5
refused 64 "'--tolerance' needs a value" "missing value" "$RESCORE" compare good.h5 --tolerance
refused 64 "tolerance '-1' found" "bad tolerance" "$RESCORE" compare good.h5 --tolerance -1
refused 64 "tolerance 'nan' found" "tolerance nan" "$RESCORE" compare good.h5 --tolerance nan
refused 64 "did you mean 'field'" "unknown solver" "$RESCORE" solve good.h5 -o bad.out --solver fild
refused 64 "--kernel 'sse' found" "unknown kernel" "$RESCORE" solve good.h5 -o bad.out --kernel sse
"$RESCORE" solve --kernel baseline good.h5 -o kernel.out > out 2> err && [ -s kernel.out ]
check "a kernel can be forced"
refused 64 'an argument is missing' "missing argument" "$RESCORE" solve -o bad.out
refused 64 'one argument too many' "too many arguments" "$RESCORE" solve good.h5 zero.h5 -o bad.out
refused 64 '-o is missing' "missing output" "$RESCORE" netlist good.h5
refused 64 'another file than the input expected' "output is the input" "$RESCORE" solve good.h5 -o good.h5
for name in solve netlist compare; do
    "$RESCORE" $name --help > out 2> err && grep -qi '^example' out
    check "$name --help shows an example"
done
plan
