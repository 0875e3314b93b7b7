"""Puts results into docs/benchmarks.md, between two markers."""

from pathlib import Path

BEGIN, END = "<!-- peers:begin -->", "<!-- peers:end -->"


def write(known, path, rows=()):
    text = Path(path).read_text()
    before, found, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not found or not end:
        raise SystemExit(f"{path} has no {BEGIN} and {END}")
    Path(path).write_text(before + BEGIN + "\n\n" + render(known, rows) + "\n" + END + after)


def render(known, rows=()):
    """The tables in Markdown, in the order of the rows."""
    rows = list(rows)
    tables = sorted(known["tables"].values(), key=lambda t: rows.index(t["row"]) if t["row"] in rows else len(rows))
    if not tables:
        return "Nothing has been measured yet.\n"
    out = []
    claims = [(t, c) for t in tables for c in t["claims"]]
    if claims:
        out += ["| what was to be reached | bound | measured | |", "|---|---|---|---|"]
        for t, c in claims:
            wanted = f"at least {c['least']:g} ×" if "least" in c else f"at most {c['most']:g}"
            value = "not measured" if c["value"] is None else f"{c['value']:.3g}" + (" ×" if "least" in c else "")
            out.append(f"| {c['text']} | {wanted} | {value} | {verdict(c)} |")
        out.append("")
    groups = {}
    for t in tables:
        groups.setdefault(described(t["environment"]), []).append(t)
    for said, group in groups.items():
        for t in group:
            out += [f"### {t['title']}", ""]
            if t["quick"]:
                out += ["(A quick run, which only shows that it works.)", ""]
            out += [row(t["columns"]), "|" + "---|" * len(t["columns"])]
            out += [row(cells) for cells in t["lines"]]
            out += ["", *[line for note in t["notes"] for line in (note, "")]]
        out += [said, ""]
    return "\n".join(out)


def verdict(c):
    return {True: "reached", False: "**not reached**", None: ""}[c["reached"]]


def row(cells):
    return "| " + " | ".join(str(c).replace("|", "\\|") for c in cells) + " |"


def described(e):
    versions = ", ".join(f"{name} {v}" for name, v in e["versions"].items())
    return f"Measured on {e['date']} at {e['commit']}: {e['cpu']}; {e['cores']} cores; Python {e['python']}, {versions}."
