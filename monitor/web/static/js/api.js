// Questions to the interface for programs, and its answers; what goes wrong comes back as a sentence.

import { session } from "./session.js";

const ROOT = "/api/v1";
const PATIENCE_MILLISECONDS = 20_000;
/** The status of an answer to whoever is not signed in, or gave a wrong password. */
export const UNAUTHORIZED = 401;
const SIGNED_OUT = "You are signed out. Sign in to go on.";

/**
 * What went wrong, in a sentence for the reader. `status` is that of HTTP, or 0 where nobody answered; `document` is
 * what the answer held, or null.
 */
export class Problem extends Error {
  constructor(status, sentence, document = null) {
    super(sentence);
    this.name = "Problem";
    this.status = status;
    this.document = document;
  }
}

/** Get a document. Parameters that are null, undefined or empty are left out. Throws Problem. */
export function get(path, parameters = {}) {
  return request(path, parameters, { headers: { Accept: "application/json" } });
}

/**
 * Send a document. With a key the same order sent twice is obeyed once. Throws Problem.
 *
 * Where the session is over it waits until the same person has signed in again, so that what they typed is not lost.
 */
export async function post(path, body, { key } = {}) {
  const headers = key ? { "Idempotency-Key": key } : {};
  const options = sending(body, headers);
  if (!session.isOver) {
    try {
      return await request(path, {}, options);
    } catch (error) {
      if (error.status !== UNAUTHORIZED || !session.isOver) throw error;
    }
  }
  await sameAgain();
  return request(path, {}, options);
}

/** Ask for what opens a live channel once. Throws Problem, at once where the session is over. */
export function takeTicket() {
  return request("/live/tickets", {}, sending({}));
}

/** Who is signed in. Throws Problem; one of status 401 says nobody. */
export function whoIsIn() {
  return answered("/session", {}, { headers: { Accept: "application/json" } });
}

/** Sign in; who it is then. Throws Problem: of status 401 for a wrong name or password, of 429 after too many. */
export function signIn(name, password) {
  return answered("/session", {}, sending({ name, password }));
}

/** Sign out. Throws Problem. */
export async function signOut() {
  const response = await answer(address("/session", {}), { method: "DELETE" });
  if (!response.ok && response.status !== UNAUTHORIZED) throw problemOf(response, await readDocument(response));
}

/** The sentence of whatever was thrown. */
export function inWords(error) {
  return error instanceof Problem ? error.message : `The page met an error of its own: ${error.message}`;
}

function sending(body, headers = {}) {
  return { method: "POST", headers: { Accept: "application/json", "Content-Type": "application/json", ...headers }, body: JSON.stringify(body) };
}

/** Wait for a sign-in. What one person typed is not sent under the name of another. */
async function sameAgain() {
  const { name } = session;
  session.askAgain();
  const next = await session.nextName();
  if (next === null) throw new Problem(UNAUTHORIZED, "Nothing was sent: you are signed out. Sign in, and give it again.");
  if (next !== name) throw new Problem(UNAUTHORIZED, `Nothing was sent: ${next} signed in, and ${name} typed it. Look at it, and give it again.`);
}

async function request(path, parameters, options) {
  if (session.isOver) throw new Problem(UNAUTHORIZED, SIGNED_OUT);
  const { expiresAt } = session;
  try {
    return await answered(path, parameters, options);
  } catch (error) {
    if (error.status !== UNAUTHORIZED || !session.asks) throw error;
    session.end(expiresAt);
    throw new Problem(UNAUTHORIZED, SIGNED_OUT, error.document);
  }
}

async function answered(path, parameters, options) {
  const response = await answer(address(path, parameters), options);
  const document = await readDocument(response);
  if (!response.ok) throw problemOf(response, document);
  if (document === null) throw new Problem(response.status, "The monitor's answer is not the document that was asked for.");
  return document;
}

async function answer(url, options) {
  try {
    return await fetch(url, { ...options, signal: AbortSignal.timeout(PATIENCE_MILLISECONDS) });
  } catch (error) {
    const sentence =
      error.name === "TimeoutError"
        ? `No answer after ${PATIENCE_MILLISECONDS / 1000} s. The monitor is busy, or the way to it is slow.`
        : "The monitor's pages do not answer. It may be stopped, or the network is down.";
    throw new Problem(0, sentence);
  }
}

async function readDocument(response) {
  try {
    return await response.json();
  } catch {
    return null;
  }
}

/** The problem document's `detail` (RFC 9457), else its title, else the status. */
function problemOf(response, document) {
  const sentence = document?.detail ?? document?.title;
  const words = typeof sentence === "string" ? sentence : `The monitor answered with status ${response.status}.`;
  return new Problem(response.status, words, document);
}

function address(path, parameters) {
  const given = Object.entries(parameters).filter(([, value]) => value !== null && value !== undefined && value !== "");
  const query = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return `${path.startsWith("/health") ? "" : ROOT}${path}${query ? `?${query}` : ""}`;
}
