"""When each builder is due, such that the soonest are found without a look at all.

A time that is changed or dropped leaves its entry in the heap. Such entries are thrown away when they come up, or all
together as soon as they are more than the others.
"""

from heapq import heapify, heappop, heappush


class Schedule:
    """The times at which builders are due, in any unit."""

    def __init__(self) -> None:
        self._times: dict[int, float] = {}
        self._heap: list[tuple[float, int]] = []

    def set(self, builder_id: int, time: float) -> None:
        """Let the builder be due then, and at no other time."""
        if self._times.get(builder_id) != time:
            self._times[builder_id] = time
            heappush(self._heap, (time, builder_id))
            self._tidy()

    def drop(self, builder_id: int) -> None:
        """Let the builder not be due at all."""
        if self._times.pop(builder_id, None) is not None:
            self._tidy()

    def time(self, builder_id: int) -> float | None:
        """Return when the builder is due."""
        return self._times.get(builder_id)

    def first(self) -> float | None:
        """Return when the first is due."""
        heap, times = self._heap, self._times
        while heap and times.get(heap[0][1]) != heap[0][0]:
            heappop(heap)
        return heap[0][0] if heap else None

    def due(self, now: float, most: int) -> list[int]:
        """Return who is due by ``now``, the longest due first and of these those of the lowest ids; ``most`` of them.

        They stay due.
        """
        found: dict[int, float] = {}  # a time that was changed and changed back is in the heap twice
        while len(found) < most and (time := self.first()) is not None and time <= now:
            found[heappop(self._heap)[1]] = time
        for builder_id, time in found.items():
            heappush(self._heap, (time, builder_id))
        return list(found)

    def _tidy(self) -> None:
        if len(self._heap) > 2 * len(self._times):
            self._heap = [(time, builder_id) for builder_id, time in self._times.items()]
            heapify(self._heap)
