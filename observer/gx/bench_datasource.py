# mypy: disable-error-code="misc,untyped-decorator"
# GX publishes no types, so its base classes and decorators are Any.
"""GX's way from a relation of the bench to a Batch: a datasource without a connection of its own."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from great_expectations.compatibility import pydantic
from great_expectations.datasource.fluent.sql_datasource import SQLDatasource, TableAsset


class RelationAsset(TableAsset):
    """One relation of the bench; `table_name` is its physical name, whatever that looks like."""

    type: Literal["crm_relation"] = "crm_relation"

    def test_connection(self) -> None:
        """The bench has read the table already."""


class BenchDatasource(SQLDatasource):
    """Hands out one execution engine that it was given; knows no address and no password."""

    asset_types: ClassVar[list[type[Any]]] = [RelationAsset]

    type: Literal["crm_bench"] = "crm_bench"
    connection_string: str = "bench://"
    assets: list[RelationAsset] = []  # noqa: RUF012  # pydantic copies it per instance
    _bench_engine: Any = pydantic.PrivateAttr(None)
    _TableAsset: Any = pydantic.PrivateAttr(RelationAsset)

    def hand_out(self, engine: Any) -> None:
        """Every batch of this datasource is computed by `engine`."""
        self._bench_engine = engine

    def get_execution_engine(self) -> Any:
        """The engine it was given."""
        return self._bench_engine

    def test_connection(self, test_assets: bool = True) -> None:
        """The bench is open already."""

    def batch(self, relation: str) -> Any:
        """The Batch of one relation of the bench."""
        asset = next((a for a in self.assets if a.name == relation), None)
        if asset is None:
            asset = RelationAsset(name=relation, table_name="relation", batch_metadata={})
            asset._datasource = self
            self.assets.append(asset)
        return asset.get_batch(asset.build_batch_request())
