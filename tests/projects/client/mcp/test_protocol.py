"""The Model Context Protocol without a process: versions, requests, refusals, and messages on a pipe."""

from __future__ import annotations

import json
import os
import threading
from typing import Any

import pytest

from projects.client.mcp.protocol import LEGACY, MODERN, Protocol
from projects.client.mcp.stream import MAX_MESSAGE, Stream

TOOLS: list[dict[str, Any]] = [{"name": "echo", "description": "Echo.", "inputSchema": {"type": "object"}}]
META = "io.modelcontextprotocol/"


def echo(name: str, arguments: dict[str, Any]) -> tuple[str, bool]:
    return json.dumps(arguments), bool(arguments.get("fails"))


@pytest.fixture
def protocol() -> Protocol:
    return Protocol(TOOLS, "Loop: …", echo)


def request(method: str, key: Any = 1, **params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": key, "method": method, "params": params}


def modern(method: str, **params: Any) -> dict[str, Any]:
    meta = {f"{META}protocolVersion": MODERN[0], f"{META}clientCapabilities": {}}
    return request(method, **params, _meta=meta)


def initialize(protocol: Protocol, version: str = LEGACY[0]) -> Any:
    info = {"name": "test", "version": "1"}
    return protocol.answer(request("initialize", protocolVersion=version, capabilities={}, clientInfo=info))


def code(answer: Any) -> int:
    assert answer.keys() == {"jsonrpc", "id", "error"}
    return int(answer["error"]["code"])


@pytest.mark.parametrize("version", LEGACY)
def test_known_version_is_agreed_on(protocol: Protocol, version: str) -> None:
    result = initialize(protocol, version)["result"]
    assert result["protocolVersion"] == version
    assert result["capabilities"] == {"tools": {}}
    assert result["instructions"] == "Loop: …"
    assert protocol.answer({"jsonrpc": "2.0", "method": "notifications/initialized"}) is None
    assert protocol.answer(request("ping"))["result"] == {}
    assert protocol.answer(request("tools/list"))["result"] == {"tools": TOOLS}


@pytest.mark.parametrize("version", ["1900-01-01", "2099-01-01", MODERN[0], ""])
def test_unknown_version_is_answered_with_the_newest_that_has_a_handshake(protocol: Protocol, version: str) -> None:
    assert initialize(protocol, version)["result"]["protocolVersion"] == LEGACY[0]


def test_request_with_its_own_version_needs_no_handshake(protocol: Protocol) -> None:
    found = protocol.answer(modern("server/discover"))["result"]
    assert found["supportedVersions"] == list(MODERN)
    assert found["resultType"] == "complete"
    assert found["_meta"][f"{META}serverInfo"]["name"] == "pm"
    assert {"ttlMs", "cacheScope", "instructions", "capabilities"} <= found.keys()
    assert protocol.answer(modern("tools/list"))["result"]["tools"] == TOOLS
    called = protocol.answer(modern("tools/call", name="echo", arguments={"a": 1}))["result"]
    assert called["content"] == [{"type": "text", "text": '{"a": 1}'}]
    assert called["isError"] is False
    assert code(protocol.answer(modern("ping"))) == -32601


def test_unsupported_version_of_a_request_names_the_supported_ones(protocol: Protocol) -> None:
    answer = protocol.answer(
        request("tools/list", _meta={f"{META}protocolVersion": "1900-01-01", f"{META}clientCapabilities": {}})
    )
    assert code(answer) == -32022
    assert answer["error"]["data"] == {"supported": [*MODERN, *LEGACY], "requested": "1900-01-01"}
    assert code(protocol.answer(request("tools/list", _meta={f"{META}protocolVersion": MODERN[0]}))) == -32602


@pytest.mark.parametrize("method", ["tools/list", "tools/call", "resources/list", "nonsense"])
def test_request_before_the_handshake_is_refused(protocol: Protocol, method: str) -> None:
    assert code(protocol.answer(request(method))) == -32602
    assert protocol.answer(request("ping"))["result"] == {}


def test_error_of_a_tool_is_a_result(protocol: Protocol) -> None:
    initialize(protocol)
    result = protocol.answer(request("tools/call", name="echo", arguments={"fails": True}))["result"]
    assert result["isError"] is True
    assert "fails" in result["content"][0]["text"]


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("text", -32600),
        (7, -32600),
        ({"id": 1, "method": "ping"}, -32600),
        ({"jsonrpc": "1.0", "id": 1, "method": "ping"}, -32600),
        ({"jsonrpc": "2.0", "id": 1, "method": 5}, -32600),
        ({"jsonrpc": "2.0", "id": 1}, -32600),
        ({"jsonrpc": "2.0", "id": None, "method": "ping"}, -32600),
        ({"jsonrpc": "2.0", "id": True, "method": "ping"}, -32600),
        ({"jsonrpc": "2.0", "id": 1.5, "method": "ping"}, -32600),
        ({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": []}, -32602),
        (request("resources/list"), -32601),
        (request("tools/call"), -32602),
        (request("tools/call", name="rm"), -32602),
        (request("tools/call", name="echo", arguments=[]), -32602),
        (request("initialize", protocolVersion=LEGACY[0]), -32600),
        ([], -32600),
        ([request("ping")], -32600),
    ],
)
def test_wrong_message_is_refused(protocol: Protocol, message: Any, expected: int) -> None:
    initialize(protocol)
    assert code(protocol.answer(message)) == expected


@pytest.mark.parametrize(
    "message",
    [
        {"jsonrpc": "2.0", "method": "notifications/roots/list_changed"},
        {"jsonrpc": "2.0", "method": "tools/call", "params": {"name": "rm"}},
        {"jsonrpc": "2.0", "id": 1, "result": {}},
        {"jsonrpc": "2.0", "id": 1, "error": {"code": 1, "message": "no"}},
    ],
)
def test_notification_and_answer_get_no_answer(protocol: Protocol, message: Any) -> None:
    assert protocol.answer(message) is None


def test_batches_belong_to_one_revision(protocol: Protocol) -> None:
    initialize(protocol, "2025-03-26")
    notification = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    answers = protocol.answer([request("ping", "a"), notification, request("initialize", 2), 5])
    assert [answer["id"] for answer in answers] == ["a", 2, None]
    assert [code(answer) for answer in answers[1:]] == [-32600, -32600]
    assert protocol.answer([notification]) is None
    assert code(protocol.answer([])) == -32600


def conversation(protocol: Protocol, data: bytes) -> list[Any]:
    """Send bytes through pipes, close the end, and return the answers. Few bytes are there before the first is read."""
    source, to_server = os.pipe()
    from_server, sink = os.pipe()
    writer = threading.Thread(target=write, args=(to_server, data))
    writer.start()
    if len(data) < 60_000:  # a pipe holds 64 KiB
        writer.join()
    server = threading.Thread(target=lambda: (Stream(protocol, source, sink).serve(), os.close(sink)))
    server.start()
    with open(from_server, "rb") as file:
        lines = file.read().split(b"\n")
    for thread in (writer, server):
        thread.join()
    os.close(source)
    assert lines.pop() == b""
    return [json.loads(line) for line in lines]


def write(descriptor: int, data: bytes) -> None:
    with open(descriptor, "wb") as file:
        file.write(data)


def lines(*messages: Any) -> bytes:
    return b"".join(json.dumps(message).encode() + b"\n" for message in messages)


def test_messages_are_answered_in_order_until_the_end_of_the_input(protocol: Protocol) -> None:
    text = "line\nseparators \u2028 \u0085 and \ud800".encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    start = request("initialize", protocolVersion=LEGACY[0])
    call = request("tools/call", 2, name="echo", arguments={"text": text})
    answers = conversation(
        protocol, b"\n" + lines(start, call) + b"{nonsense\r\n[\n\xff\n" + lines(request("ping", 3))[:-1]
    )
    assert [answer["id"] for answer in answers] == [1, 2, None, None, None, 3]
    assert json.loads(answers[1]["result"]["content"][0]["text"])["text"] == text
    assert {code(answer) for answer in answers[2:5]} == {-32700}


def test_message_that_is_too_large_is_skipped(protocol: Protocol) -> None:
    answers = conversation(protocol, b"x" * (2 * MAX_MESSAGE) + b"\n" + lines(request("ping")))
    assert [answer["id"] for answer in answers] == [None, 1]
    assert code(answers[0]) == -32600


def test_cancelled_request_gets_no_answer(protocol: Protocol) -> None:
    def cancel(key: Any) -> dict[str, Any]:
        return {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": key}}

    # All of it is there before the first request is answered, so each cancellation comes in time.
    answers = conversation(
        protocol,
        lines(
            request("ping", 1), request("ping", "1"), cancel("1"), cancel(9), cancel(None), {"method": "x"}, cancel(1)
        ),
    )
    assert [answer["id"] for answer in answers] == [None]
