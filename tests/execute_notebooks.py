"""Run every notebook and keep its outputs, or write all as HTML that asks nothing of the network.

    python tests/execute_notebooks.py                  # run each and store it as committed
    python tests/execute_notebooks.py --html out       # write out/NAME.html from the stored outputs

Two runs give the same bytes: no times, no widget models, no messages of a progress bar are stored.
"""

import argparse
import base64
import os
import sys
import tempfile
import warnings
from pathlib import Path

import nbformat

from osint import fonts

FOLDER = Path(__file__).resolve().parent.parent / "notebooks"
WIDGET = "application/vnd.jupyter.widget-view+json"
FONT = "osint page"
PAGE = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>{title}</title>
<style>
@font-face {{ font-family: "{font_name}"; src: url(data:font/woff;base64,{font}) format("woff") }}
body {{ max-width: 68em; margin: 1.5em auto; padding: 0 1em; line-height: 1.45; color: #111 }}
body {{ font-family: "{font_name}", sans-serif }}
pre {{ background: #f6f6f6; padding: .5em; overflow-x: auto }}
td, th {{ border-bottom: 1px solid #ddd; padding: 4px 8px; text-align: left; vertical-align: top }}
img {{ max-width: 100% }} .anchor-link, .prompt, .jp-InputPrompt, .jp-OutputPrompt {{ display: none }}
</style></head><body>{body}</body></html>
"""


def executed(path, folder=FOLDER, timeout=300):
    """Return a notebook with the outputs of a run in `folder`, without what differs from run to run."""
    from nbclient import NotebookClient

    book = nbformat.read(path, as_version=4)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the kernel's transport warns on loopback
        client = NotebookClient(
            book, timeout=timeout, record_timing=False, resources={"metadata": {"path": str(folder)}}
        )
        client.store_widget_state = False
        client.execute()
    for cell in book.cells:
        if cell.cell_type == "code":
            cell.outputs = [o for o in cell.outputs if o.get("name") != "stderr" and WIDGET not in o.get("data", {})]
    book.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    return book


def as_html(book, title):
    """Return a notebook as one page that loads nothing from outside."""
    from nbconvert import HTMLExporter

    exporter = HTMLExporter(template_name="basic")
    exporter.exclude_input_prompt = exporter.exclude_output_prompt = True
    body, _ = exporter.from_notebook_node(book)
    font = base64.b64encode(fonts.font_subset(body) or b"").decode()  # Chinese is drawn on any machine
    return PAGE.format(title=title, body=body, font=font, font_name=FONT)


def main(arguments):
    """Run or export the notebooks that are named, all without a name."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="beginnings of file names, as 00")
    parser.add_argument("--html", type=Path, metavar="FOLDER")
    args = parser.parse_args(arguments)
    paths = [p for p in sorted(FOLDER.glob("[0-9]*.ipynb")) if not args.names or p.name.startswith(tuple(args.names))]
    with tempfile.TemporaryDirectory() as cache:
        os.environ["OSINT_CACHE"] = cache
        for path in paths:
            if args.html:
                args.html.mkdir(parents=True, exist_ok=True)
                page = as_html(nbformat.read(path, as_version=4), path.stem)
                (args.html / f"{path.stem}.html").write_text(page, encoding="utf-8")
            else:
                nbformat.write(executed(path), path)
            print(path.stem, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
