"""Free code leaves a table or changed data in `result`; what else it leaves is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.tools.analysis.small_study import draw_study
from tools.analysis.free_code.running import run_python, transform_python


def test_what_the_code_leaves_in_result_comes_back() -> None:
    table = run_python(draw_study(), "result = pd.DataFrame({'entity': data.var_names, 'n': len(data)})")
    assert list(table.columns) == ["entity", "n"] and set(table["n"]) == {140}
    data: Any = transform_python(draw_study(), "data.X = np.nan_to_num(data.X)\nresult = data")
    assert not np.isnan(data.X).any()


@pytest.mark.parametrize(
    ("code", "error", "line"),
    [
        ("x = 1", TypeError, "leaves nothing in `result`"),
        ("result = 1", TypeError, "leaves int in `result`; wanted the changed AnnData"),
        ("result = data[:10]", ValueError, "changed the samples or their metadata"),
        ("data.obs['arm'] = data.obs['arm'].to_numpy()[::-1]\nresult = data", ValueError, "changed the samples"),
        ("data.obs['more'] = 1\nresult = data", ValueError, "changed the samples"),
        ("raise ValueError('no group')", ValueError, "no group"),
    ],
)
def test_a_transformation_leaves_samples_and_labels_as_they_are(code: str, error: type[Exception], line: str) -> None:
    with pytest.raises(error, match=line):
        transform_python(draw_study(), code)
