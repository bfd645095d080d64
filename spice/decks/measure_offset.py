"""Offsets of sampled StrongARM latches by transients, and the sensitivities that explain them, by least squares.

    cd spice/decks && python3 measure_offset.py 60
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

here = os.path.dirname(os.path.abspath(__file__))
n = int(sys.argv[1]) if len(sys.argv) > 1 else 60
sigma = np.array([MISMATCH / math.sqrt(2 * width * LENGTH) for width in WIDTHS])
shifts = np.random.default_rng(1).standard_normal((n, 6)) * sigma


def trips(rows):
    parts = ["generic65.lib", "strongarm.sub", "trip.sub", "trip_sources.inc"]
    deck = ["* sampled latches"] + [f'.include "{here}/{part}"' for part in parts]
    deck += [".options reltol=1e-5 chgtol=1e-16 gmin=1e-15 noacct"]
    deck += [
        f"x{j} clk vdd gate step t{j} trip_latch " + " ".join(f"dv{k + 1}={dv:.12g}" for k, dv in enumerate(row))
        for j, row in enumerate(rows)
    ]
    deck += [".control", "optran 1 1 1 0 0 0", "set numdgt=9", "set num_threads=1"]
    deck += ["save " + " ".join(f"t{j}" for j in range(len(rows))), "tran 5p 16n 0 100p"]
    deck += [f"print t{j}[length(time)-1]" for j in range(len(rows))] + ["quit 0", ".endc", ".end"]
    with tempfile.NamedTemporaryFile("w", suffix=".cir") as file:
        file.write("\n".join(deck) + "\n")
        file.flush()
        out = subprocess.run(["ngspice", "-b", file.name], capture_output=True, text=True, check=True).stdout
    values = {line.split("[")[0]: float(line.split("=")[1]) for line in out.splitlines() if "[length(time)-1] = " in line}
    return [values[f"t{j}"] for j in range(len(rows))]


before = os.times()
offset = np.array([trip for first in range(0, n, PER_DECK) for trip in trips(shifts[first : first + PER_DECK])])
seconds = os.times().children_user - before.children_user
design = np.column_stack([shifts, np.ones(n)])
fit = np.linalg.lstsq(design, offset, rcond=None)[0]
rest = offset - design @ fit
predicted = math.sqrt(((fit[:6] * sigma) ** 2).sum())
print(f"latches {n}, decisions {16 * n}, {1e3 * seconds / n / 16:.1f} ms of ngspice each")
print("sensitivities", " ".join(f"{value:.4f}" for value in fit[:6]))
print(f"offset at no mismatch {1e6 * fit[6]:.1f} uV, residual {1e6 * rest.std(ddof=7):.0f} uV rms")
print(f"sigma {1e3 * offset.std(ddof=1):.2f} +- {1e3 * offset.std(ddof=1) / math.sqrt(2 * n):.2f} mV,"
      f" mean {1e3 * offset.mean():.2f} mV; of the sensitivities and Pelgrom's law {1e3 * predicted:.2f} mV")
