"""Figures of the book: each function returns the figure and the data it shows.

`show.figure` calls them inside the book's style. Colours come from the Okabe-Ito palette; nothing
is told by colour alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from types import SimpleNamespace

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from . import implications, survey, uncertainty
from .load import (
    RESPONSES,
    VERDICTS,
    Artefact,
    Challenge,
    CloudAspect,
    CultureAspect,
    LikertItem,
    MonitoringTool,
    ReviewedWork,
    Table,
)

BLUE, SKY, GREY, ORANGE, VERMILION = "#0072B2", "#56B4E9", "#BBBBBB", "#E69F00", "#D55E00"
GREEN, PURPLE, INK = "#009E73", "#CC79A7", "#222222"
RESPONSE_COLOURS = dict(zip(RESPONSES, (BLUE, SKY, GREY, ORANGE, VERMILION), strict=True))
VERDICT_COLOURS = dict(zip(VERDICTS, (GREEN, ORANGE, VERMILION, GREY), strict=True))
PERCENT = PercentFormatter(decimals=0)


def _figure(width: float = 8, height: float = 4.2) -> tuple[Figure, Axes]:
    drawn = Figure(figsize=(width, height))
    return drawn, drawn.add_subplot()


def _horizontal(axes: Axes, labels: Sequence[str]) -> None:
    """Label the rows of a horizontal chart, first row on top, grid along the values only."""
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.45, -0.55)
    axes.grid(axis="y", visible=False)
    axes.tick_params(axis="y", length=0)


def verdicts(ledger: pd.DataFrame) -> tuple[Figure, pd.DataFrame]:
    """Number of the paper's statements by kind and verdict."""
    rows = ledger[ledger["origin"] == "paper"]
    kinds = ["table", "derived", "restatement", "aggregate", "method", "qualitative"]
    data = pd.crosstab(rows["kind"], rows["verdict"]).reindex(
        index=kinds, columns=list(VERDICTS), fill_value=0
    )
    drawn, axes = _figure(height=4)
    left = np.zeros(len(data))
    for verdict in VERDICTS:
        counts = data[verdict].to_numpy()
        axes.barh(range(len(data)), counts, left=left, color=VERDICT_COLOURS[verdict],
                  edgecolor="white", label=verdict)  # fmt: skip
        for row, (start, count) in enumerate(zip(left, counts, strict=True)):
            if count:
                axes.text(start + count / 2, row, f"{count}", ha="center", va="center", color=INK)
        left = left + counts
    _horizontal(axes, kinds)
    axes.set_xlabel("statements")
    axes.legend(ncols=4, loc="lower center", bbox_to_anchor=(0.45, 1))
    return drawn, data.reset_index()


def likert(items: Table[LikertItem]) -> tuple[Figure, pd.DataFrame]:
    """Diverging stacked bars of the five responses, centred on neutral (heiberger2014)."""
    ordered = sorted(items, key=survey.mean_score, reverse=True)
    drawn, axes = _figure(height=3.9)
    for row, item in enumerate(ordered):
        left = -(item.shares[2] / 2 + item.shares[3] + item.shares[4])
        for response, share in reversed(list(zip(RESPONSES, item.shares, strict=True))):
            axes.barh(row, share, left=left, color=RESPONSE_COLOURS[response], edgecolor="white",
                      label=response.replace("_", " ") if row == 0 else None)  # fmt: skip
            if share >= 4:
                white = response in ("strongly_agree", "strongly_disagree")
                axes.text(left + share / 2, row, f"{share:g}", ha="center", va="center",
                          color="white" if white else INK)  # fmt: skip
            left += share
    axes.axvline(0, color=INK, linewidth=1)
    _horizontal(axes, [item.label for item in ordered])
    axes.set_xlabel("share of respondents, left and right of neutral (%)")
    axes.xaxis.set_major_formatter(lambda value, _: f"{abs(value):g}")
    axes.legend(ncols=5, loc="lower center", bbox_to_anchor=(0.36, 1), columnspacing=1)
    data = pd.DataFrame({item.label: item.shares for item in ordered}, index=list(RESPONSES)).T
    return drawn, data.reset_index(names="practice")


