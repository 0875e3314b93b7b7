"""Writes the fixtures of the tokenizers: strings, and the pieces and byte ranges that transformers gives for them.

Run in this folder: python gen.py DIR, where DIR holds the vocab.txt of the built-in models.
The committed files were made with transformers 5.23.0, tokenizers 0.23.3, Python 3.11 (Unicode 14).
"""
import gzip
import json
import os
import sys
import tempfile
import unicodedata

import transformers

import samples

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def save(name, fixture):
    """Writes a fixture: the same bytes at each run."""
    with open(name, "wb") as f, gzip.GzipFile(fileobj=f, mode="wb", mtime=0, filename="") as z:
        z.write(json.dumps(fixture, ensure_ascii=False, separators=(",", ":")).encode())
    print(name, os.path.getsize(name), "bytes")


def made_vocabulary(alphabets, syllables, words):
    """A vocabulary of single characters, syllables and words, at the start of a word and inside it."""
    pieces = [c for a in alphabets for c in samples.LETTERS[a]] + list("0123456789") + [p for p in samples.PUNCTUATION if len(p) == 1]
    pieces += syllables + words
    pieces = list(dict.fromkeys(pieces))
    return SPECIAL + pieces + ["##" + p for p in pieces]


def wordpiece_vocabularies(starter):
    cased_words = [w for w in samples.WORDS if w.isalpha()] + ["e\u0301", "ab\u0323", "\u0130", "ΟΔΥΣ", "σεις"]
    syllables = [a + b for a in "bcdfghjklmnprstvwz" for b in "aeiouéü"]
    latin = ["latin", "capital", "accented", "vietnamese", "greek", "cyrillic", "hebrew", "arabic", "devanagari", "hangul", "compatibility"]
    chinese = ["latin", "kana", "han", "math", "thai", "cyrillic"]
    return {
        "starter": (starter, {"do_lower_case": True}),
        "cased": (made_vocabulary(latin, syllables, cased_words), {"do_lower_case": False}),
        "chinese": (made_vocabulary(chinese, syllables, ["中国", "大学", "the"]), {"do_lower_case": True}),
        "whole words of ideographs": (made_vocabulary(chinese, [], ["中国", "大学", "the"]), {"do_lower_case": True, "tokenize_chinese_chars": False}),
        "lower case with accents": (made_vocabulary(latin, syllables, cased_words), {"do_lower_case": True, "strip_accents": False}),
        "cased without accents": (made_vocabulary(latin, syllables, cased_words), {"do_lower_case": False, "strip_accents": True}),
    }


def is_stripped(c):
    from tokenizers import normalizers

    n = normalizers.BertNormalizer(clean_text=False, handle_chinese_chars=False, strip_accents=True, lowercase=False)
    return n.normalize_str("a" + c) == "a"


def wordpiece(texts, starter):
    marks = {c for t in texts for c in set(t) if is_stripped(c)}
    fixture = {"strings": texts, "tokenizers": []}
    for name, (vocab, config) in wordpiece_vocabularies(starter).items():
        files = {"vocab.txt": "".join(p + "\n" for p in vocab), "tokenizer_config.json": json.dumps(config | {"tokenizer_class": "BertTokenizer"})}
        with tempfile.TemporaryDirectory() as folder:
            for file, content in files.items():
                with open(os.path.join(folder, file), "w") as f:
                    f.write(content)
            tokenizer = transformers.BertTokenizer.from_pretrained(folder)
        strip = config.get("strip_accents", config["do_lower_case"])
        pieces = []
        for text in texts:
            # split_special_tokens: "[SEP]" in a text is text.
            out = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True, split_special_tokens=True)
            at, flat, before = samples.ends(text), [], 0
            for id, (start, end) in zip(out["input_ids"], out["offset_mapping"]):
                # An accent that is stripped is shown with the letter that carries it.
                while strip and end < len(text) and text[end] in marks:
                    end += 1
                flat += [id, at[start] - before, at[end] - at[start]]
                before = at[end]
            pieces.append(flat)
        # Where decomposition moves a mark that is kept past one that is stripped, the library gives byte ranges that
        # overlap or miss a character: of these strings only the ids are compared.
        moved = [i for i, t in enumerate(texts) if strip and any(unicodedata.combining(c) and c not in marks for c in t)]
        fixture["tokenizers"].append({"name": name, "files": files, "pieces": pieces, "idsOnly": moved})
    save("wordpiece.json.gz", fixture)


if __name__ == "__main__":
    texts = samples.make()
    with open(os.path.join(sys.argv[1], "vocab.txt")) as f:
        wordpiece(texts, f.read().splitlines())
