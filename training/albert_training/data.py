"""Stage data: from the corpus and the question sets to one file of token arrays.

The file holds

  corpus          pieces of the paragraphs (ragged), with corpus_doc, the
                  document of each paragraph
  teacher         see init.pack
  ctx, ctx_title  pieces of the passages that questions were asked on and of
                  the titles of their articles (ragged), with ctx_set and
                  ctx_article
  q               pieces of the questions (ragged), with q_ctx, q_set
                  (a number in sets, whose weights are set_weights), q_spans [Q, ANSWERS, 2] (first and last piece of
                  each answer in the passage, -1: none) and q_neg [Q, NEGATIVES]
                  (passages without the answer that BM25 puts first, -1: none)
  swap            pieces of questions in which a name was replaced by another
                  name, so that their passage has no answer (ragged), with
                  swap_q, the question each was made of
  cloze           [C, 9]: recurring spans, see cloze.find
  ir_*            the retrieval collections, to measure on
  dev_*           the development sets (dev_sets): ctx and q as above, the
                  texts themselves, and passages without the answer

No paragraph to train on, of the question sets or of the corpus, shares NGRAM
words in a row with a passage of a development set.
"""

import argparse
import glob
import json
import os
import random
import re
from collections import defaultdict
from pathlib import Path

import numpy as np

from . import cloze, init, retrieval, text
from .text import Ragged

SEED = 20261126
ANSWERS = 4
NEGATIVES = 6
MAX_ANSWER = 32  # pieces
MAX_QUESTION = 48  # pieces
MAX_REPEATS = 5  # of the same question text

# How often a set's questions are drawn, relative to the others': much of
# QAMR is about single sentences, many review questions are hardly questions.
WEIGHTS = {
    "squad_train_part": 2.0,
    "squadshifts_new_wiki": 2.0,
    "squadshifts_reddit": 1.3,
    "squadshifts_amazon": 1.3,
    "nq_open_gold": 1.5,
    "qed": 1.5,
    "quoref_contrast": 1.0,
    "molweni_test": 0.3,
    "qamr": 0.25,
    "subjqa": 0.2,
}
# Development sets as a whole: other kinds of text than the training sets'.
HELD_OUT = ("friendsqa", "policyqa")
DEV_NQ = 300
DEV_SQUAD_ARTICLES = 2  # all that have questions without an answer


def main(argv):
    p = argparse.ArgumentParser(prog="data", description=__doc__.split("\n")[0])
    p.add_argument("--data", default="../../shared/data", help="folder with corpus.txt.xz and qa/")
    p.add_argument("--ir", help="folder of retrieval collections in BEIR layout")
    p.add_argument("--out", default="build/data.xz")
    p.add_argument("--corpus-tokens", type=int, default=20_000_000, help="how much of the corpus to take, in whole documents")
    p.add_argument("--questions", type=int, help="only so many questions, to try the later stages")
    a = p.parse_args(argv)
    rnd = random.Random(SEED)
    tok = text.tokenizer()
    out = {}

    train, dev = questions(Path(a.data) / "qa", rnd)
    dev_arrays, seen = encode_dev(tok, dev)
    out.update(dev_arrays)
    train = [e for e in train if not seen & text.ngrams(e["context"])]
    train = train[: a.questions]
    print(f"questions: {len(train)} to train on, {sum(map(len, dev.values()))} of {len(dev)} development sets", flush=True)
    out.update(encode_train(tok, train, rnd))
    out.update(encode_corpus(tok, Path(a.data) / "corpus.txt.xz", a.corpus_tokens, seen, rnd))
    if a.ir:
        out.update(retrieval.encode(tok, sorted(Path(a.ir).iterdir())))
    out["teacher"] = init.pack(text.teacher_dir() / "model.safetensors")
    Path(a.out).parent.mkdir(parents=True, exist_ok=True)
    text.save(a.out, out)
    print(f"{a.out}: {os.path.getsize(a.out) / 1e6:.1f} MB")


