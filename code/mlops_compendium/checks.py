"""The checks behind the claims ledger: each recomputes one statement and gives its verdict.

A check takes the claim, the data and its own arguments, and returns a `Finding`. No verdict is
typed: it follows from the published numbers, the recomputed ones, and three readings that stand
in the data where anyone can dispute them: which rows and rule the sentence names (``args``), what
it adds to its number (``adds``), and which artefacts the text contains (``artefacts.csv``).
"""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace

from . import survey
from .load import Artefact, Claim, ReviewedWork, ShortReviewWork

REPRODUCES, INCONSISTENT, CONTRADICTED, NOT_CHECKABLE = (
    "reproduces",
    "inconsistent",
    "contradicted",
    "not checkable",
)


@dataclass(frozen=True)
class Finding:
    """Outcome of a check.

    Attributes
    ----------
    values : tuple of float
        Recomputed values, in the unit of the published ones; empty where there is no number.
    verdict : str
        One of the four verdicts.
    reason : str
        One line of reasoning, with the arithmetic.
    rows : tuple of str
        Data records used, as ``file#id``.
    """

    values: tuple[float, ...]
    verdict: str
    reason: str
    rows: tuple[str, ...]


def _number(value: float) -> str:
    """Print a number with at most two decimals and no trailing zeros."""
    return f"{round(value, 2):g}" if abs(value) < 1e5 else f"{value:.0f}"


def _numbers(values: tuple[float, ...]) -> str:
    return " / ".join(_number(value) for value in values)


def _matches(published: tuple[float, ...], values: tuple[float, ...], tolerance: float) -> bool:
    """Whether all values agree within the tolerance (plus one rounding error of a float)."""
    return len(published) == len(values) and all(
        abs(p - v) <= tolerance + 1e-9 for p, v in zip(published, values, strict=True)
    )


def _compared(claim: Claim, values: tuple[float, ...], what: str, rows: tuple[str, ...]) -> Finding:
    """Verdict of a number: wrong, right, or right with something added."""
    if not _matches(claim.published, values, claim.tolerance):
        reason = f"{what}: {_numbers(values)}, not {_numbers(claim.published)}."
        return Finding(values, CONTRADICTED, reason, rows)
    if claim.adds:
        reason = f"{what}: {_numbers(values)}, as stated; but the sentence adds {claim.adds}."
        return Finding(values, INCONSISTENT, reason, rows)
    return Finding(values, REPRODUCES, f"{what}: {_numbers(values)}, as stated.", rows)


def _lower(text: str) -> str:
    """Lower the first letter, unless the word is an abbreviation."""
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]


def given(claim: Claim, data: SimpleNamespace, table: str, row: str, fields: str) -> Finding:
    """Check a row of a printed table: raw answers that nothing in the paper can confirm."""
    record = getattr(data, table)[row]
    values: list[float] = []
    for field in fields.split(","):
        value = getattr(record, field)
        values += value if isinstance(value, tuple) else [value]
    found = tuple(values)
    if not _matches(claim.published, found, claim.tolerance):
        reason = f"The transcribed row holds {_numbers(found)}."
        return Finding(found, CONTRADICTED, reason, (record.source,))
    reason = f"Raw result; {claim.note}"
    return Finding(found, NOT_CHECKABLE, reason, (record.source,))


def row_sum(claim: Claim, data: SimpleNamespace, practice: str) -> Finding:
    """Check that the five shares of a practice add up."""
    item = data.practices[practice]
    return _compared(claim, (survey.row_sum(item),), "The five shares add to", (item.source,))


def improvement(claim: Claim, data: SimpleNamespace, aspect: str) -> Finding:
    """Check an improvement of Table 3 against its before and after."""
    record = data.cloud[aspect]
    value = survey.relative_change(record)
    before, after = _number(record.before), _number(record.after)
    what = f"({after} - {before}) / {before}, in percent"
    return _compared(claim, (value,), what, (record.source,))


def value(claim: Claim, data: SimpleNamespace, table: str, row: str, fields: str) -> Finding:
    """Check a number in prose against the table row it restates."""
    record = getattr(data, table)[row]
    values = tuple(float(getattr(record, field)) for field in fields.split(","))
    return _compared(claim, values, f"Table row '{record.label}'", (record.source,))


