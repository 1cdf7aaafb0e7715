"""LangChain: an agent with a tool, two turns of a conversation, by the model class that the first argument names."""

import json
import os
import sys

from langchain.agents import create_agent
from langchain_anthropic import ChatAnthropic
from langchain_openai import ChatOpenAI

URL, KEY = os.environ["CCPROXY_URL"], os.environ["CCPROXY_KEY"]
MODELS = {
    "anthropic": lambda: ChatAnthropic(
        model="claude-sonnet-4-5",
        base_url=URL.removesuffix("/v1"),
        api_key=KEY,
        max_retries=0,
        max_tokens=4000,
        thinking={"type": "enabled", "budget_tokens": 1500},
    ),
    "chat": lambda: ChatOpenAI(model="gpt-5.1", base_url=URL, api_key=KEY, max_retries=0, reasoning_effort="low"),
    "responses": lambda: ChatOpenAI(
        model="gpt-5.1",
        base_url=URL,
        api_key=KEY,
        max_retries=0,
        reasoning={"effort": "low", "summary": "auto"},
        use_previous_response_id=True,
    ),
}


def multiply(first: int, second: int) -> int:
    """Multiplies two numbers."""
    return first * second


agent = create_agent(MODELS[sys.argv[1]](), [multiply])
messages: list = []
for question in ("What is 6 times 7, and 6 times 8?", "And 6 times 9?"):
    messages.append({"role": "user", "content": question})
    for state in agent.stream({"messages": messages}, stream_mode="values"):
        messages = state["messages"]
    print(json.dumps(messages[-1].text))
