"""Searching vectors, with and without a filter, one query at a time."""

import shutil
import time

import numpy as np

from harness import Worker, bound, claim, duration, log, ratios, side, table
from inputs import DIM

K = 10
WANTED = 0.99  # recall@10 that a side must have for its time to count
PER_DOCUMENT = 10  # as in bench/runner: documents pass a filter or do not
PERCENT = (1, 10, 50)


def small(run):
    """Rows 3 and 4 over 100,000 vectors."""
    return search(run, 20_000 if run.quick else 100_000, 200)


def large(run):
    """Rows 3 and 4 over a million."""
    return search(run, 50_000 if run.quick else 1_000_000, 100)


def kept(rows, percent):
    """Which rows the filter keeps: all of whole documents, which lie scattered."""
    return (np.arange(rows) // PER_DOCUMENT) * 37 % 100 < percent


class Truth:
    """The exact nearest of each query, by filter (100: none)."""

    def __init__(self, vectors, queries):
        self.ids = {}
        for percent in (100, *PERCENT):
            keep = np.flatnonzero(kept(len(vectors), percent))
            best_s = np.full((len(queries), K), -np.inf, np.float32)
            best_i = np.zeros((len(queries), K), np.int64)
            for at in range(0, len(keep), 50_000):
                part = keep[at : at + 50_000]
                scores = queries @ np.asarray(vectors[part]).T
                top = np.argpartition(-scores, min(K, scores.shape[1] - 1), axis=1)[:, :K]
                s = np.concatenate([best_s, np.take_along_axis(scores, top, 1)], 1)
                i = np.concatenate([best_i, part[top]], 1)
                order = np.argsort(-s, axis=1)[:, :K]
                best_s, best_i = np.take_along_axis(s, order, 1), np.take_along_axis(i, order, 1)
            self.ids[percent] = best_i

    def recall(self, found, percent=100, first=0):
        """The mean part of the true ten that is among the found, of queries from first on."""
        true = self.ids[percent][first : first + len(found)]
        return float(np.mean([len(set(map(int, f)) & set(map(int, t))) / K for f, t in zip(found, true)]))


def least(values, recall):
    """The first value whose recall is enough, and the recall; the last one if none is."""
    for v in values:
        r = recall(v)
        if r >= WANTED:
            break
    return v, r


def search(run, rows, queries):
    import faiss

    file, said = run.inputs.vectors_file(rows)
    query_file, nq = run.inputs.query_file(40 if run.quick else queries)
    vectors = np.memmap(file, np.float32, "r")[: rows * DIM].reshape(rows, DIM)
    q = np.fromfile(query_file, np.float32, nq * DIM).reshape(nq, DIM)
    log("  exact neighbours")
    truth = Truth(vectors, q)
    faiss.omp_set_num_threads(run.cores)
    chunk = nq // 5
    sides, filtered = [], {p: [] for p in PERCENT}

    worker = run.worker(Worker([run.ours]))
    # The better of two: other machines on the same host take their share.
    speed = worker("bandwidth", mb=1024)["bytes_per_second"]
    flat_args = dict(vectors=file, rows=rows, dim=DIM, queries=query_file, k=K)

    def chunks(round, n):
        """Which n queries are asked in a round."""
        return (round * n) % (nq - n + 1)

    def remote(ask, n=chunk, percent=100):
        """A side that a worker runs: times are taken there, recall over all that it was asked."""

        def prepare(s):
            found = ask(0, n)["ids"]
            s.facts["recall"], s.facts["asked"] = truth.recall(found, percent), n

            def once(round):
                at = chunks(round, n)
                reply = ask(at, n)
                again = truth.recall(reply["ids"], percent, at)
                s.facts["recall"] = (s.facts["recall"] * s.facts["asked"] + again * n) / (s.facts["asked"] + n)
                s.facts["asked"] += n
                return reply["each"]

            return once

        return prepare

    def here(find, s, percent=100):
        """A side that is a function from one query to ids."""
        s.facts["recall"] = truth.recall([find(q[i : i + 1]) for i in range(nq)], percent)

        def once(round):
            at, each = chunks(round, chunk), []
            for i in range(at, at + chunk):
                began = time.perf_counter()
                find(q[i : i + 1])
                each.append(time.perf_counter() - began)
            return each

        return once

    # Ours.
    store = run.work / f"store-{rows}"

    def nearest(s):
        shutil.rmtree(store, ignore_errors=True)
        s.facts["build"] = worker("store.build", dir=store, vectors=file, dim=DIM, rows=rows)["seconds"]
        opened = worker("store.open", dir=store)
        assert opened["passages"] == rows, opened
        s.facts["bytes"] = opened["disk_bytes"] / rows
        return remote(lambda at, n: worker("nearest", queries=query_file, dim=DIM, **{"from": at}, n=n, k=K))(s)

    us = side(sides, "albert-search, Store.Nearest", nearest)
    ours_flat = side(sides, "albert-search, plain scan on all cores", remote(lambda at, n: worker("flat", **flat_args, **{"from": at}, n=n)))
    ours_flat.facts["bytes"] = 4 * DIM

    # FAISS. One flat index refines what the others find.
    log("  FAISS flat")
    flat = faiss.IndexFlatIP(DIM)
    for at in range(0, rows, 50_000):
        flat.add(np.ascontiguousarray(vectors[at : at + 50_000]))

    def faiss_flat(s):
        s.facts["bytes"] = 4 * DIM
        return here(lambda v: flat.search(v, K)[1][0], s)

    fflat = side(sides, "FAISS IndexFlatIP", faiss_flat)

    def refined(make, codes, search_parameters=lambda value: None, values=(None,)):
        """An index whose best K × factor candidates are compared exactly: the least factor that is enough."""

        def prepare(s):
            began = time.perf_counter()
            base = make()
            s.facts["build"] = time.perf_counter() - began
            s.facts["bytes"] = 4 * DIM + codes
            index = faiss.IndexRefine(base, flat)
            s.facts["keep"] = index, base
            best = None
            for value in values:
                def parameters(factor):
                    p = faiss.IndexRefineSearchParameters(k_factor=factor)
                    inner = search_parameters(value)
                    if inner is not None:
                        p.base_index_params = inner
                        p.inner = inner  # keeps it alive
                    return p

                factor, recall = least(
                    (1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 200, 400), lambda f: truth.recall(index.search(q, K, params=parameters(f))[1])
                )
                p = parameters(factor)
                began = time.perf_counter()
                for i in range(chunk):
                    index.search(q[i : i + 1], K, params=p)
                took = time.perf_counter() - began
                if recall >= WANTED and (best is None or took < best[0]):
                    best = took, p, f"{'' if value is None else f'{value}, '}{K * factor:.0f} refined"
            if best is None:
                raise RuntimeError(f"recall@10 stays at {recall:.3f}, below {WANTED}")
            _, p, s.facts["setting"] = best
            return here(lambda v: index.search(v, K, params=p)[1][0], s)

        return prepare

    def rotated(index):
        turn = faiss.RandomRotationMatrix(DIM, DIM)
        turn.init(1)
        return faiss.IndexPreTransform(turn, index)

    def filled(index):
        index.train(np.ascontiguousarray(vectors[: min(rows, 100_000)]))
        for at in range(0, rows, 50_000):
            index.add(np.ascontiguousarray(vectors[at : at + 50_000]))
        return index

    def rabitq():
        return filled(rotated(faiss.IndexRaBitQ(DIM, faiss.METRIC_INNER_PRODUCT)))

    def query_bits(bits, sel=None):
        inner = faiss.RaBitQSearchParameters(qb=bits, sel=sel)
        return wrapped(inner, sel)

    def wrapped(inner, sel=None):
        p = faiss.SearchParametersPreTransform(index_params=inner, sel=sel)
        p.kept = inner
        return p

    rabit = side(sides, "FAISS RaBitQ, rotated, refined", refined(rabitq, DIM / 8 + 8, query_bits, (4, 8)))

    def rabitq_fast():
        return filled(rotated(faiss.IndexRaBitQFastScan(DIM, faiss.METRIC_INNER_PRODUCT)))

    fast = side(sides, "FAISS RaBitQ fast-scan, rotated, refined", refined(rabitq_fast, DIM / 8 + 8))
    cells = int(4 * rows**0.5)

    def rabitq_ivf():
        index = faiss.IndexIVFRaBitQ(faiss.IndexFlatIP(DIM), DIM, cells, faiss.METRIC_INNER_PRODUCT)
        index.own_fields = False
        index.cp.niter = 5
        return filled(rotated(index))

    def probes(n):
        return wrapped(faiss.IVFRaBitQSearchParameters(nprobe=n, qb=8))

    ivf = side(sides, f"FAISS IVF{cells} RaBitQ, rotated, refined", refined(rabitq_ivf, DIM / 8 + 16, probes, tuple(p for p in (16, 32, 64, 128, 256, 512) if p < cells)))

    # hnswlib.
    def hnsw(s):
        import hnswlib

        index = hnswlib.Index("ip", DIM)
        began = time.perf_counter()
        index.init_index(rows, M=16, ef_construction=200, random_seed=1)
        for at in range(0, rows, 50_000):
            index.add_items(vectors[at : at + 50_000], np.arange(at, min(at + 50_000, rows)), num_threads=run.cores)
        s.facts["build"] = time.perf_counter() - began
        s.facts["bytes"] = 4 * DIM + 2 * 16 * 4 + 8

        def recall(ef):
            index.set_ef(ef)
            return truth.recall(index.knn_query(q, K, num_threads=run.cores)[0])

        ef, reached = least((10, 15, 20, 30, 40, 60, 80, 120, 160, 240, 320, 640, 1280), recall)
        if reached < WANTED:
            raise RuntimeError(f"recall@10 stays at {reached:.3f}, below {WANTED}")
        s.facts["setting"] = f"M 16, ef {ef}"
        return here(lambda v: index.knn_query(v, K, num_threads=1)[0][0], s)

    hnsw_side = side(sides, "hnswlib", hnsw)

    def chromem(s):
        peer = run.worker(Worker([run.gopeers()]))
        s.facts["build"] = peer("chromem.open", vectors=file, rows=rows, dim=DIM)["seconds"]
        s.facts["bytes"] = 4 * DIM
        n = max(2, min(chunk, 400_000 // rows))
        return remote(lambda at, n: peer("chromem.query", queries=query_file, dim=DIM, **{"from": at}, n=n, k=K), n)(s)

    chrom = side(sides, "chromem-go", chromem)
    run.interleave(sides, 5)
    speed = max(speed, worker("bandwidth", mb=1024)["bytes_per_second"])

    def bandwidth(s):
        bytes_scanned = {us.name: DIM / 8 + 4, ours_flat.name: 4 * DIM, fflat.name: 4 * DIM, chrom.name: 4 * DIM, rabit.name: DIM / 8 + 8, fast.name: DIM / 8 + 8}.get(s.name)
        return "" if not bytes_scanned else f"{bytes_scanned * rows / s.median / speed:.0%}"

    columns = [
        ("p50", lambda s: duration(s.percentile(50))), ("p99", lambda s: duration(s.percentile(99))),
        ("recall@10", lambda s: f"{s.facts['recall']:.4f}"), ("setting", lambda s: s.facts.get("setting", "")),
        ("build", lambda s: f"{s.facts['build']:.0f} s" if "build" in s.facts else ""),
        ("bytes a vector", lambda s: f"{s.facts['bytes']:.0f}"), ("of the bandwidth", bandwidth),
    ]
    notes = [
        f"Memory bandwidth, sums and dot products on all cores: {speed / 1e9:.1f} GB/s, so that reading all floats takes at least "
        f"{duration(4 * DIM * rows / speed)}, and a bit a dimension {duration(DIM / 8 * rows / speed)}. "
        "The column *of the bandwidth* is what a scan goes through, by that; more than 100 % is read from caches, or in a better moment than the bandwidth was measured in. "
        f"Ours goes through codes of {DIM // 8 + 4} bytes, and then reads the vectors of some hundreds.",
        "One query at a time. FAISS and hnswlib spread queries over cores, not one query: they use one core here. "
        "Bytes a vector of the first side are those on disk, postings and document table included; of the others vectors and codes, as their formats say.",
        f"Settings are the least with recall@10 of {WANTED} over {nq} queries.",
    ]
    million = rows > 100_000
    claims = [claim(f"{rows:,} vectors against our own plain scan", us, [ours_flat], 6), claim(f"{rows:,} vectors against chromem-go", us, [chrom], 20)]
    if hnsw_side.seconds and us.seconds:
        ratio = ratios(hnsw_side, us)["median"]
        if million:
            gained = us.median - hnsw_side.median
            paid = (hnsw_side.facts["build"] - us.facts["build"]) / gained if gained > 0 else float("inf")
            notes.append(f"hnswlib's build has paid, against ours, after {paid:,.0f} queries; we take {ratio:.3g} times its time.")
        else:
            claims.append(bound(f"{rows:,} vectors, our time against hnswlib's", ratio, 2))
    for s in sides:
        s.facts.pop("keep", None)
    tables = [table(f"vectors-{rows}", f"Nearest 10 of {said}", us, sides, columns, notes, claims)]

    # With filters.
    refined_index = None
    if not rabit.error:
        refined_index = faiss.IndexRefine(rabitq(), flat)
    for percent in PERCENT:
        group = filtered[percent]
        keep = kept(rows, percent)
        bits = np.packbits(keep, bitorder="little")
        selector = faiss.IDSelectorBitmap(rows, faiss.swig_ptr(bits))

        mine = side(group, "albert-search, Store.Nearest", remote(
            lambda at, n, p=percent: worker("nearest", queries=query_file, dim=DIM, **{"from": at}, n=n, k=K, percent=p), percent=percent))

        def flat_selected(s):
            p = faiss.SearchParameters(sel=selector)
            return here(lambda v: flat.search(v, K, params=p)[1][0], s, percent)

        def rabitq_selected(s):
            if refined_index is None:
                raise RuntimeError(rabit.error)

            def parameters(factor):
                inner = query_bits(8, selector)
                p = faiss.IndexRefineSearchParameters(k_factor=factor, base_index_params=inner)
                p.inner = inner
                return p

            factor, recall = least((1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 200), lambda f: truth.recall(
                [refined_index.search(q[i : i + 1], K, params=parameters(f))[1][0] for i in range(nq)], percent))
            if recall < WANTED:
                raise RuntimeError(f"recall@10 stays at {recall:.3f}, below {WANTED}")
            s.facts["setting"] = f"{K * factor:.0f} refined"
            p = parameters(factor)
            return here(lambda v: refined_index.search(v, K, params=p)[1][0], s, percent)

        peers = [
            side(group, "FAISS IndexFlatIP, IDSelectorBitmap", flat_selected),
            side(group, "FAISS RaBitQ, refined, IDSelectorBitmap", rabitq_selected),
        ]
        run.interleave(group, 5)
        factor = {1: 2, 10: 5, 50: 5}[percent]
        tables.append(table(
            f"filter-{rows}-{percent}", f"The same with a filter that keeps {percent} %", mine, group, columns[:4],
            claims=[
                claim(f"{rows:,} vectors, filter of {percent} %, against FAISS IndexFlatIP", mine, peers[:1], factor),
                claim(f"{rows:,} vectors, filter of {percent} %, against the best of FAISS", mine, peers, factor),
                bound(f"{rows:,} vectors, recall lost by the filter of {percent} %", round(us.facts.get("recall", 0) - mine.facts.get("recall", 0), 6), 0),
            ],
        ))
    return tables
