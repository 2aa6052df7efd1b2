"""A chroot's tarball is made to start at its root, packed in whichever way."""

import io
import subprocess
import sys
import tarfile

from twisted.trial.unittest import SynchronousTestCase

from buildmaster.workers.buildd.backends import rerooting
from buildmaster.workers.buildd.backends.rerooting import reroot
from tests.support.databases import a_folder

LONG = "usr/share/" + "x" * 120


def a_tarball(mode="w:", top="chroot-autobuild/"):
    """Return a tarball with a file of a long name, a hard link to it, a symbolic link, a folder."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode=mode, format=tarfile.PAX_FORMAT) as tar:
        for name, kind, target in (
            ("", tarfile.DIRTYPE, ""),
            (LONG, tarfile.REGTYPE, ""),
            ("hard", tarfile.LNKTYPE, top + LONG),
            ("soft", tarfile.SYMTYPE, LONG),
        ):
            member = tarfile.TarInfo(top + name)
            member.type, member.linkname, member.mode, member.uid = kind, target, 0o751, 2001
            member.size = 4 if kind == tarfile.REGTYPE else 0
            tar.addfile(member, io.BytesIO(b"text"))
    return packed.getvalue()


def members(content):
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        return [(member.name, member.linkname, member.uid, member.mode) for member in tar]


class RerootTests(SynchronousTestCase):
    def rerooted(self, content):
        target = io.BytesIO()
        reroot(io.BytesIO(content), target)
        return target.getvalue()

    def test_names_and_hard_links_lose_the_top_folder(self):
        wanted = [
            (".", "", 2001, 0o751),
            (f"./{LONG}", "", 2001, 0o751),
            ("./hard", f"./{LONG}", 2001, 0o751),
            ("./soft", LONG, 2001, 0o751),
        ]
        for mode in ("w:", "w:gz", "w:xz", "w:bz2"):
            self.assertEqual(wanted, members(self.rerooted(a_tarball(mode))))

    def test_contents_stay(self):
        with tarfile.open(fileobj=io.BytesIO(self.rerooted(a_tarball()))) as tar:
            self.assertEqual(b"text", tar.extractfile(f"./{LONG}").read())

    def test_a_tarball_without_the_top_folder_stays_as_it_is(self):
        content = a_tarball(top="./")
        self.assertEqual(members(content), members(self.rerooted(content)))

    def test_noise_is_no_chroot(self):
        self.assertRaises(tarfile.TarError, self.rerooted, b"noise" * 1000)


class ProgramTests(SynchronousTestCase):
    def run_on(self, content):
        folder = a_folder()
        (folder / "chroot").write_bytes(content)
        argv = [sys.executable, rerooting.__file__, str(folder / "chroot"), str(folder / "new")]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        return done, folder / "new"

    def test_writes_the_second_file(self):
        done, new = self.run_on(a_tarball("w:gz"))
        self.assertEqual((0, 4), (done.returncode, len(members(new.read_bytes()))))

    def test_says_in_a_line_what_is_no_chroot(self):
        done, _ = self.run_on(b"noise")
        self.assertEqual(1, done.returncode)
        self.assertTrue(done.stderr.startswith("chroot is no chroot: "), done.stderr)
