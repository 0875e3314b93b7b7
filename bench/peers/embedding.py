"""Embedding passages, and cutting them into pieces."""

import time
import zlib

import numpy as np

import minilm
from harness import Worker, claim, log, side, table
from inputs import first_lines


def embed(run):
    """Row 1: passages to vectors, tokenising included, everybody's texts sorted by length."""
    n = 100 if run.quick else 1000
    file, said = run.inputs.passages(n)
    texts = first_lines(file, n)
    model = minilm.folder()

    import transformers

    tokenizer = transformers.AutoTokenizer.from_pretrained(model)
    pieces = sum(len(i) for i in tokenizer(texts, truncation=True, max_length=minilm.WINDOW)["input_ids"])
    sides, vectors = [], {}

    def ours(s):
        store = minilm.imported(run.work, run.program, model, "minilm")
        worker = run.worker(Worker([run.ours]))
        worker("models", models=store, embedder="minilm")

        def once(_):
            out = run.work / "ours.f32"
            took = worker("embed", texts=file, n=n, out=out)["seconds"]
            vectors[s.name] = np.fromfile(out, np.float32).reshape(n, -1)
            return took

        return once

    def batched(s, encode):
        """The quickest batch size on a part of the texts, then all of them in batches of it."""
        part = texts[: n // 5]
        encode(part, 32)
        s.facts["batch"] = 32 if run.quick else min((8, 16, 32, 64), key=lambda size: timed(lambda: encode(part, size))[0])

        def once(_):
            took, vectors[s.name] = timed(lambda: encode(texts, s.facts["batch"]))
            return took

        return once

    def in_batches(forward):
        """encode(texts, size) that tokenises, sorts by length, pads each batch to its longest text, and pools."""

        def encode(texts, size):
            ids = tokenizer(texts, truncation=True, max_length=minilm.WINDOW, return_attention_mask=False, return_token_type_ids=False)["input_ids"]
            order = sorted(range(len(ids)), key=lambda i: -len(ids[i]))
            out = np.empty((len(ids), 384), np.float32)
            for at in range(0, len(order), size):
                rows = order[at : at + size]
                longest = len(ids[rows[0]])
                batch = np.zeros((len(rows), longest), np.int64)
                mask = np.zeros((len(rows), longest), np.int64)
                for r, i in enumerate(rows):
                    batch[r, : len(ids[i])] = ids[i]
                    mask[r, : len(ids[i])] = 1
                out[rows] = pooled(forward(batch, mask), mask)
            return out

        return encode

    def torch_side(dtype):
        def prepare(s):
            import torch

            torch.set_num_threads(run.cores)
            net = transformers.AutoModel.from_pretrained(model, dtype=getattr(torch, dtype)).eval()

            def forward(ids, mask):
                with torch.inference_mode():
                    hidden = net(input_ids=torch.from_numpy(ids), attention_mask=torch.from_numpy(mask)).last_hidden_state
                return hidden.float().numpy()

            return batched(s, in_batches(forward))

        return prepare

    def runtime(file):
        def prepare(s):
            import onnxruntime

            o = onnxruntime.SessionOptions()
            o.intra_op_num_threads, o.inter_op_num_threads = run.cores, 1
            session = onnxruntime.InferenceSession(minilm.onnx(run.work) / file, o, providers=["CPUExecutionProvider"])

            def forward(ids, mask):
                return session.run(None, {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)})[0]

            return batched(s, in_batches(forward))

        return prepare

    def sentence_transformers(s):
        import torch
        from sentence_transformers import SentenceTransformer

        torch.set_num_threads(run.cores)
        net = SentenceTransformer(str(model), device="cpu")
        s.facts["batch"] = 32

        def once(_):
            took, vectors[s.name] = timed(lambda: net.encode(texts))
            return took

        return once

    def hugot(s):
        worker = run.worker(Worker([run.gopeers()]))
        onnx = minilm.onnx(run.work)
        reply = worker("hugot.open", model=onnx, onnx="model.onnx", library=run.onnxruntime_folder(), threads=run.cores, batch=32)
        s.facts["batch"], s.facts["backend"] = 32, reply["backend"]
        s.name = f"hugot, fp32, {reply['backend'].split(' (')[0]}"

        def once(_):
            out = run.work / "hugot.f32"
            took = worker("hugot.embed", texts=file, n=n, out=out)["seconds"]
            vectors[s.name] = np.fromfile(out, np.float32).reshape(n, -1)
            return took

        return once

    us = side(sides, "albert-search, int8", ours)
    fp32 = side(sides, "transformers, torch fp32", torch_side("float32"))
    bf16 = side(sides, "transformers, torch bf16", torch_side("bfloat16"))
    st = side(sides, "sentence-transformers encode, fp32", sentence_transformers)
    ort32 = side(sides, "ONNX Runtime from Python, fp32", runtime("model.onnx"))
    ort8 = side(sides, "ONNX Runtime from Python, int8", runtime("model-int8.onnx"))
    fused32 = side(sides, "ONNX Runtime, fused by its optimizer, fp32", runtime("fused.onnx"))
    fused8 = side(sides, "ONNX Runtime, fused by its optimizer, int8", runtime("fused-int8.onnx"))
    hug = side(sides, "hugot", hugot)
    run.interleave(sides, 5)

    reference = vectors.get(fp32.name)

    def cosine(s):
        return np.einsum("ij,ij->i", reference, vectors[s.name]).mean()

    # Without rounding all have the same vectors, or have not done the same work.
    for s in (st, ort32, fused32, hug):
        if reference is not None and not s.error and not cosine(s) > 0.999:
            s.error = f"its vectors are others than those of torch fp32, mean cosine {cosine(s):.4f}"
            log(f"  {s.name}: {s.error}")

    def likeness(s):
        return "" if reference is None else f"{cosine(s):.4f}"

    return [table(
        "embed", f"Embedding {said}: {pieces:,} pieces, all-MiniLM-L6-v2", us, sides,
        [("time", lambda s: f"{s.median:.2f} s"), ("pieces/s", lambda s: f"{pieces / s.median:,.0f}"),
         ("batch", lambda s: s.facts.get("batch", "")), ("mean cosine to torch fp32", likeness)],
        notes=[f"Texts cut off at {minilm.WINDOW} pieces. Tokenising counts on all sides. A batch size that is not a program's own is the quickest of 8, 16, 32 and 64."]
        + ([f"hugot's backend: {hug.facts['backend']}."] if hug.facts else []),
        claims=[
            claim("embedding against torch fp32", us, [fp32], 3),
            claim("embedding against sentence-transformers' encode", us, [st], 4),
            claim("embedding against the best of the others", us, [bf16, ort32, ort8, fused32, fused8, hug], 1),
        ],
    )]


