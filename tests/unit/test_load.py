"""The loader accepts the project's data and refuses every kind of wrong cell, by name."""

from __future__ import annotations

import re

import pytest

from conftest import ROOT, copy_project
from mlops_compendium import load
from mlops_compendium.load import DataError


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return copy_project(tmp_path_factory.mktemp("load") / "project")


def damaged(project, file, old, new):
    """Change one thing in a data file of the copy, try to load, and put it back."""
    path = project / "data" / file
    original = path.read_text(encoding="utf-8")
    assert original.count(old) >= 1, f"{old!r} is not in {file}"
    path.write_text(original.replace(old, new, 1), encoding="utf-8")
    try:
        with pytest.raises(DataError) as error:
            load.load(project)
    finally:
        path.write_text(original, encoding="utf-8")
    return str(error.value)


def test_the_projects_data_load():
    data = load.load(ROOT)
    assert [len(t) for t in (data.practices, data.challenges, data.cloud, data.culture)] == [5] * 4
    assert data.practices["cicd"].shares == (45, 35, 10, 5, 5)
    assert data.practices["cicd"].source == "data/paper/practices.csv#cicd"


WRONG = [
    # file, what stands there, what is put there instead, parts of the message
    ("paper/challenges.csv", "Data silos,50", "Data silos,fifty",
     ("challenges.csv, row 3", "'percent'", "'fifty'", "number")),
    ("paper/challenges.csv", "Data silos,50", "Data silos,101",
     ("row 3", "'101'", "less than or equal to 100")),
    ("paper/challenges.csv", "Data silos,50", "Data silos,-1",
     ("row 3", "'-1'", "greater than or equal to 0")),
    ("paper/challenges.csv", "Data silos,50", "Data silos,nan", ("row 3", "'nan'", "finite")),
    ("paper/challenges.csv", "Data silos,50", "Data silos,", ("row 3", "'percent'", "''")),
    ("paper/challenges.csv", "silos,Data silos", "culture,Data silos",
     ("'culture' stands 2 times", "unique")),
    ("paper/challenges.csv", "silos,Data silos", ",Data silos", ("row 3", "'id'")),
    ("paper/challenges.csv", "id,label,percent", "id,label", ("row 1", "missing: percent")),
    ("paper/challenges.csv", "id,label,percent", "id,label,share",
     ("missing: percent", "unknown: share")),
    ("paper/challenges.csv", "Data silos,50", "Data silos,50,7", ("row 3", "4 cells", "3")),
    ("paper/monitoring_tools.csv", "4.5,daily", "5.5,daily", ("row 2", "'rating'", "'5.5'", "5")),
    ("paper/monitoring_tools.csv", "4.5,daily", "4.5,hourly",
     ("row 2", "'frequency'", "'hourly'", "'daily' or 'weekly'")),
    ("paper/practices.csv", "strongly_agree,45", "agree_a_lot,45",
     ("row 2", "'response'", "'agree_a_lot'", "'strongly_agree'")),
    ("paper/practices.csv", "cicd.neutral,cicd", "cicd.neutral,cloud",
     ("row 4", "id must be 'cloud.neutral'")),
    ("paper/practices.csv", "cicd.agree,cicd,CI/CD implementation,agree,35\n", "",
     ("practice 'cicd'", "missing: agree")),
    ("paper/claims.csv", "Table 1,table,", "Table 1,matrix,", ("row 2", "'kind'", "'matrix'")),
    ("paper/claims.csv", "45;35;10;5;5", "45;x;10;5;5", ("row 2", "'published.1'", "number")),
    ("paper/claims.csv", "survey-practices", "Survey Practices", ("row 2", "'anchor'")),
    ("paper/literature_table.csv", ",2018,", ",2081,", ("row 2", "'year'", "2026")),
    ("paper/literature_table.csv", "collaboration;automation", ";", ("row 2", "'themes'")),
    ("paper/artefacts.csv", "searched,yes", "searched,perhaps",
     ("row 2", "'present'", "'perhaps'", "'yes' or 'no'")),
    ("paper/methodologies.yaml", "- id: literature", "- id: interviews",
     ("methodologies.yaml", "'interviews' stands 2 times")),
    ("paper/methodologies.yaml", "name: Literature Review", "names: Literature Review",
     ("methodologies.yaml, row 1", "'name'", "missing")),
    ("paper/scenario_outline.yaml", "title: ", "title: [", ("scenario_outline.yaml", "YAML")),
    ("compendium/results.csv", "survey.challenges_total", "challenges total",
     ("results.csv, row 2", "'function'")),
    ("literature/numbers.csv", ",,0,15,%", ",,none,15,%",
     ("numbers.csv, row 5", "'low'", "'none'")),
    ("literature/numbers.csv", ",,0,15,%", ",,16,15,%", ("row 5", "low 16 is above high 15")),
    ("literature/numbers.csv", ",,0,15,%", ",7,0,15,%", ("row 5", "not both")),
    ("literature/numbers.csv", ",,0,15,%", ",,,,%", ("row 5", "value, or the ends of a band")),
    ("literature/numbers.csv", ",7,,,%", ",7,1,,%", ("row 2", "not both")),
    ("literature/numbers.csv", ",7,,,%", ",107,,,%", ("row 2", "between 0 and 100")),
    ("literature/numbers.csv", "dora2018,p. 13-14,A", "dora2018,p. 13-14,E",
     ("row 2", "'grade'", "'E'", "'derived'")),
    ("literature/numbers.csv", "dora2018,p. 13-14,A", "dora2017,p. 13-14,A",
     ("numbers.csv#dora2018.elite.share", "'cite'", "'dora2017'", "references.bib")),
    ("literature/numbers.csv", "derived,gartner2018.projects_year / 12", "derived,",
     ("needs its derivation",)),
    ("literature/numbers.csv", "dora2018.elite.share,cicd", "Dora2018.elite.share,cicd",
     ("row 2", "'id'")),
    ("literature/numbers.csv", "dora2018.elite.share,cicd", "dora2018.elite.share,ci",
     ("row 2", "'practice'", "'ci'", "'cicd'")),
    ("literature/numbers.csv", "dora2018.elite.cfr", "dora2018.elite.share",
     ("'dora2018.elite.share' stands 2 times",)),
    ("literature/audit.csv", ",no,,amershi2019,", ",no,,amershi2018,",
     ("audit.csv#S01", "'nearest'", "'amershi2018'")),
    ("literature/audit.csv", "Kutz et al.,2017", "Kutz et al.,2018",
     ("audit.csv#S03", "'year'", "2018", "2017")),
    ("literature/audit.csv", "Synergies and Best", "Synergies and Good",
     ("audit.csv#T03", "'title'")),
    ("literature/audit.csv", ",no,,li2017", ",perhaps,,li2017", ("'located'", "'perhaps'")),
    ("literature/audit.csv", ",no,,li2017", ",no,tables,li2017", ("'gives.0'", "'number'")),
    ("literature/audit.csv", "T10,", "T11,", ("'T10' is missing", "audit.csv#T11")),
    ("literature/claims_evidence.csv", "LR.T01;LR.T07", "LR.T01;LR.T99",
     ("claims_evidence.csv#E01", "'claims'", "'LR.T99'", "claims.csv")),
    ("literature/claims_evidence.csv", "lima2022.found;", "lima2022.lost;",
     ("'numbers'", "'lima2022.lost'", "numbers.csv")),
    ("literature/claims_evidence.csv", "lima2022.kept,B", "lima2022.kept,A",
     ("'grade'", "'A'", "weakest of its numbers is 'B'")),
    ("literature/claims_evidence.csv", ",limits,", ",refutes,", ("'bearing'", "'refutes'")),
    ("literature/terms.csv", "2018,4,", "2018,14,", ("row 3", "'month'", "'14'", "12")),
    ("literature/terms.csv", "talagala2018", "talagala2017", ("'cite'", "'talagala2017'")),
    ("literature/gaps.csv", "wozniak2025;dora2019", "wozniak2025;dora2020",
     ("'cites'", "'dora2020'")),
    ("literature/references.bib", "@inproceedings{amershi2019,", "@inproceedings{amershi2019,{",
     ("references.bib: not valid BibTeX",)),
    ("literature/references.bib", "{amershi2019,", "{amershi,", ("'amershi2019' is not allowed",)),
]  # fmt: skip


