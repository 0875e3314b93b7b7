"""What the stages rely on: python -m pytest tests, from the folder training."""

import numpy as np
import pytest
import torch

from albert_training import batches, export, init, quantize, reader, refine, restore
from albert_training.batches import CLS, MASK, SEP, Examples, Pool
from albert_training.model import GELU_FLOOR, Albert, Config, Reader
from albert_training.text import Ragged

TINY = dict(hidden=32, heads=4, intermediate=64, vocabulary=1100, positions=128)


def scramble(module, seed=1):
    """Weights, biases and norms that all make a difference."""
    g = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for p in module.parameters():
            p.add_(0.2 * torch.randn(p.shape, generator=g))
    return module.eval()


@pytest.mark.parametrize("kind", ["embedder", "reader"])
def test_transformers_gives_the_same(tmp_path, kind):
    # Attention and FFNs are shared in different ways, and E is not H.
    c = Config.tied("112", ffn="122", embedding=16, **TINY)
    m = scramble(Albert(c) if kind == "embedder" else Reader(c))
    export.write(tmp_path, m.state_dict(), c, kind, torch.float32)
    assert export.check(tmp_path, m.state_dict(), c, kind) < export.LARGEST
    # The check notices what is another model.
    assert export.check(tmp_path, scramble(m, 2).state_dict(), c, kind) > export.LARGEST


def pool():
    """Questions 200.., passages 300..: piece i of text t is its hundred + 10 t + i."""
    q = [[200, 201, 202, 203, 204], [210, 211]]
    ctx = [[300, 301, 302, 303], [310, 311, 312], list(range(400, 400 + 2 * batches.WINDOW))]
    return Pool(Ragged(q).arrays("q") | Ragged(ctx).arrays("ctx"), "cpu")


def example(p, q, ctx, **kw):
    q, ctx = [q], [ctx]
    return Examples.make(p.off["q"][q], p.len["q"][q], p.off["ctx"][ctx], p.len["ctx"][ctx], **kw)


def test_pairs_are_laid_out():
    p = pool()
    x = Examples.join([
        example(p, 0, 0, s=[1], e=[3], rel=[1], has_span=True),
        # Three pieces of the question are replaced by one.
        example(p, 0, 1, s=[0], e=[0], rel=[1], has_span=True, mq=[1], ml=[3], mt=[MASK]),
        example(p, 1, 1),
    ])  # fmt: skip
    ids, types, mask, spans, rel, has_span = p.pairs(x)
    want = [
        [CLS, 200, 201, 202, 203, 204, SEP, 300, 301, 302, 303, SEP],
        [CLS, 200, MASK, 204, SEP, 310, 311, 312, SEP],
        [CLS, 210, 211, SEP, 310, 311, 312, SEP],
    ]
    assert ids.shape[1] % 8 == 0
    assert list(x.lengths()) == [len(w) for w in want]
    for i, w in enumerate(want):
        assert ids[i].tolist() == w + [0] * (ids.shape[1] - len(w))
        assert mask[i].tolist() == [j < len(w) for j in range(ids.shape[1])]
        first = w.index(SEP) + 1
        assert types[i].tolist() == [int(first <= j < len(w)) for j in range(ids.shape[1])]
    assert [ids[0, spans[0, k]].item() for k in (0, 1)] == [301, 303]
    assert [ids[1, spans[1, k]].item() for k in (0, 1)] == [310, 310]
    assert spans[2].tolist() == [0, 0]
    assert rel.tolist() == [1, 1, 0] and has_span.tolist() == [True, True, False]


def test_windows_hold_the_answer():
    p, rnd = pool(), np.random.default_rng(1)
    n, s, e = 200, 500, 520
    x = Examples.join([example(p, 1, 2, s=[s], e=[e], has_span=True)] * n + [example(p, 0, 2)] * n)
    x = batches.fit_windows(x, rnd)
    ids, _, mask, spans, *_ = p.pairs(x)
    assert len(x) == 2 * n and ids.shape[1] == batches.WINDOW and mask.all()
    for i in range(n):
        assert ids[i, spans[i, 0]] == 400 + s and ids[i, spans[i, 1]] == 400 + e
    assert len(set(x.c[:n])) > 20 and len(set(x.c[n:])) > 20
    # An answer that is longer than a window is lost.
    assert len(batches.fit_windows(example(p, 1, 2, s=[0], e=[400]), rnd)) == 0


