"""Make the small bad inputs of testdata/broken."""

import io
import pathlib
import random
import zipfile

from reportlab.lib.pagesizes import A4
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

import docx_file
import pdf

PASSWORD = "barnacle"
EXPANDED = 60 << 20  # of expands.docx

CONTENT_TYPES = """<?xml version="1.0" encoding="UTF-8"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" \
ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/word/document.xml" \
ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>"""

RELATIONS = """<?xml version="1.0" encoding="UTF-8"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" \
Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" \
Target="word/document.xml"/></Relationships>"""


def write(folder: pathlib.Path, good_pdf: pathlib.Path, source) -> None:
    """good_pdf is cut short; source is set again with a password."""
    for name in ("zero-bytes.txt", "zero-bytes.pdf", "zero-bytes.docx"):
        (folder / name).write_bytes(b"")

    whole = good_pdf.read_bytes()
    (folder / "truncated.pdf").write_bytes(whole[: len(whole) * 3 // 5])
    (folder / "not-a-pdf.pdf").write_text("A letter that somebody saved under the wrong name.\n")
    lock = StandardEncryption(PASSWORD, ownerPassword="limpet", strength=128)
    pdf.write(source, str(folder / "encrypted.pdf"), lock)
    half_scanned(folder / "half-scanned.pdf")

    with zipfile.ZipFile(folder / "zip-renamed.docx", "w") as archive:
        docx_file.put(archive, "holiday/notes.txt", "A zip archive that was renamed; there is no document in it.\n")
    expands(folder / "expands.docx")

    noise = random.Random(1911)
    # A head as programs have it, then bytes of every value.
    (folder / "binary.txt").write_bytes(b"\x7fELF\x02\x01\x01\x00" + noise.randbytes(4088))
    (folder / "invalid-utf8.md").write_bytes(b"".join([
        b"# Invalid UTF-8\n\n",
        b"The caf\xe9 opens at nine, says a sentence in Latin-1, and ",
        "the café closes at ten, says one in UTF-8.\n\n".encode(),
        b"Then come bytes that belong to neither: \xff\xfe \xc0\xaf \xed\xa0\x80.\n\n",
        b"The last line is whole again, and mentions a periwinkle.\n",
    ]))
    (folder / "bad-lines.jsonl").write_text(
        '{"id": "a", "title": "First", "text": "The first record is good and mentions a limpet."}\n'
        '{"id": "b", "title": "Second", "text": "The second record is cut off in the mid\n'
        '{"id": "c", "title": "Third", "text": "The third record is good and mentions a whelk."}\n'
        '["an array", "is no record"]\n'
    )


def half_scanned(path: pathlib.Path) -> None:
    """Two pages, of which the second is only drawn, like a scanned one."""
    canvas = Canvas(str(path), pagesize=A4, invariant=1)
    canvas.setTitle("Half scanned")
    canvas.drawString(72, 700, "The first page has text and mentions a cowrie. The second was scanned.")
    canvas.showPage()
    for y in range(100, 700, 20):
        canvas.line(72, y, 500, y + y % 7)
    canvas.showPage()
    canvas.save()


def expands(path: pathlib.Path) -> None:
    """A well-formed document of some tens of kilobytes that expands a thousandfold."""
    head = ('<?xml version="1.0" encoding="UTF-8"?><w:document '
            'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>')
    paragraph = "<w:p><w:r><w:t>" + "wave " * 20000 + "</w:t></w:r></w:p>"
    tail = "</w:body></w:document>"
    body = io.StringIO()
    body.write(head)
    for _ in range(EXPANDED // len(paragraph)):
        body.write(paragraph)
    body.write(tail)
    with zipfile.ZipFile(path, "w") as archive:
        docx_file.put(archive, "[Content_Types].xml", CONTENT_TYPES)
        docx_file.put(archive, "_rels/.rels", RELATIONS)
        docx_file.put(archive, "word/document.xml", body.getvalue())
