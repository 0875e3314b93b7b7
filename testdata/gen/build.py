"""Make the PDF and DOCX files of testdata/sample, and testdata/broken.

    python3 -m venv .venv && .venv/bin/pip install -r requirements.txt
    .venv/bin/python build.py

The sources are in src/, under the name of the file that is made plus ".md".
A second run gives the same bytes, the DejaVu fonts being the same. After
building, the answers and pages that questions.json gives for PDF files are
looked up in the text that pdfium extracts.
"""

import argparse
import json
import pathlib
import re
import sys
import unicodedata

import pypdfium2

import broken
import docx_file
import pdf
import source

HERE = pathlib.Path(__file__).resolve().parent
SAMPLE = HERE.parent / "sample"


def build(fonts: str) -> None:
    pdf.register_fonts(fonts)
    writers = {".pdf": pdf, ".docx": docx_file}
    for path in sorted((HERE / "src").rglob("*.md")):
        target = SAMPLE / path.relative_to(HERE / "src").with_suffix("")
        parsed = source.parse(path.read_text(encoding="utf-8"))
        target.parent.mkdir(parents=True, exist_ok=True)
        writers[target.suffix].write(parsed, str(target))
    manual = "observatory/telescope-manual.pdf"
    parsed = source.parse((HERE / "src" / (manual + ".md")).read_text(encoding="utf-8"))
    (HERE.parent / "broken").mkdir(exist_ok=True)
    broken.write(HERE.parent / "broken", SAMPLE / manual, parsed)


def readable(text: str) -> str:
    """Undo ligatures, line ends and the hyphens at them. A hyphen at a line
    end is dropped: the sources hold no answer with one of their own."""
    text = unicodedata.normalize("NFKC", text)
    text = re.sub(r"[-\u00ad\u0002\ufffe]\s*\n\s*", "", text)  # pdfium marks a hyphen at a line end as U+0002 or U+FFFE
    return re.sub(r"\s+", " ", text.replace("\ufffe", "").replace("\x02", ""))


def wrong_pages() -> list[str]:
    found = []
    for question in json.loads((HERE.parent / "questions.json").read_text(encoding="utf-8"))["data"]:
        if question["is_impossible"] or not question["document"].endswith(".pdf"):
            continue
        document = pypdfium2.PdfDocument(SAMPLE / question["document"])
        pages = [readable(page.get_textpage().get_text_range()) for page in document]
        for answer in question["answers"]:
            on = [n for n, text in enumerate(pages, 1) if answer["text"] in text]
            if question["page"] not in on:
                found.append(f"{question['id']}: {answer['text']!r} is on pages {on}, not {question['page']}")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fonts", default="/usr/share/fonts/truetype/dejavu", help="folder of DejaVuSerif.ttf")
    build(parser.parse_args().fonts)
    if wrong := wrong_pages():
        sys.exit("\n".join(wrong))


if __name__ == "__main__":
    main()
