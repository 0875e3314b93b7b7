"""Readers measured on development sets: EM and F1 with the passage given
(Rajpurkar et al. 2016), and how well the passage is told from wrong ones."""

import collections
import json
import re
import string

import numpy as np
import torch

from .batches import Examples, WINDOW

LONGEST = 30  # pieces
STRIDE = 128


def normal(s):
    s = "".join(c for c in s.lower() if c not in set(string.punctuation))
    return re.sub(r"\b(a|an|the)\b", " ", s).split()


def f1(got, want):
    a, b = normal(got), normal(want)
    if not a or not b:
        return float(a == b)
    same = sum((collections.Counter(a) & collections.Counter(b)).values())
    return 2 * same / (len(a) + len(b)) if same else 0.0


def auc(pos, neg):
    """Area under the ROC curve: how often a positive is above a negative."""
    x = np.concatenate([pos, neg])
    order = np.argsort(x, kind="stable")
    rank = np.empty(len(x))
    rank[order] = np.arange(1, len(x) + 1)
    for v in np.unique(x[np.flatnonzero(np.diff(np.sort(x)) == 0)]):  # ties share their ranks
        rank[x == v] = rank[x == v].mean()
    return float((rank[: len(pos)].sum() - len(pos) * (len(pos) + 1) / 2) / (len(pos) * len(neg)))


@torch.no_grad()
def read(reader, pool, q, c, tokens=65536, dtype=torch.bfloat16, long_window=WINDOW):
    """For each pair of texts (pool offsets and lengths) the best span over its
    windows: span score, null score, relevance, first and last piece."""
    (qo, ql), (co, cl) = q, c
    rows, parts = [], []
    for i in range(len(qo)):
        room, at = long_window - 3 - ql[i], 0
        while True:
            n = min(room, cl[i] - at)
            rows.append(i)
            parts.append((qo[i], ql[i], co[i] + at, n, at))
            if at + n >= cl[i]:
                break
            at += room - STRIDE
    rows, parts = np.array(rows), np.array(parts, np.int64)
    x = Examples.make(*parts[:, :4].T)
    order = np.argsort(x.lengths(), kind="stable")
    best = np.full((len(qo), 5), -1e9)
    best[:, 1] = 1e9
    begin = 0
    was = reader.training
    reader.eval()
    while begin < len(order):
        end = begin + 1
        while end < len(order) and (end - begin + 1) * x.lengths()[order[end]] <= tokens:
            end += 1
        b = order[begin:end]
        begin = end
        ids, types, mask, *_ = pool.pairs(x.take(b))
        logits, rel = reader(ids, types, mask, dtype)
        inside = (types == 1) & mask
        inside &= torch.cat([inside[:, 1:], torch.zeros_like(inside[:, :1])], 1)  # not the last SEP
        s = logits[..., 0].masked_fill(~inside, -1e4)
        e = logits[..., 1].masked_fill(~inside, -1e4)
        # The best end for each start among the next LONGEST pieces.
        pad = torch.nn.functional.pad(e, (0, LONGEST - 1), value=-1e4).unfold(1, LONGEST, 1)
        end_score, end_at = pad.max(2)
        score, first = (s + end_score).max(1)
        last = first + end_at.gather(1, first[:, None])[:, 0]
        null = logits[:, 0].sum(1)
        offset = torch.as_tensor(parts[b, 4] - parts[b, 1] - 2, device=first.device)
        got = torch.stack([score.double(), null.double(), rel.double(), (first + offset).double(), (last + offset).double()], 1).cpu().numpy()
        for i, g in zip(rows[b], got):
            if g[0] - g[1] > best[i, 0] - best[i, 1]:
                best[i, [0, 3, 4]] = g[[0, 3, 4]]
            best[i, 1] = min(best[i, 1], g[1])
            best[i, 2] = max(best[i, 2], g[2])
    reader.train(was)
    return best


def measure(reader, pool, sets=None, limit=2000, dtype=torch.bfloat16):
    out = {}
    for name in sets or map(str, pool.a["dev_sets"]):
        p = f"dev_{name}_"
        info = json.loads(pool.a[p + "json"].tobytes())
        n = min(limit, len(info["ctx"]))
        at = np.linspace(0, len(info["ctx"]) - 1, n).astype(np.int64)
        ctx = np.array(info["ctx"])[at]
        text = lambda kind, i: (pool.off[p + kind][i], pool.len[p + kind][i])
        got = read(reader, pool, text("q", at), text("ctx", ctx), dtype=dtype)
        chars, offsets = pool.a[p + "chars"], pool.a[p + "ctx_offsets"]
        em, f, possible = [], [], np.array([bool(info["answers"][i]) for i in at])
        for i, c, g in zip(at, ctx, got):
            if not info["answers"][i]:
                continue
            o = chars[offsets[c] :]
            span = info["contexts"][c][o[int(g[3])][0] : o[int(g[4])][1]]
            em.append(max(normal(span) == normal(a) for a in info["answers"][i]))
            f.append(max(f1(span, a) for a in info["answers"][i]))
        row = {"n": n, "em": 100 * float(np.mean(em)), "f1": 100 * float(np.mean(f))}
        if not possible.all():
            row["auc_adversarial"] = auc((got[:, 0] - got[:, 1])[possible], (got[:, 0] - got[:, 1])[~possible])
            row["auc_adversarial_rel"] = auc(got[possible, 2], got[~possible, 2])
        wrong = pool.a[p + "wrong"][at, 0]
        ok = (wrong >= 0) & possible
        if ok.any():
            w = read(reader, pool, text("q", at[ok]), text("ctx", wrong[ok]), dtype=dtype)
            row["auc_span"] = auc((got[:, 0] - got[:, 1])[ok], w[:, 0] - w[:, 1])
            row["auc_rel"] = auc(got[ok, 2], w[:, 2])
        out[name] = row
    return out
