"""Offsets of sampled StrongARM latches by transients, and the sensitivities that explain them, by least squares.

    cd spice/decks && python3 measure_offset.py 60

and how far two trip points depend on the simulator's options and largest step:

    cd spice/decks && python3 measure_offset.py steps
"""
import math
import os
import subprocess
import sys
import tempfile

import numpy as np

PER_DECK = 20
MISMATCH = 3.5e-9  # V m, Pelgrom's A_VT of a pair
WIDTHS = 2e-6, 2e-6, 1e-6, 1e-6, 1e-6, 1e-6
LENGTH = 65e-9

CYCLES = 16
OPTIONS = "reltol=1e-5 chgtol=1e-16 gmin=1e-15"
STEPS = [
    ("reltol=1e-3", "20p"), ("reltol=1e-4", "20p"), ("reltol=1e-5", "20p"), ("reltol=1e-5", "100p"),
    ("reltol=1e-4 method=gear", "20p"), ("reltol=1e-4 method=gear", "1p"),
    (OPTIONS, "100p"), (OPTIONS, "20p"), (OPTIONS, "2p"), ("reltol=1e-6 chgtol=1e-18", "1p"),
]

here = os.path.dirname(os.path.abspath(__file__))
sigma = np.array([MISMATCH / math.sqrt(2 * width * LENGTH) for width in WIDTHS])


def trips(rows, options=OPTIONS, step="100p"):
    """Trip points of latches with these shifts, and time points of the transient."""
    parts = ["generic65.lib", "strongarm.sub", "trip.sub", "trip_sources.inc"]
    deck = ["* sampled latches"] + [f'.include "{here}/{part}"' for part in parts]
    deck += [f".options {options} noacct"]
    deck += [
        f"x{j} clk vdd gate step t{j} trip_latch " + " ".join(f"dv{k + 1}={dv:.12g}" for k, dv in enumerate(row))
        for j, row in enumerate(rows)
    ]
    deck += [".control", "optran 1 1 1 0 0 0", "set numdgt=9", "set num_threads=1"]
    deck += ["save " + " ".join(f"t{j}" for j in range(len(rows))), f"tran 5p {CYCLES}n 0 {step}"]
    deck += ["let points = length(time)", "print points"]
    deck += [f"print t{j}[points-1]" for j in range(len(rows))] + ["quit 0", ".endc", ".end"]
    with tempfile.NamedTemporaryFile("w", suffix=".cir") as file:
        file.write("\n".join(deck) + "\n")
        file.flush()
        out = subprocess.run(["ngspice", "-b", file.name], capture_output=True, text=True, check=True).stdout
    values = {line.split()[0]: float(line.split()[2]) for line in out.splitlines() if " = " in line and line[0] in "tp"}
    return [values[f"t{j}[points-1]"] for j in range(len(rows))], values["points"]


def measure_steps():
    rows = [[5e-3, 0, 3e-3, -2e-3, 0, 1e-3], [-7e-3, 3e-3, -9e-3, 5e-3, 4e-3, -8e-3]]
    for options, step in STEPS:
        values, points = trips(rows, options, step)
        print(f"{options}, steps up to {step}: {1e3 * values[0]:.4f} {1e3 * values[1]:.4f} mV, {points / CYCLES:.0f} points")


def measure_offsets(n):
    shifts = np.random.default_rng(1).standard_normal((n, 6)) * sigma
    before = os.times()
    offset = np.array([trip for k in range(0, n, PER_DECK) for trip in trips(shifts[k : k + PER_DECK])[0]])
    seconds = os.times().children_user - before.children_user
    design = np.column_stack([shifts, np.ones(n)])
    fit = np.linalg.lstsq(design, offset, rcond=None)[0]
    rest = offset - design @ fit
    predicted = math.sqrt(((fit[:6] * sigma) ** 2).sum())
    spread = offset.std(ddof=1)
    print(f"latches {n}, decisions {CYCLES * n}, {1e3 * seconds / n / CYCLES:.1f} ms of ngspice each")
    print("sensitivities", " ".join(f"{value:.4f}" for value in fit[:6]))
    print(f"offset at no mismatch {1e6 * fit[6]:.1f} uV, residual {1e6 * rest.std(ddof=7):.0f} uV rms")
    print(f"sigma {1e3 * spread:.2f} +- {1e3 * spread / math.sqrt(2 * n):.2f} mV, mean {1e3 * offset.mean():.2f} mV;"
          f" of the sensitivities and Pelgrom's law {1e3 * predicted:.2f} mV")


if sys.argv[1:] == ["steps"]:
    measure_steps()
else:
    measure_offsets(int(sys.argv[1]) if len(sys.argv) > 1 else 60)
