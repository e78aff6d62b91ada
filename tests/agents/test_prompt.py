"""Templates are whole: no variable is forgotten, each has a question."""

from __future__ import annotations

from pathlib import Path

import pytest
from jinja2 import UndefinedError

from agents.prompt import _loaded, render


def test_a_missing_variable_is_an_error(tmp_path: Path) -> None:
    template = tmp_path / "t.j2"
    template.write_text("{% block system %}s{% endblock %}{% block user %}{{ missing }}{% endblock %}")
    with pytest.raises(UndefinedError):
        render(template)


def test_all_templates_of_the_room_have_a_question_and_at_most_a_system_message() -> None:
    found = sorted((Path(__file__).parents[2] / "agents").rglob("*.j2"))
    assert found
    for template in found:
        assert {"user"} <= set(_loaded(template).blocks) <= {"system", "user"}, template
