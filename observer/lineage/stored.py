"""A stored document → the event object that the client's transports want, which is written as the very same document.

Facets stay as they are, but for `parent`: the transport for Kafka takes from it which messages must stay in order.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState
from openlineage.client.facet_v2 import parent_run


def event_of(document: Mapping[str, Any]) -> RunEvent:
    """Raises KeyError, TypeError or ValueError for what is no run event."""
    run, job = document["run"], document["job"]
    facets = dict(run.get("facets", {}))
    if "parent" in facets:
        facets["parent"] = _parent(facets["parent"])
    event = RunEvent(
        eventType=RunState(document["eventType"]),
        eventTime=document["eventTime"],
        run=Run(runId=run["runId"], facets=facets),
        job=Job(**job),
        inputs=[InputDataset(**dataset) for dataset in document.get("inputs", ())],
        outputs=[OutputDataset(**dataset) for dataset in document.get("outputs", ())],
        producer=document["producer"],
    )
    # Another release of the client may have written it.
    event.schemaURL = document["schemaURL"]
    return event


def _parent(facet: Mapping[str, Any]) -> parent_run.ParentRunFacet:
    root = facet.get("root")
    parent = parent_run.ParentRunFacet(
        run=parent_run.Run(**facet["run"]),
        job=parent_run.Job(**facet["job"]),
        root=parent_run.Root(run=parent_run.RootRun(**root["run"]), job=parent_run.RootJob(**root["job"]))
        if root
        else None,
        producer=facet["_producer"],
    )
    parent._schemaURL = facet["_schemaURL"]
    return parent
