/** `dev.cdeventsx.jackfield-<subject>.<predicate>.<major>.<minor>.<patch>`, a CDEvents custom event type. */
export interface EventType {
  subject: string;
  predicate: string;
  version: string;
}

const prefix = "dev.cdeventsx.jackfield-";
const pattern = /^dev\.cdeventsx\.jackfield-([a-z]+)\.([a-z]+)\.(\d\.\d\.\d)$/;

/** The one place where a type is built. */
export const eventType = (subject: string, predicate: string, version: string): string =>
  `${prefix}${subject}.${predicate}.${version}`;

/** Type → its parts, or undefined for a type that is not ours. */
export function parseType(type: string): EventType | undefined {
  const [, subject, predicate, version] = pattern.exec(type) ?? [];
  if (subject === undefined || predicate === undefined || version === undefined) return undefined;
  return { subject, predicate, version };
}

/** What people read and type: `train.finished` for ours, the whole type for a foreign one. */
export function shortType(type: string): string {
  const parts = parseType(type);
  return parts === undefined ? type : `${parts.subject}.${parts.predicate}`;
}

/** What people type → the whole type: `train.finished` gets prefix and version, anything else stands as it is. */
export function longType(short: string, version = "1.0.0"): string {
  const [, subject, predicate] = /^([a-z]+)\.([a-z]+)$/.exec(short) ?? [];
  return subject === undefined || predicate === undefined ? short : eventType(subject, predicate, version);
}
