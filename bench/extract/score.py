"""Scores what the program, and with PEERS=1 peers, read: score.py RUN SUITE...

RUN is a folder with SUITE.jsonl of the program. The figures are printed and go to
RUN/scores.json; RUN/SUITE.detail.json says what is wrong with which file. Files
of a suite that were not read are left out.

Furniture, which is marked in the text, counts for recall and not for precision;
"furniture" is the share of a reference's words that are marked so.
"""
import functools
import html
import importlib.util
import json
import os
import pathlib
import random
import re
import subprocess
import sys
import unicodedata
from collections import Counter, defaultdict

from common import DATA, EXT, PEERS, SUITES, joined, load_jsonl, mean, peer_texts, prf, words

ME = "albert-search"
RUN = sys.argv[1]
TOOL = RUN + "/exttool"
WITH_PEERS = bool(os.environ.get("PEERS"))
SCORES = {}


@functools.cache
def ours(suite):
    """What the program read, by path, with "unmarked": the body without furniture."""
    out = {}
    for o in load_jsonl(f"{RUN}/{suite}.jsonl"):
        o["unmarked"] = without(o["body"], o.get("furniture") or [])
        out[o["path"]] = o
    return out


def without(body, spans):
    """A text without some byte ranges."""
    if not spans:
        return body
    b, kept, at = body.encode("utf8", "surrogatepass"), [], 0
    for x in spans:
        kept.append(b[at:x["start"]])
        at = x["end"]
    return b"".join(kept + [b[at:]]).decode("utf8", "surrogatepass")


def meta(suite):
    read_files = ours(suite)
    return [e for e in json.loads(read(f"{DATA}/{suite}/meta.json")) if e["path"] in read_files]


def readers(suite):
    d = f"{PEERS}/{suite}"
    return [ME] + (sorted(f[:-6] for f in os.listdir(d) if f.endswith(".jsonl")) if WITH_PEERS and os.path.isdir(d) else [])


def texts(suite, who):
    return {p: o["body"] for p, o in ours(suite).items()} if who == ME else peer_texts(suite, who)


def unmarked(suite, who):
    return {p: o["unmarked"] for p, o in ours(suite).items()} if who == ME else peer_texts(suite, who)


def marked_share(ref, every, plain):
    """The share of a reference's words that are there only as furniture."""
    if not ref:
        return None
    ref = Counter(ref)
    return (sum((ref & Counter(every)).values()) - sum((ref & Counter(plain)).values())) / sum(ref.values())


def harmonic(p, r):
    return 2 * p * r / (p + r) if p and r else 0.0


def read(path):
    with open(path, encoding="utf8") as f:
        return f.read()


def load_module(path, name):
    """A suite's own scorer."""
    spec = importlib.util.spec_from_file_location(name, path)
    m = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(m)
    return m


def row(suite, who, **k):
    SCORES.setdefault(suite, {})[who] = k
    print(f"{suite:24} {who:20} " + "  ".join(f"{a}={b:.3f}" if isinstance(b, float) else f"{a}={b}" for a, b in k.items()), flush=True)


def detail(name, obj):
    with open(f"{RUN}/{name}.detail.json", "w", encoding="utf8", errors="surrogatepass") as f:
        json.dump(obj, f, ensure_ascii=False, indent=1)


def squeezed(s):
    return re.sub(r"\s+", " ", s).strip()


# --- HTML

