#!/usr/bin/env python3
"""Writes an ALBERT of one of the published shapes with random weights, to
measure with: docs/byo-models.md quotes it. Needs torch and transformers.

    python albert/testdata/gen/large.py base|large|xlarge|xxlarge DIR
"""
import pathlib
import sys

import torch
from transformers import AlbertConfig, AlbertModel

# hidden size, intermediate size, passes, heads (Lan et al. 2020, table 1)
SHAPES = {
    "base": (768, 3072, 12, 12), "large": (1024, 4096, 24, 16),
    "xlarge": (2048, 8192, 24, 16), "xxlarge": (4096, 16384, 12, 64),
}


def main():
    hidden, intermediate, layers, heads = SHAPES[sys.argv[1]]
    torch.manual_seed(0)
    model = AlbertModel(AlbertConfig(
        hidden_size=hidden, intermediate_size=intermediate, num_hidden_layers=layers, num_attention_heads=heads))
    model.save_pretrained(sys.argv[2])
    letters = [chr(97 + i) for i in range(26)]
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + letters + ["##" + c for c in letters]
    (pathlib.Path(sys.argv[2]) / "vocab.txt").write_text("\n".join(words) + "\n")


if __name__ == "__main__":
    main()
