"""Small models of four families as other programs store them, and what torch makes of them.

import_models.py make FOLDER        for each family and type a folder FAMILY-TYPE with model.safetensors, config.json and
                                    items.h5
import_models.py compare FOLDER     FOLDER/FAMILY-TYPE/logits (float32) against a forward pass in plain torch: one
                                    line per model, exit 1 where they differ by more than 1e-5 of the largest logit
"""
import json
import math
import os
import struct
import sys

import h5py
import numpy as np

TYPES = ("F32", "F16", "BF16")
CONFIGS = {
    "gpt2": dict(vocab_size=61, n_positions=24, n_embd=32, n_layer=3, n_head=4, n_inner=None,
                 activation_function="gelu_new", layer_norm_epsilon=1e-5),
    "bert": dict(vocab_size=50, max_position_embeddings=20, type_vocab_size=2, hidden_size=24, num_hidden_layers=2,
                 num_attention_heads=3, intermediate_size=40, hidden_act="gelu", layer_norm_eps=1e-12),
    "vit": dict(image_size=[16, 24], patch_size=4, num_channels=3, hidden_size=32, num_hidden_layers=2,
                num_attention_heads=4, intermediate_size=48, hidden_act="gelu", layer_norm_eps=1e-12),
    "llama": dict(vocab_size=40, hidden_size=32, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=2,
                  intermediate_size=44, hidden_act="silu", max_position_embeddings=4096, rms_norm_eps=1e-6,
                  rope_theta=5000.0, tie_word_embeddings=False),
}
N_CLASSES = {"bert": 4, "vit": 5}


def shapes_gpt2(c):
    d, v, p = c["n_embd"], c["vocab_size"], c["n_positions"]
    out = {"transformer.wte.weight": (v, d), "transformer.wpe.weight": (p, d)}
    for layer in range(c["n_layer"]):
        at = f"transformer.h.{layer}."
        out |= {at + "ln_1.weight": (d,), at + "ln_1.bias": (d,), at + "ln_2.weight": (d,), at + "ln_2.bias": (d,),
                at + "attn.c_attn.weight": (d, 3 * d), at + "attn.c_attn.bias": (3 * d,),
                at + "attn.c_proj.weight": (d, d), at + "attn.c_proj.bias": (d,),
                at + "mlp.c_fc.weight": (d, 4 * d), at + "mlp.c_fc.bias": (4 * d,),
                at + "mlp.c_proj.weight": (4 * d, d), at + "mlp.c_proj.bias": (d,), at + "attn.bias": (1, 1, p, p)}
    return out | {"transformer.ln_f.weight": (d,), "transformer.ln_f.bias": (d,)}


def linear(name, n_in, n_out):
    return {name + ".weight": (n_out, n_in), name + ".bias": (n_out,)}


def norm(name, d, scale="weight", shift="bias"):
    return {f"{name}.{scale}": (d,), f"{name}.{shift}": (d,)}


def shapes_bert(c):
    d, inner = c["hidden_size"], c["intermediate_size"]
    at = "bert.embeddings."
    out = {at + "word_embeddings.weight": (c["vocab_size"], d),
           at + "position_embeddings.weight": (c["max_position_embeddings"], d),
           at + "token_type_embeddings.weight": (c["type_vocab_size"], d)} | norm(at + "LayerNorm", d, "gamma", "beta")
    for layer in range(c["num_hidden_layers"]):
        at = f"bert.encoder.layer.{layer}."
        for part in ("query", "key", "value"):
            out |= linear(f"{at}attention.self.{part}", d, d)
        out |= linear(at + "attention.output.dense", d, d) | linear(at + "intermediate.dense", d, inner)
        out |= linear(at + "output.dense", inner, d)
        out |= norm(at + "attention.output.LayerNorm", d, "gamma", "beta") | norm(at + "output.LayerNorm", d, "gamma",
                                                                                 "beta")
    return out | linear("bert.pooler.dense", d, d) | linear("classifier", d, N_CLASSES["bert"])


