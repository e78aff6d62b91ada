"""The pages that are read: one file per view."""

from __future__ import annotations

from fastapi import APIRouter

from app.review.pages import files, hypotheses, hypothesis, live, overview, report, runs, tree

router = APIRouter()
for view in (runs, overview, hypotheses, tree, hypothesis, live, report, files):
    router.include_router(view.router)

__all__ = ["router"]
