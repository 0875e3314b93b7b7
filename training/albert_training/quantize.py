"""Rounding as the program does it (docs/inference.md): weights are 8-bit with
a scale for each output, activations 8-bit with a scale for each row, counted
from GELU's floor where they come out of it; inputs and weights are balanced
(SmoothQuant, Xiao et al. 2023, equation 4, alpha 0.5)."""

import torch
import torch.nn.functional as F


class Round(torch.autograd.Function):
    """round, with the gradient of the identity."""

    @staticmethod
    def forward(ctx, x):
        return torch.round(x)

    @staticmethod
    def backward(ctx, g):
        return g


def fake_weight(w):
    """[out, in], rounded with a scale for each output."""
    step = w.detach().abs().amax(1, keepdim=True).clamp_min(1e-30) / 127
    return Round.apply(w / step) * step


def fake_rows(x, floor=None):
    """[..., in], rounded with a scale for each row."""
    d = x.detach()
    if floor is None:
        step = d.abs().amax(-1, keepdim=True).clamp_min(1e-30) / 127
        return Round.apply(x / step) * step
    step = (d.amax(-1, keepdim=True) - floor).clamp_min(1e-30) / 255
    return Round.apply((x - floor) / step) * step + floor


def quantized_linear(x, w, b, balance, floor=None):
    w = w.float()
    x = x.float()
    if balance is not None:
        x, w = x * balance, w / balance
    y = F.linear(fake_rows(x, floor).to(b.dtype), fake_weight(w).to(b.dtype), b)
    return y


def prepare(encoder, run):
    """From here on the encoder rounds. run feeds it some typical batches, by
    which the maps behind a LayerNorm are balanced."""
    encoder.ranges = {}
    with torch.no_grad():
        run()
    ranges, encoder.ranges = encoder.ranges, None
    encoder.balance = {}
    for name, w in encoder.matrices().items():
        s = None
        if name.startswith(("qkv", "up")):
            r, m = ranges[name], w.detach().abs().amax(0)
            s = torch.where((r > 0) & (m > 0), torch.sqrt(m / r), torch.ones_like(r))
        encoder.balance[name] = s
