"""Makes q/k/v files (contract, section 5): lines "FILE SEED [name=value ...]" on standard input.

Attributes are set by name=value (numbers where they look like it), name= drops one. Capitals spoil or shape the file:
LENGTHS=5,9,12 tokens per sample; NAN=q INF=k put one into layer00; TOKENS=v cuts a token off layer00/v; HEADS=k and
D=v give layer00's one head or component too few; RANK=q flattens; DROP=layer01/k leaves a dataset out;
OFFSET=first|falls|last spoils the offsets; ZERO=q makes layer00's head 0 of it zero; EXTRA=layer00/score_bias adds one.
"""
import shlex
import sys

import h5py
import numpy as np


def number(text):
    try:
        return int(text)
    except ValueError:
        try:
            return float(text)
        except ValueError:
            return text


def make(path, seed, settings):
    attributes = dict(format="qkv-workload", version=1, model="random numbers", n_layers=2, n_heads=4, n_kv_heads=2,
                      d_head=6, causal=1, score_scale=0.4)
    wishes = {}
    for setting in settings:
        name, value = setting.split("=", 1)
        (wishes if name.isupper() else attributes)[name] = number(value)
    at = {name: value for name, value in attributes.items() if value != ""}
    lengths = [int(n) for n in str(wishes.get("LENGTHS", "5,9,12")).split(",")]
    rng = np.random.default_rng(seed)
    offset = np.concatenate([[0], np.cumsum(lengths)]).astype("i4")
    if "OFFSET" in wishes:
        kind = wishes["OFFSET"]
        offset[{"first": 0, "falls": 1, "last": -1}[kind]] += {"first": 1, "falls": 100, "last": 1}[kind]
    with h5py.File(path, "w") as f:
        for name, value in at.items():
            f.attrs[name] = value
        f["token_offset"] = offset
        heads = {"q": attributes["n_heads"] or 4, "k": attributes["n_kv_heads"] or 2, "v": attributes["n_kv_heads"] or 2}
        for layer in range(attributes["n_layers"] or 2):
            for name in "qkv":
                x = rng.normal(size=(sum(lengths), heads[name], attributes["d_head"] or 6)) * (2.5 if name == "q" else 1)
                first = layer == 0
                if first and name in (wishes.get("NAN"), wishes.get("INF")):
                    x[2, 0, 1] = np.nan if wishes.get("NAN") == name else np.inf
                if first and wishes.get("ZERO") == name:
                    x[:, 0] = 0
                if first and wishes.get("TOKENS") == name:
                    x = x[:-1]
                if first and wishes.get("HEADS") == name:
                    x = x[:, :-1]
                if first and wishes.get("D") == name:
                    x = x[:, :, :-1]
                if first and wishes.get("RANK") == name:
                    x = x.reshape(len(x), -1)
                place = f"layer{layer:02d}/{name}"
                if wishes.get("DROP") != place:
                    f[place] = x.astype("f4")
        if "EXTRA" in wishes:
            f[wishes["EXTRA"]] = np.zeros(3)


for line in sys.stdin:
    if line.strip():
        path, seed, *settings = shlex.split(line)
        make(path, int(seed), settings)
