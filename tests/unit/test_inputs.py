"""The simulation's data files load, rest on the graded numbers, and refuse every wrong cell."""

from __future__ import annotations

import shutil

import pytest

from conftest import ROOT
from mlops_compendium.load import DataError
from mlops_compendium.simulation import calibration
from mlops_compendium.simulation import inputs as module
from mlops_compendium.simulation.inputs import inputs, recalibrated
from mlops_compendium.simulation.parameters import LEVERS


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("inputs")
    shutil.copytree(ROOT / "data", folder / "data")
    return folder


WRONG = [
    # file, what stands there, what is put there instead, parts of the message
    ("parameters.csv", ",10.0,2,30,days,", ",soon,2,30,days,",
     ("parameters.csv, row 10", "'value'", "'soon'", "a number of days")),
    ("parameters.csv", ",10.0,2,30,days,", ",-1,2,30,days,", ("row 10", "'-1'", "0 or more")),
    ("parameters.csv", ",10.0,2,30,days,", ",31,2,30,days,", ("row 10", "plausible range")),
    ("parameters.csv", ",10.0,2,30,days,", ",10.0,,30,days,", ("row 10", "plausible range")),
    ("parameters.csv", ",5,4,10,persons", ",5.5,4,10,persons", ("row 4", "'5.5'", "whole number")),
    ("parameters.csv", ",lognormal,,,law,assumed", ",normal,,,law,assumed",
     ("'normal'", "one of lognormal, exponential")),
    ("parameters.csv", "anaconda2020.data_preparation,derived", "anaconda2020.nothing,derived",
     ("record preparation_effort", "'sources'", "'anaconda2020.nothing'", "numbers.csv")),
    ("parameters.csv", "anaconda2020.data_preparation,derived", "assumed,derived",
     ("row 11", "assumed")),
    ("parameters.csv", "access_delay,delays", "acces_delay,delays", ("row 10", "'acces_delay'")),
    ("parameters.csv", "rework_share,effort", "access_delay,effort", ("stands 2 times",)),
    ("levers.csv", "cicd,validation_effort,2.31,", "cicd,validation_effort,2.3,",
     ("record cicd.validation_effort", "'at_zero'", "2.3 person-days", "says 2.31")),
    ("levers.csv", "validation_effort,2.31,0.3,", "validation_effort,2.31,1.3,",
     ("row 2", "at_one 1.3", "plausible range")),
    ("levers.csv", "linear,0.1,1,person-days", "cubic,0.1,1,person-days", ("row 2", "'cubic'")),
    ("levers.csv", "cicd.release_interval,cicd,release_interval,14.0,0.0,linear",
     "cicd.release_interval,cicd,release_interval,14.0,0.0,geometric", ("above 0",)),
    ("levers.csv", "cloud.owned_nodes,cloud,owned_nodes", "cloud.nodes,cloud,owned_nodes",
     ("id must be 'cloud.owned_nodes'",)),
    ("levers.csv", "cloud.cloud_nodes,cloud,cloud_nodes,0,16,",
     "cloud.owned_nodes,cloud,owned_nodes,0,16,", ("stands 2 times",)),
    ("scenarios.yaml", "cicd: 1, automation: 0.5", "cicd: 1, automation: 1.5",
     ("scenarios.yaml, row 2", "less than or equal to 1")),
    ("scenarios.yaml", "cicd: 1, automation: 0.5, cloud: 0,", "cicd: 1, automation: 0.5,",
     ("row 2", "levels of cloud are missing")),
    ("bands.csv", "A,lead_time_mean,dora2019", "D,lead_time_mean,dora2019",
     ("bands.csv, record A.lead_time_mean", "'scenario'", "'D' is unknown")),
    ("bands.csv", "dora2019.low.lead_time,0,no", "dora2019.low.lead,0,no", ("'number'", "unknown")),
    ("bands.csv", "dora2019.low.cfr,0,yes", "dora2019.low.cfr,0,no",
     ("record A.change_failure_rate", "'anchored'", "no is not allowed", "say yes")),
    ("bands.csv", "dora2019.low.lead_time,0,no", "dora2019.low.lead_time,0,yes",
     ("record A.lead_time_mean", "'anchored'", "say no")),
]  # fmt: skip


