"""mem0 in our gym, with the real library, and with an endpoint where it needs a language model."""

from __future__ import annotations

import json
import os
import tempfile
import warnings

import pytest

# Read when mem0 is imported: it would report its use, and write into the home folder.
os.environ.setdefault("MEM0_TELEMETRY", "False")
os.environ.setdefault("MEM0_DIR", tempfile.mkdtemp(prefix="mem0"))

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    pytest.importorskip("mem0")
    from memdojo.adapters.mem0 import Mem0Memory, local_mem0

import memdojo
from http_servers import Request, Response, serve
from memdojo.adapters.foreign import Remembered, foreign_manager
from memdojo.envs.memory.embedders import make_embedder

pytestmark = [
    pytest.mark.filterwarnings("ignore:Payload indexes have no effect"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

EMBEDDER = make_embedder("hashed_ngrams")


def _say(memory: Mem0Memory, *lines: str) -> None:
    for index, line in enumerate(lines):
        memory.add(line, speaker="Ann", time="2024-05-01T09:00:00", turns=[f"t{index}"])


def test_what_is_said_is_found_with_the_turn_that_it_came_from():
    memory = Mem0Memory(local_mem0(EMBEDDER), infer=False)
    _say(memory, "My dog is called Rex.", "I live in Rome.")
    assert memory.search("Where does Ann live in Rome?", 1) == [Remembered("Ann: I live in Rome.", ("t1",))]


def test_memories_of_one_mem0_know_nothing_of_each_other():
    mem0 = local_mem0(EMBEDDER)
    first, second = Mem0Memory(mem0, infer=False), Mem0Memory(mem0, infer=False)
    _say(first, "My dog is called Rex.")
    assert second.search("dog called Rex", 3) == []
    assert len(first.search("dog called Rex", 3)) == 1


def test_a_language_model_behind_an_endpoint_draws_memories_that_keep_their_turns():
    asked = []

    def respond(request: Request) -> Response:
        asked.append(json.loads(request.body))
        memories = {"memory": [{"id": "0", "text": f"Ann's dog is called Rex ({len(asked)})"}]}
        message = {"role": "assistant", "content": json.dumps(memories)}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        body = {"id": "c", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice]}
        return Response(json.dumps(body).encode(), headers={"content-type": "application/json"})

    with serve(respond) as url:
        memory = Mem0Memory(local_mem0(EMBEDDER, model="m", url=f"{url}/v1"))
        _say(memory, "My dog is called Rex.", "He barks.")
        found = memory.search("Ann's dog is called Rex", 5)
    assert [request["model"] for request in asked] == ["m", "m"]
    assert "Ann: He barks." in json.dumps(asked[1]["messages"])
    assert {(each.content, each.turns) for each in found} == {
        ("Ann's dog is called Rex (1)", ("t0",)),
        ("Ann's dog is called Rex (2)", ("t1",)),
    }


def test_it_is_evaluated_beside_ours():
    streams = memdojo.load_streams("synthetic:test", num_streams=1, num_sessions=4)
    manager = foreign_manager(lambda: Mem0Memory(local_mem0(EMBEDDER), infer=False), name="mem0")
    report = memdojo.evaluate([manager, "recency"], streams)
    scores = report.summary.set_index("policy")["recall@10"]
    assert 0 < scores["mem0"] <= scores["oracle"]
    assert manager.counts.provided > 0
    assert manager.counts.unmatched == 0
