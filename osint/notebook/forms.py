"""A form of buttons with the same in words above it: the words stay where no kernel runs, the buttons need one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from osint.notebook.shows import Shown


class Form(Shown):
    """Words that stand by themselves, and below them what can be pressed or moved while a kernel runs."""

    def __init__(self, words: Shown, make: Callable[[], Any]) -> None:
        self.words = words
        self._make = make

    def text(self) -> str:
        """Return the words."""
        return self.words.text()

    def html(self) -> str:
        """Return the words as HTML."""
        return self.words.html()

    @property
    def widget(self) -> Any:
        """The buttons; raises ImportError without ipywidgets."""
        return self._make()

    def _ipython_display_(self) -> None:
        from IPython.display import HTML, display

        display(HTML(self.html()))  # type: ignore[no-untyped-call,unused-ignore]
        try:
            widget = self.widget
        except ImportError:
            return
        display(widget)  # type: ignore[no-untyped-call,unused-ignore]
