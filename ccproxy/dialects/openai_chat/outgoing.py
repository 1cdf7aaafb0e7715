"""A request for an upstream that speaks chat completions, with all its quirks."""

from typing import Any

from attrs import evolve

from ccproxy.dialects import identity
from ccproxy.dialects import losses as lost
from ccproxy.dialects.dialect import Headers, Outgoing
from ccproxy.dialects.openai_chat import tools
from ccproxy.dialects.openai_chat.conversation import messages
from ccproxy.dialects.openai_chat.reasoning import ask, can_be_off
from ccproxy.dialects.openai_chat.tables import NAME
from ccproxy.dialects.openai_schema import clean_output, strict
from ccproxy.dialects.quirks import Quirks
from ccproxy.dialects.streaming import wants_stream
from ccproxy.dialects.toolnames import Names
from ccproxy.model.messages import Output, Reasoning, Request, Sampling, Think
from ccproxy.wire.jsontext import dumps, dumps_str

PATH = "/chat/completions"

_PASSING_HEADERS = ("accept", "openai-organization", "openai-project", "openai-beta")


def verbatim(headers: Headers, body: bytes, quirks: Quirks) -> Outgoing:
    """A client's body of this dialect as it stands."""
    own = {name: headers[name] for name in _PASSING_HEADERS if name in headers}
    return Outgoing(PATH, body, {"content-type": "application/json", **own, **quirks.headers})


def render_request(request: Request, quirks: Quirks) -> Outgoing:
    """The request in the words of one vendor. Always streamed, unless the vendor is better asked for whole replies.
    Raises UNTRANSLATABLE for a file or a tool that only another vendor has."""
    losses: list[str] = []
    names = Names(request.tools, quirks.tool_name_limit)
    may_force = True
    reasoning = request.reasoning
    if tools.forced(request) and not quirks.forced_choice_with_reasoning:
        # The guarantee of a call outweighs the reasoning, where one of them can be given up.
        if can_be_off(quirks):
            if reasoning.think not in (Think.OFF, Think.UNSAID):
                losses.append("reasoning (together with a forced tool_choice)")
            reasoning = Reasoning(Think.OFF)
        else:
            may_force = False
    asked = ask(reasoning, quirks, losses)
    instruction = _instruction(request.output, quirks)
    body: dict[str, Any] = {
        "model": quirks.model or request.model,
        "messages": messages(request.turns, quirks, names, losses, instruction),
        **tools.fields(request, quirks, names, may_force, losses),
        **_sampling(request.sampling, asked.on, quirks, losses),
        **asked.fields,
    }
    if request.output is not None:
        body["response_format"] = _format(request.output, quirks)
    body |= identity.fields(request, body["model"], quirks, losses)
    losses += lost.extras(request, NAME)
    for key, value in request.extras.get(NAME, {}).items():
        if key != "stream_options":
            body.setdefault(key, value)
    body["stream"] = wants_stream(request, quirks)
    if body["stream"] and quirks.stream_usage:
        body["stream_options"] = {"include_usage": True}
    headers = {"content-type": "application/json", **quirks.headers}
    body = quirks.overlaid(body)
    unwatched = _unwatched(request.sampling, quirks)
    return Outgoing(PATH, dumps(body), headers, losses=lost.once(losses), unwatched_stops=unwatched)


def _sampling(sampling: Sampling, reasons: bool, quirks: Quirks, losses: list[str]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    if sampling.max_tokens is not None:
        most = quirks.max_output_tokens
        wanted = max(1, sampling.max_tokens)
        if most is not None and wanted > most:
            losses.append(lost.fewer_tokens(most))
            wanted = most
        fields[quirks.max_tokens_field] = wanted
    if not quirks.samples or (reasons and not quirks.samples_while_reasoning):
        given = {"temperature": sampling.temperature, "top_p": sampling.top_p, "top_k": sampling.top_k}
        losses += [name for name, value in given.items() if value is not None]
        sampling = evolve(sampling, temperature=None, top_p=None, top_k=None)
    if sampling.temperature is not None:
        fields["temperature"] = lost.within(
            sampling.temperature, quirks.min_temperature, quirks.max_temperature, losses
        )
    if sampling.top_p is not None:
        fields["top_p"] = sampling.top_p
    if sampling.top_k is not None:
        if quirks.top_k:
            fields["top_k"] = sampling.top_k
        else:
            losses.append("top_k")
    if stop := sampling.stop[: quirks.stop_limit]:
        fields["stop"] = list(stop)
    return fields


def _unwatched(sampling: Sampling, quirks: Quirks) -> tuple[str, ...]:
    return () if quirks.stop_limit is None else sampling.stop[quirks.stop_limit :]


def _format(output: Output, quirks: Quirks) -> dict[str, Any]:
    if output.schema is None or not quirks.schema_output:
        return {"type": "json_object"}
    schema = clean_output(output.schema)
    # Strict decoding refuses most schemas that were not written for it; unstrict is a strong hint everywhere.
    json_schema = {"name": output.name, "schema": schema, "strict": strict(schema)}
    return {"type": "json_schema", "json_schema": json_schema}


def _instruction(output: Output | None, quirks: Quirks) -> str:
    """The schema in words, for a vendor that can only promise some JSON."""
    if output is None or output.schema is None or quirks.schema_output:
        return ""
    return (
        f"Answer with a JSON object and nothing else. It must match this JSON Schema:\n{dumps_str(dict(output.schema))}"
    )
