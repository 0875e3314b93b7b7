"""From a model's files, as the program has them, back to a state to train on.

The fp16 checkpoints are not in the repository, the int8 ones are: a weight is
its integer times the scale of its output and the factor of its input
(docs/inference.md), half a step at most from what it was rounded from."""

import json
from pathlib import Path

import numpy as np
import torch

from .model import Albert, Config, Reader


def folder(path):
    """The Reader, or the Albert if it has no spans, of a folder that the
    command albert/builtin/internal/export has written, with E less than H.
    Passes whose maps are the same share them."""
    from safetensors.numpy import load_file

    path = Path(path)
    raw = load_file(path / "model.safetensors")
    config = json.loads((path / "config.json").read_text())
    prefix = "albert." if any(k.startswith("albert.") for k in raw) else ""

    def floats(name):
        return torch.from_numpy(raw[name].astype(np.float32))

    def matrix(name):
        """[out, in] of a map that is stored [in, out] in int8."""
        w = floats(name + ".weight") * floats(name + ".weight_scale")
        if name + ".input_scale" in raw:
            w = w * floats(name + ".input_scale")[:, None]
        return w.T.contiguous()

    maps = {"qkv": "attention.query_key_value", "out": "attention.dense", "up": "ffn", "down": "ffn_output"}
    layers = [f"{prefix}encoder.albert_layer_groups.{p}.albert_layers.0." for p in range(config["num_hidden_layers"])]
    found = {n: [matrix(l + m) for l in layers] for n, m in maps.items()}
    same = {n: [next(q for q in range(p + 1) if torch.equal(ws[q], w)) for p, w in enumerate(ws)] for n, ws in found.items()}
    groups = {}
    for part, names in (("attention", ("qkv", "out")), ("ffn", ("up", "down"))):
        # A group is a pair of matrices.
        firsts = [tuple(same[n][p] for n in names) for p in range(len(layers))]
        groups[part] = [list(dict.fromkeys(firsts)).index(f) for f in firsts]
    c = Config(
        embedding=config["embedding_size"], hidden=config["hidden_size"], heads=config["num_attention_heads"], intermediate=config["intermediate_size"],
        vocabulary=config["vocab_size"], positions=config["max_position_embeddings"], **groups,
    )  # fmt: skip
    model = Reader(c) if "qa_outputs.weight" in raw else Albert(c)
    m = model.encoder if isinstance(model, Reader) else model
    e = prefix + "embeddings."
    word = floats(e + "word_embeddings.weight") * floats(e + "word_embeddings.weight_scale")[:, None]
    with torch.no_grad():
        for to, w in (
            (m.word, word), (m.position, floats(e + "position_embeddings.weight")), (m.kind, floats(e + "token_type_embeddings.weight")),
            (m.norm_w, floats(e + "LayerNorm.weight")), (m.norm_b, floats(e + "LayerNorm.bias")),
            (m.map_w, floats(prefix + "encoder.embedding_hidden_mapping_in.weight")), (m.map_b, floats(prefix + "encoder.embedding_hidden_mapping_in.bias")),
        ):  # fmt: skip
            to.copy_(w)
        for p, l in enumerate(layers):
            for n, name in maps.items():
                getattr(m, n)[c.attention[p] if n in ("qkv", "out") else c.ffn[p]].copy_(found[n][p])
                getattr(m, n + "_b")[p].copy_(floats(f"{l}{name}.bias"))
            for i, name in ((1, "attention.LayerNorm"), (2, "full_layer_layer_norm")):
                getattr(m, f"norm{i}_w")[p].copy_(floats(f"{l}{name}.weight"))
                getattr(m, f"norm{i}_b")[p].copy_(floats(f"{l}{name}.bias"))
        if isinstance(model, Reader):
            for to, name in ((model.span, "qa_outputs"), (model.pooler, "albert.pooler"), (model.relevance, "classifier")):
                to.weight.copy_(floats(name + ".weight"))
                to.bias.copy_(floats(name + ".bias"))
    return model
