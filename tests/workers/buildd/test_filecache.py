"""What masters sent, and what builds left, are kept apart."""

import hashlib
import os

from twisted.trial.unittest import SynchronousTestCase

from buildmaster.workers.buildd.filecache import FileCache
from tests.support.databases import a_folder


def sha1(content):
    return hashlib.sha1(content).hexdigest()


class FileCacheTests(SynchronousTestCase):
    def setUp(self):
        self.folder = a_folder()
        self.cache = FileCache(self.folder, keep=100)
        self.cache.prepare()

    def send(self, content, age=0):
        path = self.cache.sent(sha1(content))
        path.write_bytes(content)
        os.utime(path, (1000 - age, 1000 - age))
        return sha1(content)

    def result(self, name, content):
        path = self.folder / name
        path.write_bytes(content)
        return path

    def test_only_sent_files_are_had(self):
        self.assertTrue(self.cache.has(self.send(b"sent")))
        for name in (sha1(b"other"), "../filecache", "buildlog", None, "", 7):
            self.assertFalse(self.cache.has(name))

    def test_results_are_served_by_sha1(self):
        filemap = self.cache.take([self.result("a.deb", b"deb")])
        self.assertEqual({"a.deb": sha1(b"deb")}, filemap)
        self.assertEqual(b"deb", self.cache.find(sha1(b"deb")).read_bytes())

    def test_only_sha1s_and_the_log_are_served(self):
        for name in ("buildlog", "..", "../filecache", sha1(b"x"), ""):
            self.assertIsNone(self.cache.find(name))

    def test_dropping_results_keeps_a_sent_file_of_the_same_content(self):
        same = self.send(b"same")
        self.cache.take([self.result("same.deb", b"same")])
        self.cache.drop_results()
        self.assertEqual(b"same", self.cache.find(same).read_bytes())

    def test_the_log_goes_with_the_results(self):
        self.cache.log.write_bytes(b"log")
        self.assertEqual(self.cache.log, self.cache.find("buildlog"))
        self.cache.drop_results()
        self.assertIsNone(self.cache.find("buildlog"))

    def test_what_was_unused_for_longest_goes_first(self):
        old, new, newest = self.send(b"1" * 40, age=9), self.send(b"2" * 40, age=5), self.send(b"3" * 40)
        self.cache.drop_results()
        self.assertEqual([False, True, True], [self.cache.has(name) for name in (old, new, newest)])

    def test_lending_counts_as_use(self):
        old, new = self.send(b"1" * 60, age=9), self.send(b"2" * 60, age=5)
        self.cache.lend(old, self.folder / "source.dsc")
        self.cache.drop_results()
        self.assertEqual([True, False], [self.cache.has(name) for name in (old, new)])

    def test_a_new_life_finds_sent_files_but_no_build(self):
        kept = self.send(b"kept")
        self.cache.log.write_bytes(b"log")
        (self.folder / "build-1-1/source").mkdir(parents=True)
        self.cache.sent("0.part").write_bytes(b"half")
        self.cache.prepare()
        self.assertEqual([kept], [path.name for path in (self.folder / "filecache").iterdir()])
        self.assertEqual((False, None), ((self.folder / "build-1-1").exists(), self.cache.find("buildlog")))
