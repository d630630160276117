"""Running measures: levels over time, durations of which some are still open, and ratios."""

from __future__ import annotations

from math import fsum, nan


class ClockError(RuntimeError):
    """A measure was told a time before the last one."""


class Level:
    """A number that changes over time, and the area under it since the last reset.

    Parameters
    ----------
    value : float
        Value at the start.
    """

    __slots__ = ("area", "last", "value")

    def __init__(self, value: float = 0):
        self.value = value
        self.area = 0.0
        self.last = 0.0

    def add(self, change: float, now: float) -> None:
        """Change the value at a time; time may not run backwards."""
        if now < self.last:
            raise ClockError(f"time ran back from {self.last} to {now}")
        self.area += self.value * (now - self.last)
        self.last = now
        self.value += change

    def reset(self, now: float) -> None:
        """Forget the area, keep the value."""
        self.add(0, now)
        self.area = 0.0


class Durations:
    """Durations of things that began after the last reset, finished or still open.

    Statistics are those of the Kaplan-Meier curve (Kaplan and Meier, 1958), so that what is
    still open at the end counts for as long as it has lasted. With nothing open they are the
    ordinary mean and the ordinary quantiles.
    """

    def __init__(self) -> None:
        self._begun: dict[int, float] = {}
        self._finished: list[float] = []
        self._cut: list[float] = []

    def begin(self, key: int, now: float) -> None:
        """Something begins."""
        self._begun[key] = now

    def finish(self, key: int, now: float) -> None:
        """It ends; one that began before the last reset is not counted."""
        if key in self._begun:
            self._finished.append(now - self._begun.pop(key))

    def cut(self, key: int, now: float) -> None:
        """It is overtaken by something else: it lasted at least until now."""
        if key in self._begun:
            self._cut.append(now - self._begun.pop(key))

    def reset(self) -> None:
        """Forget everything that has begun."""
        self.__init__()

    @property
    def open(self) -> int:
        """Number of those that have begun and not ended."""
        return len(self._begun)

    def curve(self, now: float) -> list[tuple[float, float]]:
        """Share that lasts longer than each duration, in rising order of durations.

        Returns
        -------
        list of tuple
            Duration in days and share; ends at the longest duration, finished or not.
        """
        ends = [(d, 0) for d in self._finished]
        ends += [(d, 1) for d in self._cut]
        ends += [(now - begun, 1) for begun in self._begun.values()]
        ends.sort()
        share, steps = 1.0, []
        for rank, (duration, still_open) in enumerate(ends):
            if not still_open:
                share *= 1 - 1 / (len(ends) - rank)
            steps.append((duration, share))
        return steps

    def mean(self, now: float) -> float:
        """Area under the curve up to the longest duration, in days; nan if nothing began."""
        steps = self.curve(now)
        if not steps:
            return nan
        pieces, last, share = [], 0.0, 1.0
        for duration, below in steps:
            pieces.append(share * (duration - last))
            last, share = duration, below
        return fsum(pieces)

    def quantile(self, level: float, now: float) -> float:
        """Shortest duration that at most ``1 - level`` exceed, in days; nan if never reached.

        The share is a product of rounded factors, hence the 1e-9.
        """
        return next((d for d, s in self.curve(now) if s <= 1 - level + 1e-9), nan)


def ratio(part: float, whole: float) -> float:
    """Part over whole; nan if the whole is 0."""
    return part / whole if whole else nan
