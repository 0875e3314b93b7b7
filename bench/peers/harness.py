"""What the rows have in common: interleaved runs, workers, ratios, tables."""

import json
import os
import platform
import statistics
import subprocess
import sys
import threading
import time
import traceback
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent


def log(*words):
    print(*words, file=sys.stderr, flush=True)


def reason(error):
    """An error in one line."""
    text = str(error) if isinstance(error, RuntimeError) else f"{type(error).__name__}: {error}"
    return text.split("\n")[0][:200]


class Worker:
    """A program that answers JSON requests, one a line (bench/runner, bench/peers/go)."""

    def __init__(self, command, env=None):
        self.command = [str(c) for c in command]
        self.process = subprocess.Popen(
            self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, **(env or {})}
        )

    def __call__(self, op, **arguments):
        arguments = {k: str(v) if isinstance(v, Path) else v for k, v in arguments.items()}
        try:
            self.process.stdin.write(json.dumps({"op": op, **arguments}) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            raise RuntimeError(f"{Path(self.command[0]).name} ended with code {self.process.wait()} at {op}")
        reply = json.loads(line)
        if reply.get("error"):
            raise RuntimeError(f"{op}: {reply['error']}")
        return reply

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def anonymous(pid):
    """The anonymous resident bytes of a process, as /proc says."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024
    return 0


class Peak:
    """The most anonymous resident bytes that a worker has within a with statement, looked at all the while."""

    def __init__(self, worker):
        self.pid, self.bytes, self.over = worker.process.pid, 0, threading.Event()
        self.thread = threading.Thread(target=self.watch)

    def watch(self):
        while True:
            self.bytes = max(self.bytes, anonymous(self.pid))
            if self.over.wait(0.02):
                return

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()


@dataclass
class Side:
    """What one program took for the work, a figure a round."""

    name: str
    run: object = None  # a function that does the work once and returns seconds, or (seconds, seconds of each part)
    seconds: list = field(default_factory=list)
    each: list = field(default_factory=list)
    error: str = ""
    facts: dict = field(default_factory=dict)

    @property
    def median(self):
        return statistics.median(self.seconds)

    def percentile(self, p):
        times = sorted(self.each or self.seconds)
        return times[min(len(times) - 1, int(len(times) * p / 100))]


def side(sides, name, prepare):
    """Adds a side whose run prepare() returns; why it cannot be prepared is its error."""
    s = Side(name)
    sides.append(s)
    try:
        began = time.perf_counter()
        s.run = prepare(s)
        log(f"  {name}: prepared in {time.perf_counter() - began:.1f} s")
    except Exception as error:  # a peer that does not work is reported, and the rest goes on
        s.error = reason(error)
        log(f"  {name}: {s.error}")
        if not isinstance(error, RuntimeError):
            traceback.print_exc(file=sys.stderr)
    return s


def interleave(sides, rounds, warm=True):
    """Runs all sides in turn, rounds times; each round begins with another side.

    A run may return its seconds, or a list of the seconds of each part of its
    work, whose median is then the figure of the round.
    """
    for n in range(-1 if warm else 0, rounds):
        live = [s for s in sides if not s.error]
        if not live:
            return
        at = max(n, 0) % len(live)
        for s in live[at:] + live[:at]:
            try:
                took = s.run(max(n, 0))
            except Exception as error:
                s.error = reason(error)
                traceback.print_exc(file=sys.stderr)
                continue
            if n < 0:
                continue
            if isinstance(took, list):
                s.each += took
                took = statistics.median(took)
            s.seconds.append(took)
        log("  warm" if n < 0 else f"  round {n + 1} of {rounds}:", ", ".join(f"{s.name} {s.seconds[-1]:.4g} s" for s in live if s.seconds))


def ratios(ours, peer):
    """How many times as long the peer took: median, least and greatest over the rounds."""
    each = [p / o for o, p in zip(ours.seconds, peer.seconds)]
    return {"median": statistics.median(each), "min": min(each), "max": max(each)}


def shown(ratio):
    return f"{ratio['median']:.3g} ({ratio['min']:.3g}–{ratio['max']:.3g})"


def duration(seconds):
    if seconds < 1e-3:
        return f"{seconds * 1e6:.0f} µs"
    if seconds < 1:
        return f"{seconds * 1e3:.3g} ms"
    return f"{seconds:.3g} s"


def table(name, title, ours, sides, columns, notes=(), claims=()):
    """One table of the results. columns are pairs of a heading and a function of a side."""
    lines = []
    for s in sides:
        if s.error:
            lines.append([s.name, "not measured: " + s.error] + [""] * len(columns))
            continue
        ratio = ""
        if s is not ours and ours.seconds:
            ratio = shown(ratios(ours, s))
        lines.append([s.name] + [str(f(s)) for _, f in columns] + [ratio])
    return {
        "name": name,
        "title": title,
        "columns": [""] + [heading for heading, _ in columns] + ["time ÷ ours"],
        "lines": lines,
        "notes": list(notes),
        "claims": list(claims),
        "sides": [
            {"name": s.name, "seconds": short(s.seconds), "each": short(s.each), "error": s.error, "facts": s.facts,
             **({"ratio": ratios(ours, s)} if ours.seconds and s.seconds else {})}
            for s in sides
        ],
    }


def short(seconds):
    return [float(f"{x:.4g}") for x in seconds]


def claim(text, ours, peers, least):
    """Whether the quickest of the peers takes at least `least` times as long as we do."""
    measured = [p for p in peers if p.seconds and not p.error]
    if not ours.seconds or not measured:
        return {"text": text, "least": least, "value": None, "reached": None}
    value = min(ratios(ours, p)["median"] for p in measured)
    return {"text": text, "least": least, "value": value, "reached": value >= least}


def bound(text, value, most):
    """Whether a figure stays below a bound."""
    return {"text": text, "most": most, "value": value, "reached": None if value is None else value <= most}


def environment(ours=None):
    """Date, processor and versions."""
    cpu = platform.processor() or platform.machine()
    try:
        first = Path("/proc/cpuinfo").read_text().split("\n\n")[0]
        info = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in first.splitlines())}
        cpu = info.get("model name", cpu)  # which may be that of several generations
        kind = [f"{name.removeprefix('cpu ')} {info[name]}" for name in ("cpu family", "model", "stepping") if name in info]
        flags = [f for f in ("avx2", "avx512f", "avx512_vnni", "avx512_bf16") if f in info.get("flags", "").split()]
        cpu = ", ".join([cpu, *([" ".join(kind)] if kind else []), *flags])
    except OSError:
        pass
    versions = {}
    for package in (
        "torch transformers tokenizers sentence-transformers sentencepiece onnxruntime faiss-cpu hnswlib tantivy bm25s txtai numpy"
    ).split():
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            versions[package] = "not installed"
    git = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"], capture_output=True, text=True)
    return {
        "date": time.strftime("%Y-%m-%d"),
        "cpu": cpu,
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
        "python": platform.python_version(),
        "commit": git.stdout.strip(),
        "versions": versions,
    }
