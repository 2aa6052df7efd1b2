"""Which build goes to which idle builder; why each other one waits.

Trust must be equal, both ways: a trusted builder takes trusted work only, an untrusted one untrusted work only.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from buildmaster.farm.builders.states import CleanStatus

UNFETCHED = "its source files are still to be fetched"
UNMET = "build-dependencies not installable"

Pool = tuple[str, bool]  # a processor's name, and trust


@dataclass(frozen=True)
class Candidate:
    """A builder as the dispatcher sees it. ``silent``: it did not answer its last scan. ``busy``: on an errand."""

    id: int
    name: str
    processors: tuple[str, ...]
    trusted: bool
    builderok: bool = True
    manual: bool = False
    clean_status: CleanStatus = CleanStatus.CLEAN
    building: bool = False
    silent: bool = False
    busy: bool = False

    @property
    def pools(self) -> tuple[Pool, ...]:
        """The pools of work that the builder takes from."""
        return tuple((processor, self.trusted) for processor in self.processors)

    @property
    def hindrance(self) -> str | None:
        """Why the builder can't be given work now, in a word or two; None if it can."""
        for found, words in (
            (self.building, "building"),
            (not self.builderok, "failed"),
            (self.manual, "in manual mode"),
            (self.silent, "silent"),
            (self.clean_status is not CleanStatus.CLEAN or self.busy, "being cleaned"),
        ):
            if found:
                return words
        return None


@dataclass(frozen=True)
class Head:
    """A waiting entry near the head of its pool's queue.

    ``shunned_id`` is the builder that failed it last, ``failed_on`` are all that have.
    """

    entry_id: int
    build_id: int
    processor: str
    trusted: bool
    score: int
    shunned_id: int | None = None
    failed_on: frozenset[int] = frozenset()

    @property
    def pool(self) -> Pool:
        """The pool of builders that can take it."""
        return (self.processor, self.trusted)


@dataclass(frozen=True)
class Assignment:
    """A build given to a builder."""

    builder_id: int
    entry_id: int
    build_id: int


def pools_of(builders: Iterable[Candidate]) -> dict[Pool, list[Candidate]]:
    """Return the builders of each pool; one with several processors is in several."""
    pools: dict[Pool, list[Candidate]] = defaultdict(list)
    for builder in builders:
        for pool in builder.pools:
            pools[pool].append(builder)
    return pools


def match(builders: Sequence[Candidate], heads: Iterable[Head]) -> tuple[Assignment, ...]:
    """Return who gets what: the highest score first, then the oldest build; the builder with fewest processors.

    ``builders`` are all in service; those with a hindrance count only as somebody else who could take a shunned entry.
    """
    pools = pools_of(builders)
    idle = {pool: _idle(members) for pool, members in pools.items()}
    taken: set[int] = set()
    plan = []
    for head in sorted(heads, key=lambda head: (-head.score, head.build_id)):
        builder = _pick(head, idle.get(head.pool, []), pools.get(head.pool, []), taken)
        if builder is not None:
            taken.add(builder.id)
            plan.append(Assignment(builder.id, head.entry_id, head.build_id))
    return tuple(plan)


def _idle(members: Iterable[Candidate]) -> list[Candidate]:
    free = (builder for builder in members if builder.hindrance is None)
    return sorted(free, key=lambda builder: (len(builder.processors), builder.name), reverse=True)


def _pick(head: Head, idle: list[Candidate], pool: list[Candidate], taken: set[int]) -> Candidate | None:
    """Take the next free builder of the pool; the one that failed the build last only where it is the only one."""
    while idle and idle[-1].id in taken:
        idle.pop()
    for builder in reversed(idle):
        if builder.id not in taken and not shuns(head, builder, pool):
            return builder
    return None


def shuns(head: Head, builder: Candidate, pool: Iterable[Candidate]) -> bool:
    """Tell whether the entry avoids a builder that has failed it, since one could take it that has not.

    Where all have, it avoids only the last: who is guilty is known when it has failed on enough of them.
    """
    if builder.id != head.shunned_id and builder.id not in head.failed_on:
        return False
    takers = {other.id for other in pool if other.builderok and not other.manual}
    if takers - head.failed_on - {head.shunned_id}:
        return True
    return builder.id == head.shunned_id and bool(takers - {builder.id})


@dataclass(frozen=True)
class Place:
    """What an entry's block follows from, apart from the builders. The texts are None where there is no such thing.

    ``frozen`` is the reason of a freeze, ``closed`` that of a closed pocket, ``unmet`` names build-dependencies that
    can't be installed.
    """

    architecture: str
    has_chroot: bool = True
    closed: str | None = None
    archive: str = ""
    archive_enabled: bool = True
    frozen: str | None = None
    fetched: bool = True
    private_unpublished: bool = False
    unmet: str | None = None


def block(place: Place) -> str | None:
    """Return why an entry can be given to nobody now, whoever is idle; None if it can."""
    for found, reason in (
        (not place.archive_enabled, f"archive {place.archive} is disabled"),
        (place.frozen is not None, place.frozen),
        (not place.has_chroot, f"no chroot for {place.architecture}"),
        (place.closed is not None, place.closed),
        (not place.fetched, UNFETCHED),
        (place.private_unpublished, "its source is private and not yet published"),
        (place.unmet is not None, f"{UNMET}: {place.unmet}"),
    ):
        if found:
            return reason
    return None


def explain_entry(
    head: Head,
    blocked: str | None,
    builders: Sequence[Candidate],
    heads: Sequence[Head],
) -> str | None:
    """Return why an entry waits, or None where a turn of the dispatcher would give it to somebody now.

    ``heads`` are the unblocked entries of all pools that come before it, in the order of their scores.
    """
    if blocked is not None:
        return blocked
    plan = match(builders, (*(other for other in heads if other.entry_id != head.entry_id), head))
    if any(assignment.entry_id == head.entry_id for assignment in plan):
        return None
    return _waits_for(head, [builder for builder in builders if head.pool in builder.pools], heads)


def _waits_for(head: Head, pool: list[Candidate], heads: Sequence[Head]) -> str:
    kind = f"{'trusted' if head.trusted else 'untrusted'} {head.processor} builder"
    if not pool:
        return f"waits for {_a(kind)}, and none is registered"
    if all(builder.hindrance is not None or shuns(head, builder, pool) for builder in pool):
        return f"waits for an idle {kind} ({_counts(pool)})"
    before = sum(other.pool == head.pool and other.entry_id != head.entry_id for other in heads)
    return f"waits for its turn at {_a(kind)}: {before} before it"


def _a(kind: str) -> str:
    return f"an {kind}" if kind.startswith("un") else f"a {kind}"


def _counts(pool: list[Candidate]) -> str:
    words: Mapping[str, int] = Counter(builder.hindrance or "failed it before" for builder in pool)
    return ", ".join(f"{count} of {len(pool)} {word}" for word, count in sorted(words.items()))


def explain_builder(builder: Candidate, waiting: Mapping[Pool, int], halted: str | None = None) -> str:
    """Return why a builder has no work.

    ``waiting`` counts the unblocked entries of each pool; ``halted`` is why nothing is dispatched at all, if so.
    """
    if builder.hindrance is not None:
        return builder.hindrance
    if halted is not None:
        return f"idle: {halted}"
    queue = sum(waiting.get(pool, 0) for pool in builder.pools)
    kind = f"{'trusted' if builder.trusted else 'untrusted'} {'/'.join(builder.processors)}"
    return (
        f"nothing that can be built now waits for {_a(kind)} builder"
        if not queue
        else "idle: the next turn gives it work"
    )
