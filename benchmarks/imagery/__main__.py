"""Compare the reading of a site's scenes with other clients: side by side, 60 ms latency, then 50 Mbit/s.

Peers are read by the interpreter named in `OSINT_PEERS_PYTHON` (with odc-stac, stackstac, rioxarray and
rio-tiler), else by this one; a peer that cannot be imported is named as missing. The scenes are SIMULATED.
"""

import datetime as dt
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.sections import write_section
from osint import simulated as simulate
from osint.http import ranges
from osint.imagery import cog as cogs
from osint.imagery import items
from osint.simulated import CREDIT, demo
from osint.simulated.spectra import COARSE

SCENES, SIZE_PX, SEED = 60, 1024, 11
BANDS = ["B02", "B03", "B04", "B11", "SCL"]
SITE_PX = (400, 640, 400, 640)
"""Rows and columns of the site in its tile: 2.4 km in the middle, with a roof."""
HALL = simulate.Feature("bright roof", 20_000, dt.date(2024, 3, 1), dt.date(2024, 9, 1), row_px=520, col_px=520)
ROOF = [[118, 122], [118, 122]]
"""Rows and columns, within the site, of the middle of the hall."""
ROUNDS = 3
PEERS = ("async-geotiff", "rasterio", "rio-tiler", "odc-stac", "rioxarray", "stackstac")


def scenes(folder: Path) -> simulate.World:
    """Write the COGs of a simulated world once; return the world."""
    world = simulate.make_world(SEED, SIZE_PX, "2023-01-01", "2025-12-25", 18, cloud=0.35, features=[HALL])
    made = demo.Demo(world, frame_px=3 * 1024, inset_px=(1024, 1024))
    folder.mkdir(parents=True, exist_ok=True)
    for i, identifier in enumerate(world.ids):
        for band in BANDS:
            path = folder / f"{identifier}_{band}.tif"
            if not path.exists():
                pixels = world.scl(i) if band == "SCL" else world.band(i, band)
                path.write_bytes(made.cog(pixels))
    return world


def job(world: simulate.World, server: str) -> dict:
    """Return what every client is told."""
    t = world.transform
    r0, r1, c0, c1 = SITE_PX
    bounds = [t.c + 10 * c0, t.f - 10 * r1, t.c + 10 * c1, t.f - 10 * r0]
    told = {"server": server, "bands": BANDS, "bounds": bounds, "shape": [r1 - r0, c1 - c0],
            "crs": f"EPSG:{world.epsg}", "scenes": [], "roof": ROOF}  # fmt: skip
    for i, identifier in enumerate(world.ids):
        hrefs = {band: f"{server}/{identifier}_{band}.tif" for band in BANDS}
        offset = items.OFFSET if world.baselines[i] >= items.OFFSET_SINCE else 0.0
        row = {"id": identifier, "datetime": world.dates[i].isoformat(), "platform": world.platform[i],
               "cloud_pct": world.cloud_cover[i], "baseline": world.baselines[i], "offset": offset,
               "footprint_share": 1.0, "tile": "", "orbit": "", "simulated": True, "epsg": world.epsg, "processed": "", "credit": CREDIT,
               "collection": demo.COLLECTION, "catalogue": server, "hrefs": hrefs,
               "scales": dict.fromkeys(BANDS, (1.0, 0.0, 0.0))}  # fmt: skip
        told["scenes"].append({"hrefs": hrefs, "offset": offset, "row": row, "item": _item(world, i, hrefs)})
    return told


def _item(world: simulate.World, i: int, hrefs: dict) -> dict:
    t = world.transform
    assets = {}
    for band, href in hrefs.items():
        size = 20 if band in COARSE or band == "SCL" else 10
        side = 3 * 10240 // size
        kind = "uint8" if band == "SCL" else "uint16"
        place = [size, 0, t.c - 10240, 0, -size, t.f + 10240]
        assets[band] = {"href": href, "type": "image/tiff; application=geotiff; profile=cloud-optimized",
                        "roles": ["data"], "proj:shape": [side, side], "proj:transform": place,
                        "raster:bands": [{"nodata": 0, "data_type": kind}]}  # fmt: skip
    outline = demo.Demo(world).footprint()
    extensions = ["projection/v1.1.0", "raster/v1.1.0"]
    return {
        "type": "Feature",
        "stac_version": "1.0.0",
        "stac_extensions": [f"https://stac-extensions.github.io/{e}/schema.json" for e in extensions],
        "id": world.ids[i],
        "collection": demo.COLLECTION,
        "bbox": list(outline.bounds),
        "geometry": json.loads(json.dumps(outline.__geo_interface__)),
        "properties": {"datetime": world.dates[i].isoformat(), "proj:epsg": world.epsg},
        "assets": assets,
        "links": [],
    }


