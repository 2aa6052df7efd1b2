"""What a master may order from the bundled slave."""

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from buildmaster.workers.buildd.orders import RefusedError, check_cookie, read_order

ARGS = {"series": "hoary", "suite": "hoary-security", "ogrecomponent": "main", "distribution": "ubuntu"}


def order(names=("a_1.dsc", "a_1.tar.gz"), **args):
    return read_order(Path("/b"), "1-2", Path("/c"), names, {**ARGS, **args}, "amd64")


class OrderTests(SynchronousTestCase):
    def test_what_is_not_said_has_a_default(self):
        made = order()
        self.assertEqual(
            ("a_1.dsc", "hoary-security", "amd64", False, ()),
            (made.dsc, made.suite, made.tag, made.indep, made.archives),
        )
        self.assertEqual("noautodbgsym", made.build_options)

    def test_the_changes_are_named_for_the_tag(self):
        self.assertEqual(Path("/b/a_1_i386.changes"), order(arch_tag="i386").changes)

    def test_what_is_said_is_kept(self):
        made = order(arch_indep=True, archives=["deb http://x y z"], trusted_keys=["AA=="], build_debug_symbols=True)
        self.assertEqual(
            (True, ("deb http://x y z",), ("AA==",), ""), (made.indep, made.archives, made.keys, made.build_options)
        )

    def test_all_mistakes_come_at_once(self):
        error = self.assertRaises(RefusedError, read_order, Path("/b"), "1", Path("/c"), ["../x"], {}, "../y")
        for part in ("series", "suite", "not a file name: '../x'", "not an architecture: '../y'", "0 .dsc files"):
            self.assertIn(part, str(error))

    def test_a_cookie_is_a_safe_name(self):
        self.assertEqual("12-7-2", check_cookie("12-7-2"))
        for cookie in ("", None, 0, "../1", "1 2", "1/2", "x" * 101):
            self.assertRaises(RefusedError, check_cookie, cookie)
