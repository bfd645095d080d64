"""The array files of the full-path decks: make_path.py N ARRAY.h5. N x N cells of 10 to 100 uS, wires of 2 ohm, drivers of
100 ohm, sense resistances of 1.5 kohm, four queries of up to 0.1 V.

    python3 make_path.py 8 path8.h5 && rescore netlist path8.h5 -o path8.cir --path path.yaml
    ngspice -b path8.cir | grep -E '^(input|output|delay).* = ' > path8.expected
"""
import sys

import h5py

QUERIES = 4


def uniforms(state):
    """Lehmer's generator, so that the numbers do not depend on a library's version."""
    while True:
        state = 48271 * state % 2147483647
        yield state / 2147483647


n, draw = int(sys.argv[1]), uniforms(int(sys.argv[1]))
with h5py.File(sys.argv[2], "w") as file:
    file["conductance"] = [[1e-5 * 10 ** next(draw) for _ in range(n)] for _ in range(n)]
    file["voltage"] = [[0.2 * next(draw) - 0.1 for _ in range(n)] for _ in range(QUERIES)]
    for name, ohm in {"word_line": 2, "bit_line": 2, "driver": 100, "sense": 1500}.items():
        file.attrs[f"r_{name}_ohm"] = float(ohm)
