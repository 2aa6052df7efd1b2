"""The scanner's questions with a room that a test sets, and all that belongs to them in one."""

from buildmaster.tasks.scanner.calls import TurnCalls
from buildmaster.tasks.scanner.round import Round
from buildmaster.tasks.scanner.timetable import Timetable

ROOM = 100  # builders that may be asked in a turn


class Room:
    """Paces that leave so much room in a turn."""

    def __init__(self):
        self.left = 0

    def room(self, _seconds):
        return self.left

    def survey(self, everybody):
        """Let the room be as it is."""


class Questions:
    """A round, with the timetable that it goes by."""

    def __init__(self, clock, slaves, call):
        self.room = Room()
        self.timetable = Timetable(clock, self.room)
        self.round = Round(clock, slaves, self.timetable, TurnCalls(clock, call))

    def __getattr__(self, name):
        return getattr(self.round, name)

    def begin(self, room, away=()):
        self.room.left = room
        return self.round.begin(away)

    def end(self, away=()):
        self.round.end(away)

    def plan(self, builder, delay):
        self.timetable.plan(builder.id, delay)

    def due(self, builders):
        return self.timetable.due(builders)

    def keep(self, builders):
        self.round.survey(builders)

    def gather(self):
        return self.round._wait.for_some()
