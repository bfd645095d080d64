#!/bin/sh
# The notebook runs from start to end, on the result that RESCORE_RESULT names, else on made-up ones, and is stored
# without output.
. "${srcdir:=.}/tests/tap.sh"
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT || exit 99
notebook=$srcdir/notebooks/first_look.ipynb

! grep -q '"output_type"\|"execution_count": [0-9]' "$notebook"
ok "the notebook is stored without output" $?

# Settings, kernels and caches stay in the working folder.
execute() { # execute RESULT
    HOME=$work JUPYTER_RUNTIME_DIR=$work/run IPYTHONDIR=$work/ipython MPLCONFIGDIR=$work/mpl RESCORE_RESULT=$1 \
        PYTHONWARNINGS=ignore jupyter-nbconvert --to notebook --execute --output-dir "$work" --output out.ipynb \
        "$notebook" > "$work/log" 2>&1
}
pictures() { grep -c '"image/png"' "$work/out.ipynb"; }

if ! command -v jupyter-nbconvert > /dev/null || ! /usr/bin/python3 -c 'import ipykernel, xarray, h5py, netCDF4, matplotlib' 2> /dev/null; then
    skip "the notebook runs" "jupyter-nbconvert, python3-ipykernel, python3-xarray, python3-h5py, python3-netcdf4 or python3-matplotlib is missing"
elif [ -n "${RESCORE_RESULT-}" ]; then
    case $RESCORE_RESULT in /*) result=$RESCORE_RESULT ;; *) result=$PWD/$RESCORE_RESULT ;; esac
    execute "$result"
    ok "the notebook runs on $RESCORE_RESULT" $? "$(tail -5 "$work/log")"
else
    for kind in two-knobs:2 single:2 qkv:2 bare:1; do
        expected=${kind#*:} kind=${kind%:*}
        /usr/bin/python3 "$srcdir/tests/make_result.py" "$kind" "$work/$kind.h5" && execute "$work/$kind.h5"
        status=$?
        [ $status -eq 0 ] && [ "$(pictures)" -eq "$expected" ]
        ok "the notebook runs on a result of kind $kind and draws $expected pictures" $? "$(tail -5 "$work/log")"
    done
fi
plan
