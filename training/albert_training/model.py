"""ALBERT (Lan et al. 2020) with any pattern of shared matrices.

A pass (transformer layer) has LayerNorms and biases of its own; its matrices
are those of a group. ALBERT as published shares all of a layer, and
transformers knows only that form; export.py writes one group a pass, so that
what is shared here is there several times with the same bytes.

Parameters are fp32. The forward pass runs in `dtype`, bf16 on processors that
have it; LayerNorm and softmax accumulate in fp32 inside their kernels.
"""

from dataclasses import asdict, dataclass, field

import torch
import torch.nn.functional as F
from torch import nn

from .quantize import quantized_linear

EPS = 1e-12
# The least value of GELU, rounded away from zero: the program counts its int8 activations from here.
GELU_FLOOR = -0.171


@dataclass
class Config:
    embedding: int = 128  # E; equal to hidden: no factorization
    hidden: int = 384  # H
    heads: int = 12
    intermediate: int = 1536
    # The group of each pass's matrices.
    attention: list[int] = field(default_factory=lambda: [0, 0, 1, 1, 2, 2])
    ffn: list[int] = field(default_factory=lambda: [0, 0, 1, 1, 2, 2])
    vocabulary: int = 30522
    positions: int = 512
    dropout: float = 0.0

    @staticmethod
    def tied(pattern: str, ffn: str | None = None, **kw) -> "Config":
        """Config.tied("112233"): the groups by a digit for each pass."""
        a = [int(c, 36) - 1 for c in pattern]
        f = [int(c, 36) - 1 for c in (ffn or pattern)]
        return Config(attention=a, ffn=f, **kw)

    @property
    def passes(self):
        return len(self.attention)

    def dict(self):
        return asdict(self)


