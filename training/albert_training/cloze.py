"""Recurring spans as questions without annotators.

Ram et al. 2021 (Splinter, section 3) let a model select, for each occurrence of
a span that was masked, the one occurrence that was left. Here the sentence
around a masked occurrence takes the place of the question and another
paragraph, or the rest of the same, that of the passage, so that what is
learned has the form of the later task: question, passage, span.
"""

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict

# Names of one to six words, and numbers, dates and amounts.
SPAN = re.compile(
    r"(?:[A-Z][\w'’.-]*[\w](?:\s(?:of|the|and|de|von|van|du|la|for|in)(?=\s[A-Z]))?(?:\s(?=[A-Z])|(?![\w\s])|(?=\s))){1,6}"
    r"|\b\d[\d,.]*\d\b|\b\d\b"
)
SENTENCE_END = re.compile(r"(?<=[.!?])[\"”)]?\s+(?=[\"“(A-Z0-9])")
COMMON = set(
    "The This That These Those It He She They We You I In On At As For By But And Or If When While After Before During From With To Of A An "
    "His Her Their Its Our Your My There Then Also However Although Though Since Because Some Many Most Such Both Each Other Another One Two "
    "Who What Which Where Why How Not No Yes Here Now Today Later Once Only Even Despite Under Over Between Among Through According Like".split()
)
MIN_PIECES, MAX_PIECES = 8, 44  # of the sentence
PER_DOCUMENT = 40
KIND_NAME, KIND_YEAR, KIND_NUMBER = 0, 1, 2


def spans(paragraph):
    for m in SPAN.finditer(paragraph):
        begin, end = m.span()
        t = m.group().rstrip(" .,'’-")
        end = begin + len(t)
        # A sentence's first word is a name only with another behind it.
        head, _, rest = t.partition(" ")
        while head in COMMON and rest:
            begin, t = end - len(rest), rest
            head, _, rest = t.partition(" ")
        if head in COMMON or len(t) < 2 and not t.isdigit():
            continue
        yield begin, begin + len(t), t


def kind(t):
    if t[0].isdigit():
        return KIND_YEAR if re.fullmatch(r"1\d{3}|20\d\d", t) else KIND_NUMBER
    return KIND_NAME


def find(paragraphs, docs, encodings, first, rnd):
    """Returns rows (paragraph and first and last piece of a sentence, first
    piece and last piece of the span in it, paragraph and first piece and last
    piece of the answer, kind of the span); first is added to the paragraphs'
    numbers."""
    of_doc = defaultdict(list)
    for i, d in enumerate(docs):
        of_doc[d].append(i)
    rows = []
    for members in of_doc.values():
        rows += find_in_document(members, paragraphs, encodings, first, rnd)
    return rows


def find_in_document(members, paragraphs, encodings, first, rnd):
    where = defaultdict(list)  # text: (paragraph, begin, end)
    for i in members:
        for b, e, t in spans(paragraphs[i]):
            where[t].append((i, b, e))
    candidates = []
    for t, places in where.items():
        # What is on every line of a document tells little.
        if 2 <= len(places) <= 12 and len({p[0] for p in places}) > 1:
            candidates += [(t, places, k) for k in rnd.sample(range(len(places)), min(2, len(places)))]
    rnd.shuffle(candidates)
    rows = []
    for t, places, k in candidates[: 3 * PER_DOCUMENT]:
        if len(rows) >= PER_DOCUMENT:
            break
        i, b, e = places[k]
        others = [p for p in places if p[0] != i and len(encodings[p[0]].ids) >= 24]
        if not others:
            continue
        sentence = sentence_around(paragraphs[i], b, e)
        s = pieces(encodings[i], *sentence)
        m = pieces(encodings[i], b, e)
        if s is None or m is None or not MIN_PIECES <= s[1] - s[0] + 1 <= MAX_PIECES or s[1] - s[0] == m[1] - m[0]:
            continue
        j, ab, ae = rnd.choice(others)
        a = pieces(encodings[j], ab, ae)
        if a is None or a[1] - a[0] > 12:
            continue
        rows.append((first + i, s[0], s[1], m[0], m[1], first + j, a[0], a[1], kind(t)))
    return rows


def sentence_around(p, b, e):
    begin, end = 0, len(p)
    for m in SENTENCE_END.finditer(p):
        if m.end() <= b:
            begin = m.end()
        elif m.start() >= e:
            end = m.start()
            break
    return begin, end


def pieces(encoding, b, e):
    """The first and last piece of the characters b to e."""
    o = encoding.offsets
    first = bisect_right(o, b, key=lambda x: x[1])
    last = bisect_left(o, e, key=lambda x: x[0]) - 1
    return (first, last) if first <= last < len(o) else None
