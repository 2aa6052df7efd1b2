"""Files are fetched once, verified, and nobody waits for ever."""

import hashlib

from twisted.internet.defer import Deferred, ensureDeferred
from twisted.internet.error import ConnectionRefusedError as RefusedByPeerError
from twisted.internet.protocol import connectionDone
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.workers.buildd.fetching import SILENCE_LIMIT, Fetcher
from buildmaster.workers.buildd.filecache import FileCache
from tests.support.databases import a_folder

CONTENT = b"content"
SHA1 = hashlib.sha1(CONTENT).hexdigest()
URL = "http://master/files/1/a.dsc"


class Response:
    """An answer whose body comes when it is told to."""

    def __init__(self, code):
        self.code = code
        self.closed = False

    def deliverBody(self, protocol):
        self.body = protocol
        protocol.makeConnection(self)

    def loseConnection(self):
        self.closed = True
        self.end()

    def end(self, content=b""):
        self.body.dataReceived(content)
        self.body.connectionLost(connectionDone)


class Agent:
    """Remembers what it was asked; each answer is given by hand."""

    def __init__(self):
        self.asked = []

    def request(self, method, url, headers):
        self.asked.append((url, headers.getRawHeaders("Authorization")))
        self.answer = Deferred()
        return self.answer


class FetcherTests(SynchronousTestCase):
    def setUp(self):
        self.clock = Clock()
        self.cache = FileCache(a_folder())
        self.cache.prepare()
        self.agent = Agent()
        self.fetcher = Fetcher(self.clock, self.agent, self.cache)

    def fetch(self, username="", password="", url=URL):
        return ensureDeferred(self.fetcher.ensurepresent(SHA1, url, username, password))

    def answer(self, code):
        response = Response(code)
        self.agent.answer.callback(response)
        return response

    def left(self):
        return [path.name for path in (self.cache.folder / "filecache").iterdir()]

    def test_a_good_file_is_kept(self):
        fetched = self.fetch()
        self.answer(200).end(CONTENT)
        self.assertEqual([True, "Download"], self.successResultOf(fetched))
        self.assertEqual(CONTENT, self.cache.find(SHA1).read_bytes())
        self.assertEqual([], self.clock.getDelayedCalls())

    def test_what_is_here_is_not_fetched(self):
        self.cache.sent(SHA1).write_bytes(CONTENT)
        self.assertEqual([True, "Cache"], self.successResultOf(self.fetch()))
        self.assertEqual([], self.agent.asked)

    def test_two_requests_share_one_transfer(self):
        one, two = self.fetch(), self.fetch()
        self.answer(200).end(CONTENT)
        self.assertEqual([[True, "Download"]] * 2, [self.successResultOf(one), self.successResultOf(two)])
        self.assertEqual(1, len(self.agent.asked))

    def test_credentials_go_along(self):
        self.fetch("buildd", "secret")
        self.fetcher = Fetcher(self.clock, self.agent, self.cache)
        self.fetch()
        self.assertEqual([(URL.encode(), ["Basic YnVpbGRkOnNlY3JldA=="]), (URL.encode(), None)], self.agent.asked)

    def test_without_a_url_nothing_is_asked(self):
        for url in ("", None):
            self.assertEqual([False, "No URL"], self.successResultOf(self.fetch(url=url)))

    def test_anything_else_is_removed_again(self):
        fetched = self.fetch()
        self.answer(200).end(CONTENT[:-1])
        self.assertEqual([False, "Digests did not match, removing again!"], self.successResultOf(fetched))
        self.assertEqual([], self.left())

    def test_a_refusal_is_told(self):
        fetched = self.fetch()
        self.answer(401).end(b"who are you?")
        self.assertEqual(
            [False, "Error accessing Librarian: HTTP Error 401: Unauthorized"], self.successResultOf(fetched)
        )
        self.assertEqual([], self.left())

    def test_an_absent_master_is_told(self):
        fetched = self.fetch()
        self.agent.answer.errback(Failure(RefusedByPeerError()))
        present, detail = self.successResultOf(fetched)
        self.assertFalse(present)
        self.assertTrue(detail.startswith("Error accessing Librarian: Connection was refused"), detail)

    def test_a_master_that_never_answers_is_given_up(self):
        fetched = self.fetch()
        self.clock.advance(SILENCE_LIMIT)
        self.assertFalse(self.successResultOf(fetched)[0])

    def test_a_body_that_stops_is_given_up(self):
        fetched = self.fetch()
        response = self.answer(200)
        response.body.dataReceived(CONTENT[:2])
        self.clock.advance(SILENCE_LIMIT)
        self.assertTrue(response.closed)
        self.assertFalse(self.successResultOf(fetched)[0])

    def test_it_can_be_tried_again(self):
        first = self.fetch()
        self.answer(503).end()
        self.successResultOf(first)
        second = self.fetch()
        self.answer(200).end(CONTENT)
        self.assertEqual([True, "Download"], self.successResultOf(second))
