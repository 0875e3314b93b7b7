"""Lays the files of suites out, with a list of them: prepare.py SUITE...

data/SUITE/list.txt has the paths, meta.json what is known of each file.
What is there already is kept.
"""
import glob
import gzip
import json
import os
import re
import shutil
import sys

from common import DATA, EXT, SUITES

DEB = EXT + "/deb/x/usr/share"
AEB = SUITES + "/scrapinghub_article-extraction-benchmark"
WCXB = SUITES + "/Murrough-Foley_web-content-extraction-benchmark"
READABILITY = SUITES + "/mozilla_readability/test/test-pages"
MARKITDOWN = SUITES + "/microsoft_markitdown/packages"
MARKITDOWN_FILES = MARKITDOWN + "/markitdown/tests/test_files/"
DOCLING = SUITES + "/docling-project_docling/tests/data"
PYPDF = SUITES + "/py-pdf_pypdf/resources/"


def found(pattern):
    return sorted(glob.glob(pattern, recursive=True))


def name(path):
    return os.path.basename(path)


def folder(path):
    return name(os.path.dirname(path))


def gunzip(src, dst):
    os.makedirs(os.path.dirname(dst), exist_ok=True)
    if not os.path.exists(dst):
        with gzip.open(src) as a, open(dst, "wb") as b:
            shutil.copyfileobj(a, b)
    return dst


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf8", newline="") as f:
        f.write(text)
    return path


def read(path):
    with open(path, encoding="utf8") as f:
        return f.read()


# --- HTML

def aeb():
    for p in found(AEB + "/html/*.html.gz"):
        i = name(p).split(".")[0]
        yield {"path": gunzip(p, f"{DATA}/aeb/{i}.html"), "id": i}


def wcxb_dev():
    for p in found(WCXB + "/dev/ground-truth/*.json"):
        d = json.loads(read(p))
        i, g, t = name(p)[:-5], d["ground_truth"], d.get("_internal", {}).get("page_type", {})
        t = t.get("primary", "article") if isinstance(t, dict) else t
        h = f"{WCXB}/dev/html/{i}.html.gz"
        if os.path.exists(h):
            yield {"path": gunzip(h, f"{DATA}/wcxb-dev/{i}.html"), "id": i, "type": "collection" if t == "category" else t,
                   "ref": g.get("main_content") or "", "with": g.get("with") or [], "without": g.get("without") or []}


def traf():
    tests = SUITES + "/adbar_trafilatura/tests"
    for url, d in json.loads(read(tests + "/evaldata.json")).items():
        for p in (f"{tests}/cache/{d['file']}", f"{tests}/eval/{d['file']}"):
            if os.path.exists(p):
                yield {"path": p, "id": url, "with": d["with"], "without": d["without"]}
                break


def mozread():
    for p in found(READABILITY + "/*/source.html"):
        yield {"path": p, "id": folder(p), "expected": os.path.dirname(p) + "/expected.html"}


def nonart():
    """Pages that are no articles, from four sources, a few of each kind."""
    dev = json.loads(read(f"{DATA}/wcxb-dev/meta.json"))
    for t, n in (("product", 4), ("forum", 4), ("documentation", 3), ("listing", 2), ("collection", 2), ("service", 3)):
        pages = [e for e in dev if e["type"] == t]
        for j in range(n):
            e = pages[int(j * len(pages) / n)]
            yield {"path": e["path"], "id": f"{t}-{e['id']}", "type": t}
    for t, p in (("faq", DEB + "/doc/debian/FAQ/choosing.en.html"), ("faq", MARKITDOWN_FILES + "test_serp.html"),
                 ("wiki", MARKITDOWN_FILES + "test_wikipedia.html"), ("documentation", DEB + "/developers-reference/resources.html"),
                 ("documentation", DEB + "/doc/debian-policy/policy.html/ch-controlfields.html"),
                 ("faq", DEB + "/doc/harden-doc/html/de-DE/debian-sec-team-faq.html")):
        if os.path.exists(p):
            yield {"path": p, "id": t + "-" + name(p), "type": t}
        else:
            print("nonart: no", p, file=sys.stderr)
    for n, t in (("wikipedia-2", "wiki"), ("mozilla-1", "service"), ("aclu", "service"), ("lwn-1", "forum"),
                 ("table-style-attributes", "table"), ("hukumusume", "wiki")):
        p = f"{READABILITY}/{n}/source.html"
        if os.path.exists(p):
            yield {"path": p, "id": t + "-" + n, "type": t}


