"""Every dashboard by the name of its file. In: the modules that draw them. Out: JSON as it is committed."""

from __future__ import annotations

import json

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from deploy.grafana.source import operations, slo_detail, slo_overview, table_view


def made() -> dict[str, str]:
    """Name of a file → its text."""
    pages = {
        "slo-overview.json": slo_overview.page(),
        "slo-detail.json": slo_detail.page(),
        "table.json": table_view.page(),
        "operations.json": operations.page(),
    }
    return {
        name: json.dumps(page.dashboard(), cls=JSONEncoder, indent=2, ensure_ascii=False, sort_keys=True) + "\n"
        for name, page in pages.items()
    }
