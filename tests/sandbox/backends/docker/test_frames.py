from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.backends.docker import frames

PARTS = st.lists(st.tuples(st.sampled_from([frames.LOG, frames.CONTENT, frames.DONE]), st.binary(max_size=200)))


@given(PARTS, st.integers(1, 50))
def test_whatever_the_pieces_the_frames_come_out(parts: list[tuple[bytes, bytes]], size: int) -> None:
    stream = b"".join(frames.make_frame(*part) for part in parts)
    reader = frames.Reader()
    pieces = [stream[start : start + size] for start in range(0, len(stream), size)]
    assert [found for piece in pieces for found in reader.feed(piece)] == parts


@given(st.text(max_size=50).filter(lambda name: len(name.encode()) < 1 << 16), st.binary(max_size=100))
def test_a_file_keeps_its_name_and_content(name: str, content: bytes) -> None:
    [(kind, body)] = frames.Reader().feed(frames.file_frame(frames.CONTENT, name, content))
    assert (kind, frames.parse_file(body)) == (frames.CONTENT, (name, content))


def test_a_message_is_json() -> None:
    [(_, body)] = frames.Reader().feed(frames.json_frame(frames.ENDED, exit_code=1))
    assert json.loads(body) == {"exit_code": 1}


def test_a_length_that_nobody_would_send_is_refused_before_it_is_read() -> None:
    with pytest.raises(frames.Malformed, match="more than 10"):
        list(frames.Reader(longest=10).feed(b"L" + (11).to_bytes(4, "big")))


@pytest.mark.parametrize("body", [b"", b"\x00\x09ab", b"\x00\x02\xff\xfe"])
def test_a_file_without_a_name_is_malformed(body: bytes) -> None:
    with pytest.raises(frames.Malformed):
        frames.parse_file(body)
