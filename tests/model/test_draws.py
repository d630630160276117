"""Addressed random numbers: the published generator, in any order, uniform and independent."""

from __future__ import annotations

import random
import re
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from mlops_compendium.simulation import draws
from mlops_compendium.simulation import model as model_module
from mlops_compendium.simulation.draws import (
    MASK,
    Draws,
    activity_hash,
    exponential,
    geometric,
    lognormal,
    philox,
    round_keys,
    sampler,
)
from mlops_compendium.simulation.model import Lifecycle, simulate
from organisations import ORGANISATIONS, SHORT, A, same

WORDS = (0, 1, 2, MASK - 1, MASK, 1 << 63, (1 << 32) - 1, 1 << 32)
ACTIVITIES = sorted(
    set(re.findall(r'draw\("([a-z-]+)"', Path(model_module.__file__).read_text(encoding="utf-8")))
    | {"preparation", "tuning", "validation", "deployment"}
)


def numpy_block(counter, key) -> tuple[int, ...]:
    """Block at a counter; numpy counts up by one, with carry, before it generates."""
    before = (sum(word << 64 * place for place, word in enumerate(counter)) - 1) % (1 << 256)
    generator = np.random.Philox(key=np.array(key, dtype=np.uint64))
    state = generator.state
    words = [(before >> 64 * place) & MASK for place in range(4)]
    state["state"]["counter"] = np.array(words, dtype=np.uint64)
    generator.state = state
    return tuple(int(word) for word in generator.random_raw(4))


def random_words(count: int) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    words = random.Random(4)
    return [
        (
            tuple(words.getrandbits(64) for _ in range(4)),
            tuple(words.getrandbits(64) for _ in range(2)),
        )
        for _ in range(count)
    ]


def extreme_words(count: int) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    words = random.Random(5)
    return [(tuple(words.choices(WORDS, k=4)), tuple(words.choices(WORDS, k=2)))
            for _ in range(count)]  # fmt: skip


# The generator


@pytest.mark.parametrize("cases", [random_words(500), extreme_words(500)], ids=("any", "extreme"))
def test_philox_is_numpys_bit_for_bit(cases):
    for counter, key in cases:
        assert philox(counter, round_keys(key)) == numpy_block(counter, key), (counter, key)


def test_philox_keeps_the_known_answers_of_its_authors():
    zero = philox((0, 0, 0, 0), round_keys((0, 0)))
    ones = philox((MASK,) * 4, round_keys((MASK, MASK)))
    assert [f"{word:016x}" for word in zero] == [
        "16554d9eca36314c", "db20fe9d672d0fdc", "d7e772cee186176b", "7e68b68aec7ba23b",
    ]  # fmt: skip
    assert [f"{word:016x}" for word in ones] == [
        "87b092c3013fe90b", "438c3c67be8d0224", "9cc7d7c69cd777b6", "a09caebf594f0ba0",
    ]  # fmt: skip


def test_uniform_is_the_first_word_of_the_block_at_its_address():
    for seed, replication, activity, entity, attempt in (
        (0, 0, "preparation", 0, 0),
        (20261123, 7, "run-failure", (3 << 32) + 5, 11),
        (MASK, MASK, "drift", MASK, MASK),
    ):
        name = int.from_bytes(sha256(activity.encode()).digest()[:8], "little")
        word = numpy_block((name, entity, attempt, 0), (seed, replication))[0]
        bits = f"{word:064b}"[:52]
        expected = (int(bits, 2) + 0.5) / 2**52
        assert Draws(seed, replication).uniform(activity, entity, attempt) == expected


def test_uniform_never_reaches_its_ends(monkeypatch):
    for word in (0, MASK):
        monkeypatch.setattr(draws, "philox", lambda counter, keys, word=word: (word,) * 4)
        assert 0 < Draws(1, 1).uniform("x", 0) < 1


# Addresses


def test_activity_hashes_are_what_they_always_were():
    assert activity_hash("preparation") == 0x548C9F4F75046F1D
    assert activity_hash("run-failure") == 0xC9107BA4A4764608


def test_the_search_for_activities_finds_those_that_are_drawn(monkeypatch):
    drawn = set()
    uniform = Draws.uniform

    def spy(self, activity, entity, attempt=0):
        drawn.add(activity)
        return uniform(self, activity, entity, attempt)

    monkeypatch.setattr(Draws, "uniform", spy)
    simulate(A, SHORT)
    assert drawn == set(ACTIVITIES)


