"""Batches, laid out on the device.

All pieces of all texts lie in one pool. An example is a row of numbers that
say where in the pool its two texts are, so that an epoch is drawn with a few
operations on arrays and a batch is one gather.
"""

from dataclasses import dataclass

import numpy as np
import torch

from .text import Ragged

CLS, SEP, MASK = 101, 102, 103
WINDOW = 384
# The pieces that stand for a masked span in half of the cloze questions:
# who, what, which; when, what year; how many, what.
STAND_INS = {0: (2040, 2054, 2029, MASK), 1: (2043, 2054, MASK, MASK), 2: (2129, 2054, MASK, MASK)}


@dataclass
class Examples:
    """Parallel arrays, one element an example. The first text is
    pool[q : q+ql], in which ml pieces from mq on are replaced by the piece mt
    if ml > 0; the second is pool[c : c+cl]. The answer is at pieces s to e of
    the second text, -1 if there is none. has_span says whether there is a label
    for spans; rel, 0 or 1, is that for relevance, which there always is."""

    q: np.ndarray
    ql: np.ndarray
    mq: np.ndarray
    ml: np.ndarray
    mt: np.ndarray
    c: np.ndarray
    cl: np.ndarray
    s: np.ndarray
    e: np.ndarray
    rel: np.ndarray
    has_span: np.ndarray

    def __len__(self):
        return len(self.q)

    def lengths(self):
        return self.ql - np.where(self.ml > 0, self.ml - 1, 0) + self.cl + 3

    def take(self, at):
        return Examples(*(getattr(self, f)[at] for f in self.__dataclass_fields__))

    @staticmethod
    def join(parts):
        return Examples(*(np.concatenate([getattr(p, f) for p in parts]) for f in Examples.__dataclass_fields__))

    @staticmethod
    def make(q, ql, c, cl, s=None, e=None, rel=None, has_span=False, mq=None, ml=None, mt=None):
        n = len(q)
        zero = np.zeros(n, np.int64)
        none = np.full(n, -1, np.int64)
        pick = lambda v, d: d if v is None else np.asarray(v, np.int64)
        return Examples(
            np.asarray(q, np.int64), np.asarray(ql, np.int64), pick(mq, zero), pick(ml, zero), pick(mt, zero),
            np.asarray(c, np.int64), np.asarray(cl, np.int64), pick(s, none), pick(e, none), pick(rel, zero),
            np.full(n, has_span, bool),
        )  # fmt: skip


def fit_windows(x: Examples, rnd, window=WINDOW):
    """Cuts second texts that are too long to a window at random that holds the answer."""
    room = window - 3 - (x.ql - np.where(x.ml > 0, x.ml - 1, 0))
    long = x.cl > room
    lo = np.where(x.s >= 0, np.maximum(0, x.e - room + 1), 0)
    hi = np.where(x.s >= 0, np.minimum(x.s, x.cl - room), x.cl - room)
    lo = np.minimum(lo, np.maximum(hi, 0))
    at = np.where(long, lo + (rnd.random(len(x)) * (np.maximum(hi, lo) - lo + 1)).astype(np.int64), 0)
    x.c = x.c + at
    x.s = np.where(x.s >= 0, x.s - at, x.s)
    x.e = np.where(x.e >= 0, x.e - at, x.e)
    x.cl = np.where(long, room, x.cl)
    # An answer longer than the window is lost.
    lost = (x.s >= 0) & ((x.s < 0) | (x.e >= x.cl))
    return x.take(~lost)


