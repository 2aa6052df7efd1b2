"""Every action has a line for people, and a deed or an errand; or it is declared here to have none."""

from typing import get_args

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from buildmaster.farm.builders.actions import (
    Abort,
    Action,
    Adopt,
    Clean,
    Collect,
    Conclude,
    CountSilence,
    FailBuilder,
    Heard,
    Hold,
    MarkClean,
    MarkDirty,
    PostponeProbe,
    Requeue,
    Rescue,
    Reset,
    Restore,
    SaveLogTail,
)
from buildmaster.farm.builders.logmessages import line
from buildmaster.farm.builders.states import FailedBy
from buildmaster.farm.vocabulary.states import BuildState
from buildmaster.model.builders.actions import DEEDS
from buildmaster.tasks.scanner.effects import Effects
from buildmaster.tasks.scanner.slaveerrands import SlaveErrands
from buildmaster.work.errands import Errands
from tests.support.contexts import a_context
from tests.support.facts import a_builder, a_job

EXAMPLES = (
    Heard(),
    CountSilence("timeout"),
    Adopt(),
    SaveLogTail("make"),
    Collect(()),
    Conclude(BuildState.FAILEDTOBUILD, fetch_log=True),
    Requeue("why", fetch_log=True),
    Hold("the pocket is closed"),
    FailBuilder("why", FailedBy.PROBE),
    PostponeProbe("timeout", 60.0),
    Restore(),
    Rescue("7-1", "not ours"),
    MarkDirty(),
    MarkClean(),
    Abort(),
    Clean(),
    Reset(),
)
# What happens at every scan, or is said better by what follows it.
WITHOUT_A_LINE = {Heard, CountSilence, Adopt, SaveLogTail, PostponeProbe, MarkDirty, Clean}
ONLY_SAID = {Rescue}  # the actions beside it do what is to be done
FOR_ALL_AT_ONCE = {SaveLogTail}  # one statement for all builders of a turn, not a deed for each


class ActionTests(SynchronousTestCase):
    def test_there_is_an_example_of_each(self):
        self.assertEqual(set(get_args(Action)), {type(action) for action in EXAMPLES})

    def test_each_has_a_line_or_is_declared_to_have_none(self):
        builder = a_builder(job=a_job())
        silent = {type(action) for action in EXAMPLES if line(builder, action) is None}
        self.assertEqual(WITHOUT_A_LINE, silent)

    def test_each_has_a_deed_or_an_errand_or_is_only_said(self):
        errands = SlaveErrands(a_context(), None, None, None, None)
        effects = Effects(a_context(), Clock(), Errands(Clock(), 1), errands)
        builder = a_builder(job=a_job())
        sent = {type(action) for action in EXAMPLES if effects._errand(builder, action) is not None}
        self.assertEqual(set(get_args(Action)) - ONLY_SAID, sent | DEEDS.keys() | FOR_ALL_AT_ONCE)
