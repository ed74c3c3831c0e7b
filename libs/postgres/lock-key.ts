import { sha256 } from "@jackfield/spec/event/canonical";

/** The number of an advisory lock (a signed 64-bit integer, as text): PostgreSQL knows locks by number only. */
export const lockKey = (schema: string, name: string): string =>
  sha256(`${schema}/${name}`).readBigInt64BE().toString();
