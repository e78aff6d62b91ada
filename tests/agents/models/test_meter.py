"""A piece of work counts its own calls, also those of its threads, and nobody else's."""

from __future__ import annotations

import json

from agents.models.meter import count_call, metered
from agents.models.openai.endpoint import Endpoint
from memory.steps.parallel import map_in_parallel
from tests.agents.models.conftest import Bench, Script, completion, says
from tools.toolchain import Message


def test_threads_count_in_the_meters_that_were_open_when_they_began() -> None:
    count_call(1, 1)
    with metered() as outer:
        count_call(10, 1)
        with metered() as inner:
            map_in_parallel(2, lambda read: count_call(read, 2), [100, 200])
        count_call(1000, 0)
    count_call(1, 1)
    assert (inner.read, inner.written) == (300, 4)
    assert (outer.read, outer.written) == (1310, 5)


def test_a_recorded_call_counts_without_what_the_cache_held_also_when_it_is_not_sent_again(
    script: Script, bench: Bench
) -> None:
    answer = completion("fine")
    answer["usage"]["prompt_tokens_details"] = {"cached_tokens": 4}
    script.answers = [says(json.dumps(answer))]
    model = bench.role_model(Endpoint("some-model", script.url))
    spent = []
    for _ in range(2):
        with metered() as meter:
            model.ask([Message("user", "How is it?")])
        spent.append((meter.read, meter.written))
    assert spent == [(6, 5), (6, 5)]
    assert len(script.seen) == 1