def aeb():
    """By the suite's own scorer, and the predictions that it has of other readers."""
    at = SUITES + "/scrapinghub_article-extraction-benchmark"
    ev = load_module(at + "/evaluate.py", "aeb_evaluate")
    ids = {e["path"]: e["id"] for e in meta("aeb")}
    truth = {k: v for k, v in json.loads(read(at + "/ground-truth.json")).items() if k in ids.values()}
    predicted = lambda t: {ids[p]: {"articleBody": x} for p, x in t.items() if p in ids}
    worst = []
    for who in readers("aeb"):
        every, plain = predicted(texts("aeb", who)), predicted(unmarked("aeb", who))
        p, r = ev.evaluate(truth, plain, 2)["precision"], ev.evaluate(truth, every, 2)["recall"]
        shares = [marked_share(words(truth[k]["articleBody"]), words(every[k]["articleBody"]), words(plain[k]["articleBody"])) for k in truth]
        row("aeb", who, n=len(truth), precision=p, recall=r, f1=harmonic(p, r), furniture=mean(shares))
        if who == ME:
            for k, share in zip(truth, shares):
                recall = ev.recall_score(*ev.string_shingle_matching(truth[k]["articleBody"], every[k]["articleBody"]))
                precision = ev.precision_score(*ev.string_shingle_matching(truth[k]["articleBody"], plain[k]["articleBody"]))
                worst.append((recall, precision, share, k, truth[k].get("url", "")))
    if WITH_PEERS:
        for name in ("go_readability_fork", "go_trafilatura", "rs_trafilatura", "readability_js", "html-text"):
            pred, version = ev.load_prediction(pathlib.Path(f"{at}/output/{name}.json"))
            m = ev.evaluate(truth, pred, 2)
            row("aeb", f"{name} {version}", precision=m["precision"], recall=m["recall"], f1=m["f1"])
    detail("aeb", sorted(worst))


def wcxb_dev():
    """By the suite's own scorer; by kind of page; its sentences that must and must not be there."""
    ms = meta("wcxb-dev")
    ev = load_module(SUITES + "/Murrough-Foley_web-content-extraction-benchmark/evaluate.py", "wcxb_evaluate")
    for who in readers("wcxb-dev"):
        t, u = texts("wcxb-dev", who), unmarked("wcxb-dev", who)
        by, det = defaultdict(list), []
        for e in ms:
            x, plain = t.get(e["path"], ""), u.get(e["path"], "")
            p, r = ev.word_f1(plain, e["ref"])[0], ev.word_f1(x, e["ref"])[1]
            f, share = harmonic(p, r), marked_share(words(e["ref"]), words(x), words(plain))
            v = p, r, f, ev.snippet_check(x, e["with"]), ev.snippet_check(plain, e["without"]) if e["without"] else None, share
            by["all"].append(v)
            by[e["type"]].append(v)
            if e["type"] != "article":
                by["no article"].append(v)
            det.append({"id": e["id"], "type": e["type"], "precision": p, "recall": r, "f1": f, "with": v[3], "without": v[4], "furniture": share, "ref": len(e["ref"]), "got": len(x)})
        for k in ["all", "article", "no article", "product", "forum", "documentation", "listing", "collection", "service"]:
            v = by[k]
            if not v:
                continue
            row(f"wcxb-dev {k}", who, n=len(v), precision=mean([x[0] for x in v]), recall=mean([x[1] for x in v]), f1=mean([x[2] for x in v]),
                with_=mean([x[3] for x in v]), without=mean([x[4] for x in v]), furniture=mean([x[5] for x in v]), below_half=sum(x[1] < .5 for x in v))
        if who == ME:
            detail("wcxb-dev", sorted(det, key=lambda x: x["recall"]))


def traf():
    """Sentences that must and must not be there, as trafilatura's own tests count them."""
    ms = meta("traf")
    for who in readers("traf"):
        t, u = texts("traf", who), unmarked("traf", who)
        tp = fn = fp = tn = 0
        det = []
        for e in ms:
            x, plain = squeezed(t.get(e["path"], "")), squeezed(u.get(e["path"], ""))
            a = [squeezed(c) in x for c in e["with"]]
            b = [squeezed(c) in plain for c in e["without"]]
            tp, fn, fp, tn = tp + sum(a), fn + len(a) - sum(a), fp + sum(b), tn + len(b) - sum(b)
            det.append((sum(a) / len(a), sum(b) / len(b), os.path.basename(e["path"]), [c for c, h in zip(e["with"], a) if not h]))
        row("traf", who, precision=tp / (tp + fp), recall=tp / (tp + fn), f1=2 * tp / (2 * tp + fp + fn), without_found=fp / (fp + tn))
        if who == ME:
            detail("traf", sorted(det)[:80])


