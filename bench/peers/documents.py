"""Folders of files: indexing, indexing again, and whole processes from a cold start."""

import os
import shutil
import statistics
import subprocess
import sys
import time

import minilm
from harness import Peak, Worker, bound, claim, duration, ratios, side, table
from inputs import first_lines


def files(run, n):
    """A folder with n text files, a passage each, a hundred a folder, and their texts."""
    file, said = run.inputs.passages(n)
    texts = first_lines(file, n)
    folder = file.with_name(file.stem.replace("passages", "files"))
    if not folder.exists():
        part = folder.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        for i, t in enumerate(texts):
            if i % 100 == 0:
                (part / f"{i // 100:04d}").mkdir(parents=True)
            (part / f"{i // 100:04d}" / f"{i:06d}.txt").write_text(t + "\n")
        part.rename(folder)
    return folder, file, texts, said


def index(run):
    """Row 6: from files to a searchable index."""
    n = 300 if run.quick else 10_000
    folder, file, texts, said = files(run, n)
    model = minilm.folder()
    store = minilm.imported(run.work, run.program, model, "minilm")
    worker = run.worker(Worker([run.ours]))
    worker("models", models=store, embedder="minilm")
    sides, passages = [], {}
    out = run.work / "indexing"

    def ours(s):
        def once(_):
            shutil.rmtree(out, ignore_errors=True)
            with Peak(worker) as peak:
                reply = worker("index", documents=folder, index=out)
            passages[s.name] = reply["passages"]
            s.facts["memory"] = max(s.facts.get("memory", 0), peak.bytes)
            return reply["seconds"]

        return once

    def bare(s):
        passages[s.name] = n
        return lambda _: worker("embed", texts=file, n=n)["seconds"]

    def txtai(s):
        from txtai import Embeddings

        embeddings = Embeddings(path=str(model), content=True, hybrid=True, gpu=False)
        to = run.work / "txtai"

        def once(_):
            began = time.perf_counter()
            names = sorted(p for p in folder.rglob("*.txt"))
            embeddings.index((str(p), p.read_text()) for p in names)
            embeddings.save(str(to))
            passages[s.name] = embeddings.count()
            return time.perf_counter() - began

        return once

    us = side(sides, "albert-search", ours)
    alone = side(sides, "albert-search, only embedding the same passages", bare)
    peer = side(sides, "txtai (content and hybrid)", txtai)
    run.interleave(sides, 3)
    claims = [claim("indexing against txtai", us, [peer], 3)]
    if us.seconds and alone.seconds:
        claims.append({"text": "indexing, of the bare embedding rate", "least": 0.85, "value": ratios(us, alone)["median"],
                       "reached": ratios(us, alone)["median"] >= 0.85})
    return [table(
        "index", f"Indexing {n:,} files with a passage each: {said}", us, sides,
        [("time", lambda s: f"{s.median:.1f} s"), ("passages/s", lambda s: f"{passages[s.name] / s.median:.0f}"),
         ("passages", lambda s: f"{passages[s.name]:,}"),
         ("peak RssAnon", lambda s: f"{s.facts['memory'] / 1e6:.0f} MB" if "memory" in s.facts else "")],
        ["All with all-MiniLM-L6-v2; models are loaded before. txtai keeps texts, vectors and keywords, as we do, and embeds in its own batches of 32."],
        claims,
    )]


def unchanged(run):
    """Row 9: a second run over files that have not changed."""
    n = 1_000 if run.quick else 10_000
    folder, _, _, said = files(run, n)
    worker = run.worker(Worker([run.ours]))
    worker("models")
    out = run.work / f"unchanged-{n}"
    shutil.rmtree(out, ignore_errors=True)
    made = worker("index", documents=folder, index=out)
    assert made["failed"] == 0, made
    inside, outside = [], []

    def again(_):
        reply = worker("index", documents=folder, index=out)
        assert reply["unchanged"] == n and reply["indexed"] == 0, reply
        return reply["seconds"]

    us = side(inside, "albert-search, Engine.Index", lambda s: again)
    walk = side(inside, "walk with a stat of every file (Go)", lambda s: lambda _: worker("walk", dir=folder)["seconds"])
    run.interleave(inside, 11)
    program = side(outside, "albert-search index, the process", lambda s: command([run.program, "index", folder, "--index", out, "-q"], silent=True))
    find = side(outside, "find -printf '%s %T@ %p', the process", lambda s: command(["find", folder, "-printf", "%s %T@ %p\n"]))
    run.interleave(outside, 11)

    def times(a, b):
        return ratios(b, a)["median"] if a.seconds and b.seconds else None

    columns = [("time", lambda s: duration(s.median))]
    title = f"A second run over {n:,} unchanged files"
    return [
        table("unchanged", f"{title}, in the process", us, inside, columns, ["Models are loaded before."],
              [bound("second run over unchanged files, times a walk", times(us, walk), 3)]),
        table("unchanged-process", f"{title}, whole processes", program, outside, columns, [],
              [bound("the same, whole processes, times find", times(program, find), 3)]),
    ]


