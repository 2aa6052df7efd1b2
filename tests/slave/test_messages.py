"""Answers of both forms become facts; whatever else comes is garbage or a fault, and nothing else."""

from xmlrpc.client import Binary, Fault, dumps

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.builders.replies import BuildReply, Present, SlaveInfo, SlaveStatus
from buildmaster.farm.builders.states import BuilderStatus, SlaveVerdict
from buildmaster.slave.http import GarbageError
from buildmaster.slave.messages import (
    REMEMBERED,
    SHORT,
    FaultError,
    answer_of,
    build_reply_of,
    echo_of,
    fact_in,
    info_of,
    present_of,
    request_of,
    status_of,
    word_of,
)

B = BuilderStatus
V = SlaveVerdict
SHA1 = "e9" * 20
FORMS = (
    (SlaveStatus(B.IDLE), ["BuilderStatus.IDLE"]),
    (SlaveStatus(B.IDLE), ["BuilderStatus.IDLE", ""]),
    (SlaveStatus(B.IDLE, version="206"), {"builder_status": "BuilderStatus.IDLE", "builder_version": "206"}),
    (SlaveStatus(B.BUILDING), ["BuilderStatus.BUILDING"]),
    (SlaveStatus(B.BUILDING, cookie="1-2"), ["BuilderStatus.BUILDING", "1-2"]),
    (SlaveStatus(B.BUILDING, cookie="1-2", logtail="gcc"), ["BuilderStatus.BUILDING", "1-2", Binary(b"gcc")]),
    (SlaveStatus(B.BUILDING, cookie="1-2", logtail=""), ["BuilderStatus.BUILDING", "1-2", Binary(b"")]),
    (
        SlaveStatus(B.BUILDING, cookie="1-2", logtail="gcc"),
        {"builder_status": "BuilderStatus.BUILDING", "build_id": "1-2", "logtail": Binary(b"gcc"), "new": [1, {}]},
    ),
    (SlaveStatus(B.ABORTING, cookie="1-2"), ["BuilderStatus.ABORTING", "1-2"]),
    (SlaveStatus(B.ABORTING, cookie="1-2"), {"builder_status": "BuilderStatus.ABORTING", "build_id": "1-2"}),
    (SlaveStatus(B.ABORTED, cookie="1-2"), ["BuilderStatus.ABORTED", "1-2"]),
    (
        SlaveStatus(B.WAITING, V.OK, "1-2", filemap=(("a.deb", SHA1),)),
        ["BuilderStatus.WAITING", "BuildStatus.OK", "1-2", {"a.deb": SHA1}, ""],
    ),
    (
        SlaveStatus(B.WAITING, V.DEPFAIL, "1-2", dependencies="zlib1g-dev (>= 99:1)"),
        {
            "builder_status": "BuilderStatus.WAITING",
            "build_status": "BuildStatus.DEPFAIL",
            "build_id": "1-2",
            "filemap": {},
            "dependencies": "zlib1g-dev (>= 99:1)",
        },
    ),
    (
        SlaveStatus(B.WAITING, V.CHROOTFAIL, "1-2"),
        {"builder_status": "BuilderStatus.WAITING", "build_status": "BuildStatus.CHROOTFAIL", "build_id": "1-2"},
    ),
    (SlaveStatus(B.WAITING, V.GIVENBACK, "1-2"), ["BuilderStatus.WAITING", "BuildStatus.GIVENBACK", "1-2"]),
    (SlaveStatus(B.WAITING, V.UNKNOWN, "1-2", words="Odd"), ["BuilderStatus.WAITING", "Odd", "1-2"]),
    (SlaveStatus(B.WAITING, V.UNKNOWN), ["BuilderStatus.WAITING"]),
    (SlaveStatus(B.WAITING, V.UNKNOWN, words="unknown"), ["BuilderStatus.WAITING", "unknown"]),
    (SlaveStatus(B.UNKNOWN, words="Odd"), ["Odd", 5]),
    (SlaveStatus(B.UNKNOWN, words="unknown"), {"builder_status": "unknown"}),
)
NO_STATUS = (
    None,
    5,
    "BuilderStatus.IDLE",
    [],
    {},
    [None],
    {"builder_status": ["BuilderStatus.IDLE"]},
    {"builder_status": "BuilderStatus.BUILDING", "build_id": 5},
    {"builder_status": "BuilderStatus.BUILDING", "build_id": "1" * 300},
    ["BuilderStatus.BUILDING", "1-2", 5],
    ["BuilderStatus.WAITING", 5, "1-2"],
    ["BuilderStatus.WAITING", "BuildStatus.OK", "1-2", ["a.deb"]],
    ["BuilderStatus.WAITING", "BuildStatus.OK", "1-2", {"a.deb": 5}],
    ["BuilderStatus.WAITING", "BuildStatus.DEPFAIL", "1-2", {}, 5],
)
NO_ANSWER = (
    b"",
    b"\xff\xfe<\0",
    b"<html/>",
    b"<methodResponse/>",
    b"<methodResponse><params/></methodResponse>",
    b"<methodResponse><params><param><int>1</int></param></params></methodResponse>",
    b"<!DOCTYPE x [<!ENTITY e 'e'>]><methodResponse>&e;</methodResponse>",
    b"<methodResponse>&e;</methodResponse>",
    '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE x><methodResponse/>'.encode("utf-16"),
    b"<methodResponse>" + b"<fault>" * 100_000,
)
BROKEN_VALUES = (
    b"<int>x</int>",
    b"<int>" + b"9" * 9_000 + b"</int>",
    b"<boolean>2</boolean>",
    b"<double>x</double>",
    b"<base64>x</base64>",
    b"<base64>\xc3\xa9</base64>",
    b"<array/>",
    b"<struct><member/></struct>",
    b"<struct><member><name>x</name></member></struct>",
    b"<ex:other xmlns:ex='x'/>",
    b"<array><data><value>" * 40 + b"</value></data></array>" * 40,
)

