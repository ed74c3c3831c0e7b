import { hash } from "node:crypto";

/**
 * The seed of a part of the work, so that any trial or fold can be run again alone: the first 31 bits of
 * SHA-256(root, "/", path joined by "/"), since some trainers need a signed 32-bit integer.
 */
export const childSeed = (root: number | string, path: readonly (number | string)[]): number =>
  first31Bits([root, ...path].join("/"));

/** The seed of every split of a subproject: from its names alone, so that runs compare by row. */
export const splitSeed = (project: string, subproject: string): number =>
  first31Bits(JSON.stringify([project, subproject]));

const first31Bits = (text: string): number => hash("sha256", text, "buffer").readUInt32BE(0) >>> 1;
