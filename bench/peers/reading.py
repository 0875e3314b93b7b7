"""Reading passages for the answer to a question."""

import json
import re
import shutil
import time
from pathlib import Path

import numpy as np

import minilm
from documents import files
from harness import Worker, claim, duration, side, table

READ = 20  # passages a question
ANSWER = 25  # pieces of the longest answer, on both sides
WINDOW, STRIDE = 384, 128


def ask(run):
    """Row 7: a question asked of an index, against reading the same passages."""
    n = 300 if run.quick else 5_000
    count = 4 if run.quick else 100
    folder, _, _, said = files(run, n)
    reader = Path(run.reader) if run.reader else builtin_reader(run)
    name = "reader-" + ("given" if run.reader else "builtin")
    store = minilm.imported(run.work, run.program, reader, name + "-fp32", "--precision", "fp32")
    mine = ""
    if run.reader:
        mine = name
        minilm.imported(run.work, run.program, reader, mine)
    worker = run.worker(Worker([run.ours]))
    worker("models", models=store, reader=mine)
    out = run.work / f"asked-{n}"
    shutil.rmtree(out, ignore_errors=True)
    worker("index", documents=folder, index=out)
    worker("engine.open", index=out)
    questions = run.inputs.questions(count)
    candidates = [worker("search", query=re.sub(r'["+:-]', " ", q), limit=READ)["texts"] for q in questions]
    chunk = max(1, len(questions) // 5)
    sides = []

    def of_round(n):
        at = n * chunk % len(questions)
        return range(at, min(at + chunk, len(questions)))

    us = side(sides, "albert-search ask: search and reading", lambda s: lambda n: [worker("ask", question=questions[i], read=READ)["seconds"] for i in of_round(n)])
    side(sides, "albert-search, reading alone", lambda s: lambda n: [worker("read", question=questions[i], passages=candidates[i])["seconds"] for i in of_round(n)])

    best = {}

    def transformers_side(batch):
        def prepare(s):
            read = pipeline(run, reader, batch)
            best["transformers"] = read

            def once(n):
                each = []
                for i in of_round(n):
                    began = time.perf_counter()
                    read(questions[i], candidates[i])
                    each.append(time.perf_counter() - began)
                return each

            return once

        return prepare

    one = side(sides, "transformers, torch fp32, a window at a time (the pipeline's default)", transformers_side(1))
    many = side(sides, f"transformers, torch fp32, windows sorted by length, {READ} at a time", transformers_side(READ))
    run.interleave(sides, 5)
    which = f"the reader {reader.name}" if run.reader else "the built-in reader"
    notes = [
        "The transformers of today has no question-answering pipeline any more; this is its loop with AutoModelForQuestionAnswering: "
        f"windows of {WINDOW} pieces with {STRIDE} shared, softmax of starts and of ends over the passage, the likeliest span of at most {ANSWER} pieces. "
        "It is given the passages that our search has found and does not search.",
    ]
    if "transformers" in best:
        notes.append(agreement(run, worker, store, name + "-fp32", best["transformers"], questions[: 20 if not run.quick else 4], candidates))
    return [table(
        "ask", f"Answering {len(questions)} questions out of {READ} passages each, warm ({said}, {which})", us, sides,
        [("p50", lambda s: duration(s.percentile(50))), ("p99", lambda s: duration(s.percentile(99)))], notes,
        [claim("ask against the question-answering pipeline", us, [one, many], 3)],
    )]


def agreement(run, worker, store, name, read, questions, candidates):
    """How often the best span of a passage is the same text."""
    fp32 = run.worker(Worker([run.ours]))
    fp32("models", models=store, reader=name)
    same = {"int8": [0, 0], "fp32": [0, 0]}
    top = {"int8": 0, "fp32": 0}
    for question, passages in zip(questions, candidates):
        theirs = read(question, passages)
        for name, w in (("int8", worker), ("fp32", fp32)):
            ours = w("read", question=question, passages=passages, each=True)["answers"]
            for a, (text, _) in zip(ours, theirs):
                same[name][0] += a is not None and normal(a["text"]) == normal(text)
                same[name][1] += 1
            a = max((a for a in ours if a), key=lambda a: a["span"], default=None)
            b = max(theirs, key=lambda t: t[1])
            top[name] += a is not None and normal(a["text"]) == normal(b[0])
    return (
        "The same answers: of each passage the best span is the same text as transformers' in "
        + ", ".join(f"{a / n:.1%} of {n} with our {name}" for name, (a, n) in same.items())
        + "; the best of all passages of a question, by the sum of its logits, in "
        + ", ".join(f"{t} of {len(questions)} with our {name}" for name, t in top.items()) + "."
    )


def normal(text):
    return " ".join(re.sub(r"[^\w\s]", " ", text.lower()).split())


def pipeline(run, reader, batch):
    """A function from a question and passages to the best (text, sum of its logits) of each."""
    import torch
    import transformers

    torch.set_num_threads(run.cores)
    tok = transformers.AutoTokenizer.from_pretrained(reader)
    net = transformers.AutoModelForQuestionAnswering.from_pretrained(reader, dtype=torch.float32).eval()

    def read(question, passages):
        windows = []
        for p, passage in enumerate(passages):
            cut = tok(question, passage, truncation="only_second", max_length=WINDOW, stride=STRIDE, return_overflowing_tokens=True, return_offsets_mapping=True)
            for w in range(len(cut["input_ids"])):
                windows.append((p, cut["input_ids"][w], cut["token_type_ids"][w], cut["offset_mapping"][w], cut.sequence_ids(w)))
        if batch > 1:
            windows.sort(key=lambda w: -len(w[1]))
        best = [("", -np.inf)] * len(passages)
        for at in range(0, len(windows), batch):
            part = windows[at : at + batch]
            longest = max(len(w[1]) for w in part)
            ids = torch.tensor([w[1] + [tok.pad_token_id or 0] * (longest - len(w[1])) for w in part])
            types = torch.tensor([w[2] + [0] * (longest - len(w[2])) for w in part])
            mask = torch.tensor([[1] * len(w[1]) + [0] * (longest - len(w[1])) for w in part])
            with torch.inference_mode():
                out = net(input_ids=ids, token_type_ids=types, attention_mask=mask)
            starts, ends = out.start_logits.numpy(), out.end_logits.numpy()
            for (p, row, _, offsets, of), s, e in zip(part, starts, ends):
                inside = np.array([x == 1 for x in of])
                s, e = np.where(inside, s[: len(row)], -1e4), np.where(inside, e[: len(row)], -1e4)
                # The product of the two softmaxes is greatest where the sum of the logits is.
                product = np.outer(np.exp(s - s.max()), np.exp(e - e.max()))
                product = np.tril(np.triu(product), ANSWER - 1)
                i, j = np.unravel_index(product.argmax(), product.shape)
                if s[i] + e[j] > best[p][1]:
                    best[p] = passages[p][offsets[i][0] : offsets[j][1]], float(s[i] + e[j])
        return best

    return read


def builtin_reader(run):
    """The built-in reader in 32 bits, in Hugging Face layout: its int8 weights times their scales."""
    out = run.work / "builtin-reader"
    from safetensors.numpy import load_file, save_file

    raw = run.work / "builtin-reader-int8"
    worker = Worker([run.ours])
    worker("export", dir=raw)
    worker.close()
    stored, tensors = load_file(raw / "model.safetensors"), {}
    for name, t in stored.items():
        if name.endswith("_scale"):
            continue
        t, scale, given = t.astype(np.float32), stored.get(name + "_scale"), stored.get(name.replace(".weight", ".input_scale"))
        if scale is not None and "word_embeddings" in name:
            t = t * scale[:, None].astype(np.float32)
        elif scale is not None:  # [in, out], scales of the outputs and of the inputs (docs/inference.md)
            t = t * scale.astype(np.float32)
            if given is not None:
                t = t * given.astype(np.float32)[:, None]
            t = t.T
        if "query_key_value" in name:
            for part, x in zip(("query", "key", "value"), np.split(t, 3)):
                tensors[name.replace("query_key_value", part)] = np.ascontiguousarray(x)
        else:
            tensors[name] = np.ascontiguousarray(t)
    out.mkdir(exist_ok=True)
    for name in ("tokenizer_config.json", "vocab.txt"):
        shutil.copy(raw / name, out)
    config = json.loads((raw / "config.json").read_text())
    config["dtype"] = "float32"
    (out / "config.json").write_text(json.dumps(config))
    save_file(tensors, out / "model.safetensors", {"format": "pt"})
    return out
