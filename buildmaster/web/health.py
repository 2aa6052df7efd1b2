"""Say whether the daemon is well: `/healthz`, for those who watch it."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Protocol

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from twisted.internet import defer
from twisted.internet.interfaces import IReactorTime
from twisted.web.http import OK, SERVICE_UNAVAILABLE
from twisted.web.resource import Resource
from twisted.web.server import Request

from buildmaster.farm.notices.sequencerjobs import Trouble
from buildmaster.farm.turns import TurnFacts
from buildmaster.files.disk import Disk
from buildmaster.web.answers import answer_later
from buildmaster.work.database import Database

PATIENCE = 5.0  # seconds that the database may take
MOST = 0.999  # of the looks at the reactor's clock


class Stalls(Protocol):
    """What is known of how the reactor was held up lately; all in seconds."""

    @property
    def worst(self) -> float:
        """The longest that it was."""

    def within(self, share: float) -> float:
        """Return how long it was at most, for this share of the looks at it."""


class Health(Resource):
    """Answers 200 while turns end in time and the database answers, and 503 otherwise; the JSON says the rest."""

    isLeaf = True

    def __init__(
        self,
        clock: IReactorTime,
        database: Database,
        disk: Disk,
        turns: Callable[[], Sequence[TurnFacts]],
        late: Callable[[], bool],
        stall: Stalls,
        troubles: Mapping[str, Trouble],
    ) -> None:
        super().__init__()
        self._clock = clock
        self._database = database
        self._disk = disk
        self._turns = turns
        self._late = late
        self._stall = stall
        self._troubles = troubles

    def render_GET(self, request: Request) -> int:
        """Ask around, and say."""
        return answer_later(request, self._answer(request))

    async def _answer(self, request: Request) -> None:
        delay = await self._database_delay()
        late = self._late()
        ready = delay is not None and not late
        turns = {turn.job: asdict(turn) for turn in self._turns()}
        found = {
            "ready": ready,
            "late": late,
            "turns": turns,
            "database": {"answers": delay is not None, "seconds": delay},
            "disk": {"free": self._disk.free, "low": self._disk.low},
            "stall": {"worst_seconds": self._stall.worst, "p999_seconds": self._stall.within(MOST)},
            "failing": {job: trouble.count for job, trouble in self._troubles.items() if job in turns},
        }
        _tell(request, OK if ready else SERVICE_UNAVAILABLE, found)

    async def _database_delay(self) -> float | None:
        begun = self._clock.seconds()
        try:
            await self._database.read(_ask).addTimeout(PATIENCE, self._clock)
        except (defer.TimeoutError, DBAPIError):
            return None
        return self._clock.seconds() - begun


def _tell(request: Request, code: int, found: dict[str, object]) -> None:
    body = json.dumps(found, indent=2).encode() + b"\n"
    request.setResponseCode(code)
    request.setHeader(b"Content-Type", b"application/json")
    request.setHeader(b"Content-Length", b"%d" % len(body))
    request.setHeader(b"Cache-Control", b"no-store")
    request.write(body)
    request.finish()


def _ask(session: Session) -> None:
    session.execute(text("SELECT 1"))
