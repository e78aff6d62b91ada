"""The cached sampler against the model without a cache; what the tokens' positions are."""

from __future__ import annotations

import pytest
import torch

from benchmarks.chain.models.lm import deepen
from benchmarks.chain.models.policies import draw_shifts, solution_loss
from benchmarks.chain.models.rollouts import split_steps
from benchmarks.chain.models.sampling import sample
from benchmarks.chain.models.text import TOKENS, decode, encode, encode_batch, find_boundaries, locate
from benchmarks.chain.models.training import make_lm

PREFIXES = ["7,+3,*2:", "7,+3,*2:0;", "1,-3,*9:", "7,+3,*2:"]


def test_text_is_its_tokens() -> None:
    for text in ["7,+3,*2:0;0;", "p,a=3*2,b=a-7:3*2=6;6-7=9;?6-7=9{6-7%10}[9]Y", "31724,r,s:42713;"]:
        assert decode(encode(text)) == text
    assert len(encode("7,+3,*2:0;0;")) == 6
    with pytest.raises(ValueError, match="tokens of the domains"):
        encode("7,%3:")


def test_positions_by_hand() -> None:
    chunk, place, part = locate(encode_batch(["31,r:13;40;?3Y"]))[0].unbind(-1)
    tokens = ["3", "1", ",r", ":", "1", "3;", "4", "0;", "?", "3", "Y"]
    assert [TOKENS[code] for code in encode("31,r:13;40;?3Y")] == tokens
    assert chunk.tolist() == [0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 2]
    assert place.tolist() == [0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 2]
    assert part.tolist() == [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2]
    assert find_boundaries(encode_batch(["31,r:13;40;"]))[0].nonzero()[:, 0].tolist() == [3, 5, 7]


@torch.no_grad()
def test_the_cached_sampler_draws_what_the_uncached_model_says() -> None:
    model = make_lm("s", 0)
    uniform = torch.rand((len(PREFIXES), 5), generator=torch.Generator().manual_seed(0))
    uniform[3] = uniform[0]
    drawn = sample(model, PREFIXES, uniform, temperature=0.7)
    assert drawn[3] == drawn[0] != drawn[1]
    for prefix, text, row in zip(PREFIXES, drawn, uniform, strict=True):
        tokens = torch.tensor([encode(prefix)])
        expected = []
        for number in row:
            logits = model.logits(model.read(tokens)[0])[0, -1] / 0.7
            logits[0] = -torch.inf
            token = int((logits.softmax(-1).cumsum(-1) <= number).sum())
            tokens = torch.cat((tokens, torch.tensor([[token]])), 1)
            expected.append(token)
        assert text == decode(expected)


@torch.no_grad()
def test_padding_changes_no_loss() -> None:
    model, texts = make_lm("s", 0), ["7,+3,*2:0;0;", "1,-3,*9,+1,+1:8;2;3;4;"]
    together = solution_loss(model, encode_batch(texts), torch.tensor([2, 2]))
    alone = [solution_loss(model, encode_batch([text]), torch.tensor([2]))[0] for text in texts]
    torch.testing.assert_close(together, torch.stack(alone))


@torch.no_grad()
def test_more_layers_add_nothing_at_first() -> None:
    model, tokens = make_lm("s", 0), encode_batch(["7,+3,*2:0;0;"])
    deeper = deepen(model, 2)
    assert len(deeper.blocks) == 4
    torch.testing.assert_close(deeper.logits(deeper.read(tokens)[0]), model.logits(model.read(tokens)[0]))


def test_shifts_leave_room_for_the_chunks() -> None:
    from random import Random

    tokens = encode_batch(["7,+3,*2:0;0;"] * 200)
    shifts = draw_shifts(tokens, Random(0))
    assert set(shifts.tolist()) == set(range(14))  # chunks 0 to 2 of 16


@pytest.mark.parametrize(
    ("text", "steps"),
    [("", ()), ("0;1;", ("0;", "1;")), ("0;1", ("0;", "1;")), (":,-4", (":,-40;",)), ("0;=", ("0;", "=0;"))],
)
def test_a_step_without_end_can_still_be_read(text: str, steps: tuple[str, ...]) -> None:
    assert split_steps(text) == steps
    assert all(encode(step) for step in steps)