def agreement_rules(items: Table[LikertItem]) -> tuple[Figure, pd.DataFrame]:
    """Share of each practice under two aggregation rules: strongly agree, and all who agree."""
    ordered = sorted(items, key=survey.top_two_box, reverse=True)
    strong = [survey.strongly_agree(item) for item in ordered]
    both = [survey.top_two_box(item) for item in ordered]
    drawn, axes = _figure(height=3.4)
    rows = range(len(ordered))
    axes.hlines(rows, strong, both, color=GREY, linewidth=3)
    axes.plot(strong, rows, "o", color=BLUE, markersize=10, label="strongly agree")
    axes.plot(both, rows, "D", color=VERMILION, markersize=9, label="agree or strongly agree")
    for row, (low, high) in enumerate(zip(strong, both, strict=True)):
        axes.text(low - 1.6, row, f"{low:g}", ha="right", va="center")
        axes.text(high + 1.6, row, f"{high:g}", ha="left", va="center")
    _horizontal(axes, [item.label for item in ordered])
    axes.set_xlim(0, 100)
    axes.set_xlabel("share of respondents (%)")
    axes.legend(ncols=2, loc="lower center", bbox_to_anchor=(0.4, 1))
    data = {"practice": [item.label for item in ordered], "strongly agree": strong, "agree": both}
    return drawn, pd.DataFrame(data)


def ranked_challenges(challenges: Table[Challenge]) -> tuple[Figure, pd.DataFrame]:
    """Challenges from the most to the least frequent."""
    ordered = sorted(challenges, key=lambda challenge: challenge.percent, reverse=True)
    shares = [challenge.percent for challenge in ordered]
    drawn, axes = _figure(height=3.2)
    axes.barh(range(len(ordered)), shares, color=BLUE, height=0.65)
    for row, share in enumerate(shares):
        axes.text(share - 1.5, row, f"{share:g}", ha="right", va="center", color="white")
    _horizontal(axes, [challenge.label for challenge in ordered])
    axes.set_xlim(0, 100)
    axes.set_xlabel("share of respondents who face the challenge (%); several answers possible")
    return drawn, pd.DataFrame({"challenge": [c.label for c in ordered], "percent": shares})


def _spread(values: list[float], gap: float) -> list[float]:
    """Move label heights apart so that neighbours keep a gap, order kept."""
    order = sorted(range(len(values)), key=values.__getitem__)
    placed = [0.0] * len(values)
    last = -np.inf
    for index in order:
        last = placed[index] = max(values[index], last + gap)
    return placed


def cloud_slopes(aspects: Table[CloudAspect]) -> tuple[Figure, pd.DataFrame]:
    """Slopes from before to after, beside the relative improvement over the starting level."""
    rows = list(aspects)
    colours = dict(
        zip([row.id for row in rows], (VERMILION, BLUE, GREEN, PURPLE, "#B07800"), strict=True)
    )
    drawn = Figure(figsize=(8, 4.6))
    slopes, relative = drawn.subplots(1, 2, width_ratios=(1.6, 1))
    heights = _spread([row.after for row in rows], 4)
    for row, height in zip(rows, heights, strict=True):
        slopes.plot([0, 1], [row.before, row.after], marker="o", color=colours[row.id])
        slopes.text(-0.05, row.before, f"{row.before:g}", ha="right", va="center", fontsize=10)
        slopes.text(1.05, height, f"{row.after:g}  {row.label}", va="center", fontsize=9.5,
                    color=colours[row.id])  # fmt: skip
    slopes.set_xlim(-0.25, 2.5)
    slopes.set_xticks([0, 1], ["before", "after"])
    slopes.set_ylabel("level stated (%, base not given)")
    slopes.set_ylim(0, 85)
    slopes.set_title("Levels")
    for row in rows:
        relative.plot(row.before, survey.relative_change(row), "o", color=colours[row.id], ms=9)
    _, gain = implications.equal_gains(rows)
    levels = np.linspace(18, 42, 50)
    relative.plot(levels, 100 * gain / levels, color=GREY, linestyle="--", zorder=0)
    relative.text(26.5, 100 * gain / 25, f"{gain} points gained", fontsize=9.5)
    relative.set_xlabel("level before (%)")
    relative.set_ylabel("improvement (% of before)")
    relative.set_title("Relative improvement")
    data = pd.DataFrame(
        {
            "aspect": [row.label for row in rows],
            "before": [row.before for row in rows],
            "after": [row.after for row in rows],
            "relative": [survey.relative_change(row) for row in rows],
            "points": [survey.point_change(row) for row in rows],
        }
    )
    return drawn, data


