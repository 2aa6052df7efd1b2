"""Real repositories, made with the real tools, arrive in git: all commits, authors and dates; then only the new ones."""

import tempfile
from pathlib import Path

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.workers.codeimports.importers import IMPORTERS
from buildmaster.workers.codeimports.sources import source_of
from buildmaster.workers.codeimports.surroundings import place_of
from tests.support.importtools import SCHEMES, BlockingRun, Elsewhere, need_tools

FIRST, SECOND, THIRD = 1212570000, 1212573600, 1212577200  # seconds: the fourth of June 2008, at 9, 10 and 11
SUBJECTS = ["first", "second", "third"]
NAME, EMAIL = "Ada Lovelace", "ada@example.org"


class Imported:
    """What holds of each kind of repository."""

    branch = "master"

    def setUp(self):
        need_tools()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.elsewhere = Elsewhere(Path(folder.name) / "elsewhere")
        self.run_there = self.elsewhere.run
        self.store = Path(folder.name) / "store"
        self.place = place_of(self.store, "trunk")

    def address(self):
        return f"file://{self.elsewhere.folder}/trunk"

    def bring(self):
        """Import once; return what the tools said."""
        fields = {"name": "trunk", "rcs_type": self.kind, "url": self.address(), "module": self.module}
        source, run = source_of(fields, SCHEMES), BlockingRun(self.place)
        self.successResultOf(Deferred.fromCoroutine(IMPORTERS[source.kind](source, self.place, run)))
        return "".join(run.said)

    module = ""

    def imported(self, form):
        """Return the lines of the imported branch's log, oldest first."""
        git = ("git", f"--git-dir={self.place.repository}")
        return self.run_there(*git, "log", "--reverse", f"--format={form}", self.branch).splitlines()

    def contents(self):
        return self.run_there("git", f"--git-dir={self.place.repository}", "show", f"{self.branch}:file")

    def test_all_arrives_and_then_only_what_is_new(self):
        self.begin()
        self.commit("first", FIRST)
        self.commit("second", SECOND)
        self.bring()
        self.assertEqual(self.expected()[:-1], self.imported("%s|%an|%ae|%at"))
        before = self.imported("%H")
        self.commit("third", THIRD)
        self.bring()
        self.assertEqual(self.expected(), self.imported("%s|%an|%ae|%at"))
        after = self.imported("%H")
        self.assertEqual(before, after[:-1])
        self.assertEqual("third\n", self.contents())
        self.bring()
        self.assertEqual(after, self.imported("%H"))

    def expected(self):
        return [
            f"{subject}|{NAME}|{EMAIL}|{when}" for subject, when in zip(SUBJECTS, (FIRST, SECOND, THIRD), strict=True)
        ]


class GitTests(Imported, SynchronousTestCase):
    kind = "GIT"

    def begin(self):
        self.run_there("git", "init", "-q", "-b", "master", "trunk")

    def commit(self, subject, when):
        (self.elsewhere.folder / "trunk/file").write_text(f"{subject}\n")
        self.run_there("git", "add", "file", cwd="trunk")
        dates = {"GIT_AUTHOR_DATE": f"{when} +0000", "GIT_COMMITTER_DATE": f"{when} +0000"}
        self.run_there("git", "commit", "-qm", subject, cwd="trunk", **dates)

    def test_branches_come_and_go_with_their_main_one(self):
        self.begin()
        self.commit("first", FIRST)
        self.run_there("git", "branch", "-m", "main", cwd="trunk")
        self.run_there("git", "branch", "old", cwd="trunk")
        self.run_there("git", "tag", "v1", cwd="trunk")
        self.bring()
        self.run_there("git", "branch", "-D", "old", cwd="trunk")
        self.bring()
        git = ("git", f"--git-dir={self.place.repository}")
        refs = self.run_there(*git, "for-each-ref", "--format=%(refname)").split()
        self.assertEqual(["refs/heads/main", "refs/tags/v1"], refs)
        self.assertEqual("refs/heads/main\n", self.run_there(*git, "symbolic-ref", "HEAD"))