def test_rounding_is_that_of_the_program():
    """docs/inference.md: the product of integers, times the scale of the row
    and that of the output; the floor's part goes into the bias."""
    g = torch.Generator().manual_seed(1)
    w, b = torch.randn(6, 16, generator=g), torch.randn(6, generator=g)
    scale = w.abs().amax(1) / 127
    wq = torch.round(w / scale[:, None])
    assert wq.abs().amax(1).tolist() == [127] * 6
    torch.testing.assert_close(quantize.fake_weight(w), wq * scale[:, None])

    x = 3 * torch.randn(5, 16, generator=g)
    step = x.abs().amax(1, keepdim=True) / 127
    xq = torch.round(x / step)
    torch.testing.assert_close(quantize.fake_rows(x), xq * step)
    torch.testing.assert_close(quantize.quantized_linear(x, w, b, None), (xq @ wq.T) * step * scale + b)

    x = torch.nn.functional.gelu(x)
    step = (x.amax(1, keepdim=True) - GELU_FLOOR) / 255
    xq = torch.round((x - GELU_FLOOR) / step)
    assert xq.min() >= 0 and xq.amax(1).tolist() == [255] * 5
    torch.testing.assert_close(quantize.fake_rows(x, GELU_FLOOR), xq * step + GELU_FLOOR)
    want = (xq @ wq.T) * step * scale + GELU_FLOOR * wq.sum(1) * scale + b
    torch.testing.assert_close(quantize.quantized_linear(x, w, b, None, GELU_FLOOR), want, atol=1e-4, rtol=1e-4)

    # Gradients pass as if nothing were rounded.
    x = torch.randn(5, 16, generator=g, requires_grad=True)
    quantize.fake_rows(x).sum().backward()
    assert torch.equal(x.grad, torch.ones_like(x))


def test_inputs_are_balanced_against_weights():
    m = scramble(Albert(Config.tied("11", embedding=16, **TINY)))
    ids = torch.randint(1000, 1100, (4, 24), generator=torch.Generator().manual_seed(1))
    types = torch.zeros_like(ids)
    seen = []
    plain = m.linear
    m.linear = lambda name, group, x, *rest, **kw: (seen.append((name, x)), plain(name, group, x, *rest, **kw))[1]
    quantize.prepare(m, lambda: m(ids, types, dtype=torch.float32))
    r = torch.stack([x.abs().amax((0, 1)) for name, x in seen if name == "qkv"]).amax(0)
    # SmoothQuant, equation 4, alpha 0.5; both passes of the group together.
    torch.testing.assert_close(m.balance["qkv0"], (m.qkv[0].detach().abs().amax(0) / r).sqrt())
    assert m.balance["out0"] is None and m.balance["down0"] is None


def test_a_student_begins_as_its_source():
    c = dict(embedding=32, **TINY)
    source, student = scramble(Albert(Config.tied("1234", **c))), Albert(Config.tied("1123", ffn="1222", **c)).eval()
    with torch.no_grad():
        for n in ("word", "position", "kind", "norm_w", "norm_b"):
            getattr(student, n).copy_(getattr(source, n))
    init.inherit(student, source)
    init.part(student, source)
    ids = torch.randint(1000, 1100, (2, 20), generator=torch.Generator().manual_seed(1))
    run = lambda m: m(ids, torch.zeros_like(ids), dtype=torch.float32)
    want = run(source)
    torch.testing.assert_close(run(student), want, atol=1e-4, rtol=1e-4)
    # What is apart goes away by half of the training, and then it matters.
    reader.share_by(student, 0.25)
    assert student.apart_by == 0.5 and (run(student) - want).abs().max() > 0.1
    reader.share_by(student, 0.5)
    assert student.apart is None and (run(student) - want).abs().max() > 0.1


