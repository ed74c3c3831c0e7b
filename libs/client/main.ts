import { version } from "./version.ts";

// Asked for by scripts and by every bug report: it must not wait for anything to load.
if (/^(-V|--version)$/.test(process.argv[2] ?? "")) process.stdout.write(`jackfield ${version}\n`);
else {
  const { command } = await import("./command.ts");
  process.exitCode = await command(process.argv.slice(2), process);
}
