"""Write a source as DOCX."""

import datetime
import io
import zipfile

import docx

EPOCH = (2021, 1, 1, 0, 0, 0)


def write(source, path: str) -> None:
    document = docx.Document()
    props = document.core_properties
    props.title, props.author, props.last_modified_by = source.title, source.author, source.author
    props.created = props.modified = datetime.datetime(*EPOCH)
    for block in source.blocks:
        match block.kind:
            case "heading":
                document.add_heading(block.text, block.level)
            case "paragraph":
                document.add_paragraph(block.text)
            case "bullets" | "numbers":
                style = "List Bullet" if block.kind == "bullets" else "List Number"
                for item in block.items:
                    document.add_paragraph(item, style)
            case "table":
                table = document.add_table(0, len(block.items[0]), "Table Grid")
                for row in block.items:
                    for cell, text in zip(table.add_row().cells, row):
                        cell.text = text
    raw = io.BytesIO()
    document.save(raw)
    repack(raw, path)


def repack(raw, path: str) -> None:
    """Copy the archive raw to path with fixed times, so that a second run
    gives the same bytes."""
    with zipfile.ZipFile(raw) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            put(new, name, old.read(name))


def put(archive, name: str, data) -> None:
    info = zipfile.ZipInfo(name, EPOCH)
    info.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(info, data, compresslevel=9)
