"""Records to keep."""

from typing import Any

from attrs import evolve

from ccproxy.errors import ApiError, Kind
from ccproxy.exchange.record import Attempt, Outcome, Record
from ccproxy.model.usage import Reason, Stop, Usage
from ccproxy.routing.plans import Plan

RECORD = Record(
    id="req_1",
    client="ann",
    dialect="anthropic",
    asked="claude-x",
    rule="route default",
    stream=True,
    outcome=Outcome.FINISHED,
    attempts=(
        Attempt("openai,gpt-x", ApiError(Kind.OVERLOADED, "too busy"), 0.0, 0.1),
        Attempt("groq,llama", None, 0.1, 1.4),
    ),
    plan=Plan.TRANSLATED,
    losses=("top_k",),
    first_content=0.25,
    total=1.5,
    usage=Usage(input=10, output=5, cache_read=3, cache_written=2, reasoning=1),
    stop=Stop(Reason.DONE, "stop"),
    error=None,
    request_bytes=100,
    began=1_764_000_000.0,
    session="s-1",
    agent="a-1",
    why="nothing else answers",
    first_byte=0.2,
    response_bytes=2000,
    gaps=(1, 0),
    gap_seconds=0.01,
    cost=0.5,
)


def record(number: int = 1, **fields: Any) -> Record:
    """The record above, under another id and a second later for each number."""
    return evolve(RECORD, **{"id": f"req_{number}", "began": RECORD.began + number, **fields})
