from pathlib import Path

import nbformat

NOTEBOOK = Path(__file__).parent.parent / "notebooks" / "02_pictures_of_a_site.ipynb"


def test_pictures_of_a_site_was_read_whole_cost_nothing_twice_and_says_simulated():
    # that it runs again to the same outputs: test_notebooks.py
    book = nbformat.read(NOTEBOOK, as_version=4)
    outputs = [output for cell in book.cells for output in cell.get("outputs", [])]
    said = "".join(output.get("text", "") for output in outputs)
    assert "scenes are clear over the site" in said
    assert "0 failures, 0 scenes of doubtful offset" in said
    (bill,) = [o["data"]["text/plain"] for o in outputs if "two dates" in str(o.get("data", {}).get("text/plain"))]
    assert bill.splitlines()[-1].split() == ["again", "0.0", "0.00"]
    assert sum("SIMULATED" in str(o.get("data", {}).get("text/html")) for o in outputs) == 1
    assert sum("image/png" in o.get("data", {}) for o in outputs) == 1
