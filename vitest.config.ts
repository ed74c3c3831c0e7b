import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["{spec,libs,services,deploy,test,examples}/**/*.test.ts"],
    exclude: ["**/node_modules/**", "**/dist/**", "**/.jackfield/**"],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Two cores: more workers only make every story slower.
    maxWorkers: 2,
  },
});