@pytest.mark.parametrize(("file", "old", "new", "says"), WRONG)
def test_wrong_cell_is_refused_by_name(project, file, old, new, says):
    message = damaged(project, file, old, new)
    for part in says:
        assert part in message, message


def test_all_wrong_cells_are_reported_at_once(project):
    old = "50\ninfrastructure,Insufficient infrastructure,45"
    new = "x\ninfrastructure,Insufficient infrastructure,y"
    message = damaged(project, "paper/challenges.csv", old, new)
    assert len(re.findall(r"row \d+", message)) == 2


def test_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"data/paper/practices\.csv: no such file"):
        load.read_csv(load.Answer, tmp_path)


def test_file_in_another_encoding_is_named(tmp_path):
    path = tmp_path / load.Challenge.FILE
    path.parent.mkdir(parents=True)
    path.write_bytes("id,label,percent\na,Überlast,5\n".encode("latin-1"))
    with pytest.raises(DataError, match="not UTF-8"):
        load.read_csv(load.Challenge, tmp_path)


def test_broken_quotes_are_named(tmp_path):
    path = tmp_path / load.Challenge.FILE
    path.parent.mkdir(parents=True)
    path.write_text('id,label,percent\na,"open,5\n', encoding="utf-8")
    with pytest.raises(DataError, match=r"challenges\.csv"):
        load.read_csv(load.Challenge, tmp_path)


def test_unknown_record_names_the_allowed_ones():
    with pytest.raises(DataError, match="no record 'kloud'; there are culture, silos"):
        load.paper().challenges["kloud"]
