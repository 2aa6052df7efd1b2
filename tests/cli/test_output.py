"""Listings are tables for people and JSON for scripts."""

import json
from datetime import datetime

import click
import pytz
from click.testing import CliRunner
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.cli.output import PAGE, as_text, limit_option, note_cut, note_more, page_size, table
from buildmaster.farm.vocabulary.states import BuildState

ROW = {
    "name": "bob",
    "ok": True,
    "processors": ["x86", "amd64"],
    "build": None,
    "seen": datetime(2005, 1, 2, tzinfo=pytz.UTC),
}


class OutputTests(SynchronousTestCase):
    def test_columns_are_as_wide_as_they_must_be(self):
        self.assertEqual(["name  ok   build", "bob   yes  -"], table([ROW], ["name", "ok", "build"]))

    def test_lists_and_times_are_read_by_people(self):
        self.assertEqual(
            ["processors  seen", "x86, amd64  2005-01-02 00:00:00 UTC"], table([ROW], ["processors", "seen"])
        )

    def test_json_has_iso_times(self):
        self.assertEqual("2005-01-02T00:00:00+00:00", json.loads(as_text(ROW))["seen"])

    def test_an_enumeration_is_its_name(self):
        self.assertEqual(["state", "NEEDSBUILD"], table([{"state": BuildState.NEEDSBUILD}], ["state"]))

    def test_what_json_cannot_hold_is_refused(self):
        self.assertRaises(TypeError, as_text, object())


def told(note, *args):
    """Return what a note says: its stdout and its stderr."""
    result = CliRunner().invoke(click.command()(lambda: note(*args)))
    return result.stdout, result.stderr


class PageTests(SynchronousTestCase):
    def test_people_get_a_page_and_scripts_get_all(self):
        self.assertEqual((PAGE, None), (page_size(None, as_json=False), page_size(None, as_json=True)))

    def test_a_limit_holds_for_both_and_zero_is_all(self):
        self.assertEqual([7, 7], [page_size(7, as_json=as_json) for as_json in (False, True)])
        self.assertEqual([None, None], [page_size(0, as_json=as_json) for as_json in (False, True)])

    def test_a_limit_is_a_count(self):
        command = click.command()(limit_option(lambda limit: click.echo(repr(limit))))
        self.assertEqual("3\n", CliRunner().invoke(command, ["--limit", "3"]).output)
        self.assertEqual(2, CliRunner().invoke(command, ["--limit", "-1"]).exit_code)

    def test_what_is_cut_is_told_on_stderr(self):
        self.assertEqual(("", "2 of 3 shown: --limit 0 prints all.\n"), told(note_cut, 2, 3))
        self.assertEqual(("", "The newest 2 are shown: --limit 0 prints all.\n"), told(note_more, 3, 2))

    def test_nothing_is_told_where_nothing_is_cut(self):
        self.assertEqual([("", "")] * 3, [told(note_cut, 3, 3), told(note_more, 2, 2), told(note_more, 3, None)])
