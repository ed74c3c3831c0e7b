import { descriptor, table, type Descriptor, type Table } from "@jackfield/spec/event/artifact";
import { facet, type Dataset, type Facet } from "./run-event.ts";

type Artifact = Descriptor & Partial<Table>;

/** Artifacts are named by their bytes, so the same table is the same dataset wherever it goes in or comes out. */
const artifactSpace = "jackfield:artifacts";

/** The tables and models in the inputs or outputs of a task, at any depth, each once. */
export function datasetsIn(content: unknown): Artifact[] {
  const found = new Map<string, Artifact>();
  collect(content, "", found);
  return [...found.values()];
}

function collect(value: unknown, name: string, found: Map<string, Artifact>): void {
  if (typeof value !== "object" || value === null) return;
  const read = name === "model" ? descriptor.safeParse(value) : table.safeParse(value);
  if (read.success) found.set(read.data.digest, read.data);
  else for (const [key, field] of Object.entries(value)) collect(field, key, found);
}

export const asInput = (artifact: Artifact): Dataset => ({
  ...datasetOf(artifact),
  inputFacets: {
    inputStatistics: facet("InputStatisticsInputDatasetFacet", "1-0-0", sizeOf(artifact)),
    ...(artifact.columns !== undefined && { dataQualityMetrics: metricsOf(artifact) }),
  },
});

export const asOutput = (artifact: Artifact): Dataset => ({
  ...datasetOf(artifact),
  outputFacets: {
    outputStatistics: facet("OutputStatisticsOutputDatasetFacet", "1-0-2", sizeOf(artifact)),
  },
});

/** The source that a fetch reads: a URL by its authority and path, anything else as a file. */
export function sourceOf(from: string): Dataset {
  const [, space, path] = /^([a-z][a-z0-9+.-]*:\/\/[^/]*)\/(.*)$/i.exec(from) ?? [];
  return space === undefined || path === undefined
    ? { namespace: "file", name: from }
    : { namespace: space, name: path };
}

const datasetOf = ({ digest, columns }: Artifact): Dataset => ({
  namespace: artifactSpace,
  name: digest,
  facets: {
    version: facet("DatasetVersionDatasetFacet", "1-0-1", { datasetVersion: digest }),
    datasetType: facet("DatasetTypeDatasetFacet", "1-0-1", {
      datasetType: columns === undefined ? "MODEL" : "TABLE",
    }),
    ...(columns !== undefined && {
      schema: facet("SchemaDatasetFacet", "1-2-0", {
        fields: columns.map(({ name, type }) => ({ name, type })),
      }),
    }),
  },
});

const sizeOf = ({ size, rows }: Artifact): Record<string, unknown> => ({
  size,
  fileCount: 1,
  ...(rows !== undefined && { rowCount: rows }),
});

const metricsOf = ({ rows, size, columns = [] }: Artifact): Facet =>
  facet("DataQualityMetricsInputDatasetFacet", "1-0-3", {
    rowCount: rows,
    bytes: size,
    columnMetrics: Object.fromEntries(
      columns.map(({ name, nulls }) => [name, { ...(nulls !== undefined && { nullCount: nulls }) }]),
    ),
  });
