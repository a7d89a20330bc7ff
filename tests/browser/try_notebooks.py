"""Open every notebook in JupyterLab in headless Chromium, run it, and use it as a person would.

    python -m tests.browser.try_notebooks [--chromium /usr/bin/chromium] [--out FOLDER] [NAMES ...]

Each notebook is opened and run; the site is changed, a table sorted by keyboard, the map moved, a slider moved, an
outline drawn, a candidate taken, the pictures swiped and faded, a figure exported. It fails on an error in a cell or in
the console, on a request to another machine, on a picture without words, and on one that is wider than the page at a zoom
of 200%. Screenshots at 1280 and 1920 pixels, at 200%, and of notebooks 00 and 04 as three kinds of colour blindness show
them, go to FOLDER.
"""

import argparse
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "notebooks"
SETTINGS = {
    "@jupyterlab/apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "@jupyterlab/notebook-extension/tracker": {"windowingMode": "none"},
}
WIDTHS = (1280, 1920)
PATIENCE_MS = 240_000
SLIDER_MS = 100
"""A slider is redrawn within this time, on an idle core."""
HARMLESS = ("favicon", "Failed to load resource: the server responded with a status of 404", "ResizeObserver")


def free_port():
    """Return a port of this machine that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start_lab(home, books, port, token):
    """Start JupyterLab on a folder of notebooks with settings of its own, and wait until it answers."""
    for name, values in SETTINGS.items():
        path = home / "settings" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values), encoding="utf-8")
    env = os.environ | {
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "OSINT_CACHE": str(home / "cache"),
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
    }
    line = [sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1", f"--port={port}", "--allow-root"]
    line += [f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={books}", "--expose-app-in-browser"]
    server = subprocess.Popen(line, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(240):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return server
        time.sleep(0.5)
    raise SystemExit("JupyterLab did not start")


class Lab:
    """One notebook in the browser."""

    def __init__(self, page, base, token):
        self.page, self.base, self.token = page, base, token
        self.console, self.outside = [], []
        page.on("console", lambda m: self.console.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda e: self.console.append(str(e)))
        page.on("request", lambda r: self._asked(r.url))

    def _asked(self, url):
        host = urlsplit(url).hostname
        if host not in (None, "127.0.0.1", "localhost"):
            self.outside.append(url)

    def open(self, name):
        """Open a notebook and wait for its kernel."""
        self.page.goto(f"{self.base}/lab/tree/{name}?reset&token={self.token}")
        self.page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=PATIENCE_MS)
        self.page.wait_for_function(
            "window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'",
            timeout=PATIENCE_MS,
        )

    def run_all(self):
        """Run all cells and wait until none is waiting."""
        self.page.evaluate("window.jupyterapp.commands.execute('notebook:run-all-cells')")
        self.page.wait_for_function(
            """() => {
                const prompts = [...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')].map(p => p.innerText);
                return prompts.length && prompts.every(p => /\\[\\d+\\]/.test(p))
                    && window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.status === 'idle';
            }""",
            timeout=PATIENCE_MS,
        )
        self.page.wait_for_timeout(1500)

    def clear(self):
        """Take all outputs away, so that what is seen afterwards was made here."""
        self.page.evaluate("window.jupyterapp.commands.execute('notebook:clear-all-cell-outputs')")

    def set_site(self, site):
        """Write another site into the first cell of code, as a person does."""
        self.page.evaluate(
            """site => {
                const cells = window.jupyterapp.shell.currentWidget.content.widgets;
                const first = cells.find(cell => cell.model.type === 'code').model.sharedModel;
                first.setSource(first.getSource().replace(/SITE = "[^"]*"/, `SITE = "${site}"`));
            }""",
            site,
        )

    def words(self):
        """Return the words of all outputs."""
        return self.page.evaluate(
            "[...document.querySelectorAll('.jp-OutputArea-output')].map(o => o.innerText).join('\\n')"
        )

    def check(self):
        """Fail on an error in a cell, a mute picture, an error in the console, or a request to another machine."""
        kinds = "[data-mime-type='application/vnd.jupyter.error'], [data-mime-type='application/vnd.jupyter.stderr']"
        errors = self.page.locator(kinds).all_inner_texts()
        mute = self.page.evaluate(
            "[...document.querySelectorAll('.jp-OutputArea-output img')].filter(i => !i.alt).length"
        )
        loud = [line for line in self.console if not any(word in line for word in HARMLESS)]
        assert not errors, errors
        assert not mute, f"{mute} pictures without words"
        assert not loud, loud
        assert not self.outside, self.outside

    def picture(self, out, name):
        """Take a screenshot of the whole notebook at each width."""
        self.page.evaluate("document.querySelector('.jp-WindowedPanel-outer').scrollTop = 0")
        for width in WIDTHS:
            self.page.set_viewport_size({"width": width, "height": 900})
            self.page.wait_for_timeout(300)
            tall = self.page.evaluate("document.querySelector('.jp-WindowedPanel-viewport').scrollHeight") or 900
            self.page.set_viewport_size({"width": width, "height": min(int(tall) + 160, 9000)})
            self.page.evaluate("document.querySelector('.jp-WindowedPanel-outer').scrollTop = 0")
            self.page.wait_for_timeout(500)
            self.page.screenshot(path=str(out / f"{name}_{width}.png"))
        self.page.set_viewport_size({"width": WIDTHS[0], "height": 900})


def fits_at_twice_the_size(lab, out, name):
    """See that nothing is wider than the page at a zoom of 200%, which halves it."""
    lab.page.evaluate("window.jupyterapp.shell.collapseLeft()")
    lab.page.set_viewport_size({"width": WIDTHS[0] // 2, "height": 450})
    lab.page.wait_for_timeout(1000)
    wide = lab.page.evaluate(
        """[...document.querySelectorAll('.jp-OutputArea-output img:not(.leaflet-image-layer), .leaflet-container')].filter(
            one => one.getBoundingClientRect().width > one.closest('.jp-OutputArea-output').clientWidth + 1).length"""
    )
    lab.page.screenshot(path=str(out / f"{name}_200_percent.png"))
    lab.page.set_viewport_size({"width": WIDTHS[0], "height": 900})
    assert not wide, f"{wide} pictures are wider than the page at 200%"


def as_others_see_it(lab, out, name):
    """Take the notebook as readers see it who do not tell some colours apart, by Chromium's own matrices."""
    session = lab.page.context.new_cdp_session(lab.page)
    lab.page.set_viewport_size({"width": WIDTHS[0], "height": 4500})
    lab.page.evaluate("document.querySelector('.jp-WindowedPanel-outer').scrollTop = 0")
    for kind in ("protanopia", "deuteranopia", "tritanopia"):
        session.send("Emulation.setEmulatedVisionDeficiency", {"type": kind})
        lab.page.wait_for_timeout(300)
        lab.page.screenshot(path=str(out / f"{name}_{kind}.png"))
    session.send("Emulation.setEmulatedVisionDeficiency", {"type": "none"})
    lab.page.set_viewport_size({"width": WIDTHS[0], "height": 900})


def sorts_by_keyboard(lab):
    """Sort the first table by its first head with the keyboard, and see that it sorts."""
    head = lab.page.locator(".osint-table th button").first
    head.focus()
    first = lab.page.locator(".osint-table tbody tr td:first-child")
    lab.page.keyboard.press("Enter")
    rising = first.first.inner_text()
    lab.page.keyboard.press("Enter")
    assert rising != first.first.inner_text() or lab.page.locator(".osint-table").first.locator("tbody tr").count() == 1


def moves_a_slider(lab):
    """Move the first slider of notebook 04 by the keyboard, and see that the answer is redrawn."""
    handle = lab.page.locator(".jupyter-widgets .noUi-handle").first
    handle.scroll_into_view_if_needed()
    drawn = lab.page.locator(".jupyter-widgets svg[role=img]").first
    before = drawn.get_attribute("aria-label")
    started = time.monotonic()
    handle.focus()
    lab.page.keyboard.press("ArrowRight")
    lab.page.wait_for_function(
        "was => document.querySelector('.jupyter-widgets svg[role=img]').getAttribute('aria-label') !== was",
        arg=before,
        timeout=20_000,
        polling=10,
    )
    print(
        f"    a slider was redrawn after {1000 * (time.monotonic() - started):.0f} ms (with the kernel; {SLIDER_MS} due)"
    )


def tab_to(lab, selector, words="", back=False):
    """Press Tab until an element is reached that answers to a selector and holds some words, as without a mouse."""
    asked = "([what, words]) => { const one = document.activeElement; return one.matches(what) && one.innerText.includes(words) }"
    for _ in range(300):
        lab.page.keyboard.press("Shift+Tab" if back else "Tab")
        if lab.page.evaluate(asked, [selector, words]):
            return
    raise AssertionError(f"Tab never comes to {words or selector}")


def before_the_widgets(lab, selector):
    """Put the keyboard where a person is who has left a cell by Escape, above the first element of a selector."""
    lab.page.evaluate(
        """what => {
            const cell = document.querySelector(what).closest('.jp-Cell');
            const book = window.jupyterapp.shell.currentWidget.content;
            book.activeCellIndex = book.widgets.findIndex(one => one.node === cell);
            book.mode = 'command';
            cell.focus();
        }""",
        selector,
    )


def takes_a_candidate(lab):
    """Tick a candidate of notebook 03 by the keyboard alone and see what it would change; nothing is written."""
    box = ".jupyter-widgets input[type=checkbox]"
    before_the_widgets(lab, box)
    tab_to(lab, box)
    lab.page.keyboard.press("Space")
    tab_to(lab, ".jupyter-widgets input[type=text]")
    lab.page.keyboard.type("A. Reader")
    tab_to(lab, ".jupyter-widgets button", "these are the site's")
    lab.page.keyboard.press("Enter")
    lab.page.wait_for_function("document.body.innerText.includes('Tried out, not written')", timeout=60_000)


def gets_a_tick(lab, before):
    """See that an outline which was drawn can be taken: the form has one tick more."""
    more = "n => document.querySelectorAll('.jupyter-widgets input[type=checkbox]').length === n + 1"
    lab.page.wait_for_function(more, arg=before, timeout=120_000)
    lab.page.wait_for_function("document.body.innerText.includes('It has a tick in the form below')", timeout=20_000)


def draws_by_keyboard(lab):
    """Set corners at the cross of the map of notebook 03 by the keyboard alone, and have them dated and measured."""
    page, ticks = lab.page, lab.page.locator(".jupyter-widgets input[type=checkbox]")
    before = ticks.count()
    count = "n => document.querySelector('.jupyter-widgets textarea').value.trim().split('\\n').length === n"
    before_the_widgets(lab, ".leaflet-container")
    for n, way in enumerate(("ArrowLeft", "ArrowUp", "ArrowRight", "ArrowDown"), 1):
        tab_to(lab, ".leaflet-container", back=n > 1)
        page.keyboard.press(way)
        page.wait_for_timeout(800)
        tab_to(lab, ".jupyter-widgets button", "a corner at the cross")
        page.keyboard.press("Enter")
        page.wait_for_function(count, arg=n, timeout=20_000)
    tab_to(lab, ".jupyter-widgets button", "date and measure this outline")
    page.keyboard.press("Enter")
    gets_a_tick(lab, before)


def draws_an_outline(lab):
    """Press four corners on the map of notebook 03, have them dated and measured, and take the outline; none is written."""
    page, ticks = lab.page, lab.page.locator(".jupyter-widgets input[type=checkbox]")
    before, map_ = ticks.count(), lab.page.locator(".leaflet-container").first
    map_.scroll_into_view_if_needed()
    box, corners = map_.bounding_box(), page.locator(".jupyter-widgets textarea").first
    for n, (x, y) in enumerate(((-30, -30), (30, -30), (30, 30), (-30, 30)), 1):
        page.mouse.click(box["x"] + box["width"] / 2 + x, box["y"] + box["height"] / 2 + y)
        wait = "n => document.querySelector('.jupyter-widgets textarea').value.trim().split('\\n').length === n"
        page.wait_for_function(wait, arg=n, timeout=20_000)
    page.mouse.move(box["x"] + 200, box["y"] + 100)
    page.mouse.down()
    page.mouse.move(box["x"] + 120, box["y"] + 60, steps=5)
    page.mouse.up()
    assert len(corners.input_value().split()) == 4, "pulling the map set a corner"
    press = page.locator(".jupyter-widgets button", has_text="date and measure this outline")
    press.focus()
    page.keyboard.press("Enter")
    gets_a_tick(lab, before)
    ticks.last.focus()
    page.keyboard.press("Space")
    page.locator(".jupyter-widgets input[type=text]").first.fill("A. Reader")
    page.locator(".jupyter-widgets button", has_text="these are the site's").click()
    page.wait_for_timeout(2000)


def fades(lab):
    """Fade the pictures of the map by the keyboard, and see that the upper one pales."""
    upper = lab.page.locator(".leaflet-container img.leaflet-image-layer").nth(1)
    was = upper.evaluate("image => image.style.opacity")
    handle = lab.page.locator(".jupyter-widgets .noUi-handle").first
    handle.focus()
    for _ in range(4):
        lab.page.keyboard.press("ArrowLeft")
    lab.page.wait_for_timeout(500)
    assert upper.evaluate("image => image.style.opacity") != was, "the pictures of the map do not fade"


def swipes(lab):
    """Move the slider between the pictures of notebook 03 with the keyboard, and see that the edge moves."""
    ranges = lab.page.locator("figure input[type=range]").first
    ranges.scroll_into_view_if_needed()
    after = lab.page.locator("figure img").nth(1)
    was = after.evaluate("image => image.style.clipPath")
    ranges.focus()
    for _ in range(10):
        lab.page.keyboard.press("ArrowRight")
    assert after.evaluate("image => image.style.clipPath") != was, "the pictures were not swiped"


def decides_nothing(lab, books):
    """See that running all cells of notebook 02 left no decision behind."""
    assert "11 of 11 open" in lab.words(), "the form has decisions that nobody made"
    assert not list(books.rglob("reviews.jsonl"))


def pans(lab):
    """Come nearer on the map by the keyboard, and see that its bar of scale changes."""
    map_ = lab.page.locator(".leaflet-container").first
    map_.scroll_into_view_if_needed()
    bar = lab.page.locator(".leaflet-control-scale-line").first
    was = bar.inner_text()
    map_.focus()
    lab.page.keyboard.press("+")
    lab.page.keyboard.press("ArrowRight")
    lab.page.wait_for_timeout(1500)
    assert bar.inner_text() != was, "the map does not zoom by the keyboard"


USES = {
    "00": (sorts_by_keyboard, pans),
    "03": (takes_a_candidate, swipes, fades, draws_by_keyboard, draws_an_outline),
    "04": (moves_a_slider,),
}


def try_one(lab, path, books, out):
    """Open, run and use one notebook."""
    started = time.monotonic()
    lab.open(path.name)
    lab.clear()
    lab.run_all()
    lab.check()
    print(f"{path.stem}: opened and run in {time.monotonic() - started:.0f} s", flush=True)
    lab.picture(out, path.stem)
    fits_at_twice_the_size(lab, out, path.stem)
    if path.stem[:2] in {"00", "04"}:
        as_others_see_it(lab, out, path.stem)
    for use in USES.get(path.stem[:2], ()):
        use(lab)
    if path.stem.startswith("02"):
        decides_nothing(lab, books)
    if path.stem.startswith("00"):
        assert "Written to derived/figures of the case" in lab.words(), "no figure was exported"
        lab.set_site("XJ07")
        lab.run_all()
        assert "XJ07" in lab.words(), "the site was not changed"
    lab.check()
    lab.page.evaluate("window.jupyterapp.commands.execute('kernelmenu:shutdown')")


def main(arguments):
    """Try the notebooks that are named, all without a name; the exit status is 1 if one of them fails."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="beginnings of file names, as 00")
    parser.add_argument("--chromium", default=shutil.which("chromium") or "chromium")
    parser.add_argument("--out", type=Path, default=ROOT / "data" / "derived" / "browser")
    args = parser.parse_args(arguments)
    args.out.mkdir(parents=True, exist_ok=True)
    failed = []
    with tempfile.TemporaryDirectory() as home:
        books = Path(home) / "books"
        shutil.copytree(FOLDER, books)  # a copy elsewhere: nothing hangs on where a notebook lies
        port, token = free_port(), secrets.token_hex(8)
        server = start_lab(Path(home), books, port, token)
        try:
            with sync_playwright() as play:
                browser = play.chromium.launch(executable_path=args.chromium, args=["--no-sandbox"])
                for path in sorted(books.glob("[0-9]*.ipynb")):
                    if args.names and not path.name.startswith(tuple(args.names)):
                        continue
                    page = browser.new_page(viewport={"width": WIDTHS[0], "height": 900})
                    try:
                        try_one(Lab(page, f"http://127.0.0.1:{port}", token), path, books, args.out)
                    except Exception as error:
                        failed.append(path.stem)
                        page.screenshot(path=str(args.out / f"{path.stem}_failed.png"))
                        print(f"{path.stem}: FAILED: {error}", flush=True)
                    page.close()
                browser.close()
        finally:
            server.terminate()
            server.wait(timeout=30)
    print(f"{'failed: ' + ', '.join(failed) if failed else 'all passed'}; screenshots in {args.out.name}/")
    return bool(failed)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