def _tiles(told: dict, folder: Path) -> list:
    """Return address, first and last byte of every tile that the cube needs."""
    source = ranges.Ranges(str(folder))
    t = told["bounds"]
    found = []
    for scene in told["scenes"]:
        for href in scene["hrefs"].values():
            cog = cogs.open_cog(source, href.rpartition("/")[2], "full")
            level = cog.levels[0]
            down, across = level.tile
            x, y = (
                (t[0] - level.transform.c) / level.transform.a,
                (t[3] - level.transform.f) / level.transform.e,
            )
            index = int(y // down) * -(-level.shape[1] // across) + int(x // across)
            start = level.ifd.tile_offsets[index]
            found.append((href, start, start + level.ifd.tile_byte_counts[index]))
    return found


def run(client: str, told: dict) -> dict | str:
    """Run one client in a process of its own; return its figures, or why there are none."""
    own = client.startswith(("osint", "async")) or client == "floor"
    python = sys.executable if own else os.environ.get("OSINT_PEERS_PYTHON", sys.executable)
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(told, file)
        file.flush()
        command = [python, "-W", "ignore", "benchmarks/imagery/clients.py", client, file.name]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=400, check=False,
                                  env=os.environ | {"PYTHONPATH": "."})  # fmt: skip
        except subprocess.TimeoutExpired:
            return "over 400 s"
    if done.returncode:
        return (done.stderr.strip().splitlines() or ["no word"])[-1][:120]
    return json.loads(done.stdout)


def measured(folder: Path, world: simulate.World, clients: tuple, *, mbit: float, rounds: int) -> dict:
    """Run clients in turn, `rounds` times, against one server; return the runs of each."""
    command = [sys.executable, "benchmarks/imagery/server.py", str(folder), "60", str(mbit)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        told = job(world, f"http://127.0.0.1:{int(server.stdout.readline())}")
        told["tiles"] = _tiles(told, folder)
        runs: dict = {client: [] for client in clients}
        for _ in range(rounds):
            for client in clients:
                runs[client].append(run(client, told))
        if mbit == 0:
            cache = tempfile.mkdtemp()
            kept = told | {"cache": cache}
            run("osint", kept)
            runs["osint again (cached)"] = [run("osint", kept)]
            shutil.rmtree(cache)
        return runs
    finally:
        server.terminate()
        server.wait()


def table(runs: dict) -> list[str]:
    """Return the rows of a Markdown table, medians over rounds."""
    rows = ["| client | s (median) | requests | MB | peak MB |", "|---|---|---|---|---|"]
    for client, got in runs.items():
        good = [g for g in got if isinstance(g, dict)]
        if not good:
            rows.append(f"| {client} | not measured: {got[0]} | | | |")
            continue
        middle = {k: statistics.median(g[k] for g in good) for k in ("seconds", "requests", "bytes", "peak_mb")}
        name = client if len(good) == len(got) else f"{client} ({len(good)} of {len(got)} rounds)"
        cells = f"{middle['seconds']:.2f} | {middle['requests']:.0f} | {middle['bytes'] / 1e6:.1f}"
        rows.append(f"| {name} | {cells} | {middle['peak_mb']:.0f} |")
    return rows


def agree(runs: dict) -> list[str]:
    """Return what the clients' numbers say about each other."""
    firsts = {client: got[0] for client, got in runs.items() if isinstance(got[0], dict)}
    ours = firsts["osint"]
    said = []
    for client, got in firsts.items():
        if "sums" in got and client != "osint":
            worst = max(abs(got["sums"][b] / ours["sums"][b] - 1) for b in BANDS)
            said.append(f"{client} {worst:.0e}")
    staged = firsts["osint-staged"]
    worst = max(abs(v - ours["series"][t]) for t, v in staged["series"].items())
    return [
        f"Sums over each band differ from ours by at most (relative): {', '.join(said)}.",
        f"The staged read looked at {len(staged['series'])} of {len(ours['series'])} dates in two bands; its "
        f"series differs from the full cube's at those dates by at most {worst:.0e}.",
    ]


def main() -> None:
    """Measure, print, and write the section."""
    folder = Path("build/bench-imagery")
    world = scenes(folder)
    clients = ("floor", "osint", "osint-staged", *PEERS)
    fast = measured(folder, world, clients, mbit=0, rounds=ROUNDS)
    slow = measured(folder, world, ("floor", "osint", "osint-staged", "async-geotiff", "odc-stac"), mbit=50, rounds=1)
    lines = [
        "## Reading the scenes of a site",
        "",
        f"Written by `python -m benchmarks.imagery`. SIMULATED scenes: {len(world.ids)} dates x {len(BANDS)} bands ({', '.join(BANDS)}), window of "
        f"{SITE_PX[1] - SITE_PX[0]} x {SITE_PX[3] - SITE_PX[2]} pixels mid-tile (1024), seed {SEED}. "
        "Each client in a process of its own, imported before the clock starts, 32 threads, one loopback "
        "server, no cache on disk. "
        "GDAL's clients have the usual cloud settings and a range cache of 200 MB. The list is at hand for all.",
        "",
        f"### 60 ms latency, no limit of bandwidth ({ROUNDS} rounds, in turn)",
        "",
        *table(fast),
        "",
        "### 60 ms latency, 50 Mbit/s shared (one round)",
        "",
        *table(slow),
        "",
        *agree(fast),
        "",
    ]
    text = "\n".join(lines)
    print(text)
    write_section(text)


if __name__ == "__main__":
    main()
