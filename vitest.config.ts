import { defineConfig } from "vitest/config";

const long = process.env["JACKFIELD_LONG_TESTS"] === "1";

export default defineConfig({
  test: {
    include: ["{spec,libs,services,deploy,test,examples}/**/*.test.ts"],
    exclude: ["**/node_modules/**", "**/dist/**", "**/.jackfield/**", ...(long ? [] : ["**/*.long.test.ts"])],
    globalSetup: ["test/bed/host.ts"],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Two cores: more workers only make every story slower.
    maxWorkers: 2,
  },
});