def questions(folder, rnd):
    """Reads the question sets and parts them into training and development questions."""
    train, dev = [], {}
    for path in sorted(glob.glob(str(folder / "train" / "*.json.xz"))):
        name = Path(path).name.split(".")[0]
        rows = [
            dict(set=name, article=f"{name}/{n}", title=title, context=c, question=q.strip(), id=i, answers=ans, impossible=imp)
            for n, title, c, q, i, ans, imp in text.read_squad(path)
        ]
        if name in HELD_OUT:
            dev[name] = rows
        elif name == "squad_train_part":
            adversarial = sorted({r["article"] for r in rows if r["impossible"]})
            held = set(adversarial[:DEV_SQUAD_ARTICLES])
            dev["squad2"] = [r for r in rows if r["article"] in held]
            train += [r for r in rows if r["article"] not in held]
        elif name == "nq_open_gold":
            rnd.shuffle(rows)
            texts = {r["question"].lower() for r in rows[:DEV_NQ]}
            dev["nq"] = rows[:DEV_NQ]
            train += [r for r in rows[DEV_NQ:] if r["question"].lower() not in texts]
        else:
            train += rows
    nq = {r["question"].lower() for r in dev["nq"]}
    train = [r for r in train if r["question"].lower() not in nq]
    dev["new_wiki"] = [
        dict(set="new_wiki", article=f"new_wiki/{n}", title=t, context=c, question=q.strip(), id=i, answers=ans, impossible=imp)
        for n, t, c, q, i, ans, imp in text.read_squad(folder / "dev" / "new_wiki_dev.json")
    ]
    rnd.shuffle(train)
    repeats = defaultdict(int)
    kept = []
    for r in train:
        key = r["question"].lower()
        repeats[key] += 1
        if repeats[key] <= MAX_REPEATS:
            kept.append(r)
    return kept, dev


def spans(offsets, answers):
    """The answers as first and last piece, by the character offsets of the pieces."""
    out = []
    for a in answers:
        begin, end = a["answer_start"], a["answer_start"] + len(a["text"])
        first = next((i for i, (_, e) in enumerate(offsets) if e > begin), None)
        last = next((i for i in range(len(offsets) - 1, -1, -1) if offsets[i][0] < end), None)
        if first is not None and last is not None and first <= last < first + MAX_ANSWER and (first, last) not in out:
            out.append((first, last))
    return out


def encode_all(tok, texts):
    return tok.encode_batch(texts, add_special_tokens=False)


def encode_train(tok, rows, rnd):
    contexts = sorted({r["context"] for r in rows})
    number = {c: i for i, c in enumerate(contexts)}
    encoded = encode_all(tok, contexts)
    of_ctx = {}
    for r in rows:
        of_ctx[number[r["context"]]] = r
    sets = sorted({r["set"] for r in rows})
    articles = {a: i for i, a in enumerate(sorted({r["article"] for r in rows}))}
    q_ids, q_ctx, q_set, q_spans, kept = [], [], [], [], []
    dropped = 0
    for r, q in zip(rows, encode_all(tok, [r["question"] for r in rows])):
        c = number[r["context"]]
        s = [] if r["impossible"] else spans(encoded[c].offsets, r["answers"])
        if not r["impossible"] and not s:
            dropped += 1
            continue
        s = s[:ANSWERS] + [(-1, -1)] * (ANSWERS - len(s))
        q_ids.append(q.ids[:MAX_QUESTION])
        q_ctx.append(c)
        q_set.append(sets.index(r["set"]))
        q_spans.append(s)
        kept.append(r)
    print(f"{len(contexts)} passages, {dropped} questions dropped whose answers are longer than {MAX_ANSWER} pieces", flush=True)
    neg = negatives(kept, contexts, number)
    arrays = {
        "sets": np.array(sets),
        "set_weights": np.array([WEIGHTS[s] for s in sets], np.float32),
        "ctx_set": np.array([sets.index(of_ctx[i]["set"]) for i in range(len(contexts))], np.int16),
        "ctx_article": np.array([articles[of_ctx[i]["article"]] for i in range(len(contexts))], np.int32),
        "q_ctx": np.array(q_ctx, np.int32),
        "q_set": np.array(q_set, np.int16),
        "q_spans": np.array(q_spans, np.int16),
        "q_neg": neg,
    }
    arrays |= Ragged([e.ids for e in encoded]).arrays("ctx")
    titles = [e.ids[:16] for e in encode_all(tok, [plain_title(of_ctx[i]["title"]) for i in range(len(contexts))])]
    arrays |= Ragged(titles).arrays("ctx_title")
    arrays |= Ragged(q_ids).arrays("q")
    arrays |= swaps(tok, kept, rnd)
    return arrays


def swaps(tok, rows, rnd):
    """Questions with a name of another question in place of one of theirs. The
    new name must not be in the passage, the old one must be."""
    names = {}
    for i, r in enumerate(rows):
        if r["impossible"]:
            continue
        found = [t for b, _, t in cloze.spans(r["question"]) if b > 0 and t in r["context"]]
        if found:
            names[i] = rnd.choice(found)
    by_kind = defaultdict(list)
    for t in names.values():
        by_kind[cloze.kind(t), len(t.split())].append(t)
    texts, of = [], []
    for i, t in names.items():
        others = by_kind[cloze.kind(t), len(t.split())]
        o = rnd.choice(others)
        if o != t and o not in rows[i]["context"]:
            texts.append(rows[i]["question"].replace(t, o))
            of.append(i)
    print(f"{len(of)} questions with a name swapped", flush=True)
    enc = encode_all(tok, texts)
    return Ragged([e.ids[:MAX_QUESTION] for e in enc]).arrays("swap") | {"swap_q": np.array(of, np.int32)}


