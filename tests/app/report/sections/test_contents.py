from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import pytest

from app.report import build
from app.report.build import write_report
from app.report.sections import contents
from app.report.sections.contents import prepare_section
from memory.artifacts import ArtifactStore
from tests.app.conftest import HOSTILE
from tests.app.report.sections.test_pictures import PIXEL
from tools.section import Attachment, Box, Flow, Part, Picture, Printed, Section, Table, Text


@pytest.fixture
def shown(run_folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """The two pages of a run whose toolchain's section holds every kind of block, all of them hostile."""
    section = make_section(ArtifactStore(run_folder / "artifacts").put(PIXEL))
    monkeypatch.setattr("agents.rerun.read_section", lambda folder: section)
    html, markdown = write_report(run_folder)
    return html.read_text(), markdown.read_text()


def make_section(picture: str) -> Section:
    blocks = [
        Text(HOSTILE),
        Printed(f"</pre>{HOSTILE}\n```"),
        Table([HOSTILE, "n"], [[HOSTILE, "1|2"], ["x" * 9_000, "2"]], HOSTILE),
        Picture(picture, f'">{HOSTILE}'),
        Picture("0" * 64, HOSTILE),
        Flow([Box(HOSTILE, [HOSTILE]), Box("b", after=[0])], HOSTILE),
    ]
    files = [
        Attachment("analysis.py", "print('hi')\n", HOSTILE),
        Attachment("../x.py", "", ""),
        Attachment("r.html", "", ""),
    ]
    parts = [Part(HOSTILE, blocks), Part("more", [Text("folded")], folded=True)]
    return Section(HOSTILE, [(HOSTILE, HOSTILE)], parts, files)


def list_attributes(html: str) -> list[str]:
    """The values of all attributes but those that are only shown: alt and labels."""
    values: list[str] = []

    class Tags(HTMLParser):
        def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
            values.extend(value or "" for name, value in attributes if name not in ("alt", "aria-label", "title"))

    Tags().feed(html)
    return values


def test_all_of_a_section_is_text_and_never_markup(shown: tuple[str, str]) -> None:
    html, markdown = shown
    assert "<script" not in html
    assert html.count("<img") == html.count('<img src="data:image/png;base64,') == 1
    assert not any("http:" in value for value in list_attributes(html))
    assert html.count("<details>") > 0
    assert "\\<script\\>" in markdown
    assert "\n<" not in markdown.replace("\n</pre>", "")  # only within its fence


def test_the_page_may_load_pictures_from_itself_alone(shown: tuple[str, str]) -> None:
    assert "default-src 'none'; style-src 'unsafe-inline'; img-src data:" in shown[0]


def test_files_and_pictures_are_written_beside_the_pages(shown: tuple[str, str], run_folder: Path) -> None:
    assert (run_folder / "analysis.py").read_text() == "print('hi')\n"
    assert not (run_folder / "r.html").exists()
    assert not (run_folder.parent / "x.py").exists()
    pictures = list((run_folder / build.FIGURES).iterdir())
    assert [path.read_bytes() for path in pictures] == [PIXEL]
    assert f"](figures/{pictures[0].name})" in shown[1]
    assert "is not shown: not readable" in shown[0]


def test_a_huge_table_is_cut_and_says_so(tmp_path: Path) -> None:
    table = Table([str(i) for i in range(500)], [["cell"] * 500 for _ in range(100_000)])
    shown = prepare_section(Section("S", parts=[Part("P", [table])]), ArtifactStore(tmp_path)).parts[0].blocks[0]
    assert (len(shown.rows), len(shown.rows[0]), len(shown.head)) == (
        contents.MOST_ROWS, contents.MOST_COLUMNS, contents.MOST_COLUMNS,
    )  # fmt: skip
    assert shown.left_out == 100_000 - contents.MOST_ROWS


def test_a_page_holds_so_many_pictures_and_bytes_of_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = ArtifactStore(tmp_path)
    pictures = [Picture(store.put(PIXEL + bytes(size)), f"{size} zeros") for size in range(4)]
    section = Section("S", parts=[Part("P", [*pictures, pictures[0]])])
    monkeypatch.setattr(contents, "MOST_PICTURE_BYTES", 2 * len(PIXEL) + 1)
    kinds = [block.kind for block in prepare_section(section, store).parts[0].blocks]
    assert kinds == ["picture", "picture", "text", "text", "picture"]
    monkeypatch.setattr(contents, "MOST_PICTURES", 1)
    kinds = [block.kind for block in prepare_section(section, store).parts[0].blocks]
    assert kinds == ["picture", "text", "text", "text", "picture"]


def test_a_section_of_rows_alone_stands_where_it_stood(run_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agents.rerun.read_section", lambda folder: Section("From plans to code", [("drafts", "3")]))
    html, markdown = (path.read_text() for path in write_report(run_folder))
    assert "<h2>From plans to code</h2>\n    <table>" in html
    assert 'class="toolchain"' not in html
    assert "- drafts: 3" in markdown
    assert not (run_folder / build.FIGURES).exists()
