"""Many replications: the same bytes on one core or two, in any order, in any process."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from mlops_compendium.simulation import experiment
from mlops_compendium.simulation.experiment import COLUMNS, replicate
from mlops_compendium.simulation.kpis import KPIS, IdentityError
from mlops_compendium.simulation.model import Run, simulate
from organisations import A, B, C, same

SCENARIOS = {"A": A, "B": B, "C": C}
RUN = Run(measured=120.0, warm_up=30.0, seed=5)
COUNT = 4  # of each scenario, so that the chunks of tasks cross scenarios and the last is short


def as_bytes(frame) -> bytes:
    """CSV in which every float is written with all its digits."""
    return frame.to_csv(index=False, lineterminator="\n").encode()


@pytest.fixture(scope="module")
def sequential():
    return replicate(SCENARIOS, RUN, COUNT)


def test_one_row_for_each_scenario_and_replication_in_order(sequential):
    assert list(sequential.columns) == COLUMNS
    assert ["scenario", "replication", *(kpi.name for kpi in KPIS)] == COLUMNS
    expected = [(name, number) for name in "ABC" for number in range(COUNT)]
    assert list(zip(sequential["scenario"], sequential["replication"], strict=True)) == expected


def test_every_row_is_what_one_replication_gives(sequential):
    for row in sequential.to_dict("records"):
        name, number = row.pop("scenario"), row.pop("replication")
        assert same(row, simulate(SCENARIOS[name], RUN, number)), (name, number)
    assert sequential["lead_time_mean"].nunique() == len(sequential)


def test_two_processes_give_the_same_bytes(sequential, monkeypatch):
    """The work is done elsewhere: here, the engine is out of order."""

    def out_of_order(*arguments):
        raise AssertionError("simulated in this process")

    monkeypatch.setattr(experiment, "simulate", out_of_order)
    assert as_bytes(replicate(SCENARIOS, RUN, COUNT, jobs=2)) == as_bytes(sequential)
    with pytest.raises(AssertionError, match="simulated in this process"):
        replicate(SCENARIOS, RUN, COUNT, jobs=1)


def test_the_order_of_replications_does_not_matter(sequential):
    numbers = list(range(COUNT))
    random.Random(3).shuffle(numbers)
    assert numbers != sorted(numbers)
    assert as_bytes(replicate(SCENARIOS, RUN, numbers)) == as_bytes(sequential)
    later = replicate(SCENARIOS, RUN, iter([3, 1]))
    expected = sequential[sequential["replication"].isin([1, 3])].reset_index(drop=True)
    assert as_bytes(later) == as_bytes(expected)


SCRIPT = """
import sys
from organisations import A, B, C
from mlops_compendium.simulation.experiment import replicate
from mlops_compendium.simulation.model import Run

run = Run(measured=120.0, warm_up=30.0, seed=5)
frame = replicate({"A": A, "B": B, "C": C}, run, 4)
sys.stdout.buffer.write(frame.to_csv(index=False, lineterminator="\\n").encode())
"""


@pytest.mark.parametrize("hash_seed", ["1", "4294967295"])
def test_a_fresh_process_gives_the_same_bytes(sequential, hash_seed):
    here = str(Path(__file__).parent)
    code = str(Path(experiment.__file__).parents[2])
    env = os.environ | {
        "PYTHONHASHSEED": hash_seed,
        "PYTHONPATH": os.pathsep.join([here, code]),
    }
    done = subprocess.run([sys.executable, "-c", SCRIPT], env=env, capture_output=True, check=True)
    assert done.stdout == as_bytes(sequential)


def test_a_single_organisation_needs_no_name():
    frame = replicate(A, RUN, 2)
    assert list(frame["scenario"]) == ["", ""]
    assert same(frame.iloc[1, 2:].to_dict(), simulate(A, RUN, 1))


@pytest.mark.parametrize(
    "scenarios, replications", [({}, 1), ({"A": A}, 0), ({"A": A}, []), ({"A": A}, [1, 2, 1])]
)
def test_nothing_and_the_same_twice_are_refused(scenarios, replications):
    with pytest.raises(ValueError, match="at least one of each is needed, each replication once"):
        replicate(scenarios, RUN, replications)


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_error_names_scenario_replication_and_seed(jobs):
    with pytest.raises(ValueError, match="replication: -1 is not allowed") as caught:
        replicate({"A": A, "B": B}, RUN, [0, -1], jobs=jobs)
    assert caught.value.__notes__ == ["scenario 'A', replication -1, seed 5"]


def test_a_breach_of_bookkeeping_is_raised_and_named(monkeypatch):
    def breach(lifecycle):
        raise IdentityError("lost a change")

    monkeypatch.setattr("mlops_compendium.simulation.kpis.check_identities", breach)
    with pytest.raises(IdentityError, match="lost a change") as caught:
        replicate({"B": B}, RUN, [7])
    assert caught.value.__notes__ == ["scenario 'B', replication 7, seed 5"]


@pytest.mark.parametrize("jobs", [1, 2])
def test_progress_goes_to_standard_error_if_that_is_a_terminal(jobs, capfd, monkeypatch):
    replicate({"A": A}, RUN, 6, jobs=jobs, progress=True)
    assert capfd.readouterr() == ("", "")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    replicate({"A": A}, RUN, 6, jobs=jobs, progress=True)
    out, err = capfd.readouterr()
    assert out == "" and "0/6" in err and "replication" in err


def test_no_progress_unless_asked_for(capfd):
    replicate({"A": A}, RUN, 2)
    assert capfd.readouterr() == ("", "")
