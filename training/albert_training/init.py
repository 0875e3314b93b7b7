"""The teacher, all-MiniLM-L6-v2, and what the models inherit of it."""

import numpy as np
import torch

from .model import Albert, Config

PREFIX = "encoder.layer."


def pack(path):
    """The teacher's weights for the journey to another machine: its table of
    word pieces in 8 bits with a scale for each row, its matrices in 12, all
    else in 32. Relative error of the table 7e-3, of the matrices 6e-4 on
    average and 1.4e-3 at most."""
    from safetensors.numpy import load_file

    out = {}
    for name, w in load_file(path).items():
        name = name.removeprefix("bert.")
        if name.startswith("pooler") or name == "embeddings.position_ids":
            continue
        w = w.astype(np.float32)
        if w.ndim == 2 and w.size > 1_000_000 and name.startswith("embeddings.word"):
            out[name] = to_bits(w, 8)
        elif w.ndim == 2 and w.size > 100_000:
            out[name] = to_bits(w, 12)
        else:
            out[name] = (32, w, None)
    return np.array([out], dtype=object)


def to_bits(w, bits):
    top = 2 ** (bits - 1) - 1
    scale = (np.abs(w).max(1, keepdims=True) / top).astype(np.float32)
    q = np.rint(w / scale).astype(np.int16)
    if bits == 8:
        return 8, q.astype(np.int8), scale
    u = (q.reshape(-1, 2) + 2048).astype(np.uint16)  # two numbers in three bytes
    b = np.stack([u[:, 0] & 255, (u[:, 0] >> 8) | ((u[:, 1] & 15) << 4), u[:, 1] >> 4], 1).astype(np.uint8)
    return 12, b, scale


def unpack(packed):
    out = {}
    for name, (bits, q, scale) in packed.item().items() if packed.shape == () else packed[0].items():
        if bits == 32:
            w = q
        elif bits == 8:
            w = q.astype(np.float32) * scale
        else:
            b = q.astype(np.int32)
            u = np.stack([b[:, 0] | ((b[:, 1] & 15) << 8), (b[:, 1] >> 4) | (b[:, 2] << 4)], 1)
            w = (u.reshape(scale.shape[0], -1) - 2048).astype(np.float32) * scale
        out[name] = torch.from_numpy(np.ascontiguousarray(w))
    return out


def teacher(weights, dropout=0.0):
    """The teacher as an ALBERT without factorization and with a group for each
    pass, which it is exactly."""
    c = Config(embedding=384, attention=list(range(6)), ffn=list(range(6)), dropout=dropout)
    m = Albert(c)
    with torch.no_grad():
        e = "embeddings."
        m.word.copy_(weights[e + "word_embeddings.weight"])
        m.position.copy_(weights[e + "position_embeddings.weight"])
        m.kind.copy_(weights[e + "token_type_embeddings.weight"])
        m.norm_w.copy_(weights[e + "LayerNorm.weight"])
        m.norm_b.copy_(weights[e + "LayerNorm.bias"])
        for p in range(6):
            for kind in ("weight", "bias"):
                a = f"{PREFIX}{p}.attention."
                qkv = torch.cat([weights[f"{a}self.{x}.{kind}"] for x in ("query", "key", "value")])
                o, up, down = (weights[f"{PREFIX}{p}.{x}.{kind}"] for x in ("attention.output.dense", "intermediate.dense", "output.dense"))
                if kind == "weight":
                    m.qkv[p].copy_(qkv), m.out[p].copy_(o), m.up[p].copy_(up), m.down[p].copy_(down)
                else:
                    m.qkv_b[p].copy_(qkv), m.out_b[p].copy_(o), m.up_b[p].copy_(up), m.down_b[p].copy_(down)
            for i, x in ((1, "attention.output"), (2, "output")):
                getattr(m, f"norm{i}_w")[p].copy_(weights[f"{PREFIX}{p}.{x}.LayerNorm.weight"])
                getattr(m, f"norm{i}_b")[p].copy_(weights[f"{PREFIX}{p}.{x}.LayerNorm.bias"])
    return m


