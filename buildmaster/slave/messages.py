"""Put requests into XML-RPC, and turn a slave's answers into facts.

An answer has one of two forms: the tuples of the classic slave, some of them short, and the dict of today's. Whatever
is neither raises GarbageError; what is of the form but says unknown words becomes UNKNOWN, with the words.
"""

import binascii
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, TypeVar  # what came over the wire, before it is known what it is
from xml.etree.ElementTree import Element, ParseError, XMLParser
from xmlrpc.client import dumps

from buildmaster.errors import BuildmasterError
from buildmaster.farm.builders.replies import BuildReply, Present, SlaveInfo, SlaveStatus
from buildmaster.farm.builders.states import BuilderStatus, SlaveVerdict
from buildmaster.farm.text.redacting import one_line, without_credentials
from buildmaster.slave.http import GarbageError

TAIL = 2_048  # bytes of a log tail
DEEPEST = 32  # values within values
LONGEST = 255  # characters of a cookie, a tag, a word
SHORT = 1_024  # bytes of an answer that is remembered
REMEMBERED = 256  # short answers to a call
Fact = TypeVar("Fact")
B = BuilderStatus
_PLACES = {
    B.IDLE: ("builder_status",),
    B.BUILDING: ("builder_status", "build_id", "logtail"),
    B.WAITING: ("builder_status", "build_status", "build_id", "filemap", "dependencies"),
    B.ABORTING: ("builder_status", "build_id"),
    B.ABORTED: ("builder_status", "build_id"),
    B.UNKNOWN: ("builder_status",),
}
_BUILDER_WORDS = {status.value: status for status in BuilderStatus if status is not B.UNKNOWN}
_VERDICT_WORDS = {verdict.value: verdict for verdict in SlaveVerdict if verdict is not SlaveVerdict.UNKNOWN}


class FaultError(BuildmasterError):
    """A slave answered with a fault."""


def request_of(method: str, arguments: tuple[Any, ...]) -> bytes:
    """Return the XML of a call."""
    return dumps(arguments, method, allow_none=True).encode("utf-8", "replace")


def fact_in(read: Callable[[Any], Fact]) -> Callable[[bytes], Fact]:
    """Return what turns answers into values that ``read`` makes of them, which nobody changes.

    Slaves say the same again and again; what is short is understood once.
    """

    def fact(body: bytes) -> Fact:
        return read(answer_of(body))

    remembered = lru_cache(REMEMBERED)(fact)
    return lambda body: remembered(body) if len(body) <= SHORT else fact(body)


def answer_of(body: bytes) -> Any:
    """Return the value that an XML answer holds; raise FaultError for a fault, GarbageError for what is no answer."""
    try:
        content = _root(body)[0]
        if content.tag == "fault":
            raise _fault(_value(content[0], 0))
        return _value(content[0][0], 0)
    except (ParseError, ValueError, LookupError, TypeError):
        raise GarbageError(f"no XML-RPC: {body[:60]!r}") from None


def _root(body: bytes) -> Element:
    """Return the ``methodResponse``, read as UTF-8 whatever it claims to be, so that no DTD hides in another coding."""
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
        raise GarbageError("a document type")
    parser = XMLParser(encoding="utf-8")
    parser.feed(body)
    root: Element = parser.close()
    if root.tag != "methodResponse":
        raise GarbageError(f"<{root.tag[:60]}> for an answer")
    return root


def _fault(fault: Any) -> FaultError:
    return FaultError(f"fault {one_line(str(fault['faultCode']))}: {one_line(str(fault['faultString']))}")


def _value(element: Element, depth: int) -> Any:
    if element.tag != "value" or depth > DEEPEST:
        raise GarbageError(f"<{element.tag[:60]}> for a value" if depth <= DEEPEST else "values too deep")
    if not len(element):
        return element.text or ""
    typed = element[0]
    if typed.tag == "struct":
        return {member[0].text or "": _value(member[1], depth + 1) for member in typed}
    if typed.tag == "array":
        return [_value(item, depth + 1) for item in typed[0]]
    return _SCALARS[typed.tag](typed.text or "")


def _boolean(text: str) -> bool:
    return {"0": False, "1": True}[text.strip()]


_SCALARS: dict[str, Callable[[str], Any]] = {
    "string": str,
    "int": int,
    "i4": int,
    "i8": int,
    "boolean": _boolean,
    "double": float,
    "base64": binascii.a2b_base64,
    "nil": lambda _: None,
    "dateTime.iso8601": str,
}


