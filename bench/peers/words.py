"""Searching words."""

import re
import shutil
import subprocess
import time

from harness import ROOT, Worker, bound, duration, side, table
from inputs import first_lines, sentences

K = 100


def keyword(run):
    """Row 5: 20 sentences of the passages, the best 100."""
    rows = 10_000 if run.quick else 100_000
    file, said = run.inputs.passages(rows)
    texts = first_lines(file, rows)
    queries = sentences(texts, 20)
    own = {q: next(i for i, t in enumerate(texts) if q in t) for q in queries}
    sides = []

    def first(s, found):
        """How many queries find the passage they were cut from as the first."""
        s.facts["first"] = sum(bool(f) and f[0] == own[q] for q, f in zip(queries, found))

    worker = run.worker(Worker([run.ours]))
    profile = run.work / "keyword.prof"

    def ours(s):
        store = run.work / f"words-{rows}"
        shutil.rmtree(store, ignore_errors=True)
        s.facts["build"] = worker("store.build", dir=store, texts=file, rows=rows)["seconds"]
        worker("store.open", dir=store)
        first(s, worker("keyword", queries=queries, k=K)["ids"])
        worker("keyword", queries=queries, k=K, profile=profile, repeat=20)
        s.facts["bleve"] = share(profile, "blevesearch")
        return lambda _: worker("keyword", queries=queries, k=K)["each"]

    def tantivy(s):
        import tantivy

        schema = tantivy.SchemaBuilder().add_integer_field("row", stored=True).add_text_field("text", tokenizer_name="en_stem").build()
        folder = run.work / f"tantivy-{rows}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        began = time.perf_counter()
        index = tantivy.Index(schema, path=str(folder))
        writer = index.writer(256_000_000, run.cores)
        for i, t in enumerate(texts):
            writer.add_document(tantivy.Document(row=i, text=t))
        writer.commit()
        writer.wait_merging_threads()
        s.facts["build"] = time.perf_counter() - began
        index.reload()
        searcher = index.searcher()

        def find(q):
            words = " ".join(re.findall(r"\w+", q.lower()))
            return searcher.search(index.parse_query(words, ["text"]), K).hits

        first(s, [[searcher.doc(a)["row"][0] for _, a in find(q)[:1]] for q in queries])
        return lambda _: each(find)

    def bm25s(s):
        import bm25s
        import Stemmer

        stemmer = Stemmer.Stemmer("english")

        def cut(texts):
            return bm25s.tokenize(texts, stopwords="en", stemmer=stemmer, show_progress=False)

        began = time.perf_counter()
        index = bm25s.BM25()
        index.index(cut(texts), show_progress=False)
        s.facts["build"] = time.perf_counter() - began

        def find(q):
            return index.retrieve(cut([q]), k=K, show_progress=False, n_threads=1)[0][0]

        first(s, [[int(i) for i in find(q)[:1]] for q in queries])
        return lambda _: each(find)

    def each(find):
        out = []
        for q in queries:
            began = time.perf_counter()
            find(q)
            out.append(time.perf_counter() - began)
        return out

    us = side(sides, "albert-search, Store.Keyword", ours)
    side(sides, "tantivy", tantivy)
    side(sides, "bm25s", bm25s)
    run.interleave(sides, 7)
    notes = [
        f"{len(queries)} sentences of 6 to 20 words. Stems and, but for tantivy, stop words of English everywhere; the query is analysed in the time, no text is fetched.",
        "Ours scores title, heading, text and path with BM25F, the others one field with BM25.",
    ]
    if us.facts.get("bleve") is not None:
        notes.append(f"Bleve's share of our processor time is {us.facts['bleve']:.0%} (samples of a CPU profile with a function of blevesearch on the stack).")
    return [table(
        "keyword", f"Words: {said}, best {K}", us, sides,
        [("p50", lambda s: duration(s.percentile(50))), ("p99", lambda s: duration(s.percentile(99))),
         ("its own passage first", lambda s: f"{s.facts['first']} of {len(queries)}"),
         ("build", lambda s: f"{s.facts['build']:.0f} s" if "build" in s.facts else "")],
        notes, [bound("keyword search, p50 in ms", us.percentile(50) * 1e3 if us.seconds else None, 20)],
    )]


def share(profile, package):
    """The part of a profile's samples that have a function of the package on the stack."""
    out = subprocess.run(["go", "tool", "pprof", "-traces", profile], capture_output=True, text=True, cwd=ROOT).stdout
    whole = within = 0.0
    for trace in re.split(r"^-+\+-+\n", out, flags=re.M)[1:]:
        m = re.match(r"\s*([\d.]+)(ms|s|us)", trace)
        if m:
            weight = float(m[1]) * {"us": 1e-3, "ms": 1, "s": 1e3}[m[2]]
            whole += weight
            within += weight if package in trace else 0
    return within / whole if whole else None
