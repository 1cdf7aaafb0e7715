"""OpenAI's Agents SDK: an agent with a tool in a session, streamed, and one that goes on from its last response."""

import asyncio
import json
import os
import sys

from agents import (
    Agent,
    ModelSettings,
    OpenAIChatCompletionsModel,
    OpenAIResponsesModel,
    Runner,
    SQLiteSession,
    function_tool,
    set_tracing_disabled,
)
from openai import AsyncOpenAI
from openai.types.shared import Reasoning

MODELS = {"chat": OpenAIChatCompletionsModel, "responses": OpenAIResponsesModel}


@function_tool
def multiply(first: int, second: int) -> int:
    """Multiplies two numbers."""
    return first * second


async def main(model: str, memory: str) -> None:
    """Two turns of a conversation."""
    client = AsyncOpenAI(base_url=os.environ["CCPROXY_URL"], api_key=os.environ["CCPROXY_KEY"], max_retries=0)
    settings = ModelSettings(reasoning=Reasoning(effort="low", summary="auto"))
    agent = Agent(name="a", model=MODELS[model]("gpt-5.1", client), tools=[multiply], model_settings=settings)
    session = SQLiteSession("a") if memory == "session" else None
    last = None
    for question in ("What is 6 times 7, and 6 times 8?", "And 6 times 9?"):
        result = Runner.run_streamed(agent, question, session=session, previous_response_id=last)
        async for _ in result.stream_events():
            pass
        last = result.last_response_id if memory == "previous" else None
        print(json.dumps(result.final_output))


set_tracing_disabled(True)
asyncio.run(main(*sys.argv[1:]))
