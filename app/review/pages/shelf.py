"""What every view is given: the shelf of the application."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from app.review.runs import RunShelf


def _find_shelf(request: Request) -> RunShelf:
    shelf: RunShelf = request.app.state.shelf
    return shelf


Shelf = Annotated[RunShelf, Depends(_find_shelf)]
