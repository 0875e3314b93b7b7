"""Training of readers: spans and relevance together, from gold labels and from teachers."""

import time

import torch
import torch.nn.functional as F

from . import quantize
from .batches import by_length
from .optim import Optimiser, Schedule


def span_loss(logits, mask, spans, has_span):
    """Cross entropy of start and end; what has no answer points at CLS."""
    logits = logits.masked_fill(~mask[..., None], -1e4)
    loss = F.cross_entropy(logits[..., 0], spans[:, 0], reduction="none") + F.cross_entropy(logits[..., 1], spans[:, 1], reduction="none")
    return (loss * has_span).sum() / (2 * has_span.sum().clamp_min(1))


def distil_loss(logits, rel, mask, teachers, has_span, temperature=1.5):
    """Kullback-Leibler divergence from the teachers' mean distributions."""
    t = temperature
    logits = logits.masked_fill(~mask[..., None], -1e4) / t
    want = sum(F.softmax(s.masked_fill(~mask[..., None], -1e4) / t, 1) for s, _ in teachers) / len(teachers)
    log_want = want.clamp_min(1e-9).log()
    kl = (want * (log_want - F.log_softmax(logits, 1))).sum((1, 2)) / 2
    span = (kl * has_span).sum() / has_span.sum().clamp_min(1) * t * t
    p = sum(torch.sigmoid(r) for _, r in teachers) / len(teachers)
    return span, F.binary_cross_entropy_with_logits(rel, p)


def share_by(encoder, done, until=0.5):
    """Takes what is left of unshared matrices away, little by little."""
    if encoder.apart is None:
        return
    encoder.apart_by = max(0.0, 1 - done / until)
    if encoder.apart_by == 0:
        encoder.apart = None


def hidden_loss(student, teacher, mask, part=3):
    """Mean over the passes of the relative squared error of the hidden states,
    over one in three sequences, which is plenty."""
    m = mask[::part, :, None]
    n, k = len(student) - 1, len(teacher) - 1
    total = 0
    for i in range(n + 1):
        s, t = student[i][::part], teacher[i * k // n][::part]
        d = ((s - t) * m).float()
        total = total + d.pow(2).sum() / (t * m).float().pow(2).sum()
    return total / (n + 1)


def train(
    reader, pool, source, tokens, *, lr=3e-4, batch=32768, teachers=(), hidden=None, hidden_weight=1.0, cloze=(0.6, 0.1), topics=(0.0, 0.0),
    rel_weight=0.5, gold=0.4, frozen=(), quantise_from=None, seconds=None, seed=1, dtype=torch.bfloat16, log=print, name="reader", every=10.0,
):  # fmt: skip
    """Trains for a budget of pieces. cloze and topics are the shares of an
    epoch's examples that are recurring spans and topics, at the beginning and
    at the end. teachers give distributions, with the share 1 - gold of the
    loss; hidden is a teacher whose hidden states are matched, with a weight
    that falls to 0. From the share quantise_from of the budget on the encoder
    rounds as the program does."""
    torch.manual_seed(seed)
    opt = Optimiser([reader], lr, frozen=frozen)
    plan = Schedule(tokens, seconds)
    reader.train()
    last, steps, sums = time.time(), 0, None
    while plan.done < 1:
        share = lambda r: r[0] + (r[1] - r[0]) * min(1.0, plan.done * 1.25)
        n = 12000
        x = source.epoch(n, int(2 * n * share(cloze)), int(n * share(topics)))
        lengths = x.lengths()
        for b in by_length(lengths, batch, source.rnd):
            if plan.done >= 1:
                break
            if quantise_from is not None and plan.done >= quantise_from and reader.encoder.balance is None:
                sample = [pool.pairs(x.take(i)) for i in by_length(lengths, batch, source.rnd)[:8]]
                quantize.prepare(reader.encoder, lambda: [reader(s[0], s[1], s[2], dtype) for s in sample])
            ids, types, mask, spans, rel, has = pool.pairs(x.take(b))
            share_by(reader.encoder, plan.done)
            wanted, states = [], None
            match = hidden is not None and plan.done < 0.6
            with torch.no_grad():
                # Two of them a step, for time; the first while its states are wanted.
                few = list(source.rnd.permutation(len(teachers))[:2])
                if match and len(teachers) and 0 not in few:
                    few[0] = 0
                for i in few:
                    t = teachers[i](ids, types, mask, dtype, all_passes=match and teachers[i] is hidden)
                    wanted.append(t[:2])
                    if len(t) == 3:
                        states = t[2]
                if match and states is None:
                    states = hidden.encoder(ids, types, mask, dtype, all_passes=True)
            out = reader(ids, types, mask, dtype, all_passes=states is not None)
            logits, r = out[:2]
            loss_span = span_loss(logits, mask, spans, has)
            loss_rel = F.binary_cross_entropy_with_logits(r, rel)
            loss = loss_span + rel_weight * loss_rel
            if teachers:
                kl, rel_kl = distil_loss(logits, r, mask, wanted, has)
                loss = gold * loss + (1 - gold) * (kl + rel_weight * rel_kl)
            if states is not None:
                loss = loss + hidden_weight * (1 - plan.done / 0.6) * hidden_loss(out[2], states, mask)
            opt.step(loss, plan.done)
            plan.add(int(lengths[b].sum()))
            steps += 1
            now = torch.stack([loss.detach(), loss_span.detach(), loss_rel.detach()])
            sums = now if sums is None else 0.98 * sums + 0.02 * now
            if time.time() - last > every:
                last = time.time()
                log(f"{name}: {plan.done:.2f} step {steps} loss {sums[0]:.3f} span {sums[1]:.3f} rel {sums[2]:.3f} {plan.speed / 1e6:.2f} M/s")
    reader.eval()
    log(f"{name}: {steps} steps, {plan.read / 1e6:.1f} M pieces, {time.time() - plan.began:.0f} s, loss {[round(v, 3) for v in sums.tolist()]}")
    return reader
