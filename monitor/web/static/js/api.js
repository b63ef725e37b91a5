// Questions to the interface for programs, and its answers; what goes wrong comes back as a sentence.

const ROOT = "/api/v1";
const PATIENCE_MILLISECONDS = 20_000;

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

/** Send a document. With a key the same order sent twice is obeyed once. Throws Problem. */
export function post(path, body, { key } = {}) {
  const headers = { Accept: "application/json", "Content-Type": "application/json" };
  if (key) headers["Idempotency-Key"] = key;
  return request(path, {}, { method: "POST", headers, body: JSON.stringify(body) });
}

/** The sentence of whatever was thrown. */
export function inWords(error) {
  return error instanceof Problem ? error.message : `The page met an error of its own: ${error.message}`;
}

async function request(path, parameters, options) {
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