def test_the_projects_inputs_load():
    given = inputs()
    assert set(given.organisations) >= {"A", "B", "C"}
    assert given.organisations["A"] == given.base
    assert {row.lever for row in given.levers} == set(LEVERS)


@pytest.mark.parametrize(("file", "old", "new", "parts"), WRONG)
def test_a_wrong_cell_is_refused_by_name(project, file, old, new, parts):
    path = project / "data" / "simulation" / file
    original = path.read_text(encoding="utf-8")
    assert old in original, f"{old!r} is not in {file}"
    path.write_text(original.replace(old, new, 1), encoding="utf-8")
    try:
        with pytest.raises(DataError) as error:
            module.load(project)
    finally:
        path.write_text(original, encoding="utf-8")
    assert all(part in str(error.value) for part in parts), str(error.value)


def test_a_missing_parameter_is_named(project):
    path = project / "data" / "simulation" / "parameters.csv"
    original = path.read_text(encoding="utf-8")
    kept = [line for line in original.splitlines() if not line.startswith("drift_rate,")]
    path.write_text("\n".join(kept) + "\n", encoding="utf-8")
    try:
        with pytest.raises(DataError, match="missing are drift_rate"):
            module.load(project)
    finally:
        path.write_text(original, encoding="utf-8")


def test_the_scenarios_set_what_the_paper_names():
    """A practice that the outline gives to a scenario stands above A's level there."""
    levels = {row.id: row.levels for row in inputs().scenarios}
    assert set(levels["A"].values()) == {0}
    assert levels["B"]["cicd"] == 1
    assert 0 < levels["B"]["automation"] < 1
    assert [levels["C"][lever] for lever in ("automation", "cloud", "monitoring")] == [1, 1, 1]
    assert all(levels[name]["collaboration"] == 0 for name in "ABC")


def test_what_rests_on_the_literature_follows_from_its_numbers():
    for name, (stands, recomputed) in recalibrated(inputs()).items():
        # The files hold three significant digits.
        assert stands == pytest.approx(recomputed, rel=5e-3), name


def test_every_graded_value_is_recomputed():
    given = inputs()
    graded = {row.id for row in given.parameters if row.grade != "assumed"}
    graded |= {row.id for row in given.levers if row.grade != "assumed"}
    assert graded == set(recalibrated(given))


def test_every_range_holds_its_value_and_is_a_range():
    swept = [row for row in inputs().parameters if row.low is not None]
    fixed = {row.id for row in swept if row.low == row.high}
    assert all(row.low <= row.number <= row.high for row in swept)
    assert fixed == {
        "priority_fix",
        "priority_retraining",
        "priority_feature",
        "validation_pipeline",
        "cloud_nodes",
    }


def test_nothing_rests_on_a_weak_number_and_grades_are_those_of_the_numbers():
    given = inputs()
    for row in (*given.parameters, *given.levers):
        if row.grade == "assumed":
            continue
        grades = {given.numbers[key].grade for key in row.sources}
        assert "D" not in grades, row.id
        assert row.grade == "derived" or grades == {row.grade}, row.id
    assert "D" not in {given.numbers[band.number].grade for band in given.bands}


class Spy:
    """The graded numbers, keeping the ids that were asked for."""

    def __init__(self, numbers):
        self.numbers, self.asked = numbers, set()

    def __getitem__(self, key):
        self.asked.add(key)
        return self.numbers[key]


def test_a_value_rests_on_the_numbers_that_it_cites():
    given = inputs()
    for name, rule in calibration.BASE.items():
        spy = Spy(given.numbers)
        rule(spy)
        assert spy.asked == set(given.parameters[name].sources), name
