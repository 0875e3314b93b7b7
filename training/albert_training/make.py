"""Stage make: from the data file to an embedder and a reader.

First near: the teacher's vectors and what they find, worked out in every run.
Then steps, each kept as a file in the working folder and not repeated when it
is there: table (factorized embeddings), embedder, base (a reader of the
teacher's size, pre-trained on recurring spans), teacher1.. (readers of that
size), reader."""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch

from . import embedder, init, reader, reading, retrieval, text
from .batches import Pool, Source, Topics
from .model import Albert, Config, Reader


TABLE = ("word", "position", "kind", "norm_w", "norm_b", "map_w", "map_b")


@torch.no_grad()
def copy(to, source, names):
    for n in names:
        getattr(to, n).copy_(getattr(source, n))


class Work:
    """A working folder, the data and the teacher."""

    def __init__(self, data, folder, device, scale=1.0):
        began = time.time()
        self.began, self.scale, self.device = began, scale, device
        self.dir = Path(folder)
        self.dir.mkdir(parents=True, exist_ok=True)
        self.dtype = torch.bfloat16
        arrays = text.load(data)
        self.log(f"data read, {time.time() - began:.0f} s")
        weights = init.unpack(arrays.pop("teacher"))
        self.pool = Pool(arrays, device)
        self.minilm = init.teacher(weights).to(device).eval().requires_grad_(False)
        self.measures = {}

    def log(self, *a):
        line = f"[{time.time() - self.began:6.1f}] " + " ".join(map(str, a))
        print(line, flush=True)
        with open(self.dir / "log.txt", "a") as f:
            f.write(line + "\n")

    def step(self, name, module, do, measure=None):
        """Runs do(module) unless its result is there, which is loaded then.
        What is measured is measured after it was saved."""
        file = self.dir / f"{name}.pt"
        if file.exists():
            module.load_state_dict(torch.load(file, map_location=self.device, weights_only=False)["state"])
            return module.eval()
        do(module)
        module.apart = None
        self.save(file, module)
        if measure:
            measure(module.eval())
        return module.eval()

    @staticmethod
    def save(file, module):
        c = module.c if isinstance(module, Albert) else module.encoder.c
        torch.save({"config": c.dict(), "state": module.state_dict()}, file)

    def note(self, name, value):
        self.measures[name] = value
        self.log(name, json.dumps(value, default=lambda v: round(float(v), 4)))
        (self.dir / "measures.json").write_text(json.dumps(self.measures, indent=1, default=float))

    # What the teacher's vectors find.

    def near(self):
        p = self.pool
        vec = lambda name: embedder.vectors(self.minilm, p, p.off[name], p.len[name], longest=160)
        ctx, q, corpus = vec("ctx"), vec("q"), vec("corpus")
        self.log("teacher vectors:", len(ctx), len(q), len(corpus))
        self.dense = self.dense_negatives(q, ctx)
        self.topics, self.pairs = self.topic_pairs(corpus, ctx)
        self.log("near passages found:", int((self.dense >= 0).sum()), "for questions,", len(self.topics.x["q"]), "topics")
        counts = torch.bincount(p.all("corpus").long(), minlength=30522).float()
        self.counts = counts

    def dense_negatives(self, q, ctx, k=12, keep=4):
        p, a = self.pool, self.pool.a
        strings = ["".join(map(chr, p.host[o : o + n])) for o, n in zip(p.off["ctx"], p.len["ctx"])]
        out = np.full((len(q), keep), -1, np.int32)
        for at in range(0, len(q), 8192):
            top = (q[at : at + 8192] @ ctx.T).topk(k, 1).indices.cpu().numpy()
            for i, row in enumerate(top):
                i += at
                own = a["q_ctx"][i]
                s = strings[own]
                answers = [s[b : e + 1] for b, e in a["q_spans"][i] if b >= 0]
                good = [j for j in row if j != own and not any(x in strings[j] for x in answers)]
                out[i, : min(keep, len(good))] = good[:keep]
        return out

    def topic_pairs(self, corpus, ctx, most=120_000):
        p, a = self.pool, self.pool.a
        rnd = np.random.default_rng(11)
        off, n, doc = p.off["corpus"], p.len["corpus"], a["corpus_doc"]
        picked = rnd.permutation(np.flatnonzero(n >= 48))[:most]
        stop = p.host == 1012  # a full stop
        q, ql, c, cl, owner = [], [], [], [], []
        for r, i in zip(rnd.random(len(picked)), picked):
            ends = np.flatnonzero(stop[off[i] : off[i] + n[i] - 1]) + 1
            if len(ends) < 2 or not 6 <= ends[0] <= 60:
                continue
            if r < 0.45:  # the first sentence and the rest
                row = (off[i], ends[0], off[i] + ends[0], n[i] - ends[0])
            elif r < 0.75 and 6 <= n[i] - ends[-1] <= 60:  # the last
                row = (off[i] + ends[-1], n[i] - ends[-1], off[i], ends[-1])
            elif i + 1 < len(off) and doc[i + 1] == doc[i] and n[i + 1] >= 30:  # the next paragraph
                row = (off[i], ends[0], off[i + 1], n[i + 1])
            else:
                continue
            for v, x in zip((q, ql, c, cl), row):
                v.append(x)
            owner.append(doc[i])
        title = np.flatnonzero(p.len["ctx_title"] > 0)
        # Few of an article, since the same title stands over all its passages.
        _, first = np.unique(a["ctx_article"][title], return_index=True)
        title = np.concatenate([title[first], rnd.choice(title, min(len(title), 6000), replace=False)])
        q += list(p.off["ctx_title"][title])
        ql += list(p.len["ctx_title"][title])
        c += list(p.off["ctx"][title])
        cl += list(p.len["ctx"][title])
        owner += [-1] * len(title)
        x = dict(zip(("q", "ql", "c", "cl"), (np.array(v, np.int64) for v in (q, ql, c, cl))))
        owner = np.array(owner)
        vec = embedder.vectors(self.minilm, p, x["q"], x["ql"])
        near = np.zeros((len(owner), 8), np.int64)
        docs = torch.as_tensor(doc, device=self.device)
        own = torch.as_tensor(owner, device=self.device)
        for at in range(0, len(owner), 2048):
            s = vec[at : at + 2048] @ corpus.T
            s = s.masked_fill(docs[None] == own[at : at + 2048, None], -1)
            top = s.topk(48, 1).indices.cpu().numpy()
            # Of a title the nearest may well be about the same.
            t = owner[at : at + 2048] < 0
            near[at : at + 2048] = np.where(t[:, None], top[:, 40:48], top[:, 2:10])
        topics = Topics(p, near, x)
        neg = np.stack([off[near], n[near]], 2)
        qn = self.dense_or_bm25()
        pairs = dict(
            q=np.concatenate([x["q"], p.off["q"]]), ql=np.concatenate([np.minimum(x["ql"], 48), p.len["q"]]),
            c=np.concatenate([x["c"], p.off["ctx"][a["q_ctx"]]]), cl=np.concatenate([x["cl"], p.len["ctx"][a["q_ctx"]]]),
            neg=np.concatenate([neg[:, :4], np.stack([p.off["ctx"][qn], p.len["ctx"][qn]], 2)]),
        )  # fmt: skip
        return topics, pairs

    def dense_or_bm25(self):
        neg = np.concatenate([self.dense, self.pool.a["q_neg"]], 1)
        neg = np.take_along_axis(neg, np.argsort(neg < 0, axis=1, kind="stable"), 1)[:, :4]
        return np.where(neg >= 0, neg, np.maximum(neg[:, :1], 0))

    def source(self, seed, **kw):
        s = Source(self.pool, seed, dense=self.dense, **kw)
        s.topics = self.topics
        return s

    def vectors(self, model):
        def of(name):
            return embedder.vectors(model, self.pool, self.pool.off[name], self.pool.len[name], dtype=self.dtype).cpu().numpy()

        return of

    def relevance(self, model):
        """Relevance of passages to queries of a retrieval collection."""

        def of(name, q, d):
            p, pre = self.pool, f"ir_{name}_"
            ql = np.minimum(p.len[pre + "q"], 64)
            got = reading.read(model, p, (p.off[pre + "q"][q], ql[q]), (p.off[pre + "doc"][d], p.len[pre + "doc"][d]), dtype=self.dtype)
            return got[:, 2].astype(np.float32)

        return of

    def tokens(self, millions):
        return int(millions * 1e6 * self.scale)

    # The steps.

    def table(self, width):
        """An ALBERT of the given width of embeddings whose table is the teacher's, factorized."""

        def do(m):
            init.factorize(m, self.minilm, self.counts)
            init.fit(m, self.minilm, self.pool.all("corpus"), max(20, int(1500 * min(1, self.scale))), log=self.log)

        return self.step(f"table{width}", Albert(Config(embedding=width)).to(self.device), do)

    def fill(self, m, source=None, by_and_by=True):
        """Makes m a student of the source: what it inherits, and the table."""
        init.inherit(m, source or self.minilm)
        if by_and_by:
            init.part(m, source or self.minilm)
        copy(m, self.table(m.c.embedding), TABLE)
        return m

    def embedder(self, config, millions, seconds=None):
        def do(m):
            self.fill(m)
            x = self.pairs
            pairs = embedder.Pairs(self.pool, x["q"], x["ql"], x["c"], x["cl"], x["neg"], 5)
            embedder.train(m, self.minilm, self.pool, self.tokens(millions), pairs=pairs, quantise_from=0.9, seconds=seconds, log=self.log)
            m.balance = None

        return self.step("embedder", Albert(config).to(self.device), do, lambda m: self.note("embedder", retrieval.measure(self.pool, self.vectors(m))))

    def big_reader(self, dropout=0.1):
        r = Reader(self.minilm.c).to(self.device)
        r.encoder.load_state_dict(self.minilm.state_dict())
        r.encoder.c = Config(**{**self.minilm.c.dict(), "dropout": dropout})
        return r

    def base(self, millions, seconds=None):
        return self.step(
            "base", self.big_reader(),
            lambda m: reader.train(m, self.pool, self.source(100), self.tokens(millions), lr=3e-4, cloze=(0.8, 0.6), topics=(0.35, 0.35), seconds=seconds, log=self.log, name="base"),
        )  # fmt: skip

    def teacher(self, i, base, millions, seconds=None):
        def do(m):
            m.load_state_dict(base.state_dict())
            reader.train(m, self.pool, self.source(i), self.tokens(millions), lr=2.5e-4, cloze=(0.2, 0.05), topics=(0.35, 0.35), seed=i, seconds=seconds, log=self.log, name=f"teacher{i}")

        return self.step(f"teacher{i}", self.big_reader(), do, lambda m: self.note(f"teacher{i}", reading.measure(m, self.pool, ["new_wiki", "nq", "squad2"])))

    def reader(self, name, config, embedder_model, teachers, millions, shared=2, seconds=None):
        """The table of word pieces and the matrices of the first passes are the
        embedder's, and stored once."""

        def do(m):
            e, s = m.encoder, embedder_model
            self.fill(e, teachers[0].encoder)
            copy(e, s, TABLE)
            frozen = [e.word]
            with torch.no_grad():
                for p in range(shared):
                    for n in ("qkv", "out", "up", "down"):
                        i, j = (c.attention[p] if n in ("qkv", "out") else c.ffn[p] for c in (e.c, s.c))
                        getattr(e, n)[i].copy_(getattr(s, n)[j])
                        frozen.append(getattr(e, n)[i])
                        if e.apart:
                            e.apart[n][p] = None
                    for n in ("qkv_b", "out_b", "up_b", "down_b", "norm1_w", "norm1_b", "norm2_w", "norm2_b"):
                        getattr(e, n)[p].copy_(getattr(s, n)[p])
                for f in ("span", "pooler", "relevance"):
                    getattr(m, f).load_state_dict(getattr(teachers[0], f).state_dict())
            reader.train(m, self.pool, self.source(50), self.tokens(millions), lr=5e-4, batch=49152, teachers=teachers, hidden=teachers[0], cloze=(0.5, 0.1), topics=(0.35, 0.35),
                         frozen=frozen, quantise_from=0.87, seconds=seconds, log=self.log, name=name)  # fmt: skip
            m.encoder.balance = None

        def measure(m):
            self.note(name, reading.measure(m, self.pool))
            self.note(name + " reranking", retrieval.measure(self.pool, self.vectors(embedder_model), self.relevance(m)))

        return self.step(name, Reader(config).to(self.device), do, measure)


