#!/bin/sh
# The result file of a run: labels, units, intervals, provenance, samples. Prints TAP.
. "${srcdir:=.}/tests/tap.sh"
python=/usr/bin/python3
work=$(mktemp -d "${TMPDIR:-/tmp}/rescore-result.XXXXXX") || exit 99
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 99
for module in h5py xarray netCDF4 h5netcdf; do
    if ! $python -c "import $module" 2> why; then
        ok "python3 module $module is installed" 1 "$(cat why)"
        plan; exit 1
    fi
done
check() { ok "$1" "$?" "$(cat out err 2> /dev/null | tail -20)"; } # check NAME: of the command before
run() { "$RESCORE" run "$@" -q > out 2> err; }

cat > run.yaml <<'YAML'
# a comment that config_yaml keeps
workload: {samples: 8}
device: {read_noise: 4 %}
comparator: {offset: 10 nA, delay_tau: 9 ps, delay_t0: 30 ps}
prune: {keep_ratio: 10 %}
monte_carlo: {trials: 3, seed: 11}
sweep:
  device.preset: [cmo-accept2, wan2022]
  array.r_word_line: [0 ohm, 4 ohm]
YAML
run run.yaml -o result.h5 --save heads,arrays,margins && run run.yaml -o plain.h5
check "a run ends well"
"$RESCORE" run run.yaml -o scalar.h5 --set sweep= --set 'sweep={}' --set monte_carlo.trials=1 --json > scalar.json 2> err
check "a run without a sweep ends well"
"$RESCORE" run run.yaml -o json.h5 --json > result.json 2> err
check "a run with --json ends well"
printf '%s\n' 'input.h5 1' | $python "$srcdir/tests/make_qkv.py"
run run.yaml -o qkv.h5 --set workload.kind=qkv --set workload.file=input.h5 --set workload.samples=0 --save heads,arrays
check "a run on a q/k/v file ends well"

cat > checks.py <<'PY'
import json, os, socket, sys
import h5py, numpy as np, xarray as xr

raw = h5py.File("result.h5")
sweeps, trial = ("device_preset", "array_r_word_line"), ("trial",)


def labels():
    for engine in ("netcdf4", "h5netcdf"):
        for name in ("result.h5", "plain.h5", "scalar.h5", "qkv.h5"):
            with xr.open_dataset(name, engine=engine) as d:
                d.load()
                lead = () if name == "scalar.h5" else sweeps
                assert d.keep_ratio.dims == lead + trial, (name, d.keep_ratio.dims)
                assert d.keep_ratio_mean.dims == lead
                assert d.status.dims == lead + trial and d.status.attrs["flag_meanings"]
                for v in d.data_vars.values():
                    assert not any(dim.startswith("phony") for dim in v.dims), v
        with xr.open_dataset("result.h5", engine=engine) as d:
            assert list(d.device_preset.values) == ["cmo-accept2", "wan2022"]
            assert list(d.array_r_word_line.values) == [0, 4] and d.array_r_word_line.attrs["units"] == "ohm"
            assert list(d.trial.values) == [0, 1, 2]
            assert d.false_prune_rate_by_head.dims == sweeps + trial + ("layer", "head")
            assert d.task_metric.attrs["metric"] == "accuracy" and d.task_metric.attrs["better"] == "higher"
            assert d.sel(device_preset="wan2022", array_r_word_line=4.0).keep_ratio.shape == (3,)
        with xr.open_dataset("result.h5", engine=engine, group="samples") as d:
            assert d.decision.dims == sweeps + ("pair",)
            assert d.target_conductance.dims == sweeps + ("array", "row", "column")
            assert d.current.dims == sweeps + ("array", "column")
        with xr.open_dataset("qkv.h5", engine=engine) as d:
            assert not [name for name in d if name.startswith("task_")]


def units():
    for group, names in {"/": ["keep_ratio", "n_visible", "task_loss"], "/samples": []}.items():
        for name in names:
            assert raw[group][name].attrs["units"] == "1" and raw[group][name].attrs["long_name"]
    p99 = raw["comparator_delay_p99"]
    assert p99.attrs["units"] == "s" and (p99[()] > 30e-12).all() and (p99[()] < 300e-12).all()
    s = raw["samples"]
    assert s["target_conductance"].attrs["units"] == s["read_conductance"].attrs["units"] == "S"
    assert s["current"].attrs["units"] == "A"
    g = s["target_conductance"][1]
    assert 1e-6 <= g.min() and g.max() <= 40e-6, "SI"
    for v in raw.values():
        if isinstance(v, h5py.Dataset):
            assert v.dtype.kind in "iufSO" and v.attrs.get("units", "1") in ("1", "ohm", "s", "S", "J", "bit"), v
    assert raw["n_visible"].dtype == "i8"


