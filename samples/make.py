"""Write the invented samples that are drawn or built: the same bytes each time. Run from the top folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from osint import files, geo
from osint.simulated import make_demo

HERE = Path(__file__).resolve().parent
LINES = (
    "INVENTED SAMPLE. No place, firm or number on this page is real.",
    "Yunling County Intelligent Computing Centre, announcement of 28 June 2025",
    "The first phase has a gross floor area of 21,000 square metres.",
    "It houses 250 servers with 2,000 H100 GPUs and is designed for 6 MW of IT load.",
    "Total investment is 4.5 billion yuan; the second phase is to be finished by May 2026.",
)
CORNERS = "93.0000,43.2000,93.0050,43.2036"
"""West, south, east, north of both pictures."""
WIDE, HIGH = 400, 396
ROOFS = ("F00", "F03")
"""Two bright roofs of the world of seed 0."""


def announcement() -> bytes:
    """Return a PDF of one page in a standard font."""
    text = " T* ".join(f"({line.replace('(', '[').replace(')', ']')}) Tj" for line in LINES)
    stream = f"BT /F1 11 Tf 50 780 Td 18 TL {text} ET".encode()
    bodies = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
        b"/Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    out, places = b"%PDF-1.4\n", []
    for number, body in enumerate(bodies, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(bodies) + 1, len(out))
    return out + b"xref\n0 %d\n0000000000 65535 f \n" % (len(bodies) + 1) + table + end


def picture(halls: int) -> Image.Image:
    """Return a picture of a field with some halls on it, marked SIMULATED."""
    rng = np.random.default_rng(7)
    grain = rng.normal(0, 6, (HIGH // 4, WIDE // 4)).repeat(4, 0).repeat(4, 1)
    ground = np.stack([grain + tone for tone in (176, 154, 122)], axis=-1)
    drawn = Image.fromarray(np.clip(ground, 0, 255).astype(np.uint8))
    pen = ImageDraw.Draw(drawn)
    pen.line([(0, 340), (WIDE, 300)], fill=(120, 116, 110), width=7)
    for hall in range(halls):
        left = 60 + 120 * hall
        pen.rectangle([left + 5, 96, left + 95, 226], fill=(96, 84, 70))
        pen.rectangle([left, 90, left + 90, 220], fill=(226, 228, 230))
    pen.rectangle([0, 0, 150, 18], fill=(0, 0, 0))
    pen.text((6, 3), "SIMULATED, invented", fill=(255, 255, 255))
    return drawn


def main() -> None:
    """Write all of them."""
    files.replace_file(HERE / "announcement.pdf", announcement())
    shots = HERE / "screenshots"
    for day, halls in (("2023-05-01", 0), ("2024-09-01", 2)):
        with files.written_beside(shots / f"{day}.png") as part:
            picture(halls).save(part, format="PNG")
    head = "file,date,west,south,east,north,credit,rights,precision_m"
    rows = [
        f"{day}.png,{day},{CORNERS},SIMULATED,invented for this repository,5" for day in ("2023-05-01", "2024-09-01")
    ]
    files.replace_file(shots / "pictures.csv", ("\n".join([head, *rows]) + "\n").encode())
    world = make_demo(0).world.truth.to_crs(4326)
    roofs = world[world["outline_id"].isin(ROOFS)][["outline_id", "geometry"]]
    geo.write_outlines(roofs.assign(simulated="SIMULATED"), HERE / "outlines.geojson", simulated="SIMULATED")


if __name__ == "__main__":
    main()
