"""Hand waiting builds to idle builders."""

from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy.orm import Session
from twisted.logger import Logger

from buildmaster.farm.builders.logmessages import Level, judged, marked
from buildmaster.farm.queue.sourceslist import BUILDD_USER
from buildmaster.model.builders.attempts import Setback
from buildmaster.model.builders.blaming import requeue, retire
from buildmaster.model.dispatch.blocking import review_blocks
from buildmaster.model.dispatch.claiming import Claims, claim
from buildmaster.model.dispatch.slaveorders import OrderFacts, OrderFile, orders
from buildmaster.model.notices.builds import Notices
from buildmaster.slave.client import Slaves
from buildmaster.tasks.dispatcher.sending import (
    DispatchFailedError,
    NotWantedError,
    Order,
    Preparer,
    SlaveFile,
    UnsuitableSlaveError,
)
from buildmaster.work.builderlog import say
from buildmaster.work.database import Database
from buildmaster.work.errands import Errands

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
        database: Database,
        slaves: Slaves,
        errands: Errands,
        preparer: Preparer,
        notices: Notices,
        files_url: str,
        now: Callable[[], datetime],
        nudge: Callable[[str], None],
    ) -> None:
        self._database = database
        self._slaves = slaves
        self._errands = errands
        self._preparer = preparer
        self._notices = notices
        self._files_url = files_url
        self._now = now
        self._nudge = nudge
        self._reviewed = 0
        self._last_review: datetime | None = None
        self._full = False

    async def run(self) -> None:
        """Take a turn."""
        await self._review()
        room = self._errands.room(PURPOSE)
        now = self._now()
        claims, told = await self._database.run(_take, now, self._errands.away(), room)
        self._full = len(told) == room
        self._tell(claims)
        if claims.more:
            self._nudge(self.name)
        for facts in told:
            order = self._order(facts, now)
            self._errands.begin(order.builder.id, partial(self._carry, order), PURPOSE)

    async def _review(self) -> None:
        """Look at a piece of the blocked entries, if it is time."""
        now = self._now()
        if self._last_review is None or abs(now - self._last_review) >= REVIEW:
            self._last_review = now
            self._reviewed = await self._database.run(review_blocks, self._reviewed) or 0

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
                self._nudge(self.name)

    def _order(self, facts: OrderFacts, claimed: datetime) -> Order:
        return Order(
            builder=facts.builder,
            attempt_id=facts.attempt_id,
            claimed=claimed,
            cookie=facts.cookie,
            title=facts.title,
            chroot=self._file(facts.chroot),
            files=tuple(self._file(file) for file in facts.files),
            args=facts.args,
        )

    def _file(self, file: OrderFile) -> SlaveFile:
        credentials = {} if file.secret is None else {"username": BUILDD_USER, "password": file.secret}
        return SlaveFile(file.name, file.sha1, self._files_url + file.path, **credentials)

    async def _dispatch(self, order: Order) -> None:
        """Give the build to the slave; what goes wrong before it is taken gives the job back, and is judged."""
        try:
            taken = await self._preparer.prepare(self._slaves.of(order.builder), order)
        except UnsuitableSlaveError as error:
            await self._database.run(retire, self._now(), order.builder, str(error), self._notices)
            say(order.builder, marked(order.builder, str(error)))
            await self._give_back(order, Setback(str(error), blamed=False))
        except DispatchFailedError as error:
            await self._give_back(order, Setback(str(error)))
        except NotWantedError as error:
            log.info("{why}", why=str(error))
            self._nudge("slave_scanner")
        else:
            text = (
                "{title} ({cookie}) was given to {name}"
                if taken
                else "{title} ({cookie}): nobody knows if {name} has it"
            )
            log.info(text, title=order.title, cookie=order.cookie, name=order.builder.name)

    async def _give_back(self, order: Order, setback: Setback) -> None:
        args = self._now(), order.builder, order.attempt_id, setback, self._notices
        verdict = await self._database.run(requeue, *args)
        say(order.builder, (Level.WARN, f"Could not build {order.title}: {setback.reason}"))
        say(order.builder, judged(order.builder, order.title, verdict, setback.reason))
        self._nudge("slave_scanner")
        self._nudge(self.name)


def _take(session: Session, now: datetime, away: Collection[int], room: int) -> tuple[Claims, tuple[OrderFacts, ...]]:
    """Claim builds, and ask in the same transaction for what their slaves must be told."""
    claims = claim(session, now, away, room)
    return claims, orders(session, claims.attempt_ids) if claims.attempt_ids else ()
