"""datacontract-cli on the same contract: `datacontract duckdb FOLDER` or `datacontract postgres URL`. In its own venv.

It has no conditional rules, so the two of ours are handed over as SQL rules; its server entry is put in here.
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import yaml
from datacontract.data_contract import DataContract

from benchmarks.rounds import ROOT, Facts, serve


def _server(engine: str, place: str) -> tuple[dict[str, Any], dict[str, str]]:
    """The server entry of the contract, and the settings that hold its password."""
    if engine == "duckdb":
        files = str(Path(place).resolve() / "{model}.parquet")
        return {"server": "bench", "type": "local", "path": files, "format": "parquet"}, {}
    url = urlsplit(place)
    server = {
        "server": "bench",
        "type": "postgres",
        "host": url.hostname,
        "port": url.port,
        "database": url.path[1:],
        "schema": "public",
    }
    return server, {
        "DATACONTRACT_POSTGRES_USERNAME": unquote(url.username or ""),
        "DATACONTRACT_POSTGRES_PASSWORD": unquote(url.password or ""),
    }


def _contract(server: dict[str, Any]) -> str:
    contract = yaml.safe_load((ROOT / "benchmarks" / "leads.odcs.yaml").read_text())
    contract["servers"] = [server]
    for prop in contract["schema"][0]["properties"]:
        for rule in prop.get("quality", []):
            when = rule.get("arguments", {}).pop("when", None)
            if when is None:
                continue
            ((column, values),) = when.items()
            allowed = ", ".join(f"'{v}'" for v in (values if isinstance(values, list) else [values]))
            rule |= {
                "type": "sql",
                "query": f"SELECT count(*) FROM leads WHERE {column} IN ({allowed}) AND {prop['name']} IS NULL",
            }
            del rule["metric"], rule["arguments"]
    return yaml.safe_dump(contract)


def main(engine: str, place: str) -> None:
    logging.disable(logging.CRITICAL)
    server, settings = _server(engine, place)
    text = _contract(server)

    def work() -> Facts:
        contract = DataContract(data_contract_str=text, server="bench", config=settings, allow_private_network=True)
        run = contract.test()
        checks = [c for c in run.checks or [] if c.model == "leads"]
        results = [c.result.value for c in checks if c.result]
        broken = [c.name for c in checks if c.result and c.result.value == "error"]
        if broken or not results or run.result.value == "error":
            raise RuntimeError(f"datacontract-cli could not run {broken or run.pretty_logs()}")
        return {"checks": len(results), "failed": results.count("failed"), "names": [c.key for c in checks]}

    serve(work)


if __name__ == "__main__":
    main(*sys.argv[1:3])
