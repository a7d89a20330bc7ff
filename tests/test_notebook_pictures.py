from pathlib import Path

import nbformat
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).parent.parent / "notebooks" / "02_pictures_of_a_site.ipynb"


def test_pictures_of_a_site_runs_from_top_to_bottom(tmp_path, monkeypatch):
    monkeypatch.setenv("OSINT_CACHE", str(tmp_path / "cache"))
    book = nbformat.read(NOTEBOOK, as_version=4)
    assert all(not cell.get("outputs") for cell in book.cells)
    home = tmp_path / "notebooks"
    home.mkdir()
    client = NotebookClient(
        book, timeout=120, record_timing=False, resources={"metadata": {"path": str(home)}}
    )
    client.execute()
    outputs = [output for cell in book.cells for output in cell.get("outputs", [])]
    said = "".join(output.get("text", "") for output in outputs)
    assert "scenes are clear over the site" in said
    assert "0 failures, 0 scenes of doubtful offset" in said
    assert (tmp_path / "data" / "derived" / "figures" / "before_after.png").stat().st_size > 10_000
    (bill,) = [
        o["data"]["text/plain"] for o in outputs if "two dates" in str(o.get("data", {}).get("text/plain"))
    ]
    assert bill.splitlines()[-1].split() == ["again", "0.0", "0.0"]
    assert sum("SIMULATED" in str(o.get("data", {}).get("text/html")) for o in outputs) == 1