def interval(x):
    """numpy's mean and 95 % t interval over the last axis, three values."""
    t = 4.302652729911275  # Student's t, 0.975, 2 degrees of freedom
    half = t * x.std(axis=-1, ddof=1) / np.sqrt(x.shape[-1])
    return x.mean(axis=-1), x.mean(axis=-1) - half, x.mean(axis=-1) + half


def intervals():
    names = [n[:-5] for n in raw if n.endswith("_mean")]
    assert {"keep_ratio", "keep_ratio_final", "false_prune_rate", "false_keep_rate", "lost_mass", "output_error",
            "recall_at_k", "clamped_share", "task_metric", "task_metric_exact", "task_metric_quantised",
            "task_metric_float", "task_loss", "task_loss_total"} <= set(names)
    for name in names:
        for part, wanted in zip(("mean", "lo95", "hi95"), interval(raw[name][:])):
            assert np.allclose(raw[f"{name}_{part}"][:], wanted, rtol=1e-9, atol=1e-14), (name, part)
    assert np.allclose(raw["task_loss"][:], raw["task_metric_exact"][:] - raw["task_metric"][:], atol=1e-15)
    assert np.allclose(raw["task_loss_total"][:], raw["task_metric_float"][:] - raw["task_metric"][:], atol=1e-15)
    assert np.allclose(raw["task_loss_random"][:], raw["task_metric_float"][:] - raw["task_metric_random"][:], atol=1e-15)
    assert np.allclose(raw["task_error"][:], 1 - raw["task_metric"][:], atol=1e-15)
    assert "task_perplexity" not in raw and "task_bits_per_character" not in raw
    n, z = raw.attrs["n_samples"], 1.959963984540054
    for way in ("", "_exact", "_quantised", "_float", "_random"):
        p = raw[f"task_metric{way}"][:].mean(axis=-1)
        middle, half = p + z * z / (2 * n), z * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        for end, sign in ("lo95", -1), ("hi95", 1):
            wanted = np.clip((middle + sign * half) / (1 + z * z / n), 0, 1)
            assert np.allclose(raw[f"task_metric{way}_sample_{end}"][:], wanted, atol=1e-12), (way, end)
    for name in ("task_loss", "task_loss_total", "task_loss_random", "task_kl"):
        low, high = raw[f"{name}_sample_lo95"][:], raw[f"{name}_sample_hi95"][:]
        mean = raw[name][:].mean(axis=-1)
        assert (low <= mean).all() and (mean <= high).all(), (name, low, mean, high)
    one = h5py.File("scalar.h5")
    assert one["keep_ratio_mean"].shape == () and np.isnan(one["keep_ratio_lo95"][()])
    assert one["keep_ratio"].shape == (1,) and one["keep_ratio_mean"][()] == one["keep_ratio"][0]


def provenance():
    a = raw.attrs
    for name in ("Conventions", "title", "source", "schema_version", "git_commit", "config_yaml", "config_resolved_yaml",
                 "config_sha256", "seed", "rng", "kernel", "compiler", "complete", "hdf5_version", "gsl_version"):
        assert name in a and a[name] != "", name
    assert a["seed"] == 11 and a["complete"] == 1 and len(a["config_sha256"]) == 64
    assert a["config_yaml"] == open("run.yaml").read()
    open("resolved.yaml", "w").write(a["config_resolved_yaml"])


def nothing_else():
    for name in ("result.h5", "plain.h5", "scalar.h5", "qkv.h5"):
        content = open(name, "rb").read()
        words = [os.getcwd(), "/tmp/", os.environ.get("HOME", "/root") + "/", ".h5.parts"]
        if len(socket.gethostname()) > 4:
            words.append(socket.gethostname())
        for word in words:
            assert word.encode() not in content, (name, word)


