"""Recomputes SpAtten's cascade on a q/k/v file with ideal cells, wires and converter from docs/policies.md, in numpy.

check_cascade.py RESULT INPUT [name=value ...] - names of the configuration without their section. RESULT holds one point
and --save margins. Everything must agree: decisions pair by pair, counts, lost mass, output error, recall.
"""
import sys

import h5py
import numpy as np

given = dict(keep_ratio="0.25", token_unpruned_layers="0.15", head_ratio="0", head_unpruned_layers="0.3", value_ratio="0",
             lsb_bits="0", bound="0.1")
given.update(argument.split("=", 1) for argument in sys.argv[3:])
given = {name: float(value) for name, value in given.items()}
lsb_bits = int(given["lsb_bits"])
result, source = h5py.File(sys.argv[1]), h5py.File(sys.argv[2])
n_layers, n_heads, n_kv, causal = (int(source.attrs[n]) for n in ("n_layers", "n_heads", "n_kv_heads", "causal"))
offset, scale = source["token_offset"][:], float(source.attrs["score_scale"])


def code_of(x):
    x = x.astype("f8")
    step = abs(x).max(axis=(0, 2)) / 127
    return np.clip(np.rint(x / step[:, None]), -127, 127), step


def four_bits(code):
    return np.clip(np.rint(code / 16), -7, 7)


def softmax(scores):
    e = np.exp(scores - scores.max())
    return e / e.sum()


def count(n, ratio):
    return int(max(np.ceil((1 - ratio) * n - 1e-9), 0))


def ratio_of(layer, unpruned, ratio):
    return 0 if layer == 0 or layer < np.ceil(unpruned * n_layers - 1e-9) else ratio


def top(places, values, k):
    """The k places of the largest values, of equals those that come first."""
    return {places[i] for i in np.argsort(-np.asarray(values), kind="stable")[:k]}


class Side:
    """What one side knows of a sample: per query where causal, else in one set."""

    def __init__(self, n):
        self.n, self.n_sets = n, n if causal else 1
        self.tokens = [set(range(s + 1 if causal else n)) for s in range(self.n_sets)]
        self.heads = [set(range(n_heads)) for _ in range(self.n_sets)]
        self.importance = np.zeros((self.n_sets, n))
        self.head_importance = np.zeros((self.n_sets, n_heads))

    def begin(self, layer):
        if layer == 0:
            return
        tokens = np.cumsum(self.importance, axis=0)
        heads = np.cumsum(self.head_importance, axis=0)
        for s in range(self.n_sets):
            own = {s} if causal else set()
            left = sorted(self.tokens[s] - own)
            n = s + 1 if causal else self.n
            k = count(n, ratio_of(layer, given["token_unpruned_layers"], 1 - given["keep_ratio"]))
            self.tokens[s] = own | top(left, tokens[s][left], max(k - len(own), 0))
            left = sorted(self.heads[s])
            self.heads[s] = top(left, heads[s][left],
                                count(n_heads, ratio_of(layer, given["head_unpruned_layers"], given["head_ratio"])))

    def computes(self, query, head):
        s = query if causal else 0
        return head in self.heads[s] and (causal or query in self.tokens[0])

    def attend(self, query, scores):
        """Kept keys, their probabilities, and those whose values are used."""
        s = query if causal else 0
        keys = sorted(self.tokens[s])
        p = softmax(scores[keys])
        self.importance[s, keys] += np.rint(p * 2.0 ** 30)
        return keys, p, top(keys, p, count(len(keys), given["value_ratio"]))

    def add(self, query, head, output):
        self.head_importance[query if causal else 0, head] += abs(output).sum()


