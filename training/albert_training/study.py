"""Stage study: what sharing, width, depth and the pre-training objectives do,
one factor at a time, all with the same small budget. Prints a line a run and
writes study.json; docs/models.md has the table."""

import argparse
import json
import time

import torch
import torch.nn.functional as F
from torch import nn

from . import embedder, reader, reading, retrieval
from .make import Work
from .model import EPS, Albert, Config, Reader
from .optim import Optimiser, Schedule

ROWS = {
    "1 group": dict(pattern="111111"),
    "2 groups": dict(pattern="111222"),
    "3 groups": dict(pattern="112233"),
    "4 groups": dict(pattern="112234"),
    "5 groups": dict(pattern="112345"),
    "6 groups": dict(pattern="123456"),
    "E=64": dict(pattern="112233", embedding=64),
    "E=256": dict(pattern="112233", embedding=256),
    "123123": dict(pattern="123123"),
    "122223": dict(pattern="122223"),
    "one attention, four FFNs": dict(pattern="111111", ffn="112344"),
    "12 passes": dict(pattern="111122223333"),
    "no span selection": dict(pattern="123456", cloze=False),
    "no negatives": dict(pattern="123456", negatives=False),
    "with MLM and SOP": dict(pattern="123456", sop=True),
    "3 groups, at a blow": dict(pattern="112233", by_and_by=False),
    "122223, at a blow": dict(pattern="122223", by_and_by=False),
    "123334": dict(pattern="123334"),
}


class Pretraining(nn.Module):
    """The objectives of ALBERT (Lan et al. 2020, sections 3.1 and 4.1): n-gram
    masked pieces and the order of two segments."""

    def __init__(self, encoder):
        super().__init__()
        c = encoder.c
        self.encoder = encoder
        self.down = nn.Linear(c.hidden, c.embedding)
        self.norm = nn.LayerNorm(c.embedding, eps=EPS)
        self.bias = nn.Parameter(torch.zeros(c.vocabulary))
        self.order = nn.Linear(c.hidden, 2)

    def loss(self, ids, types, swapped, masked, dtype):
        seen = torch.where(masked, torch.where(torch.rand_like(ids, dtype=torch.float) < 0.1, ids, 103), ids)
        x = self.encoder(seen, types, None, dtype).float()
        y = self.norm(F.gelu(self.down(x[masked])))
        pieces = F.cross_entropy((y.to(dtype) @ self.encoder.word.to(dtype).T).float() + self.bias, ids[masked])
        return pieces + F.cross_entropy(self.order(x[:, 0]), swapped)


def pretrain(encoder, pool, tokens, dtype, seed, log, length=256, batch=96):
    m = Pretraining(encoder).to(pool.device)
    opt, plan = Optimiser([m], 4e-4), Schedule(tokens)
    g = torch.Generator(device=pool.device).manual_seed(seed)
    corpus = pool.all("corpus")
    n = len(corpus)
    half = (length - 3) // 2
    rand = lambda *s: torch.rand(*s, generator=g, device=pool.device)
    while plan.done < 1:
        at = (rand(batch) * (n - length)).long()[:, None] + torch.arange(2 * half, device=pool.device)
        text = corpus[at].long()
        a, b = text[:, :half], text[:, half:]
        swapped = rand(batch) < 0.5
        a, b = torch.where(swapped[:, None], b, a), torch.where(swapped[:, None], a, b)
        one = lambda v: torch.full((batch, 1), v, device=pool.device)
        ids = torch.cat([one(101), a, one(102), b, one(102)], 1)
        types = torch.zeros_like(ids)
        types[:, half + 2 :] = 1
        # Runs of one to three pieces, p(n) as 1/n.
        start = rand(*ids.shape) < 0.15 / 1.64
        two, three = rand(*ids.shape) < 0.45, rand(*ids.shape) < 0.4
        masked = start.clone()
        masked[:, 1:] |= (start & two)[:, :-1]
        masked[:, 2:] |= (start & two & three)[:, :-2]
        masked &= ids > 103
        loss = m.loss(ids, types, swapped.long(), masked, dtype)
        opt.step(loss, plan.done)
        plan.add(ids.numel())
    log(f"pre-training: loss {loss.item():.3f}")


def run(w, name, row, seed, tokens):
    row = dict(row)
    opts = {k: row.pop(k) for k in ("cloze", "negatives", "sop", "by_and_by") if k in row}
    config = Config.tied(row["pattern"], row.get("ffn"), embedding=row.get("embedding", 128))
    began = time.time()
    out = dict(name=name, seed=seed, bytes=Albert(config).size())
    share = opts.pop("by_and_by", True)
    if not opts:
        m = w.fill(Albert(config).to(w.device), by_and_by=share)
        embedder.train(m, w.minilm, w.pool, tokens // 3, lr=6e-4, seed=seed, log=lambda *a: None, pair_weight=0)
        vec = w.vectors(m)
        out["dense"] = retrieval.measure(w.pool, vec)["mean"]["dense"]
        p = w.pool
        a, b = embedder.vectors(m, p, p.off["ir_med_doc"], p.len["ir_med_doc"]), embedder.vectors(w.minilm, p, p.off["ir_med_doc"], p.len["ir_med_doc"])
        out["cosine"] = float((a * b).sum(1).mean())
    r = Reader(config).to(w.device)
    w.fill(r.encoder, by_and_by=share)
    budget = tokens - tokens // 3
    if opts.get("sop"):
        pretrain(r.encoder, w.pool, tokens // 10, w.dtype, seed, w.log)
        budget -= tokens // 10
    torch.cuda.synchronize() if w.device.type == "cuda" else None
    t = time.time()
    cloze = (0.6, 0.1) if opts.get("cloze", True) else (0, 0)
    reader.train(r, w.pool, w.source(seed, cloze=opts.get("cloze", True), negatives=opts.get("negatives", True)), budget, lr=6e-4, cloze=cloze, topics=(0.1, 0.1), seed=seed, log=lambda *a: None)
    out["train_speed"] = budget / (time.time() - t)
    m = reading.measure(r, w.pool, sets=["new_wiki", "nq", "squad2"], limit=1600)
    out |= {f"{s}_{k}": v for s, d in m.items() for k, v in d.items()}
    out["seconds"] = time.time() - began
    return out


def main(argv):
    p = argparse.ArgumentParser(prog="study", description=__doc__)
    p.add_argument("--data", default="build/data.xz")
    p.add_argument("--work", default="build/work")
    p.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    p.add_argument("--tokens", type=float, default=6, help="millions a run, a third of them for the embedder")
    p.add_argument("--seeds", type=int, default=2)
    p.add_argument("--rows", help="only these, by number from 0, with commas")
    p.add_argument("--seconds", type=float, help="stop before another run would end later than this")
    a = p.parse_args(argv)
    torch.backends.cuda.matmul.allow_tf32 = True
    w = Work(a.data, a.work, torch.device(a.device))
    w.near()
    rows = list(ROWS.items())
    if a.rows:
        rows = [rows[int(i)] for i in a.rows.split(",")]
    results, longest = [], 0.0
    for seed in range(1, a.seeds + 1):
        for name, row in rows:
            if a.seconds and time.time() - w.began + longest > a.seconds:
                w.log("out of time before", name, seed)
                break
            r = run(w, name, row, seed, int(a.tokens * 1e6))
            longest = max(longest, r["seconds"] * 1.1)
            results.append(r)
            w.log({k: round(v, 4) if isinstance(v, float) else v for k, v in r.items()})
            (w.dir / "study.json").write_text(json.dumps(results, indent=1, default=float))
