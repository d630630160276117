"""The committed ledger is the recomputed one, and leaves nothing out."""

from __future__ import annotations

import pytest

from conftest import ROOT
from mlops_compendium import chapters, ledger
from mlops_compendium.checks import CHECKS
from mlops_compendium.load import OWN, RESPONSES, VERDICTS, load, paper

DATA = paper()
RECOMPUTED = ledger.recompute(load(ROOT))


def test_committed_ledger_is_the_recomputed_one():
    assert ledger.differences(ledger.read(), RECOMPUTED) == []


def test_committed_file_is_written_as_the_program_writes_it():
    assert (ROOT / ledger.FILE).read_text(encoding="utf-8") == ledger.to_csv(RECOMPUTED)


@pytest.mark.parametrize("column", ledger.COLUMNS)
def test_a_change_of_any_column_is_a_difference(column):
    changed = RECOMPUTED.copy()
    changed.loc[3, column] += "9"
    assert ledger.differences(changed, RECOMPUTED)


def test_missing_added_and_moved_rows_are_differences():
    assert ledger.differences(RECOMPUTED.drop(index=5), RECOMPUTED)
    assert ledger.differences(RECOMPUTED, RECOMPUTED.drop(index=5))
    assert ledger.differences(RECOMPUTED[::-1], RECOMPUTED) == ["rows stand in another order"]


def test_recomputed_numbers_may_differ_in_the_tenth_digit_only():
    changed = RECOMPUTED.set_index("id")
    row = changed.index.get_loc("own.time_saved")
    near, far = RECOMPUTED.copy(), RECOMPUTED.copy()
    near.loc[row, "recomputed"] = f"{float(near.loc[row, 'recomputed']) * (1 + 1e-10):.12g}"
    far.loc[row, "recomputed"] = f"{float(far.loc[row, 'recomputed']) * (1 + 1e-8):.12g}"
    assert not ledger.differences(near, RECOMPUTED)
    assert ledger.differences(far, RECOMPUTED)


def test_every_row_of_every_table_stands_in_the_ledger():
    tables = {
        "T1": DATA.practices,
        "T2": DATA.challenges,
        "T3": DATA.cloud,
        "T4": DATA.monitoring_tools,
        "T5": DATA.culture,
    }
    expected = {f"{name}.{record.id}" for name, table in tables.items() for record in table}
    expected |= {f"T1.{item.id}.sum" for item in DATA.practices}
    expected |= {f"T3.{aspect.id}.improvement" for aspect in DATA.cloud}
    expected |= {f"LR.{citation.id}" for citation in DATA.audit}
    assert expected <= {claim.id for claim in DATA.claims}


def test_every_verdict_is_one_of_the_four_and_occurs():
    papers = RECOMPUTED[RECOMPUTED["origin"] == "paper"]
    assert set(papers["verdict"]) == set(VERDICTS)
    assert set(RECOMPUTED.loc[RECOMPUTED["origin"] == "compendium", "verdict"]) == {OWN}
    assert ledger.verdict_counts(RECOMPUTED).sum() == len(papers)


def test_every_check_is_used():
    assert {claim.check for claim in DATA.claims} == set(CHECKS)


def test_every_row_says_why_and_from_what():
    assert (RECOMPUTED["reason"].str.len() > 10).all()
    assert RECOMPUTED["data"].str.contains("data/(?:paper|literature|results)").all()


def test_every_anchor_stands_in_its_chapter():
    text = {page.stem: page.read_text(encoding="utf-8") for page in chapters.pages()}
    for _, row in RECOMPUTED.iterrows():
        assert f"({row['anchor']})=" in text[row["chapter"]], row["id"]


def test_numbers_with_a_unit_and_none_without():
    for claim in DATA.claims:
        assert bool(claim.published) == bool(claim.unit), claim.id


def test_own_results_print_as_their_format_says():
    row = RECOMPUTED.set_index("id").loc["own.time_saved"]
    assert row["reason"].startswith("33.3 %.")


def test_unknown_function_of_an_own_result_is_named():
    broken = DATA.own_results["own.time_saved"].model_copy(update={"function": "survey.guess"})
    with pytest.raises(ledger.LedgerError, match=r"own\.time_saved.*survey\.guess"):
        ledger.own_row(broken, DATA)


def test_same_id_in_both_files_is_refused():
    data = load(ROOT)
    doubled = next(iter(data.own_results)).model_copy(update={"id": "T1.cicd"})
    data.own_results = [doubled]
    with pytest.raises(ledger.LedgerError, match=r"unique.*T1\.cicd"):
        ledger.recompute(data)


def test_inputs_hash_follows_code_and_data(tmp_path):
    for folder in ("data/paper", "data/compendium", "code/mlops_compendium"):
        (tmp_path / folder).mkdir(parents=True)
    hashes = {ledger.inputs_hash(tmp_path)}
    for file in ("data/paper/a.csv", "code/mlops_compendium/b.py"):
        (tmp_path / file).write_text("x")
        hashes.add(ledger.inputs_hash(tmp_path))
    assert len(hashes) == 3


def test_responses_are_in_the_order_of_the_scale():
    assert RESPONSES[0] == "strongly_agree"
    assert RESPONSES[-1] == "strongly_disagree"