def heads():
    n = raw["n_visible_by_head"][:]
    assert n.shape == (2, 2, 3, 3, 1) and np.array_equal(n.sum(axis=(3, 4)), raw["n_visible"][:])
    rate = raw["n_false_prune_by_head"][:] / raw["n_exact_keep_by_head"][:]
    assert np.array_equal(rate, raw["false_prune_rate_by_head"][:], equal_nan=True)
    assert raw["n_false_prune_by_head"][:].sum() == raw["n_false_prune"][:].sum() > 0
    assert h5py.File("qkv.h5")["keep_ratio_by_head"].shape == (2, 2, 3, 2, 4)


def samples():
    s = raw["samples"]
    n = len(s["pair"])
    assert raw["n_visible"][0, 0, 0] == n
    keep, exact = s["decision"][:] == 1, s["exact_score"][:] >= s["threshold"][:]
    assert np.array_equal((keep.sum(axis=-1) / n), raw["keep_ratio"][:, :, 0])
    assert np.array_equal((exact & ~keep).sum(axis=-1), raw["n_false_prune"][:, :, 0])
    g, read, i = (s[name][:] for name in ("target_conductance", "read_conductance", "current"))
    assert g.shape[-2:] == (64, 128) and (read != g).any() and np.isfinite(i).all() and abs(i).max() < 1e-2
    plain = h5py.File("plain.h5")
    assert "samples" not in plain and "layer" not in plain
    for name in plain:
        if plain[name].dtype.kind == "f":
            assert np.array_equal(plain[name][()], raw[name][()], equal_nan=True), name


def summary():
    s = json.load(open("result.json"))
    assert s["schema"] and s["complete"] is True and s["config_sha256"] == raw.attrs["config_sha256"]
    assert s["sweep"] == {"device.preset": ["cmo-accept2", "wan2022"], "array.r_word_line": [0, 4]}
    for name in raw:
        if name in ("system", "category"):
            assert s[name] == [word.decode() for word in raw[name][()]]
            continue
        if name.startswith("cost_constant") or name in ("samples", "layer", "head", "trial") + sweeps or name.endswith("_by_head"):
            continue
        mine, theirs = np.array(s[name], dtype=float), raw[name][()].astype(float)
        assert mine.shape == theirs.shape and np.array_equal(mine, theirs, equal_nan=True), name
    one = json.load(open("scalar.json"))
    assert isinstance(one["keep_ratio_mean"], float) and one["keep_ratio_lo95"] is None and len(one["keep_ratio"]) == 1


def costs():
    systems = ["baseline", "sprint-s", "sprint-m", "sprint-l", "leopard-ae", "leopard-hp", "spatten", "a3", "mnnfast"]
    for engine in ("netcdf4", "h5netcdf"):
        with xr.open_dataset("result.h5", engine=engine) as d:
            assert list(d.system.values) == systems and d.cycles.dims == sweeps + ("system",)
            assert d.energy_by_category.dims == sweeps + ("system", "category") and d.energy.attrs["units"] == "J"
            assert list(d.category.values) == ["array_read", "screen_other", "key_write", "fetch", "buffer", "compute", "softmax"]
            parts, named = d.energy_by_category, lambda name: d[name].sel(system="sprint-s").values
            assert np.allclose(parts.sum("category"), d.energy, rtol=1e-12)
            assert np.allclose(d.energy - parts.sel(category="key_write"), d.energy_without_writes, rtol=1e-12)
            for name in ("cycles", "energy", "memory_bits_read", "speedup", "energy_ratio", "speedup_common", "energy_ratio_common"):
                assert (d[name + "_lo95"] <= d[name] * (1 + 1e-12)).all() and (d[name] <= d[name + "_hi95"] * (1 + 1e-12)).all(), name
            assert (d.cost_status.sel(system="sprint-s") & 1 == 1).all() and (d.cost_status.sel(system="a3") & 2 == 2).all()
            assert np.isnan(d.reused_share).all(), "stories have one query each"
            # Every kept key is fetched once with its value, and every query; a vector has d x 8 bits.
            n_queries, visible = 8 * 3, d.n_visible.mean("trial").values
            vector = d.memory_bits_read.sel(system="baseline").values / (2 * visible + n_queries)
            assert np.allclose(vector, 8 * np.rint(vector / 8)), vector
            kept = (d.keep_ratio * d.n_visible).mean("trial").values
            fetched = (named("memory_bits_read") / vector - n_queries) / 2
            assert (kept - 1e-6 <= fetched).all() and (fetched <= kept + d.n_empty.mean("trial").values + 1e-6).all()
    kinds, values = raw["cost_constant_kind"].asstr()[()], raw["cost_constant_value"][()]
    assert set(kinds) == {"primary", "secondary", "assumed"} and len(values) == len(raw["cost_constant_source"]) > 50
    none, few = h5py.File("none.h5"), h5py.File("few.h5")
    assert (none["speedup"][()] == 1).all() and (none["energy_ratio"][()] == 1).all() and (none["extra_traffic"][()] == 0).all()
    assert list(few["system"].asstr()) == ["sprint-s", "a3"] and few["energy_by_category"].shape == (2, 2, 2, 7)
    for name in ("cycles", "energy", "cycles_lo95"):
        assert np.array_equal(few[name][()], raw[name][()][..., [1, 7]]), name
    assert "cycles" not in h5py.File("uncosted.h5") and "cost_constant" not in h5py.File("uncosted.h5")


