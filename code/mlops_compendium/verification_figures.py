"""Figure of the verification chapter; conventions as in `figures`."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from .figures import BLUE, GREY, INK, SKY, _figure, _horizontal
from .load import Table
from .simulation.verification import Result


def label(result: Result) -> str:
    """Short name of a case."""
    return result.id.replace("_", " ")


def ratios(results: Table[Result]) -> tuple[Figure, pd.DataFrame]:
    """Simulated value over theory, with its own and the joint interval, and the cap behind."""
    rows = list(results)
    drawn, axes = _figure(height=0.2 * len(rows) + 1.3)
    bars = (
        ("cap on the half-width", GREY, 7, lambda r: (1 - r.cap, 1 + r.cap)),
        ("interval for all cases together", SKY, 1.5, lambda r: (r.joint_low, r.joint_high)),
        ("interval of the case alone", BLUE, 3, lambda r: (r.low, r.high)),
    )
    for name, colour, width, ends in bars:
        for row, r in enumerate(rows):
            scale = 1 if colour == GREY else r.theory
            axes.plot([end / scale for end in ends(r)], [row, row], color=colour, linewidth=width,
                      solid_capstyle="butt", label=None if row else name)  # fmt: skip
    for row, r in enumerate(rows):
        axes.plot(r.simulated / r.theory, row, "o" if r.passed == "yes" else "X", color=INK,
                  markersize=4, label=None if row else "simulated")  # fmt: skip
    axes.axvline(1, color=INK, linewidth=1)
    _horizontal(axes, [label(r) for r in rows])
    axes.tick_params(axis="y", labelsize=8.5)
    axes.set_xlabel("simulated value over theory")
    axes.legend(ncols=2, loc="lower center", bbox_to_anchor=(0.35, 1))
    columns = ("theory", "simulated", "low", "high", "joint_low", "joint_high", "cap")
    data = pd.DataFrame({c: [getattr(r, c) for r in rows] for c in columns})
    return drawn, data.assign(case=[label(r) for r in rows])