def manuals():
    """The pages of a folder of manuals, one folder in it for each package."""
    docs = os.environ.get("DOCS") or sys.exit("manuals: DOCS must name the folder of documents")
    for p in found(os.path.abspath(docs) + "/*/**/*.html"):
        i = os.path.relpath(p, docs)
        yield {"path": p, "id": i, "set": i.split("/")[0]}


# --- encodings

def enc():
    n = 0

    def entry(s, p, label, lang):
        # Under the name .txt, so that decoding alone is measured, not HTML or XML.
        nonlocal n
        d = f"{DATA}/enc/{s}/{n:04d}.txt"
        n += 1
        os.makedirs(os.path.dirname(d), exist_ok=True)
        shutil.copyfile(p, d)
        return {"path": d, "orig": p, "set": s, "label": label, "lang": lang}

    languages = ("-arabic", "-bulgarian", "-croatian", "-czech", "-greek", "-hebrew", "-hungarian", "-polish", "-romanian",
                 "-russian", "-slovak", "-slovene", "-turkish")
    for p in found(SUITES + "/chardet_chardet/tests/*/*"):
        if os.path.isfile(p):
            d = label = folder(p).lower()
            for suffix in languages:
                label = label.removesuffix(suffix)
            yield entry("chardet", p, label, d)
    for p in found(SUITES + "/Ousret_char-dataset/*/*"):
        if folder(p) != "None" and os.path.isfile(p):
            yield entry("char-dataset", p, folder(p), folder(p))
    for p in found(SUITES + "/freedesktop_uchardet/test/*/*.txt"):
        label = name(p).split(".")[0]
        if folder(p) != "afl_test_cases":
            yield entry("uchardet", p, label, folder(p) + "/" + label)


# --- DOCX

def docx():
    for s, pattern in (("mammoth", SUITES + "/mwilliamson_python-mammoth/tests/**/*.docx"), ("mammoth.js", SUITES + "/mwilliamson_mammoth.js/test/**/*.docx"),
                       ("python-docx", SUITES + "/python-openxml_python-docx/**/*.docx"), ("pandoc", SUITES + "/jgm_pandoc/test/docx/*.docx"),
                       ("docling", DOCLING + "/docx/**/*.docx"), ("markitdown", MARKITDOWN + "/**/*.docx")):
        for p in found(pattern):
            if "/golden/" not in p:
                native = p[:-5] + ".native"
                yield {"path": p, "set": s, "native": native if os.path.exists(native) else None}


# --- Markdown

def md():
    def spec(s, path):
        n, section = 0, ""
        for m in re.finditer(r"(?m)^#{1,3} +([^\n]*)$|^`{32} example([^\n]*)\n(.*?)^\.\n(.*?)^`{32}$", read(path).replace("\r\n", "\n"), re.S | re.M):
            if m.group(1) is not None:
                section = m.group(1)
                continue
            n += 1
            if "disabled" not in m.group(2):
                yield {"path": write(f"{DATA}/md/{s}/{n:04d}.md", m.group(3).replace("\u2192", "\t")), "set": s, "n": n, "section": section,
                       "html": m.group(4).replace("\u2192", "\t")}

    yield from spec("commonmark", SUITES + "/commonmark_commonmark-spec/spec.txt")
    for f in ("extensions", "smart_punct", "regression"):
        yield from spec("gfm-" + f, f"{SUITES}/github_cmark-gfm/test/{f}.txt")
    goldmark = SUITES + "/yuin_goldmark"
    for p in found(goldmark + "/extension/_test/*.txt") + found(goldmark + "/_test/*.txt"):
        # NUMBER[: description] // - - -  // source // - - - // html // = = =
        parts = re.split(r"(?m)^(\d+)(?::[^\n]*)?\n(?:OPTIONS:[^\n]*\n)?//- - - - - - - - -//\n", read(p))
        for i in range(1, len(parts) - 1, 2):
            x = re.split(r"(?m)^//- - - - - - - - -//\n|^//= = =[ =]*//\n?", parts[i + 1])
            if len(x) > 1:
                s, n = "goldmark-" + name(p)[:-4], int(parts[i])
                yield {"path": write(f"{DATA}/md/{s}/{n:04d}.md", x[0]), "set": s, "n": n, "section": s, "html": x[1]}


def mdreal():
    """Markdown that people wrote: READMEs and handbooks in the repositories of the suites."""
    for p in found(SUITES + "/*/**/*.md"):
        if re.search(r"/(ground-?truth\w*|prediction|history|expected_outputs|test|tests|node_modules|old_data|doc/yaml-meta|bench)/", p[len(SUITES):]) or os.path.islink(p):
            continue
        if 300 < os.path.getsize(p) < 200000:
            yield {"path": p}