def agreement(claim: Claim, data: SimpleNamespace, practice: str, rule: str) -> Finding:
    """Check a share of Table 1 under the aggregation rule that the sentence states.

    A number that fits another rule than the stated one is inconsistent: part of those who agree,
    given for all of them.
    """
    item = data.practices[practice]
    rule = rule.replace("_", " ")
    by_rule = {
        name: function(item)
        for name, function in survey.AGREEMENT_RULES.items()
        if name != "mean score"
    }
    stated = by_rule[rule]
    fitting = [
        name for name, v in by_rule.items() if _matches(claim.published, (v,), claim.tolerance)
    ]
    if rule not in fitting and fitting:
        reason = (
            f"{_number(by_rule[fitting[0]])} {fitting[0]}; the sentence reads as all who "
            f"{rule}, which is {_number(stated)}."
        )
        return Finding((stated,), INCONSISTENT, reason, (item.source,))
    return _compared(claim, (stated,), f"Share that answers '{rule}'", (item.source,))


def all_tools(claim: Claim, data: SimpleNamespace) -> Finding:
    """Check a share and rating stated of monitoring tools in general (Table 4)."""
    tools = list(data.monitoring_tools)
    rows = tuple(tool.source for tool in tools)
    values = (survey.mean_use(tools), survey.mean_rating(tools))
    if _matches(claim.published, values, claim.tolerance):
        return _compared(claim, values, "Mean over the tools", rows)
    same = [
        tool
        for tool in tools
        if _matches(claim.published, (tool.use, tool.rating), claim.tolerance)
    ]
    low, high = survey.lowest_share_using_any(tools), survey.highest_share_using_any(tools)
    detail = (
        f"over all tools the means are {_numbers(values)}, and the share using any tool lies "
        f"between {_number(low)} and {_number(high)}."
    )
    if same:
        reason = f"These are the figures of '{same[0].label}' alone; {detail}"
        return Finding(values, INCONSISTENT, reason, rows)
    return Finding(values, CONTRADICTED, f"No tool has these figures; {detail}", rows)


def _values_by_rule(data: SimpleNamespace, table: str, fields: str) -> dict[str, dict[str, float]]:
    """Value of each row under each way of ranking the table."""
    records = getattr(data, table)
    if table == "practices":
        return {
            name: {item.id: function(item) for item in records}
            for name, function in survey.AGREEMENT_RULES.items()
        }
    return {
        field: {record.id: getattr(record, field) for record in records}
        for field in fields.split(",")
    }


def selection(
    claim: Claim, data: SimpleNamespace, table: str, items: str, fields: str = "percent"
) -> Finding:
    """Check that the items a sentence singles out are the highest of their table.

    All of them, under every rule of ranking: reproduces. None of them, under any rule:
    contradicted. Otherwise inconsistent: a part stands for the whole. An item tied with one left
    out counts as among the highest.
    """
    chosen = items.split(",")
    records = getattr(data, table)
    rows = tuple(record.source for record in records)
    labels = {record.id: record.label for record in records}
    unknown = [item for item in chosen if item not in labels]
    if unknown:
        raise ValueError(f"{table} has no {', '.join(unknown)}; allowed are {', '.join(labels)}")
    misses, any_right = [], False
    by_rule = _values_by_rule(data, table, fields)
    for rule, values in by_rule.items():
        bar = sorted(values.values(), reverse=True)[len(chosen) - 1]
        any_right |= any(values[item] >= bar for item in chosen)
        weakest = min(chosen, key=values.__getitem__)
        above = [key for key in values if key not in chosen and values[key] > values[weakest]]
        if above:
            left_out = _listed([f"'{labels[key]}' ({_number(values[key])})" for key in above])
            misses.append(
                f"by {rule}, {left_out} above '{labels[weakest]}' ({_number(values[weakest])})"
            )
    if not misses:
        reason = f"The items named are the highest by {_listed(list(by_rule))}."
        return Finding((), REPRODUCES, reason, rows)
    verdict = INCONSISTENT if any_right else CONTRADICTED
    return Finding((), verdict, f"Leaves out, {'; '.join(misses)}.", rows)


