// A request as lines for a program. Secrets are variables in them.

/** Stands where the Hub's token was sent: nothing shows that again. */
export const HUB_TOKEN = "$HFD_TOKEN";

/** @typedef {{ method: string, url: string, body?: object }} Line */
/** @typedef {"token" | "password" | "nothing"} Wanted what lets a program in */

/** @param {string} text for a POSIX shell */
const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/** @param {Line} line @param {Wanted} wanted */
export function curl({ method, url, body }, wanted) {
  const parts = [method === "GET" ? "curl" : `curl -X ${method}`, quoted(url)];
  if (wanted === "token") parts.push('-H "Authorization: Bearer $HFD_API_TOKEN"');
  if (wanted === "password") parts.push('-u "$HFD_AUTH_USER:$HFD_AUTH_PASS"');
  if (body) {
    // The variable stands outside the quotes of the shell, inside those of JSON.
    const json = quoted(JSON.stringify(body)).replace(`"${HUB_TOKEN}"`, `"'"${HUB_TOKEN}"'"`);
    parts.push("-H 'Content-Type: application/json'", `-d ${json}`);
  }
  return parts.join(" \\\n  ");
}

/** @param {Line} line @param {Wanted} wanted */
export function python({ method, url, body }, wanted) {
  const given = [JSON.stringify(method), JSON.stringify(url)];
  if (wanted === "token") given.push('headers={"Authorization": "Bearer " + os.environ["HFD_API_TOKEN"]}');
  if (wanted === "password") given.push('auth=(os.environ["HFD_AUTH_USER"], os.environ["HFD_AUTH_PASS"])');
  if (body) given.push(`json=${literal(body)}`);
  const call = `answer = requests.request(\n    ${given.join(",\n    ")},\n)`;
  return `${call.includes("os.environ") ? "import os\n" : ""}import requests\n\n${call}\nprint(answer.json())`;
}

/** A value as Python writes it. @param {unknown} value @returns {string} */
function literal(value) {
  if (value === null) return "None";
  if (value === HUB_TOKEN) return 'os.environ["HFD_TOKEN"]';
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`;
  if (typeof value !== "object") return JSON.stringify(value);
  const entries = Object.entries(value).filter(([, one]) => one !== undefined);
  return `{${entries.map(([key, one]) => `${JSON.stringify(key)}: ${literal(one)}`).join(", ")}}`;
}
