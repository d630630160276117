"""A yardstick: the smallest SimPy model with queues in tandem and feedback."""

from __future__ import annotations

import random
from collections.abc import Iterator

from simpy import Environment, Event, Resource


def tandem(customers: int, seed: int = 1) -> int:
    """Run customers through M/M/3 and M/M/2; one in five goes round again.

    Parameters
    ----------
    customers : int
        How many arrive.
    seed : int
        Seed of the generator.

    Returns
    -------
    int
        Events that SimPy scheduled.
    """
    env = Environment()
    draw = random.Random(seed)
    first, second = Resource(env, 3), Resource(env, 2)

    def customer() -> Iterator[Event]:
        again = True
        while again:
            for station, rate in ((first, 1.0), (second, 1.5)):
                with station.request() as request:
                    yield request
                    yield env.timeout(draw.expovariate(rate))
            again = draw.random() < 0.2

    def arrivals() -> Iterator[Event]:
        for _ in range(customers):
            yield env.timeout(draw.expovariate(1.6))
            env.process(customer())

    env.process(arrivals())
    env.run()
    return next(env._eid)
