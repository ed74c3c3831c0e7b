import { readdir } from "node:fs/promises";
import { expect, test } from "vitest";
import { crossings, rightsOf, type Party, type Rights } from "./rights.ts";

const list = (title: string, subjects: readonly string[]): string[] =>
  subjects.length === 0 ? [] : [title, ...subjects.map((subject) => `  ${subject}`)];

const section = (title: string, { user, account, publish, subscribe }: Rights): string => {
  const lines = [
    `user     ${user}`,
    `account  ${account}`,
    ...list("may publish", publish.allow),
    ...list("but never", publish.deny),
    ...list("may subscribe", subscribe.allow),
  ];
  return [`## ${title}`, "", "```text", ...lines, "```", ""].join("\n");
};

const crossing = (): string =>
  crossings()
    .map(({ from, subject, as }) => `  ${from}: ${subject}${as === undefined ? "" : `, seen as ${as}`}`)
    .join("\n");

test("RIGHTS.md is what the table says; `vitest -u` writes it", async () => {
  const house = (await readdir(new URL("../../services/", import.meta.url))).sort();
  const parties: [string, Party][] = [
    ["An administrator", { kind: "admin" }],
    ...house.map((name): [string, Party] => [`The service ${name}`, { kind: "service", name }]),
    [
      "A handler: boost of the project weather, for train",
      { kind: "handler", project: "weather", handler: "boost", capabilities: ["train"] },
    ],
    [
      "A global handler: boost, for train",
      { kind: "handler", project: "*", handler: "boost", capabilities: ["train"] },
    ],
  ];
  const page = [
    "# Who may do what on NATS",
    "",
    "Made from `rights.ts` by `rights-page.test.ts`. What is not named is refused. A NATS of your own needs these users; with a prefix (`acme`) the stream is `acme_EVENTS`, and the subjects begin with `acme.`.",
    "",
    "Between the two accounts these services pass, and nothing else:",
    "",
    "```text",
    "each account exports, the other imports",
    crossing(),
    "```",
    "",
    ...parties.map(([title, party]) => section(title, rightsOf(party, { house }))),
  ].join("\n");
  await expect(page).toMatchFileSnapshot("./RIGHTS.md");
});
