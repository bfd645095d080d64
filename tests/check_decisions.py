"""Recomputes a run on a q/k/v file with ideal cells, wires and comparators from the definitions, in numpy.

check_decisions.py RESULT INPUT [name=value ...] - the names are those of the configuration without their section,
plus n_samples (0: all). RESULT holds one point and --save margins. Everything must agree: decisions pair by pair,
scores and thresholds, counts, rates, lost mass, output error, recall.
"""
import sys

import h5py
import numpy as np

given = dict(bits="8", analog_bits="4", query_bits="4", msb="round", threshold="", keep_ratio="0.25", margin="0",
             empty="best", enabled="true", recompute_bits="0", rethreshold="true", policy="threshold", n_samples="0",
             band="0.5", search_share="0.5", post_share="0.05", skip_below="0.1")
given.update(argument.split("=", 1) for argument in sys.argv[3:])
B, m_k, m_q = int(given["bits"]), int(given["analog_bits"]), int(given["query_bits"])
result, source = h5py.File(sys.argv[1]), h5py.File(sys.argv[2])
at = source.attrs
n_layers, n_heads, n_kv, causal = (int(at[n]) for n in ("n_layers", "n_heads", "n_kv_heads", "causal"))
offset = source["token_offset"][:]
n_samples = int(given["n_samples"]) or len(offset) - 1


def codes_of(x, bits):
    """[token][head][d] to integer codes and steps [head]: one step per head over the whole file."""
    x = x.astype("f8")
    step = abs(x).max(axis=(0, 2)) / (2 ** (bits - 1) - 1)
    quotient = np.divide(x, step[:, None], out=np.zeros_like(x), where=step[:, None] > 0)
    limit = 2 ** (bits - 1) - 1
    return np.clip(np.rint(quotient), -limit, limit).astype("i8"), step