# --- PDF

# Of the handbooks of Debian that there are as PDF and as text: one or two of each kind, in 15 languages.
HANDBOOKS = """policy.pdf fhs-3.0.pdf debian-reference.ja.pdf developers-reference.pdf debmake-doc.en.pdf debmake-doc.ru.pdf
    debmake-doc.zh-tw.pdf debian-faq.de.pdf debian-faq.fr.pdf install.cs.pdf install.ko.pdf install.vi.pdf install.ro.pdf
    install.zh_CN.pdf install.es.pdf maint-guide.en.pdf maint-guide.ca.pdf maint-guide.zh-tw.pdf""".split()


def pdfref():
    def entry(s, path, ref, **k):
        return {"path": path, "set": s, "ref": ref, **k}

    truth = SUITES + "/py-pdf_benchmarks/read/extraction-ground-truth/"
    yield entry("pypdf-bench", SUITES + "/py-pdf_sample-files/009-pdflatex-geotopo/GeoTopo-komprimiert.pdf", truth + "GeoTopo-book.txt")
    yield entry("pypdf-bench", SUITES + "/MartinThoma_seminar-pixel-exact-classification/LaTeX/vorlage.pdf", truth + "1602.06541.txt")
    seen = set()
    for p in found(DEB + "/**/*.pdf*"):
        if os.path.realpath(p) in seen:
            continue
        seen.add(os.path.realpath(p))
        q = gunzip(p, f"{DATA}/pdf/deb/{name(p)[:-3]}") if p.endswith(".gz") else p
        if os.path.getsize(q) < 30000 or name(q) not in HANDBOOKS:
            continue
        t = re.sub(r"\.pdf(\.gz)?$", ".txt", p)
        if os.path.exists(t + ".gz"):
            yield entry("debian", q, gunzip(t + ".gz", f"{DATA}/pdf/deb/ref/{os.path.relpath(p, DEB).replace('/', '_')}.txt"))
        elif os.path.exists(t):
            yield entry("debian", q, t)
    for p in found(SUITES + "/apache_pdfbox/pdfbox/src/test/resources/**/*.pdf"):
        if os.path.exists(p + ".txt"):
            yield entry("pdfbox", p, p + ".txt")
    for n in ("crazyones", "multicolumn-lorem-ipsum"):
        if os.path.exists(f"{PYPDF}{n}.pdf"):
            yield entry("pypdf", f"{PYPDF}{n}.pdf", f"{PYPDF}{n}.txt")
    for p in found(MARKITDOWN_FILES + "*.pdf"):
        r = f"{MARKITDOWN_FILES}expected_outputs/{name(p)[:-4]}.md"
        if os.path.exists(r):
            yield entry("markitdown", p, r)
    for p in found(DOCLING + "/pdf/sources/*.pdf"):
        r = f"{DOCLING}/pdf/groundtruth/{name(p)[:-4]}.md"
        # Papers of ten pages and more have the text of their pictures in the PDF only.
        if os.path.exists(r) and not name(p).startswith(("2203", "2206", "2305.03393v1.")):
            yield entry("docling", p, r, markdown=True)


def pdfmany():
    for s, pattern in (("pdfjs", SUITES + "/mozilla_pdf.js/test/pdfs/*.pdf"), ("pypdf-samples", SUITES + "/py-pdf_sample-files/*/*.pdf"),
                       ("pdfminer", SUITES + "/pdfminer_pdfminer.six/samples/**/*.pdf"), ("pdfplumber", SUITES + "/jsvine_pdfplumber/tests/pdfs/**/*.pdf"),
                       ("pypdf-resources", PYPDF + "**/*.pdf"), ("pdfpig", SUITES + "/UglyToad_PdfPig/src/UglyToad.PdfPig.Tests/Integration/**/*.pdf"),
                       ("docling", DOCLING + "/pdf/**/*.pdf"), ("olmocr", SUITES + "/allenai_olmocr/olmocr/bench/sample_data/pdfs/**/*.pdf")):
        for p in found(pattern):
            yield {"path": p, "set": s}


for suite in sys.argv[1:]:
    to = f"{DATA}/{suite}"
    if os.path.exists(to + "/list.txt"):
        continue
    entries = list(globals()[suite.replace("-", "_")]())
    write(to + "/meta.json", json.dumps(entries, ensure_ascii=False))
    write(to + "/list.txt", "".join(e["path"] + "\n" for e in entries))
    print(f"{suite}: {len(entries)} files", file=sys.stderr)