@pytest.mark.parametrize("kind", ["embedder", "reader"])
def test_training_goes_on_from_int8(tmp_path, kind):
    """What the program stores (docs/inference.md), made here by hand, becomes
    the same model again, sharing what it shared."""
    c = Config.tied("112", ffn="122", embedding=16, **TINY)
    m = scramble(Albert(c) if kind == "embedder" else Reader(c))
    e = m if kind == "embedder" else m.encoder
    # Weights that rounding does not change: integers times a scale.
    g = torch.Generator().manual_seed(3)
    scales, inputs = {}, {}
    with torch.no_grad():
        for name, w in {**e.matrices(), "word": e.word}.items():
            q = torch.randint(-127, 128, w.shape, generator=g).float()
            scales[name] = (torch.rand(len(w), generator=g) / 100 + 0.001).half().float()
            inputs[name] = (torch.rand(w.shape[1], generator=g) + 0.5).half().float() if name.startswith(("qkv", "up")) else None
            w.copy_(q * scales[name][:, None] * (1 if inputs[name] is None else inputs[name]))
    export.write(tmp_path, m.state_dict(), c, kind, torch.float32)
    int8(tmp_path, c, scales, inputs)
    got = restore.folder(tmp_path)
    assert type(got) is type(m)
    gc = (got if kind == "embedder" else got.encoder).c
    assert (gc.attention, gc.ffn) == (c.attention, c.ffn)
    want = m.state_dict()
    for name, v in got.state_dict().items():
        torch.testing.assert_close(v, want[name], atol=1e-6, rtol=1e-6)


def int8(folder, c, scales, inputs):
    """Rewrites a checkpoint as the program would store it."""
    from safetensors.torch import load_file, save_file

    old, new = load_file(folder / "model.safetensors"), {}
    prefix = "albert." if "qa_outputs.weight" in old else ""
    table = prefix + "embeddings.word_embeddings.weight"
    new[table + "_scale"] = scales["word"].half()
    new[table] = torch.round(old.pop(table) / scales["word"][:, None]).to(torch.int8)
    for p in range(c.passes):
        l = f"{prefix}encoder.albert_layer_groups.{p}.albert_layers.0."
        for n, to, parts, group in (
            ("qkv", "attention.query_key_value", ("attention.query", "attention.key", "attention.value"), c.attention[p]),
            ("out", "attention.dense", ("attention.dense",), c.attention[p]),
            ("up", "ffn", ("ffn",), c.ffn[p]), ("down", "ffn_output", ("ffn_output",), c.ffn[p]),
        ):  # fmt: skip
            w = torch.cat([old.pop(f"{l}{x}.weight") for x in parts])
            b = torch.cat([old.pop(f"{l}{x}.bias") for x in parts])
            name = f"{n}{group}"
            if inputs[name] is not None:
                w = w / inputs[name]
                new[f"{l}{to}.input_scale"] = inputs[name].half()
            new[f"{l}{to}.weight"] = torch.round(w / scales[name][:, None]).to(torch.int8).T.contiguous()
            new[f"{l}{to}.weight_scale"] = scales[name].half()
            new[f"{l}{to}.bias"] = b
    save_file(new | old, folder / "model.safetensors")


def test_refining_takes_models_that_belong_together(tmp_path, monkeypatch):
    work, models = tmp_path / "work", {}
    monkeypatch.setattr(refine.restore, "folder", lambda path: models[path.name])
    c = Config.tied("12345", embedding=16, **TINY)
    reader = scramble(Reader(c))
    models["reader"], models["embedder"] = reader, scramble(Albert(c), 2)
    with pytest.raises(SystemExit, match="in common"):
        refine.restored(tmp_path, work)
    models["embedder"].load_state_dict(reader.encoder.state_dict())
    assert refine.restored(tmp_path, work) is models["embedder"]
    saved = torch.load(work / "reader.pt", weights_only=False)
    assert torch.equal(saved["state"]["encoder.word"], reader.encoder.word)
    # What has been trained is not written over.
    with pytest.raises(SystemExit, match="holds reader.pt"):
        refine.restored(tmp_path, work)


def test_the_teachers_weights_survive_the_journey():
    g = np.random.default_rng(1)
    w = g.normal(size=(300, 400)).astype(np.float32)
    for bits, most in ((8, 1 / 127 / 2), (12, 1 / 2047 / 2)):
        packed = np.array([{"w": init.to_bits(w, bits)}], dtype=object)
        got = init.unpack(packed)["w"].numpy()
        assert (np.abs(got - w).max(1) <= np.abs(w).max(1) * most * 1.001).all()
