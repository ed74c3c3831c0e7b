import {
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  type Document,
  type Node,
} from "yaml";
import { Problem } from "@jackfield/problem/problem";

export type Path = readonly (string | number)[];

/** A project file as it was read: its plain content, and where each value stands. */
export interface Source {
  file: string;
  value: unknown;
  /** `jackfield.yaml:7:12`: the value at a path, or the nearest thing around it. */
  place: (path: Path) => string;
  /** The same for the key itself, for keys that should not be there. */
  placeOfKey: (path: Path) => string;
  /** `jackfield.yaml:7`, as origins are written. */
  line: (path: Path) => string;
}

/**
 * Reads YAML 1.2 by its core schema, of which JSON is a part: the country NO stays a string, the key `on` a key.
 * @throws Problem E_YAML with line and column.
 */
export function readSource(text: string, file: string): Source {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    version: "1.2",
    schema: "core",
    lineCounter: lines,
    prettyErrors: false,
  });
  const [wrong] = [...document.errors, ...document.warnings];
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  if (wrong !== undefined) throw notYaml(wrong.code, wrong.message, at(wrong.pos[0]));
  const place = (path: Path): string => at(offsetOf(document, path, "value"));
  return {
    file,
    value: plain(document, file),
    place,
    placeOfKey: (path) => at(offsetOf(document, path, "key")),
    line: (path) => place(path).replace(/:\d+$/, ""),
  };
}

/** Aliases are followed up to a bound, so a small text cannot become a huge value. */
function plain(document: Document, file: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (thrown) {
    throw notYaml("ALIAS", thrown instanceof Error ? thrown.message : String(thrown), `${file}:1:1`);
  }
}

function notYaml(code: string, message: string, here: string): Problem {
  const [first = message] = message.split("\n");
  return new Problem("E_YAML", `The project file cannot be read: ${first}`, { here, ...nextSteps[code] });
}

const nextSteps: Readonly<Record<string, { next: string }>> = {
  DUPLICATE_KEY: { next: "keep one of the two" },
  TAB_AS_INDENT: { next: "indent with spaces" },
  MULTIPLE_DOCS: { next: "one file is one project: take out the lines from --- on" },
  TAG_RESOLVE_FAILED: { next: "write a plain value; tags are not used here" },
};

function offsetOf(document: Document, path: Path, what: "key" | "value"): number {
  let node: unknown = document.contents;
  let offset = startOf(node) ?? 0;
  for (const [depth, segment] of path.entries()) {
    const found = childOf(node, segment, document);
    if (found === undefined) return offset;
    const wantsKey = what === "key" && depth === path.length - 1;
    offset = (wantsKey ? undefined : startOf(found.value)) ?? startOf(found.key) ?? offset;
    node = found.value;
  }
  return offset;
}

function childOf(
  parent: unknown,
  segment: string | number,
  document: Document,
): { key: unknown; value: unknown } | undefined {
  const node = isAlias(parent) ? parent.resolve(document) : parent;
  if (isSeq(node)) return { key: undefined, value: node.items[Number(segment)] };
  if (!isMap(node)) return undefined;
  return node.items.find(({ key }) => isScalar(key) && String(key.value) === String(segment));
}

/** An empty value stands where its key ends; its key says more. */
function startOf(node: unknown): number | undefined {
  if (!isNode(node) || isEmpty(node)) return undefined;
  return node.range?.[0];
}

const isEmpty = (node: Node): boolean => isScalar(node) && node.value === null && node.source === "";
