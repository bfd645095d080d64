"""Reads the sample of write_sample with h5py and xarray; one TAP line per check."""
import shutil
import sys
import h5py
import netCDF4
import numpy
import xarray

path = sys.argv[1]
n_checks = 0


def check(name, function):
    global n_checks
    n_checks += 1
    try:
        function()
        print(f"ok {n_checks} - {name}")
    except Exception as reason:  # any failure is a result
        print(f"not ok {n_checks} - {name}\n# {type(reason).__name__}: {str(reason)[:300]}")


def equal(found, expected):
    assert found == expected, f"{found!r} found, {expected!r} expected"


def with_h5py():
    with h5py.File(path) as file:
        equal(file.attrs["title"], "a sample µ")
        assert isinstance(file.attrs["title"], str)
        equal(file.attrs["empty"], "")
        equal(file.attrs["seed"], -3)
        equal(file.attrs["temperature_kelvin"], 300.5)
        rate = file["false_prune_rate"]
        equal(rate.dtype, numpy.dtype("<f8"))
        equal(rate.attrs["units"], "1")
        assert isinstance(rate.attrs["units"], str)
        equal([d[0].name for d in rate.dims], ["/array_r_word_line", "/device_preset", "/trial"])
        equal(rate[2, 1, 3], 0.23)
        equal(file["status"].dtype, numpy.dtype("u1"))
        equal(file["status"].attrs["flag_values"].tolist(), [0, 1])
        equal(file["note"].asstr()[:].tolist(), ["first", "", "dritte µS"])
        equal(file["scalar"][()], 42.0)
        equal([d[0].name for d in file["samples/conductance"].dims], ["/array_r_word_line", "/samples/row"])


def root(engine):
    with xarray.open_dataset(path, engine=engine) as data:
        equal(dict(data.sizes), {"array_r_word_line": 3, "device_preset": 2, "trial": 4, "bin": 7, "note_index": 3})
        equal(data.false_prune_rate.dims, ("array_r_word_line", "device_preset", "trial"))
        equal(sorted(data.coords), ["array_r_word_line", "device_preset", "trial"])
        equal(data.array_r_word_line.values.tolist(), [0, 1.25, 2.5])
        equal(data.array_r_word_line.units, "ohm")
        equal(data.device_preset.values.tolist(), ["ideal", "wan2022"])
        equal(float(data.false_prune_rate.sel(array_r_word_line=2.5, device_preset="wan2022", trial=3)), 0.23)
        equal(data.false_prune_rate.units, "1")
        equal(data.false_prune_rate.long_name, "falsely pruned share")
        equal(data.status.flag_meanings, "good no_exact_keeps")
        equal(data.status.dtype, numpy.dtype("u1"))
        equal(data["count"].dims, ("bin",))
        equal(data["note"].values.tolist(), ["first", "", "dritte µS"])
        equal(data.title, "a sample µ")
        equal(int(data.seed), -3)


def group(engine):
    with xarray.open_dataset(path, engine=engine, group="samples") as data:
        equal(data.conductance.dims, ("array_r_word_line", "row"))
        equal(data.conductance.units, "S")
        equal(data.conductance.dtype, numpy.dtype("f4"))
        equal(data.row.values.tolist(), list(range(6)))
        equal(data.decision.dims, ("pair",))
        equal(data.decision.values.tolist(), [1, 0, 1, 1, -1])
        assert "pair" not in data.coords
        equal(float(data.threshold_amperes), 2.5e-6)


def append():
    copy = path + ".copy"
    shutil.copy(path, copy)
    with netCDF4.Dataset(copy, "a") as data:
        data.comment = "added later"
        data.createVariable("more", "f8", ("trial",))[:] = 1
    with xarray.open_dataset(copy, engine="h5netcdf") as data:
        equal(data.more.dims, ("trial",))
        equal(data.comment, "added later")
        equal(data.title, "a sample µ")


check("h5py reads values, dimensions, and texts as str", with_h5py)
for name in ("netcdf4", "h5netcdf"):
    check(f"xarray with {name} labels the root", lambda: root(name))
    check(f"xarray with {name} labels a group that uses dimensions of the root", lambda: group(name))
check("netCDF appends to a result", append)
print(f"1..{n_checks}")
