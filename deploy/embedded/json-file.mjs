import { readFileSync } from "node:fs";

/**
 * The content of a JSON file, for the caller to give a type: `any` would spread.
 * @param {string} file
 * @returns {unknown}
 */
export const readJson = (file) => JSON.parse(readFileSync(file, "utf8"));