def tools(records: Table[MonitoringTool]) -> tuple[Figure, pd.DataFrame]:
    """Rating of each monitoring tool over its use; the marker tells how often it is used."""
    drawn, axes = _figure(height=4)
    for frequency, marker, colour in (("daily", "o", BLUE), ("weekly", "s", VERMILION)):
        group = [record for record in records if record.frequency == frequency]
        axes.plot([r.use for r in group], [r.rating for r in group], marker, color=colour, ms=11,
                  linestyle="none", label=f"used {frequency}")  # fmt: skip
    for record in records:
        axes.annotate(record.label, (record.use, record.rating), xytext=(0, 10),
                      textcoords="offset points", ha="center", fontsize=9.5)  # fmt: skip
    axes.set_xlim(42, 78)
    axes.set_ylim(3.85, 4.7)
    axes.set_xlabel("share of organisations using the tool (%)")
    axes.set_ylabel("mean rating (1 to 5)")
    axes.legend(loc="upper left")
    data = pd.DataFrame([record.model_dump(exclude={"id"}) for record in records])
    return drawn, data


def culture_profile(aspects: Table[CultureAspect]) -> tuple[Figure, pd.DataFrame]:
    """Profile of the aspects of culture, from the most to the least agreed with."""
    ordered = sorted(aspects, key=lambda aspect: aspect.percent, reverse=True)
    shares = [aspect.percent for aspect in ordered]
    drawn, axes = _figure(height=3.2)
    rows = range(len(ordered))
    axes.hlines(rows, 0, shares, color=SKY, linewidth=3)
    axes.plot(shares, rows, "o", color=BLUE, markersize=11)
    for row, share in enumerate(shares):
        axes.text(share + 2, row, f"{share:g}", va="center")
    _horizontal(axes, [aspect.label for aspect in ordered])
    axes.set_xlim(0, 100)
    axes.set_xlabel("share agreeing (%)")
    return drawn, pd.DataFrame({"aspect": [a.label for a in ordered], "percent": shares})


def themes_over_years(works: Table[ReviewedWork]) -> tuple[Figure, pd.DataFrame]:
    """Works of the compiled table by theme and year, over the whole window claimed."""
    data = pd.DataFrame(
        [(theme, work.year) for work in works for theme in work.themes], columns=["theme", "year"]
    )
    themes = sorted(data["theme"].unique(), key=lambda theme: -int((data["theme"] == theme).sum()))
    counts = data.value_counts(["theme", "year"]).reset_index(name="works")
    drawn, axes = _figure(height=4)
    for _, cell in counts.iterrows():
        row = themes.index(cell["theme"])
        axes.plot(cell["year"], row, "o", ms=16 + 6 * (cell["works"] - 1), color=BLUE)
        axes.text(cell["year"], row, f"{cell['works']}", ha="center", va="center", color="white")
    axes.axvspan(2014.5, 2015.5, color="#F0F0F0", zorder=0)
    axes.text(2015, -0.75, "no work", ha="center", fontsize=9.5, color="#555555")
    axes.set_xlim(2014.5, 2019.6)
    axes.set_xticks(range(2015, 2020))
    _horizontal(axes, themes)
    axes.set_ylim(len(themes) - 0.5, -1)
    axes.set_xlabel("year given for the work; a work may have several themes")
    return drawn, counts.sort_values(["theme", "year"], ignore_index=True)


