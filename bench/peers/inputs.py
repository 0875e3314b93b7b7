"""Texts and vectors that the rows work on.

A text file has a passage a line. Without one, the paragraphs of the repository's
own sample documents are taken, repeated with perturbation as often as needed.
Vectors are raw float32. Without a file of them, passages are embedded by
albert-search's built-in embedder; where more are needed than there are, the rows
are repeated with perturbation.
"""

import hashlib
import random
import re
from pathlib import Path

import numpy as np

from harness import ROOT, Worker, log

DIM = 384
SHARE = 0.3  # of another vector, mixed into one that is there already, as internal/vectorset has it


class Inputs:
    def __init__(self, work, ours, text=None, vectors=None, queries=None, query_vectors=None):
        self.work, self.ours = work, ours  # what is made is kept in work, under the key of what it is made of
        self.text, self.queries = Path(text) if text else None, Path(queries) if queries else None
        self.vectors, self.query_vectors = Path(vectors) if vectors else None, Path(query_vectors) if query_vectors else None

    def passages(self, n):
        """A file with n passages, a line each, and what they are."""
        lines = first_lines(self.text, n) if self.text else sample_paragraphs()
        of = self.text.name if self.text else "testdata/sample"
        said = f"{n:,} passages of {of}"
        if len(lines) < n:
            said += f": its {len(lines):,}, repeated with a word in ten left out"
        r = random.Random(1)
        repeated = lines[:n]
        while len(repeated) < n:
            words = lines[len(repeated) % len(lines)].split()
            repeated.append(" ".join(w for w in words if r.random() > 0.1) or words[0])
        return self.write("passages", repeated), said

    def questions(self, n):
        """n queries: lines of the file, or sentences of the sample documents."""
        if self.queries:
            return first_lines(self.queries, n)
        return sentences(sample_paragraphs(), n)

    def write(self, name, lines):
        """A file of the lines, whose name tells of its content."""
        data = ("\n".join(lines) + "\n").encode()
        path = self.work / f"{name}-{len(lines)}-{hashlib.sha256(data).hexdigest()[:8]}.txt"
        path.write_bytes(data)
        return path

    def vectors_file(self, rows):
        """A raw file with at least rows vectors, and what they are."""
        if self.vectors:
            file, said = self.vectors, f"{rows:,} vectors of {self.vectors.name}"
        else:
            n = min(rows, 20_000)
            text, said = self.passages(n)
            file = self.embedded(text, n)
            said = f"{rows:,} vectors, by the built-in embedder, of {said}"
        size = file.stat().st_size
        have = size // (4 * DIM)
        if have >= rows:
            return file, said
        out = self.work / f"vectors-{rows}-{file.stem}-{size}-{SHARE}.f32"
        if not out.exists() or out.stat().st_size != 4 * DIM * rows:
            mixed(file, have, rows, out)
        return out, f"{said} (it has {have:,}; the rest are its rows, each with {SHARE} times another one added, normalised)"

    def query_file(self, n):
        """A raw file with n query vectors, and how many there are."""
        if self.query_vectors:
            return self.query_vectors, min(n, self.query_vectors.stat().st_size // (4 * DIM))
        questions = self.questions(n)
        return self.embedded(self.write("questions", questions), len(questions)), len(questions)

    def embedded(self, text, n):
        out = text.with_suffix(".f32")
        if not out.exists() or out.stat().st_size != 4 * DIM * n:
            log(f"  embedding {n:,} texts")
            ours = Worker([self.ours])
            ours("models")
            ours("embed", texts=text, n=n, out=out)
            ours.close()
        return out


def first_lines(path, n):
    lines = []
    with open(path) as f:
        for line in f:
            if len(lines) == n:
                break
            lines.append(line.rstrip("\n"))
    return lines


def sample_paragraphs():
    """Paragraphs of at least 40 words of the sample documents that are plain text."""
    paragraphs = []
    for path in sorted((ROOT / "testdata" / "sample").rglob("*")):
        if path.suffix in (".txt", ".md"):
            try:
                text = path.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                continue  # one of those that are there for their encoding
            for p in re.split(r"\n\s*\n", text):
                words = p.split()
                if len(words) >= 40:
                    paragraphs.append(" ".join(words[:150]))
    return paragraphs


def sentences(passages, n, seed=7):
    """n sentences of 6 to 20 words, each of another passage, in a random order."""
    r = random.Random(seed)
    out = []
    for p in r.sample(passages, len(passages)):
        fit = [s for s in re.split(r"(?<=[.!?])\s+", p) if 6 <= len(s.split()) <= 20]
        if fit:
            out.append(r.choice(fit))
        if len(out) == n:
            break
    return out


def mixed(file, have, rows, out, block=50_000):
    """Writes rows vectors: those of the file, then each again with SHARE times another one added."""
    source = np.memmap(file, np.float32, "r", shape=(have, DIM))
    r = np.random.default_rng(1)
    with open(out, "wb") as f:
        for at in range(0, rows, block):
            n = np.arange(at, min(at + block, rows))
            part = source[n % have].astype(np.float32)
            again = n >= have
            part[again] += np.float32(SHARE) * source[r.integers(0, have, again.sum())]
            part /= np.linalg.norm(part, axis=1, keepdims=True)
            part.tofile(f)