def command(words, env=None, codes=(0,), silent=False):
    """Runs a command, again and again, and says how long it took. What it prints is looked at once: nothing is no result, unless it is silent."""
    words = [str(w) for w in words]
    env = {**os.environ, **(env or {})}

    def ended(done):
        if done.returncode not in codes:
            raise RuntimeError(f"{words[0]} ended with code {done.returncode}: {done.stderr.decode(errors='replace')[:150]}")

    def once(_):
        began = time.perf_counter()
        done = subprocess.run(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=env)
        took = time.perf_counter() - began
        ended(done)
        return took

    first = subprocess.run(words, capture_output=True, env=env)
    ended(first)
    if not silent and not first.stdout.strip():
        raise RuntimeError(f"{words[0]} printed nothing")
    return once


TXTAI = """
import sys
from txtai import Embeddings
embeddings = Embeddings()
embeddings.load(sys.argv[1])
for r in embeddings.search(sys.argv[2], 10): print(r)
"""


def cold(run):
    """Row 8: whole processes over the same documents, as users type them."""
    n = 300 if run.quick else 2_000
    folder, _, _, said = files(run, n)
    question = run.inputs.questions(1)[0]
    out = run.work / f"cold-{n}"
    shutil.rmtree(out, ignore_errors=True)
    subprocess.run([run.program, "index", folder, "--index", out, "-q"], check=True)
    searching, asking = [], []

    def txtai(s):
        from txtai import Embeddings

        to = run.work / f"txtai-{folder.name}"
        if not to.exists():
            embeddings = Embeddings(path=str(minilm.folder()), content=True, hybrid=True, gpu=False)
            embeddings.index((str(p), p.read_text()) for p in sorted(folder.rglob("*.txt")))
            embeddings.save(str(to))
        return command([sys.executable, "-c", TXTAI, to, question])

    us = side(searching, "albert-search search", lambda s: command([run.program, "search", question, "--index", out, "-q"]))
    txt = side(searching, "txtai: a script that loads its index and searches", txtai)
    q = side(searching, "qmd search (keywords only: no model is loaded)", by_words(run, folder, "search", question))
    side(searching, "qmd vsearch", by_meaning(run, folder, "vsearch", question))
    run.interleave(searching, 11)
    # It ends with 1 when it has read and found no answer that is good enough.
    ask = side(asking, "albert-search ask", lambda s: command([run.program, "ask", question, "--index", out, "-q"], codes=(0, 1)))

    def warm_ask(s):
        worker = run.worker(Worker([run.ours]))
        worker("models")
        worker("engine.open", index=out)
        return lambda _: worker("ask", question=question)["seconds"]

    warm = side(asking, "the same question in a process that has asked before", warm_ask)
    side(asking, "qmd query (finds and reranks; it does not answer)", by_meaning(run, folder, "query", question))
    run.interleave(asking, 11)
    columns = [("p50", lambda s: duration(s.percentile(50))), ("slowest", lambda s: duration(max(s.seconds)))]
    extra = None
    if ask.seconds and warm.seconds:
        extra = statistics.median(a - w for a, w in zip(ask.seconds, warm.seconds)) * 1e3
    return [
        table("cold-search", f"search from a cold start, whole processes, {n:,} files", us, searching, columns,
              ["Files are in the system's cache. Built-in models for us, all-MiniLM-L6-v2 for txtai."],
              [bound("cold search, ms", us.median * 1e3 if us.seconds else None, 150), claim("cold search against txtai", us, [txt], 10),
               claim("cold search against qmd's keyword search", us, [q], 10)]),
        table("cold-ask", f"ask from a cold start, whole processes, {n:,} files", ask, asking, columns, [],
              [bound("cold ask, ms more than warm", extra, 200)]),
    ]


def qmd(run, folder):
    """The command qmd and the environment in which it has a collection of the folder. QMD says how it is called."""
    words = os.environ.get("QMD", "").split()
    if not words:
        raise RuntimeError("not installed (QMD names it; see docs/benchmarks.md)")
    home = run.work / f"qmd-{folder.name}"
    env = {"XDG_CACHE_HOME": str(home / "cache"), "XDG_CONFIG_HOME": str(home / "config")}
    if not home.exists():
        home.mkdir()
        for step in (["collection", "add", str(folder), "--name", "bench", "--mask", "**/*.txt"], ["update"]):
            subprocess.run([*words, *step], check=True, stdout=subprocess.DEVNULL, env={**os.environ, **env})
    return words, env


def by_words(run, folder, *arguments):
    """qmd's search by words."""

    def prepare(s):
        words, env = qmd(run, folder)
        return command([*words, *arguments], env)

    return prepare


def by_meaning(run, folder, *arguments):
    """qmd's searches by meaning, where its models are: QMD_MODELS=1 in the environment says so."""

    def prepare(s):
        if not os.environ.get("QMD_MODELS"):
            raise RuntimeError("it needs GGUF models that it downloads from a hub (QMD_MODELS=1 runs it where they are)")
        words, env = qmd(run, folder)
        subprocess.run([*words, "embed"], check=True, stdout=subprocess.DEVNULL, env={**os.environ, **env})
        return command([*words, *arguments], env)

    return prepare
