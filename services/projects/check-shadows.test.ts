import { expect, test } from "vitest";
import { checkShadows } from "./check-shadows.ts";

const source = { place: (path: readonly (string | number)[]) => path.join(".") };
const effects = (capability: string) => (capability === "deploy" ? "external" : "none");

test("A shadow of what has effects outside is refused at its place, and so is one of itself", () => {
  const check = (capability: string, to: string, shadows: string[]) => () =>
    checkShadows({ [capability]: { to, shadows } }, effects, source);
  expect(check("train", "acme", ["b"])).not.toThrow();
  expect(check("deploy", "acme", [])).not.toThrow();
  expect(check("deploy", "acme", ["b"])).toThrow(
    expect.objectContaining({ code: "E_SHADOW_EFFECT", here: "bind.deploy.shadows" }),
  );
  expect(check("train", "acme", ["acme"])).toThrow("cannot shadow it as well");
});
