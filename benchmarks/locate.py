"""Time and memory of a wide search against its area, on SIMULATED ground that is made as it is read.

The reading of files is left out: this is what the search itself costs, tile by tile. Run as
`python -m benchmarks.locate`; it prints the table that docs/locate.md quotes.
"""

import tempfile
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pandas as pd
import shapely
import xarray as xr
from pyproj import Transformer
from shapely.geometry.base import BaseGeometry

from osint import grids, locate, looks
from osint.tile_search import Target

SEED = 0
EPSG = 32646
TARGET = Target("2023-01-01", "2024-12-31", "2023-09-30", "2024-06-01", 8_000, 20_000)


class Ground:
    """Noise that is the same for the same pixels; picklable, so that a cluster can read it too."""

    def __call__(self, geometry: BaseGeometry) -> looks.Looks:
        when = pd.date_range("2023-01-03", "2024-12-28", freq="20D", tz="UTC")
        cloud = np.linspace(0, 40, len(when))
        scenes = pd.DataFrame({"id": [f"N{n}" for n in range(len(when))], "datetime": when, "cloud_pct": cloud})
        return looks.Looks(scenes, read)


def read(rows: pd.DataFrame, geometry: BaseGeometry, bands: tuple[str, ...]) -> xr.Dataset:
    grid = grids.grid(geometry, 10, EPSG)
    rng = np.random.default_rng([SEED, int(grid.transform.c) // 10, int(grid.transform.f) // 10])
    shape = (len(rows), *grid.shape)
    data = {b: (("time", "y", "x"), 0.2 + 0.004 * rng.standard_normal(shape, dtype=np.float32)) for b in bands}
    data["scl"] = (("time", "y", "x"), np.where(rng.random(shape, dtype=np.float32) < 0.1, 9, 5).astype(np.uint8))
    attrs = {"crs": f"EPSG:{EPSG}", "transform": tuple(grid.transform)[:6], "bytes": 0, "requests": 0}
    times = rows["datetime"].dt.tz_localize(None).to_numpy()
    coords = {"time": times, "y": grid.y, "x": grid.x, "id": ("time", rows["id"].to_numpy())}
    return xr.Dataset(data, coords=coords, attrs=attrs)


def square(side_km: float) -> BaseGeometry:
    to_degrees = Transformer.from_crs(EPSG, 4326, always_xy=True)
    west, south, side = 500_000.0, 4_700_160.0, side_km * 1000
    box = shapely.box(west, south, west + side, south + side).segmentize(2_000)
    return shapely.transform(box, to_degrees.transform, interleaved=False)


def measured(side_km: float, dask: str = "", trace: bool = False) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        if trace:
            tracemalloc.start()
        begun = time.perf_counter()
        found = locate.locate(Ground(), square(side_km), TARGET, Path(folder) / "j.jsonl", dask=dask)
        took = time.perf_counter() - begun
        peak = tracemalloc.get_traced_memory()[1] / 1e6 if trace else float("nan")
        tracemalloc.stop()
    return {"km2": side_km**2, "tiles": len(found.tiles), "seconds": round(took, 1), "peak_mb": peak}


def main() -> None:
    rows = [{**measured(side), "peak_mb": measured(side, trace=True)["peak_mb"]} for side in (5.12, 10.24, 16.2)]
    print(pd.DataFrame(rows).to_string(index=False))


if __name__ == "__main__":
    main()