def main(argv):
    p = argparse.ArgumentParser(prog="make", description=__doc__)
    p.add_argument("--data", default="build/data.xz")
    p.add_argument("--work", default="build/work")
    p.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    p.add_argument("--scale", type=float, default=1.0, help="multiplies all budgets")
    p.add_argument("--embedder", default="123334", help="the group of each pass")
    p.add_argument("--reader", default="123456")
    p.add_argument("--shared", type=int, default=2, help="how many of the reader's first passes have the embedder's matrices")
    p.add_argument("--budgets", default="90,40,80,250", help="millions of pieces for embedder, base, each teacher and reader")
    p.add_argument("--limits", default="", help="seconds for the same four, each ended by what is used up first")
    p.add_argument("--teachers", type=int, default=3)
    a = p.parse_args(argv)
    torch.backends.cuda.matmul.allow_tf32 = True
    w = Work(a.data, a.work, torch.device(a.device), a.scale)
    emb, base, teach, read = (float(x) for x in a.budgets.split(","))
    limits = [float(x) for x in a.limits.split(",")] if a.limits else [None] * 4
    w.near()
    e = w.embedder(Config.tied(a.embedder), emb, limits[0])
    b = w.base(base, limits[1])
    ts = [w.teacher(i + 1, b, teach, limits[2]) for i in range(a.teachers)]
    w.reader("reader", Config.tied(a.reader), e, ts, read, a.shared, limits[3])
    w.log("done")
