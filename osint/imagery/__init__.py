"""Scenes, windows, maps."""

from osint.imagery.catalogue import scenes
from osint.imagery.read import DARK_LIMIT, SCL_NAMES, read

__all__ = ["DARK_LIMIT", "SCL_NAMES", "read", "scenes"]