def shapes_vit(c):
    d, inner, p = c["hidden_size"], c["intermediate_size"], c["patch_size"]
    n = c["image_size"][0] // p * (c["image_size"][1] // p) + 1
    at = "vit.embeddings."
    out = {at + "cls_token": (1, 1, d), at + "position_embeddings": (1, n, d),
           at + "patch_embeddings.projection.weight": (d, c["num_channels"], p, p),
           at + "patch_embeddings.projection.bias": (d,)}
    for layer in range(c["num_hidden_layers"]):
        at = f"vit.encoder.layer.{layer}."
        for part in ("query", "key", "value"):
            out |= linear(f"{at}attention.attention.{part}", d, d)
        out |= linear(at + "attention.output.dense", d, d) | linear(at + "intermediate.dense", d, inner)
        out |= linear(at + "output.dense", inner, d) | norm(at + "layernorm_before", d) | norm(at + "layernorm_after", d)
    return out | norm("vit.layernorm", d) | linear("classifier", d, N_CLASSES["vit"])


def shapes_llama(c):
    d, inner, v = c["hidden_size"], c["intermediate_size"], c["vocab_size"]
    kv = d // c["num_attention_heads"] * c["num_key_value_heads"]
    out = {"model.embed_tokens.weight": (v, d)}
    for layer in range(c["num_hidden_layers"]):
        at = f"model.layers.{layer}."
        out |= {at + "input_layernorm.weight": (d,), at + "post_attention_layernorm.weight": (d,),
                at + "self_attn.q_proj.weight": (d, d), at + "self_attn.k_proj.weight": (kv, d),
                at + "self_attn.v_proj.weight": (kv, d), at + "self_attn.o_proj.weight": (d, d),
                at + "mlp.gate_proj.weight": (inner, d), at + "mlp.up_proj.weight": (inner, d),
                at + "mlp.down_proj.weight": (d, inner)}
    return out | {"model.norm.weight": (d,), "lm_head.weight": (v, d)}


SHAPES = {"gpt2": shapes_gpt2, "bert": shapes_bert, "vit": shapes_vit, "llama": shapes_llama}


def is_scale(name):
    return name.endswith((".gamma", "norm.weight", "ln_1.weight", "ln_2.weight", "ln_f.weight", "before.weight",
                          "after.weight"))


def to_bytes(values, kind):
    if kind == "F32":
        return values.astype("<f4").tobytes()
    if kind == "F16":
        return values.astype("<f2").tobytes()
    return (values.astype("<f4").view("<u4") + 0x8000 >> 16).astype("<u2").tobytes()  # to the nearest, ties away


def from_bytes(data, kind):
    if kind == "F32":
        return np.frombuffer(data, "<f4")
    if kind == "F16":
        return np.frombuffer(data, "<f2").astype("f4")
    return (np.frombuffer(data, "<u2").astype("<u4") << 16).view("<f4")


def write_tensors(path, tensors, kind):
    header, data = {"__metadata__": {"format": "pt"}}, b""
    for name, values in tensors.items():
        more = to_bytes(values, kind)
        header[name] = {"dtype": kind, "shape": list(values.shape), "data_offsets": [len(data), len(data) + len(more)]}
        data += more
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def read_tensors(path):
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        data = file.read()
    return {name: from_bytes(data[slice(*entry["data_offsets"])], entry["dtype"]).reshape(entry["shape"])
            for name, entry in header.items() if name != "__metadata__"}


