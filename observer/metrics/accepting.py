"""`Accept` headers → what is wanted, by the weights that RFC 9110 gives them."""

from __future__ import annotations

from contextlib import suppress

_OPEN_METRICS = "application/openmetrics-text"
_PLAIN = "text/plain"


def weights_of(header: str) -> dict[str, float]:
    """`gzip;q=0.5, br` → `{"gzip": 0.5, "br": 1.0}`, in lower case; a weight that cannot be read is 0."""
    weights: dict[str, float] = {}
    for part in header.lower().split(","):
        name, *parameters = (word.strip() for word in part.split(";"))
        weight = 1.0
        for parameter in parameters:
            key, _, value = parameter.partition("=")
            if key.strip() == "q":
                weight = 0.0
                with suppress(ValueError):
                    weight = float(value)
        weights[name] = max(weight, weights.get(name, 0.0))
    return weights


def wants_open_metrics(accept: str | None) -> bool:
    """Whether OpenMetrics is taken, and the text format is not liked better."""
    weights = weights_of(accept or "")
    return weights.get(_OPEN_METRICS, 0.0) > 0 and weights[_OPEN_METRICS] >= weights.get(_PLAIN, 0.0)
