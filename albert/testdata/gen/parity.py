#!/usr/bin/env python3
"""Writes the checkpoints in albert/testdata/parity and what transformers
computes with them, for the tests of package albert.

Needs torch, transformers, safetensors. Run it from the repository's root:

    python albert/testdata/gen/parity.py
"""
import pathlib
import shutil

import torch
from safetensors.torch import save_file
from transformers import (AlbertConfig, AlbertForQuestionAnswering,
                          AlbertForSequenceClassification, AlbertModel)

OUT = pathlib.Path("albert/testdata/parity")
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
VOCAB = 61

# name: class of the head, type the weights are saved in, configuration
CASES = {
    # one group for all layers, as Google's ALBERTs have; E != H
    "shared": (AlbertModel, torch.float32, dict(
        hidden_size=48, embedding_size=16, num_hidden_layers=4, num_hidden_groups=1,
        inner_group_num=1, num_attention_heads=12, intermediate_size=72, hidden_act="gelu_new")),
    # five passes over two groups of two layers: counts that do not divide
    "groups": (AlbertForQuestionAnswering, torch.float32, dict(
        hidden_size=32, embedding_size=16, num_hidden_layers=5, num_hidden_groups=2,
        inner_group_num=2, num_attention_heads=1, intermediate_size=64, hidden_act="gelu",
        layer_norm_eps=1e-5)),
    "classes": (AlbertForSequenceClassification, torch.float32, dict(
        hidden_size=40, embedding_size=40, num_hidden_layers=2, num_hidden_groups=2,
        inner_group_num=1, num_attention_heads=4, intermediate_size=56, hidden_act="relu",
        num_labels=3)),
    "half": (AlbertForQuestionAnswering, torch.float16, dict(
        hidden_size=24, embedding_size=8, num_hidden_layers=3, num_hidden_groups=3,
        inner_group_num=1, num_attention_heads=12, intermediate_size=33,
        hidden_act="gelu_pytorch_tanh")),
    "bfloat": (AlbertModel, torch.bfloat16, dict(
        hidden_size=30, embedding_size=12, num_hidden_layers=2, num_hidden_groups=1,
        inner_group_num=2, num_attention_heads=5, intermediate_size=31, hidden_act="gelu",
        type_vocab_size=1)),
    # a reader with spans and relevance on one encoder; of its five groups two
    # and three have the same matrices (see TIES), with biases and norms of
    # their own
    "reader": (AlbertForQuestionAnswering, torch.float32, dict(
        hidden_size=36, embedding_size=12, num_hidden_layers=5, num_hidden_groups=5,
        inner_group_num=1, num_attention_heads=6, intermediate_size=48, hidden_act="gelu",
        num_labels=2)),
}
# name: for each group the one that has the same matrices
TIES = {"reader": [0, 0, 2, 2, 2]}
LENGTHS = [1, 2, 3, 7, 7, 16, 33]


def randomize(model):
    """Weights large enough that every part of the model shows in its result."""
    with torch.no_grad():
        for name, p in sorted(model.named_parameters()):
            if "norm" in name.lower() and name.endswith("weight"):
                p.copy_(1 + 0.2 * torch.randn_like(p))
            elif p.dim() == 2:
                p.copy_(torch.randn_like(p) * (0.8 / p.shape[1] ** 0.5))
            else:
                p.copy_(0.2 * torch.randn_like(p))


def tie(model, groups):
    """Copies the matrices of the given groups, no biases and no norms."""
    params = dict(model.named_parameters())
    with torch.no_grad():
        for name, p in params.items():
            for group, source in enumerate(groups):
                if p.dim() == 2 and f"albert_layer_groups.{group}." in name:
                    p.copy_(params[name.replace(f"albert_layer_groups.{group}.", f"albert_layer_groups.{source}.")])


def relevance_of(model, config):
    """A classifier of the labels irrelevant and relevant on the encoder of model."""
    classifier = AlbertForSequenceClassification(config).eval()
    randomize(classifier)
    missing, unexpected = classifier.albert.load_state_dict(model.albert.state_dict(), strict=False)
    assert not unexpected and all("pooler" in name for name in missing), (missing, unexpected)
    return classifier


def main():
    shutil.rmtree(OUT, ignore_errors=True)
    for seed, (name, (cls, dtype, shape)) in enumerate(CASES.items()):
        torch.manual_seed(seed)
        config = AlbertConfig(**{
            "vocab_size": VOCAB, "max_position_embeddings": 40, "pad_token_id": 0,
            "hidden_dropout_prob": 0, "attention_probs_dropout_prob": 0, **shape})
        model = cls(config).eval()
        randomize(model)
        relevance = None
        if name in TIES:
            tie(model, TIES[name])
            relevance = relevance_of(model, config)
        model.to(dtype)
        folder = OUT / name
        model.save_pretrained(folder)
        if relevance is not None:
            save_file({**relevance.state_dict(), **model.state_dict()},
                      folder / "model.safetensors", metadata={"format": "pt"})
        (folder / "generation_config.json").unlink(missing_ok=True)
        words = SPECIAL + [f"word{i}" for i in range(VOCAB - len(SPECIAL))]
        (folder / "vocab.txt").write_text("\n".join(words) + "\n")

        model.float()
        base = model if cls is AlbertModel else model.albert
        expected = {}
        for i, length in enumerate(LENGTHS):
            ids = torch.randint(len(SPECIAL), VOCAB, (1, length))
            split = length if config.type_vocab_size == 1 else [length, length // 2][i % 2]
            types = (torch.arange(length) >= split).long()[None]
            with torch.no_grad():
                hidden = base(input_ids=ids, token_type_ids=types).last_hidden_state
                expected[f"{i}.ids"] = ids[0].int()
                expected[f"{i}.types"] = types[0].int()
                expected[f"{i}.hidden"] = hidden[0].contiguous()
                if cls is AlbertForQuestionAnswering:
                    out = model(input_ids=ids, token_type_ids=types)
                    expected[f"{i}.start"] = out.start_logits[0].contiguous()
                    expected[f"{i}.end"] = out.end_logits[0].contiguous()
                if cls is AlbertForSequenceClassification:
                    expected[f"{i}.logits"] = model(input_ids=ids, token_type_ids=types).logits[0].contiguous()
                if relevance is not None:
                    logits = relevance(input_ids=ids, token_type_ids=types).logits[0]
                    expected[f"{i}.relevance"] = (logits[1] - logits[0])[None]
        save_file(expected, folder / "expected.safetensors")


if __name__ == "__main__":
    main()
