#!/usr/bin/python3
"""Makes result files as `rescore run` writes them (docs/interface.md 4), with made-up but plausible numbers.

usage: make_result.py KIND FILE.h5
kinds: two-knobs, one-knob, words, single, one-trial, qkv, nan, three-knobs, escape, bare
"""
import sys

import h5py
import numpy as np
from math import erf, sqrt

T95 = {2: 12.706, 8: 2.365, 10: 2.262, 20: 2.093}  # two-sided 95 % Student's t, n - 1 degrees of freedom
N_VISIBLE, KEEP = 40000, 0.25
FLAGS = "not_converged no_exact_keeps no_exact_prunes residual_above_tolerance"

CONFIG = """workload:
  kind: "memn2n"
device:
  preset: "wan2022"
array:
  rows: 64
  columns: 128
  r_word_line: 0 ohm
monte_carlo:
  trials: {trials}
  seed: 1
"""

WIRE = dict(key="array.r_word_line", units="ohm", long_name="resistance of one word-line segment between two cells",
            values=[0, 0.5, 1, 2, 4, 8], published="0.3 to 3 ohm (made-up range for a test, Someone 2020, Table 1)",
            published_values=[0.3, 1.0, 3.0])
NOISE = dict(key="device.read_noise", units="S", long_name="standard deviation of the white noise of one read",
             values=[0, 1e-6, 2e-6, 4e-6], published="0.5 to 2 uS (made-up range for a test, Someone 2021)")
BITS = dict(key="encoding.analog_bits", units="1", long_name="most significant bits of a key that the array stores",
            values=[2, 3, 4, 6, 8])
WORDS = dict(key="prune.policy", units="1", long_name="how keys are chosen",
             values=["threshold", "three-way", "topk", "cascade", "mnnfast"])


def damage(knob, value):
    """How much of a unit of score noise a knob's value adds."""
    if isinstance(value, str):
        return 0.1 * len(value)
    if knob["units"] == "ohm":
        return 0.35 * value
    if knob["units"] == "S":
        return value / 1e-6 * 0.8
    return max(0.0, 4.5 - value) * 0.7