def mozread():
    """Words of the expected page of Mozilla's tests."""
    from inscriptis import get_text
    ms = meta("mozread")
    ref = {e["path"]: words(get_text(read(e["expected"]))) for e in ms}
    for who in readers("mozread"):
        t, u = texts("mozread", who), unmarked("mozread", who)
        det = []
        for e in ms:
            want, every, plain = ref[e["path"]], words(t.get(e["path"], "")), words(u.get(e["path"], ""))
            det.append((prf(want, every)[0], prf(want, plain)[1], marked_share(want, every, plain), e["id"]))
        row("mozread", who, n=len(det), precision=mean([x[1] for x in det]), recall=mean([x[0] for x in det]), furniture=mean([x[2] for x in det]), below_half=sum(x[0] is not None and x[0] < .5 for x in det))
        if who == ME:
            detail("mozread", sorted(det, key=lambda x: (x[0] is None, x[0] or 0))[:40])


def visible(suite):
    """The share of the visible words that are not navigation (lynx without it) that is kept."""
    base = {p: words(t) for p, t in peer_texts(suite, "lynx_nonav").items()}
    kept = [e for e in meta(suite) if len(base.get(e["path"], ())) >= 30]
    for who in readers(suite):
        if who in ("lynx", "lynx_nonav"):
            continue
        t, u = texts(suite, who), unmarked(suite, who)
        det, by = [], defaultdict(list)
        for e in kept:
            want, every, plain = base[e["path"]], words(t.get(e["path"], "")), words(u.get(e["path"], ""))
            r, p = prf(want, every)[0], prf(want, plain)[1]
            det.append((r, p, e["id"], e["type"], (Counter(want) - Counter(every)).most_common(10)))
            by[e["type"]].append(r)
            if e["type"] != "article":
                by["no article"].append(r)
        row(suite + " visible", who, n=len(det), recall=mean([x[0] for x in det]), no_article=mean(by.pop("no article", [])), precision=mean([x[1] for x in det]),
            below_half=sum(x[0] < .5 for x in det), **{k: mean(v) for k, v in sorted(by.items())})
        if who == ME:
            detail(f"{suite}.visible", sorted(det, key=lambda x: x[0]))


# What lynx writes and no page has: bullets of nested lists, the target of a redirection, names of picture files.
LYNX_ALONE = re.compile(r"(?m)^\s*[o+*#@] |^\s*REFRESH\(.*$|\[[\w.-]+\.(?:png|gif|jpe?g|svg)\]")


def manuals():
    """The share of the words that lynx shows of the pages of manuals, as text or furniture; by package."""
    base = {p: words(LYNX_ALONE.sub(" ", t)) for p, t in peer_texts("manuals", "lynx").items()}
    by, det = defaultdict(list), []
    for e in meta("manuals"):
        o, want = ours("manuals")[e["path"]], base[e["path"]]
        if len(want) < 10:
            continue
        every, plain = words(o["body"]), words(o["unmarked"])
        r, share = prf(want, every)[0], marked_share(want, every, plain)
        for k in ("all", e["set"]):
            by[k].append((r, share))
        det.append({"kept": r, "furniture": share, "file": e["id"], "words": len(want), "missing": (Counter(want) - Counter(every)).most_common(15), "error": o.get("error", "")})
    for k, v in sorted(by.items()):
        row("manuals " + k, ME, n=len(v), kept=mean([x[0] for x in v]), worst=min(x[0] for x in v), below90=sum(x[0] < .9 for x in v), furniture=mean([x[1] for x in v]))
    detail("manuals", sorted(det, key=lambda x: x["kept"]))


def glue():
    """Words of the program on WCXB's pages that are two neighbouring words to inscriptis."""
    other = peer_texts("wcxb-dev", "inscriptis")
    glued = pages = total = 0
    det = []
    for p, x in ours("wcxb-dev").items():
        seq = words(other.get(p, ""))
        known, pairs = set(seq), {u + v for u, v in zip(seq, seq[1:])}
        ws = words(x["body"])
        g = [w for w in ws if w not in known and w in pairs and len(w) > 4 and not any(c.isdigit() for c in w)]
        total, glued, pages = total + len(ws), glued + len(g), pages + bool(g)
        det += [(os.path.basename(p), w) for w in g[:3]]
    row("wcxb-dev glue", ME, glued=glued, pages=pages, words=total)
    detail("wcxb-dev.glue", det)


# --- encodings

