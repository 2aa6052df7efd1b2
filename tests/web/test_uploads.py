"""Sources come in over HTTP from who has a token for it."""

import base64
from datetime import timedelta
from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import execute
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.vocabulary.archives import Purpose
from buildmaster.files.layout import ACCEPTED, INCOMING, REJECTED
from buildmaster.files.librarian import FolderLibrarian
from buildmaster.model.register.accounts import add_account, add_token, parse_grant, remove_account
from buildmaster.model.tables.archive import SourcePublication
from buildmaster.model.tables.distribution import Distribution
from buildmaster.model.tables.people import Account, Audit
from buildmaster.web.bodies import BodyLimits
from buildmaster.web.uploads import Target, Uploads, target
from buildmaster.work.sourceintake import SourceIntake
from tests.support.browser import a_site, ask
from tests.support.contexts import a_context
from tests.support.databases import a_folder, postgresql_farm_url
from tests.support.packages import sources
from tests.support.rows import NOW, a_database, a_series, an_archive, inline

PLACE = "/upload/ubuntu/hoary/"
CHANGES = "hello_1.0-1_source.changes"


def add_people(session):
    ubuntu = Distribution(name="ubuntu", title="Ubuntu")
    a_series(session, "hoary", distribution=ubuntu)
    an_archive(session, ubuntu, reference="ubuntu")
    an_archive(session, ubuntu, reference="~a/ubuntu/ppa", owner="a", purpose=Purpose.PPA)
    for email, grants in {
        "all@example.com": ("uploader",),
        "ppa@example.com": ("uploader:~a/ubuntu/ppa",),
        "admin@example.com": ("admin",),
        "reader@example.com": ("reader",),
    }.items():
        add_account(session, email, tuple(map(parse_grant, grants)), None, NOW)
        add_token(session, email, sha256(email.encode()).hexdigest(), None, NOW)


def bearer(email):
    return {"Authorization": f"Bearer {email}"}


def basic(email):
    return {"Authorization": "Basic " + base64.b64encode(f"anybody:{email}".encode()).decode()}


class UploadCase(SynchronousTestCase):
    limits = None
    url = staticmethod(lambda: None)  # SQLite's

    def setUp(self):
        self.root = a_folder()
        self.transactions = a_database(self, self.url())
        self.transactions.write(add_people)
        self.nudged = []
        database = inline(self.transactions)
        intake = SourceIntake(a_context(self.transactions, librarian=FolderLibrarian(self.root / "librarian")))
        uploads = Uploads(self.root, database, intake, execute, lambda: NOW, self.nudged.append)
        self.site = a_site({"upload": uploads}, self.limits)

    def put(self, name, body=b"", headers=None, place=PLACE):
        headers = bearer("all@example.com") if headers is None else headers
        return ask(self.site, place + name, "PUT", headers, body)

    def put_all(self, files=None, **more):
        """Upload the files; return the answer to the last, the .changes."""
        return [self.put(name, body, **more) for name, body in (files or sources()).items()][-1]

    def leaves(self, place):
        folder = self.root / place
        return [leaf.name for leaf in folder.iterdir()] if folder.is_dir() else []


class UploadTests(UploadCase):
    def test_files_come_one_by_one_and_the_changes_last(self):
        answers = [self.put(name, body) for name, body in sources().items()]
        self.assertEqual([201] * 4, [answer.code for answer in answers])
        self.assertEqual(b"Accepted hello 1.0-1 in ubuntu, hoary.\n", answers[-1].body)
        self.assertEqual(["20260301-120000-hello_1.0-1_source"], self.leaves(ACCEPTED))
        self.assertEqual(["publisher", "queue_builder"], self.nudged)

    def test_the_uploader_is_remembered(self):
        self.put_all(headers=basic("all@example.com"))

        def who(session):
            creator = session.query(SourcePublication).one().release.creator_id
            return session.get(Account, creator).email, session.query(Audit).one().who

        self.assertEqual(("all@example.com", "all@example.com"), self.transactions.read(who))

    def test_all_reasons_against_it_are_the_answer(self):
        files = sources(Distribution="warty")
        files["hello_1.0.orig.tar.gz"] = b"damaged!"
        answer = self.put_all(files)
        self.assertEqual(400, answer.code)
        self.assertIn(b"is of suite warty, not hoary.\n", answer.body)
        self.assertIn(b"hello_1.0.orig.tar.gz has another", answer.body)
        self.assertEqual((1, []), (len(self.leaves(REJECTED)), self.nudged))

    def test_a_file_may_come_again_before_the_changes(self):
        self.put("hello_1.0.orig.tar.gz", b"half")
        self.assertEqual(201, self.put_all().code)

    def test_nothing_is_left_in_incoming_but_the_waiting_room(self):
        self.put_all()
        (room,) = self.leaves(INCOMING)
        self.assertTrue(room.startswith(".put-"))
        self.assertEqual([], list((self.root / INCOMING / room).iterdir()))

    def test_uploaders_do_not_meet(self):
        files = sources()
        changes = files.pop(CHANGES)
        for name, body in files.items():
            self.put(name, body)
        answer = self.put(CHANGES, changes, bearer("admin@example.com"))
        self.assertEqual(400, answer.code)

    def test_a_big_file_goes_through_the_disk(self):
        big = b"x" * 300_000
        self.assertEqual(201, self.put("big.tar.gz", big).code)
        (room,) = self.leaves(INCOMING)
        self.assertEqual(big, (self.root / INCOMING / room / "big.tar.gz").read_bytes())


