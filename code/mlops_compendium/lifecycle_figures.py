"""Figures of the simulation chapters: each function returns the figure and the data it shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from matplotlib.ticker import PercentFormatter

from . import outcomes
from .figures import BLUE, GREEN, GREY, INK, ORANGE, SKY, VERMILION
from .simulation import traces
from .simulation.inputs import inputs
from .simulation.log import Event
from .simulation.model import POOLS, ROUTE, Run

COLOURS = {"A": VERMILION, "B": ORANGE, "C": BLUE, "A_plus": "#CC79A7", "C_plus": GREEN}
MARKERS = {"A": "s", "B": "D", "C": "o", "A_plus": "^", "C_plus": "v"}
STYLES = {"A": "-", "B": "--", "C": ":"}


def readable(identifier: str) -> str:
    """An identifier for readers: ``A_plus`` as ``A+``, underscores as spaces."""
    return identifier.replace("_plus", "+").replace("_", " ")


def lifecycle(route: Mapping[str, Mapping[str, str]] = ROUTE) -> tuple[Figure, pd.DataFrame]:
    """Stages of the route and every step between them, as the engine has them."""
    names = [*route, "live"]
    heights = {name: -float(place) for place, name in enumerate(names)}
    # "live" is where the route ends; it stands beside "impaired", the other end of a deployment.
    heights["live"] = heights["impaired"]
    across = dict.fromkeys(names, 0.0) | {"live": -2.6}
    drawn = Figure(figsize=(7, 8))
    axes = drawn.add_subplot()
    axes.set_axis_off()
    for name in names:
        staff = POOLS.get(name, "")
        box = FancyBboxPatch(
            (across[name] - 0.95, heights[name] - 0.28),
            1.9,
            0.56,
            boxstyle="round,pad=0.02",
            facecolor="#DCEBF5" if staff else "white",
            edgecolor=VERMILION if name == "impaired" else GREEN if name == "live" else INK,
            linewidth=1.6,
        )
        axes.add_patch(box)
        axes.text(across[name], heights[name], name, ha="center", va="center", fontsize=12)
        if staff:
            axes.text(-1.1, heights[name], readable(staff), ha="right", va="center", fontsize=10)
    edges = [(a, b, outcome) for a, steps in route.items() for outcome, b in steps.items()]
    for start, end, outcome in edges:
        _edge(axes, (across[start], heights[start]), (across[end], heights[end]), outcome)
    axes.set_xlim(-4.1, 3.4)
    axes.set_ylim(min(heights.values()) - 0.6, 0.6)
    return drawn, pd.DataFrame(edges, columns=["from", "to", "outcome"])


def _edge(axes: Axes, start: tuple, end: tuple, outcome: str) -> None:
    """Arrow between two boxes: straight on, sideways, or back on the right."""
    arrow = {"arrowstyle": "-|>", "mutation_scale": 14, "linewidth": 1.4, "color": INK}
    if end[1] > start[1]:
        length = end[1] - start[1]
        bend = 0.3 + 0.03 * length
        corner = {"connectionstyle": f"arc3,rad={bend}"}
        patch = FancyArrowPatch((0.97, start[1]), (0.97, end[1]), **arrow, **corner)
        middle, where = (1.05 + 0.375 * bend * length, start[1] + length / 4), "left"
    elif end[0] != start[0]:
        patch = FancyArrowPatch((-0.6, start[1] - 0.3), (end[0] + 0.4, end[1] + 0.3), **arrow)
        middle, where = (end[0] / 2, end[1] + 0.2), "center"
    else:
        patch = FancyArrowPatch((0, start[1] - 0.3), (0, end[1] + 0.3), **arrow)
        middle, where = (0.12, (start[1] + end[1]) / 2), "left"
    axes.add_patch(patch)
    axes.text(*middle, outcome, ha=where, va="center", fontsize=9.5, style="italic")


def one_change(logs: Mapping[str, Sequence[Event]], case: str) -> tuple[Figure, pd.DataFrame]:
    """The way of one change through the stages, in several scenarios one under the other."""
    drawn = Figure(figsize=(8, 2.3 * len(logs)))
    panels = drawn.subplots(len(logs), 1, sharex=True, squeeze=False)[:, 0]
    stages = list(ROUTE)
    rows = []
    for axes, (name, events) in zip(panels, logs.items(), strict=True):
        found = traces.spans(events, case)
        for span in found:
            start, length = span.start - found[0].start, span.end - span.start
            axes.barh(
                stages.index(span.stage),
                length,
                left=start,
                height=0.75,
                color="white" if span.waiting else COLOURS[name],
                edgecolor=COLOURS[name],
                hatch="////" if span.waiting else None,
                linewidth=0.8,
            )
            rows.append((name, span.stage, round(start, 3), round(length, 3), span.waiting))
        axes.set_yticks(range(len(stages)), stages)
        axes.set_ylim(len(stages) - 0.4, -0.6)
        axes.grid(axis="y", visible=False)
        axes.tick_params(axis="y", labelsize=9)
        axes.set_title(f"Scenario {readable(name)}: live after {traces.days(found):.0f} days")
    panels[-1].set_xlabel("Days since the request")
    return drawn, pd.DataFrame(rows, columns=["scenario", "stage", "start", "days", "waiting"])


def over_time(
    logs: Mapping[str, Sequence[Event]], run: Run, what: str
) -> tuple[Figure, pd.DataFrame]:
    """A level over time in one replication of each scenario, smoothed over four weeks.

    Parameters
    ----------
    logs : mapping
        Event log of each scenario.
    run : Run
        Length of the replications.
    what : {"skill", "utilisation"}
        Mean skill of the models, or the share of data scientists and nodes in use.
    """
    organisations = inputs().organisations
    resources = {"data_scientists": "Data scientists", "ops_engineers": "Ops engineers"}
    titles = {"skill": "Skill above chance"} if what == "skill" else resources
    drawn = Figure(figsize=(8, 3.6 if what == "skill" else 5.6))
    panels = drawn.subplots(len(titles), 1, sharex=True, squeeze=False)[:, 0]
    data = {}
    for axes, (key, title) in zip(panels, titles.items(), strict=True):
        for name, events in logs.items():
            p = organisations[name]
            series = (
                traces.skill(events, p, run)
                if key == "skill"
                else traces.busy(events, key, run) / getattr(p, key)
            )
            series = traces.smoothed(series)
            data[f"{key} {name}"] = series
            axes.plot(series, color=COLOURS[name], linestyle=STYLES[name], label=f"{name}")
        axes.axvspan(0, run.warm_up, color=GREY, alpha=0.3, linewidth=0)
        axes.set_title(title)
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        axes.set_ylim(0.5 if key == "skill" else 0, 1.02)
        axes.set_xlim(0, run.end)
    corner = "lower right" if what == "skill" else "upper right"
    panels[-1].legend(title="Scenario", ncols=len(logs), loc=corner)
    panels[-1].set_xlabel("Days since the start; shaded: warm-up, not measured")
    return drawn, pd.DataFrame(data).iloc[::28]


def warm_up(
    series: Mapping[str, Mapping[str, np.ndarray]], run: Run
) -> tuple[Figure, pd.DataFrame]:
    """Changes in progress and skill from the empty start, averaged over replications.

    Parameters
    ----------
    series : mapping
        For each scenario the daily means ``in_progress`` and ``skill``.
    run : Run
        Length of the replications.
    """
    drawn = Figure(figsize=(8, 5.6))
    panels = drawn.subplots(2, 1, sharex=True)
    data = {}
    titles = {"in_progress": "Changes in progress", "skill": "Skill above chance"}
    for axes, (key, title) in zip(panels, titles.items(), strict=True):
        for name, levels in series.items():
            line = traces.smoothed(levels[key], 56)
            data[f"{key} {name}"] = line
            axes.plot(line, color=COLOURS[name], linestyle=STYLES[name], label=name)
        axes.axvspan(0, run.warm_up, color=GREY, alpha=0.3, linewidth=0)
        axes.set_title(title)
        axes.set_xlim(0, run.end)
    panels[0].set_ylim(0)
    panels[1].yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    panels[0].legend(title="Scenario", ncols=len(series), loc="lower right")
    panels[1].set_xlabel("Days since the start; shaded: warm-up, not measured")
    return drawn, pd.DataFrame(data).iloc[::28]


HEADLINE = (
    "lead_time_mean",
    "lead_time_p95",
    "change_failure_rate",
    "time_to_restore_mean",
    "accuracy",
    "degraded_share",
    "utilisation_data_scientists",
    "cost_per_change",
)


def scenarios(
    names: Sequence[str] = ("A", "B", "C"), indicators: Sequence[str] = HEADLINE
) -> tuple[Figure, pd.DataFrame]:
    """Every replication and the mean with its interval, for the headline indicators."""
    drawn = Figure(figsize=(8, 1.9 * ((len(indicators) + 1) // 2)))
    panels = drawn.subplots((len(indicators) + 1) // 2, 2).ravel()
    rows = []
    for axes, key in zip(panels, indicators, strict=False):
        kpi = outcomes.BY_NAME[key]
        for place, name in enumerate(names):
            values = outcomes.indicator(name, key).to_numpy()
            estimate = outcomes.mean(name, key)
            jitter = np.linspace(-0.28, 0.28, len(values))
            axes.plot(values, place + jitter, ".", color=GREY, markersize=3, zorder=1)
            axes.errorbar(
                estimate.value,
                place,
                xerr=[[estimate.value - estimate.low], [estimate.high - estimate.value]],
                fmt=MARKERS[name],
                color=COLOURS[name],
                markersize=7,
                capsize=4,
                zorder=2,
            )
            rows.append((key, name, estimate.value, estimate.low, estimate.high))
        axes.set_yticks(range(len(names)), [readable(name) for name in names])
        axes.set_ylim(len(names) - 0.5, -0.5)
        axes.grid(axis="y", visible=False)
        axes.set_title(kpi.label + (f" ({kpi.unit})" if kpi.unit else ""), fontsize=10.5)
        if not kpi.unit:
            axes.xaxis.set_major_formatter(PercentFormatter(1.0))
        axes.tick_params(labelsize=9)
    for axes in panels[len(indicators) :]:
        axes.set_axis_off()
    return drawn, pd.DataFrame(rows, columns=["indicator", "scenario", "mean", "low", "high"])


RELATIVE = (
    "lead_time_mean",
    "lead_time_p95",
    "retraining_time_mean",
    "deployment_frequency",
    "throughput",
    "degraded_share",
    "rework_share",
    "change_failure_rate",
    "time_to_restore_mean",
    "cost_per_change",
)


def changes(indicators: Sequence[str] = RELATIVE) -> tuple[Figure, pd.DataFrame]:
    """Relative change of headline indicators from A to B and from B to C, with intervals."""
    pairs = (("A", "B"), ("B", "C"))
    drawn = Figure(figsize=(8, 5.4))
    axes = drawn.add_subplot()
    rows = []
    for shift, pair in zip((-0.17, 0.17), pairs, strict=True):
        for place, key in enumerate(indicators):
            estimate = outcomes.change(*pair, key)
            axes.errorbar(
                estimate.value,
                place + shift,
                xerr=[[estimate.value - estimate.low], [estimate.high - estimate.value]],
                fmt="s" if pair[0] == "A" else "o",
                color=VERMILION if pair[0] == "A" else BLUE,
                capsize=3,
                label=f"{pair[0]} to {pair[1]}" if not place else None,
            )
            rows.append((*pair, key, estimate.value, estimate.low, estimate.high))
    axes.axvline(0, color=INK, linewidth=1)
    axes.set_yticks(range(len(indicators)), [outcomes.BY_NAME[key].label for key in indicators])
    axes.set_ylim(len(indicators) - 0.5, -0.5)
    axes.grid(axis="y", visible=False)
    axes.xaxis.set_major_formatter(PercentFormatter(decimals=0))
    axes.set_xlabel("Change of the mean")
    axes.legend(title="From scenario to scenario", loc="lower right")
    return drawn, pd.DataFrame(rows, columns=["first", "second", "kpi", "change", "low", "high"])


def bands(table: pd.DataFrame) -> tuple[Figure, pd.DataFrame]:
    """Simulated means in days beside outside bands, on a logarithmic scale.

    Parameters
    ----------
    table : DataFrame
        As `outcomes.against_bands` returns it.
    """
    times = ("lead_time_mean", "deployment_interval", "time_to_restore_mean")
    rows = table[table["kpi"].isin(times) & table["number"].str.startswith("dora")]
    labels = {
        "lead_time_mean": "lead time",
        "deployment_interval": "between deployments",
        "time_to_restore_mean": "time to restore",
    }
    drawn = Figure(figsize=(8, 4.6))
    axes = drawn.add_subplot()
    floor, ceiling = 0.01, 400.0
    rows = rows.sort_values("kpi", key=lambda c: c.map(times.index), kind="stable")
    for place, row in enumerate(rows.itertuples()):
        low, high = max(row.low, floor), min(row.high, ceiling)
        axes.barh(place, high - low, left=low, height=0.6, color=SKY, alpha=0.55)
        axes.plot(
            row.estimate.value,
            place,
            MARKERS[row.scenario],
            color=COLOURS[row.scenario],
            markersize=8,
            markerfacecolor="white" if row.anchored else COLOURS[row.scenario],
            markeredgewidth=2,
        )
    axes.set_xscale("log")
    axes.set_xlim(floor, ceiling)
    axes.set_yticks(range(len(rows)), [f"{r.scenario}: {labels[r.kpi]}" for r in rows.itertuples()])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.grid(axis="y", visible=False)
    axes.set_xlabel("Days, logarithmic")
    shown = rows.assign(mean=[e.value for e in rows["estimate"]])
    return drawn, shown[["scenario", "kpi", "mean", "low", "high", "place", "anchored"]]
