import { atLeast, type Figure } from "../figure.ts";
import { measureIngest } from "../ingest.ts";

/** Events of 1 KB over HTTP, a hundred a request, 64 connections. */
export const ingestBatch: Figure = {
  id: "ingest.batch",
  goal: [atLeast("value", 10_000)],
  measure: (bed) => measureIngest(bed, { requests: 300, events: 100 }),
};