class Pool:
    """The pieces of all texts on the device, and where each text begins."""

    def __init__(self, arrays, device):
        self.a, self.device = arrays, device
        self.off, self.len, values, at = {}, {}, [], 0
        for name in [k[: -len("_offsets")] for k in arrays if k.endswith("_offsets")]:
            r = Ragged.of(arrays, name)
            self.off[name] = r.offsets[:-1] + at
            self.len[name] = r.lengths()
            values.append(r.values.astype(np.int32))
            at += len(r.values)
        self.host = np.concatenate(values)
        self.pool = torch.from_numpy(self.host).to(device)

    def all(self, name):
        """The pieces of all texts of that name, one behind the other."""
        begin = int(self.off[name][0])
        return self.pool[begin : begin + int(self.len[name].sum())]

    def pairs(self, x: Examples):
        """ids, types, mask [B, L], span targets [B, 2] (0: none), relevance [B],
        has_span [B]."""
        dev = self.device
        t = {f: torch.as_tensor(getattr(x, f), device=dev) for f in x.__dataclass_fields__}
        ql = t["ql"] - (t["ml"] - 1).clamp_min(0)
        n = ql + t["cl"] + 3
        width = -(-int(x.lengths().max()) // 8) * 8
        pos = torch.arange(width, device=dev)[None]
        ql, n_ = ql[:, None], n[:, None]
        inq = (pos >= 1) & (pos <= ql)
        inc = (pos >= ql + 2) & (pos < n_ - 1)
        qi = pos - 1
        mq, ml = t["mq"][:, None], t["ml"][:, None]
        masked = (ml > 0) & (qi == mq)
        qi = torch.where((ml > 0) & (qi > mq), qi + ml - 1, qi)
        at = torch.where(inq, t["q"][:, None] + qi, torch.where(inc, t["c"][:, None] + pos - ql - 2, 0))
        ids = self.pool[at.clamp(0, len(self.pool) - 1)].long()
        ids = torch.where(inq | inc, ids, torch.where(pos == 0, CLS, torch.where((pos == ql + 1) | (pos == n_ - 1), SEP, 0)))
        ids = torch.where(masked & inq, t["mt"][:, None], ids)
        mask = pos < n_
        types = ((pos >= ql + 2) & mask).long()
        first = ql[:, 0] + 2
        spans = torch.stack([torch.where(t[k] >= 0, t[k] + first, 0) for k in ("s", "e")], 1)
        return ids, types, mask, spans, t["rel"].float(), t["has_span"]

    def singles(self, off, length):
        """ids and mask [B, L] of CLS text SEP."""
        off = torch.as_tensor(off, device=self.device)[:, None]
        n = torch.as_tensor(length, device=self.device)[:, None] + 2
        width = -(-int(length.max() + 2) // 8) * 8
        pos = torch.arange(width, device=self.device)[None]
        at = (off + pos - 1).clamp(0, len(self.pool) - 1)
        ids = self.pool[at].long()
        ids = torch.where((pos >= 1) & (pos < n - 1), ids, torch.where(pos == 0, CLS, torch.where(pos == n - 1, SEP, 0)))
        return ids, pos < n


def by_length(lengths, tokens, rnd, chunk=1 << 15):
    """Batches of about the given number of pieces, of examples of like length."""
    order = rnd.permutation(len(lengths))
    out = []
    for at in range(0, len(order), chunk):
        part = order[at : at + chunk]
        part = part[np.argsort(lengths[part], kind="stable")]
        begin = 0
        while begin < len(part):
            # The last is the longest of its batch.
            end = begin + 1
            while end < len(part) and (end - begin + 1) * lengths[part[end]] <= tokens:
                end += 1
            out.append(part[begin:end])
            begin = end
    rnd.shuffle(out)
    return out


class Source:
    """Draws examples for readers."""

    def __init__(self, pool: Pool, seed, dense=None, cloze=True, negatives=True):
        """dense [Q, k]: passages near each question in the teacher's space,
        which do not hold an answer (-1: none)."""
        a = pool.a
        self.p, self.rnd = pool, np.random.default_rng(seed)
        self.negatives, self.use_cloze = negatives, cloze
        w = a["set_weights"][a["q_set"]]
        self.q_prob = w / w.sum()
        neg = a["q_neg"]
        self.neg = neg if dense is None else np.concatenate([neg, dense], 1)
        self.neg_count = (self.neg >= 0).sum(1)
        # Those that there are, to the left.
        self.neg = np.take_along_axis(self.neg, np.argsort(self.neg < 0, axis=1, kind="stable"), 1)
        self.ans_count = (a["q_spans"][:, :, 0] >= 0).sum(1)
        self.topics = None

    def epoch(self, questions, cloze=0, topics=0):
        """Examples of as many questions, each with a negative if it has one;
        of recurring spans, and a quarter as many negatives; and of topics and
        passages."""
        parts = self.questions(questions)
        if cloze and self.use_cloze:
            parts += self.cloze(cloze)
        if topics and self.topics is not None:
            parts.append(self.topics.draw(topics, self.rnd))
        return fit_windows(Examples.join(parts), self.rnd)

    def questions(self, n):
        a, p, rnd = self.p.a, self.p, self.rnd
        i = rnd.choice(len(self.q_prob), n, p=self.q_prob)
        ctx = a["q_ctx"][i]
        k = (rnd.random(n) * np.maximum(self.ans_count[i], 1)).astype(np.int64)
        span = a["q_spans"][i, k].astype(np.int64)
        text = lambda name, at: (p.off[name][at], p.len[name][at])
        parts = [Examples.make(*text("q", i), *text("ctx", ctx), span[:, 0], span[:, 1], span[:, 0] >= 0, True)]
        if self.negatives:
            j = i[self.neg_count[i] > 0]
            k = (rnd.random(len(j)) * self.neg_count[j]).astype(np.int64)
            parts.append(Examples.make(*text("q", j), *text("ctx", self.neg[j, k]), has_span=True))
            s = rnd.integers(0, len(a["swap_q"]), n // 16)
            s = s[p.len["swap"][s] > 0]
            parts.append(Examples.make(*text("swap", s), *text("ctx", a["q_ctx"][a["swap_q"][s]]), has_span=True))
        return parts

    def cloze(self, n):
        p, rnd = self.p, self.rnd
        rows = p.a["cloze"][rnd.integers(0, len(p.a["cloze"]), n)].astype(np.int64)
        sp, s0, s1, m0, m1, tp, a0, a1, kind = rows.T
        table = np.array([STAND_INS[k] for k in range(3)])
        token = np.where(rnd.random(n) < 0.5, MASK, table[kind, rnd.integers(0, 4, n)])
        q = dict(q=p.off["corpus"][sp] + s0, ql=s1 - s0 + 1, mq=m0 - s0, ml=m1 - m0 + 1, mt=token)
        # Often a paragraph is short; the next of the document are read with it.
        end = tp + (rnd.random(n) * 3).astype(np.int64)
        end = np.minimum(end, len(p.off["corpus"]) - 1)
        doc = p.a["corpus_doc"]
        end = np.where(doc[end] == doc[tp], end, tp)
        # The sentence itself must not be among them.
        end = np.where((sp > tp) & (sp <= end), tp, end)
        c = p.off["corpus"][tp]
        cl = p.off["corpus"][end] + p.len["corpus"][end] - c
        # Paragraphs were cut to a window only after the answer was placed.
        pos = Examples.make(c=c, cl=cl, s=a0, e=a1, rel=np.ones(n), has_span=True, **q)
        parts = [pos]
        if self.negatives:
            k = n // 4
            j = rnd.integers(0, n, k)
            other = (tp[j] + rnd.integers(1, 40, k) * rnd.choice([-1, 1], k)) % len(p.off["corpus"])
            other = np.where(np.abs(other - sp[j]) < 2, (other + 1000) % len(p.off["corpus"]), other)
            parts.append(Examples.make(c=p.off["corpus"][other], cl=p.len["corpus"][other], has_span=True, **{f: v[j] for f, v in q.items()}))
        return parts


class Topics:
    """Pairs for the relevance head alone: a title, a sentence or some words in
    a row, and a passage on the same or on another subject."""

    def __init__(self, pool: Pool, near, queries):
        """queries: arrays q, ql, c, cl of pairs that belong together; near
        [N, k] corpus paragraphs on other subjects that are near to the query."""
        self.p, self.near, self.x = pool, near, queries

    def draw(self, n, rnd):
        x, p = self.x, self.p
        i = rnd.integers(0, len(x["q"]), n)
        k = rnd.integers(0, self.near.shape[1], n)
        other = self.near[i, k]
        q, ql = x["q"][i], x["ql"][i]
        # Some words of a long query do as a query, too.
        cut = (rnd.random(n) < 0.5) & (ql > 8)
        m = np.where(cut, 4 + (rnd.random(n) * np.minimum(ql - 4, 16)).astype(np.int64), ql)
        q = q + np.where(cut, (rnd.random(n) * (ql - m + 1)).astype(np.int64), 0)
        m = np.minimum(m, 48)
        return Examples.join([
            Examples.make(q, m, x["c"][i], x["cl"][i], rel=np.ones(n)),
            Examples.make(q, m, p.off["corpus"][other], p.len["corpus"][other]),
        ])  # fmt: skip
