"""Writes the fixtures of the tokenizers: strings, and the pieces and byte ranges that transformers gives for them.

Run in this folder: python gen.py DIR, where DIR holds the vocab.txt of the built-in models.
The committed files were made with transformers 5.23.0, tokenizers 0.23.3, Python 3.11 (Unicode 14).
"""
import functools
import gzip
import io
import json
import os
import random
import re
import sys
import tempfile
import unicodedata

import sentencepiece
import transformers
from tokenizers import normalizers

import samples

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def save(name, content):
    """Writes a compressed file: the same bytes at each run."""
    if not isinstance(content, bytes):
        content = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    with open(name, "wb") as f, gzip.GzipFile(fileobj=f, mode="wb", mtime=0, filename="") as z:
        z.write(content)
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


@functools.cache
def is_stripped(c):
    n = normalizers.BertNormalizer(clean_text=False, handle_chinese_chars=False, strip_accents=True, lowercase=False)
    return n.normalize_str("a" + c) == "a"


def wordpiece(texts, starter):
    marks = {c for t in texts for c in set(t) if is_stripped(c)}
    fixture = []
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
        fixture.append({"name": name, "files": files, "pieces": pieces, "idsOnly": moved})
    save("wordpiece.json.gz", fixture)


def training_text(rng):
    """Made-up prose to train pieces on: words of syllables, some of them frequent, among the words and scripts of samples."""
    onsets = ["", "b", "br", "c", "ch", "d", "f", "fl", "g", "h", "j", "k", "l", "m", "n", "p", "pl", "qu", "r", "s", "st", "str", "t", "th", "tr", "v", "w", "z"]
    codas = ["", "", "n", "r", "s", "t", "l", "nd", "ng", "st", "ck", "m"]
    syllable = lambda: rng.choice(onsets) + rng.choice(["a", "e", "i", "o", "u", "ea", "ou", "y"]) + rng.choice(codas)
    lexicon = ["".join(syllable() for _ in range(rng.randint(1, 4))) for _ in range(9000)]
    endings = ["", "", "", "", "s", "ed", "ing", "ly", "ness", ",", ".", "?", "!"]
    weights = [1 / (i + 3) for i in range(len(lexicon))]
    for _ in range(12000):
        words = [w + rng.choice(endings) for w in rng.choices(lexicon, weights, k=9)] + [samples.word(rng) for _ in range(6)]
        words.append(rng.choice(["1,", "2,", "19,", "2000,", "10,000", "7,5"]))
        rng.shuffle(words)
        yield " ".join(words)


def train(size, cleaned, **options):
    """Trains a small SentencePiece model with the settings that ALBERT's was trained with, except for those given."""
    rng = random.Random(5)
    sentences = [preprocess(t, cleaned) for t in training_text(rng)]
    model = io.BytesIO()
    settings = dict(model_type="unigram", vocab_size=size, pad_id=0, unk_id=1, bos_id=-1, eos_id=-1, control_symbols=["[CLS]", "[SEP]", "[MASK]"],
                    user_defined_symbols=["(", ")", '"', "-", ".", "–", "£", "€"], character_coverage=0.9995, num_threads=1, minloglevel=2)
    sentencepiece.SentencePieceTrainer.train(sentence_iterator=iter(sentences), model_writer=model, **(settings | options))
    return model.getvalue()


def preprocess(text, config):
    """What ALBERT's published code does to text before SentencePiece."""
    if config.get("remove_space", True):
        text = " ".join(text.strip().split())
    text = text.replace("``", '"').replace("''", '"')
    if not config.get("keep_accents", False):
        text = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return text.lower() if config.get("do_lower_case", True) else text


def is_kept_mark(c):
    """Marks that only one of the two strips: those without a combining class, and those newer than the library's tables."""
    decomposed = unicodedata.normalize("NFKD", c)
    return any(unicodedata.category(d)[0] == "M" and not unicodedata.combining(d) for d in decomposed) or any(
        unicodedata.combining(d) and normalizers.StripAccents().normalize_str(d) for d in decomposed)


def is_removed(model, c):
    if c in "\u034f\v\f" or unicodedata.category(c) == "Cc" and not c in "\t\n\r":
        return True
    return not c.isspace() and model.normalize(f"a{c}b") in ("\u2581ab", "\u2581a\u2581b", "ab")


