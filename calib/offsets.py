"""Offsets of all latches that calibrations have sampled, beside Pelgrom's formula, as Markdown:
offsets.py SAMPLES.h5 ... -- CALIB.h5 ... > offsets.md (python3, h5py, scipy)

SAMPLES: files of `make offsets`; CALIB: calibrations whose sigma a run would use."""
import math
import re
import sys

import h5py
import numpy as np
from scipy.stats import chi2


def texts(file, name):
    return [text.decode() if isinstance(text, bytes) else str(text) for text in file[name][()]]


def values(file):
    return dict(zip(texts(file, "parameter"), file["value"][()]))


def offsets(file):
    """Trip points, and the residuals of the linear model, in volts."""
    names = texts(file, "relation")
    rows = file["residual_relation"][()]
    take = [rows == names.index(f"comparator.{name}") for name in ("spread", "offset")]
    return file["residual_observed"][()][take[0]], file["residual"][()][take[1]]


def plan(file, key):
    """A number of the plan's section latch, in SI."""
    yaml = re.search(r"^latch:\n((?:  .*\n)*)", file.attrs["config_resolved_yaml"], re.M).group(1)
    return float(re.search(rf"^  {key}: (\S+)", yaml, re.M).group(1))


def pelgrom(file):
    """sigma^2 = sum over pairs of s^2 A^2 / (W L), by the sensitivities that were fitted."""
    found = values(file)
    metres2 = {pair: plan(file, f"w_{pair}") * plan(file, "length") for pair in ("input", "nlatch", "platch")}
    volts_metre = plan(file, "mismatch") * 1e-6
    return math.sqrt(sum((found[f"offset_sensitivity_{pair}"] * volts_metre) ** 2 / area for pair, area in metres2.items()))


def interval(sigma, n):
    return [sigma * math.sqrt((n - 1) / chi2.ppf(p, n - 1)) for p in (0.975, 0.025)]


def row(name, sigma, n, formula):
    low, high = interval(sigma, n)
    print(f"| {name} | {n} | {1e3 * sigma:.3f} | {1e3 * low:.3f} to {1e3 * high:.3f} | {1e3 * formula:.3f} | {sigma / formula - 1:+.1%} |")


split = sys.argv.index("--")
samples, calibrations = ([h5py.File(path) for path in paths] for paths in (sys.argv[1:split], sys.argv[split + 1:]))
found = [offsets(file) for file in samples]
volts = np.concatenate([one for one, _ in found])
rest = np.concatenate([one for _, one in found])
formulas = [pelgrom(file) for file in samples]
formula = float(np.mean(formulas))
print("# Offsets of sampled latches\n\nMade by `make offsets`; numbers from the files.\n")
print(f"StrongARM latches of generic 65 nm cards, threshold shifts drawn by Pelgrom's formula, trip points by transients in "
      f"{samples[0].attrs['ngspice_version']}. Formula: sigma^2 = sum over the three pairs of s^2 A^2 / (W L), s fitted to the same "
      "transients. Interval: 95 %, chi-square.\n")
print("| latches | n | sigma, mV | interval | formula, mV | sigma less formula |\n| --- | --- | --- | --- | --- | --- |")
for file, (one, _), theirs in zip(samples, found, formulas):
    row(f"seed {int(file.attrs['seed'])}", float(np.std(one, ddof=1)), len(one), theirs)
row("**all**", float(np.std(volts, ddof=1)), len(volts), formula)
for file in calibrations:
    n = len(offsets(file)[0])
    row(f"`offset_sigma_volts` of {file.filename.split('/')[-1]}", values(file)["offset_sigma_volts"], n, pelgrom(file))
print(f"\nMean of all: {1e3 * volts.mean():+.3f} +- {1e3 * volts.std(ddof=1) / math.sqrt(len(volts)):.3f} mV. "
      f"What the linear model leaves of a trip point: {1e6 * math.sqrt((rest**2).mean()):.0f} uV rms, "
      f"{1e6 * np.abs(rest).max():.0f} uV at most.")
sigma = float(np.std(volts, ddof=1))
for file in calibrations:
    used = values(file)["offset_sigma_volts"]
    print(f"The engine with {file.filename.split('/')[-1]} has {1e3 * used:.3f} mV, {used / sigma - 1:+.1%} of that of all latches; "
          f"with `comparator.a_vt` it has the formula's {1e3 * pelgrom(file):.3f} mV, {pelgrom(file) / sigma - 1:+.1%}.")
