// `test`: loads a server by autocannon: jackfield handle test --name cannon -- node test_autocannon.mjs
import { readFileSync, writeFileSync } from "node:fs";
import autocannon from "autocannon";

const { JACKFIELD_IN: inputs = "in", JACKFIELD_OUT: out = "out" } = process.env;
/** @type {unknown} */
const task = JSON.parse(readFileSync(`${inputs}/task.json`, "utf8"));
const { url, requests = 10 } = /** @type {{ url: string, requests?: number }} */ (task);
const said = await autocannon({ url, amount: requests, connections: 2 });
const failures = said.errors + said.timeouts + said.non2xx;
const metrics = { requests: said.requests.total, failures, seconds: said.duration };
writeFileSync(`${out}/output.json`, JSON.stringify({ tool: "autocannon", metrics }));
process.exitCode = failures > 0 ? 5 : 0;