class UploadOnPostgresqlTests(UploadTests):
    url = staticmethod(postgresql_farm_url)


class TrustTests(UploadCase):
    def test_who_may_upload_where(self):
        ppa = "/upload/~a/ubuntu/ppa/hoary/"
        table = {
            ("all@example.com", PLACE): 201,
            ("admin@example.com", PLACE): 201,
            ("ppa@example.com", PLACE): 403,
            ("reader@example.com", PLACE): 403,
            ("ppa@example.com", ppa): 201,
            ("ppa@example.com", "/upload/%7Ea/ubuntu/ppa/hoary/"): 201,
            ("nobody", PLACE): 401,
            ("ppa@example.com", "/upload/nowhere/hoary/"): 403,
        }
        answers = {key: self.put("a.dsc", b"x", bearer(key[0]), key[1]).code for key in table}
        self.assertEqual(table, answers)

    def test_a_token_is_good_until_it_expires(self):
        def add(session, secret, now):
            add_token(session, "all@example.com", sha256(secret.encode()).hexdigest(), 1, now)

        self.transactions.write(add, "new", NOW)
        self.transactions.write(add, "old", NOW - timedelta(days=1))
        codes = [self.put("a.dsc", b"x", bearer(secret)).code for secret in ("new", "old")]
        self.assertEqual([201, 401], codes)

    def test_who_was_removed_may_nothing(self):
        self.transactions.write(remove_account, "all@example.com", NOW)
        self.assertEqual(401, self.put("a.dsc", b"x").code)

    def test_without_a_token_one_is_asked_for(self):
        answer = self.put("a.dsc", b"x", {})
        self.assertEqual((401, True), (answer.code, "Www-Authenticate" in answer.headers))
        self.assertEqual([], self.leaves(INCOMING))

    def test_what_can_be_no_place_is_refused(self):
        for path in ("/upload/", "/upload/ubuntu/a.dsc", "/upload/ubuntu/hoary/", "/upload/ubuntu/hoary/.htaccess",
                     "/upload/ubuntu/hoary/..%2F..%2Fa.dsc", "/upload/UBUNTU/hoary/a.dsc", "/upload/%FF/hoary/a.dsc"):  # fmt: skip
            self.assertEqual(400, self.put("", b"x", place=path).code, path)
        self.assertEqual([], self.leaves(INCOMING))

    @given(st.lists(st.binary(max_size=12), max_size=6))
    def test_no_path_leads_out(self, parts):
        to = target(parts)
        if isinstance(to, Target):
            self.assertNotIn("/", to.filename)
            self.assertNotIn(to.filename[0], ".-")


class BodyTests(UploadCase):
    limits = BodyLimits(1000, 10, a_folder())

    def test_a_body_that_is_too_long_is_not_read(self):
        self.assertEqual(413, self.put("a.dsc", b"x" * 1001).code)
        self.assertEqual(413, self.put("a.dsc", b"x" * 11, {}).code)

    def test_one_that_is_not_is(self):
        self.assertEqual((201, 401), (self.put("a.dsc", b"x" * 1000).code, self.put("a.dsc", b"x" * 10, {}).code))

    def test_a_body_of_unknown_length_is_refused(self):
        answer = ask(
            self.site, PLACE + "a.dsc", "PUT", {**bearer("all@example.com"), "Transfer-Encoding": "chunked"}, None
        )
        self.assertEqual(411, answer.code)
