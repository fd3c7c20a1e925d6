"""The Model Context Protocol for a server that has only tools: JSON-RPC messages in, JSON-RPC messages out.

Revision 2026-07-28 and later carry the version in each request; earlier ones agree on it with `initialize`. A client
may open with either: https://modelcontextprotocol.io/specification/2026-07-28/basic/versioning
"""

from __future__ import annotations

from discovery import quickjson
from projects.version import VERSION

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Message = Any  # a JSON document from the client: validated piece by piece
    Tool = dict[str, Any]  # as in the answer to tools/list: https://json-schema.org/draft/2020-12/schema
    Run = Callable[[str, dict[str, Any]], tuple[str, bool]]  # Any: JSON

MODERN = ("2026-07-28",)
LEGACY = ("2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05")
BATCHING = "2025-03-26"  # the only revision with batches
META = "io.modelcontextprotocol/"
INFO = {"name": "pm", "version": VERSION}
CAPABILITIES: dict[str, object] = {"tools": {}}
LIFETIME = 3_600_000  # milliseconds for which a client may keep the list of tools

# https://www.jsonrpc.org/specification#error_object, and the one of the protocol
PARSE_ERROR, INVALID_REQUEST, METHOD_NOT_FOUND, INVALID_PARAMS = -32700, -32600, -32601, -32602
UNSUPPORTED_VERSION = -32022


class Refusal(Exception):
    """The request is refused with a JSON-RPC error."""

    def __init__(self, code: int, message: str, data: object = None) -> None:
        super().__init__(message)
        self.error: dict[str, object] = {"code": code, "message": message}
        if data is not None:
            self.error["data"] = data


class Protocol:
    """One client's conversation; `run` calls a tool and returns its text, and True if it is an error."""

    def __init__(self, tools: list[Tool], instructions: str, run: Run) -> None:
        self.tools = {str(tool["name"]): tool for tool in tools}
        self.instructions = instructions
        self.run = run
        self.version: str | None = None  # agreed on by initialize
        self.client = ""  # its name, as it says

    def answer(self, message: Message) -> Message:
        """Return the answer to a message or a batch, None if there is none to give."""
        if not isinstance(message, list):
            return self._answer(message)
        if self.version != BATCHING or not message:
            return failure(None, Refusal(INVALID_REQUEST, f"batches belong to revision {BATCHING} only"))
        answers = [self._answer(one, in_batch=True) for one in message]
        return [answer for answer in answers if answer is not None] or None

    def _answer(self, message: Message, *, in_batch: bool = False) -> Message:
        if isinstance(message, dict) and "method" not in message and ("result" in message or "error" in message):
            return None  # an answer, although this server asks nothing
        key = message.get("id") if isinstance(message, dict) else None
        try:
            if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
                raise Refusal(INVALID_REQUEST, 'a message is an object with "jsonrpc": "2.0"')
            method, params = message.get("method"), message.get("params", {})
            if not isinstance(method, str):
                raise Refusal(INVALID_REQUEST, "method must be a string")
            if "id" not in message:
                return None  # a notification: initialized and cancelled change nothing here
            if not is_id(key):
                key = None
                raise Refusal(INVALID_REQUEST, "id must be a string or an integer")
            if not isinstance(params, dict):
                raise Refusal(INVALID_PARAMS, "params must be an object")
            if in_batch and method == "initialize":
                raise Refusal(INVALID_REQUEST, "initialize must not be part of a batch")
            return {"jsonrpc": "2.0", "id": key, "result": self._result(method, params)}
        except Refusal as refusal:
            return failure(key if is_id(key) else None, refusal)

    def _result(self, method: str, params: dict[str, Message]) -> dict[str, Message]:
        meta = params.get("_meta")
        if isinstance(meta, dict) and f"{META}protocolVersion" in meta:
            return self._modern(method, params, meta)
        if method == "initialize":
            return self._initialize(params)
        if method == "ping":
            return {}
        if self.version is None:
            raise Refusal(
                INVALID_PARAMS,
                f"send initialize first, or name {META}protocolVersion and {META}clientCapabilities in _meta",
            )
        if method == "tools/list":
            return {"tools": list(self.tools.values())}
        if method == "tools/call":
            return self._call(params)
        raise Refusal(METHOD_NOT_FOUND, f"unknown method {method}")

    def _modern(self, method: str, params: dict[str, Message], meta: dict[str, Message]) -> dict[str, Message]:
        """Answer a request that carries its version; it depends on no earlier one."""
        version = meta[f"{META}protocolVersion"]
        if version not in MODERN:
            supported = {"supported": [*MODERN, *LEGACY], "requested": version}
            raise Refusal(UNSUPPORTED_VERSION, "unsupported protocol version", supported)
        if not isinstance(meta.get(f"{META}clientCapabilities"), dict):
            raise Refusal(INVALID_PARAMS, f"_meta must have {META}clientCapabilities")
        cached = {"ttlMs": LIFETIME, "cacheScope": "public"}
        if method == "server/discover":
            found = {
                "supportedVersions": list(MODERN),
                "capabilities": CAPABILITIES,
                "instructions": self.instructions,
                **cached,
            }
        elif method == "tools/list":
            found = {"tools": list(self.tools.values()), **cached}
        elif method == "tools/call":
            self._note_client(meta.get(f"{META}clientInfo"))
            found = self._call(params)
        else:
            raise Refusal(METHOD_NOT_FOUND, f"unknown method {method}")
        return {"resultType": "complete", **found, "_meta": {f"{META}serverInfo": INFO}}

    def _initialize(self, params: dict[str, Message]) -> dict[str, Message]:
        if not isinstance(params.get("protocolVersion"), str):
            raise Refusal(INVALID_PARAMS, "protocolVersion must be a string")
        if self.version is not None:
            raise Refusal(INVALID_REQUEST, "already initialized")
        wanted = params["protocolVersion"]
        # Another version is answered with our own; the client ends the conversation if it doesn't know that one.
        self.version = wanted if wanted in LEGACY else LEGACY[0]
        self._note_client(params.get("clientInfo"))
        return {
            "protocolVersion": self.version,
            "capabilities": CAPABILITIES,
            "serverInfo": INFO,
            "instructions": self.instructions,
        }

    def _note_client(self, info: Message) -> None:
        if isinstance(info, dict) and isinstance(info.get("name"), str):
            self.client = info["name"]

    def _call(self, params: dict[str, Message]) -> dict[str, Message]:
        name, arguments = params.get("name"), params.get("arguments", {})
        if not isinstance(name, str) or name not in self.tools:
            raise Refusal(INVALID_PARAMS, f"unknown tool {name!r}; the tools are {', '.join(self.tools)}")
        if not isinstance(arguments, dict):
            raise Refusal(INVALID_PARAMS, "arguments must be an object")
        text, is_error = self.run(name, arguments)
        return {"content": [{"type": "text", "text": text}], "isError": is_error}


def is_id(value: object) -> bool:
    """Return True if the value can be the ID of a request."""
    return isinstance(value, str | int) and not isinstance(value, bool)


def failure(key: object, refusal: Refusal) -> dict[str, object]:
    """Return the answer that refuses a request."""
    return {"jsonrpc": "2.0", "id": key, "error": refusal.error}


def to_line(message: Message) -> bytes:
    """Return a message as one line; ASCII, so that nothing in it can end the line early."""
    return quickjson.dumps(message).encode("ascii") + b"\n"
