"""Writes array files for the shell tests: make_array.py FILE ROWS COLUMNS VECTORS SEED [NAME=VALUE ...].
Without arguments, each line of standard input is such a command line.

NAME=VALUE sets a root attribute (a number if it reads as one). Names in capitals bend the file:
  NAN=conductance|voltage       one NaN in that dataset        NEGATIVE=1       one negative conductance
  DROP=NAME                     leave a dataset out            RANK=NAME        give it one axis more
  ROWS=N                        rows of /voltage               TYPE=f4|i8|...   type of both datasets
  ZERO=1                        all drives 0                   OPEN=1           all cells open
  LINES=NAME:VALUE              a dataset of VALUE per line, of rows (word_...) or columns (bit_...)
  LENGTH=NAME:N                 a dataset of N ones
  SOME=NAME:VALUE               the same with VALUE on about half of the lines, 0 on the others (not on the first)
  EACH=NAME:LOW:HIGH            an attribute of one number per line, of rows (r_word.., r_driver..) or columns
  VOLTS=V                       drives of up to V volts         IV=V:F,V:F,...   /iv_volts and /iv_factor
"""
import shlex
import sys

import h5py
import numpy as np


def make(words):
    path, shape, seed = words[0], tuple(map(int, words[1:4])), int(words[4])
    n_rows, n_columns, n_vectors = shape
    settings = [word.split("=", 1) for word in words[5:]]
    bend = {name: value for name, value in settings if name.isupper()}
    random = np.random.default_rng(seed)
    conductance = 1e-6 * 100 ** random.random((n_rows, n_columns))
    conductance[random.random(conductance.shape) < 0.05] = 0
    voltage = float(bend.get("VOLTS", 0.2)) * random.uniform(-1, 1, (n_vectors, int(bend.get("ROWS", n_rows))))
    voltage[random.random(voltage.shape) < 0.2] = 0
    if "ZERO" in bend:
        voltage[...] = 0
    if "OPEN" in bend:
        conductance[...] = 0
    if "NEGATIVE" in bend:
        conductance[-1, 0] = -1e-6
    data = {"conductance": conductance, "voltage": voltage}
    if "NAN" in bend:
        data[bend["NAN"]][0, -1] = np.nan
    if "RANK" in bend:
        data[bend["RANK"]] = data[bend["RANK"]][None]
    if "TYPE" in bend:
        kind = np.dtype(bend["TYPE"])
        if kind.kind in "iu":
            data = {name: (values > 0) for name, values in data.items()}
        data = {name: values.astype(kind) for name, values in data.items()}
    with h5py.File(path, "w") as file:
        for name, values in data.items():
            file[name] = values
        for name, value in settings:
            if name.isupper():
                continue
            try:
                file.attrs[name] = float(value)
            except ValueError:
                file.attrs[name] = value
        for all_lines in [value for name, value in settings if name == "LINES"]:
            name, value = all_lines.split(":")
            file[name] = np.full(n_rows if name.startswith("word") else n_columns, float(value))
        for some in [value for name, value in settings if name == "SOME"]:
            name, value = some.split(":")
            lines = float(value) * (random.random(n_rows if name.startswith("word") else n_columns) < 0.5)
            lines[0] = 0
            file[name] = lines
        for each in [value for name, value in settings if name == "EACH"]:
            name, low, high = each.split(":")
            n_lines = n_rows if name.startswith(("r_word", "r_driver")) else n_columns
            ohm = random.uniform(float(low), float(high), n_lines)
            ohm[random.random(n_lines) < 0.2] = 0
            file.attrs[name] = ohm
        if "IV" in bend:
            pairs = np.array([pair.split(":") for pair in bend["IV"].split(",")], float)
            file["iv_volts"], file["iv_factor"] = pairs.T
        if "LENGTH" in bend:
            name, length = bend["LENGTH"].split(":")
            if name in file:
                del file[name]
            file[name] = np.ones(int(length))
        if "DROP" in bend:
            del file[bend["DROP"]]


for line in [sys.argv[1:]] if len(sys.argv) > 1 else map(shlex.split, sys.stdin):
    make(line)
