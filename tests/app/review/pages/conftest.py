"""The pages of a project with one run, whose texts are hostile."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from tests.app.review.form_browser import Browser, make_page


@pytest.fixture
def client(run_folder: Path) -> TestClient:
    return Browser(make_page(run_folder.parents[1])).client