# Tables of the same character set (Python's, Microsoft's, WHATWG's) differ in these: no matter of detection.
ALIKE = {0xff5e: 0x301c, 0xff0d: 0x2212, 0x2225: 0x2016, 0xffe0: 0xa2, 0xffe1: 0xa3, 0xffe2: 0xac, 0x2015: 0x2014, 0xff3c: 0x5c, 0x30fb: 0xb7, 0x2027: 0xb7,
         0x22ef: 0x2026, 0xa5: 0x5c, 0x203e: 0x7e, 0xffe3: 0xaf, 0xa6: 0xffe4, 0x2022: 0xb7, 0x2500: 0x2014, 0x2574: 0xff3f, 0x02cd: 0xff3f, 0xff0f: 0x2f, 0x2215: 0x2f}
# Labels by Python's names; None: it has no such codec, so that the file is left out.
CODECS = {"iso-8859-8-i": "iso-8859-8", "maccyrillic": "mac_cyrillic", "mac-cyrillic": "mac_cyrillic", "x-mac-cyrillic": "mac_cyrillic", "macroman": "mac_roman",
          "mac-centraleurope": "mac_latin2", "windows-1252": "cp1252", "uhc": "cp949", "euc-tw": None, "viscii": None, "georgian-academy": None, "georgian-ps": None}


def canonical(s):
    """No byte order mark, line ends alike, controls as spaces, as the program has them."""
    s = s.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n").translate(ALIKE)
    return re.sub(r"[\x00-\x07\x0e-\x19\x1c-\x1f\x7f]", " ", s)


def enc():
    """Files whose text is what Python's codec of the right name makes of them."""
    ms = meta("enc")
    ref = {}
    for e in ms:
        codec = CODECS.get(e["label"].lower(), e["label"].lower())
        if codec:
            with open(e["path"], "rb") as f:
                b = f.read()
            try:
                ref[e["path"]] = canonical(b.decode(codec, "replace"))
            except LookupError:
                print("no codec", codec, file=sys.stderr)
    bare = lambda s: squeezed(s.replace("\ufffd", ""))
    for who in readers("enc"):
        if who == ME:
            o = ours("enc")
            got = {p: canonical(x["body"]) for p, x in o.items()}
            name = {p: "ERROR " + x["error"] if x.get("error") else (x.get("metadata") or {}).get("charset", "utf-8") for p, x in o.items()}
        else:
            t = peer_texts("enc", who)
            got = {p: canonical(x.split("\0", 1)[-1]) for p, x in t.items()}
            name = {p: x.split("\0", 1)[0] for p, x in t.items()}
        same, near, wrong = defaultdict(list), defaultdict(list), []
        for e in ms:
            p = e["path"]
            if p not in ref:
                continue
            r, x = ref[p], got.get(p, "")
            ok = x == r or bare(x) == bare(r)
            recall, _ = prf(words(r), words(x))
            for k in ("all", e["set"]):
                same[k].append(float(ok))
                near[k].append(float(ok or recall is None or recall >= .98))
            if not ok:
                wrong.append({"file": os.path.relpath(e["orig"], SUITES), "is": e["label"], "taken_for": name.get(p), "recall": recall})
        for k in ("all", "chardet", "uchardet", "char-dataset"):
            row("enc " + k, who, n=len(same[k]), identical=mean(same[k]), words98=mean(near[k]))
        if who == ME:
            detail("enc", wrong)


# --- several readers in place of a reference

def second(counters):
    """The words that at least two of some texts have, as often as the second one has them."""
    out = Counter()
    for w in set().union(*counters):
        n = sorted((c[w] for c in counters), reverse=True)[1]
        if n > 0:
            out[w] = n
    return out


def cprf(ref, got):
    n, a, b = sum((ref & got).values()), sum(ref.values()), sum(got.values())
    return (n / a if a else None), (n / b if b else None), n, a, b


# --- DOCX

