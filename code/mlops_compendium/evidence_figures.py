"""Figures of the literature and of the evidence; see `figures` for style and colours."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from . import literature, survey
from .figures import BLUE, GREEN, GREY, INK, ORANGE, PURPLE, SKY, VERMILION, _figure, _horizontal
from .load import GRADES, PRACTICES, GradedNumber, Table

DOMAINS = {"ml": "machine learning", "software": "software in general"}
TIER_STYLE = dict(
    zip(
        literature.TIERS,
        ((BLUE, "o"), (GREEN, "D"), (ORANGE, "s"), (VERMILION, "v")),
        strict=True,
    )
)
SHADES = LinearSegmentedColormap.from_list("shades", ["#FFFFFF", SKY, BLUE])


def timeline(data: SimpleNamespace, bibliography: dict) -> tuple[Figure, pd.DataFrame]:
    """Years of the cited titles, of located uses of the term and of the nearest real works."""
    before = {work.id for work in literature.titles_before_term(data.literature_table, data.terms)}
    nearest = {key for citation in data.audit for key in citation.nearest}
    rows = [
        *(
            ("titled MLOps, before the term" if w.id in before else "titled MLOps", w.year)
            for w in data.literature_table
            if "MLOps" in w.title
        ),
        *(("titled otherwise", w.year) for w in data.literature_table if "MLOps" not in w.title),
        *(("located use of the term", t.year) for t in data.terms if t.kind == "use"),
        *(("nearest real work", int(bibliography[key].fields["year"])) for key in nearest),
    ]
    counts = pd.DataFrame(rows, columns=["what", "year"]).value_counts().reset_index(name="works")
    lanes = {
        "titled MLOps, before the term": ("titles cited with\nthe term MLOps", 0, VERMILION, "X"),
        "titled MLOps": ("", 0, BLUE, "o"),
        "titled otherwise": ("titles cited\nwithout the term", 1, BLUE, "o"),
        "located use of the term": ("located uses\nof the term", 2, GREEN, "D"),
        "nearest real work": ("nearest\nreal works", 3, PURPLE, "s"),
    }
    drawn, axes = _figure(height=4)
    for _, cell in counts.iterrows():
        _, row, colour, marker = lanes[cell["what"]]
        axes.plot(cell["year"], row, marker, ms=20, color=colour)
        axes.text(cell["year"], row, f"{cell['works']}", ha="center", va="center", color="white",
                  fontweight="bold")  # fmt: skip
    year, month = literature.earliest_month(data.terms)
    axes.axvline(year + (month - 0.5) / 12 - 0.5, color=INK, linestyle="--", linewidth=1.2)
    axes.text(year + (month - 0.5) / 12 - 0.42, -0.62, "earliest located use", fontsize=10)
    _horizontal(axes, [label for label, *_ in lanes.values() if label])
    axes.set_ylim(3.6, -0.9)
    axes.set_xticks(range(counts["year"].min(), counts["year"].max() + 1))
    axes.set_xlim(counts["year"].min() - 0.5, counts["year"].max() + 0.5)
    axes.set_xlabel("year; crosses: titles with the term, dated before its earliest located use")
    return drawn, counts.sort_values(["what", "year"], ignore_index=True)


def evidence_map(numbers: Table[GradedNumber]) -> tuple[Figure, pd.DataFrame]:
    """Findings by practice and grade, for machine learning and for software in general."""
    drawn = Figure(figsize=(8, 4.4))
    panels = drawn.subplots(1, 2, sharey=True)
    tables = {domain: literature.by_grade(numbers, domain) for domain in DOMAINS}
    top = max(table.to_numpy().max() for table in tables.values())
    for axes, (domain, table) in zip(panels, tables.items(), strict=True):
        cells = table.to_numpy()
        axes.imshow(np.sqrt(cells), cmap=SHADES, vmin=0, vmax=np.sqrt(top), aspect="auto")
        for (row, column), count in np.ndenumerate(cells):
            colour = "white" if count > top / 3 else INK if count else "#6E6E6E"
            axes.text(column, row, f"{count}" if count else "none", ha="center", va="center",
                      fontsize=11 if count else 9, color=colour)  # fmt: skip
        axes.set_xticks(range(len(GRADES)), GRADES)
        axes.set_yticks(range(len(PRACTICES)), [literature.PRACTICE_LABELS[p] for p in PRACTICES])
        axes.tick_params(length=0)
        axes.grid(visible=False)
        axes.set_xlabel("grade")
        axes.set_title(DOMAINS[domain])
    data = pd.concat(tables, names=["domain", "practice"]).reset_index()
    return drawn, data


def tiers_over_years(numbers: Table[GradedNumber]) -> tuple[Figure, pd.DataFrame]:
    """Lead time, failure rate and time to restore of the delivery tiers, year by year."""
    data = literature.tiers(numbers)
    panels = {
        "lead_time": "lead time\n(days)",
        "restore": "time to restore\n(days)",
        "cfr": "changes that\nfail (%)",
    }
    drawn = Figure(figsize=(8, 7.2))
    years = sorted(data["year"].unique())
    for axes, (quantity, label) in zip(drawn.subplots(3, 1, sharex=True), panels.items(),
                                       strict=True):  # fmt: skip
        rows = data[data["quantity"] == quantity]
        floor, ceiling = (0, 70) if quantity == "cfr" else (1 / 60, 500)
        for tier, (colour, marker) in TIER_STYLE.items():
            band = rows[rows["tier"] == tier]
            at = [years.index(year) + (literature.TIERS.index(tier) - 1.5) * 0.19
                  for year in band["year"]]  # fmt: skip
            low, high = band["low"].fillna(floor), band["high"].fillna(ceiling)
            axes.vlines(at, low, high, color=colour, linewidth=3)
            axes.plot(at, (low + high) / 2 if quantity == "cfr" else np.sqrt(low * high), marker,
                      color=colour, ms=8, label=tier)  # fmt: skip
        if quantity != "cfr":
            axes.set_yscale("log")
            axes.yaxis.set_major_formatter("{x:g}")
        axes.set_ylim(floor, ceiling)
        axes.set_ylabel(label)
        axes.set_title(label.split("\n")[0] if quantity != "cfr" else "change failure rate")
        axes.grid(axis="x", visible=False)
        axes.set_xticks(range(len(years)), years)
    drawn.axes[-1].set_xlabel("year of the report; a bar of time that meets the edge is open there")
    drawn.legend(*drawn.axes[0].get_legend_handles_labels(), ncols=4, loc="outside upper center")
    return drawn, data


ADOPTION = {
    "cicd": ("q55", "no_cicd"),
    "automation": ("q56", ""),
    "monitoring": ("q60", "no_monitoring"),
    "collaboration": ("q47", ""),
    "governance": ("q63", "no_versioning"),
}
GROUPS = {
    "tech": ("technology companies", "o", BLUE),
    "non_tech": ("other companies", "s", ORANGE),
    "government": ("government", "^", GREEN),
    "research": ("research", "v", PURPLE),
}
RAISED = {"government": 0.2, "community survey": -0.2}  # apart from markers at the same share


def adoption(data: SimpleNamespace) -> tuple[Figure, pd.DataFrame]:
    """Reported adoption of practices beside the agreement that the paper tabulates."""
    rows = []
    for practice, (question, none) in ADOPTION.items():
        agreed = survey.top_two_box(data.practices[practice])
        rows.append((practice, "agreement in the paper", agreed, "D", VERMILION))
        for group, (label, marker, colour) in GROUPS.items():
            share = data.numbers[f"serban2020.{question}.{group}"].value
            rows.append((practice, label, share, marker, colour))
        if none:
            share = 100 - data.numbers[f"datatalks2025.{none}"].value
            rows.append((practice, "community survey", share, "P", INK))
    drawn, axes = _figure(height=4.4)
    order = list(ADOPTION)
    for row, practice in enumerate(order):
        shares = [share for name, _, share, *_ in rows if name == practice]
        axes.hlines(row, min(shares), max(shares), color=GREY, linewidth=2, zorder=1)
    shown = set()
    for practice, label, share, marker, colour in rows:
        axes.plot(share, order.index(practice) + RAISED.get(label, 0), marker, ms=11, color=colour,
                  markeredgecolor="white", label=None if label in shown else label)  # fmt: skip
        shown.add(label)
    _horizontal(axes, [data.practices[practice].label for practice in order])
    axes.set_xlim(0, 100)
    axes.set_xlabel("share (%): agreement with a practice, or its adoption")
    drawn.legend(ncols=3, loc="outside upper center")
    return drawn, pd.DataFrame([row[:3] for row in rows], columns=["practice", "what", "share"])


def lead_times(numbers: Table[GradedNumber]) -> tuple[Figure, pd.DataFrame]:
    """Time from model to production: shares as answered, and the log-normal through them."""
    days = np.geomspace(1, 730, 200)
    lines = {
        "left out": ("those who gave no time left out", BLUE, "-"),
        "fast": ("all of them fast", GREEN, "--"),
        "slow": ("all of them slow", VERMILION, ":"),
    }
    drawn, axes = _figure(height=4.2)
    data = pd.DataFrame({"days": days})
    for silent, (label, colour, style) in lines.items():
        mu, sigma = literature.lead_time(numbers, silent)
        data[silent] = literature.lognormal_share(days, mu, sigma)
        axes.plot(days, data[silent], style, color=colour, label=label)
    bounds, shares = literature.lead_shares(numbers)
    axes.plot(bounds, 100 * np.array(shares), "o", color=INK, ms=9, label="as answered")
    axes.set_xscale("log")
    axes.set_xticks((1, *bounds, 365))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.minorticks_off()
    axes.set_ylim(0, 100)
    axes.set_xlabel("days from model to production, logarithmic")
    axes.set_ylabel("share done by then (%)")
    axes.legend(loc="upper left")
    return drawn, data.iloc[::10].reset_index(drop=True)
