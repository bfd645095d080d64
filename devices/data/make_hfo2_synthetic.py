#!/usr/bin/env python3
"""Writes hfo2_synthetic.csv: invented measurements of invented HfO2 cells, for examples and tests.

Nothing here was measured. Each column follows a law whose figures stand below, in the order in which a card's blocks
act; `rescore device fit` should find them again. Needs numpy 1.17 or later.

    python3 make_hfo2_synthetic.py > hfo2_synthetic.csv
"""
import numpy as np

SEED = 20240511
N_DEVICES, N_CYCLES = 60, 3
TARGETS_US = [4, 12, 20, 28, 36, 44, 52, 60]  # chord conductances at V_READ
TIMES_S = [1, 60, 3600, 86400]
KELVIN = [300, 340, 380]
VOLTS = [0.1, 0.2, 0.3]

V_READ, V0 = 0.2, 0.35                # I = g v0 sinh(V / v0)
DEVICE_RATIO = 0.02                   # one factor per device
SIGMA_US = [0.40, 1.20, -0.70]        # of programming: polynomial of x = g / g_max
MEAN_US = -0.15
MEAN_PER_LN_US = -0.05                # relaxation, per unit of ln(t / 1 s)
SIGMA_PER_LN_US = 0.06
READ_RATIO = 0.005                    # white read noise
TCR, ACTIVATION_EV = 1.0e-3, 0.04     # metallic at the highest target, activated at the lowest
BOLTZMANN_EV = 8.617333262e-5


def factor(volts):
    return np.sinh(volts / V0) / (volts / V0)


def heat(g, g_low, g_high, kelvin):
    weight = np.clip(np.log(g / g_low) / np.log(g_high / g_low), 0, 1)
    return np.exp(-weight * np.log1p(TCR * (kelvin - 300))
                  - (1 - weight) * ACTIVATION_EV / BOLTZMANN_EV * (1 / kelvin - 1 / 300))


def main():
    rng = np.random.Generator(np.random.PCG64(SEED))
    targets = np.array(TARGETS_US) * 1e-6 / factor(V_READ)
    devices = 1 + DEVICE_RATIO * rng.standard_normal(N_DEVICES)
    print("# Synthetic: made by make_hfo2_synthetic.py, measured on nothing. Conductances are I / V.")
    print("target_siemens,device,cycle,time_seconds,temperature_kelvin,voltage_volts,read_siemens")

    def read(target, device, cycle, seconds, kelvin, volts, g):
        value = g * heat(target, targets[0], targets[-1], kelvin) * factor(volts)
        value *= 1 + READ_RATIO * rng.standard_normal()
        print(f"{target * factor(V_READ):.6g},d{device},{cycle},{seconds},{kelvin},{volts},{max(value, 0):.6g}")

    for target in targets:
        for device in range(N_DEVICES):
            for cycle in range(1, N_CYCLES + 1):
                x = target / targets[-1]
                written = target * devices[device] + 1e-6 * (
                    MEAN_US + np.polynomial.polynomial.polyval(x, SIGMA_US) * rng.standard_normal())
                relaxed = rng.standard_normal()
                for seconds in TIMES_S:
                    ln = np.log(seconds / TIMES_S[0])
                    g = written + 1e-6 * ln * (MEAN_PER_LN_US + SIGMA_PER_LN_US * relaxed)
                    read(target, device, cycle, seconds, 300, V_READ, g)
                    if seconds > TIMES_S[0] or cycle > 1:
                        continue
                    read(target, device, cycle, seconds, 300, V_READ, g)
                    for volts in VOLTS:
                        if volts != V_READ:
                            read(target, device, cycle, seconds, 300, volts, g)
                    for kelvin in KELVIN[1:]:
                        read(target, device, cycle, seconds, kelvin, V_READ, g)


main()