scalars = (
    st.none() | st.booleans() | st.integers(-(2**31), 2**31 - 1) | st.floats(allow_nan=False) | st.text() | st.binary()
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5),
    max_leaves=12,
)
words = st.sampled_from([*(status.value for status in B), *(verdict.value for verdict in V), "1-2"]) | st.text()
statuses = st.lists(words | values, max_size=6) | st.dictionaries(
    st.sampled_from(
        ["builder_status", "build_status", "build_id", "logtail", "filemap", "dependencies", "builder_version"]
    ),
    words | values,
)


def xml(value):
    """Return the XML of an answer."""
    said = value if isinstance(value, Fault) else (value,)
    return dumps(said, methodresponse=True, allow_none=True).encode()


def one_value(inner):
    return b"<methodResponse><params><param><value>" + inner + b"</value></param></params></methodResponse>"


class AnswerTests(SynchronousTestCase):
    def test_reads_all_types(self):
        value = [None, True, -5, 1.5, "é <&>", {"a": ["b"], "": {}}, []]
        self.assertEqual(value, answer_of(xml(value)))
        self.assertEqual(b"\0\xff", answer_of(xml(Binary(b"\0\xff"))))
        self.assertEqual("bare", answer_of(one_value(b"bare")))
        self.assertEqual(2**40, answer_of(one_value(b"<i8>1099511627776</i8>")))

    def test_a_fault_is_a_fault(self):
        error = self.assertRaises(FaultError, answer_of, xml(Fault(8002, "error")))
        self.assertEqual("fault 8002: error", str(error))

    def test_what_is_no_answer_is_garbage(self):
        for body in (*NO_ANSWER, *map(one_value, BROKEN_VALUES), xml(Fault(1, "x")).replace(b"faultCode", b"f")):
            self.assertLess(len(str(self.assertRaises(GarbageError, answer_of, body))), 500)

    @given(st.binary(max_size=100), st.sampled_from(FORMS), st.integers(0, 500), st.integers(0, 60))
    def test_a_damaged_answer_is_a_value_a_fault_or_garbage(self, noise, form, place, lost):
        body = xml(form[1])
        try:
            answer_of(body[:place] + noise + body[place + lost :])
        except (FaultError, GarbageError) as error:
            self.assertTrue(str(error))

    def test_a_request_holds_whatever_a_build_needs(self):
        request = request_of("build", ("1-2", "kind", None, {"é": "1"}, {"archives": ["deb <x>"], "flag": True}))
        self.assertIn(b"<methodName>build</methodName>", request)
        self.assertIn(b"<nil/>", request)


