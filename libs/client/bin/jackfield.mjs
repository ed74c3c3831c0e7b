#!/usr/bin/env node
// Starts the bundle that set-up built, so that a clone needs nothing global.
import { existsSync } from "node:fs";

const bundle = new URL("../../../dist/client/main.mjs", import.meta.url);
if (existsSync(bundle)) await import(bundle.href);
else {
  process.stderr.write(
    "E_CONFIG  the jackfield command is not built yet\n  here   dist/client/main.mjs is missing\n  next   npm run setup\n",
  );
  process.exitCode = 2;
}