def ranking(claim: Claim, data: SimpleNamespace, items: str) -> Finding:
    """Check the order that published shares put practices in (highest first), under each rule."""
    order = items.split(",")
    rows = tuple(data.practices[item].source for item in order)
    holds, found = [], []
    for rule, values in _values_by_rule(data, "practices", "").items():
        levels = survey.ranked({item: values[item] for item in order})
        found.append(f"{rule}: " + " > ".join(" = ".join(level) for level in levels))
        if levels == [[item] for item in order]:
            holds.append(rule)
    if len(holds) == len(survey.AGREEMENT_RULES):
        return Finding((), REPRODUCES, "The order holds under every rule.", rows)
    verdict = INCONSISTENT if holds else CONTRADICTED
    stated = " > ".join(order)
    return Finding((), verdict, f"Stated {stated}; Table 1 gives by {'; by '.join(found)}.", rows)


def at_least(
    claim: Claim, data: SimpleNamespace, table: str, items: str, threshold: str
) -> Finding:
    """Check that every item named reaches a threshold, in percent."""
    records = [getattr(data, table)[item] for item in items.split(",")]
    values = tuple(record.percent for record in records)
    reached = [v >= float(threshold) for v in values]
    verdict = REPRODUCES if all(reached) else INCONSISTENT if any(reached) else CONTRADICTED
    shares = _listed([f"'{r.label}' {_number(r.percent)}" for r in records])
    reason = f"Read as at least {threshold} %: {shares}."
    return Finding(values, verdict, reason, tuple(record.source for record in records))


def direction(claim: Claim, data: SimpleNamespace, aspects: str) -> Finding:
    """Check that the aspects named rise from before to after, and what the sentence adds."""
    records = [data.cloud[aspect] for aspect in aspects.split(",")]
    values = tuple(survey.point_change(record) for record in records)
    rows = tuple(record.source for record in records)
    change = _listed([f"{_number(r.before)} to {_number(r.after)}" for r in records])
    if not all(v > 0 for v in values):
        return Finding(values, CONTRADICTED, f"Not every value rises: {change}.", rows)
    if claim.adds:
        reason = f"The values rise ({change}); but the sentence adds {claim.adds}."
        return Finding(values, INCONSISTENT, reason, rows)
    return Finding(values, REPRODUCES, f"The values rise: {change}.", rows)


def _artefacts(claim: Claim, data: SimpleNamespace, ids: str) -> list[Artefact]:
    return [data.artefacts[key] for key in ids.split(",")]


def shown(claim: Claim, data: SimpleNamespace, needs: str) -> Finding:
    """Check that the text contains what it says it contains; absent things contradict it."""
    needed = _artefacts(claim, data, needs)
    rows = tuple(artefact.source for artefact in needed)
    missing = [artefact for artefact in needed if artefact.present == "no"]
    if not missing:
        names = _listed([_lower(a.artefact) for a in needed])
        return Finding((), REPRODUCES, f"The text contains it: {names}.", rows)
    names = "; ".join(f"{_lower(a.artefact)} ({a.where_or_missing})" for a in missing)
    verdict = CONTRADICTED if len(missing) == len(needed) else INCONSISTENT
    prefix = "Not in the text" if verdict == CONTRADICTED else "Only in part; not in the text"
    note = f" {claim.note}" if claim.note else ""
    return Finding((), verdict, f"{prefix}: {names}.{note}", rows)


def decidable(claim: Claim, data: SimpleNamespace, needs: str) -> Finding:
    """Check whether the text holds the data that could decide the statement.

    Raises
    ------
    ValueError
        If everything needed is present: the claim then deserves a check of its own.
    """
    needed = _artefacts(claim, data, needs)
    missing = [artefact for artefact in needed if artefact.present == "no"]
    if not missing:
        raise ValueError(
            f"claim {claim.id}: the text holds all of {needs}, so 'decidable' is the wrong check"
        )
    names = "; ".join(_lower(a.artefact) for a in missing)
    note = f" {claim.note}" if claim.note else ""
    reason = f"Would take: {names}.{note}"
    return Finding((), NOT_CHECKABLE, reason, tuple(artefact.source for artefact in needed))


