import { atLeast, type Figure } from "../figure.ts";
import { measureIngest } from "../ingest.ts";

/** Events of 1 KB over HTTP, one a request, 64 connections. */
export const ingestSingle: Figure = {
  id: "ingest.single",
  goal: [atLeast("ratio", 0.5)],
  measure: (bed) => measureIngest(bed, { requests: 6_000, events: 1 }),
};