globals()[sys.argv[1]]()
PY
run run.yaml -o none.h5 --set prune.policy=none && run run.yaml -o few.h5 --set cost.systems=a3,sprint-s &&
    run run.yaml -o uncosted.h5 --set cost.systems=none
check "systems are costed as asked for"
run run.yaml -o bad.h5 --set cost.systems=sprint
[ $? -eq 65 ] && [ ! -e bad.h5 ] && grep -q "^--set cost.systems=sprint: error: cost.systems: 'sprint' found, all, none, or" err
check "an unknown system is refused by name"
"$RESCORE" report result.h5 -o result.html > out 2> err && grep -q 'id="figure-costs-1"' result.html &&
    $python "$srcdir/tests/check_report.py" result.h5 result.html > out && grep -q 'id="constants"' result.html
check "the report shows costs"
for what in labels units intervals provenance nothing_else heads samples summary costs; do
    $python checks.py $what > out 2> err
    check "$what"
done
run resolved.yaml -o again.h5 && $python -c '
import h5py
a, b = h5py.File("plain.h5"), h5py.File("again.h5")
assert a.attrs["config_resolved_yaml"] == b.attrs["config_resolved_yaml"]
assert a.attrs["config_sha256"] == b.attrs["config_sha256"]
assert all((a[n][()] == b[n][()]).all() for n in ("keep_ratio", "task_metric", "n_visible"))' > out 2>> err
check "the resolved configuration gives the same result"
"$RESCORE" info result.h5 > out 2> err && grep -q '^  seed  *11$' out && grep -q '^  keep_ratio  *\[device_preset 2, array_r_word_line 2, trial 3\]' out &&
    grep -q '^  samples/decision .*\[device_preset 2, array_r_word_line 2, samples/pair [0-9]*\]' out
check "info shows attributes, shapes and names"
grep -q '^host ' result.h5.log && grep -q '^seconds ' result.h5.log && [ ! -e result.h5.parts ]
check "host and time stand in the log"
sleep 1
run run.yaml -o later.h5 --save heads,arrays,margins -j 1 && cmp later.h5 result.h5 > out
check "a second run, later, gives the same bytes"
run run.yaml -o mixed.h5 --set 'sweep={comparator.offset: [10 nA, 1 mV], recompute.enabled: [true, false]}' &&
    run run.yaml -o log.h5 --set 'sweep={device.time: {from: 1 s, to: 1 day, steps: 3, scale: log}, encoding.v_read: [100 mV, 0.2 V]}' && $python -c '
import h5py, xarray as xr
with xr.open_dataset("mixed.h5", engine="h5netcdf") as d:
    assert list(d.comparator_offset.values) == ["10 nA", "1 mV"] and list(d.recompute_enabled.values) == ["true", "false"]
f = h5py.File("log.h5")
assert f["device_time"][0] == 1 and f["device_time"][2] == 86400 and f["device_time"].attrs["units"] == "s"
assert abs(f["device_time"][1] - 86400 ** 0.5) < 1e-9
assert list(f["encoding_v_read"]) == [0.1, 0.2] and f["encoding_v_read"].attrs["units"] == "V"' > out 2>> err
check "coordinates are SI numbers, or words where units are mixed"
plan
