"""Turns a matplotlib figure into the base64 text of a PNG."""

import base64
import io
from typing import Any

DPI = 110


def to_png(figure: Any) -> str:
    """Return the figure as base64; it is closed afterwards."""
    import matplotlib.pyplot as plt

    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI, bbox_inches="tight")
    plt.close(figure)
    return base64.b64encode(buffer.getvalue()).decode("ascii")