def second_quotes(text):
    """Where the second of two quotes is that become one."""
    return {m.end() - 1 for m in re.finditer("``|''", text)}


def encode(model, text):
    """The ids of ALBERT's published tokenizer: SentencePiece's, a piece that ends in a digit and a comma cut again."""
    ids = []
    for id, piece in zip(model.encode(text), model.encode(text, out_type=str)):
        if not (len(piece) > 1 and piece[-1] == "," and piece[-2].isdigit()):
            ids.append(id)
            continue
        again = model.encode(piece[:-1].replace("\u2581", ""), out_type=str)
        if again and piece[0] != "\u2581" and again[0][0] == "\u2581":
            again = again[1:] if len(again[0]) == 1 else [again[0][1:]] + again[1:]
        ids += [model.piece_to_id(p) for p in again + [","]]
    return ids


def sentencepiece_fixture(texts):
    plain = {"do_lower_case": False, "keep_accents": True, "remove_space": False}
    models = {
        # As Google's checkpoints are.
        "albert": train(4000, {}),
        "folding": train(1500, {}, byte_fallback=True, normalization_rule_name="nmt_nfkc_cf", user_defined_symbols=["new_york", "[x]", "ab", "\u4e2d\u56fd"]),
        "plain": train(1500, plain, normalization_rule_name="identity", add_dummy_prefix=False, remove_extra_whitespaces=False, split_by_whitespace=False),
    }
    cases = [
        ("albert", {"do_lower_case": True}, "albert"),
        ("lower case with accents", {"do_lower_case": True, "keep_accents": True}, "albert"),
        ("case folded by the model, bytes for unknown characters", {"do_lower_case": False, "keep_accents": True}, "folding"),
        ("nothing normalised, pieces over spaces", plain, "plain"),
    ]
    for name, blob in models.items():
        save(name + ".model.gz", blob)
    fixture = []
    for name, config, model_name in cases:
        blob = models[model_name]
        model = sentencepiece.SentencePieceProcessor(model_proto=blob)
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "spiece.model"), "wb") as f:
                f.write(blob)
            with open(os.path.join(folder, "tokenizer_config.json"), "w") as f:
                json.dump(config, f)
            fast = transformers.AlbertTokenizer.from_pretrained(folder)
        pieces, ids_only = [], []
        for i, text in enumerate(texts):
            ids = encode(model, preprocess(text, config))
            out = fast(text, add_special_tokens=False, return_offsets_mapping=True, split_special_tokens=True)
            at, flat, before, last = samples.ends(text), [], 0, 0
            # Byte ranges are known where transformers gives the same pieces, and none of the characters that its
            # normaliser takes others for: those the model's table removes, and marks that published ALBERTs keep.
            agree = out["input_ids"] == ids and not any(is_removed(model, c) or not config.get("keep_accents") and is_kept_mark(c) for c in text)
            if not agree:
                ids_only.append(i)
            # ... after mending: the library leaves the first of two quotes out, and the accents that are stripped or
            # composed, and gives a space put before a word the range of the word's first letter.
            offsets = out["offset_mapping"] if agree else [(0, 0)] * len(ids)
            second = second_quotes(text)
            for k, id in enumerate(ids):
                start, end = offsets[k]
                start -= start in second
                if model.id_to_piece(id) == "\u2581" and text[start:end] != "\u2581":
                    end = max(start, last)
                limit = next((s for s, _ in offsets[k + 1 :] if s > start), len(text))
                while start < end < limit and all(unicodedata.combining(c) for c in unicodedata.normalize("NFKD", text[end])):
                    end += 1
                last = end
                flat += [id, at[start] - before, at[end] - at[start]]
                before = at[end]
            pieces.append(flat)
        print(name, "transformers' AlbertTokenizer agrees on", len(texts) - len(ids_only), "of", len(texts), "strings")
        files = {"tokenizer_config.json": json.dumps(config)}
        fixture.append({"name": name, "files": files, "model": model_name + ".model.gz", "pieces": pieces, "idsOnly": ids_only})
    save("sentencepiece.json.gz", fixture)


if __name__ == "__main__":
    texts = samples.make()
    save("strings.json.gz", texts)
    with open(os.path.join(sys.argv[1], "vocab.txt")) as f:
        wordpiece(texts, f.read().splitlines())
    sentencepiece_fixture(texts)
