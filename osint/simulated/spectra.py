"""Bands and SIMULATED surface reflectances of ground and of what stands on it."""

from __future__ import annotations

import numpy as np

BANDS = ("B02", "B03", "B04", "B08", "B8A", "B11", "B12")
COARSE = ("B8A", "B11", "B12", "SCL")

# surface reflectance times 10,000 in the order of BANDS; round figures of desert and building spectra
SPECTRA = {
    name: np.array(values, np.float32)
    for name, values in {
        "gobi": (1050, 1300, 1550, 1900, 1950, 2300, 2150),
        "soil": (1400, 1850, 2300, 2850, 2950, 3500, 3200),
        "playa": (2500, 3000, 3400, 3900, 4000, 4300, 3800),
        "crop": (450, 700, 550, 3400, 3600, 1700, 900),
        "bright roof": (4300, 4450, 4500, 4400, 4400, 3300, 3000),
        "dark roof": (1150, 1200, 1250, 1350, 1350, 1300, 1250),
        "equipment": (1000, 1080, 1150, 1250, 1270, 1300, 1250),
        "asphalt": (1050, 1150, 1250, 1450, 1500, 1650, 1600),
        "blue roof": (2600, 2000, 1500, 2100, 2100, 1900, 1800),
        "pad": (1750, 2250, 2750, 3300, 3400, 3950, 3600),
        "solar field": (700, 740, 780, 950, 1000, 1150, 1050),
        "greenhouse": (2500, 2750, 2700, 3700, 3750, 2900, 2300),
        "salt": (3600, 4000, 4300, 4600, 4600, 3900, 3100),
        "wet": (900, 1000, 1100, 900, 880, 500, 350),
        "snow": (8000, 7950, 7900, 7200, 7000, 1300, 1000),
        "dust": (1900, 2400, 2900, 3300, 3350, 3700, 3500),
        "cloud": (8600, 8650, 8700, 8600, 8600, 6000, 4500),
    }.items()
}