coded = {(l, x): code_of(source[f"layer{l:02d}/{x}"][:]) for l in range(n_layers) for x in "qkv"}
place = {name: result["samples"]["pair_" + name][:] for name in ("sample", "layer", "head", "query", "key")}
decision = {tuple(at): bit for *at, bit in zip(*place.values(), result["samples"]["decision"][()])}
counts = dict(n_visible=0, n_exact_keep=0, n_false_prune=0, n_false_keep=0, n_empty=0)
lost, errors, recalls, n_refetched, n_pruned = [], [], [], 0, [0, 0]
for sample in range(len(offset) - 1):
    rows = slice(offset[sample], offset[sample + 1])
    n = offset[sample + 1] - offset[sample]
    analog_side, exact_side = Side(n), Side(n)
    for layer in range(n_layers):
        analog_side.begin(layer)
        exact_side.begin(layer)
        for head in range(n_heads):
            kv = head // (n_heads // n_kv)
            (q, s_q), (k, s_k), (v, s_v) = (coded[layer, x] for x in "qkv")
            q, k, v, unit = q[rows, head], k[rows, kv], v[rows, kv] * s_v[kv], scale * s_q[head] * s_k[kv]
            exact, analog = unit * (q @ k.T), unit * 256 * (four_bits(q) @ four_bits(k).T)
            msb = unit * (q @ (np.sign(k) * (abs(k) // 2 ** lsb_bits * 2 ** lsb_bits)).T)
            for i in range(n):
                m = i + 1 if causal else n
                sets, outputs = [], []
                for side, scores in (analog_side, analog[i]), (exact_side, exact[i]):
                    kept, output = [], np.zeros(v.shape[1])
                    if side.computes(i, head):
                        kept, p, used = side.attend(i, scores)
                        digital = exact[i]
                        if side is analog_side and lsb_bits > 0:
                            n_refetched += p.max() < given["bound"]
                            digital = exact[i] if p.max() < given["bound"] else msb[i]
                        weights = softmax(digital[kept])
                        output = sum((w * v[j] for w, j in zip(weights, kept) if j in used), output)
                    elif side is analog_side:
                        n_pruned[int(head in side.heads[i if causal else 0])] += 1
                    side.add(i, head, output)
                    sets.append(set(kept))
                    outputs.append(output)
                kept, exact_kept = sets
                for j in range(m):
                    assert decision[sample, layer, head, i, j] == (j in kept), (sample, layer, head, i, j)
                counts["n_visible"] += m
                counts["n_exact_keep"] += len(exact_kept)
                counts["n_false_prune"] += len(exact_kept - kept)
                counts["n_false_keep"] += len(kept - exact_kept)
                lost.append(sum((softmax(exact[i, :m])[j] for j in exact_kept - kept), 0.0))
                if exact_kept:
                    best = top(range(m), exact[i, :m], len(exact_kept))
                    border = np.sort(analog[i, :m])[-len(exact_kept)]
                    above, tied = ({j for j in range(m) if c[j]} for c in (analog[i] > border, analog[i] == border))
                    share = (len(exact_kept) - len(above)) / len(tied)
                    recalls.append((len(best & above) + share * len(best & tied)) / len(exact_kept))
                if np.linalg.norm(outputs[1]) > 0:
                    errors.append(np.linalg.norm(outputs[0] - outputs[1]) / np.linalg.norm(outputs[1]))

assert len(decision) == counts["n_visible"]
for name, value in counts.items():
    assert result[name][()].ravel()[0] == value, (name, result[name][()], value)
for name, value in dict(lost_mass=np.mean(lost), output_error=np.mean(errors), recall_at_k=np.mean(recalls)).items():
    assert np.isclose(result[name][()].ravel()[0], value, rtol=1e-6, atol=1e-12), (name, result[name][()], value)
print(f"{len(decision)} pairs, {counts['n_exact_keep']} exact keeps, {counts['n_false_prune']} false prunes, "
      f"{n_pruned[0]} queries of pruned heads, {n_pruned[1]} of pruned tokens, {n_refetched} with LSBs, "
      f"output error {np.mean(errors):.3g}")