def status_of(answer: Any) -> SlaveStatus:
    """Return what an answer to ``status()`` says, of either form."""
    fields = answer if isinstance(answer, dict) else _fields(answer)
    word = _text(fields, "builder_status")
    status = _BUILDER_WORDS.get(word, B.UNKNOWN)
    if status is B.WAITING:
        return _waiting(fields)
    return SlaveStatus(
        status,
        cookie=_cookie(fields),
        logtail=_tail(fields.get("logtail")) if status is B.BUILDING else None,
        version=_optional(fields, "builder_version"),
        words=one_line(word) if status is B.UNKNOWN else "",
    )


def _waiting(fields: Mapping[str, Any]) -> SlaveStatus:
    word = _optional(fields, "build_status") or ""
    verdict = _VERDICT_WORDS.get(word, SlaveVerdict.UNKNOWN)
    return SlaveStatus(
        B.WAITING,
        verdict,
        cookie=_cookie(fields),
        filemap=_filemap(fields.get("filemap")),
        dependencies=_optional(fields, "dependencies") or "",
        version=_optional(fields, "builder_version"),
        words=one_line(word) if verdict is SlaveVerdict.UNKNOWN else "",
    )


def _fields(answer: Any) -> dict[str, Any]:
    """Return a classic status with the names of today's."""
    if not isinstance(answer, list) or not answer or not isinstance(answer[0], str):
        raise GarbageError(f"a status of {_shown(answer)}")
    status = _BUILDER_WORDS.get(answer[0], B.UNKNOWN)
    return dict(zip(_PLACES[status], answer, strict=False))


def _cookie(fields: Mapping[str, Any]) -> str | None:
    cookie = _optional(fields, "build_id")
    if cookie and len(cookie) > LONGEST:
        raise GarbageError(f"a build_id of {len(cookie)} characters")
    return cookie or None


def _tail(log: Any) -> str | None:
    """Return the end of a log as text; it may begin in the middle of a character."""
    if log is None:
        return None
    if not isinstance(log, bytes | str):
        raise GarbageError(f"a logtail of {_shown(log)}")
    raw = log.encode() if isinstance(log, str) else log
    return without_credentials(raw[-TAIL:].decode("utf-8", "replace").replace("\0", ""))


def _filemap(files: Any) -> tuple[tuple[str, str], ...]:
    if files is None:
        return ()
    if not isinstance(files, dict) or not all(isinstance(sha1, str) for sha1 in files.values()):
        raise GarbageError(f"a filemap of {_shown(files)}")
    return tuple(files.items())


def info_of(answer: Any) -> SlaveInfo:
    """Return what an answer to ``info()`` says: exactly three things."""
    version, tag, kinds = _items(answer, "info", 3)
    if not (isinstance(version, str) and isinstance(tag, str) and isinstance(kinds, list) and _words(kinds)):
        raise GarbageError(f"an info of {_shown(answer)}")
    return SlaveInfo(one_line(version), one_line(tag), tuple(kinds))


def _words(kinds: list[Any]) -> bool:
    return all(isinstance(kind, str) for kind in kinds)


def present_of(answer: Any) -> Present:
    """Return what an answer to ``ensurepresent()`` says."""
    present, detail = _items(answer, "ensurepresent", 2)
    if not isinstance(present, bool):
        raise GarbageError(f"an ensurepresent of {_shown(answer)}")
    return Present(present, one_line(str(detail or "")))


def build_reply_of(answer: Any) -> BuildReply:
    """Return what an answer to ``build()`` says; its status need not be a word of the protocol."""
    status, detail = _items(answer, "build", 2)
    if not isinstance(status, str):
        raise GarbageError(f"a build of {_shown(answer)}")
    return BuildReply(one_line(status), one_line(str(detail or "")))


def word_of(answer: Any) -> str:
    """Return the one word of an answer to ``abort()`` or ``clean()``."""
    if not isinstance(answer, str):
        raise GarbageError(f"a word of {_shown(answer)}")
    return one_line(answer)


def echo_of(answer: Any) -> list[Any]:
    """Return what a slave repeated."""
    if not isinstance(answer, list):
        raise GarbageError(f"an echo of {_shown(answer)}")
    return answer


def _items(answer: Any, call: str, count: int) -> list[Any]:
    if not isinstance(answer, list) or len(answer) != count:
        raise GarbageError(f"an answer to {call} of {_shown(answer)}")
    return answer


def _text(fields: Mapping[str, Any], name: str) -> str:
    text = fields.get(name)
    if not isinstance(text, str):
        raise GarbageError(f"a {name} of {_shown(text)}")
    return text


def _optional(fields: Mapping[str, Any], name: str) -> str | None:
    return None if fields.get(name) is None else _text(fields, name)


def _shown(value: Any) -> str:
    """Return a value for a message, of bounded length."""
    return one_line(repr(value), 60)
