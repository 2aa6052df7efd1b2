"""Files are served whole, in ranges, compressed or not, and private ones to who may have them."""

import base64
import gzip
from datetime import datetime
from hashlib import sha256

import pytz
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import Deferred, execute
from twisted.internet.error import ConnectionDone
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.uploads.filetypes import mimetype
from buildmaster.farm.vocabulary.archives import Purpose
from buildmaster.files.librarian import FolderLibrarian
from buildmaster.model.register.accounts import add_account, add_token, parse_grant
from buildmaster.model.serving import ServedFile
from buildmaster.model.tables.archive import Archive
from buildmaster.model.tables.distribution import Distribution
from buildmaster.model.tables.files import file_path, remember_file
from buildmaster.web.files import StoredFiles, address, form_of
from buildmaster.work.database import InlineDatabase
from buildmaster.work.transactions import Transactions, make_engine
from tests.support.browser import a_site, ask
from tests.support.databases import a_folder, sqlite_url
from tests.support.rows import an_archive

NOW = datetime(2026, 1, 1, tzinfo=pytz.UTC)
LOG = gzip.compress(b"dpkg-buildpackage: info\n", mtime=0)
NOT_FOUND = (404, b"There is no such file.\n")


def credentials(user, password):
    return {"Authorization": f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"}


def add_private_archive(session, secret):
    distribution = Distribution(name="ubuntu", title="Ubuntu")
    session.add(distribution)
    session.flush()
    archive = Archive(
        reference="~a/ubuntu/ppa", distribution_id=distribution.id, owner="a", name="ppa", purpose=Purpose.PPA,
        private=True, buildd_secret=secret, trusted=False, date_created=NOW,
    )  # fmt: skip
    session.add(archive)
    session.flush()
    return archive.id


def add_reader(session, token, grant):
    """Add an account with one role, and its token."""
    email = f"{token}@example.com"
    reference = grant.partition(":")[2]
    if session.query(Archive).filter_by(reference=reference).one_or_none() is None:
        an_archive(session, session.query(Distribution).one(), reference=reference)
    add_account(session, email, (parse_grant(grant),), None, NOW)
    add_token(session, email, sha256(token.encode()).hexdigest(), None, NOW)


class FilesCase(SynchronousTestCase):
    def setUp(self):
        self.folder = a_folder()
        engine = make_engine(sqlite_url(self.folder))
        self.addCleanup(engine.dispose)
        self.transactions = Transactions(engine)
        self.librarian = FolderLibrarian(self.folder / "librarian")
        database = InlineDatabase(self.transactions)
        self.site = a_site({"files": StoredFiles(database, self.librarian, execute, lambda: NOW)})

    def store(self, name, held, archive_id=None):
        original = self.folder / "original"
        original.write_bytes(held)
        self.content = self.librarian.add(original)
        file_id = self.transactions.write(remember_file, self.content, name, mimetype(name), NOW, archive_id)
        return "/" + file_path(file_id, name)


class PublicFileTests(FilesCase):
    def test_a_file_is_served_with_its_type_length_and_tag(self):
        answer = ask(self.site, self.store("hello_1.0_i386.deb", b"!<arch>"))
        self.assertEqual((200, b"!<arch>"), (answer.code, answer.body))
        self.assertEqual("application/vnd.debian.binary-package", answer.headers["Content-Type"])
        self.assertEqual("7", answer.headers["Content-Length"])
        self.assertEqual(f'"{self.content.sha256}"', answer.headers["Etag"])
        self.assertEqual("nosniff", answer.headers["X-Content-Type-Options"])

    def test_a_big_file_comes_whole(self):
        held = bytes(range(256)) * 4096
        self.assertEqual(held, ask(self.site, self.store("big.tar.xz", held)).body)

    def test_an_empty_file_comes_too(self):
        answer = ask(self.site, self.store("empty.dsc", b""))
        self.assertEqual((200, b"", "0"), (answer.code, answer.body, answer.headers["Content-Length"]))

    def test_head_tells_the_length_and_sends_nothing(self):
        answer = ask(self.site, self.store("a.dsc", b"Format: 1.0"), method="HEAD")
        self.assertEqual((200, "11", b""), (answer.code, answer.headers["Content-Length"], answer.body))

    def test_a_range_is_cut_out(self):
        path = self.store("a.dsc", b"0123456789")
        answer = ask(self.site, path, headers={"Range": "bytes=2-5"})
        self.assertEqual((206, b"2345", "bytes 2-5/10"), (answer.code, answer.body, answer.headers["Content-Range"]))

    def test_a_range_beyond_the_end_is_refused(self):
        answer = ask(self.site, self.store("a.dsc", b"0123456789"), headers={"Range": "bytes=10-"})
        self.assertEqual((416, "bytes */10"), (answer.code, answer.headers["Content-Range"]))

    def test_a_range_of_another_version_is_no_range(self):
        path = self.store("a.dsc", b"0123456789")
        answer = ask(self.site, path, headers={"Range": "bytes=2-5", "If-Range": '"older"'})
        self.assertEqual((200, b"0123456789"), (answer.code, answer.body))
        answer = ask(self.site, path, headers={"Range": "bytes=2-5", "If-Range": f'"{self.content.sha256}"'})
        self.assertEqual((206, b"2345"), (answer.code, answer.body))

    def test_nonsense_for_a_range_is_no_range(self):
        path = self.store("a.dsc", b"0123456789")
        for nonsense in ("lines=1-2", "bytes=x-y", "bytes=" + "0-0," * 100, "bytes=ü"):
            self.assertEqual(b"0123456789", ask(self.site, path, headers={"Range": nonsense}).body)

    def test_who_has_it_is_told_so(self):
        path = self.store("a.dsc", b"content")
        answer = ask(self.site, path, headers={"If-None-Match": f'"{self.content.sha256}"'})
        self.assertEqual((304, b""), (answer.code, answer.body))

    def test_a_name_may_have_all_of_debians_letters(self):
        self.assertEqual(b"x", ask(self.site, self.store("g++_4:1~rc1+b1_i386.deb", b"x")).body)

    def test_a_wrong_address_is_not_found(self):
        path = self.store("a.dsc", b"content")
        for wrong in ("/files/", "/files/1", path + "x", path + "/", "/files/9/a.dsc", "/files/99999999999/a.dsc",
                      "/files/-1/a.dsc", "/files/1%00/a.dsc", "/files/%FF/%FF", "/files/1/../a.dsc"):  # fmt: skip
            answer = ask(self.site, wrong)
            self.assertEqual(NOT_FOUND, (answer.code, answer.body), wrong)

    def test_a_lost_content_is_told_and_logged(self):
        path = self.store("a.dsc", b"content")
        self.librarian.drop(self.content.sha256)
        self.assertEqual(404, ask(self.site, path).code)

    def test_an_error_is_logged_and_its_reason_kept_from_the_client(self):
        site = a_site({"files": StoredFiles(None, self.librarian, execute, lambda: NOW)})
        answer = ask(site, "/files/1/a.dsc")
        self.assertEqual(1, len(self.flushLoggedErrors(AttributeError)))
        self.assertEqual(500, answer.code)
        self.assertNotIn(b"None", answer.body)


class CompressedLogTests(FilesCase):
    def test_a_browser_is_sent_encoded_text(self):
        answer = ask(self.site, self.store("buildlog.txt.gz", LOG), headers={"Accept-Encoding": "gzip, deflate, br"})
        self.assertEqual(("text/plain; charset=utf-8", "gzip"), self.form(answer))
        self.assertEqual(LOG, answer.body)

    def test_who_asks_for_no_encoding_is_sent_the_gzip_file(self):
        answer = ask(self.site, self.store("buildlog.txt.gz", LOG))
        self.assertEqual(("application/gzip", None), self.form(answer))
        self.assertEqual(LOG, answer.body)

    def test_the_two_forms_have_tags_of_their_own(self):
        path = self.store("buildlog.txt.gz", LOG)
        tags = {ask(self.site, path, headers={"Accept-Encoding": way}).headers["Etag"] for way in ("gzip", "identity")}
        self.assertEqual(2, len(tags))

    def test_an_archive_is_never_encoded(self):
        answer = ask(self.site, self.store("a.orig.tar.gz", LOG), headers={"Accept-Encoding": "gzip"})
        self.assertEqual(("application/gzip", None), self.form(answer))

    def test_what_a_client_accepts(self):
        file = ServedFile("buildlog.txt.gz", "text/plain", "")
        accepted = {"gzip": True, "GZIP": True, "x-gzip": True, "*": True, "br, gzip;q=0.5": True,
                    "gzip;q=0": False, "gzip; q=0.000": False, "": False, "identity": False, "gzippy": False}  # fmt: skip
        self.assertEqual(accepted, {words: form_of(file, words)[1] == "gzip" for words in accepted})

    def form(self, answer):
        return answer.headers["Content-Type"], answer.headers.get("Content-Encoding")


class PrivateFileTests(FilesCase):
    def setUp(self):
        super().setUp()
        archive_id = self.transactions.write(add_private_archive, "sésame")
        self.transactions.write(add_reader, "reader", "reader:~a/ubuntu/ppa")
        self.transactions.write(add_reader, "other", "uploader:~b/ubuntu/ppa")
        self.path = self.store("a.dsc", b"secret", archive_id)

    def test_the_builders_get_it(self):
        answer = ask(self.site, self.path, headers=credentials("buildd", "sésame"))
        self.assertEqual((200, b"secret"), (answer.code, answer.body))
        self.assertIn("private", answer.headers["Cache-Control"])

    def test_who_may_read_the_archive_gets_it_for_a_token(self):
        for way in (credentials("anybody", "reader"), {"Authorization": "Bearer reader"}):
            self.assertEqual(200, ask(self.site, self.path, headers=way).code)

    def test_others_are_challenged_alike_whatever_they_ask_for(self):
        ways = [{}, credentials("buildd", "wrong"), credentials("root", "sésame"), credentials("buildd", ""),
                {"Authorization": "Basic ???"}, {"Authorization": "Bearer x"}, {"Authorization": "Bearer other"}, {"Range": "bytes=0-1"}]  # fmt: skip
        answers = [ask(self.site, path, headers=way) for path in (self.path, "/files/1/wrong") for way in ways]
        self.assertEqual([answers[0]] * len(answers), answers)
        self.assertEqual(401, answers[0].code)
        self.assertTrue(answers[0].headers["Www-Authenticate"].startswith("Basic realm="))


class LeavingClientTests(FilesCase):
    def test_a_client_that_leaves_ends_the_answer(self):
        class SlowDatabase:
            def read(self, *args):
                return Deferred()

        site = a_site({"files": StoredFiles(SlowDatabase(), self.librarian, execute, lambda: NOW)})
        channel = site.buildProtocol(None)
        channel.makeConnection(StringTransport())
        channel.dataReceived(b"GET /files/1/a HTTP/1.1\r\nHost: farm\r\n\r\n")
        channel.connectionLost(Failure(ConnectionDone()))
        self.assertEqual([], self.flushLoggedErrors())


class AddressTests(SynchronousTestCase):
    @given(st.lists(st.binary(max_size=20), max_size=4))
    def test_any_address_is_read(self, parts):
        file_id, _ = address(parts)
        self.assertTrue(0 <= file_id < 2**31)
