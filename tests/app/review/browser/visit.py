"""A visit to the review page in a browser context of its own. It watches for what a page must never do: open a dialog,
ask another host, raise an error, or run what a run's texts hold."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Dialog, Page, Request

PWNED = "window.__pwned || 0"
MARK, MARKED = "window.__loadedOnce = true", "window.__loadedOnce === true"


@dataclass
class Visit:
    """`page` is let in already. `foreign` are requests to other hosts, `dialogs` texts of dialogs, `errors` uncaught
    errors of scripts and refusals by the page's policy."""

    page: Page
    origin: str
    foreign: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    @classmethod
    def begin(cls, context: BrowserContext, url: str, origin: str) -> Visit:
        visit = cls(context.new_page(), origin)
        context.on("request", visit._note_request)
        context.on("requestfailed", visit._drop_blocked)
        visit.page.on("dialog", visit._note_dialog)
        visit.page.on("pageerror", lambda error: visit.errors.append(str(error)))
        visit.page.on(
            "console", lambda said: visit.errors.append(said.text) if "Content Security Policy" in said.text else None
        )
        visit.page.goto(url)
        return visit

    def open(self, path: str) -> None:
        answer = self.page.goto(self.origin + path)
        assert answer is not None
        assert answer.status == 200, f"{path}: {answer.status} {self.page.title()}"

    def mark(self) -> None:
        """Mark the page: a reload would lose the mark."""
        self.page.evaluate(MARK)

    def is_marked(self) -> bool:
        return bool(self.page.evaluate(MARKED))

    def tab_to(self, name: str, most: int = 40) -> None:
        """Move the focus by the Tab key to the link or button of this name."""
        for _ in range(most):
            self.page.keyboard.press("Tab")
            focused = self.page.evaluate("(document.activeElement.innerText || '').trim()")
            if focused == name:
                return
        raise AssertionError(f"{name}: not reached by {most} tabs")

    def check(self) -> None:
        """Fail where something happened that never may."""
        assert self.foreign == []
        assert self.dialogs == []
        assert self.errors == []

    def _note_request(self, request: Request) -> None:
        if urlsplit(request.url).scheme not in ("data", "about", "blob") and not request.url.startswith(self.origin):
            self.foreign.append(request.url)

    def _drop_blocked(self, request: Request) -> None:
        """Forget a request that the page's policy kept from being sent."""
        if request.url in self.foreign and "csp" in (request.failure or "").lower():
            self.foreign.remove(request.url)

    def _note_dialog(self, dialog: Dialog) -> None:
        self.dialogs.append(dialog.message)
        dialog.dismiss()