def timed(f):
    """The seconds that a function takes, and what it returns."""
    began = time.perf_counter()
    result = f()
    return time.perf_counter() - began, result


def pooled(hidden, mask):
    """The mean over the pieces of a text, normalised."""
    m = mask[:, :, None].astype(np.float32)
    v = (hidden * m).sum(1) / m.sum(1)
    return v / np.linalg.norm(v, axis=1, keepdims=True)


def sums(sequences):
    """CRC-32 of each text's ids, as bench/runner has it: tells whether two tokenisers agree."""
    return [zlib.crc32(np.asarray(ids, "<u4").tobytes()) for ids in sequences]


def tokenizer(run):
    """Row 2: pieces of texts on one core."""
    n = 1000 if run.quick else 5000
    file, said = run.inputs.passages(n)
    texts = first_lines(file, n)
    size = sum(len(t.encode()) for t in texts)

    def compare(name, title, folder, peers):
        sides, pieces_of = [], {}

        def ours(s):
            worker = run.worker(Worker([run.ours], env={"GOMAXPROCS": "1"}))

            def once(_):
                reply = worker("tokenize", model=folder, texts=file, n=n)
                pieces_of[s.name] = reply["sums"]
                return reply["seconds"]

            return once

        us = side(sides, "albert-search", ours)
        others = [side(sides, peer, prepare(pieces_of)) for peer, prepare in peers]
        run.interleave(sides, 7)
        return table(
            name, f"{title}: {said}, {size / 1e6:.1f} MB, one core", us, sides,
            [("MB/s", lambda s: f"{size / 1e6 / s.median:.1f}"),
             ("texts with the same pieces as ours", lambda s: f"{np.mean(np.equal(pieces_of[s.name], pieces_of[us.name])):.1%}")],
            notes=["The peers are called from Python, all texts in one call; what they return is not taken apart. Ours gives byte ranges as well."],
            claims=[claim(title, us, others, 1)],
        )

    def hf(offsets):
        def with_pieces_of(pieces_of):
            def prepare(s):
                import tokenizers

                tok = tokenizers.Tokenizer.from_file(str(minilm.folder() / "tokenizer.json"))
                tok.no_truncation()
                tok.no_padding()
                encode = tok.encode_batch if offsets else tok.encode_batch_fast

                def once(_):
                    took, found = timed(lambda: encode(texts, add_special_tokens=False))
                    if s.name not in pieces_of:
                        pieces_of[s.name] = sums(e.ids for e in found)
                    return took

                return once

            return prepare

        return with_pieces_of

    def cpp(pieces_of):
        def prepare(s):
            import sentencepiece

            sp = sentencepiece.SentencePieceProcessor(model_file=str(trained(run, file, texts) / "spiece.model"))

            def once(_):
                took, found = timed(lambda: sp.encode(texts, out_type=int, num_threads=1))
                if s.name not in pieces_of:
                    pieces_of[s.name] = sums(found)
                return took

            return once

        return prepare

    return [
        compare("wordpiece", "WordPiece tokenizer", minilm.folder(), [
            ("Hugging Face tokenizers", hf(True)), ("Hugging Face tokenizers, without byte ranges", hf(False)),
        ]),
        compare("sentencepiece", "SentencePiece tokenizer", trained(run, file, texts), [("sentencepiece (C++)", cpp)]),
    ]


def trained(run, file, texts):
    """A folder with a unigram model of 8,000 pieces, trained on the texts, that keeps case and accents."""
    out = run.work / f"sentencepiece-{file.stem}"
    if not (out / "spiece.model").exists():
        import sentencepiece

        out.mkdir(exist_ok=True)
        log("  training a SentencePiece model")
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(texts), model_prefix=str(out / "spiece"), vocab_size=8000, hard_vocab_limit=False,
            pad_id=0, unk_id=1, bos_id=-1, eos_id=-1, control_symbols=["[CLS]", "[SEP]", "[MASK]"], minloglevel=2,
        )
        (out / "tokenizer_config.json").write_text('{"do_lower_case": false, "keep_accents": true}')
    return out
