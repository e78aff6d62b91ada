"""Templates are whole: no variable is forgotten, each has a question."""

from __future__ import annotations

from pathlib import Path

import pytest
from jinja2 import UndefinedError

from tools.prompt import _environment, render

ROOT = Path(__file__).parents[2]


def test_a_missing_variable_is_an_error(tmp_path: Path) -> None:
    template = tmp_path / "t.j2"
    template.write_text("{% block system %}s{% endblock %}{% block user %}{{ missing }}{% endblock %}")
    with pytest.raises(UndefinedError):
        render(template)


def test_all_templates_have_a_question_and_at_most_a_system_message() -> None:
    found = [path for room in ("agents", "tools", "benchmarks") for path in sorted((ROOT / room).rglob("*.j2"))]
    whole = [path for path in found if not path.name.startswith("_")]
    assert {path.parent.name for path in whole} >= {"nodes", "prompts"}
    for template in whole:
        assert {"user"} <= set(_environment().get_template(str(template)).blocks) <= {"system", "user"}, template


def test_pieces_that_templates_share_end_with_their_line_and_questions_as_they_are_written(tmp_path: Path) -> None:
    piece, template = tmp_path / "_piece.j2", tmp_path / "t.j2"
    piece.write_text("{% if said %}\nsaid: {{ said|line }}\n{% endif %}\n")
    template.write_text(f'{{% block user %}}\nfirst\n{{% include "{piece}" %}}\nlast\n{{%- endblock %}}\n')
    assert render(template, said="x")[1].content == 'first\nsaid: "x"\nlast'
    assert render(template, said="")[1].content == "first\nlast"
