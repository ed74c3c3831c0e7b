import { randomBytes } from "node:crypto";
import { request } from "node:http";
import { connect } from "node:net";
import { up, type Up } from "../../deploy/launcher.ts";
import { postTokens } from "@jackfield/spec/http/tokens";
import { expect } from "vitest";

/** What an attack got for an answer. */
export interface Got {
  status: number;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  body: string;
}

export interface Strike {
  method?: string;
  path: string;
  headers?: Readonly<Record<string, string | string[]>>;
  body?: string | Uint8Array;
}

/** A whole Jackfield that asks for tokens, and everybody who attacks it. */
export interface World extends AsyncDisposable {
  up: Up;
  url: URL;
  adminToken: string;
  /** A token of project weather that may emit and read; another one that has ended; one that was taken back. */
  tokens: { weather: string; ended: string; revoked: string; reader: string };
  /** Secrets that nobody may find anywhere, but in the heads of those who were told them. */
  canaries: string[];
  /** One request as it is said, path and headers untouched. */
  strike(said: Strike): Promise<Got>;
  /** By the token of project weather. */
  asWeather(said: Strike): Promise<Got>;
  /** Bytes straight to the socket; all that came back. */
  raw(text: string): Promise<string>;
}

/** One attack, by its number in the list of reliability.md §B1. */
export type Attack = [id: string, name: string, strike: (world: World) => Promise<void>];

export async function openWorld(folder: string): Promise<World> {
  const adminToken = `admin-${randomBytes(16).toString("hex")}`;
  const running = await up({
    folder,
    ephemeral: true,
    environment: { PATH: process.env["PATH"], JACKFIELD_TOKEN: adminToken },
  });
  const url = new URL(running.url);
  const strike: World["strike"] = (said) => ask(url, said);
  const make = async (json: object): Promise<string> => {
    const answer = await strike({ ...jsonBody("/v1/tokens", json), headers: bearer(adminToken, json) });
    expect(answer.status, answer.body).toBe(201);
    return postTokens.answer.parse(JSON.parse(answer.body)).token;
  };
  const soon = new Date(Date.now() + 50).toISOString();
  const tokens = {
    weather: await make({ name: "weather", scopes: ["emit", "read"], projects: ["weather"] }),
    reader: await make({ name: "reader", scopes: ["read"] }),
    ended: await make({ name: "ended", scopes: ["admin"], expires: soon }),
    revoked: await make({ name: "revoked", scopes: ["admin"] }),
  };
  await strike({ ...jsonBody("/v1/tokens/revoked/revoke", {}), headers: bearer(adminToken, {}) });
  return {
    up: running,
    url,
    adminToken,
    tokens,
    canaries: [adminToken, ...Object.values(tokens)],
    strike,
    asWeather: (said) =>
      strike({ ...said, headers: { ...said.headers, authorization: `Bearer ${tokens.weather}` } }),
    raw: (text) => sayRaw(url, text),
    [Symbol.asyncDispose]: () => running.stop(),
  };
}

const bearer = (token: string, _json: object) => ({
  authorization: `Bearer ${token}`,
  "content-type": "application/json",
});

export const jsonBody = (path: string, json: unknown): Strike => ({
  method: "POST",
  path,
  headers: { "content-type": "application/json" },
  body: JSON.stringify(json),
});

/** `fetch` would put the path and the headers in order first. */
function ask(url: URL, { method = "GET", path, headers = {}, body }: Strike): Promise<Got> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: url.hostname, port: url.port, method, path, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).toString(),
        }),
      );
    });
    asked.on("error", reject);
    asked.end(body);
  });
}

function sayRaw(url: URL, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(url.port), url.hostname, () => socket.write(text));
    let heard = "";
    socket.setTimeout(3_000, () => socket.destroy());
    socket.on("data", (chunk: Buffer) => (heard += chunk.toString()));
    socket.on("close", () => resolve(heard));
    socket.on("error", (error) => (heard === "" ? reject(error) : resolve(heard)));
  });
}
