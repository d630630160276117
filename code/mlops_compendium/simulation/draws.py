"""Addressed random numbers: the same address gives the same number, in any order of events.

A draw has the address (seed, replication, activity, entity, attempt). The generator is
Philox 4x64-10 (Salmon et al., 2011), keyed with (seed, replication) and counting
(hash of the activity, entity, attempt, 0); the first word of the block is the draw.
"""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from math import exp, log, log1p, sqrt
from statistics import NormalDist

MASK = (1 << 64) - 1
MULTIPLIERS = (0xD2E7470EE14C6C93, 0xCA5A826395121157)
WEYL = (0x9E3779B97F4A7C15, 0xBB67AE8584CAA73B)
ROUNDS = 10

inverse_normal = NormalDist().inv_cdf


@cache
def activity_hash(name: str) -> int:
    """First eight bytes of the SHA-256 of an activity's name, as a little-endian integer."""
    return int.from_bytes(sha256(name.encode()).digest()[:8], "little")


def round_keys(key: tuple[int, int]) -> tuple[tuple[int, int], ...]:
    """Keys of the ten rounds.

    Parameters
    ----------
    key : tuple of int
        Two words of 64 bits.
    """
    return tuple(
        tuple((word + r * step) & MASK for word, step in zip(key, WEYL, strict=True))
        for r in range(ROUNDS)
    )


def philox(
    counter: tuple[int, int, int, int], keys: tuple[tuple[int, int], ...]
) -> tuple[int, int, int, int]:
    """One block of Philox 4x64-10.

    Parameters
    ----------
    counter : tuple of int
        Four words of 64 bits.
    keys : tuple
        As `round_keys` returns them.

    Returns
    -------
    tuple of int
        Four words of 64 bits.
    """
    a, b, c, d = counter
    m, n = MULTIPLIERS
    for k, l in keys:  # noqa: E741
        x = m * a
        y = n * c
        a, b, c, d = (y >> 64) ^ b ^ k, y & MASK, (x >> 64) ^ d ^ l, x & MASK
    return a, b, c, d


class Draws:
    """Random numbers of one replication.

    Parameters
    ----------
    seed : int
        Root seed of the experiment, 0 to 2**64 - 1.
    replication : int
        Number of the replication, 0 to 2**64 - 1.

    Raises
    ------
    ValueError
        If one of them is not such a number.
    """

    def __init__(self, seed: int, replication: int):
        for name, value in (("seed", seed), ("replication", replication)):
            if not (isinstance(value, int) and 0 <= value <= MASK):
                raise ValueError(f"{name}: {value!r} is not allowed; use an integer from 0 up")
        self._keys = round_keys((seed, replication))

    def uniform(self, activity: str, entity: int, attempt: int = 0) -> float:
        """The draw at one address, uniform on the open interval from 0 to 1.

        The 52 leading bits of the word, plus one half, divided by 2**52: neither 0 nor 1 can come.

        Parameters
        ----------
        activity : str
            What is drawn, for example ``"preparation"``.
        entity : int
            Who it is drawn for: a change or a model.
        attempt : int
            The how-manieth time, from 0.
        """
        word = philox((activity_hash(activity), entity, attempt, 0), self._keys)[0]
        return ((word >> 12) + 0.5) * 2.0**-52


def exponential(mean: float):
    """Inverse of the exponential distribution function with this mean."""
    return lambda u: -mean * log1p(-u)


def lognormal(mean: float, cv: float):
    """Inverse of the log-normal distribution function.

    Parameters
    ----------
    mean : float
        Mean of the duration, above 0.
    cv : float
        Coefficient of variation: standard deviation over mean, above 0.
    """
    variance = log1p(cv * cv)
    mu, sigma = log(mean) - variance / 2, sqrt(variance)
    return lambda u: exp(mu + sigma * inverse_normal(u))


def constant(mean: float):
    """Inverse of the distribution function of a constant."""
    return lambda u: mean


def sampler(mean: float, cv: float, law: str = "lognormal"):
    """Function that turns a uniform draw into a duration.

    Parameters
    ----------
    mean : float
        Mean duration; 0 gives 0 always.
    cv : float
        Coefficient of variation; 0 gives a constant. The exponential law has 1 whatever is said.
    law : {"lognormal", "exponential"}
        Law of the duration.
    """
    if mean == 0 or cv == 0:
        return constant(mean)
    return exponential(mean) if law == "exponential" else lognormal(mean, cv)


def geometric(probability: float):
    """Inverse of the distribution function of the failures before the first success."""
    if probability == 1:
        return lambda u: 0
    scale = log1p(-probability)
    return lambda u: int(log(u) / scale)
