"""Stage sets: the development sets and the pool for fitting as files that
albert-search eval reads, parted exactly as stage data parts them, and
distractors: paragraphs of the corpus, one a line."""

import argparse
import json
import random
from pathlib import Path

from . import text
from .data import SEED, questions

POOL = ("squad_train_part", "nq_open_gold", "squadshifts_new_wiki")


def squad(rows):
    """Rows of data.questions as a SQuAD v2.0 file."""
    articles = {}
    for r in rows:
        a = articles.setdefault(r["article"], {"title": r["title"], "paragraphs": {}})
        p = a["paragraphs"].setdefault(r["context"], {"context": r["context"], "qas": []})
        p["qas"].append({"id": r["id"], "question": r["question"], "answers": [] if r["impossible"] else r["answers"], "is_impossible": r["impossible"]})
    return {"version": "v2.0", "data": [{"title": a["title"], "paragraphs": list(a["paragraphs"].values())} for a in articles.values()]}


def main(argv):
    p = argparse.ArgumentParser(prog="sets", description=__doc__)
    p.add_argument("--data", default="../shared/data", help="folder with corpus.txt.xz and qa/")
    p.add_argument("--out", default="build/sets")
    p.add_argument("--distractors", type=int, default=10_000)
    a = p.parse_args(argv)
    out = Path(a.out)
    out.mkdir(parents=True, exist_ok=True)
    train, dev = questions(Path(a.data) / "qa", random.Random(SEED))
    files = {f"dev_{name}": rows for name, rows in dev.items()}
    files |= {f"pool_{name}": [r for r in train if r["set"] == name] for name in POOL}
    for name, rows in files.items():
        (out / f"{name}.json").write_text(json.dumps(squad(rows)))
        print(f"{name}.json: {len(rows)} questions")
    with text.open_text(Path(a.data) / "corpus.txt.xz") as f:
        lines = [line for line in f if len(line) > 200]
    (out / "distractors.txt").write_text("".join(random.Random(SEED).sample(lines, a.distractors)))