def test_no_two_activities_collide():
    assert len({activity_hash(name) for name in ACTIVITIES}) == len(ACTIVITIES) >= 18


def test_every_address_is_drawn_for_one_thing_only(monkeypatch):
    """An address comes again only for the latent defect, which two stages look at."""
    seen = []
    uniform = Draws.uniform

    def spy(self, *address):
        seen.append(address)
        return uniform(self, *address)

    monkeypatch.setattr(Draws, "uniform", spy)
    for parameters in ORGANISATIONS.values():
        seen.clear()
        simulate(parameters, SHORT)
        others = [address for address in seen if address[0] != "defect"]
        assert len(set(others)) == len(others) > 100


def test_an_address_gives_the_same_number_in_any_order():
    addresses = [(a, e, k) for a in ACTIVITIES for e in (0, 1, 1 << 33) for k in (0, 1, 2)]
    shuffled = random.Random(6).sample(addresses, len(addresses))
    one, two = Draws(3, 4), Draws(3, 4)
    forwards = {address: one.uniform(*address) for address in addresses}
    assert forwards == {address: two.uniform(*address) for address in shuffled}
    assert len(set(forwards.values())) == len(addresses)


def test_another_activity_leaves_all_other_draws_as_they_were(monkeypatch):
    expected = simulate(A, SHORT)
    preparation = Lifecycle.preparation

    def longer(self, change):
        self.draw("coffee", change.entity, change.round)
        return preparation(self, change)

    monkeypatch.setattr(Lifecycle, "preparation", longer)
    assert same(simulate(A, SHORT), expected)


def test_a_renamed_activity_changes_its_own_draws_and_no_others(monkeypatch):
    uniform = Draws.uniform
    before, after = {}, {}

    def record(into, rename):
        def spy(self, activity, entity, attempt=0):
            name = rename.get(activity, activity)
            into[activity, entity, attempt] = drawn = uniform(self, name, entity, attempt)
            return drawn

        return spy

    for into, rename in ((before, {}), (after, {"slip": "slip-of-the-hand"})):
        monkeypatch.setattr(Draws, "uniform", record(into, rename))
        simulate(A, SHORT)
    both = before.keys() & after.keys()
    assert len(both) > 500
    for address in both:
        assert (before[address] == after[address]) == (address[0] != "slip"), address


def test_seed_and_replication_both_move_every_draw():
    drawn = {(s, r): Draws(s, r).uniform("access", 3) for s in (0, 1, MASK) for r in (0, 1, MASK)}
    assert len(set(drawn.values())) == len(drawn)


def test_replication_zero_is_one_like_any_other():
    """Its draws are as uniform as those of the others, and as far from theirs."""
    rows = np.array([[Draws(9, r).uniform("access", e) for e in range(2000)] for r in range(4)])
    for row in rows:
        assert stats.kstest(row, "uniform").pvalue > 1e-4
    off_diagonal = np.corrcoef(rows)[np.triu_indices(4, 1)]
    assert np.abs(off_diagonal).max() < 4.5 / 2000**0.5


@pytest.mark.parametrize("value", [-1, MASK + 1, 1.0, "1", None])
@pytest.mark.parametrize("name", ["seed", "replication"])
def test_a_bad_seed_or_replication_is_refused_by_name(name, value):
    arguments = {"seed": 1, "replication": 1} | {name: value}
    with pytest.raises(ValueError, match=rf"^{name}: {re.escape(repr(value))} is not allowed"):
        Draws(**arguments)


# Neighbours. Bounds are 4.5 standard errors: a false alarm in 150,000 tests, and the draws are
# fixed, so that a green test stays green.

