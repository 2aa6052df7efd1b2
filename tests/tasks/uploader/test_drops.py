"""A source that is dropped into incoming/ needs the signature of somebody who may upload it."""

import shutil
import subprocess
from functools import cache
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import Deferred, execute
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.files.layout import ACCEPTED, FAILED, INCOMING, REJECTED
from buildmaster.files.librarian import FolderLibrarian
from buildmaster.files.uploadfolders import LOG_NAME
from buildmaster.model.register.accounts import add_account, parse_grant
from buildmaster.model.tables.distribution import Distribution
from buildmaster.model.uploads.sources import AcceptedSource, Refused
from buildmaster.tasks.uploader.drops import NO_GPGV, ONE_CHANGES, UNSIGNED, Drops
from buildmaster.tasks.uploader.signatures import binary_key
from buildmaster.work.sourceintake import SourceIntake
from tests.support.contexts import a_context
from tests.support.databases import AT_THE_END, a_folder
from tests.support.packages import sources, write
from tests.support.rows import NOW, a_database, a_series, an_archive

CHANGES = "hello_1.0-1_source.changes"


@cache
def gnupg():
    """Return a folder with the keys of two people, made once."""
    if not (shutil.which("gpg") and shutil.which("gpgv")):
        raise AssertionError("gpg or gpgv is missing: `sh tests/prepare`, as root, installs them")
    home = a_folder()
    AT_THE_END.callback(subprocess.run, ["gpgconf", "--homedir", str(home), "--kill", "all"], check=False)
    for person in ("ada@example.com", "eve@example.com"):
        gpg(home, "--quick-generate-key", person, "ed25519", "sign", "never")
    return home


def gpg(home, *words):
    argv = ["gpg", "--homedir", str(home), "--batch", "--passphrase", "", "--pinentry-mode", "loopback", *words]
    return subprocess.run(argv, check=True, capture_output=True).stdout


def key_of(person):
    return gpg(gnupg(), "--armor", "--export", person).decode()


def sign(path, person):
    gpg(gnupg(), "--local-user", person, "--output", f"{path}.signed", "--clearsign", str(path))
    Path(f"{path}.signed").rename(path)


def add_people(session):
    ubuntu = Distribution(name="ubuntu", title="Ubuntu")
    a_series(session, "hoary", distribution=ubuntu)
    an_archive(session, ubuntu, reference="ubuntu")
    an_archive(session, ubuntu, reference="ubuntu/partner")
    add_account(session, "none@example.com", (), "no key", NOW)
    add_account(session, "ada@example.com", (parse_grant("uploader:ubuntu"),), key_of("ada@example.com"), NOW)


class DropTests(SynchronousTestCase):
    def setUp(self):
        self.root = a_folder()
        self.transactions = a_database(self)
        self.transactions.write(add_people)
        self.leaf = self.root / INCOMING / "drop"

    def drop(self, person=None, archive="ubuntu", **fields):
        folder = write(self.leaf / archive, sources(**fields))
        if person:
            sign(folder / CHANGES, person)
        return folder / CHANGES

    def take(self, in_thread=execute):
        librarian = FolderLibrarian(self.root / "librarian")
        intake = SourceIntake(a_context(self.transactions, librarian=librarian))
        drops = Drops(a_context(self.transactions, in_thread=in_thread), intake)
        return self.successResultOf(Deferred.fromCoroutine(drops.take(self.root, self.leaf)))

    def refused(self, place=REJECTED):
        """Return the one reason against the drop, which must lie in ``place`` with it in its log."""
        verdict = self.take()
        self.assertIsInstance(verdict, Refused)
        self.assertIn(f"ERROR   {verdict.reasons[0]}\n", (self.root / place / "drop" / LOG_NAME).read_text())
        return verdict.reasons[0]

    def test_a_signed_source_is_taken_in(self):
        self.drop("ada@example.com")
        self.assertEqual(AcceptedSource(1, "hello", "1.0-1", "ubuntu", "hoary"), self.take())
        self.assertTrue((self.root / ACCEPTED / "drop" / "ubuntu" / CHANGES).is_file())

    def test_an_unsigned_one_is_not(self):
        self.drop()
        self.assertEqual(UNSIGNED, self.refused())

    def test_nor_is_one_that_a_stranger_signed(self):
        self.drop("eve@example.com")
        self.assertEqual(UNSIGNED, self.refused())

    def test_nor_one_that_was_changed_after_it_was_signed(self):
        changes = self.drop("ada@example.com")
        changes.write_text(changes.read_text().replace("Version: 1.0-1", "Version: 1.0-2"))
        self.assertEqual(UNSIGNED, self.refused())

    def test_nor_one_with_other_fields_before_the_signed_ones(self):
        changes = self.drop("ada@example.com")
        changes.write_text(sources(Urgency="high")[CHANGES].decode() + "\n" + changes.read_text())
        self.assertEqual(UNSIGNED, self.refused())

    def test_a_signer_needs_the_role_for_the_archive(self):
        self.drop("ada@example.com", archive="ubuntu/partner")
        self.assertEqual("ada@example.com may not upload to ubuntu/partner.", self.refused())

    def test_the_suite_comes_from_the_changes(self):
        self.drop("ada@example.com", Distribution="warty")
        self.assertIn("warty", self.refused())

    def test_without_one_changes_file_it_has_failed(self):
        write(self.leaf, {"hello.tar.gz": b""})
        self.assertEqual(ONE_CHANGES, self.refused(FAILED))

    def test_the_path_must_name_an_archive(self):
        self.drop("ada@example.com", archive="a/b/c")
        self.assertIn("names no archive", self.refused())

    def test_without_gpgv_the_reason_says_what_to_do(self):
        def in_thread(work, *args):
            if work.__name__ == "signed_by":
                return execute(Path("/nowhere").read_text)
            return execute(work, *args)

        self.drop("ada@example.com")
        self.assertEqual(Refused((NO_GPGV,)), self.take(in_thread))


class KeyTests(SynchronousTestCase):
    def test_an_armored_key_is_unpacked(self):
        self.assertEqual(gpg(gnupg(), "--export", "ada@example.com"), binary_key(key_of("ada@example.com")))

    def test_keys_may_follow_each_other(self):
        both = gpg(gnupg(), "--export", "ada@example.com") + gpg(gnupg(), "--export", "eve@example.com")
        self.assertEqual(both, binary_key(key_of("ada@example.com") + key_of("eve@example.com")))

    @given(st.text())
    def test_no_text_raises(self, text):
        binary_key(text)
        binary_key(f"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n{text}\n-----END PGP PUBLIC KEY BLOCK-----")