def plain_title(t):
    t = re.sub(r"[_/]+", " ", t)
    # Some sets number their articles instead of naming them.
    return t if re.search(r"[A-Za-z]{3}", t) else ""


def negatives(rows, contexts, number):
    """For each question the first passages by BM25 that contain none of its answers."""
    import bm25s
    import Stemmer

    stem = Stemmer.Stemmer("english")
    index = bm25s.BM25()
    index.index(bm25s.tokenize(contexts, stopwords="en", stemmer=stem, show_progress=False), show_progress=False)
    lower = [c.lower() for c in contexts]
    neg = np.full((len(rows), NEGATIVES), -1, np.int32)
    for at in range(0, len(rows), 4096):
        part = rows[at : at + 4096]
        tokens = bm25s.tokenize([r["question"] for r in part], stopwords="en", stemmer=stem, show_progress=False)
        found, _ = index.retrieve(tokens, k=24, show_progress=False)
        for i, (r, ids) in enumerate(zip(part, found)):
            answers = [a["text"].lower() for a in r["answers"]]
            own = number[r["context"]]
            good = [j for j in ids if j != own and not any(a in lower[j] for a in answers)]
            # The very first are now and then another wording of the answer;
            # one from further down keeps easy cases in.
            good = good[: NEGATIVES - 1] + good[-1:]
            neg[at + i, : len(good)] = good[:NEGATIVES]
    return neg


def encode_dev(tok, dev):
    arrays, seen = {}, set()
    for name, rows in dev.items():
        contexts = list(dict.fromkeys(r["context"] for r in rows))
        number = {c: i for i, c in enumerate(contexts)}
        for c in contexts:
            seen |= text.ngrams(c)
        enc = encode_all(tok, contexts)
        arrays |= Ragged([e.ids for e in enc]).arrays(f"dev_{name}_ctx")
        arrays[f"dev_{name}_chars"] = np.concatenate([np.array(e.offsets, np.int32).reshape(-1, 2) for e in enc])
        arrays |= Ragged([e.ids[:MAX_QUESTION] for e in encode_all(tok, [r["question"] for r in rows])]).arrays(f"dev_{name}_q")
        arrays[f"dev_{name}_json"] = np.frombuffer(
            json.dumps(
                dict(
                    contexts=contexts,
                    ctx=[number[r["context"]] for r in rows],
                    answers=[[] if r["impossible"] else [a["text"] for a in r["answers"]] for r in rows],
                )
            ).encode(),
            np.uint8,
        )
        arrays[f"dev_{name}_wrong"] = best_wrong(rows, contexts, number)
    arrays["dev_sets"] = np.array(sorted(dev))
    return arrays, seen


def best_wrong(rows, contexts, number):
    """For each question the passages that BM25 puts first and that contain no answer: the best and four more."""
    if len(contexts) < 10:
        return np.full((len(rows), 5), -1, np.int32)
    neg = negatives(rows, contexts, number)
    return neg[:, :5]


def encode_corpus(tok, path, budget, seen, rnd):
    with text.open_text(path) as f:
        docs = [d.split("\n") for d in f.read().split("\n\n")]
    rnd.shuffle(docs)
    paragraphs, doc, total, shared, clozes = [], [], 0, 0, []
    for at in range(0, len(docs), 500):
        if total >= budget:
            break
        flat, owner = [], []
        for d, ps in enumerate(docs[at : at + 500]):
            for p in ps:
                p = p.strip()
                if not p:
                    continue
                if seen & text.ngrams(p):
                    shared += 1
                    continue
                flat.append(p)
                owner.append(at + d)
        enc = encode_all(tok, flat)
        first = len(paragraphs)
        paragraphs += [np.array(e.ids, np.uint16) for e in enc]
        doc += owner
        total += sum(len(e.ids) for e in enc)
        clozes += cloze.find(flat, owner, enc, first, rnd)
    print(f"corpus: {len(paragraphs)} paragraphs, {total / 1e6:.1f} M pieces, {shared} paragraphs left out, {len(clozes)} recurring spans", flush=True)
    arrays = Ragged(paragraphs).arrays("corpus")
    arrays["corpus_doc"] = np.array(doc, np.int32)
    arrays["cloze"] = np.array(clozes, np.int32)
    return arrays