class SubversionTests(Imported, SynchronousTestCase):
    kind = "SVN"

    def address(self):
        return f"file://{self.elsewhere.folder}/repository/trunk"

    def begin(self):
        self.run_there("svnadmin", "create", "repository")
        hook = self.elsewhere.folder / "repository/hooks/pre-revprop-change"
        hook.write_text("#!/bin/sh\n")
        hook.chmod(0o755)
        root = f"file://{self.elsewhere.folder}/repository"
        self.run_there("svn", "mkdir", "-qm", "layout", "--username", "ada", f"{root}/trunk", f"{root}/branches")
        self.run_there("svn", "checkout", "-q", f"{root}/trunk", "trunk")
        self.redate("2008-06-04T08:00:00.000000Z")
        self.number = 1

    def commit(self, subject, when):
        (self.elsewhere.folder / "trunk/file").write_text(f"{subject}\n")
        self.run_there("svn", "add", "-q", "--force", "file", cwd="trunk")
        self.run_there("svn", "commit", "-qm", subject, "--username", "ada", cwd="trunk")
        self.redate(f"2008-06-04T{9 + (when - FIRST) // 3600:02d}:00:00.000000Z")

    def redate(self, date):
        root = f"file://{self.elsewhere.folder}/repository"
        self.run_there("svn", "propset", "-q", "--revprop", "-r", "HEAD", "svn:date", date, root)

    def imported(self, form):
        """Return the log without the commit that made the layout; the e-mail's host is the repository's UUID."""
        uuid = (self.elsewhere.folder / "repository/db/uuid").read_text().split()[0]
        return [line.replace(f"ada@{uuid}", EMAIL).replace("|ada|", f"|{NAME}|") for line in super().imported(form)[1:]]


class CvsTests(Imported, SynchronousTestCase):
    kind, module = "CVS", "module"

    def address(self):
        return str(self.elsewhere.folder / "cvs")

    def begin(self):
        root = str(self.elsewhere.folder / "cvs")
        self.run_there("cvs", "-d", root, "init")
        (self.elsewhere.folder / "cvs/module").mkdir()
        self.run_there("cvs", "-Q", "-d", root, "checkout", "-d", "trunk", "module")
        self.minutes = 0

    def commit(self, subject, when):
        """Commit, and then write the date into the repository's file, since cvs has no option for it."""
        (self.elsewhere.folder / "trunk/file").write_text(f"{subject}\n")
        stored = self.elsewhere.folder / "cvs/module/file,v"
        if not stored.exists():
            self.run_there("cvs", "-Q", "add", "file", cwd="trunk")
        self.run_there("cvs", "-Q", "commit", "-fm", subject, cwd="trunk", LOGNAME="ada", USER="ada")
        self.redate(stored, f"2008.06.04.{9 + (when - FIRST) // 3600:02d}.00.00")

    def redate(self, stored, date):
        head, mark, rest = stored.read_text().partition("\ndate\t")
        stored.chmod(0o644)
        stored.write_text(head + mark + date + rest[rest.index(";") :])

    def expected(self):
        return [
            f"{subject}|{who}|{who}|{when}"
            for subject, who, when in zip(SUBJECTS, [self.who()] * 3, (FIRST, SECOND, THIRD), strict=True)
        ]

    def who(self):
        stored = (self.elsewhere.folder / "cvs/module/file,v").read_text()
        return stored.partition("author ")[2].partition(";")[0]


class MercurialTests(Imported, SynchronousTestCase):
    kind = "HG"

    def begin(self):
        self.run_there("hg", "init", "trunk")

    def commit(self, subject, when):
        (self.elsewhere.folder / "trunk/file").write_text(f"{subject}\n")
        self.run_there("hg", "commit", "-qA", "-m", subject, "-d", f"{when} 0", cwd="trunk")


class BazaarTests(Imported, SynchronousTestCase):
    kind = "BZR"

    def begin(self):
        self.run_there("brz", "init", "-q", "trunk")

    def commit(self, subject, when):
        (self.elsewhere.folder / "trunk/file").write_text(f"{subject}\n")
        self.run_there("brz", "add", "-q", "file", cwd="trunk")
        date = f"2008-06-04 {9 + (when - FIRST) // 3600:02d}:00:00 +0000"
        self.run_there("brz", "commit", "-qm", subject, "--commit-time", date, cwd="trunk")
