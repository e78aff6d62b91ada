"""Every text of a run is hostile: none of it runs, asks another host, or becomes markup, on any view."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.app.review.browser.hostile_run import PAYLOADS, make_hostile_run
from tests.app.review.browser.review_server import ReviewServer
from tests.app.review.browser.visit import PWNED, Visit
from tests.app.review.conftest import Begin, serve

pytestmark = pytest.mark.browser
RUN = "/runs/hostile"
VIEWS = [
    "/", RUN, f"{RUN}/hypotheses", f"{RUN}/tree", f"{RUN}/log", f"{RUN}/report", "/search?q=window+pwned",
    "/search?q=evil.invalid", "/compare?a=hostile&b=hostile", *(f"/compare?a=hostile/h{n}&b=hostile/h{n + 1}" for n in (1, 11, 29)),
]  # fmt: skip
FIND_FAULTS = """() => {
  const faults = [];
  for (const element of document.querySelectorAll("*")) {
    for (const attribute of element.attributes) {
      if (/^on|^(data-)?hx-on/.test(attribute.name)) faults.push(attribute.name + " of " + element.outerHTML.slice(0, 120));
      if (/^(href|src|action|formaction|data|xlink:href)$/.test(attribute.name)) {
        const address = attribute.value.trim().toLowerCase();
        const target = new URL(address, location.href);
        if (!["data:", "about:"].includes(target.protocol) && target.host !== location.host)
          faults.push(attribute.name + "=" + address.slice(0, 80));
      }
    }
    if (element.localName === "script" && !element.src.startsWith(location.origin + "/static/"))
      faults.push("script " + element.outerHTML.slice(0, 120));
    if (["iframe", "object", "embed", "base", "foreignobject", "math"].includes(element.localName))
      faults.push(element.outerHTML.slice(0, 120));
  }
  return faults;
}"""


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ReviewServer, list[str]]]:
    project = tmp_path_factory.mktemp("hostile")
    digests = make_hostile_run(project / "runs" / "hostile")
    for server in serve(project):
        yield server, digests


def _look(visit: Visit, path: str) -> None:
    """Open a view, and fail where a payload is more than text."""
    visit.open(path)
    assert visit.page.evaluate(PWNED) == 0, path
    assert visit.page.evaluate(FIND_FAULTS) == [], path


def test_there_are_enough_payloads() -> None:
    assert len(set(PAYLOADS)) >= 30


def test_no_view_of_many_runs_a_payload(hostile: tuple[ReviewServer, list[str]], begin_visit: Begin) -> None:
    visit = begin_visit(hostile[0])
    for path in VIEWS:
        _look(visit, path)
    visit.open(f"{RUN}/hypotheses")
    for _ in range(len(PAYLOADS)):
        visit.page.keyboard.press("j")
    visit.page.get_by_role("complementary").get_by_role("heading", level=2).wait_for()
    assert visit.page.evaluate(FIND_FAULTS) == []
    visit.check()


def test_no_view_of_one_runs_a_payload(hostile: tuple[ReviewServer, list[str]], begin_visit: Begin) -> None:
    server, digests = hostile
    visit = begin_visit(server)
    _look(visit, f"{RUN}/logs/{digests[-1]}")
    for number, text in enumerate(PAYLOADS, 1):
        _look(visit, f"{RUN}/hypotheses/h{number}")
        words = re.findall(r"[a-z]{4,}", text.replace("\n", " "))
        assert words[0] in visit.page.content(), text  # it is shown, as text
    visit.check()


def test_no_picture_runs_a_payload(hostile: tuple[ReviewServer, list[str]], begin_visit: Begin) -> None:
    """A picture that is opened by itself may have its own elements, but runs and loads nothing."""
    server, digests = hostile
    visit = begin_visit(server)
    for text, digest in zip(PAYLOADS, digests, strict=False):
        if "svg" in text:
            visit.open(f"{RUN}/artifacts/{digest}")
            assert visit.page.evaluate(PWNED) == 0, text
    visit.errors.clear()  # the policy's refusals are what is wanted here