class Albert(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.c = c
        e, h, i = c.embedding, c.hidden, c.intermediate
        self.word = nn.Parameter(torch.empty(c.vocabulary, e))
        self.position = nn.Parameter(torch.empty(c.positions, e))
        self.kind = nn.Parameter(torch.empty(2, e))
        self.norm_w, self.norm_b = nn.Parameter(torch.ones(e)), nn.Parameter(torch.zeros(e))
        self.map_w = nn.Parameter(torch.empty(h, e)) if e != h else None
        self.map_b = nn.Parameter(torch.zeros(h)) if e != h else None
        # Matrices of the groups, [out, in] as PyTorch has them; queries, keys and values in one.
        ga, gf = max(c.attention) + 1, max(c.ffn) + 1
        self.qkv = nn.ParameterList(nn.Parameter(torch.empty(3 * h, h)) for _ in range(ga))
        self.out = nn.ParameterList(nn.Parameter(torch.empty(h, h)) for _ in range(ga))
        self.up = nn.ParameterList(nn.Parameter(torch.empty(i, h)) for _ in range(gf))
        self.down = nn.ParameterList(nn.Parameter(torch.empty(h, i)) for _ in range(gf))
        # What each pass has of its own.
        n = c.passes
        self.qkv_b = nn.Parameter(torch.zeros(n, 3 * h))
        self.out_b = nn.Parameter(torch.zeros(n, h))
        self.up_b = nn.Parameter(torch.zeros(n, i))
        self.down_b = nn.Parameter(torch.zeros(n, h))
        self.norm1_w, self.norm1_b = nn.Parameter(torch.ones(n, h)), nn.Parameter(torch.zeros(n, h))
        self.norm2_w, self.norm2_b = nn.Parameter(torch.ones(n, h)), nn.Parameter(torch.zeros(n, h))
        with torch.no_grad():
            for p in (self.word, self.position, self.kind, self.map_w, *self.qkv, *self.out, *self.up, *self.down):
                if p is not None:
                    nn.init.normal_(p, std=0.02)
        # Set by quantize.prepare: the model rounds as the program does.
        self.balance = None
        self.ranges = None
        # Set by init.part: what each pass's matrices still have of their own.
        self.apart = None
        self.apart_by = 0.0

    def embed(self, ids, types, positions=None):
        """[B, L] to [B, L, E], normalised, in fp32."""
        pos = self.position[: ids.shape[1]] if positions is None else self.position[positions]
        x = F.embedding(ids, self.word) + pos + F.embedding(types, self.kind)
        return F.layer_norm(x, (self.c.embedding,), self.norm_w, self.norm_b, EPS)

    def map_in(self, x):
        return x if self.map_w is None else F.linear(x, self.map_w.to(x.dtype), self.map_b.to(x.dtype))

    def forward(self, ids, types, mask=None, dtype=torch.bfloat16, all_passes=False):
        """Last hidden states [B, L, H] of ids [B, L]; with all_passes those
        behind the embeddings and behind each pass. mask [B, L] is false at
        padding; None means that there is none."""
        c = self.c
        drop = c.dropout if self.training else 0.0
        x = self.map_in(self.embed(ids, types).to(dtype))
        b, n, h = x.shape
        # Made once: broadcast over heads and queries, for all passes.
        m = None if mask is None else torch.zeros(b, 1, 1, n, dtype=dtype, device=x.device).masked_fill(~mask[:, None, None, :], -1e4)
        states = [x]
        x = F.dropout(x, drop) if drop else x
        qkv = [w.to(dtype) for w in self.qkv]
        out = [w.to(dtype) for w in self.out]
        up = [w.to(dtype) for w in self.up]
        down = [w.to(dtype) for w in self.down]
        small = [t.to(dtype) for t in (self.qkv_b, self.out_b, self.up_b, self.down_b, self.norm1_w, self.norm1_b, self.norm2_w, self.norm2_b)]
        qkv_b, out_b, up_b, down_b, n1w, n1b, n2w, n2b = (t.unbind(0) for t in small)
        for p in range(c.passes):
            a, f = c.attention[p], c.ffn[p]
            if self.apart is not None:
                w_qkv, w_out, w_up, w_down = self.part(p, dtype)
            else:
                w_qkv, w_out, w_up, w_down = qkv[a], out[a], up[f], down[f]
            q, k, v = self.linear("qkv", a, x, w_qkv, qkv_b[p]).view(b, n, 3, c.heads, h // c.heads).permute(2, 0, 3, 1, 4)
            y = F.scaled_dot_product_attention(q, k, v, attn_mask=m)
            y = y.transpose(1, 2).reshape(b, n, h)
            y = self.linear("out", a, y, w_out, out_b[p])
            y = F.dropout(y, drop) if drop else y
            x = F.layer_norm(x + y, (h,), n1w[p], n1b[p], EPS)
            y = F.gelu(self.linear("up", f, x, w_up, up_b[p]))
            y = self.linear("down", f, y, w_down, down_b[p], floor=GELU_FLOOR)
            y = F.dropout(y, drop) if drop else y
            x = F.layer_norm(x + y, (h,), n2w[p], n2b[p], EPS)
            states.append(x)
        return states if all_passes else x

    def part(self, p, dtype):
        """The matrices of a pass while sharing comes about by and by."""
        c, out = self.c, []
        for name, g in (("qkv", c.attention[p]), ("out", c.attention[p]), ("up", c.ffn[p]), ("down", c.ffn[p])):
            w, own = getattr(self, name)[g], self.apart[name][p]
            out.append((w if own is None else w + self.apart_by * own).to(dtype))
        return out

    def linear(self, name, group, x, w, b, floor=None):
        if self.ranges is not None:
            key = f"{name}{group}"
            r = x.detach().abs().amax((0, 1)).float()
            self.ranges[key] = torch.maximum(self.ranges[key], r) if key in self.ranges else r
        if self.balance is None:
            return F.linear(x, w, b)
        return quantized_linear(x, w, b, self.balance[f"{name}{group}"], floor)

    def matrices(self):
        """The maps that are int8 in the program, by name."""
        return {f"{k}{g}": w for k in ("qkv", "out", "up", "down") for g, w in enumerate(getattr(self, k))}

    def size(self):
        """Bytes in int8: a byte a weight of tables and matrices, four for all else."""
        small = {id(p) for p in self.parameters()}
        big = [self.word, *self.matrices().values()]
        small -= {id(p) for p in big}
        return sum(p.numel() for p in big) + 4 * sum(p.numel() for p in self.parameters() if id(p) in small)


class Reader(nn.Module):
    """Spans and relevance of one pass over question and passage."""

    def __init__(self, c: Config):
        super().__init__()
        self.encoder = Albert(c)
        h = c.hidden
        self.span = nn.Linear(h, 2)
        self.pooler = nn.Linear(h, h)
        self.relevance = nn.Linear(h, 2)
        for m in (self.span, self.pooler, self.relevance):
            nn.init.normal_(m.weight, std=0.02)
            nn.init.zeros_(m.bias)

    def forward(self, ids, types, mask=None, dtype=torch.bfloat16, all_passes=False):
        """Start and end logits [B, L, 2] and the logit of relevance [B]; with
        all_passes the hidden states as well."""
        states = self.encoder(ids, types, mask, dtype, all_passes)
        x = (states[-1] if all_passes else states).float()
        spans = self.span(x)
        r = self.relevance(torch.tanh(self.pooler(x[:, 0])))
        r = r[:, 1] - r[:, 0]
        return (spans, r, states) if all_passes else (spans, r)


def mean_pool(x, mask=None):
    """[B, L, H] to unit vectors [B, H]: the mean over all pieces, CLS and SEP included."""
    x = x.float()
    if mask is None:
        return F.normalize(x.mean(1), dim=1)
    k = mask[..., None].float()
    return F.normalize((x * k).sum(1) / k.sum(1), dim=1)
