"""The transcription agrees, cell by cell, with an independent second reading."""

from __future__ import annotations

from collections import Counter

import pytest

from mlops_compendium.load import RESPONSES, SecondReading, paper, read_csv

SECOND = read_csv(SecondReading)
DATA = paper()


def second(table):
    """Cells of one table of the second reading, by row and column."""
    return {(cell.row, cell.column): cell.value for cell in SECOND if cell.table == table}


def rows(table):
    """Row labels of one table of the second reading, in order, each once."""
    return list(dict.fromkeys(cell.row for cell in SECOND if cell.table == table))


def first_reading():
    """The first reading in the form of the second: table, row position, column, value."""
    for position, item in enumerate(DATA.practices):
        for response, share in zip(RESPONSES, item.shares, strict=True):
            yield "table_1", position, response.replace("_", " ").title(), f"{share:g}"
    for position, record in enumerate(DATA.challenges):
        yield "table_2", position, "Percentage", f"{record.percent:g}"
    for position, record in enumerate(DATA.cloud):
        yield "table_3", position, "Before", f"{record.before:g}"
        yield "table_3", position, "After", f"{record.after:g}"
        yield "table_3", position, "Improvement", f"{record.improvement:g}"
    for position, record in enumerate(DATA.monitoring_tools):
        yield "table_4", position, "Use", f"{record.use:g}"
        yield "table_4", position, "Rating", f"{record.rating:.1f}"
        yield "table_4", position, "Frequency", record.frequency.title()
    for position, record in enumerate(DATA.culture):
        yield "table_5", position, "Agreeing", f"{record.percent:g}"
    for position, work in enumerate(DATA.literature_table):
        yield "literature", position, "Authors", work.authors
        yield "literature", position, "Year", f"{work.year}"
    for position, work in enumerate(DATA.literature_short_review):
        yield "short_review", position, "Authors", work.authors
        yield "short_review", position, "Year", f"{work.year}"
        yield "short_review", position, "Heading", work.heading
    for position, method in enumerate(DATA.methodologies):
        yield "methodologies", position, "name", method.name
    for position, scenario in enumerate(DATA.scenario_outline.scenarios):
        yield "scenarios", position, "level", scenario.level
    for position, variable in enumerate(DATA.scenario_outline.variables):
        yield "variables", position, "name", variable.name
    for position, kpi in enumerate(DATA.scenario_outline.kpis):
        yield "kpis", position, "name", kpi.name


@pytest.mark.parametrize("cell", list(first_reading()), ids=lambda cell: "-".join(map(str, cell)))
def test_both_readings_agree(cell):
    table, position, column, value = cell
    assert second(table)[rows(table)[position], column] == value


def test_the_second_reading_has_no_cell_that_the_first_lacks():
    compared = Counter(table for table, *_ in first_reading())
    read = Counter(cell.table for cell in SECOND if cell.column != "detail")
    only_second = {"research_questions": 5, "restated_numbers": 22}
    assert read == compared + Counter(only_second)


@pytest.mark.parametrize(
    ("table", "records"),
    [
        ("table_1", DATA.practices),
        ("table_2", DATA.challenges),
        ("table_3", DATA.cloud),
        ("table_4", DATA.monitoring_tools),
        ("table_5", DATA.culture),
    ],
)
def test_row_labels_agree(table, records):
    assert [record.label.lower() for record in records] == [row.lower() for row in rows(table)]


def test_titles_of_the_literature_agree():
    assert [work.title for work in DATA.literature_table] == rows("literature")


def test_as_many_research_questions():
    assert len(DATA.research_questions) == len(rows("research_questions"))


def test_scenario_practices_are_those_read():
    for scenario in DATA.scenario_outline.scenarios:
        assert ", ".join(scenario.practices).lower() == second("scenarios")[
            scenario.id, "detail"
        ].lower().replace(" and ", ", ")


def test_every_number_restated_in_prose_is_in_the_ledger():
    read = Counter(float(value) for value in second("restated_numbers").values())
    stated = Counter(
        value
        for claim in DATA.claims
        if claim.section in ("Statistical Insights", "Key Results")
        for value in claim.published
    )
    assert stated == read
