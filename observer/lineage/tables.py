"""Tables of a run and their copies → OpenLineage datasets with what is known of them: columns, owners, where they lie.

A tag with `field` says who owns a column, how it is classified and what the contract tags it with.
"""

from __future__ import annotations

from collections.abc import Iterator

from openlineage.client.event_v2 import OutputDataset
from openlineage.client.facet_v2 import (
    DatasetFacet,
    column_lineage_dataset,
    dataset_type_dataset,
    dataset_version_dataset,
    datasource_dataset,
    documentation_dataset,
    output_statistics_output_dataset,
    ownership_dataset,
    schema_dataset,
    storage_dataset,
    symlinks_dataset,
    tags_dataset,
)

from observer.checks.audit import SnapshotTaken, TableCopy
from observer.checks.measure import TableShape
from observer.checks.spec import TablePlan
from observer.contracts.model import Contract, SchemaObject
from observer.lineage.datasets import FILES, SourceName, snapshot_name
from observer.lineage.words import PRODUCER

_MASKED = column_lineage_dataset.Transformation(
    type="DIRECT",
    subtype="TRANSFORMATION",
    description="every value is replaced by a token, HMAC-SHA256 under a secret key; null stays null",
    masking=True,
)
_SAME = column_lineage_dataset.Transformation(type="DIRECT", subtype="IDENTITY", masking=False)


def facets_of_table(
    source: SourceName, contract: Contract, obj: SchemaObject | None, shape: TableShape | None
) -> dict[str, DatasetFacet]:
    """`obj` is None for a table of another contract, of which only its place is told; `shape`, before it was read."""
    facets: dict[str, DatasetFacet] = {
        "dataSource": datasource_dataset.DatasourceDatasetFacet(
            name=source.namespace if source.namespace != FILES else source.uri, uri=source.uri, producer=PRODUCER
        )
    }
    if obj is None:
        return facets
    if obj.description:
        facets["documentation"] = documentation_dataset.DocumentationDatasetFacet(
            description=obj.description, producer=PRODUCER
        )
    if owners := owners_of(contract):
        facets["ownership"] = ownership_dataset.OwnershipDatasetFacet(
            owners=[ownership_dataset.Owner(name=name, type=kind) for name, kind in owners], producer=PRODUCER
        )
    if tags := list(_tags(contract, obj)):
        facets["tags"] = tags_dataset.TagsDatasetFacet(tags=tags, producer=PRODUCER)
    if shape is not None and shape.columns:
        facets["schema"] = _schema(obj, [(c.name, c.type) for c in shape.columns])
    return facets


def owners_of(contract: Contract) -> list[tuple[str, str]]:
    """(name, type) of the contract's owner and steward, names as OpenLineage wants them (`user:ana@example.com`)."""
    return [(f"user:{name}", kind) for name, kind in ((contract.owner, "OWNER"), (contract.steward, "STEWARD")) if name]


def copy_of(
    source: SourceName, contract: Contract, table: TablePlan, shape: TableShape | None, snapshot: SnapshotTaken
) -> OutputDataset:
    """The copy of a table: a Parquet file, kept with tokens for restricted values, or removed after the run."""
    kept = snapshot.folder is not None
    obj = contract.object(table.object) if table.contract == contract.id else None
    name = snapshot_name(snapshot, contract, table.object)
    hidden = table.restricted if kept else frozenset[str]()
    facets: dict[str, DatasetFacet] = {
        "storage": storage_dataset.StorageDatasetFacet(storageLayer="file", fileFormat="parquet", producer=PRODUCER),
        "datasetType": dataset_type_dataset.DatasetTypeDatasetFacet(
            datasetType="FILE", subType=None if kept else "TEMPORARY", producer=PRODUCER
        ),
    }
    if snapshot.folder is not None:
        version = snapshot.folder.rstrip("/").rpartition("/")[2]
        facets["version"] = dataset_version_dataset.DatasetVersionDatasetFacet(
            datasetVersion=version, producer=PRODUCER
        )
        facets["symlinks"] = symlinks_dataset.SymlinksDatasetFacet(
            identifiers=[symlinks_dataset.Identifier(namespace=FILES, name=snapshot.folder, type="location")],
            producer=PRODUCER,
        )
    if shape is not None and shape.columns:
        if obj is not None:
            facets["schema"] = _schema(obj, [(c.name, "string" if c.name in hidden else c.type) for c in shape.columns])
        facets["columnLineage"] = column_lineage_dataset.ColumnLineageDatasetFacet(
            fields={
                c.name: column_lineage_dataset.Fields(
                    inputFields=[
                        column_lineage_dataset.InputField(
                            namespace=source.namespace,
                            name=source.table(table.physical_name),
                            field=c.name,
                            transformations=[_MASKED if c.name in hidden else _SAME],
                        )
                    ]
                )
                for c in shape.columns
            },
            producer=PRODUCER,
        )
    written = copied(snapshot, table)
    return OutputDataset(
        namespace=FILES,
        name=name,
        facets=facets,
        outputFacets={
            "outputStatistics": output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(
                # Tokens take another room than the values they replace.
                rowCount=written.rows,
                size=None if hidden else written.bytes,
                fileCount=1,
                producer=PRODUCER,
            )
        }
        if written
        else {},
    )


def copied(snapshot: SnapshotTaken | None, table: TablePlan) -> TableCopy | None:
    """What was copied of a table, when anything was."""
    copies = snapshot.tables if snapshot else ()
    return next((c for c in copies if (c.contract, c.object) == (table.contract, table.object)), None)


def _schema(obj: SchemaObject, columns: list[tuple[str, str]]) -> schema_dataset.SchemaDatasetFacet:
    described = {p.physical_name: p.description for p in obj.properties}
    return schema_dataset.SchemaDatasetFacet(
        fields=[
            schema_dataset.SchemaDatasetFacetFields(
                name=name, type=kind or None, description=described.get(name) or None
            )
            for name, kind in columns
        ],
        producer=PRODUCER,
    )


def _tags(contract: Contract, obj: SchemaObject) -> Iterator[tags_dataset.TagsDatasetFacetFields]:
    for prop in obj.properties:
        told = [
            ("owner", contract.owner_of(prop)),
            ("steward", prop.steward or contract.steward),
            *(("consumer", name) for name in prop.consumers),
            ("classification", prop.classification),
            ("critical", "true" if prop.critical else None),
            *((tag, "true") for tag in prop.tags),
        ]
        for key, value in told:
            if value:
                yield tags_dataset.TagsDatasetFacetFields(
                    key=key, value=value, source="INTEGRATION", field=prop.physical_name
                )
