"""Resources: staff and owned nodes with a queue by priority, and nodes rented by the day."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from heapq import heappop, heappush

from simpy import Environment, Event

from .measures import Level


class Pool:
    """Identical units behind one queue: by priority, first come first served within it.

    A unit that is given back goes at once to the head of the queue. (`simpy.PriorityResource`
    sorts its queue at every request, which makes an overloaded run quadratic; this is a heap.)

    Parameters
    ----------
    env : Environment
        Clock.
    capacity : int
        Number of units.

    Attributes
    ----------
    busy, waiting : Level
        Units in use and requests in the queue, over time.
    """

    def __init__(self, env: Environment, capacity: int):
        self.env = env
        self.capacity = capacity
        self.free = capacity
        self.busy = Level()
        self.waiting = Level()
        self._queue: list[tuple[int, int, Event]] = []
        self._requests = 0

    def request(self, priority: int) -> Event:
        """Ask for a unit; the event happens when it is granted and carries the unit."""
        granted = self.env.event()
        if self.free:
            self.free -= 1
            self._grant(granted, None)
        else:
            self._requests += 1
            heappush(self._queue, (priority, self._requests, granted))
            self.waiting.add(1, self.env.now)
        return granted

    def release(self, unit: object = None) -> None:
        """Give a unit back."""
        self.busy.add(-1, self.env.now)
        if not self._serve(unit):
            self.free += 1

    def _grant(self, granted: Event, unit: object) -> None:
        self.busy.add(1, self.env.now)
        granted.succeed(unit)

    def _serve(self, unit: object) -> bool:
        """Give a unit to the head of the queue, if there is one."""
        if not self._queue:
            return False
        self.waiting.add(-1, self.env.now)
        self._grant(heappop(self._queue)[2], unit)
        return True


class Node:
    """A rented node; `idle_spell` counts how often it fell idle."""

    def __init__(self) -> None:
        self.idle_spell = 0


class ElasticPool(Pool):
    """Owned nodes, and rented ones beside them when the owned ones do not suffice.

    A request takes an owned node, else the rented node that fell idle last, else it queues; a
    node is rented as long as fewer are on their way than requests wait and the cap allows. A
    rented node that stays idle for the time-out is given up.

    Parameters
    ----------
    env : Environment
        Clock.
    owned : int
        Nodes that are always there.
    cap : int
        Most nodes rented at a time.
    provisioning_delay : float
        Days until a rented node is ready.
    idle_timeout : float
        Days that a rented node may stay idle.
    note : callable, optional
        Told ``"schedule"`` when a node is ordered, ``"start"`` when it is ready and
        ``"complete"`` when it is given up.

    Attributes
    ----------
    rented : Level
        Nodes paid for by use, from the order to the end, over time.
    """

    def __init__(
        self,
        env: Environment,
        owned: int,
        cap: int,
        provisioning_delay: float,
        idle_timeout: float,
        note: Callable[[str], None] = lambda transition: None,
    ):
        super().__init__(env, owned)
        self.cap = cap
        self.provisioning_delay = provisioning_delay
        self.idle_timeout = idle_timeout
        self.note = note
        self.rented = Level()
        self._coming = 0
        self._idle: list[Node] = []

    def request(self, priority: int) -> Event:
        """Ask for a node; the event carries the rented node, or None for an owned one."""
        if not self.free and self._idle:
            granted = self.env.event()
            self._grant(granted, self._idle.pop())
            return granted
        granted = super().request(priority)
        if self._coming < len(self._queue) and self.rented.value < self.cap:
            self.env.process(self._rent())
        return granted

    def release(self, unit: Node | None = None) -> None:
        """Give a node back; a rented one serves the queue or falls idle."""
        if unit is None:
            super().release()
        else:
            self.busy.add(-1, self.env.now)
            self._ready(unit)

    def _rent(self) -> Iterator[Event]:
        self.rented.add(1, self.env.now)
        self._coming += 1
        self.note("schedule")
        yield self.env.timeout(self.provisioning_delay)
        self._coming -= 1
        self.note("start")
        self._ready(Node())

    def _ready(self, node: Node) -> None:
        if not self._serve(node):
            node.idle_spell += 1
            self._idle.append(node)
            self.env.process(self._expire(node, node.idle_spell))

    def _expire(self, node: Node, idle_spell: int) -> Iterator[Event]:
        yield self.env.timeout(self.idle_timeout)
        if node in self._idle and node.idle_spell == idle_spell:
            self._idle.remove(node)
            self.rented.add(-1, self.env.now)
            self.note("complete")
