"""Discrete-event simulation of the machine-learning lifecycle.

The core needs the standard library and SimPy only, so that the same files run in a browser:
``draws`` (addressed random numbers) -> ``parameters`` -> ``pools`` and ``measures`` -> ``model``
(one replication) -> ``kpis``. Around it, with pandas and scipy: ``inputs`` (the data files),
``experiment`` (many replications), ``analysis`` (intervals and contrasts), ``queueing`` (theory),
``reductions`` (lifecycles that are queues) and ``verification`` (theory against the engine).
"""
