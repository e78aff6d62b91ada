"""The filters and functions of all templates: the report's and the review page's."""

from __future__ import annotations

from functools import partial

from jinja2 import Environment

from app.formatting import (
    add_unit,
    escape_markdown,
    format_duration,
    format_effect,
    format_interval,
    format_line,
    format_money,
    format_number,
    format_signed,
)
from app.report.plots import draw_axis, draw_interval
from pelagos.counts import format_count
from pelagos.quoting import fence_text
from pelagos.visible import make_visible


def add_filters(environment: Environment) -> None:
    """Add them to `environment`."""
    environment.filters |= {
        "clean": make_visible,
        "fenced": partial(fence_text, mark="`"),
        "line": format_line,
        "number": format_number,
        "signed": format_signed,
        "size": format_effect,
        "interval": format_interval,
        "duration": format_duration,
        "with_unit": add_unit,
        "md": escape_markdown,
    }
    environment.globals |= {
        "money": format_money,
        "format_count": format_count,
        "draw_interval": draw_interval,
        "draw_axis": draw_axis,
    }
