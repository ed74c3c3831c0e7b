import { parseArgs } from "node:util";
import { check } from "./check.ts";
import { printVerdict } from "./verdict.ts";

const usage =
  "tsx test/checker/main.ts --history FILE --nats URL [--creds FILE] --postgres URL [--prefix WORD]   exit code: 0 all hold, 1 not, 2 usage";

/** The checker by hand, on what still runs. */
const { values } = parseArgs({
  options: {
    history: { type: "string" },
    nats: { type: "string" },
    creds: { type: "string" },
    postgres: { type: "string" },
    prefix: { type: "string" },
  },
});
const { history, nats, creds, postgres, prefix } = values;
if (history === undefined || nats === undefined || postgres === undefined) {
  process.stderr.write(`${usage}\n`);
  process.exit(2);
}
const verdict = await check({ history, natsUrl: nats, natsCreds: creds, postgresUrl: postgres, prefix });
process.stdout.write(`${printVerdict(verdict)}\n`);
process.exitCode = verdict.holds ? 0 : 1;
