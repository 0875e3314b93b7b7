"""The program's main figures of a run, and those of another where they differ: compare.py SCORES.json [OTHER.json]"""
import json
import sys

MAIN = """
aeb: n precision recall f1 furniture
wcxb-dev all: n precision recall f1 below_half
wcxb-dev article: precision recall f1 furniture
wcxb-dev no article: precision recall f1 below_half furniture
wcxb-dev product: recall f1
wcxb-dev forum: recall f1
wcxb-dev documentation: recall f1
wcxb-dev listing: recall f1
wcxb-dev collection: recall f1
wcxb-dev service: recall f1
manuals all: n kept worst below90 furniture
wcxb-dev visible: n recall no_article precision
wcxb-dev glue: glued pages
traf: precision recall f1
mozread: precision recall furniture
nonart visible: n recall precision below_half
enc all: n identical words98
enc chardet: identical words98
enc uchardet: identical words98
enc char-dataset: identical words98
docx vs pandoc: n recall_words below90
docx vs docx2txt: n recall_words below90
docx vs two of the others: n recall_words precision_words below90
docx golden: n recall below90
md all: examples word_recall examples_with_a_term_lost extra_tokens
md commonmark: word_recall examples_with_a_term_lost extra_tokens
mdreal: n word_recall markup_share glued_underscores
pdfref pypdf-bench: n recall precision bigrams ratio
pdfref debian: n recall precision bigrams ratio
pdfref pdfbox: n recall precision bigrams ratio
pdfref docling: n recall precision bigrams ratio
pdfmany all: n recall precision bigrams below90 recall_words
pdfmany left to right: n recall bigrams
pdfmany pdfjs: n recall bigrams
olmocr: present order
outlines pdfref: entries found same_place_as_the_one_before
outlines pdfmany: entries found same_place_as_the_one_before
split 200 every: docs passages uncovered cut_words wrong_page wrong_line over_budget out_of_order mixed
split all pdf: passages span_pages bytes_other bytes other_heading
"""


def load(path):
    with open(path, encoding="utf8") as f:
        return {k: v["albert-search"] for k, v in json.load(f).items() if "albert-search" in v}


def shown(x):
    return f"{x:.3f}" if isinstance(x, float) else str(x)


this, other = load(sys.argv[1]), load(sys.argv[2]) if len(sys.argv) > 2 else {}
for line in MAIN.strip().split("\n"):
    k, names = line.split(": ")
    if k in this:
        # "split" is of the suites that were read: only the same choice can be compared.
        if k.startswith("split") and k in other and this[k]["docs"] != other[k]["docs"]:
            del other[k]
        cells = []
        for n in names.split():
            a, b = shown(this[k].get(n, "none")), shown(other.get(k, {}).get(n, "none"))
            cells.append(f"{n} {a}" + (f" (was {b})" if k in other and a != b else ""))
        print(f"{k:26}", "; ".join(cells))
