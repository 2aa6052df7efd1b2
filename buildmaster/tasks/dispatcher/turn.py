"""Hand waiting builds to idle builders."""

from collections.abc import Collection
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy.orm import Session
from twisted.logger import Logger

from buildmaster.farm.builders.logmessages import Level, judged, marked
from buildmaster.model.builders.attempts import Setback
from buildmaster.model.builders.blaming import requeue, retire
from buildmaster.model.dispatch.blocking import review_blocks
from buildmaster.model.dispatch.claiming import Claims, claim
from buildmaster.model.dispatch.slaveorders import Order, orders
from buildmaster.slave.client import Slaves
from buildmaster.tasks.dispatcher.sending import (
    DispatchFailedError,
    NotWantedError,
    Preparer,
    UnsuitableSlaveError,
)
from buildmaster.work.builderlog import say
from buildmaster.work.errands import Errands
from buildmaster.work.taskcontext import TaskContext

log = Logger()
PURPOSE = "dispatch"  # of the errands: those that fetch results don't keep builds from being begun
REVIEW = timedelta(seconds=1)  # from one look at blocked entries to the next, whatever the number of turns


class Dispatcher:
    """The dispatcher's turn: claim builds for idle builders in one transaction, and send an errand to each.

    ``files_url`` is the address, with a slash at its end, that slaves fetch files from.
    """

    name = "dispatcher"

    def __init__(
        self,
        context: TaskContext,
        slaves: Slaves,
        errands: Errands,
        files_url: str,
    ) -> None:
        self._context = context
        self._slaves = slaves
        self._errands = errands
        self._preparer = Preparer(context)
        self._files_url = files_url
        self._reviewed = 0
        self._last_review: datetime | None = None
        self._full = False

    async def run(self) -> None:
        """Take a turn."""
        await self._review()
        room = self._errands.room(PURPOSE)
        now = self._context.now()
        claims, given = await self._context.database.run(_take, now, self._errands.away(), room, self._files_url)
        self._full = len(given) == room
        self._tell(claims)
        if claims.more:
            self._context.nudge(self.name)
        for order in given:
            self._errands.begin(order.builder.id, partial(self._carry, order), PURPOSE)

    async def _review(self) -> None:
        """Look at a piece of the blocked entries, if it is time."""
        now = self._context.now()
        if self._last_review is None or abs(now - self._last_review) >= REVIEW:
            self._last_review = now
            self._reviewed = await self._context.database.run(review_blocks, self._reviewed) or 0

    def _tell(self, claims: Claims) -> None:
        for build_id in claims.superseded:
            log.info("Build {build} SUPERSEDED, its queue item REMOVED", build=build_id)
        for reason in sorted(claims.reasons):
            log.warn("Could not build: {why}", why=reason.replace("no chroot for", "Missing CHROOT for"))

    async def _carry(self, order: Order) -> None:
        """Give the build to the slave; there is room for another then, if there was none left."""
        try:
            await self._dispatch(order)
        finally:
            if self._full:
                self._full = False
                self._context.nudge(self.name)

    async def _dispatch(self, order: Order) -> None:
        """Give the build to the slave; what goes wrong before it is taken gives the job back, and is judged."""
        try:
            taken = await self._preparer.prepare(self._slaves.of(order.builder), order)
        except UnsuitableSlaveError as error:
            await self._context.database.run(
                retire, self._context.now(), order.builder, str(error), self._context.notices
            )
            say(order.builder, marked(order.builder, str(error)))
            await self._give_back(order, Setback(str(error), blamed=False))
        except DispatchFailedError as error:
            await self._give_back(order, Setback(str(error)))
        except NotWantedError as error:
            log.info("{why}", why=str(error))
            self._context.nudge("slave_scanner")
        else:
            text = (
                "{title} ({cookie}) was given to {name}"
                if taken
                else "{title} ({cookie}): nobody knows if {name} has it"
            )
            log.info(text, title=order.title, cookie=order.cookie, name=order.builder.name)

    async def _give_back(self, order: Order, setback: Setback) -> None:
        args = self._context.now(), order.builder, order.attempt_id, setback, self._context.notices
        verdict = await self._context.database.run(requeue, *args)
        say(order.builder, (Level.WARN, f"Could not build {order.title}: {setback.reason}"))
        say(order.builder, judged(order.builder, order.title, verdict, setback.reason))
        self._context.nudge("slave_scanner")
        self._context.nudge(self.name)


def _take(
    session: Session, now: datetime, away: Collection[int], room: int, files_url: str
) -> tuple[Claims, tuple[Order, ...]]:
    """Claim builds, and ask in the same transaction for what their slaves must be told."""
    claims = claim(session, now, away, room)
    return claims, orders(session, now, claims.attempt_ids, files_url) if claims.attempt_ids else ()
