"""Replies are read however they are cut; what is no reply is garbage, and never anything else."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.slave.http import GarbageError, Reply

OK = b"HTTP/1.1 200 OK\r\n"
LIMIT = 1_000
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
GOOD = {
    OK + b"Content-Length: 5\r\n\r\nhello": True,
    OK + b"content-length:5\r\nConnection: keep-alive\r\n\r\nhello": True,
    OK + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello": True,
    OK + b"Content-Length: 5\r\nConnection: Close\r\n\r\nhello": False,
    b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello": False,
    b"HTTP/1.1 200\r\nContent-Length: 5\r\n\r\nhello": True,
    b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b"Content-Length: 5\r\n\r\nhello": True,
    CHUNKED + b"5\r\nhello\r\n0\r\n\r\n": True,
    CHUNKED + b"1\r\nh\r\n004;name=value\r\nello\r\n0\r\nTrailer: 1\r\n\r\n": True,
    OK + b"Content-Length: 9\r\nTransfer-Encoding: Chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n": True,
}
BAD = (
    b"SSH-2.0-OpenSSH_9\r\n",
    b"HTTP/1.x 200 OK\r\n\r\n",
    b"HTTP/1.1 20 OK\r\n\r\n",
    b"HTTP/1.1 302 Found\r\nLocation: http://elsewhere/\r\n\r\n",
    b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 204 No Content\r\n\r\n",
    OK + b"no colon\r\n\r\n",
    OK + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n",
    OK + b"Content-Length: +5\r\n\r\n",
    OK + b"Content-Length: \xb2\r\n\r\n",
    OK + b"Content-Length: \r\n\r\n",
    OK + b"Content-Length: 1001\r\n\r\n",
    OK + b"Content-Length: " + b"9" * 5_000 + b"\r\n\r\n",
    OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n",
    OK + b"X: " + b"x" * 20_000 + b"\r\n\r\n",
    OK + b"X: " + b"x" * 20_000,
    OK + b"\r\n" + b"x" * 1_001,
    CHUNKED + b"-5\r\nhello",
    CHUNKED + b"\r\n",
    CHUNKED + b"2\r\nhello\r\n",
    CHUNKED + b"3e9\r\n" + b"x" * 1_001,
    CHUNKED + b"1;" + b"x" * 2_000,
    CHUNKED + b"0\r\n" + b"Trailer: 1\r\n" * 5_000,
    CHUNKED + b"1\r\nx\r\n" * 900 + b"0\r\n" + b"T: " + b"x" * 1_000 + b"\r\n" + b"T: 1\r\n" * 9_000,
)


def read(pieces, limit=LIMIT):
    """Return a reply after some pieces of it, and its body so far."""
    body = bytearray()
    reply = Reply(body.extend, limit)
    for piece in pieces:
        if reply.done:
            break
        reply.feed(piece)
    return reply, bytes(body)


def cut(whole, places):
    """Return bytes in pieces that end at the given places."""
    ends = sorted({place % (len(whole) + 1) for place in places} | {0, len(whole)})
    return [whole[start:end] for start, end in pairwise(ends)]


cuts = st.lists(st.integers(0, 10_000), max_size=12)


class ReplyTests(SynchronousTestCase):
    @given(st.sampled_from(list(GOOD.items())), cuts)
    def test_reads_a_reply_however_it_is_cut(self, good, places):
        whole, reusable = good
        reply, body = read(cut(whole, places))
        self.assertEqual((b"hello", True, reusable), (body, reply.done, reply.reusable))

    @given(st.sampled_from(list(GOOD)), st.integers(0, 10_000))
    def test_a_reply_that_breaks_off_is_garbage(self, whole, place):
        reply, _ = read([whole[: place % len(whole)]])
        self.assertFalse(reply.done)
        self.assertRaises(GarbageError, reply.end)

    @given(st.sampled_from(BAD), cuts)
    def test_garbage_is_refused_however_it_is_cut(self, whole, places):
        self.assertRaises(GarbageError, read, cut(whole, places))

    @given(st.binary(max_size=200), st.sampled_from([b"", OK, CHUNKED, OK + b"\r\n"]), cuts)
    def test_bytes_are_a_reply_or_garbage(self, noise, beginning, places):
        try:
            reply, body = read(cut(beginning + noise, places))
        except GarbageError as garbage:
            self.assertTrue(0 < len(str(garbage)) < 300)
        else:
            self.assertEqual(bool(beginning + noise), reply.begun)
            self.assertLessEqual(len(body), LIMIT)

    def test_a_body_may_end_with_its_connection(self):
        reply, body = read([OK + b"\r\n", b"hel", b"lo"])
        reply.end()
        self.assertEqual((b"hello", True, False), (body, reply.done, reply.reusable))

    def test_a_connection_is_not_reused_after_more_than_its_reply(self):
        self.assertFalse(read([OK + b"Content-Length: 1\r\n\r\nxHTTP/1.1 200 OK"])[0].reusable)

    def test_a_large_body_is_passed_on_as_it_comes(self):
        pieces = []
        reply = Reply(pieces.append, 10_000_000)
        reply.feed(OK + b"Content-Length: 9000000\r\n\r\n")
        for _ in range(90):
            reply.feed(bytes(100_000))
        self.assertTrue(reply.done)
        self.assertEqual([100_000] * 90, [len(piece) for piece in pieces])
