"""Stage refine: goes on with the embedder, on any machine, for some minutes.

Stage make leaves an embedder whose passes 3 to 5 share their matrices
(123334) and a reader that shares none of its own but has the embedder's first
two. Here the embedder gives up one tie: its third pass takes the reader's
matrices, which costs no byte, since a tensor is stored once (123445, of which
123 are the reader's). What both models have stays as it is; the embedder's
other matrices, and all its biases and LayerNorms, are distilled on, in small
batches. The result replaces embedder.pt; the one before is kept as
embedder-made.pt.

With --from it goes on with the models in the program instead (see restore) and
puts both into the working folder."""

import argparse
import shutil
import time
from pathlib import Path

import torch

from . import embedder, init, restore, retrieval, text
from .batches import Pool, by_length
from .make import Work
from .model import Albert, Config
from .optim import Optimiser, Schedule

MATRICES = ("qkv", "out", "up", "down")
SMALL = ("qkv_b", "out_b", "up_b", "down_b", "norm1_w", "norm1_b", "norm2_w", "norm2_b")
# For each group of the refined embedder: whose matrices it has, by number.
GROUPS = (("embedder", 0), ("embedder", 1), ("reader", 2), ("embedder", 2), ("embedder", 3))
PATTERN = "123445"
COMMON = 3  # groups that the reader has, too


def start(made, reader):
    """The refined embedder before it is refined, from the states of the two."""
    of = {"embedder": made, "reader": {**made, **{k.removeprefix("encoder."): v for k, v in reader.items() if k.startswith("encoder.")}}}
    m = Albert(Config.tied(PATTERN))
    with torch.no_grad():
        for n in ("word", "position", "kind", "norm_w", "norm_b", "map_w", "map_b", *SMALL):
            getattr(m, n).copy_(made[n])
        for g, (who, i) in enumerate(GROUPS):
            for n in MATRICES:
                getattr(m, n)[g].copy_(of[who][f"{n}.{i}"])
        for p, g in enumerate(m.c.attention):
            for n in SMALL:
                getattr(m, n)[p].copy_(of[GROUPS[g][0]][n][p])
    return m


def refine(m, teacher, pool, minutes, lr, batch, seed=4, dtype=torch.bfloat16, log=print):
    torch.manual_seed(seed)
    frozen = [m.word] + [getattr(m, n)[g] for g in range(COMMON) for n in MATRICES]
    for p in frozen:
        p.requires_grad_(False)
    opt = Optimiser([m], lr, decay=0.0, warm=0.04, floor=0.02)
    plan = Schedule(1 << 60, 60 * minutes)
    texts, steps, mean, last = embedder.Texts(pool, 77), 0, None, time.time()
    m.train()
    while plan.done < 1:
        off, length = texts.epoch(4000)
        for b in by_length(length + 2, batch, texts.rnd, chunk=2048):
            if plan.done >= 1:
                break
            ids, mask = pool.singles(off[b], length[b])
            # The first passes are not to be changed much any more.
            hid, cos, sim = embedder.distances(m, teacher, ids, mask, dtype, skip=2, part=2)
            opt.step(0.7 * (1 - 0.8 * plan.done) * hid + 5 * cos + 20 * sim, plan.done)
            plan.add(int(length[b].sum()))
            steps += 1
            now = torch.stack([hid.detach().float(), 1 - cos.detach(), sim.detach()])
            mean = now if mean is None else 0.99 * mean + 0.01 * now
            if time.time() - last > 30:
                last = time.time()
                log(f"refine: {plan.done:.2f} step {steps} hidden {mean[0]:.4f} cosine {mean[1]:.4f} similarity {mean[2]:.5f} {plan.speed:.0f} pieces/s")
    log(f"refine: {steps} steps, {plan.read / 1e6:.2f} M pieces")
    return m.eval()


def untied(work):
    """The embedder to begin with of the working folder of stage make."""
    made = work / "embedder-made.pt"
    if not made.exists():
        shutil.copy(work / "embedder.pt", made)
    state = lambda f: {k: v.float() for k, v in torch.load(f, map_location="cpu", weights_only=False)["state"].items()}
    return start(state(made), state(work / "reader.pt"))


def restored(source, work):
    """The program's embedder; its reader is put into the working folder, which
    must be a new one."""
    if old := [f.name for f in work.glob("*.pt")]:
        raise SystemExit(f"{work} holds {', '.join(sorted(old))}: name another folder with --work")
    m, reader = (restore.folder(source / kind) for kind in ("embedder", "reader"))
    e = reader.encoder
    own = lambda x: list(range(COMMON)) == x.c.attention[:COMMON] == x.c.ffn[:COMMON]
    same = own(m) and own(e) and torch.equal(m.word, e.word)
    if not same or not all(torch.equal(getattr(m, n)[g], getattr(e, n)[g]) for n in MATRICES for g in range(COMMON)):
        raise SystemExit(f"{source}: embedder and reader do not have the table and the first {COMMON} passes in common")
    work.mkdir(parents=True, exist_ok=True)
    Work.save(work / "reader.pt", reader)
    return m


def main(argv):
    p = argparse.ArgumentParser(prog="refine", description=__doc__)
    p.add_argument("--data", default="build/data.xz")
    p.add_argument("--work", default="build/work", help="folder with embedder.pt and reader.pt")
    p.add_argument("--from", dest="source", help="folder that internal/tools/exportmodel has written")
    p.add_argument("--minutes", type=float, default=50)
    p.add_argument("--lr", type=float, default=4e-4)
    p.add_argument("--batch", type=int, default=3072, help="pieces")
    p.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    p.add_argument("--fp32", action="store_true", help="for processors without bf16")
    a = p.parse_args(argv)
    work, device = Path(a.work), torch.device(a.device)
    dtype = torch.float32 if a.fp32 else torch.bfloat16
    m = restored(Path(a.source), work) if a.source else untied(work)
    arrays = text.load(a.data)
    teacher = init.teacher(init.unpack(arrays.pop("teacher"))).to(device).eval().requires_grad_(False)
    pool = Pool(arrays, device)
    m = m.to(device)
    refine(m, teacher, pool, a.minutes, a.lr, a.batch, dtype=dtype)
    Work.save(work / "embedder.pt", m)

    def vectors(name):
        return embedder.vectors(m, pool, pool.off[name], pool.len[name], tokens=4096, dtype=dtype).cpu().numpy()

    for name, row in retrieval.measure(pool, vectors).items():
        print(name, {k: round(v, 4) for k, v in row.items()}, flush=True)
