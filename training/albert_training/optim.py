"""The optimiser and its schedule, by what has been read of a budget."""

import time

import torch


class Schedule:
    """A budget of pieces, and of seconds in case the machine is slower than
    planned: what is used up first ends the stage."""

    def __init__(self, tokens, seconds=None):
        self.tokens, self.seconds, self.read, self.began = tokens, seconds, 0, time.time()

    def add(self, n):
        self.read += n

    @property
    def done(self):
        f = self.read / self.tokens
        if self.seconds:
            f = max(f, (time.time() - self.began) / self.seconds)
        return min(1.0, f)

    @property
    def speed(self):
        return self.read / max(1e-9, time.time() - self.began)


class Optimiser:
    """AdamW with warm-up and linear decay, the gradient's norm cut at 1."""

    def __init__(self, modules, lr, decay=0.01, warm=0.05, frozen=(), floor=0.0):
        skip = {id(p) for p in frozen}
        seen, matrix, small = set(), [], []
        for m in modules:
            for p in m.parameters():
                if id(p) in skip or id(p) in seen or not p.requires_grad:
                    continue
                seen.add(id(p))
                (matrix if p.dim() == 2 and min(p.shape) > 16 else small).append(p)
        self.params = matrix + small
        fused = self.params[0].is_cuda
        self.opt = torch.optim.AdamW(
            [{"params": matrix, "weight_decay": decay}, {"params": small, "weight_decay": 0.0}], lr=lr, betas=(0.9, 0.98), eps=1e-8, fused=fused
        )
        self.lr, self.warm, self.floor = lr, warm, floor

    def step(self, loss, done):
        rate = self.lr * min(1.0, done / self.warm if self.warm else 1.0) * max(self.floor, 1 - done)
        for g in self.opt.param_groups:
            g["lr"] = max(rate, 1e-7)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.params, 1.0, foreach=True)
        self.opt.step()
        self.opt.zero_grad(set_to_none=True)
