"""Folders of uploads are found and settled whole, with their log."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.files.layout import ACCEPTED, INCOMING
from buildmaster.files.uploadfolders import (
    LOG_NAME,
    LONGEST_LOG,
    LeafLog,
    LockedError,
    cookie_of,
    find,
    landed,
    landed_cookies,
    locked,
    open_leaf,
    settle,
    write_log,
)
from tests.support.databases import a_folder
from tests.support.packages import write
from tests.support.rows import NOW


class LeafTests(SynchronousTestCase):
    def setUp(self):
        self.root = a_folder()

    def leaf(self, name="20260301-120000-1-1"):
        return write(self.root / INCOMING / name, {"a": b"a"})

    def test_whole_folders_have_landed(self):
        leaves = [self.leaf("b"), self.leaf("a")]
        self.leaf(".part")
        (self.root / INCOMING / "file").write_text("")
        self.assertEqual(leaves[::-1], landed(self.root))

    def test_the_cookies_of_results_are_told(self):
        for name in ("20260301-120000-1-1", "20260301-120000-1-1-2", "20260301-120000-hello_1.0", ".part"):
            self.leaf(name)
        self.assertEqual({"1-1", "1-1-2"}, landed_cookies(self.root))

    def test_nothing_has_landed_where_there_is_no_folder(self):
        self.assertEqual([], landed(self.root))

    def test_a_settled_folder_has_its_log_and_is_found(self):
        steps = LeafLog()
        steps.info("settled")
        path = settle(self.root, self.leaf(), ACCEPTED, steps)
        self.assertEqual("INFO    settled\n", (path / LOG_NAME).read_text())
        self.assertEqual(path, find(self.root, path.name))
        self.assertEqual(path, settle(self.root, path, ACCEPTED, steps))

    def test_words_that_are_no_text_are_told_all_the_same(self):
        leaf = a_folder()
        steps = LeafLog()
        steps.error("'a\udcff.deb' is listed nowhere")
        self.assertEqual(b"ERROR   'a\\udcff.deb' is listed nowhere\n", write_log(leaf, steps).read_bytes())

    def test_of_a_huge_log_of_somebody_else_a_part_is_taken_over(self):
        path = a_folder() / "uploader.log"
        with path.open("wb") as file:
            file.truncate(LONGEST_LOG * 3)
        steps = LeafLog()
        steps.include(path)
        self.assertLessEqual(len(steps.text), LONGEST_LOG + 1)

    def test_names_do_not_collide(self):
        names = [settle(self.root, self.leaf("a"), ACCEPTED, LeafLog()).name for _ in range(3)]
        self.assertEqual(["a", "a.1", "a.2"], names)

    def test_no_name_is_no_folder(self):
        self.leaf()
        self.assertIsNone(find(self.root, ""))

    def test_a_log_of_many_lines_has_its_level_on_each(self):
        steps = LeafLog()
        steps.error("one\ntwo")
        self.assertEqual("ERROR   one\nERROR   two\n", steps.text)

    def test_a_new_folder_is_named_by_time_and_file_and_looked_at_by_nobody(self):
        names = [open_leaf(self.root, NOW, "hello_1.0.dsc").name for _ in range(2)]
        self.assertEqual([".20260301-120000-hello_1.0", ".20260301-120000-hello_1.0.1"], names)
        self.assertEqual([], landed(self.root))

    @given(st.text())
    def test_no_file_name_leads_out_of_incoming(self, name):
        self.assertEqual(self.root / INCOMING, open_leaf(self.root, NOW, name).parent)

    def test_the_lock_is_held_by_one(self):
        with locked(self.root, LeafLog()):
            self.assertRaises(LockedError, locked(self.root, LeafLog()).__enter__)
        with locked(self.root, LeafLog()):
            pass


class CookieTests(SynchronousTestCase):
    def test_which_folders_are_of_results(self):
        table = {
            "20260301-120000-7-1": "7-1",
            "20260301-120000-7-1-2": "7-1-2",
            "20260301-120000-7-1.3": "7-1",
            "20260301-120000-hello_1.0": None,
            "7-1": None,
            "20260301-120000-7-1-2-3": None,
        }
        self.assertEqual(table, {name: cookie_of(name) for name in table})
