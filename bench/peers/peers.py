#!/usr/bin/env python3
"""Measures albert-search against other programs on the same work, in turn.

    python peers.py --program PATH --ours PATH --work DIR [--quick] [--only embed,vectors] [--write]

Each row runs in a process of its own, so that one that breaks takes nothing along.
Results are kept in results.json beside this file, by table; --write puts them into
docs/benchmarks.md.
"""

import argparse
import importlib
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from harness import HERE, ROOT, environment, interleave, log
from inputs import Inputs

# The rows, in the order of docs/benchmarks.md, and the functions that run them.
ROWS = {
    "embed": "embedding:embed",
    "tokenizer": "embedding:tokenizer",
    "vectors": "vectors:small",
    "vectors-1m": "vectors:large",
    "keyword": "words:keyword",
    "index": "documents:index",
    "unchanged": "documents:unchanged",
    "ask": "reading:ask",
    "cold": "documents:cold",
}


class Run:
    """What a row is given."""

    def __init__(self, a):
        self.a = a
        self.quick, self.cores = a.quick, os.cpu_count()
        self.work, self.program, self.ours = Path(a.work).resolve(), Path(a.program).resolve(), Path(a.ours).resolve()
        self.work.mkdir(parents=True, exist_ok=True)
        self.inputs = Inputs(self.work, self.ours, a.text, a.vectors, a.queries, a.query_vectors)
        self.reader = a.reader
        self.workers = []

    def worker(self, w):
        self.workers.append(w)
        return w

    def interleave(self, sides, rounds, **options):
        interleave(sides, self.a.rounds or (2 if self.quick else rounds), **options)

    def onnxruntime_folder(self):
        """The folder of the ONNX Runtime library that albert-search uses."""
        found = json.loads(subprocess.run([self.program, "doctor", "--json", "--index", self.work / "none"], capture_output=True, text=True).stdout)
        return Path(found["onnxruntime"]["path"]).parent

    def gopeers(self):
        if not self.a.gopeers:
            raise RuntimeError("bench/peers/go was not built")
        return Path(self.a.gopeers).resolve()


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--program", default=ROOT / "bin" / "albert-search", help="albert-search")
    p.add_argument("--ours", default=ROOT / "bin" / "bench-ours", help="bench/runner, built")
    p.add_argument("--gopeers", default="", help="bench/peers/go, built")
    p.add_argument("--work", default=ROOT / "bin" / "bench", help="folder for what is made on the way")
    p.add_argument("--only", default="", help="rows, with commas: " + ", ".join(ROWS))
    p.add_argument("--quick", action="store_true", help="small inputs and two rounds: to see whether it works")
    p.add_argument("--rounds", type=int, default=0, help="rounds, instead of each row's own number")
    p.add_argument("--text", default="", help="a passage a line; the sample documents if not given")
    p.add_argument("--vectors", default="", help="raw float32 vectors of length 384; embedded if not given")
    p.add_argument("--queries", default="", help="a question a line")
    p.add_argument("--query-vectors", default="", help="raw float32")
    p.add_argument("--reader", default="", help="a reader for the row ask, an ALBERT in Hugging Face layout")
    p.add_argument("--results", default=HERE / "results.json", help="where results are kept")
    p.add_argument("--write", action="store_true", help="write the tables into docs/benchmarks.md")
    p.add_argument("--row", default="", help=argparse.SUPPRESS)
    a = p.parse_args()
    if a.row:
        one(a)
        return
    results = Path(a.results)
    known = json.loads(results.read_text()) if results.exists() else {"tables": {}}
    names = [n for n in a.only.split(",") if n] or list(ROWS)
    for n in names:
        if n not in ROWS:
            p.error(f"there is no row {n!r}: {', '.join(ROWS)}")
    failed = False
    for name in names:
        log(f"== {name}")
        began = time.time()
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "out.json"
            command = [sys.executable, __file__, *sys.argv[1:], "--row", f"{name}={out}"]
            code = subprocess.run(command, env={**os.environ, **settings()}).returncode
            if code != 0 or not out.exists():
                log(f"{name} failed with code {code}")
                failed = True
                continue
            env = environment()
            for t in json.loads(out.read_text()):
                t["row"], t["quick"], t["took"], t["environment"] = name, a.quick, round(time.time() - began), env
                known["tables"][t["name"]] = t
        results.write_text(json.dumps(known) + "\n")
        log(f"{name} took {time.time() - began:.0f} s")
    if a.write:
        import tables

        tables.write(known, ROOT / "docs" / "benchmarks.md", ROWS)
    sys.exit(1 if failed else 0)


def settings():
    """Both cores for everybody, and nothing from the net."""
    cores = str(os.cpu_count())
    return {
        "OMP_NUM_THREADS": cores, "MKL_NUM_THREADS": cores, "OPENBLAS_NUM_THREADS": cores, "TOKENIZERS_PARALLELISM": "false",
        "HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "TRANSFORMERS_VERBOSITY": "error", "HF_HUB_DISABLE_TELEMETRY": "1",
    }


def one(a):
    name, _, out = a.row.partition("=")
    module, _, function = ROWS[name].partition(":")
    run = Run(a)
    tables = getattr(importlib.import_module(module), function)(run)
    for w in run.workers:
        w.close()
    Path(out).write_text(json.dumps(tables))


if __name__ == "__main__":
    main()
