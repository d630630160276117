"""What is read from a log agrees with the indicators of the same replication."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from mlops_compendium.simulation import traces
from mlops_compendium.simulation.inputs import inputs
from mlops_compendium.simulation.model import ROUTE, Run, simulate

RUN = Run(measured=400, warm_up=100, seed=11)


@pytest.fixture(scope="module", params=["A", "C"])
def traced(request):
    parameters = inputs().organisations[request.param]
    return parameters, traces.trace(parameters, RUN, 2), simulate(parameters, RUN, 2)


def test_levels_over_time_average_to_the_indicators(traced):
    parameters, log, kpis = traced
    after = slice(int(RUN.warm_up), None)
    skill = traces.skill(log, parameters, RUN)[after].mean()
    progress = traces.in_progress(log, RUN)[after].mean()
    busy = traces.busy(log, "data_scientists", RUN)[after].mean()
    assert skill == pytest.approx(kpis["skill"], rel=1e-9)
    assert progress == pytest.approx(kpis["in_progress_mean"], rel=1e-9)
    assert busy / parameters.data_scientists == pytest.approx(
        kpis["utilisation_data_scientists"], rel=1e-9
    )


def test_the_way_of_a_change_is_unbroken(traced):
    _, log, _ = traced
    done = [event.case for event in log if event.activity == "live"]
    for case in done[:20]:
        way = traces.spans(log, case)
        times = {e.activity: e.time for e in log if e.case == case}
        assert way[0].start == times["request"] and way[-1].end == times["live"]
        assert all(a.end == b.start for a, b in itertools.pairwise(way))
        assert {span.stage for span in way} <= set(ROUTE)
        assert traces.days(way) == pytest.approx(times["live"] - times["request"])
        assert 0 <= traces.waiting_percent(way) <= 100
        assert traces.rounds(way) == 1 + sum(
            e.case == case and e.outcome in ("rejected", "restored") for e in log
        )


def test_waiting_is_what_nobody_works_on(traced):
    """Time worked in preparation is that between start and complete in the log."""
    _, log, _ = traced
    case = next(event.case for event in log if event.activity == "live")
    own = [e for e in log if e.case == case and e.activity == "preparation" and e.resource]
    worked = sum(e.time * {"start": -1, "complete": 1}.get(e.transition, 0) for e in own)
    spans = traces.spans(log, case)
    assert worked == pytest.approx(
        sum(s.end - s.start for s in spans if s.stage == "preparation" and not s.waiting)
    )


def test_a_change_that_is_not_there_has_no_way(traced):
    _, log, _ = traced
    assert traces.spans(log, "feature-999999") == []
    with pytest.raises(ValueError, match="no such change"):
        traces.waiting_percent([])


def test_daily_means_of_steps():
    run = Run(measured=3, warm_up=0)
    assert traces.daily([(0.5, 2), (2.25, -1)], run) == pytest.approx([1, 2, 1.25])
    assert traces.smoothed(np.ones(50)) == pytest.approx(np.ones(50))
