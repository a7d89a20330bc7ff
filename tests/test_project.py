"""The files around the code keep step with it."""

import re
import tomllib
from pathlib import Path

import pytest

from osint.register import SCHEMAS

ROOT = Path(__file__).resolve().parent.parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def split(text):
    name, limits = re.fullmatch(r"([\w.-]+)(?:\[[\w,]+\])?(.*)", text.strip()).groups()
    return name.lower(), limits.replace(" ", "")


def test_environment_yml_has_the_same_packages_and_limits():
    lines = (ROOT / "environment.yml").read_text(encoding="utf-8").splitlines()
    entries = [line.strip()[2:] for line in lines if re.match(r"\s+- [\w-]+[<>=]", line)]
    conda = dict(split(e) for e in entries)
    assert conda.pop("python") == PYPROJECT["requires-python"]
    extras = {name: packages for name, packages in PYPROJECT["optional-dependencies"].items() if name != "seals"}
    wanted = PYPROJECT["dependencies"] + [package for packages in extras.values() for package in packages]
    assert conda == dict(split(w) for w in wanted)


def test_every_dependency_has_its_reason():
    text = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    for entry in PYPROJECT["dependencies"] + [
        d for extra in PYPROJECT["optional-dependencies"].values() for d in extra
    ]:
        assert split(entry)[0] in text, entry


@pytest.mark.parametrize("name", ["run", "dev", "browser"])
def test_requirements_are_hashed_and_name_no_host(name):
    text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    packages = re.findall(r"^([\w.-]+)==", text, re.M)
    assert len(packages) > 20 and "://" not in text and "--index" not in text
    for block in re.split(r"\n(?=[\w.-]+==)", text)[1:]:
        assert "--hash=sha256:" in block
    extras = PYPROJECT["optional-dependencies"]
    wanted = PYPROJECT["dependencies"] if name == "run" else extras["lab"] + extras["test"]
    assert {split(w)[0] for w in wanted} <= {p.lower() for p in packages}


def test_the_data_dictionary_names_every_column():
    text = (ROOT / "data" / "README.md").read_text(encoding="utf-8")
    for table, schema in SCHEMAS.items():
        section = text.split(f"## {table}.csv")[1].split("\n## ")[0]
        named = set(re.findall(r"^\| `([\w ]+)`", section, re.M))
        assert named == {c.name for c in schema.columns}, table


def test_the_readme_names_only_what_is_there():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for path in re.findall(r"\]\(([\w./-]+)\)", text):
        assert (ROOT / path).exists(), path
    for target in re.findall(r"`make (\w+)", text):
        assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M), target


def test_no_text_holds_a_merge_that_was_not_resolved():
    texts = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "data").rglob("*.csv")]
    assert not [path for path in texts if re.search(r"(?m)^(?:<{7}|>{7}) ", path.read_text(encoding="utf-8"))]


def test_the_tree_of_the_architecture_names_every_file():
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    named, above = set(), []
    for line in text.split("```\nosint/\n")[1].split("```")[0].splitlines():
        depth, name = (len(line) - len(line.lstrip())) // 2, line.split()[0]
        above = [*above[: depth - 1], name.rstrip("/")]
        if name.endswith(".py"):
            named.add("/".join(above))
    files = {p.relative_to(ROOT / "osint").as_posix() for p in (ROOT / "osint").rglob("*.py")}
    assert named == {f for f in files if not f.endswith(("/__init__.py", "/__main__.py"))}
