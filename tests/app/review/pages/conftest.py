"""The pages of a project with one run, whose texts are hostile."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from tests.app.review.serve import make_pages


@pytest.fixture
def client(run_folder: Path) -> TestClient:
    return TestClient(make_pages(run_folder.parents[1]))