def scenario_variables(claim: Claim, data: SimpleNamespace) -> Finding:
    """Check that every variable of the simulation outline differs between its scenarios."""
    outline = data.scenario_outline
    named = {variable.id: variable.name for variable in outline.variables}
    varied = {key for scenario in outline.scenarios for key in scenario.variables}
    still = [name.lower() for key, name in named.items() if key not in varied]
    values = (float(len(varied & set(named))),)
    if not still:
        reason = f"The scenarios vary all {len(named)} variables."
        return Finding(values, REPRODUCES, reason, (outline.source,))
    verdict = INCONSISTENT if varied else CONTRADICTED
    reason = f"Of {len(named)} variables the scenarios leave out {_listed(still)}."
    return Finding(values, verdict, reason, (outline.source,))


def window(claim: Claim, data: SimpleNamespace) -> Finding:
    """Check the years a review says it covers against the works it cites."""
    years = {citation.year for citation in data.audit}
    values = (float(min(years)), float(max(years)))
    rows = tuple(citation.source for citation in data.audit)
    first, last = claim.published
    empty = [str(year) for year in range(int(first), int(last) + 1) if year not in years]
    found = f"The works cited date from {min(years)} to {max(years)}"
    if not empty and values == (first, last):
        return Finding(values, REPRODUCES, f"{found}.", rows)
    if first <= values[0] and values[1] <= last:
        reason = f"{found}: within the window, but none dates from {_listed(empty)}."
        return Finding(values, INCONSISTENT, reason, rows)
    return Finding(values, CONTRADICTED, f"{found}: outside the window.", rows)


def works_on(claim: Claim, data: SimpleNamespace, theme: str, least: str) -> Finding:
    """Check that a review which speaks of several studies on a theme cites as many."""
    works = [work for work in data.literature_short_review if theme in work.themes]
    rows = tuple(work.source for work in works) + _audited(data, *works)
    located = sum(data.audit[work.id].located == "yes" for work in works)
    verdict = REPRODUCES if len(works) >= int(least) else CONTRADICTED
    reason = (
        f"Studies cited on {theme} there: {len(works)}, located in the sources searched: "
        f"{located}; the sentence needs at least {least}."
    )
    return Finding((float(len(works)),), verdict, reason, rows)


def _audited(data: SimpleNamespace, *works: ReviewedWork | ShortReviewWork) -> tuple[str, ...]:
    """Rows of the audit that belong to works cited."""
    return tuple(data.audit[work.id].source for work in works)


def same_work(claim: Claim, data: SimpleNamespace, short: str, long: str) -> Finding:
    """Check that both reviews describe one citation (same authors and year) as one study."""
    first, second = data.literature_short_review[short], data.literature_table[long]
    if (first.authors, first.year) != (second.authors, second.year):
        raise ValueError(f"claim {claim.id}: {short} and {long} are not the same citation")
    rows = (first.source, second.source, *_audited(data, first, second))
    located = sum(data.audit[key].located == "yes" for key in (short, long))
    if set(first.themes) == set(second.themes):
        return Finding((), REPRODUCES, f"Both times about {_listed(list(first.themes))}.", rows)
    reason = (
        f"About {_listed(list(first.themes))} in the short review, about "
        f"{_listed(list(second.themes))} in the table. {claim.note} Located in the sources "
        f"searched: {located} of the two."
    )
    return Finding((), INCONSISTENT, reason.strip(), rows)


def traceable(claim: Claim, data: SimpleNamespace, work: str) -> Finding:
    """Check whether a finding ascribed to a cited work can be followed to that work."""
    citation = data.audit[work]
    if citation.located == "yes":
        raise ValueError(f"claim {claim.id}: {work} was located; compare it with the work itself")
    reason = (
        "The work could not be located in the sources searched, and the paper gives neither venue "
        "nor identifier; the work itself would decide."
    )
    return Finding((), NOT_CHECKABLE, reason, (citation.source,))


CHECKS = {
    function.__name__: function
    for function in (
        given,
        row_sum,
        improvement,
        value,
        agreement,
        all_tools,
        selection,
        ranking,
        at_least,
        direction,
        shown,
        decidable,
        scenario_variables,
        window,
        works_on,
        same_work,
        traceable,
    )
}
