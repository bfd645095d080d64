#!/bin/sh
# rescore compare --decisions: its tables, its file in xarray and as a page, its refusals. Prints TAP.
. "${srcdir:=.}/tests/tap.sh"
python=/usr/bin/python3
srcdir=$(cd "$srcdir" && pwd) || exit 99
rescore=$(pwd)/rescore
work=$(mktemp -d "${TMPDIR:-/tmp}/rescore-decisions.XXXXXX") || exit 99
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 99
if ! $python "$srcdir/spice/decks/make_path.py" 4 array.h5 2> why; then
    ok "h5py is installed (package python3-h5py)" 1 "$(cat why)"
    plan; exit 1
fi
cat > plan.yaml <<'PLAN'
path:
  sense: transimpedance
  r_feedback: 5 kohm
reference:
  kind: current
  threshold: 2 uA
decisions:
  decks: 2
  queries: 4
  agreement: 50 %
  clear_agreement: 50 %
  curve_p: 0
PLAN
compare="$rescore compare array.h5 --decisions --path plan.yaml --progress never"
$compare -o decisions.h5 --json > out.json 2> err
ok "16 decisions are compared" "$?" "$(cat err)"
$python - <<'CHECK' > why 2>&1
import json
import numpy as np
import xarray as xr
summary = json.load(open("out.json"))
assert summary["n_decisions"] == 16 and summary["schema"] == "rescore-compare-decisions/1", summary
assert sum(map(sum, summary["confusion"])) == 16
for engine in "netcdf4", "h5netcdf":
    with xr.open_dataset("decisions.h5", engine=engine) as file:
        assert file.sizes["decision"] == 16 and file.sizes["key_slot"] == 2, file.sizes
        agree = (file.engine_bit == file.ngspice_bit).mean().item()
        assert agree == summary["agreement"] == file.attrs["agreement"], (agree, summary)
        assert np.array_equal(file.engine_bit, file.margin > 0)
        assert np.allclose(file.margin, file.engine_input - file["shift"] - file.offset, atol=1e-12)
        assert abs(file.engine_input - file.ngspice_input).max() < 50e-6
        assert int(file.disagreement_n.sum()) == 16 and int(file.kept_n.sum()) == 16
        assert file.margin.attrs["units"] == "V"
CHECK
ok "the file opens in xarray and agrees with --json" "$?" "$(cat why)"
$compare -o again.h5 -j 2 -q 2> err && cmp -s decisions.h5 again.h5
ok "equal plans give the same bytes, with one worker and two" "$?" "$(cat err)"
$rescore report decisions.h5 -o decisions.html 2> err &&
    $python -c 'import xml.dom.minidom, re; t = open("decisions.html").read(); [xml.dom.minidom.parseString(s) for s in re.findall("<svg.*?</svg>", t, re.S)]; assert t.count("<svg") == 3 and "nan" not in t.lower().split("</style>")[-1]' 2>> err
ok "the report has its three pictures" "$?" "$(cat err)"
sed 's/agreement: 50 %/agreement: 100 %/; s/clear_agreement: 50 %/clear_agreement: 100 %/; s/curve_p: 0/curve_p: 1/' plan.yaml > strict.yaml
$rescore compare array.h5 --decisions --path strict.yaml -q --progress never 2> err
[ $? -eq 1 ] && grep -q 'stated' err
ok "an agreement that is missed is exit status 1" "$?" "$(cat err)"
$rescore compare array.h5 --decisions 2> err; [ $? -eq 64 ] && grep -q 'path PLAN.yaml expected' err
ok "--decisions without a plan is wrong usage" "$?" "$(cat err)"
printf 'decisions:\n  deks: 3\n' > typing.yaml
$rescore compare array.h5 --decisions --path typing.yaml 2> err; [ $? -eq 65 ] && grep -q '^typing.yaml:2:3: error:' err
ok "a wrong key is refused with its place" "$?" "$(cat err)"
plan
