"""Read the sources of the sample's PDF and DOCX files.

A source is a header of "key: value" lines, a blank line, and then blocks
separated by blank lines: headings (#, ##, ###), paragraphs, bulleted (-) and
numbered (1.) lists, tables (| a | b |, first row is the head) and \\pagebreak.
"""

import re
from dataclasses import dataclass, field


@dataclass
class Block:
    kind: str  # heading, paragraph, bullets, numbers, table or pagebreak
    text: str = ""
    level: int = 0
    items: list = field(default_factory=list)  # of lists: str; of tables: rows


@dataclass
class Source:
    title: str
    author: str
    layout: str  # "one" or "two" columns; PDF only
    font: str  # "embedded" or "times"; PDF only
    blocks: list


def parse(text: str) -> Source:
    head, _, body = text.partition("\n\n")
    keys = dict(line.split(": ", 1) for line in head.splitlines())
    blocks = [block(part.strip()) for part in re.split(r"\n{2,}", body) if part.strip()]
    return Source(keys["title"], keys["author"], keys.get("layout", "one"), keys.get("font", "embedded"), blocks)


def block(text: str) -> Block:
    lines = text.splitlines()
    if text == r"\pagebreak":
        return Block("pagebreak")
    if match := re.match(r"(#+) (.*)", text):
        return Block("heading", match[2], level=len(match[1]))
    if all(line.startswith("|") for line in lines):
        rows = [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in lines]
        return Block("table", items=rows)
    if all(line.startswith("- ") for line in lines):
        return Block("bullets", items=[line[2:] for line in lines])
    if all(re.match(r"\d+\. ", line) for line in lines):
        return Block("numbers", items=[line.split(". ", 1)[1] for line in lines])
    return Block("paragraph", " ".join(lines))
