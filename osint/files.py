"""Write files of our own: never through a link, never over half a file, never over what somebody else made.

A case folder may come from a stranger. So what is written gets a random temporary name that did not exist, no link is
followed, and the old file goes only when the new one is whole. Files of a case are for their owner alone (0600), what
a user asked to be written can be read by all (0644), both within the umask; a file that is replaced keeps its mode.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import secrets
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from filelock import BaseFileLock, FileLock

from osint.errors import RefusedError, UnreadableError

PRIVATE, PUBLIC = 0o600, 0o644
"""Modes of a new file: of a case, and of what a user asked to be written."""
LARGEST = 1 << 30
"""Bytes of a file that is read whole at most, where its reader states no less."""
PREFIX = ".osint-"
"""Begins the names of temporary files and folders."""
WRITTEN = ("raw", "derived")
"""Folders of a case that are written to."""
_MARKS_OF_CASE = ("raw/claims.csv", "raw/captures")
"""What is in every case: its tables, or what was captured into it."""
_FLAGS = {
    "r+b": os.O_RDWR,
    "ab": os.O_WRONLY | os.O_APPEND | os.O_CREAT,
    "xb": os.O_WRONLY | os.O_CREAT | os.O_EXCL,
}
_BINARY = getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)
_SAFE = _BINARY | getattr(os, "O_NOFOLLOW", 0)
_EXCHANGE = {"linux": ("renameat2", -100, 2), "darwin": ("renameatx_np", -2, 2)}
"""The call of a system that swaps two names in one step, its number for the working folder, and its flag."""


def check_case(case: str | Path) -> None:
    """Raise RefusedError, naming it, if anything in raw/ or derived/ of a case folder is a link or no ordinary file.

    Such a case can be read; nothing is written to it.
    """
    for name in WRITTEN:
        check_tree(Path(case) / name)


def check_tree(folder: Path) -> None:
    """Raise RefusedError if a folder or anything in it is a link or no ordinary file; see `check_case`."""
    waiting = [folder]
    while waiting:
        path = waiting.pop()
        with contextlib.suppress(FileNotFoundError):  # another process may take away what it made
            mode = path.lstat().st_mode
            if stat.S_ISDIR(mode):
                waiting += [Path(entry.path) for entry in os.scandir(path)]
            elif not stat.S_ISREG(mode):
                what = f"a link to {path.readlink()}" if stat.S_ISLNK(mode) else "no ordinary file"
                raise RefusedError(
                    f"{path} is {what}, so this case folder is only read and nothing is written to it: "
                    "take it out, or put a copy of what it leads to in its place"
                )


def refuse_link(path: Path) -> None:
    """Raise RefusedError if a path, or a folder on the way to it within a case, is a link: none is written through."""
    for one in (path, *_folders_of_case(path)):
        if one.is_symlink():
            raise RefusedError(f"{one} is a link to {one.readlink()}, and links are not followed: take it out")


def check_place(path: Path) -> None:
    """Raise RefusedError if a result must not be written here: through a link, or into a case that is only read."""
    refuse_link(path)
    folders = _folders_of_case(path)
    case = folders[-1].parent if folders else path.absolute().parent
    if path.absolute().parts[len(case.parts) :][:1] in (("raw",), ("derived",)):
        check_case(case)


def _folders_of_case(path: Path) -> list[Path]:
    """Return the folders between a path and the case that it lies in; a stranger may have made them."""
    above = list(path.absolute().parents)
    cases = (at for at in reversed(range(len(above))) if any((above[at] / one).exists() for one in _MARKS_OF_CASE))
    return above[: next(cases, 0)]


def resolved(path: Path) -> Path:
    """Return a path without links and dots; raises UnreadableError for a link that leads back to itself."""
    try:
        return path.resolve()
    except RuntimeError as error:  # of Python before 3.13
        raise UnreadableError(f"{path} is a link that leads back to itself; take it out") from error


def read_regular(path: Path, limit: int = LARGEST) -> bytes:
    """Return a whole file; raises UnreadableError for what is no ordinary file, RefusedError above `limit` bytes.

    A pipe is not waited for. Raises OSError where the file cannot be read.
    """
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > limit:
            raise RefusedError(f"{path} has {size:,} bytes, more than the {limit:,} that are read of such a file")
        return file.read(limit)


def open_regular(path: Path) -> IO[bytes]:
    """Open a file for reading; raises UnreadableError for what is no ordinary file. A pipe is not waited for."""
    handle = os.open(path, os.O_RDONLY | _BINARY)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise UnreadableError(f"{path} is no ordinary file; put a file in its place")
    return os.fdopen(handle, "rb")


def open_private(path: Path, mode: str, buffering: int = -1) -> IO[bytes]:
    """Open a file of a case for writing ("r+b", "ab", or "xb" for a new one), a new one for its owner alone.

    Raises RefusedError for a link or what is no ordinary file, OSError where it cannot be opened.
    """
    refuse_link(path)
    handle = os.open(path, _FLAGS[mode] | _SAFE, PRIVATE)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise RefusedError(f"{path} is no ordinary file, and nothing is written to it: take it out")
    return os.fdopen(handle, mode, buffering)


def locked(path: Path) -> BaseFileLock:
    """Return the lock that a file stands for; raises RefusedError if it is a link."""
    refuse_link(path)
    return FileLock(path, mode=PRIVATE)


def make_folder(path: Path) -> None:
    """Make a folder of a case with its parents, new ones for their owner alone."""
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    path.mkdir(parents=True, exist_ok=True)
    for folder in missing:
        folder.chmod(0o700)


def replace_file(path: Path, body: bytes, *, private: bool = False) -> None:
    """Write a file so that a crash leaves the old one or the new one, never half; folders above it are made.

    Raises RefusedError if the path is a link, OSError where it cannot be written.
    """
    with written_beside(path, private=private) as part:
        part.write_bytes(body)


@contextlib.contextmanager
def written_beside(path: Path, *, private: bool = False) -> Iterator[Path]:
    """Give the path of a new file, of the same name in a new folder beside; it takes the place of `path` at the end.

    Where the block raises, what stood at `path` is left as it was. Raises RefusedError if the path is a link.
    """
    refuse_link(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=PREFIX, dir=path.parent, ignore_cleanup_errors=True) as folder:
        part = Path(folder) / path.name
        yield part
        part.chmod(_mode_of(path, part, PRIVATE if private else PUBLIC))
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.replace(path)


def _mode_of(path: Path, part: Path, new: int) -> int:
    """Return the mode of the file at a path, or that of the new file without what `new` does not allow."""
    with contextlib.suppress(OSError):
        return stat.S_IMODE(path.lstat().st_mode)
    return stat.S_IMODE(part.stat().st_mode) & new


@contextlib.contextmanager
def folder_beside(path: Path) -> Iterator[Path]:
    """Give a new empty folder; it takes the place of the folder `path`, if there is one, in one step at the end.

    Where the block raises, what stood at `path` is left as it was. The caller has made sure that what stands there
    may go. Raises RefusedError if the path is a link.
    """
    refuse_link(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=PREFIX, dir=path.parent, ignore_cleanup_errors=True) as held:
        part = Path(held) / "new"
        part.mkdir()
        yield part
        if not path.exists():
            part.rename(path)
        elif not _exchanged(part, path):
            path.rename(Path(held) / "old")
            part.rename(path)


def _exchanged(one: Path, other: Path) -> bool:
    """Swap two folders in one step; says whether the system could."""
    name, here, flag = _EXCHANGE.get(sys.platform, ("", 0, 0))
    try:
        call = getattr(ctypes.CDLL(None, use_errno=True), name)
    except (AttributeError, OSError, TypeError):
        return False
    return bool(call(here, os.fsencode(one), here, os.fsencode(other), ctypes.c_uint(flag)) == 0)


def spare_name(folder: Path, ending: str) -> Path:
    """Return a path in a folder whose name nobody can have known before."""
    return folder / f"{secrets.token_hex(8)}{ending}"


def copy_rest(file: IO[bytes], target: Path) -> None:
    """Write what follows the position of an open file to a new file, synced to the disk."""
    with open_private(target, "xb") as copy:
        shutil.copyfileobj(file, copy)
        copy.flush()
        os.fsync(copy.fileno())
