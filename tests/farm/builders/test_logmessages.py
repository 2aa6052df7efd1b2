"""What the log says, in the words that operators have known for years."""

from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.builders.actions import (
    Abort,
    Collect,
    Conclude,
    FailBuilder,
    Heard,
    Hold,
    MarkClean,
    Requeue,
    Rescue,
    Restore,
)
from buildmaster.farm.builders.blame import Verdict
from buildmaster.farm.builders.facts import Observation
from buildmaster.farm.builders.logmessages import Level, failed_text, held_text, judged, line, outage_text
from buildmaster.farm.builders.runningjobs import OUT_OF_ORDER
from buildmaster.farm.builders.scanning import decide
from buildmaster.farm.builders.states import CleanStatus, FailedBy
from buildmaster.farm.vocabulary.states import BuildState
from tests.support.facts import LIMITS, NOW, REFUSED, a_builder, a_job, a_word

TITLE = "i386 build of pmount 0.1-1 in ubuntu hoary RELEASE"
FROG = {"name": "frog", "url": "http://localhost:9221/"}


def said(builder, word, mismatch=None):
    """Return the lines about what is done when the slave says this."""
    seen = Observation(word, None, mismatch)
    lines = [line(builder, action, seen) for action in decide(builder, seen, NOW, LIMITS)]
    return [found for found in lines if found is not None]


class SeedTests(SynchronousTestCase):
    """The lines as the first master printed them."""

    def test_a_builder_that_refuses(self):
        [(level, text)] = said(a_builder(**FROG), REFUSED)
        lines = text.splitlines()
        reason = "(111, 'Connection refused')"
        self.assertIs(Level.WARN, level)
        self.assertEqual(f"frog (http://localhost:9221/) marked as failed due to: {reason}", lines[0])
        self.assertEqual(("Traceback (most recent call last):", f"error: {reason}"), (lines[1], lines[-1]))

    def test_a_rescue(self):
        reason = "The object Build by the ID 1000 does not exist"
        builder = a_builder(name="Lost Building Slave")
        expected = f"Builder 'Lost Building Slave' rescued from '1000-10000: {reason}'"
        self.assertEqual((Level.WARN, expected), said(builder, a_word("BUILDING", cookie="1000-10000"), reason)[0])

    def test_the_ends_of_builds(self):
        for verdict, expected in (
            ("DEPFAIL", (Level.CRITICAL, "***** bob is MANUALDEPWAIT *****")),
            ("CHROOTFAIL", (Level.CRITICAL, "***** bob is CHROOTWAIT *****")),
            ("GIVENBACK", (Level.WARN, "***** 8-1 is GIVENBACK by bob *****")),
            ("BUILDERFAIL", (Level.WARN, "***** bob has failed *****")),
            ("PACKAGEFAIL", (Level.INFO, f"{TITLE} on bob: Failed to build")),
        ):
            self.assertEqual(expected, said(a_builder(job=a_job()), a_word("WAITING", verdict))[0])

    def test_a_forgotten_build(self):
        text = f"Builder http://bob:8221/ forgot about build {TITLE} -- resetting buildqueue record"
        self.assertEqual([(Level.WARN, text)], said(a_builder(job=a_job()), a_word("IDLE")))

    def test_an_unknown_status(self):
        lines = said(a_builder(job=a_job()), a_word("UNKNOWN", words="Dancing"))
        expected = "Builder on http://bob:8221/ returned unknown status Dancing, failing it"
        self.assertIn((Level.CRITICAL, expected), lines)

    def test_a_closed_pocket(self):
        text = f"{TITLE} (8) can not be built for pocket RELEASE: illegal status"
        level, shown = line(a_builder(job=a_job()), Hold(text))
        self.assertEqual((Level.CRITICAL, f"AssertionError: {text}"), (level, shown.splitlines()[0]))


class LineTests(SynchronousTestCase):
    def test_small_things_are_one_line_of_information(self):
        for action, text in (
            (Collect(()), f"bob has built {TITLE}: its results are fetched"),
            (Restore(), "bob (http://bob:8221/) answers again: back in service"),
            (MarkClean(), "bob is clean"),
            (Conclude(BuildState.CANCELLED), f"{TITLE} on bob: Cancelled build"),
        ):
            self.assertEqual((Level.INFO, text), line(a_builder(job=a_job()), action))

    def test_what_happens_each_time_is_not_told(self):
        self.assertIsNone(line(a_builder(), Heard()))

    def test_an_abort_is_told_once(self):
        told = (Level.INFO, "bob is told to abort its build")
        self.assertEqual(told, line(a_builder(job=a_job()), Abort()))
        self.assertIsNone(line(a_builder(job=a_job(cancel_since=NOW)), Abort()))
        self.assertIsNone(line(a_builder(clean_status=CleanStatus.CLEANING), Abort()))

    def test_every_line_names_its_builder_or_its_build(self):
        builder = a_builder(job=a_job())
        for action in (Requeue("why"), FailBuilder(FailedBy.LIMIT, OUT_OF_ORDER), Rescue("7-1", "why")):
            text = line(builder, action)[1]
            self.assertTrue("bob" in text or TITLE in text, text)

    def test_who_is_found_guilty_is_told(self):
        self.assertIsNone(judged(a_builder(), TITLE, Verdict.NOBODY, "why"))
        self.assertIsNone(judged(a_builder(), TITLE, None, "why"))
        self.assertEqual(
            "bob (http://bob:8221/) marked as failed due to: 5 failures in a row, the last: why",
            judged(a_builder(), TITLE, Verdict.BUILDER, "why")[1],
        )
        self.assertIn(TITLE, judged(a_builder(), TITLE, Verdict.BUILD, "why")[1])

    def test_administrators_are_told_what_to_do(self):
        self.assertIn("buildmaster builder ok bob", failed_text(a_builder(), "why")[1])
        held = held_text(a_builder(job=a_job()), Hold("why"))
        self.assertIn("buildmaster builder auto bob", held)
        self.assertIn("buildmaster build cancel 8", held)
        self.assertIn("bob is out of service", failed_text(a_builder(), "why")[0])

    def test_an_outage_is_told_word_for_word(self):
        about, text = outage_text("x86", 3)
        self.assertEqual("3 x86 builders fell silent at once", about)
        self.assertEqual(
            "3 x86 builders fell silent at once, within one minute: that is the network's fault, and none of them is blamed."
            " They get no work until they answer again; then all goes on by itself. Their builds are given to others after an"
            " hour of silence.",
            text,
        )