class StatusTests(SynchronousTestCase):
    def test_reads_both_forms(self):
        for fact, answer in FORMS:
            self.assertEqual(fact, status_of(answer_of(xml(answer))))

    def test_what_is_no_status_is_garbage(self):
        for answer in NO_STATUS:
            self.assertRaises(GarbageError, status_of, answer_of(xml(answer)))

    @given(statuses | values)
    def test_any_value_is_a_status_or_garbage(self, value):
        try:
            status = status_of(value)
        except GarbageError as error:
            self.assertLess(len(str(error)), 300)
        else:
            hash(status)
            self.assertLessEqual(len(status.logtail or ""), 2_048)
            self.assertLessEqual(len(status.words), 255)

    def test_a_log_tail_is_its_last_bytes_as_text(self):
        for log, tail in (
            (b"x" * 3_000 + b"end", "x" * 2_045 + "end"),
            (b"x\0\xff\n", "x\ufffd\n"),
            ("é".encode() * 1_024 + b"a", "\ufffd" + "é" * 1_023 + "a"),
            (b"GET http://me:secret@host/x", "GET http://host/x"),
        ):
            answer = answer_of(xml(["BuilderStatus.BUILDING", "1-2", Binary(log)]))
            self.assertEqual(tail, status_of(answer).logtail)


class RememberedTests(SynchronousTestCase):
    def setUp(self):
        self.read = []
        self.fact = fact_in(lambda answer: self.read.append(answer) or status_of(answer))

    def test_what_is_short_is_understood_once(self):
        for _ in range(2):
            for fact, answer in FORMS:
                self.assertEqual(fact, self.fact(xml(answer)))
        self.assertEqual(len({xml(answer) for _, answer in FORMS}), len(self.read))

    def test_only_so_much_is_remembered(self):
        body = xml(["BuilderStatus.BUILDING", "1-2", "x" * SHORT])
        self.assertEqual(self.fact(body), self.fact(body))
        cookies = [f"1-{number}" for number in range(REMEMBERED + 1)]
        for cookie in (*cookies, cookies[0]):
            self.assertEqual(cookie, self.fact(xml(["BuilderStatus.ABORTING", cookie])).cookie)
        self.assertEqual(2 + REMEMBERED + 2, len(self.read))

    def test_garbage_stays_garbage(self):
        for _ in range(2):
            self.assertRaises(GarbageError, self.fact, xml([]))
            self.assertRaises(FaultError, self.fact, xml(Fault(8002, "error")))


class OtherAnswerTests(SynchronousTestCase):
    def test_reads_what_slaves_say(self):
        for read, answer, fact in (
            (
                info_of,
                ["1.0", "amd64", ["binarypackage", "snap"]],
                SlaveInfo("1.0", "amd64", ("binarypackage", "snap")),
            ),
            (present_of, [True, "Cache"], Present(True, "Cache")),
            (present_of, [False, None], Present(False, "")),
            (present_of, [False, "at http://me:pw@host/\nso"], Present(False, "at http://host/ so")),
            (build_reply_of, ["BuilderStatus.BUILDING", "1-2"], BuildReply("BuilderStatus.BUILDING", "1-2")),
            (build_reply_of, ["Odd", None], BuildReply("Odd", "")),
            (word_of, "BuilderStatus.IDLE", "BuilderStatus.IDLE"),
            (echo_of, ["Test"], ["Test"]),
        ):
            self.assertEqual(fact, read(answer))

    def test_the_rest_is_garbage(self):
        for read, answer in (
            (info_of, ["1.0", "amd64"]),
            (info_of, ["1.0", "amd64", ["x"], "more"]),
            (info_of, [1, "amd64", ["x"]]),
            (info_of, ["1.0", "amd64", [5]]),
            (present_of, [1, "Cache"]),
            (present_of, True),
            (build_reply_of, [None, "1-2"]),
            (word_of, ["BuilderStatus.IDLE"]),
            (echo_of, "Test"),
        ):
            self.assertRaises(GarbageError, read, answer)

    @given(st.sampled_from([info_of, present_of, build_reply_of, word_of, echo_of]), values)
    def test_any_value_is_a_fact_or_garbage(self, read, value):
        try:
            read(value)
        except GarbageError as error:
            self.assertLess(len(str(error)), 300)