COUNT = 20_000
NEIGHBOURS = {
    "seed": lambda n: Draws(n, 0).uniform("slip", 5, 0),
    "replication": lambda n: Draws(1, n).uniform("slip", 5, 0),
    "activity": lambda n: Draws(1, 0).uniform(f"slip{n}", 5, 0),
    "entity": lambda n: Draws(1, 0).uniform("slip", n, 0),
    "attempt": lambda n: Draws(1, 0).uniform("slip", 5, n),
    "retraining": lambda n: Draws(1, 0).uniform("slip", ((n % 20 + 1) << 32) + n // 20, 0),
}


@pytest.fixture(scope="module", params=NEIGHBOURS)
def neighbours(request):
    return np.array([NEIGHBOURS[request.param](n) for n in range(COUNT)])


def check_uniformity(drawn: np.ndarray) -> None:
    assert stats.kstest(drawn, "uniform").pvalue > 1e-4
    counts = np.histogram(drawn, bins=100, range=(0, 1))[0]
    assert 1e-4 < stats.chisquare(counts).pvalue < 1 - 1e-4


def check_independence(drawn: np.ndarray) -> None:
    bound = 4.5 / COUNT**0.5
    for lag in (1, 2, 3, 20):
        first, second = drawn[:-lag], drawn[lag:]
        assert abs(np.corrcoef(first, second)[0, 1]) < bound, lag
        assert abs(np.corrcoef((first - 0.5) ** 2, (second - 0.5) ** 2)[0, 1]) < bound, lag
    pairs = np.histogram2d(drawn[::2], drawn[1::2], bins=10, range=[[0, 1]] * 2)[0]
    assert 1e-4 < stats.chisquare(pairs.ravel()).pvalue < 1 - 1e-4


def test_neighbours_are_uniform(neighbours):
    check_uniformity(neighbours)


def test_neighbours_are_independent(neighbours):
    check_independence(neighbours)


def test_the_tests_of_neighbours_notice_a_poor_generator():
    """A bare counter over the unit interval passes neither test."""
    poor = (np.arange(COUNT) * 0.001) % 1
    with pytest.raises(AssertionError):
        check_independence(poor)
    with pytest.raises(AssertionError):
        check_uniformity(poor**2)


# Samplers

GRID = np.linspace(0.001, 0.999, 999)


@pytest.mark.parametrize("mean, cv", [(3.1, 2.5), (5.0, 0.8), (0.05, 0.3)])
def test_lognormal_is_scipys(mean, cv):
    sigma = np.log1p(cv**2) ** 0.5
    law = stats.lognorm(s=sigma, scale=mean / (1 + cv**2) ** 0.5)
    assert law.mean() == pytest.approx(mean) and law.std() / law.mean() == pytest.approx(cv)
    for draw in (lognormal(mean, cv), sampler(mean, cv), sampler(mean, cv, "lognormal")):
        np.testing.assert_allclose([draw(u) for u in GRID], law.ppf(GRID), rtol=1e-9)


@pytest.mark.parametrize("mean", [0.05, 1.0, 14.6])
def test_exponential_is_scipys_whatever_the_coefficient_of_variation(mean):
    law = stats.expon(scale=mean)
    for draw in (
        exponential(mean),
        sampler(mean, 1, "exponential"),
        sampler(mean, 3, "exponential"),
    ):
        np.testing.assert_allclose([draw(u) for u in GRID], law.ppf(GRID), rtol=1e-12)


@pytest.mark.parametrize("law", ["lognormal", "exponential"])
@pytest.mark.parametrize("mean, cv", [(0.0, 0.8), (0.0, 0.0), (4.2, 0.0)])
def test_no_time_and_no_variation_are_constants(mean, cv, law):
    assert {sampler(mean, cv, law)(u) for u in (1e-16, 0.5, 1 - 1e-16)} == {mean}


@pytest.mark.parametrize(
    "mean, cv, law", [(3.1, 2.5, "lognormal"), (5.0, 0.8, "lognormal"), (7.0, 1.0, "exponential")]
)
def test_mean_and_variation_come_out_by_quadrature(mean, cv, law):
    """Integrals over the unit interval in the normal score, where the tails are tame."""
    draw = sampler(mean, cv, law)
    score = np.linspace(-8, 8, 4001)
    weight = stats.norm.pdf(score) * (score[1] - score[0])
    drawn = np.array([draw(u) for u in stats.norm.cdf(score)])
    first, second = weight @ drawn, weight @ drawn**2
    assert first == pytest.approx(mean, rel=1e-6)
    assert (second - first**2) ** 0.5 / first == pytest.approx(cv, rel=1e-3)


@pytest.mark.parametrize("probability", [0.05, 0.6, 0.9])
def test_geometric_counts_the_failures_before_the_first_success(probability):
    law = stats.geom(probability, loc=-1)
    misses = geometric(probability)
    uniforms = (np.arange(100_000) + 0.5) / 100_000
    counted = np.bincount([misses(u) for u in uniforms])
    expected = law.pmf(np.arange(len(counted))) * 100_000
    assert np.abs(counted - expected).max() <= 1
    for k in range(5):
        edge = (1 - probability) ** (k + 1)
        assert (misses(edge * (1 + 1e-9)), misses(edge * (1 - 1e-9))) == (k, k + 1)


def test_certain_success_has_no_failures():
    assert {geometric(1)(u) for u in (1e-16, 0.5, 1 - 1e-16)} == {0}
