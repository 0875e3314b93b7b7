"""Set a source as PDF, in one or two columns."""

import re
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import (
    BaseDocTemplate, Frame, ListFlowable, NextPageTemplate, PageBreak, PageTemplate, Paragraph, Spacer, Table,
)

# Longest first, so that "ffi" does not become "f" + "fi".
LIGATURES = [("ffi", "\ufb03"), ("ffl", "\ufb04"), ("ff", "\ufb00"), ("fi", "\ufb01"), ("fl", "\ufb02")]


def register_fonts(folder: str) -> None:
    pdfmetrics.registerFont(TTFont("Serif", f"{folder}/DejaVuSerif.ttf"))
    pdfmetrics.registerFont(TTFont("Serif-Bold", f"{folder}/DejaVuSerif-Bold.ttf"))


def ligate(text: str) -> str:
    """Replace letter pairs by ligatures, as a typesetter's font does."""
    for letters, ligature in LIGATURES:
        text = text.replace(letters, ligature)
    return text


class Heading(Paragraph):
    """A paragraph that enters itself into the document's outline."""

    def __init__(self, text, plain, level, style):
        super().__init__(text, style)
        self.plain, self.level = plain, level

    def draw(self):
        key = f"h{self.canv.getPageNumber()}-{self.plain}"
        self.canv.bookmarkPage(key)
        self.canv.addOutlineEntry(self.plain, key, self.level - 1)
        super().draw()


def write(source, path: str, password=None) -> None:
    """Write source to path. One column is set ragged, two are justified and
    hyphenated. The font is embedded with its ligatures, or is Times, which
    readers bring themselves."""
    two = source.layout == "two"
    if source.font == "embedded":
        set_type, font, bold = (lambda s: escape(ligate(s))), "Serif", "Serif-Bold"
    else:
        set_type, font, bold = escape, "Times-Roman", "Times-Bold"
    size = 11 if two else 10.5
    body = ParagraphStyle("body", fontName=font, fontSize=size, leading=size * 1.35, spaceAfter=size * 0.6,
                          alignment=4 if two else 0)
    if two:
        body.hyphenationLang, body.hyphenationMinWordLength = "en_GB", 5
    cell = ParagraphStyle("cell", fontName=font, fontSize=size - 1, leading=size * 1.2)
    titles = [ParagraphStyle(f"h{n}", fontName=bold, fontSize=s, leading=s * 1.25, spaceBefore=s * 0.6, spaceAfter=s * 0.4,
                             keepWithNext=not two) for n, s in ((1, 19), (2, 13), (3, 11))]

    flow = [NextPageTemplate("later")]
    for block in source.blocks:
        match block.kind:
            case "heading":
                flow.append(Heading(set_type(block.text), block.text, block.level, titles[block.level - 1]))
            case "paragraph":
                flow.append(Paragraph(set_type(block.text), body))
            case "bullets" | "numbers":
                items = [Paragraph(set_type(item), body) for item in block.items]
                flow.append(ListFlowable(items, bulletType="bullet" if block.kind == "bullets" else "1"))
            case "table":
                rows = [[Paragraph(set_type(c), cell) for c in row] for row in block.items]
                flow.append(Table(rows, style=[("GRID", (0, 0), (-1, -1), 0.4, colors.grey),
                                               ("BACKGROUND", (0, 0), (-1, 0), colors.whitesmoke)]))
                flow.append(Spacer(0, size))
            case "pagebreak":
                flow.append(PageBreak())

    margin, (width, height) = 22 * mm, A4

    def foot(canvas, doc):
        canvas.setFont(font, 8)
        canvas.drawString(margin, 12 * mm, re.sub(r":.*", "", source.title))
        canvas.drawRightString(width - margin, 12 * mm, f"page {doc.page}")

    def frames(top):
        h = height - 2 * margin - top
        if not two:
            return [Frame(margin, margin, width - 2 * margin, h, 0, 0, 0, 0)]
        gap = 8 * mm
        column = (width - 2 * margin - gap) / 2
        return [Frame(margin + i * (column + gap), margin, column, h, 0, 0, 0, 0) for i in (0, 1)]

    doc = BaseDocTemplate(path, pagesize=A4, title=source.title, author=source.author, invariant=1, encrypt=password)
    doc.addPageTemplates([PageTemplate("first", frames(0), onPageEnd=foot), PageTemplate("later", frames(0), onPageEnd=foot)])
    doc.build(flow)
