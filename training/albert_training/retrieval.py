"""Retrieval collections in BEIR layout: nDCG@10 of vectors, of BM25 and
vectors together, and of these reranked. Quick figures to choose by; those that
count come from the program (albert-search eval)."""

import csv
import json

import numpy as np
import torch

from .text import Ragged

PASSAGE, OVERLAP = 200, 40  # pieces
DEPTH = 100


def encode(tok, folders):
    import bm25s
    import Stemmer

    stem = Stemmer.Stemmer("english")
    out, names = {}, []
    for d in folders:
        if not (d / "corpus.jsonl").exists():
            continue
        names.append(d.name)
        docs = [json.loads(line) for line in open(d / "corpus.jsonl", encoding="utf-8")]
        rel = {}
        with open(d / "qrels" / "test.tsv", encoding="utf-8") as f:
            for q, doc, grade in list(csv.reader(f, delimiter="\t"))[1:]:
                rel.setdefault(q, {})[doc] = int(grade)
        queries = [q for q in map(json.loads, open(d / "queries.jsonl", encoding="utf-8")) if q["_id"] in rel]
        texts = [((x.get("title") or "") + " " + x["text"]).strip() for x in docs]
        passages, owner = [], []
        for i, e in enumerate(tok.encode_batch(texts, add_special_tokens=False)):
            at = 0
            while True:
                passages.append(e.ids[at : at + PASSAGE])
                owner.append(i)
                if at + PASSAGE >= len(e.ids):
                    break
                at += PASSAGE - OVERLAP
        index = bm25s.BM25()
        index.index(bm25s.tokenize(texts, stopwords="en", stemmer=stem, show_progress=False), show_progress=False)
        k = min(DEPTH, len(docs))
        ids, scores = index.retrieve(bm25s.tokenize([q["text"] for q in queries], stopwords="en", stemmer=stem, show_progress=False), k=k, show_progress=False)
        number = {x["_id"]: i for i, x in enumerate(docs)}
        grades = np.zeros((len(queries), len(docs)), np.int8)
        for i, q in enumerate(queries):
            for doc, g in rel[q["_id"]].items():
                grades[i, number[doc]] = g
        p = f"ir_{d.name}_"
        out |= Ragged(passages).arrays(p + "doc") | Ragged([e.ids[:254] for e in tok.encode_batch([q["text"] for q in queries], add_special_tokens=False)]).arrays(p + "q")
        out |= {p + "owner": np.array(owner, np.int32), p + "bm25_ids": ids.astype(np.int32), p + "bm25": scores.astype(np.float32), p + "grades": grades}
    out["ir_sets"] = np.array(names)
    return out


def ndcg(scores, grades, k=10):
    """Mean nDCG@k of scores [Q, D], by trec_eval's definition: gains are the grades themselves."""
    order = np.argsort(-scores, 1, kind="stable")[:, :k]
    discount = 1 / np.log2(np.arange(2, k + 2))[: order.shape[1]]
    got = (np.take_along_axis(grades, order, 1) * discount).sum(1)
    best = (-np.sort(-grades.astype(np.float64), 1)[:, :k] * discount[: grades.shape[1]]).sum(1)
    return float((got / np.maximum(best, 1e-9)).mean())


def relative(scores, depth=DEPTH):
    """Scores in 0..1, the lowest of the first depth becoming 0."""
    top = -np.sort(-scores, 1)[:, : min(depth, scores.shape[1])]
    lo, hi = top[:, -1:], top[:, :1]
    return np.clip((scores - lo) / np.maximum(hi - lo, 1e-9), 0, None)


def candidates(pool, name, vectors):
    """vectors(prefix) gives unit vectors [N, H] of the texts of that name."""
    p = f"ir_{name}_"
    sim = vectors(p + "q") @ vectors(p + "doc").T
    owner = pool.a[p + "owner"]
    dense = np.full((sim.shape[0], owner.max() + 1), -1.0, np.float32)
    for j, o in enumerate(owner):
        dense[:, o] = np.maximum(dense[:, o], sim[:, j])
    keyword = np.zeros_like(dense)
    np.put_along_axis(keyword, pool.a[p + "bm25_ids"].astype(np.int64), pool.a[p + "bm25"], 1)
    return dense, keyword, (relative(dense) + relative(keyword)) / 2


@torch.no_grad()
def measure(pool, vectors, relevance=None, first=50, weights=(0.1, 0.2, 0.3, 0.5)):
    """nDCG@10 by set: of vectors, of both, and reranked by relevance(name,
    query numbers, passage numbers) at each weight."""
    rows = {}
    for name in map(str, pool.a["ir_sets"]):
        p = f"ir_{name}_"
        dense, _, both = candidates(pool, name, vectors)
        grades = pool.a[p + "grades"]
        row = {"dense": ndcg(dense, grades), "hybrid": ndcg(both, grades)}
        if relevance is not None:
            top = np.argsort(-both, 1, kind="stable")[:, :first]
            owner = pool.a[p + "owner"]
            starts = np.searchsorted(owner, np.arange(owner.max() + 2))
            q, d = [], []
            for i, docs in enumerate(top):
                for doc in docs:
                    for x in range(starts[doc], starts[doc + 1]):
                        q.append(i), d.append(x)
            r = relevance(name, np.array(q), np.array(d))
            best = np.full(both.shape, -np.inf, np.float32)
            np.maximum.at(best, (np.array(q), owner[np.array(d)]), r)
            for w in weights:
                final = np.where(best > -np.inf, 10 + (1 - w) * both + w / (1 + np.exp(-best)), both)
                row[f"rerank{w}"] = ndcg(final, grades)
        rows[name] = row
    rows["mean"] = {k: float(np.mean([r[k] for r in rows.values()])) for k in row}
    return rows
