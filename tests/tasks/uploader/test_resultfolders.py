"""Binaries come into the librarian as they were read, and stay so; whatever happens on the way, they come whole."""

import contextlib  # trial takes a name "suppress" in a module for its own
import errno
import hashlib
import os
import time

from twisted.internet.defer import Deferred, execute

from buildmaster.farm.vocabulary.states import BuildState
from buildmaster.files.layout import ACCEPTED, INCOMING
from buildmaster.files.packages import ChangedMeanwhileError
from buildmaster.tasks.uploader import resultfolders
from buildmaster.tasks.uploader.command import UploadCommand
from tests.support.databases import postgresql_farm_url
from tests.support.packages import a_deb
from tests.support.uploading import LEAF, UploaderCase

S = BuildState
NAME = "hello_1.0-1_i386.deb"
SHA256 = hashlib.sha256(a_deb()).hexdigest()
LONG_AGO = time.time() - 1_000_000
STEPS = ("fchmod", "fdatasync", "utime", "link", "fsync")  # on the way into the librarian


class Killed(BaseException):
    """The process is over."""


class KeptTests(UploaderCase):
    def binary(self):
        """Return the binary in its folder, and in the librarian."""
        return self.root / ACCEPTED / LEAF / NAME, self.librarian.path(SHA256)

    def test_a_binary_is_linked_and_read_only(self):
        self.upload()
        self.turn()
        there, kept = self.binary()
        self.assertTrue(kept.samefile(there))
        self.assertEqual(0, kept.stat().st_mode & 0o222)

    def test_one_that_is_kept_already_is_as_new(self):
        self.upload()
        original = self.root / "original"
        original.write_bytes(a_deb())
        self.librarian.add(original)
        os.utime(self.librarian.path(SHA256), (LONG_AGO, LONG_AGO))
        self.turn()
        there, kept = self.binary()
        self.assertFalse(kept.samefile(there))
        self.assertEqual((), self.librarian.older(SHA256[:2], LONG_AGO + 60))

    def test_one_that_waited_long_is_as_new(self):
        self.upload()
        os.utime(self.root / INCOMING / LEAF / NAME, (LONG_AGO, LONG_AGO))
        self.turn()
        self.assertEqual((), self.librarian.older(SHA256[:2], LONG_AGO + 60))

    def test_a_damaged_one_is_replaced(self):
        self.upload()
        place = self.root / "librarian" / SHA256[:2] / SHA256
        place.parent.mkdir(parents=True)
        place.write_bytes(b"damaged")
        self.turn()
        self.assertEqual(a_deb(), self.librarian.path(SHA256).read_bytes())

    def test_one_that_can_not_be_linked_is_copied(self):
        def link(*_):  # there is only one file system here
            raise OSError(errno.EXDEV, "another file system")

        self.patch(os, "link", link)
        self.upload()
        self.turn()
        there, kept = self.binary()
        self.assertEqual((a_deb(), False), (kept.read_bytes(), kept.samefile(there)))

    def test_one_that_another_program_had_is_copied(self):
        self.upload()
        self.turn(command=UploadCommand(self.root, ["true"], 10))
        there, kept = self.binary()
        self.assertEqual((a_deb(), False), (kept.read_bytes(), kept.samefile(there)))

    def test_one_that_is_edited_between_reading_and_keeping_is_not_kept(self):
        def edited(folder, build):
            (self.root / INCOMING / LEAF / NAME).write_bytes(b"edited")
            return ()

        self.patch(resultfolders, "check_binaries", edited)
        for command in (None, UploadCommand(self.root, ["true"], 10)):
            self.setUp()
            self.upload()
            self.turn(command=command)
            self.assertEqual(1, len(self.flushLoggedErrors(ChangedMeanwhileError)))
            self.assertEqual(S.UPLOADING, self.facts()[0])


class KilledTests(UploaderCase):
    def test_a_binary_is_kept_whenever_the_master_is_killed_meanwhile(self):
        for number in range(len(STEPS) + 2):
            self.setUp()
            self.upload()
            self.killed_before(number)
            self.assertEqual(S.UPLOADING, self.facts()[0])
            self.turn()
            self.assertEqual(S.FULLYBUILT, self.facts()[0], number)
            self.assertEqual(a_deb(), self.librarian.path(SHA256).read_bytes())

    def killed_before(self, number):
        """Kill the uploader before its step of that number: the first of them are those of STEPS."""
        self.left = number
        patches = [self.patch(os, name, self.step(getattr(os, name))) for name in STEPS]

        def in_thread(work, *args):
            if work.__name__ != "check":
                return execute(work, *args)
            with contextlib.suppress(Killed):
                work(*args)
            return Deferred()

        uploader, errands = self.uploader(None, in_thread)
        self.successResultOf(Deferred.fromCoroutine(uploader.run()))
        errands.stop(0).cancel()
        self.flushLoggedErrors()
        for patch in patches:
            patch.restore()

    def step(self, done):
        def step(*args, **kwargs):
            self.left -= 1
            if self.left < 0:
                raise Killed
            return done(*args, **kwargs)

        return step


class KeptOnPostgresqlTests(KeptTests):
    url = staticmethod(postgresql_farm_url)
