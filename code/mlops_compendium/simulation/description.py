"""The model in words and formulas, for its chapter; tests hold it against the engine."""

from __future__ import annotations

STAGES = {
    "access": ("Waits for data held elsewhere", r"delay of mean $d_\mathrm{access}$"),
    "preparation": (
        "A data scientist prepares the data",
        r"effort of mean $w_\mathrm{prep}$, in later rounds times the rework share $\rho$",
    ),
    "training": (
        "Runs on a node until one succeeds; a data scientist tunes beside them; over when both are",
        r"run of mean $t_\mathrm{run}$, a failing one $\varphi t_\mathrm{run}$; "
        r"tuning of mean $w_\mathrm{tune}$, in later rounds times $\rho$",
    ),
    "validation": (
        "A pipeline, then a review by a data scientist; a defect is found with probability $s$",
        r"pipeline $p_\mathrm{val}$; effort of mean $w_\mathrm{val}$",
    ),
    "handoff": ("Waits until operations takes it over", r"delay of mean $d_\mathrm{handoff}$"),
    "window": (
        "Waits for the next multiple of the release interval",
        r"$-t \bmod I$ at time $t$; nothing if $I = 0$; who came first goes first",
    ),
    "deployment": (
        "An operations engineer deploys, then a pipeline; a defect that escaped or a slip of the "
        "hand makes it fail",
        r"effort of mean $w_\mathrm{dep}$; pipeline $p_\mathrm{dep}$",
    ),
    "impaired": (
        "A failed change impairs its model until it is noticed and rolled back",
        r"noticed on the model's calendar of $T_\mathrm{inc}$ with power $\pi_\mathrm{inc}$; "
        r"delay of mean $d_\mathrm{restore}$",
    ),
}
"""What happens in each stage, and how long it takes."""

ADDRESSES = {
    "request": ("feature", "always 0", "time to this request since the one before"),
    "model": ("feature", "always 0", "model that it changes: the whole part of $uM$"),
    "access": ("change", "always 0", "delay of access"),
    "preparation": ("change", "round", "effort of preparation"),
    "tuning": ("change", "round", "effort of tuning"),
    "training": ("change", "training run", "duration of the run"),
    "run-failure": ("change", "training run", "it fails if $u < f$"),
    "defect": ("change", "round", "the candidate is defective if $u < \\delta$"),
    "validation": ("change", "round", "effort of the review"),
    "finding": ("change", "round", "a defect is found if $u < s$"),
    "handoff": ("change", "round", "delay of the hand-off"),
    "deployment": ("change", "round", "effort of deployment"),
    "slip": ("change", "round", "a slip breaks the deployment if $u < \\sigma$"),
    "incident": ("change", "round", "misses before a failed change is noticed"),
    "restore": ("change", "round", "delay of the rollback"),
    "phase": ("model", "always 0", "share of an interval by which its checks are shifted"),
    "drift": ("model", "shock", "time to this shock since the one before"),
    "severity": ("model", "shock", "severity: $2 \\bar{v} u$"),
    "check": ("model", "crossing", "misses before a degradation is noticed"),
}
"""Every activity that draws: for whom, which attempt, and what."""

SYMBOLS = {
    "models": "M",
    "request_rate": r"\lambda",
    "staff_availability": "a",
    "access_delay": r"d_\mathrm{access}",
    "preparation_effort": r"w_\mathrm{prep}",
    "tuning_effort": r"w_\mathrm{tune}",
    "validation_effort": r"w_\mathrm{val}",
    "validation_pipeline": r"p_\mathrm{val}",
    "deployment_effort": r"w_\mathrm{dep}",
    "deployment_pipeline": r"p_\mathrm{dep}",
    "rework_share": r"\rho",
    "training_duration": r"t_\mathrm{run}",
    "training_failure": "f",
    "failed_run_share": r"\varphi",
    "owned_nodes": "n",
    "defect_probability": r"\delta",
    "validation_sensitivity": "s",
    "handoff_delay": r"d_\mathrm{handoff}",
    "release_interval": "I",
    "slip_probability": r"\sigma",
    "incident_interval": r"T_\mathrm{inc}",
    "incident_power": r"\pi_\mathrm{inc}",
    "restore_delay": r"d_\mathrm{restore}",
    "failure_severity": r"\eta",
    "drift_rate": r"\mu",
    "drift_severity": r"\bar{v}",
    "degradation_threshold": r"\theta",
    "check_interval": r"T",
    "check_power": r"\pi",
    "prevalence": "p",
    "fresh_sensitivity": r"\mathrm{TPR}_0",
    "fresh_specificity": r"\mathrm{TNR}_0",
    "staff_day_cost": r"c_\mathrm{staff}",
    "owned_node_day_cost": r"c_\mathrm{own}",
    "cloud_node_day_cost": r"c_\mathrm{cloud}",
}
"""Symbols of parameters in the formulas."""

