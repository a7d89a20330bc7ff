"""Score the reading of tables in pages, Word files, workbooks and PDFs: python -m benchmarks.tables [--show].

Writes its section of docs/benchmarks.md; with `--show` it prints what was missed or read wrongly. The PDFs of documents
are printed by Chromium.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Iterator

from benchmarks.sections import write_section
from benchmarks.tables import documents, drawn_records, drawn_shapes, drawn_wrapped, forms, score, small
from osint import filings


def rows(show: bool = False) -> Iterator[str]:
    """Yield the rows of the table of results."""
    sets = {
        "five small sets": [table for some in small.read_tables().values() for table in some],
        "random spans, units and places of units": drawn_shapes.random_tables(100, 11),
    }
    for label, tables in sets.items():
        for form, (name, write) in forms.FORMATS.items():
            yield score.row(f"{label}, {form}", ((table, name, write(table)) for table in tables), show)
    drawn = [drawn_wrapped.wrapped_table(seed) for seed in range(500, 560)]
    yield score.row("PDF unruled with wrapped cells", ((table, "a.pdf", data) for table, data in drawn), show)
    for label, some in (
        ("documents with the marks of their formats", documents.DOCUMENTS),
        ("records in drawn layouts, seed 8", drawn_records.documents(8)),
    ):
        yield score.row(label, ((one.table, one.file, one.write()) for one in some), show)


def pdf_seconds(pages: int = 200) -> tuple[float, int, int]:
    """Return (seconds of processor time, tables, claims) of a PDF whose pages are full of ruled tables."""
    rng, drawn, number = random.Random(3), [], 0
    for _ in range(pages):
        out, top = forms.drawn_words(50, 810, "本页为附表，列出各园区的建设规模与投资。"), 795.0
        while top > 160:
            words, _, top = forms.drawn_table(drawn_shapes.random_table(rng), 50, top)
            out, top, number = out + words, top - 25, number + 1
        drawn.append((900.0, 842.0, out))
    data = forms.written_pdf(drawn)
    begun = time.process_time()
    found = filings.claims_of(filings.parse(data, "long.pdf"))
    return time.process_time() - begun, number, len(found)


def main() -> None:
    """Write the section, or show what went wrong."""
    if "--show" in sys.argv:
        print("\n".join(rows(show=True)))
        return
    seconds, number, claims = pdf_seconds()
    section = (
        "## Reading tables\n\nWritten by `python -m benchmarks.tables` (processor time, one core). A table is right where "
        "every figure stands in its row, column and unit and no other is given. All tables are our own, in the shapes "
        "of notices; real notices are harder. These rows are after repair.\n\n| set, form | tables | right | with a wrong "
        "value at high | figures | missed | wrong values |\n|---|---|---|---|---|---|---|\n"
        + "\n".join(rows())
        + f"\n\nA PDF of 200 pages with {number:,} ruled tables and {claims:,} claims: {seconds:.1f} s.\n"
    )
    print(section)
    write_section(section)


if __name__ == "__main__":
    main()
