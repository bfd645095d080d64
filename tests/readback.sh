#!/bin/sh
# Results open with labelled dimensions in h5py and in xarray with both of its HDF5 engines. Prints TAP.
. "${srcdir:=.}/tests/tap.sh"
python=${PYTHON:-/usr/bin/python3}
for module in h5py xarray netCDF4 h5netcdf; do
    if ! "$python" -c "import $module" 2> /dev/null; then
        skip "other programs read a result" "python module $module is missing"
        plan
        exit 0
    fi
done
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
if ! "${builddir:=.}/tests/write_sample" "$work/sample.h5" 2> "$work/message"; then
    ok "the sample is written" 1 "$(cat "$work/message")"
    plan
    exit 0
fi
"$python" "$srcdir/tests/readback.py" "$work/sample.h5"
