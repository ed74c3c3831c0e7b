/** The part of OpenLineage 2-0-2 that is written here. @see https://openlineage.io/spec/2-0-2/OpenLineage.json */
export interface RunEvent {
  eventTime: string;
  producer: string;
  schemaURL: string;
  eventType: "START" | "RUNNING" | "COMPLETE" | "FAIL" | "ABORT";
  run: { runId: string; facets?: Record<string, Facet> };
  job: { namespace: string; name: string; facets?: Record<string, Facet> };
  inputs?: Dataset[];
  outputs?: Dataset[];
}

export interface Facet {
  _producer: string;
  _schemaURL: string;
  [name: string]: unknown;
}

export interface Dataset {
  namespace: string;
  name: string;
  facets?: Record<string, Facet>;
  inputFacets?: Record<string, Facet>;
  outputFacets?: Record<string, Facet>;
}

export const producer = "https://jackfield.dev/openlineage/1";

const specification = "https://openlineage.io/spec/2-0-2/OpenLineage.json";
export const runEventSchema = `${specification}#/$defs/RunEvent`;

/** `ParentRunFacet` of version 1-2-0, with what it says. */
export const facet = (name: string, version: string, content: Record<string, unknown>): Facet => ({
  _producer: producer,
  _schemaURL: `https://openlineage.io/spec/facets/${version}/${name}.json#/$defs/${name}`,
  ...content,
});