def most_significant(code, m, rounding):
    shift = 2 ** (B - m)
    if rounding == "truncate":
        return np.sign(code) * (abs(code) // shift)
    return np.clip(np.rint(code / shift), -(2 ** (m - 1) - 1), 2 ** (m - 1) - 1).astype("i8")


def first_sum(threshold, unit):
    """The smallest integer n with unit * n >= threshold, compared in double."""
    if unit == 0:
        return -(2 ** 62) if threshold <= 0 else 2 ** 62
    if not np.isfinite(threshold):
        return -(2 ** 62)
    n = int(np.ceil(threshold / unit))
    while unit * (n - 1) >= threshold:
        n -= 1
    while unit * n < threshold:
        n += 1
    return n


def softmax(scores, chosen):
    if not chosen.any():
        return np.zeros(len(scores))
    e = np.where(chosen, np.exp(scores - scores[chosen].max()), 0)
    return e / e.sum()


def fill(chosen, ranking, i):
    chosen = chosen.copy()
    if given["empty"] == "all":
        chosen[:] = True
    elif given["empty"] == "self":
        chosen[i] = True
    elif given["empty"] == "best":
        chosen[np.argmax(ranking)] = True
    return chosen


def recall(signal, exact, k):
    border = np.sort(signal)[-k]
    above, tied = signal > border, signal == border
    return ((exact & above).sum() + (exact & tied).sum() * (k - above.sum()) / tied.sum()) / k


def largest(values, k):
    """The k largest, of equals those that come first."""
    kept = np.zeros(len(values), bool)
    kept[np.argsort(-values, kind="stable")[:k]] = True
    return kept


def a3_candidates(q, keys):
    """The greedy search: largest and smallest products in turn, of equals the first column's."""
    n, d = keys.shape
    columns = []
    for sign in (1, -1):
        entries = []
        for c in range(d):
            order = sorted(range(n), key=lambda j: (-keys[j, c], j))  # descending codes, lower rows first
            order = order if sign * q[c] > 0 else order[::-1]
            entries += [(-sign * q[c] * keys[j, c], c, place, j) for place, j in enumerate(order)]
        columns.append(sorted(entries))
    estimate, total, at = np.zeros(n, "i8"), 0, [0, 0]
    for _ in range(int(np.ceil(float(given["search_share"]) * n - 1e-9))):
        for i, sign in enumerate((1, -1)):
            if at[i] == n * d or (i == 1 and total < 0):
                continue
            product, _, _, row = columns[i][at[i]]
            at[i] += 1
            if product < 0:
                estimate[row] += -sign * product
                total += -sign * product
    return estimate > 0


def choose(head, sums, scores, q, keys):
    """Decisions of a policy without a threshold on integer sums, or on scores."""
    if given["policy"] == "topk":
        return largest(sums, int(np.ceil(float(given["keep_ratio"]) * len(sums) - 1e-9)))
    if given["policy"] == "mnnfast":
        return softmax(scores, np.ones(len(scores), bool)) >= float(given["skip_below"])
    candidate = a3_candidates(q, keys)
    if not candidate.any():
        return candidate
    return candidate & (scores >= scores[candidate].max() + np.log(float(given["post_share"])))


has_threshold = given["policy"] not in ("topk", "a3", "mnnfast")


class Head:
    """Codes, units and thresholds of one layer and head."""

    def __init__(self, layer, head):
        group = f"layer{layer:02d}/"
        kv = head // (n_heads // n_kv)
        (q, s_q), (k, s_k), (v, s_v) = (coded[group + name] for name in "qkv")
        self.q, self.k, self.v, self.s_v = q[:, head], k[:, kv], v[:, kv], s_v[kv]
        self.unit = float(at["score_scale"]) * s_q[head] * s_k[kv]
        self.analog_unit = self.unit * 2.0 ** (2 * B - m_k - m_q)
        self.q_msb, self.k_msb = most_significant(self.q, m_q, given["msb"]), most_significant(self.k, m_k, given["msb"])
        self.threshold = self.find_threshold(layer)
        self.n = first_sum(self.threshold, self.unit)
        middle = self.threshold - float(given["margin"])
        self.n_analog, self.n_low, self.n_high = (
            first_sum(middle + side * float(given["band"]), self.analog_unit) for side in (0, -1, 1))

    def sums(self, sample, q, k):
        tokens = slice(offset[sample], offset[sample + 1])
        return q[tokens] @ k[tokens].T

    def find_threshold(self, layer):
        if not has_threshold:
            return np.nan
        if given["threshold"]:
            values = [float(x) for x in given["threshold"].split(",")]
            return values[layer if len(values) > 1 else 0]
        half = range((len(offset) - 1 + 1) // 2)
        every = []
        for sample in half:
            sums = self.sums(sample, self.q, self.k)
            every.append(sums[np.tril_indices(len(sums))] if causal else sums.ravel())
        every = np.sort(np.concatenate(every))[::-1]
        n = int(np.ceil(float(given["keep_ratio"]) * len(every)))
        while n < len(every) and every[n] == every[n - 1]:
            n += 1
        if n == len(every):
            return -np.inf
        return 0.5 * (self.unit * float(every[n - 1]) + self.unit * float(every[n]))

    def recompute(self, sample, exact):
        """Scores of the digital half, and which are at or above the threshold."""
        bits = int(given["recompute_bits"]) or B
        if bits == B:
            return self.unit * exact, exact >= self.n
        q, k = (most_significant(x, bits, "round") for x in (self.q, self.k))
        unit, sums = self.unit * 4.0 ** (B - bits), self.sums(sample, q, k)
        return unit * sums, sums >= first_sum(self.threshold, unit)


coded = {f"layer{l:02d}/{x}": codes_of(source[f"layer{l:02d}/{x}"][:], B) for l in range(n_layers) for x in "qkv"}
pairs = {name: result["samples"][name][()] for name in ("exact_score", "analog_score", "threshold", "decision")}
place = {name: result["samples"]["pair_" + name][:] for name in ("sample", "layer", "head", "query", "key")}
count = dict(n_visible=0, n_exact_keep=0, n_false_prune=0, n_false_keep=0, n_empty=0, kept=0, final=0)
lost, errors, recalls, seen = [], [], [], 0
for layer in range(n_layers):
    for number in range(n_heads):
        head = Head(layer, number)
        mine = (place["layer"] == layer) & (place["head"] == number)
        for sample in range(n_samples):
            exact, analog = head.sums(sample, head.q, head.k), head.sums(sample, head.q_msb, head.k_msb)
            size = len(exact)
            values = head.v[offset[sample]:offset[sample + 1]]
            digital, above = head.recompute(sample, exact)
            here = np.flatnonzero(mine & (place["sample"] == sample))
            i, j = place["query"][here], place["key"][here]
            wanted = np.tril_indices(size) if causal else np.indices((size, size)).reshape(2, -1)
            assert sorted(zip(i, j)) == sorted(zip(*wanted)), "every visible pair stands once"
            seen += len(here)
            keep = analog >= head.n_analog
            if given["policy"] == "oracle":
                keep = exact >= head.n
            elif given["policy"] == "none":
                keep[:] = True
            elif given["policy"] == "three-way":
                keep = (analog >= head.n_high) | ((analog >= head.n_low) & above)
            elif not has_threshold:
                codes = [x[offset[sample]:offset[sample + 1]] for x in (head.q, head.k)]
                exact_keeps = np.zeros(exact.shape, bool)
                for query in range(size):
                    n = query + 1 if causal else size
                    for out, sums, unit in (keep, analog, head.analog_unit), (exact_keeps, exact, head.unit):
                        out[query, :n] = choose(head, sums[query, :n], unit * sums[query, :n], codes[0][query],
                                                codes[1][:n])
            elif given["policy"] == "random":
                keep[i, j] = pairs["decision"][here] == 1
            assert np.array_equal(pairs["decision"][here], keep[i, j]), f"decisions of layer {layer}, head {number}"
            assert np.array_equal(pairs["exact_score"][here], head.unit * exact[i, j])
            assert np.array_equal(pairs["threshold"][here], np.full(len(here), head.threshold), equal_nan=True)
            assert abs(pairs["analog_score"][here] - head.analog_unit * analog[i, j]).max() <= 1e-9 * head.analog_unit
            for query in range(size):
                n = query + 1 if causal else size
                e, a, kept = exact[query, :n], analog[query, :n], keep[query, :n]
                exact_keep = e >= head.n if has_threshold else exact_keeps[query, :n]
                if given["policy"] == "random":
                    assert kept.sum() == exact_keep.sum()
                final, scores = kept, head.analog_unit * a
                if given["enabled"] == "true" or given["policy"] == "oracle":
                    final = kept & above[query, :n] if given["rethreshold"] == "true" else kept
                    scores = digital[query, :n]
                count["n_visible"] += n
                count["n_exact_keep"] += exact_keep.sum()
                count["n_false_prune"] += (exact_keep & ~kept).sum()
                count["n_false_keep"] += (~exact_keep & kept).sum()
                count["kept"] += kept.sum()
                count["final"] += final.sum()
                lost.append(softmax(head.unit * e, np.ones(n, bool))[exact_keep & ~kept].sum())
                if exact_keep.any():
                    recalls.append(recall(a, exact_keep, exact_keep.sum()))
                else:
                    exact_keep = fill(exact_keep, e, query)
                if not final.any():
                    count["n_empty"] += 1
                    final = fill(final, scores if given["policy"] == "oracle" else a, query)
                truth = head.s_v * (softmax(head.unit * e, exact_keep) @ values[:n])
                output = head.s_v * (softmax(scores, final) @ values[:n])
                if np.linalg.norm(truth) > 0:
                    errors.append(np.linalg.norm(output - truth) / np.linalg.norm(truth))

assert seen == len(place["key"]) == count["n_visible"]
one = {name: result[name][()].ravel() for name in result if name != "samples" and result[name].dtype.kind in "fiu"}
for name in ("n_visible", "n_exact_keep", "n_false_prune", "n_false_keep", "n_empty"):
    assert one[name][0] == count[name], (name, one[name], count[name])
n_prune = count["n_visible"] - count["n_exact_keep"]
for name, value in {
        "keep_ratio": count["kept"] / count["n_visible"], "keep_ratio_final": count["final"] / count["n_visible"],
        "false_prune_rate": count["n_false_prune"] / count["n_exact_keep"] if count["n_exact_keep"] else np.nan,
        "false_keep_rate": count["n_false_keep"] / n_prune if n_prune else np.nan,
        "lost_mass": np.mean(lost), "output_error": np.mean(errors) if errors else np.nan,
        "recall_at_k": np.mean(recalls) if recalls else np.nan}.items():
    assert np.isclose(one[name][0], value, rtol=1e-9, atol=1e-12, equal_nan=True), (name, one[name][0], value)
print(f"{seen} pairs, {count['n_exact_keep']} exact keeps, {count['n_false_prune']} false prunes, "
      f"{count['n_false_keep']} false keeps, {count['n_empty']} empty, output error {np.mean(errors or [np.nan]):.3g}")
