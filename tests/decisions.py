#!/usr/bin/python3
"""Recomputes a q/k/v run with an ideal array from docs/definitions.md alone and compares it with the result file, pair by
pair: codes, MSBs, whole-number sums, thresholds, decisions, rates, lost mass, recall, output error.

usage: decisions.py QKV.h5 RESULT.h5 BITS ANALOG_BITS QUERY_BITS round|truncate THRESHOLD|keep=RATIO
"""
import sys
from fractions import Fraction

import h5py
import numpy as np


def codes(x, top, bits):
    limit = 2 ** (bits - 1) - 1
    step = top / limit
    return np.clip(np.rint(x.astype(np.float64) / step), -limit, limit).astype(np.int64), step


def most_significant(code, bits, kept, how):
    divisor = 2 ** (bits - kept)
    limit = 2 ** (kept - 1) - 1
    if how == "truncate":
        return np.sign(code) * (np.abs(code) // divisor)
    return np.clip(np.rint(code / divisor), -limit, limit).astype(np.int64)


def whole_threshold(threshold, unit):
    n = int(np.ceil(threshold / unit))
    while unit * (n - 1) >= threshold:
        n -= 1
    while unit * n < threshold:
        n += 1
    return n


def softmax(scores):
    e = np.exp(scores - scores.max())
    return e / e.sum()


class Workload:
    def __init__(self, path):
        with h5py.File(path) as f:
            a = f.attrs
            self.n_layers, self.n_heads, self.n_kv = int(a["n_layers"]), int(a["n_heads"]), int(a["n_kv_heads"])
            self.scale, self.causal = float(a["score_scale"]), bool(a["causal"])
            self.offset = f["token_offset"][:].astype(int)
            self.layers = [(f[f"layer{l:02d}/q"][:], f[f"layer{l:02d}/k"][:], f[f"layer{l:02d}/v"][:])
                           for l in range(self.n_layers)]


def head_codes(w, layer, head, bits):
    """Codes of q, k, v of one query head over the whole file, and their steps."""
    kv = head // (w.n_heads // w.n_kv)
    out = []
    for values, h in zip(w.layers[layer], (head, kv, kv)):
        x = values[:, h, :]
        out.append(codes(x, float(np.abs(x.astype(np.float64)).max()), bits))
    return out


def visible(w, first, i, n):
    return i + 1 if w.causal else n


def calibrated(w, q, k, unit, ratio):
    """Midway between neighbouring exact scores of the first half of the samples."""
    sums = []
    n_samples = len(w.offset) - 1
    for s in range((n_samples + 1) // 2):
        a, b = w.offset[s], w.offset[s + 1]
        products = q[a:b] @ k[a:b].T
        for i in range(b - a):
            sums.append(products[i, : visible(w, a, i, b - a)])
    sums = np.sort(np.concatenate(sums))[::-1]
    kept = int(np.ceil(float(ratio) * len(sums)))
    while kept < len(sums) and sums[kept] == sums[kept - 1]:
        kept += 1
    return -np.inf if kept >= len(sums) else 0.5 * (unit * sums[kept - 1] + unit * sums[kept])


def main():
    path, result, bits, analog_bits, query_bits, how, threshold_text = sys.argv[1:8]
    bits, analog_bits, query_bits = int(bits), int(analog_bits), int(query_bits)
    w = Workload(path)
    r = h5py.File(result)
    samples = r["samples"]
    place = {name: samples["pair_" + name][:] for name in ("sample", "layer", "head", "query", "key")}
    found = {name: samples[name][...].reshape(-1, len(place["key"]))[0]
             for name in ("exact_score", "analog_score", "threshold", "decision")}
    n_samples = int(place["sample"].max()) + 1
    order = np.lexsort([place[x] for x in ("key", "query", "head", "layer", "sample")])
    expected = {name: [] for name in found}
    total = dict(visible=0, exact=0, kept=0, final=0, false_prune=0, false_keep=0, empty=0, queries=0, lost=0.0,
                 recall=0.0, n_recall=0, error=0.0, n_error=0)
    per_head = {}
    for layer in range(w.n_layers):
        for head in range(w.n_heads):
            (q, s_q), (k, s_k), (v, s_v) = head_codes(w, layer, head, bits)
            unit = w.scale * s_q * s_k
            analog_unit = unit * 2.0 ** (2 * bits - query_bits - analog_bits)
            if threshold_text.startswith("keep="):
                threshold = calibrated(w, q, k, unit, Fraction(threshold_text[5:]))
            else:
                threshold = float(threshold_text)
            per_head[layer, head] = (q, k, v, s_v, unit, analog_unit, threshold,
                                     most_significant(q, bits, query_bits, how),
                                     most_significant(k, bits, analog_bits, how))
    for s in range(n_samples):
        a, b = w.offset[s], w.offset[s + 1]
        for layer in range(w.n_layers):
            for head in range(w.n_heads):
                q, k, v, s_v, unit, analog_unit, threshold, q_msb, k_msb = per_head[layer, head]
                exact_sums, analog_sums = q[a:b] @ k[a:b].T, q_msb[a:b] @ k_msb[a:b].T
                n_exact, n_analog = whole_threshold(threshold, unit), whole_threshold(threshold, analog_unit)
                for i in range(b - a):
                    m = visible(w, a, i, b - a)
                    exact, analog = exact_sums[i, :m], analog_sums[i, :m]
                    keep, kept = exact >= n_exact, analog >= n_analog
                    final = kept & keep
                    expected["exact_score"].append(unit * exact)
                    expected["analog_score"].append(analog_unit * analog)
                    expected["threshold"].append(np.full(m, threshold))
                    expected["decision"].append(kept)
                    total["visible"] += m
                    total["queries"] += 1
                    total["exact"] += keep.sum()
                    total["kept"] += kept.sum()
                    total["final"] += final.sum()
                    total["false_prune"] += (keep & ~kept).sum()
                    total["false_keep"] += (kept & ~keep).sum()
                    p = softmax(unit * exact)
                    total["lost"] += p[keep & ~kept].sum()
                    if keep.any():
                        size = int(keep.sum())
                        border = np.sort(analog)[::-1][size - 1]
                        above, tied = analog > border, analog == border
                        share = (size - above.sum()) / tied.sum()
                        total["recall"] += ((above & keep).sum() + share * (tied & keep).sum()) / size
                        total["n_recall"] += 1
                    if not final.any():
                        total["empty"] += 1
                        final = np.arange(m) == np.argmax(analog)
                    if not keep.any():
                        keep = np.arange(m) == np.argmax(exact)
                    value = s_v * v[a:a + m]
                    output = softmax(unit * exact[final]) @ value[final]
                    exact_output = softmax(unit * exact[keep]) @ value[keep]
                    size = np.linalg.norm(exact_output)
                    if size > 0:
                        total["error"] += np.linalg.norm(output - exact_output) / size
                        total["n_error"] += 1
    expected = {name: np.concatenate(parts) for name, parts in expected.items()}
    # The program goes through sample, layer, kv head, query, head of the group; sorting makes both alike.
    assert len(expected["decision"]) == len(order), (len(expected["decision"]), len(order))
    wrong = int((found["decision"][order].astype(bool) != expected["decision"]).sum())
    assert wrong == 0, f"{wrong} of {len(order)} decisions differ"
    np.testing.assert_allclose(found["exact_score"][order], expected["exact_score"], rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(found["analog_score"][order], expected["analog_score"], rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(found["threshold"][order], expected["threshold"], rtol=1e-12)
    for name, value in dict(n_visible=total["visible"], n_exact_keep=total["exact"], n_false_prune=total["false_prune"],
                            n_false_keep=total["false_keep"], n_empty=total["empty"]).items():
        assert (r[name][...] == value).all(), (name, r[name][...], value)
    for name, value in dict(keep_ratio=total["kept"] / total["visible"],
                            keep_ratio_final=total["final"] / total["visible"],
                            false_prune_rate=total["false_prune"] / total["exact"],
                            false_keep_rate=total["false_keep"] / (total["visible"] - total["exact"]),
                            lost_mass=total["lost"] / total["queries"],
                            recall_at_k=total["recall"] / total["n_recall"],
                            output_error=total["error"] / total["n_error"]).items():
        np.testing.assert_allclose(r[name][...], value, rtol=1e-9, atol=1e-12, err_msg=name)
    print(f"{len(order)} decisions agree; false_prune_rate {total['false_prune'] / total['exact']:.4f}")


main()
