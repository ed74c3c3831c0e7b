import { schemaText, type Schema } from "./schema-text.ts";

interface Operation {
  summary: string;
  security?: Record<string, string[]>[];
  parameters: { name: string; in: string; required: boolean; schema: Schema }[];
  requestBody?: { content: Content };
  responses: Record<string, { description: string; content?: Content }>;
}

type Content = Record<string, { schema: Schema }>;

/** What the page reads of an OpenAPI description (specification 3.1.0). */
export interface Described {
  info: { title: string; version: string };
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
}

/** The description of the gateway as one page of HTML: no script, nothing from elsewhere. */
export function docsPage(described: Described): string {
  const { info, paths, components } = described;
  const operations = Object.entries(paths)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .flatMap(([path, methods]) => Object.entries(methods).map(([method, one]) => section(path, method, one)));
  const schemas = Object.entries(components.schemas).map(
    ([name, schema]) =>
      `<section id="${escaped(name)}"><h3>${escaped(name)}</h3>${block(schemaText(schema))}</section>`,
  );
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(info.title)}</title><style>${style}</style></head><body>
<h1>${escaped(info.title)} ${escaped(info.version)}</h1>
<p>Every way in over HTTP. The same for programs: <a href="/openapi.json">/openapi.json</a> (OpenAPI 3.1).</p>
<main>${operations.join("\n")}</main>
<h2>What is named above</h2>
${schemas.join("\n")}
</body></html>
`;
}

/** Lets a browser load nothing but the style of the page itself. */
export const docsPolicy =
  "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

function section(path: string, method: string, operation: Operation): string {
  const { summary, security, parameters, requestBody, responses } = operation;
  const scopes = (security ?? []).flatMap((one) => Object.values(one)).flat();
  const rows = parameters.map(
    ({ name, in: place, required, schema }) =>
      `<tr><td><code>${escaped(name)}</code></td><td>${escaped(place)}${required ? "" : ", optional"}</td><td>${linked(schemaText(schema))}</td></tr>`,
  );
  return `<section>
<h2><b>${escaped(method.toUpperCase())}</b> <code>${escaped(path)}</code></h2>
<p>${escaped(summary)}. <small>${scopes.length === 0 ? "Open to everybody." : `Scope: ${escaped(scopes.join(" or "))}.`}</small></p>
${rows.length === 0 ? "" : `<table>${rows.join("")}</table>`}
${requestBody === undefined ? "" : contentBlock("Send", requestBody.content)}
${Object.entries(responses)
  .map(([status, { content }]) => contentBlock(status, content ?? {}))
  .join("\n")}
</section>`;
}

/** Types that hold the same are one block. */
function contentBlock(title: string, content: Content): string {
  const byText = new Map<string, string[]>();
  for (const [type, { schema }] of Object.entries(content)) {
    const text = schemaText(schema);
    byText.set(text, [...(byText.get(text) ?? []), type]);
  }
  return [...byText]
    .map(
      ([text, types]) =>
        `<h3>${escaped(title)} <small>${escaped(types.join(", "))}</small></h3>${block(text)}`,
    )
    .join("\n");
}

const block = (text: string): string => `<pre>${linked(text)}</pre>`;

const linked = (text: string): string =>
  escaped(text).replaceAll(/#(\w+)/g, (_whole, name: string) => `<a href="#${name}">${name}</a>`);

const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
const escaped = (text: string): string => text.replaceAll(/[&<>"]/g, (sign) => entities[sign] ?? sign);

const style = `:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
h2{font-size:1.1rem;margin-top:2.5rem;border-top:1px solid;padding-top:1rem}h3{font-size:.95rem;margin:1rem 0 .3rem}
pre{overflow:auto;padding:.6rem .8rem;border:1px solid;border-radius:.3rem;font-size:.85rem}
table{border-collapse:collapse}td{padding:.2rem .8rem .2rem 0;vertical-align:top;overflow-wrap:anywhere}`;