_KM = r"\int_0^{\tau} \hat S(x)\,dx"
FORMULAS = {
    "lead_time_mean": (_KM, "planned changes requested in $W$"),
    "lead_time_median": (r"\min\{x : \hat S(x) \le 1/2\}", "planned changes requested in $W$"),
    "lead_time_p95": (r"\min\{x : \hat S(x) \le 0.05 \}", "planned changes requested in $W$"),
    "retraining_time_mean": (_KM, "retraining requested in $W$"),
    "deployment_frequency": (r"D / m", "$D$: deployments that ended in $W$, failed ones too"),
    "throughput": (r"L / m", "$L$: changes that went live in $W$"),
    "in_progress_mean": (r"\frac{1}{|W|}\int_W N(x)\,dx", "$N$: changes requested and not live"),
    "in_progress_end": (r"N(\text{end})", ""),
    "accuracy": (r"p\,\mathrm{TPR} + (1-p)\,\mathrm{TNR}", "pooled, see the text"),
    "precision": (
        r"\frac{p\,\mathrm{TPR}}{p\,\mathrm{TPR} + (1-p)(1-\mathrm{TNR})}",
        "pooled, see the text",
    ),
    "recall": (r"\mathrm{TPR}", "pooled, see the text"),
    "skill": (r"\bar q = \frac{1}{M|W|}\sum_i \int_W q_i(x)\,dx", ""),
    "degraded_share": (
        r"\frac{1}{M|W|}\sum_i \int_W \mathbf{1}[1 - q_i(x) > \theta]\,dx",
        "failed changes included",
    ),
    "detection_delay_mean": (_KM, "crossings in $W$, until noticed; cut off by a new version"),
    "utilisation_data_scientists": (
        r"B_\mathrm{ds} / (n_\mathrm{ds} |W|)",
        "$B$: calendar days of staff at work",
    ),
    "utilisation_ops_engineers": (r"B_\mathrm{ops} / (n_\mathrm{ops} |W|)", "as above"),
    "utilisation_compute": (
        r"B_\mathrm{node} / (n|W| + R)",
        "$R$: rented node-days, from the order to the end",
    ),
    "queue_data_scientists": (r"\frac{1}{|W|}\int_W Q_\mathrm{ds}(x)\,dx", "$Q$: requests waiting"),
    "queue_ops_engineers": (r"\frac{1}{|W|}\int_W Q_\mathrm{ops}(x)\,dx", "as above"),
    "queue_compute": (r"\frac{1}{|W|}\int_W Q_\mathrm{node}(x)\,dx", "as above"),
    "rework_share": (
        r"E_{>0} / E",
        "$E$: effort that ended in $W$, in calendar days; $E_{>0}$: that in rounds after the first",
    ),
    "change_failure_rate": (r"F / D", "$F$: deployments that failed"),
    "escaped_defect_rate": (r"X / D", "$X$: deployments of a defective candidate"),
    "training_failure_rate": (r"F_\mathrm{run} / D_\mathrm{run}", "runs that ended in $W$"),
    "rejection_rate": (r"J / V", "$V$: validations that ended in $W$, $J$: rejections"),
    "time_to_restore_mean": (_KM, "failed changes deployed in $W$, until rolled back"),
    "staff_cost": (r"a\,E\,c_\mathrm{staff} / m", "$aE$: effort in person-days"),
    "compute_cost": (r"(n|W| c_\mathrm{own} + R\,c_\mathrm{cloud}) / m", ""),
    "cost_per_change": (
        r"(a\,E\,c_\mathrm{staff} + n|W| c_\mathrm{own} + R\,c_\mathrm{cloud}) / L",
        "",
    ),
}
"""Formula of each indicator, and what it counts."""