def artefacts_found(artefacts: Iterable[Artefact]) -> tuple[Figure, pd.DataFrame]:
    """How many of the things that each method leaves behind the text contains."""
    rows = list(artefacts)
    methods = list(dict.fromkeys(row.method for row in rows))
    data = pd.DataFrame(
        {
            "method": methods,
            "in the text": [
                sum(r.present == "yes" for r in rows if r.method == m) for m in methods
            ],
            "not in the text": [
                sum(r.present == "no" for r in rows if r.method == m) for m in methods
            ],
        }
    )
    drawn, axes = _figure(height=3.2)
    for row, method in enumerate(methods):
        own = sorted((r for r in rows if r.method == method), key=lambda r: r.present, reverse=True)
        for column, artefact in enumerate(own):
            found = artefact.present == "yes"
            axes.plot(column, row, "s", ms=17, markerfacecolor=GREEN if found else "white",
                      markeredgecolor=GREEN if found else "#888888")  # fmt: skip
            if found:
                axes.text(column, row, "✓", ha="center", va="center", color="white")
    _horizontal(axes, methods)
    axes.set_ylim(len(methods) - 0.4, -0.6)
    axes.set_xlim(-0.6, max(data["in the text"] + data["not in the text"]) - 0.4)
    axes.set_xticks([])
    axes.grid(visible=False)
    axes.spines[["bottom", "left"]].set_visible(False)
    axes.set_xlabel("filled: the text contains it; empty: it does not")
    return drawn, data


def size_fits(paper: SimpleNamespace, largest: int) -> tuple[Figure, pd.DataFrame]:
    """Sample sizes that can give the printed percentages, table by table."""
    tests = uncertainty.table_tests(paper, halves="up")
    tests["all on one sample"] = [test for group in tests.values() for test in group]
    fits = {name: uncertainty.compatible_sizes(group, largest) for name, group in tests.items()}
    drawn, axes = _figure(height=3.2)
    for row, (name, sizes) in enumerate(fits.items()):
        colour = VERMILION if name.startswith("all") else BLUE
        axes.vlines(sizes, row - 0.36, row + 0.36, color=colour, linewidth=max(0.7, 320 / largest))
    _horizontal(axes, list(fits))
    axes.grid(visible=False)
    axes.set_xlim(0, largest + 1)
    axes.set_xlabel("number of respondents n; a stroke where the printed numbers are possible")
    data = pd.DataFrame(
        [(name, n) for name, sizes in fits.items() for n in sizes], columns=["table", "n"]
    )
    return drawn, data


def intervals_by_size(
    records: Sequence[Challenge], sizes: Sequence[int], confidence: float
) -> tuple[Figure, pd.DataFrame]:
    """Wilson intervals of shares over an assumed sample size."""
    drawn, axes = _figure(height=4)
    grid = np.geomspace(min(sizes), max(sizes), 120)
    rows = []
    colours = (BLUE, VERMILION, GREEN)
    for record, colour in zip(records, colours, strict=False):
        bounds = np.array([uncertainty.wilson(record.percent, n, confidence) for n in grid])
        axes.fill_between(grid, bounds[:, 0], bounds[:, 1], color=colour, alpha=0.22)
        axes.plot(grid, bounds, color=colour, linewidth=1.2)
        axes.axhline(record.percent, color=colour, linestyle="--", linewidth=1.2)
        axes.annotate(f"{record.label} ({record.percent:g} %)", (max(sizes), record.percent),
                      xytext=(6, 0), textcoords="offset points", va="center", color=colour,
                      fontsize=9.5, annotation_clip=False)  # fmt: skip
        rows += [
            (record.label, n, *uncertainty.wilson(record.percent, n, confidence)) for n in sizes
        ]
    axes.set_xscale("log")
    axes.set_xticks(list(sizes), [f"{n}" for n in sizes])
    axes.minorticks_off()
    axes.set_xlim(min(sizes), max(sizes))
    axes.set_xlabel("assumed number of respondents n")
    axes.set_ylabel(f"{100 * confidence:g} % interval of the share (%)")
    return drawn, pd.DataFrame(rows, columns=["challenge", "n", "low", "high"])


def likert_intervals(
    items: Table[LikertItem], sizes: Sequence[int], confidence: float
) -> tuple[Figure, pd.DataFrame]:
    """Simultaneous Goodman intervals of the strongest response for some assumed sample sizes."""
    ordered = sorted(items, key=survey.strongly_agree, reverse=True)
    drawn, axes = _figure(height=3.8)
    rows = []
    colours = (VERMILION, BLUE, GREEN)
    for position, (n, colour) in enumerate(zip(sizes, colours, strict=True)):
        for row, item in enumerate(ordered):
            low, high = uncertainty.goodman(item.shares, n, confidence)[0]
            height = row + (position - 1) * 0.22
            axes.plot([low, high], [height, height], color=colour, linewidth=3,
                      label=f"n = {n}" if row == 0 else None)  # fmt: skip
            axes.plot(item.shares[0], height, "o", color=INK, ms=4)
            rows.append((item.label, n, low, high))
    _horizontal(axes, [item.label for item in ordered])
    axes.set_xlim(0, 100)
    axes.set_xlabel(
        f"share that strongly agrees (%), with simultaneous {100 * confidence:g} % intervals"
    )
    axes.legend(ncols=3, loc="lower center", bbox_to_anchor=(0.4, 1))
    return drawn, pd.DataFrame(rows, columns=["practice", "n", "low", "high"])


