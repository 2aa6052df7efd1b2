"""Listings are tables for people and JSON for scripts."""

import json
from datetime import datetime

import pytz
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.cli.output import as_text, table
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
