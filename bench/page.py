"""Write the figures, and what they say of the targets, into docs/benchmarks.rst."""

from bench.figures import FAILED
from bench.rig import ROOT

PAGE = ROOT / "docs/benchmarks.rst"


def write(marks, page=PAGE):
    """Put each text between the marks of its name: ``.. NAME begin`` and ``.. NAME end``."""
    text = page.read_text()
    for name, section in marks.items():
        before, begin, rest = text.partition(f".. {name} begin\n")
        _, end, after = rest.partition(f".. {name} end\n")
        if not end:
            raise SystemExit(f"{page} has no marks for {name}")
        text = f"{before}{begin}\n{section.strip()}\n\n{end}{after}"
    page.write_text(text)


def figures(rows, heading):
    """Return the section of figures: a heading, and a table for each kind of row."""
    parts = [heading]
    for name in dict.fromkeys(table for table, _ in rows):
        mine = [row for table, row in rows if table == name]
        whole = [row for row in mine if FAILED not in row]
        parts += [f"*{name}*", *([table_of(whole)] if whole else []), *(failure(row) for row in mine if FAILED in row)]
    return "\n\n".join(parts)


def failure(row):
    what = ", ".join(f"{key} {value}" for key, value in row.items() if key != FAILED)
    return f"**Failed**: {what}: {row[FAILED]}" if what else f"**Failed**: {row[FAILED]}"


def table_of(rows):
    """Return a simple table of reST; its columns are all that the rows have."""
    columns = list(dict.fromkeys(column for row in rows for column in row))
    cells = [columns, *([shown(row.get(column)) for column in columns] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    rule = "  ".join("=" * width for width in widths)
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]
    return "\n".join([rule, lines[0], rule, *lines[1:], rule])


def shown(value):
    """Return a figure as it stands in a table; an empty cell in the first column would end a row."""
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) else str(value)
