// The arrows of ARCHITECTURE.md: spec ← pure libraries ← one technology each ← service ← services.
const pure = "^libs/(lifecycle|learning|problem|cesql|cdevents|keptn|openlineage|kserve)/";
const bridges = "^libs/(cdevents|keptn|openlineage|kserve)/";
const technology = "^libs/(events|postgres|artifacts|tables|executor)/";
const forbid = (name, from, to, comment) => ({ name, severity: "error", comment, from, to });

module.exports = {
  forbidden: [
    forbid("no-circular", {}, { circular: true }, "A cycle means that two things are one."),
    forbid(
      "spec-imports-nothing",
      { path: "^spec/", pathNot: "\\.test\\.ts$" },
      { path: "^(libs|services|deploy|test|examples)/" },
      "The language knows no program.",
    ),
    forbid(
      "pure-imports-spec",
      { path: pure, pathNot: "\\.test\\.ts$" },
      { path: "^(libs|services|deploy|test|examples)/", pathNot: pure },
      "The core has no technology.",
    ),
    forbid(
      "cesql-is-a-language",
      { path: "^libs/cesql/", pathNot: "(filter|\\.test)\\.ts$" },
      { pathNot: "^libs/cesql/" },
      "CloudEvents SQL knows nothing of Jackfield; only the filter grammar joins them.",
    ),
    forbid(
      "bridges-are-edges",
      {
        path: "^(spec|libs|services)/",
        pathNot: `${bridges}|^(libs/client|services/gateway)/|\\.test\\.ts$`,
      },
      { path: bridges },
      "The core knows no language but its own; it is translated where it leaves the house.",
    ),
    forbid(
      "pure-has-no-world",
      { path: pure, pathNot: "\\.test\\.ts$" },
      { dependencyTypes: ["core"], pathNot: "^(node:)?crypto$" },
      "No clock, no socket, no files; hashing is a function.",
    ),
    forbid(
      "technology-imports-core",
      { path: technology, pathNot: "\\.test\\.ts$" },
      { path: "^(libs/(service|client)|services|deploy|test|examples)/" },
      "A technology serves, it does not decide.",
    ),
    forbid(
      "service-joins-libraries",
      { path: "^libs/service/", pathNot: "\\.test\\.ts$" },
      { path: "^(libs/client|services|deploy|test|examples)/" },
      "The SDK knows no service.",
    ),
    forbid(
      "client-is-small",
      { path: "^libs/client/", pathNot: "\\.test\\.ts$" },
      { path: "^(libs/(?!client|problem|executor|learning|cesql|cdevents)|services|test|examples)" },
      "The command speaks HTTP; only the launcher is loaded beside it.",
    ),
    forbid(
      "services-are-apart",
      { path: "^services/([^/]+)/", pathNot: "\\.test\\.ts$" },
      { path: "^services/", pathNot: "^services/$1/" },
      "Services meet on the stream only.",
    ),
    forbid(
      "services-import-no-shell",
      { path: "^services/", pathNot: "\\.test\\.ts$" },
      { path: "^(libs/client|deploy|test|examples)/" },
      "A service runs anywhere.",
    ),
    forbid(
      "nothing-imports-test",
      { path: "^(spec|libs|services|deploy|examples)/", pathNot: "\\.test\\.ts$" },
      { path: "^test/" },
      "Tests are leaves.",
    ),
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "(^|/)(node_modules|dist|published)/" },
    tsConfig: { fileName: "tsconfig.json" },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "default"],
      extensions: [".ts", ".mjs", ".js", ".json"],
    },
  },
};
