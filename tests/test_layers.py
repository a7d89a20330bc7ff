"""Imports run one way, and only the door to the network imports a client."""

import ast
import functools
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent / "osint"
ROOMS = (
    "errors", "shown", "fonts", "files", "chain", "register", "geo", "http", "archive", "claims", "filings", "portals",
    "sources", "imagery", "change", "model", "verdict", "passport", "report", "packet", "case", "notebook", "simulated", "cli",
)  # fmt: skip
CLIENTS = {"requests", "httpx", "aiohttp", "obstore", "pystac_client", "urllib3", "async_geotiff"}
CLIENTS |= {"socket", "http.client", "urllib.request"}


@functools.cache
def nodes(path):
    return list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


def room(path):
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return parts[0]


def imported_rooms(path):
    for node in nodes(path):
        if isinstance(node, ast.ImportFrom) and node.module == "osint":
            yield from (a.name for a in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("osint."):
            yield node.module.split(".")[1]


@functools.cache
def modules():
    return [p for p in sorted(PACKAGE.rglob("*.py")) if room(p) not in ("__init__", "__main__")]


def test_every_file_has_a_room():
    assert {room(p) for p in modules()} <= set(ROOMS)


def test_no_room_imports_a_later_one():
    for path in modules():
        later = set(ROOMS[ROOMS.index(room(path)) + 1 :])
        found = set(imported_rooms(path)) & later
        assert not found, f"{path.relative_to(PACKAGE)} imports {sorted(found)}, which come after it"


@functools.cache
def listed(name):
    """Return the names in `__all__` of a room, or None for a room of one module without such a list."""
    path = PACKAGE / name / "__init__.py" if (PACKAGE / name).is_dir() else PACKAGE / f"{name}.py"
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return set(ast.literal_eval(node.value))
    return None


def test_nobody_imports_what_another_room_does_not_list():
    for path in modules():
        for node in nodes(path):
            parts = (getattr(node, "module", None) or "").split(".")
            if not isinstance(node, ast.ImportFrom) or parts[0] != "osint" or len(parts) < 2 or parts[1] == room(path):
                continue
            where = f"{path.relative_to(PACKAGE)}:{node.lineno}"
            assert len(parts) == 2, f"{where} reaches into {'.'.join(parts)}"
            names = listed(parts[1])
            unlisted = {a.name for a in node.names} - names if names is not None else set()
            unlisted |= {a.name for a in node.names if a.name.startswith("_")}
            assert not unlisted, f"{where} takes {sorted(unlisted)}, which {parts[1]} does not list"


def imported_modules(path):
    for node in nodes(path):
        if isinstance(node, ast.Import):
            yield from (a.name for a in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def test_only_the_door_to_the_network_imports_a_client():
    for path in modules():
        found = {name for name in imported_modules(path) if any(f"{name}.".startswith(f"{c}.") for c in CLIENTS)}
        if path.relative_to(PACKAGE).as_posix() == "imagery/stac_api.py":
            found = {name for name in found if not name.startswith("pystac_client")}
        assert not found or room(path) == "http", f"{path.relative_to(PACKAGE)} imports {sorted(found)}"


def test_the_step_finder_needs_nothing_of_the_package_but_errors():
    alone = {"errors", "_segmentation", "_stepless", "_transition", "steps"}
    for name in sorted(alone - {"errors"}):
        tree = ast.parse((PACKAGE / "change" / f"{name}.py").read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "osint":
                last = node.module.split(".")[-1]
                assert {a.name for a in node.names} <= alone if last == "change" else last in alone, node.module


def test_only_the_demo_verb_imports_the_simulated_world():
    users = {p.relative_to(PACKAGE).as_posix() for p in modules() if "simulated" in set(imported_rooms(p))}
    assert {name for name in users if not name.startswith("simulated/")} == {"cli/demo.py"}
    shown = {p.relative_to(PACKAGE).as_posix() for p in modules() if "demo" in set(imported_rooms(p))}
    assert shown == {"case/looking.py"}  # a look with `demo`


def test_no_files_import_each_other_in_a_circle():
    """Inside of a room too: a file is read after those that it uses. Imports for types alone are not counted."""
    names = {p: ".".join(p.relative_to(PACKAGE.parent).with_suffix("").parts) for p in PACKAGE.rglob("*.py")}
    files = {name for path, name in names.items() if path.name != "__init__.py"}
    uses = {name: files & imported_when_run(path) - {name} for path, name in names.items() if name in files}
    while free := [name for name, used in uses.items() if not used & uses.keys()]:
        for name in free:
            del uses[name]
    assert not uses, f"these files import each other in a circle, or one of a circle: {sorted(uses)}"


def imported_when_run(path):
    """Return the modules that a file imports anywhere but for types, and `module.name` for each name that it takes."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    typed = [n for n in ast.walk(tree) if isinstance(n, ast.If) and "TYPE_CHECKING" in ast.unparse(n.test)]
    skipped = {id(n) for branch in typed for body in branch.body for n in ast.walk(body)}
    found = [n for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.module and id(n) not in skipped]
    return {n.module for n in found} | {f"{n.module}.{alias.name}" for n in found for alias in n.names}
