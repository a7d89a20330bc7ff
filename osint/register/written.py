"""Write tables: numbers as a person would, and no cell that a spreadsheet would run as a formula."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from osint import files

WHOLE_FROM = 1e5  # numbers from this size on are written without decimals
FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "＠", "－")
"""What a cell begins with that a spreadsheet runs as a formula."""


def cell_text(value: object, degrees: bool = False) -> str:
    """Return a cell: numbers with six digits, or whole from 100,000 on; NaN is empty; texts guarded.

    Degrees have six decimals, or a place east of 100 degrees would be good to 50 m only.
    """
    if isinstance(value, float):
        if np.isnan(value):
            return ""
        if degrees:
            return f"{float(value):.6f}".rstrip("0").rstrip(".")
        return f"{float(value):.6g}" if abs(value) < WHOLE_FROM else f"{float(value):.0f}"
    return str(defuse("" if value is None else str(value)))


def write_csv(frame: pd.DataFrame, path: str | Path) -> None:
    """Write a CSV in one step: UTF-8, LF, and no cell that a spreadsheet would run as a formula."""
    files.replace_file(Path(path), csv_text(frame).encode())


def csv_text(frame: pd.DataFrame) -> str:
    """Return a frame as CSV with LF, and no cell that a spreadsheet would run as a formula."""
    safe = frame.copy()
    for name in safe.columns:
        if not pd.api.types.is_numeric_dtype(safe[name]):
            safe[name] = safe[name].map(defuse)
    return str(safe.to_csv(index=False, lineterminator="\n"))


def defuse(cell: object) -> object:
    """Quote a text cell that begins like a formula, as OWASP advises for CSV; numbers are left alone.

    >>> defuse("=1+1"), defuse("-3"), defuse("-5+cmd")
    ("'=1+1", '-3', "'-5+cmd")
    >>> defuse(" =1+1"), defuse("＝1+1")
    ("' =1+1", "'＝1+1")
    """
    if isinstance(cell, str) and (cell.lstrip().startswith(FORMULA) or cell.startswith(FORMULA)):
        try:
            float(cell)
        except ValueError:
            return "'" + cell
    return cell