def write_items(path, family, config, rng):
    with h5py.File(path, "w") as file:
        test = file.create_group("test")
        if family == "vit":
            test["images"] = rng.integers(0, 256, (6, config["num_channels"], *config["image_size"]), dtype=np.uint8)
            test["labels"] = rng.integers(0, N_CLASSES[family], 6)
            return
        lengths = [20, 1, 7, 13, 2, 18]
        test["word_offset"] = np.concatenate([[0], np.cumsum(lengths)])
        test["words"] = rng.integers(0, config["vocab_size"], sum(lengths))
        if family == "bert":
            test["segments"] = np.concatenate([np.arange(n) > n // 2 for n in lengths]).astype(np.int8)
            test["labels"] = rng.integers(0, N_CLASSES[family], len(lengths))


def make(folder):
    for number, family in enumerate(CONFIGS):
        for kind in TYPES:
            rng = np.random.default_rng(number)
            at = os.path.join(folder, f"{family}-{kind}")
            os.makedirs(at)
            tensors = {name: 0.15 * rng.standard_normal(shape) + is_scale(name)
                       for name, shape in SHAPES[family](CONFIGS[family]).items()}
            write_tensors(os.path.join(at, "model.safetensors"), tensors, kind)
            with open(os.path.join(at, "config.json"), "w") as file:
                json.dump({"model_type": family} | CONFIGS[family], file, indent=2)
            write_items(os.path.join(at, "items.h5"), family, CONFIGS[family], rng)


# --- what torch makes of them: x is one sample [token][component] ---

def attend(torch, q, k, v, n_heads, causal):
    """q [token][heads x d_head]; k, v may have fewer heads."""
    n, d_head = len(q), q.shape[1] // n_heads
    group = n_heads // (k.shape[1] // d_head)
    q = q.view(n, n_heads, d_head).transpose(0, 1)
    k, v = (t.view(n, -1, d_head).transpose(0, 1).repeat_interleave(group, 0) for t in (k, v))
    scores = q @ k.transpose(1, 2) / math.sqrt(d_head)
    if causal:
        scores = scores.masked_fill(torch.ones(n, n, dtype=torch.bool).triu(1), -math.inf)
    return (scores.softmax(-1) @ v).transpose(0, 1).reshape(n, -1)


def forward_gpt2(torch, w, c, words, segments):
    f = torch.nn.functional
    x = w["transformer.wte.weight"][words] + w["transformer.wpe.weight"][: len(words)]

    def normed(name, x):
        return f.layer_norm(x, x.shape[1:], w[name + ".weight"], w[name + ".bias"], c["layer_norm_epsilon"])

    for layer in range(c["n_layer"]):
        at = f"transformer.h.{layer}."
        qkv = normed(at + "ln_1", x) @ w[at + "attn.c_attn.weight"] + w[at + "attn.c_attn.bias"]
        mixed = attend(torch, *qkv.split(c["n_embd"], 1), c["n_head"], True)
        x = x + mixed @ w[at + "attn.c_proj.weight"] + w[at + "attn.c_proj.bias"]
        hidden = normed(at + "ln_2", x) @ w[at + "mlp.c_fc.weight"] + w[at + "mlp.c_fc.bias"]
        x = x + f.gelu(hidden, approximate="tanh") @ w[at + "mlp.c_proj.weight"] + w[at + "mlp.c_proj.bias"]
    return normed("transformer.ln_f", x) @ w["transformer.wte.weight"].T


def encode(torch, w, c, x, at, names, first):
    """One layer of BERT (norm after) or ViT (norm first)."""
    f = torch.nn.functional

    def normed(name, x):
        scale, shift = (w.get(at + name + a, w.get(at + name + b)) for a, b in ((".weight", ".gamma"), (".bias", ".beta")))
        return f.layer_norm(x, x.shape[1:], scale, shift, c["layer_norm_eps"])

    def dense(name, x):
        return f.linear(x, w[at + name + ".weight"], w[at + name + ".bias"])

    def attention(x):
        q, k, v = (dense(f"attention.{names[0]}.{part}", x) for part in ("query", "key", "value"))
        return dense("attention.output.dense", attend(torch, q, k, v, c["num_attention_heads"], False))

    def hidden(x):
        return dense("output.dense", f.gelu(dense("intermediate.dense", x)))

    if first:
        x = x + attention(normed(names[1], x))
        return x + hidden(normed(names[2], x))
    x = normed(names[1], x + attention(x))
    return normed(names[2], x + hidden(x))


def forward_bert(torch, w, c, words, segments):
    f = torch.nn.functional
    at = "bert.embeddings."
    x = w[at + "word_embeddings.weight"][words] + w[at + "position_embeddings.weight"][: len(words)]
    x = x + w[at + "token_type_embeddings.weight"][segments]
    x = f.layer_norm(x, x.shape[1:], w[at + "LayerNorm.gamma"], w[at + "LayerNorm.beta"], c["layer_norm_eps"])
    for layer in range(c["num_hidden_layers"]):
        x = encode(torch, w, c, x, f"bert.encoder.layer.{layer}.",
                   ("self", "attention.output.LayerNorm", "output.LayerNorm"), False)
    pooled = torch.tanh(f.linear(x[0], w["bert.pooler.dense.weight"], w["bert.pooler.dense.bias"]))
    return f.linear(pooled, w["classifier.weight"], w["classifier.bias"])


def forward_vit(torch, w, c, image, segments):
    f = torch.nn.functional
    at = "vit.embeddings."
    patches = f.conv2d(((image.float() / 255 - 0.5) / 0.5)[None], w[at + "patch_embeddings.projection.weight"],
                       w[at + "patch_embeddings.projection.bias"], stride=c["patch_size"])
    x = torch.cat((w[at + "cls_token"][0], patches[0].flatten(1).T)) + w[at + "position_embeddings"][0]
    for layer in range(c["num_hidden_layers"]):
        x = encode(torch, w, c, x, f"vit.encoder.layer.{layer}.", ("attention", "layernorm_before", "layernorm_after"),
                   True)
    x = f.layer_norm(x, x.shape[1:], w["vit.layernorm.weight"], w["vit.layernorm.bias"], c["layer_norm_eps"])
    return f.linear(x[0], w["classifier.weight"], w["classifier.bias"])


def rotate(torch, x, n_heads, base):
    """Component i of a head turns with i + d_head / 2."""
    n, d_head = len(x), x.shape[1] // n_heads
    angles = torch.arange(n)[:, None] * base ** (-torch.arange(0, d_head, 2) / d_head)
    cosine, sine = angles.cos()[:, None], angles.sin()[:, None]
    one, other = x.view(n, n_heads, d_head).split(d_head // 2, 2)
    return torch.cat((one * cosine - other * sine, other * cosine + one * sine), 2).reshape(n, -1)


def forward_llama(torch, w, c, words, segments):
    f = torch.nn.functional
    x = w["model.embed_tokens.weight"][words]
    n_heads, n_kv_heads = c["num_attention_heads"], c["num_key_value_heads"]

    def normed(name, x):
        return x / (x.square().mean(1, keepdim=True) + c["rms_norm_eps"]).sqrt() * w[name]

    for layer in range(c["num_hidden_layers"]):
        at = f"model.layers.{layer}."
        y = normed(at + "input_layernorm.weight", x)
        q, k, v = (f.linear(y, w[f"{at}self_attn.{part}_proj.weight"]) for part in "qkv")
        q, k = rotate(torch, q, n_heads, c["rope_theta"]), rotate(torch, k, n_kv_heads, c["rope_theta"])
        x = x + f.linear(attend(torch, q, k, v, n_heads, True), w[at + "self_attn.o_proj.weight"])
        y = normed(at + "post_attention_layernorm.weight", x)
        gate, up = (f.linear(y, w[f"{at}mlp.{part}_proj.weight"]) for part in ("gate", "up"))
        x = x + f.linear(f.silu(gate) * up, w[at + "mlp.down_proj.weight"])
    return f.linear(normed("model.norm.weight", x), w["lm_head.weight"])


FORWARD = {"gpt2": forward_gpt2, "bert": forward_bert, "vit": forward_vit, "llama": forward_llama}


def answers(torch, family, at):
    w = {name: torch.tensor(values) for name, values in read_tensors(os.path.join(at, "model.safetensors")).items()}
    with h5py.File(os.path.join(at, "items.h5")) as file:
        test = {name: torch.tensor(values[:]) for name, values in file["test"].items()}
    if family == "vit":
        samples = [(image, None) for image in test["images"]]
    else:
        offset = test["word_offset"].tolist()
        segments = test.get("segments", torch.zeros(offset[-1])).long()
        samples = [(test["words"][a:b], segments[a:b]) for a, b in zip(offset, offset[1:])]
    return [FORWARD[family](torch, w, CONFIGS[family], *sample).flatten().numpy() for sample in samples]


def compare(folder):
    import torch

    torch.set_num_threads(1)
    bad = 0
    with torch.no_grad():
        for family in CONFIGS:
            for kind in TYPES:
                at = os.path.join(folder, f"{family}-{kind}")
                expected = np.concatenate(answers(torch, family, at))
                found = np.fromfile(os.path.join(at, "logits"), "<f4")
                assert found.shape == expected.shape, (family, kind, found.shape, expected.shape)
                difference = np.abs(found - expected).max() / np.abs(expected).max()
                print(f"{family} {kind}: {len(expected)} logits up to {np.abs(expected).max():.3g}, "
                      f"largest difference {difference:.1e} of that")
                bad += not difference <= 1e-4
    return bad


if __name__ == "__main__":
    command, where = sys.argv[1:]
    sys.exit(make(where) if command == "make" else compare(where) > 0)