def docx():
    ms, o = meta("docx"), ours("docx")
    voters = [ME, "pandoc", "docx2txt", "mammoth", "python_docx"]
    count = lambda ts: {p: Counter(words(t)) for p, t in ts.items()}
    counted = {w: count(texts("docx", w)) for w in dict.fromkeys(voters + readers("docx"))}
    plain = count(unmarked("docx", ME))
    golden = {}  # of pandoc's own tests: trees, looked through by its makers
    for n in {e["native"] for e in ms if e["native"]}:
        golden[n] = Counter(words(subprocess.run(["pandoc", "-f", "native", "-t", "plain", "--wrap=none", n], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.decode()))
    det = []
    for who in readers("docx"):
        recalls, total = defaultdict(list), defaultdict(lambda: [0, 0, 0, 0])
        for e in ms:
            p = e["path"]
            got = counted[who].get(p, Counter())
            refs = {"pandoc": counted["pandoc"][p], "docx2txt": counted["docx2txt"][p], "two of the others": second([counted[v].get(p, Counter()) for v in voters if v != who])}
            if e["native"]:
                refs["golden"] = golden[e["native"]]
            for k, ref in refs.items():
                if k == who:
                    continue
                r, _, n, a, _ = cprf(ref, got)
                wanted, read_words = cprf(ref, plain.get(p, Counter()) if who == ME else got)[2::2]
                total[k][2] += read_words
                total[k][3] += wanted if a else 0
                if a:
                    recalls[k].append(r)
                    total[k][0] += n
                    total[k][1] += a
                    if who == ME and k != "docx2txt" and r < 1:
                        det.append({"recall": r, "against": k, "file": os.path.relpath(p, SUITES), "words": a, "missing": dict((ref - got).most_common(12)), "error": o[p].get("error", ""), "note": o[p].get("note", "")})
        for k in ("pandoc", "docx2txt", "two of the others"):
            if recalls[k]:
                n, a, b, wanted = total[k]
                row("docx vs " + k, who, n=len(recalls[k]), recall=mean(recalls[k]), recall_words=n / a, precision_words=wanted / max(1, b), below90=sum(r < .9 for r in recalls[k]))
        row("docx golden", who, n=len(recalls["golden"]), recall=mean(recalls["golden"]), below90=sum(r < .9 for r in recalls["golden"]))
    detail("docx", sorted(det, key=lambda x: x["recall"]))


# --- Markdown

def analyzed(ts):
    """What the program's keyword index makes of texts: words and terms."""
    r = subprocess.run([TOOL, "tokens"], input="\n".join(json.dumps({"text": t}) for t in ts).encode(), stdout=subprocess.PIPE, check=True).stdout.decode()
    return [json.loads(x) for x in r.split("\n") if x]


def passages(o):
    return "\n".join(x["match"] for x in o.get("passages") or [])


def shown(source):
    """The words that HTML shows."""
    import lxml.html
    try:
        d = lxml.html.fromstring("<div>" + re.sub(r"(?i)</?(p|br|li|td|th|tr|h\d|pre|blockquote|hr|dt|dd|div|table|ul|ol|sup)\b", lambda m: " " + m.group(0), source) + "</div>")
        for x in d.xpath("//comment()|//script|//style|//*[@class='footnote-backref']"):
            x.drop_tree()
        return "".join(d.itertext())
    except Exception:
        return re.sub(r"<[^>]*>", " ", source)


def md():
    """Words of the HTML of the examples in specifications, as the keyword index has them."""
    ms, o = meta("md"), ours("md")
    got = analyzed([passages(o[e["path"]]) + "\n" + "\n".join(" ".join(x.get("heading") or []) for x in o[e["path"]].get("passages") or []) for e in ms])
    want = analyzed([shown(e["html"]) for e in ms])
    by, lost, junk = defaultdict(Counter), [], Counter()
    for e, g, w in zip(ms, got, want):
        a, b = Counter(t for t in w["tokens"] or [] if re.search(r"\w", t)), Counter(g["tokens"] or [])
        missing, extra = a - b, Counter({t: n for t, n in (b - a).items() if re.search(r"[^\W_]", t)})
        terms = sorted(t for t in set(w["terms"] or []) - set(g["terms"] or []) if re.search(r"[^\W_]", t))
        for k in ("all", e["set"]):
            by[k].update(examples=1, words=sum(a.values()), missing=sum(missing.values()), extra=sum(extra.values()), lost=int(bool(terms)))
        if terms:
            lost.append({"set": e["set"], "n": e["n"], "section": e["section"], "md": read(e["path"]), "missing": dict(missing), "terms": terms})
        junk.update(extra.keys())
    for k, v in by.items():
        row("md " + k, ME, examples=v["examples"], words=v["words"], word_recall=1 - v["missing"] / max(1, v["words"]), examples_with_a_term_lost=v["lost"], extra_tokens=v["extra"])
    detail("md", {"lost": lost, "junk": junk.most_common(60)})


def mdreal():
    """Words of pandoc's plain text of the files, as the keyword index has them."""
    ms, o, ref = meta("mdreal"), ours("mdreal"), peer_texts("mdreal", "pandoc_gfm")
    got, want = analyzed([o[e["path"]].get("norm") or "" for e in ms]), analyzed([ref[e["path"]] for e in ms])
    n = na = nb = 0
    recalls, glued, det = [], Counter(), []
    for e, g, w in zip(ms, got, want):
        a, b = (Counter(t for t in x["tokens"] or [] if re.search(r"[^\W_]", t)) for x in (w, g))
        same = sum((a & b).values())
        n, na, nb = n + same, na + sum(a.values()), nb + sum(b.values())
        if a:
            recalls.append(same / sum(a.values()))
            det.append((recalls[-1], os.path.relpath(e["path"], SUITES), (a - b).most_common(8)))
        for t, c in b.items():
            if re.match(r"^_+[^\W_]|.*[^\W_]_+$", t) and t.strip("_") in a and t not in a:
                glued[t] += c
    row("mdreal", ME, n=len(recalls), word_recall=n / na, markup_share=1 - n / nb, mean_recall=mean(recalls), files_below_98=sum(r < .98 for r in recalls), glued_underscores=sum(glued.values()))
    detail("mdreal", {"worst": sorted(det)[:25], "glued": glued.most_common(40)})


# --- PDF

def bigrams(ws):
    return [a + " " + b for a, b in zip(ws, ws[1:])]


def pdf_texts(suite, who):
    """The program's normalized, and the peers' with words joined, which the program does itself."""
    return {p: x["norm"] for p, x in ours(suite).items()} if who == ME else {p: joined(t) for p, t in peer_texts(suite, who).items()}


def plain_pdf_texts(suite, who):
    """The same without furniture."""
    return {p: x.get("plain") or (x["norm"] if not x.get("furniture") else "") for p, x in ours(suite).items()} if who == ME else pdf_texts(suite, who)


def pairs_of(every, plain):
    """Neighbouring words, of the text as it is and of that without furniture, which passages have."""
    a = Counter(bigrams(every))
    return a if every == plain else a | Counter(bigrams(plain))


def cpairs(ref, got):
    return sum((ref & got).values()) / sum(ref.values()) if ref else None


def pdfref():
    """Against texts that the makers of the files or of the suites have beside the PDFs."""
    from rapidfuzz.distance import Indel
    ms, o = meta("pdfref"), ours("pdfref")
    flat = lambda s: squeezed(unicodedata.normalize("NFKC", s))
    ref = {}
    for e in ms:
        with open(e["ref"], encoding="utf8", errors="replace") as f:
            r = joined(f.read().replace("\ufeff", ""))
        ref[e["path"]] = html.unescape(re.sub(r"<!--.*?-->", "", r, flags=re.S)).replace("\\_", "_") if e.get("markdown") else r
    det = []
    for who in readers("pdfref"):
        t, u, by = pdf_texts("pdfref", who), plain_pdf_texts("pdfref", who), defaultdict(list)
        for e in ms:
            p = e["path"]
            rw, gw, pw = words(ref[p]), words(t.get(p, "")), words(u.get(p, ""))
            if not rw:
                continue
            recall, precision, share = prf(rw, gw)[0], prf(rw, pw)[1], marked_share(rw, gw, pw)
            pairs = cpairs(Counter(bigrams(rw)), pairs_of(gw, pw))
            a, b = flat(ref[p]), flat(u.get(p, ""))
            ratio = Indel.normalized_similarity(a, b) if len(a) < 260000 else None
            by[e["set"]].append((recall, precision, pairs, ratio, share))
            if who == ME:
                det.append({"set": e["set"], "file": os.path.relpath(p, EXT), "recall": recall, "precision": precision, "bigrams": pairs, "ratio": ratio, "furniture": share, "words": len(rw),
                            "missing": (Counter(rw) - Counter(gw)).most_common(12), "extra": (Counter(pw) - Counter(rw)).most_common(8), "error": o[p].get("error", "")})
        for k, v in by.items():
            row("pdfref " + k, who, n=len(v), recall=mean([x[0] for x in v]), precision=mean([x[1] for x in v]), bigrams=mean([x[2] for x in v]), ratio=mean([x[3] for x in v]),
                furniture=mean([x[4] for x in v]))
    detail("pdfref", sorted(det, key=lambda x: x["recall"]))


def pdfmany():
    """No golden text: the words, and pairs of words, that at least two of the other readers have."""
    ms, o = meta("pdfmany"), ours("pdfmany")
    voters = [ME, "pdftotext", "mutool", "pypdf", "pdfminer"]
    scored = [ME] + [w for w in voters[1:] + ["pdfium"] if w in readers("pdfmany")]
    t, plain = {w: pdf_texts("pdfmany", w) for w in dict.fromkeys(voters + scored)}, plain_pdf_texts("pdfmany", ME)
    by, total, det = {w: defaultdict(list) for w in scored}, {w: [0, 0, 0, 0] for w in scored}, []
    # Three of the others write right-to-left text backwards, so that nothing can be said of it.
    rtl = {p for p, x in t[ME].items() if len(re.findall("[\u0590-\u08ff]", x)) > len(x) / 5}
    for e in ms:
        p = e["path"]
        ws = {w: words(x.get(p, "")) for w, x in t.items()}
        if max(len(x) for x in ws.values()) > 300000:
            continue
        single, double = {w: Counter(x) for w, x in ws.items()}, {w: Counter(bigrams(x)) for w, x in ws.items()}
        plain_words = words(plain.get(p, ""))
        double[ME] = pairs_of(ws[ME], plain_words)
        for w in scored:
            # The program and its bare engine are no witnesses for each other.
            others = [v for v in voters if v != w and not (w == "pdfium" and v == ME)]
            ref = second([single[v] for v in others])
            if sum(ref.values()) < 10:
                continue
            r, precision, n, a, _ = cprf(ref, single[w])
            share = None
            if w == ME:
                precision, share = cprf(ref, Counter(plain_words))[1], marked_share(ref, ws[ME], plain_words)
            pairs, _, bn, ba, _ = cprf(second([double[v] for v in others]), double[w])
            for k in ("all", e["set"]) + (() if p in rtl else ("left to right",)):
                by[w][k].append((r, precision or 0, pairs, r < .9, share))
            total[w] = [x + y for x, y in zip(total[w], (n, a, bn, ba))]
            if w == ME and (r < .98 or ba and pairs < .9):
                det.append({"file": os.path.relpath(p, SUITES), "recall": r, "precision": precision, "bigrams": pairs, "words": a, "missing": (ref - single[w]).most_common(10),
                            "extra": (single[w] - sum((single[v] for v in others), Counter())).most_common(8), "error": o[p].get("error", ""), "note": o[p].get("note", "")})
    for k in ["all", "left to right"] + sorted({e["set"] for e in ms}):
        for w in scored:
            v, n = by[w][k], total[w]
            if v:
                row("pdfmany " + k, w, n=len(v), recall=mean([x[0] for x in v]), precision=mean([x[1] for x in v]), bigrams=mean([x[2] for x in v]), below90=sum(x[3] for x in v), furniture=mean([x[4] for x in v]),
                    **({"recall_words": n[0] / n[1], "bigrams_words": n[2] / n[3]} if k == "all" else {}))
    detail("pdfmany.rtl", sorted(os.path.relpath(p, SUITES) for p in rtl))
    detail("pdfmany", sorted(det, key=lambda x: x["recall"]))


def olmocr():
    """olmOCR's tests that a sentence is there, or before another one; of PDFs that have text."""
    from rapidfuzz import fuzz
    at = SUITES + "/allenai_olmocr/olmocr/bench/sample_data/"
    tests = [json.loads(x) for x in read(at + "dataset.jsonl").split("\n") if x.strip()]
    plain = lambda s: squeezed(unicodedata.normalize("NFKC", s)).replace("\u2019", "'")
    for who in readers("pdfmany"):
        t = pdf_texts("pdfmany", who)
        ok, n, lost = Counter(), Counter(), []
        for q in tests:
            x = plain(t.get(at + "pdfs/" + q["pdf"], ""))
            if len(x) < 40 or q["type"] not in ("present", "order"):
                continue

            def place(s):
                need = 1 - q.get("max_diffs", 0) / max(1, len(s))
                a = fuzz.partial_ratio_alignment(plain(s), x)
                return a.dest_start if a and a.score / 100 >= need - 1e-9 else -1
            r = place(q["text"]) >= 0 if q["type"] == "present" else 0 <= place(q["before"]) < place(q["after"])
            n[q["type"]] += 1
            ok[q["type"]] += r
            if not r:
                lost.append(q["id"])
        row("olmocr", who, present=f"{ok['present']}/{n['present']}", order=f"{ok['order']}/{n['order']}")
        if who == ME:
            detail("olmocr", lost)


def outlines(suite):
    """Where the entries of PDF outlines are put."""
    letters = lambda s: re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", s)).casefold()
    t = Counter(entries=0, found=0, there_but_for_case_space_punctuation=0, not_on_page=0, same_place_as_the_one_before=0)
    for o in ours(suite).values():
        if o.get("type") != "pdf" or not o.get("headings"):
            continue
        b, pages, starts = o["body"].encode("utf8", "surrogatepass"), o["pages"], [h["start"] for h in o["headings"]]
        for h in o["headings"]:
            t["entries"] += 1
            if b[h["start"]:].decode("utf8", "replace").startswith(h["text"]):
                t["found"] += 1
                continue
            g = max((j for j, p in enumerate(pages) if p <= h["start"]), default=0)
            q, page = letters(h["text"]), letters(b[pages[g]: pages[g + 1] if g + 1 < len(pages) else len(b)].decode("utf8", "replace"))
            t["there_but_for_case_space_punctuation" if q and q in page else "not_on_page"] += 1
        t["same_place_as_the_one_before"] += sum(c <= a for a, c in zip(starts, starts[1:]))
    row("outlines " + suite, ME, **t)


# --- passages

def split():
    """What must hold of passages, in some documents of each kind and in all, of the suites that were read."""
    pool = []
    for suite, n in (("pdfref", 40), ("pdfmany", 40), ("aeb", 30), ("nonart", 15), ("docx", 25), ("mdreal", 30), ("enc", 20), ("manuals", 30)):
        if not os.path.exists(f"{RUN}/{suite}.jsonl"):
            continue
        d = [x for x in ours(suite).values() if not x.get("error")]
        some = sorted(d, key=lambda x: x["path"])
        random.Random(1).shuffle(some)  # the same choice in each run
        some.sort(key=lambda x: len(x.get("passages") or []) <= 1)
        pool += [("200", x) for x in some[:n]] + [("all", x) for x in d]
    for k in ("200", "all"):
        for kind in ("every", "pdf", "html", "docx", "markdown", "text"):
            t, docs = Counter(), [x for a, x in pool if a == k and kind in ("every", x["type"])]
            for x in docs:
                n = len(x.get("passages") or [])
                t.update(passages=n, paged=n if x.get("pages") else 0, headed=n if x.get("headings") else 0)
                t.update(x["check"])
            if docs:
                row(f"split {k} {kind}", ME, docs=len(docs), **t)
    bad = ("uncovered", "cut_words", "wrong_page", "wrong_line", "over_budget", "out_of_order", "mixed")
    detail("split", [(os.path.relpath(x["path"], EXT), x["check"]) for k, x in pool if k == "all" and any(x["check"][b] for b in bad)])


SCORERS = {"aeb": [aeb], "wcxb-dev": [wcxb_dev, lambda: visible("wcxb-dev"), glue], "traf": [traf], "mozread": [mozread], "nonart": [lambda: visible("nonart")], "manuals": [manuals],
           "enc": [enc], "docx": [docx], "md": [md], "mdreal": [mdreal], "pdfref": [pdfref, lambda: outlines("pdfref")], "pdfmany": [pdfmany, olmocr, lambda: outlines("pdfmany")]}
for s in sys.argv[2:]:
    for f in SCORERS[s]:
        f()
split()
with open(f"{RUN}/scores.json", "w") as f:
    json.dump(SCORES, f, ensure_ascii=False)