class Maker:
    def __init__(self, path, knobs, trials, task=True):
        self.file = h5py.File(path, "w", track_order=True)
        self.knobs, self.n_trials, self.task = knobs, trials, task
        self.shape = tuple(len(knob["values"]) for knob in knobs)
        self.names = [knob["key"].replace(".", "_") for knob in knobs]
        self.rng = np.random.default_rng(7)
        for knob, name in zip(knobs, self.names):
            self.write_knob(knob, name)
        self.scale("trial", np.arange(trials, dtype="i4"), "1", "device instance")

    def scale(self, name, values, units=None, long_name=None):
        data = self.file.create_dataset(name, data=values)
        data.make_scale(name.split("/")[-1])
        if units:
            data.attrs["units"] = units
        if long_name:
            data.attrs["long_name"] = long_name
        return data

    def write_knob(self, knob, name):
        words = isinstance(knob["values"][0], str)
        values = np.array(knob["values"], dtype=h5py.string_dtype() if words else "f8")
        data = self.scale(name, values, knob["units"], knob["long_name"])
        data.attrs["key"] = knob["key"]
        for attribute in ("published", "published_values"):
            if attribute in knob:
                data.attrs[attribute] = knob[attribute]

    def write(self, name, values, dims, units="1", **attributes):
        data = self.file.create_dataset(name, data=values)
        for i, dim in enumerate(dims):
            data.dims[i].attach_scale(self.file[dim])
        data.attrs["units"] = units
        for key, value in attributes.items():
            data.attrs[key] = value

    def write_variable(self, name, values, **attributes):
        self.write(name, values, self.names + ["trial"], **attributes)
        with np.errstate(invalid="ignore"):
            mean = values.mean(axis=-1)
            half = np.full(mean.shape, np.nan)
            if self.n_trials > 1:
                half = T95[self.n_trials] * values.std(axis=-1, ddof=1) / sqrt(self.n_trials)
        self.write(name + "_mean", mean, self.names)
        self.write(name + "_lo95", mean - half, self.names)
        self.write(name + "_hi95", mean + half, self.names)
        return mean

    def sigma(self):
        """[sweep..., 1]: score noise, in score units."""
        sigma = np.full(self.shape, 0.45 ** 2)
        for axis, knob in enumerate(self.knobs):
            part = np.array([damage(knob, value) for value in knob["values"]])
            sigma = sigma + (part ** 2).reshape([-1 if i == axis else 1 for i in range(len(self.shape))])
        return np.sqrt(sigma)[..., np.newaxis]

    def spread(self, mean, relative):
        """The same trials at every point, as paired draws give them."""
        trial = self.rng.normal(size=self.n_trials)
        own = self.rng.normal(size=mean.shape[:-1] + (self.n_trials,))
        return mean * np.exp(relative * (trial + 0.25 * own))

    def write_numbers(self):
        sigma = self.sigma()
        noise = np.maximum(sigma, 1e-9)
        prune = np.vectorize(lambda s: 0.5 * (1 - erf(2.2 / s / sqrt(2))) + 0.012 * min(s, 4))(noise)
        keep = prune * 0.4
        false_prune = np.clip(self.spread(prune, 0.12), 0, 1)
        false_keep = np.clip(self.spread(keep, 0.12), 0, 1)
        ratio = KEEP * (1 - false_prune) + (1 - KEEP) * false_keep
        self.write_variable("keep_ratio", ratio)
        self.write_variable("keep_ratio_final", KEEP * (1 - false_prune))
        self.write_variable("false_prune_rate", false_prune)
        self.write_variable("false_keep_rate", false_keep)
        self.write_variable("lost_mass", false_prune * 0.31)
        self.write_variable("output_error", np.clip(self.spread(0.05 + 1.3 * prune, 0.07), 0, None))
        self.write_variable("recall_at_k", np.clip(1 - false_prune * 1.4, 0, 1))
        self.write_variable("clamped_share", np.zeros_like(false_prune))
        self.write_variable("residual_max", np.full_like(false_prune, 3.1e-15))
        self.write_variable("recompute_bits", np.full_like(ratio, 5.4))
        n_keep = int(N_VISIBLE * KEEP)
        dims = self.names + ["trial"]
        for name, value in (("n_visible", N_VISIBLE), ("n_exact_keep", n_keep), ("n_empty", 3)):
            self.write(name, np.full(false_prune.shape, value, dtype="i8"), dims)
        self.write("n_false_prune", np.nan_to_num(false_prune * n_keep).astype("i8"), dims)
        self.write("n_false_keep", np.nan_to_num(false_keep * (N_VISIBLE - n_keep)).astype("i8"), dims)
        if self.task:
            self.write_task(false_prune)
        status = np.zeros(false_prune.shape, dtype="i4")
        self.write("status", status, dims, flag_masks=np.array([1, 2, 4, 8], dtype="i4"), flag_meanings=FLAGS)

    def write_task(self, false_prune):
        exact = np.full(false_prune.shape, 0.953)
        loss = 0.9 * np.maximum(false_prune - 0.02, 0) ** 1.2
        loss = np.round((loss + self.rng.normal(scale=0.0012, size=loss.shape)) * 2000) / 2000
        self.write_variable("task_metric", exact - loss, metric="accuracy", better="higher")
        self.write_variable("task_metric_exact", exact, metric="accuracy", better="higher")
        self.write_variable("task_metric_quantised", np.full(exact.shape, 0.9555), metric="accuracy", better="higher")
        self.write_variable("task_metric_float", np.full(exact.shape, 0.956), metric="accuracy", better="higher")
        mean = self.write_variable("task_loss", loss)
        self.write_variable("task_loss_total", loss + 0.003)
        self.write("task_loss_sample_lo95", mean - 0.004, self.names)
        self.write("task_loss_sample_hi95", mean + 0.004, self.names)
        dims = self.names + ["trial"]
        for i, way in enumerate(("_float", "_quantised", "_exact", "", "_random")):
            for name, value in (("nll", 0.1), ("kl", 0.001), ("agreement", 0.99)):
                if (name, way) not in (("kl", "_float"), ("agreement", "_float")):
                    self.write(f"task_{name}{way}", np.full(exact.shape, value * (1 + 0.1 * i)), dims)
            self.write(f"task_metric{way}_sample_lo95", np.full(self.shape, 0.94), self.names)
            self.write(f"task_metric{way}_sample_hi95", np.full(self.shape, 0.97), self.names)
        self.write("task_metric_random", np.full(exact.shape, 0.9), dims)
        self.write("task_loss_random", np.full(exact.shape, 0.056), dims)
        self.write("task_metric_chance", np.full(exact.shape, 0.2), dims)
        cautions = np.zeros(self.shape, dtype="u1")
        cautions.flat[-1] = 2
        self.write("task_caution", cautions, self.names, flag_masks=np.array([1, 2], dtype="u1"),
                   flag_meanings="at_chance hardly_depends_on_attention")

    def write_margins(self, n_pairs=12000):
        rng = np.random.default_rng(11)
        self.file.create_group("samples", track_order=True)
        columns = {"layer": rng.integers(0, 3, n_pairs), "head": np.zeros(n_pairs), "sample": np.arange(n_pairs) // 60,
                   "query": np.zeros(n_pairs), "key": np.arange(n_pairs) % 20}
        self.scale("samples/pair", np.arange(n_pairs, dtype="i4"))
        dims = self.names + ["samples/pair"]
        for name, values in columns.items():
            self.write("samples/pair_" + name, values.astype("i4"), ["samples/pair"])
        threshold = np.array([0.8, 1.3, 2.1])[columns["layer"]]
        exact = threshold + np.where(rng.random(n_pairs) < KEEP, rng.gamma(2.2, 1.6, n_pairs), -rng.gamma(2.6, 2.2, n_pairs))
        analog = exact + self.sigma() * rng.normal(size=n_pairs)
        every = np.broadcast_to
        self.write("samples/exact_score", every(exact, analog.shape), dims)
        self.write("samples/analog_score", analog, dims)
        self.write("samples/threshold", every(threshold, analog.shape), dims)
        self.write("samples/decision", (analog + 0.1 * rng.normal(size=n_pairs) >= threshold).astype("u1"), dims)

    def write_arrays(self, n_rows=64, n_columns=128):
        rng = np.random.default_rng(12)
        if "samples" not in self.file:
            self.file.create_group("samples", track_order=True)
        for name, n in (("array", 2), ("row", n_rows), ("column", n_columns)):
            self.scale("samples/" + name, np.arange(n, dtype="i4"))
        dims = self.names + ["samples/array", "samples/row", "samples/column"]
        code = rng.integers(-7, 8, (2, n_rows, n_columns // 2))
        target = np.empty((2, n_rows, n_columns))
        target[..., 0::2] = 1e-6 + np.maximum(code, 0) * 39e-6 / 7
        target[..., 1::2] = 1e-6 + np.maximum(-code, 0) * 39e-6 / 7
        target[:, :, 2 * (n_columns * 3 // 8):] = 1e-6
        size = (0.3e-6 + 0.7e-6 * self.sigma())[..., np.newaxis, np.newaxis]
        read = np.maximum(target + size * rng.normal(size=target.shape) * (0.3 + target / 40e-6), 0)
        self.write("samples/target_conductance", np.broadcast_to(target, read.shape), dims, "S")
        self.write("samples/read_conductance", read, dims, "S")
        self.write("samples/current", read.sum(axis=-2) * 0.01, dims[:-2] + ["samples/column"], "A")

    def finish(self, **attributes):
        trials = self.n_trials
        keys = ", ".join(knob["key"] for knob in self.knobs) or "nothing swept"
        everything = dict(
            Conventions="CF-1.8", title="rescore: " + keys, source="rescore 0.1.0", schema_version="1.0",
            git_commit="0123456789abcdef0123456789abcdef01234567", config_yaml=CONFIG.format(trials=trials),
            config_resolved_yaml=CONFIG.format(trials=trials), config_sha256="ab" * 32, seed=1,
            rng="philox4x32-10, layout 1", kernel="baseline", compiler="gcc 12.2.0", hdf5_version="1.10.8", complete=1,
            n_trials=trials, workload="MemN2N, 3 hops, made-up stories",
            interval="95 % Student's t interval over trials")
        everything.update(attributes)
        for name, value in everything.items():
            self.file.attrs[name] = value
        self.file.close()


def make(kind, path):
    knobs = {"two-knobs": [WIRE, NOISE], "one-knob": [NOISE], "words": [WORDS, BITS], "single": [], "one-trial": [WIRE],
             "qkv": [NOISE], "nan": [WIRE, NOISE], "three-knobs": [BITS, NOISE, WIRE], "escape": [WORDS], "bare": [WIRE]}[kind]
    trials = {"one-trial": 1, "single": 8, "three-knobs": 2}.get(kind, 20 if kind == "two-knobs" else 10)
    if kind == "escape":
        knobs = [dict(WORDS, values=["<b>&\"'", "a\u03a9", "]]>"], long_name="<script>alert(1)</script> & more",
                      published="<img src=x> & 1 < 2")]
    maker = Maker(path, knobs, trials, task=kind != "qkv")
    maker.write_numbers()
    if kind not in ("one-knob", "bare"):
        maker.write_margins()
    if kind not in ("one-knob", "bare", "qkv"):
        maker.write_arrays()
    if kind == "nan":
        spoil(maker)
    text = {"workload": "q/k/v of a pretrained transformer"} if kind == "qkv" else {}
    if kind == "escape":
        text = {"title": "</title><script>&", "workload": "<i>\"work\" & load</i>", "config_yaml": "a: <pre> & </pre>\n"}
    if kind == "nan":
        text = {"complete": 0}
    maker.finish(**text)


def spoil(maker):
    """0/0 rates, a point without any number, a status, scores without a threshold, unread conductances."""
    file = maker.file
    for name in ("false_prune_rate", "task_metric", "task_loss"):
        file[name][1, 1, :] = np.nan
        for end in ("_mean", "_lo95", "_hi95"):
            file[name + end][1, 1] = np.nan
    for end in ("", "_mean", "_lo95", "_hi95"):
        file["recall_at_k" + end][...] = np.nan
    file["status"][1, 1, :] = 2
    file["status"][2, 0, 0:3] = 9
    file["samples/threshold"][..., :500] = np.nan
    file["samples/read_conductance"][0, 0] = np.nan


if __name__ == "__main__":
    make(sys.argv[1], sys.argv[2])
