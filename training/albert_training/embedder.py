"""Training of the embedder: the teacher's hidden states, vectors and
similarities, then pairs of texts that belong together."""

import time

import numpy as np
import torch
import torch.nn.functional as F

from . import quantize
from .batches import by_length
from .model import mean_pool
from .optim import Optimiser, Schedule
from .reader import hidden_loss, share_by

LONGEST = 254


@torch.no_grad()
def vectors(model, pool, off, length, tokens=131072, dtype=torch.bfloat16, longest=LONGEST):
    """Unit vectors [N, H] (fp32, on the device) of texts in the pool."""
    length = np.minimum(length, longest)
    order = np.argsort(length, kind="stable")
    out = torch.empty(len(off), model.c.hidden, device=pool.device)
    begin = 0
    while begin < len(order):
        end = begin + 1
        while end < len(order) and (end - begin + 1) * (length[order[end]] + 2) <= tokens:
            end += 1
        b = order[begin:end]
        begin = end
        ids, mask = pool.singles(off[b], length[b])
        out[torch.as_tensor(b, device=pool.device)] = mean_pool(model(ids, torch.zeros_like(ids), mask, dtype), mask)
    return out


class Texts:
    """Draws texts to embed: parts of paragraphs of all lengths, and questions."""

    def __init__(self, pool, seed):
        self.p, self.rnd = pool, np.random.default_rng(seed)
        self.long = np.flatnonzero(pool.len["corpus"] >= 12)

    def epoch(self, n):
        p, rnd = self.p, self.rnd
        i = rnd.choice(self.long, n)
        # Several paragraphs in a row, as the program's passages have.
        end = np.minimum(i + (rnd.random(n) ** 2 * 4).astype(np.int64), len(p.off["corpus"]) - 1)
        end = np.where(p.a["corpus_doc"][end] == p.a["corpus_doc"][i], end, i)
        off = p.off["corpus"][i]
        length = np.minimum(p.off["corpus"][end] + p.len["corpus"][end] - off, LONGEST)
        short = rnd.random(n) < 0.35
        want = np.where(short, rnd.integers(4, 30, n), rnd.integers(40, LONGEST + 1, n))
        want = np.minimum(want, length)
        off = off + (rnd.random(n) * (length - want + 1)).astype(np.int64)
        k = n // 5
        j = rnd.integers(0, len(p.off["q"]), k)
        return np.concatenate([off, p.off["q"][j]]), np.concatenate([want, p.len["q"][j]])


def similarity_loss(got, want):
    n = len(got)
    d = got @ got.T - want @ want.T  # the diagonals are 1
    return d.pow(2).sum() / max(1, n * (n - 1))


def train(student, teacher, pool, tokens, *, lr=5e-4, batch=49152, pairs=None, pair_from=0.5, pair_weight=0.15, quantise_from=None, frozen=(), seconds=None,
          seed=1, dtype=torch.bfloat16, log=print, name="embedder", every=10.0):  # fmt: skip
    """Distils for a budget of pieces. From pair_from on each step also reads a
    batch of pairs (a Pairs) whose texts belong together."""
    torch.manual_seed(seed)
    texts = Texts(pool, seed)
    opt = Optimiser([student], lr, decay=0.0, frozen=frozen)
    plan = Schedule(tokens, seconds)
    student.train()
    last, steps, sums = time.time(), 0, None
    while plan.done < 1:
        off, length = texts.epoch(40000)
        for b in by_length(length + 2, batch, texts.rnd):
            if plan.done >= 1:
                break
            ids, mask = pool.singles(off[b], length[b])
            share_by(student, plan.done)
            if quantise_from is not None and plan.done >= quantise_from and student.balance is None:
                quantize.prepare(student, lambda: student(ids, torch.zeros_like(ids), mask, dtype))
            hid, cos, sim = distances(student, teacher, ids, mask, dtype)
            loss = (1 - 0.7 * plan.done) * hid + 4 * cos + 20 * sim
            n = int(length[b].sum()) + 2 * len(b)
            if pairs is not None and plan.done >= pair_from:
                pl, m = pairs.loss(student, teacher, dtype)
                loss = loss + pair_weight * pl
                n += m
            opt.step(loss, plan.done)
            plan.add(n)
            steps += 1
            now = torch.stack([hid.detach().float(), 1 - cos.detach(), sim.detach()])
            sums = now if sums is None else 0.98 * sums + 0.02 * now
            if time.time() - last > every:
                last = time.time()
                log(f"{name}: {plan.done:.2f} step {steps} hidden {sums[0]:.4f} cosine {sums[1]:.4f} similarity {sums[2]:.5f} {plan.speed / 1e6:.2f} M/s")
    student.eval()
    log(f"{name}: {steps} steps, {plan.read / 1e6:.1f} M pieces, {time.time() - plan.began:.0f} s, [hidden, cosine, similarity] {[round(v, 4) for v in sums.tolist()]}")
    return student


def distances(student, teacher, ids, mask, dtype, skip=0, part=3):
    """How far the student is from the teacher: relative error of the hidden
    states but the first skip, 1 - cosine of the vectors, squared error of their
    similarities."""
    types = torch.zeros_like(ids)
    with torch.no_grad():
        t = teacher(ids, types, mask, dtype, all_passes=True)
        want = mean_pool(t[-1], mask)
    s = student(ids, types, mask, dtype, all_passes=True)
    got = mean_pool(s[-1], mask)
    return hidden_loss(s[skip:], t[skip:], mask, part), 1 - (got * want).sum(1).mean(), similarity_loss(got, want)


class Pairs:
    """A query, a text that belongs to it and one that is near but does not:
    question and passage, topic and passage."""

    def __init__(self, pool, q, ql, c, cl, neg, seed, size=160, temperature=0.05):
        """neg [N, k]: (offset, length) pairs, [N, k, 2]."""
        self.p, self.x, self.neg = pool, (q, ql, c, cl), neg
        self.rnd, self.size, self.t = np.random.default_rng(seed), size, temperature

    def loss(self, student, teacher, dtype):
        rnd, n = self.rnd, self.size
        i = rnd.integers(0, len(self.x[0]), n)
        q, ql, c, cl = (v[i] for v in self.x)
        neg = self.neg[i, rnd.integers(0, self.neg.shape[1], n)]
        doff, dlen = np.concatenate([c, neg[:, 0]]), np.minimum(np.concatenate([cl, neg[:, 1]]), 160)

        def embed(model, off, length):
            ids, mask = self.p.singles(off, length)
            return mean_pool(model(ids, torch.zeros_like(ids), mask, dtype), mask)

        sq, sd = embed(student, q, ql), embed(student, doff, dlen)
        with torch.no_grad():
            tq, td = embed(teacher, q, ql), embed(teacher, doff, dlen)
        read = int(ql.sum() + dlen.sum())
        scores, want = sq @ sd.T / self.t, tq @ td.T / self.t
        hard = F.cross_entropy(scores, torch.arange(n, device=scores.device))
        soft = F.kl_div(F.log_softmax(scores, 1), F.log_softmax(want, 1), log_target=True, reduction="batchmean")
        return 0.3 * hard + soft, read
