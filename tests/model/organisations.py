"""Organisations for the tests: plausible values, and variants of them."""

from __future__ import annotations

from dataclasses import asdict, fields, replace

from mlops_compendium.simulation.model import Run
from mlops_compendium.simulation.parameters import Parameters

A = Parameters(
    models=20,
    request_rate=0.08,
    data_scientists=5,
    ops_engineers=2,
    staff_availability=5 / 7,
    priority_fix=0,
    priority_retraining=1,
    priority_feature=2,
    access_delay=10.0,
    preparation_effort=5.0,
    tuning_effort=2.6,
    validation_effort=2.3,
    validation_pipeline=0.0,
    deployment_effort=1.3,
    deployment_pipeline=0.05,
    rework_share=0.4,
    effort_cv=0.8,
    effort_law="lognormal",
    delay_cv=1.0,
    delay_law="exponential",
    training_duration=3.1,
    training_cv=2.5,
    training_law="lognormal",
    training_failure=0.155,
    failed_run_share=0.6,
    owned_nodes=2,
    cloud_nodes=0,
    provisioning_delay=0.004,
    idle_timeout=0.04,
    defect_probability=0.3,
    validation_sensitivity=0.45,
    handoff_delay=7.0,
    release_interval=14.0,
    slip_probability=0.437,
    incident_interval=7.0,
    incident_power=0.9,
    restore_delay=14.6,
    failure_severity=0.5,
    drift_rate=3 / 365,
    drift_severity=0.15,
    degradation_threshold=0.2,
    check_interval=91.25,
    check_power=0.6,
    prevalence=0.2,
    fresh_sensitivity=0.9,
    fresh_specificity=0.95,
    prediction_rate=1000.0,
    staff_day_cost=600.0,
    owned_node_day_cost=60.0,
    cloud_node_day_cost=150.0,
)
B = replace(
    A,
    preparation_effort=3.75,
    tuning_effort=1.8,
    validation_effort=0.3,
    validation_pipeline=0.1,
    validation_sensitivity=0.8,
    deployment_effort=0.75,
    release_interval=0.0,
    slip_probability=0.23,
    restore_delay=0.0417,
    incident_interval=0.54,
    check_interval=1.95,
    check_power=0.75,
)
C = replace(
    B,
    preparation_effort=2.5,
    tuning_effort=1.0,
    deployment_effort=0.2,
    slip_probability=0.016,
    owned_nodes=0,
    cloud_nodes=16,
    incident_interval=1 / 24,
    check_interval=1 / 24,
    check_power=0.9,
)
OVERLOADED = replace(A, request_rate=0.25, data_scientists=3)
ELASTIC = replace(
    C, owned_nodes=1, cloud_nodes=2, provisioning_delay=0.5, idle_timeout=2.0, request_rate=0.3
)
DRIFTING = replace(B, drift_rate=12 / 365, drift_severity=0.3, degradation_threshold=0.1)
ORGANISATIONS = {
    "A": A,
    "B": B,
    "C": C,
    "overloaded": OVERLOADED,
    "elastic": ELASTIC,
    "drifting": DRIFTING,
}
SHORT = Run(measured=365.0, warm_up=90.0, seed=7)
NO_FAILURES = {"defect_probability": 0.0, "slip_probability": 0.0, "training_failure": 0.0}


def same(first: dict[str, float], second: dict[str, float]) -> bool:
    """Whether two replications have the same results, bit for bit; nan equals nan."""
    return repr(first) == repr(second)


def fields_of(kind: str) -> list[str]:
    """Names of the parameters of one kind."""
    return [f.name for f in fields(Parameters) if f.metadata["kind"] == kind]


def changed(parameters: Parameters, values: dict[str, object]) -> Parameters:
    """Other values, and an exponential law with the variation that it has."""
    values = asdict(parameters) | values
    exponential = {name for name, value in values.items() if value == "exponential"}
    return Parameters(**values | {name.replace("_law", "_cv"): 1.0 for name in exponential})


def values(parameters: Parameters) -> dict[str, object]:
    """The parameters as a dictionary."""
    return asdict(parameters)
