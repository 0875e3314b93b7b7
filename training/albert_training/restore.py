"""From a model's files, as the program has them, back to a state to train on.

The fp16 checkpoints are not in the repository, the int8 ones are: a weight is
its integer times the scale of its output and the factor of its input
(docs/inference.md), half a step at most from what it was rounded from."""

import json
from pathlib import Path

import torch

from . import export
from .model import Albert, Config, Reader

# The matrices that make a group, by their names in transformers.
PARTS = {"attention": [f"attention.{n}.weight" for n in ("query", "key", "value", "dense")], "ffn": ["ffn.weight", "ffn_output.weight"]}


def folder(path):
    """The Reader, or the Albert if it has no spans, of a folder that the
    command internal/tools/exportmodel has written. Passes whose matrices
    are the same share them."""
    path = Path(path)
    found = floats(path / "model.safetensors")
    config = json.loads((path / "config.json").read_text())
    kind = "reader" if "qa_outputs.weight" in found else "embedder"
    prefix = "albert." if kind == "reader" else ""
    layers = [f"{prefix}encoder.albert_layer_groups.{p}.albert_layers.0." for p in range(config["num_hidden_layers"])]

    def groups(names):
        same = lambda l, other: all(torch.equal(found[l + n], found[other + n]) for n in names)
        first = [next(q for q, other in enumerate(layers) if same(l, other)) for l in layers]
        return [sorted(set(first)).index(q) for q in first]

    c = Config(
        embedding=config["embedding_size"], hidden=config["hidden_size"], heads=config["num_attention_heads"], intermediate=config["intermediate_size"],
        vocabulary=config["vocab_size"], positions=config["max_position_embeddings"], **{part: groups(names) for part, names in PARTS.items()},
    )  # fmt: skip
    model = Reader(c) if kind == "reader" else Albert(c)
    for name, to in export.named(model.state_dict(), c, kind).items():
        to.copy_(found[name])
    return model


def floats(file):
    """The tensors of a file in the program's int8 layout, in transformers' form:
    in fp32, matrices [out, in], queries, keys and values apart."""
    from safetensors.torch import load_file

    raw, out = load_file(file), {}
    for name, w in raw.items():
        if name.endswith("_scale"):  # .weight_scale and .input_scale
            continue
        w = w.float()
        if (scale := raw.get(name + "_scale")) is not None:
            if name.endswith("word_embeddings.weight"):
                w = w * scale.float()[:, None]
            else:  # stored [in, out]
                w = w * scale.float()
                if (balance := raw.get(name.removesuffix("weight") + "input_scale")) is not None:
                    w = w * balance.float()[:, None]
                w = w.T
        if "query_key_value" in name:
            for n, part in zip(("query", "key", "value"), w.chunk(3)):
                out[name.replace("query_key_value", n)] = part
        else:
            out[name] = w
    return out
