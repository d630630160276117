"""Executable compendium on "Implementing MLOps for Scalable AI Deployments".

One way through: ``load`` (typed data) -> ``survey``, ``uncertainty``, ``literature`` (pure
functions) -> ``figures`` and ``tables`` -> chapters, which print through ``bind`` and ``show`` ->
``ledger`` (every claim, recomputed).
"""

__version__ = "0.1.0"