def sizes_to_separate(
    separations: pd.DataFrame, labels: dict[str, str]
) -> tuple[Figure, pd.DataFrame]:
    """Number of respondents that each neighbouring pair of a ranking needs, best to worst case."""
    drawn, axes = _figure(height=0.62 * len(separations) + 1.4)
    names = []
    labelled = False
    for row, pair in enumerate(separations.itertuples()):
        names.append(f"{labels[pair.higher]}\nabove {labels[pair.lower]}")
        if not np.isfinite(pair.best):
            axes.text(11, row, "tied: no number of respondents separates them", va="center")
            continue
        axes.plot([pair.best, pair.worst], [row, row], color=GREY, linewidth=5)
        axes.plot(pair.best, row, "o", color=GREEN, ms=9, label=None if labelled else "most alike")
        axes.plot(pair.independent, row, "D", color=BLUE, ms=8,
                  label=None if labelled else "independent")  # fmt: skip
        axes.plot(pair.worst, row, "s", color=VERMILION, ms=8,
                  label=None if labelled else "most opposed")  # fmt: skip
        labelled = True
    axes.set_xscale("log")
    axes.set_xlim(10, 20000)
    axes.set_xticks([10, 100, 1000, 10000], ["10", "100", "1,000", "10,000"])
    _horizontal(axes, names)
    axes.set_xlabel("respondents needed to tell the two apart")
    axes.legend(ncols=3, loc="lower center", bbox_to_anchor=(0.4, 1))
    data = separations.assign(
        higher=separations["higher"].map(labels), lower=separations["lower"].map(labels)
    )
    return drawn, data


def association_bounds(bounds: pd.DataFrame, labels: dict[str, str]) -> tuple[Figure, pd.DataFrame]:
    """Lowest and highest possible correlation of each pair of items."""
    drawn, axes = _figure(height=0.42 * len(bounds) + 1.1)
    for row, pair in enumerate(bounds.itertuples()):
        axes.plot([pair.low, pair.high], [row, row], color=BLUE, linewidth=6, solid_capstyle="butt")
        axes.text(pair.low - 0.03, row, f"{pair.low:.2f}", ha="right", va="center", fontsize=9.5)
        axes.text(pair.high + 0.03, row, f"{pair.high:.2f}", va="center", fontsize=9.5)
    axes.axvline(0, color=INK, linewidth=1)
    axes.set_xlim(-1.25, 1.3)
    axes.set_xticks([-1, -0.5, 0, 0.5, 1])
    _horizontal(axes, [f"{labels[p.first]} / {labels[p.second]}" for p in bounds.itertuples()])
    axes.set_xlabel("possible correlation")
    data = bounds.assign(first=bounds["first"].map(labels), second=bounds["second"].map(labels))
    return drawn, data


def last_digits(values: Sequence[float]) -> tuple[Figure, pd.DataFrame]:
    """How often each last digit occurs among whole percentages, beside an even spread."""
    digits = pd.Series([int(value) % 10 for value in values])
    counts = digits.value_counts().reindex(range(10), fill_value=0)
    drawn, axes = _figure(height=3.2)
    colours = [BLUE if digit % 5 == 0 else GREY for digit in range(10)]
    axes.bar(range(10), counts, color=colours)
    for digit, count in counts.items():
        axes.text(digit, count + 0.4, f"{count}", ha="center")
    even = len(values) / 10
    axes.axhline(even, color=VERMILION, linestyle="--", linewidth=1.5)
    axes.text(8.9, even + 0.5, "even spread", ha="right", color=VERMILION)
    axes.set_xticks(range(10))
    axes.grid(axis="x", visible=False)
    axes.set_xlabel("last digit of a printed percentage")
    axes.set_ylabel("how often")
    return drawn, pd.DataFrame({"digit": range(10), "count": counts.to_numpy()})