def layer_of(pass_, passes, teacher_passes):
    """The teacher's layer that a pass stands for."""
    return min(teacher_passes - 1, pass_ * teacher_passes // passes)


def inherit(student, source):
    """Copies into each shared matrix that of the source's layer in the middle
    of the passes that share it, and into each pass the LayerNorms and biases
    of its own layer. A mean of several layers' matrices would do the work of
    none: their hidden units are in different orders."""
    c, n = student.c, source.c.passes
    with torch.no_grad():
        for kind, pattern, names in (("attention", c.attention, ("qkv", "out")), ("ffn", c.ffn, ("up", "down"))):
            for g in range(max(pattern) + 1):
                passes = [p for p, x in enumerate(pattern) if x == g]
                chosen = layer_of(passes[(len(passes) - 1) // 2], c.passes, n)
                for name in names:
                    getattr(student, name)[g].copy_(getattr(source, name)[chosen])
        for p in range(c.passes):
            layer = layer_of(p, c.passes, n)
            # Biases go with matrices: those of the shared matrix's layer.
            for kind, names in (("attention", ("qkv_b", "out_b")), ("ffn", ("up_b", "down_b"))):
                pattern = getattr(c, kind)
                passes = [q for q, x in enumerate(pattern) if x == pattern[p]]
                chosen = layer_of(passes[(len(passes) - 1) // 2], c.passes, n)
                for name in names:
                    getattr(student, name)[p].copy_(getattr(source, name)[chosen])
            for name in ("norm1_w", "norm1_b", "norm2_w", "norm2_b"):
                getattr(student, name)[p].copy_(getattr(source, name)[layer])


@torch.no_grad()
def part(student, source):
    """Lets the student begin as the source itself, nothing shared yet: each
    pass has, beside its shared matrices, what the source's layer differs from
    these by, times apart_by, which training takes from 1 to 0. Models whose
    matrices are shared at a blow lose most of what they inherited."""
    c, n = student.c, source.c.passes
    student.apart, student.apart_by = {}, 1.0
    for name, pattern in (("qkv", c.attention), ("out", c.attention), ("up", c.ffn), ("down", c.ffn)):
        rows = []
        for p in range(c.passes):
            d = getattr(source, name)[layer_of(p, c.passes, n)] - getattr(student, name)[pattern[p]]
            rows.append(d.detach().clone() if d.abs().max() > 0 else None)
            getattr(student, name + "_b")[p].copy_(getattr(source, name + "_b")[layer_of(p, c.passes, n)])
        student.apart[name] = rows


@torch.no_grad()
def factorize(student, source, counts):
    """Embeddings of width E: the first principal components of the source's
    post-LayerNorm embeddings, weighted by the square root of the pieces'
    frequency. ALBERT normalises at E, BERT at H, so this is a start, which
    fit makes better."""
    e = student.c.embedding
    f = torch.nn.functional.layer_norm(source.word + source.kind[0] + source.position[20], (source.c.embedding,), source.norm_w, source.norm_b, 1e-12)
    w = (counts + 1).sqrt()
    mean = (f * w[:, None]).sum(0) / w.sum()
    _, _, vh = torch.linalg.svd((f - mean) * w[:, None].sqrt(), full_matrices=False)
    basis = vh[:e]
    z = (f - mean) @ basis.T
    scale = z.pow(2).mean(1).sqrt().mean()
    student.word.copy_(z / scale)
    student.kind.zero_()
    student.map_w.copy_(basis.T * scale)
    student.map_b.copy_(mean)
    gain = source.norm_w / source.word.std(1).mean()
    student.position.copy_(((source.position - source.position[20]) * gain) @ basis.T / scale)
    student.norm_w.fill_(1), student.norm_b.zero_()


def fit(student, source, tokens, steps, batch=16384, log=print):
    """Regression of the student's mapped embeddings on the source's embedding
    layer. tokens is a [N] tensor of pieces as they occur."""
    own = [student.position, student.kind, student.norm_w, student.norm_b, student.map_w, student.map_b]
    opt = torch.optim.Adam([{"params": [student.word], "lr": 6e-3}, {"params": own, "lr": 2e-3}])
    rates = [g["lr"] for g in opt.param_groups]
    dev, v = student.word.device, student.c.vocabulary
    gen = torch.Generator(device=dev).manual_seed(3)
    for i in range(steps):
        for g, r in zip(opt.param_groups, rates):
            g["lr"] = r * (1 - i / steps)
        ids = tokens[torch.randint(0, len(tokens), (batch,), device=dev, generator=gen)]
        # Rare pieces and late positions count too.
        rare = torch.rand(batch, device=dev, generator=gen) < 0.25
        ids = torch.where(rare, torch.randint(0, v, (batch,), device=dev, generator=gen), ids)
        pos = torch.randint(0, 512, (batch,), device=dev, generator=gen)
        pos = torch.where(torch.rand(batch, device=dev, generator=gen) < 0.7, pos % 200, pos)
        types = (torch.rand(batch, device=dev, generator=gen) < 0.4).long()
        with torch.no_grad():
            want = source.embed(ids[None], types[None], pos[None])
        got = student.map_in(student.embed(ids[None], types[None], pos[None]))
        loss = (got - want).pow(2).sum() / want.pow(2).sum()
        opt.zero_grad()
        loss.backward()
        opt.step()
        if (i + 1) % max(1, steps // 5) == 0:
            log(f"fit: step {i + 1} relative error {loss.item():.4f}")
