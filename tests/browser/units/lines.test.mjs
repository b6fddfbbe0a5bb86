import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { curl, HUB_TOKEN, python } from "../../../api/ui/src/lines.js";

const run = promisify(execFile);
const SECRETS = { HFD_API_TOKEN: "api-token-of-a-test", HFD_TOKEN: "hf_of_a_test", HFD_AUTH_USER: "me", HFD_AUTH_PASS: "s:ä" };
const HOSTILE = { repo: "a'; echo \"$HOME\" `id` \\ %", filters: ["ä🙂\n"], dryRun: true, revision: null };

/** What the server was asked. */
const asked = [];
const server = createServer(async (request, answer) => {
  const body = (await request.toArray()).join("");
  asked.push({ method: request.method, path: request.url, login: request.headers.authorization, body: body && JSON.parse(body) });
  answer.end("{}");
});
before(() => new Promise((resolve) => server.listen(0, "127.0.0.1", resolve)));
after(() => server.close());
const line = (method, path, body) => ({ method, url: `http://127.0.0.1:${server.address().port}/${path}`, body });

/** What the line for the shell asks for. */
async function shell(what, wanted) {
  const text = curl(what, wanted);
  for (const secret of Object.values(SECRETS)) assert.ok(!text.includes(secret), text);
  await run("bash", ["-c", text], { env: { ...process.env, ...SECRETS } });
  return asked.pop();
}

/** What the line for Python calls with: the arguments by place, then those by name as they are written. */
async function called(what, wanted) {
  const show = "import ast, json, os, sys; call = ast.parse(sys.stdin.read()).body[-2].value\n"
    + "value = lambda node: eval(compile(ast.Expression(node), '', 'eval'))\n"
    + "print(json.dumps([[value(one) for one in call.args], {one.arg: value(one.value) for one in call.keywords}]))";
  const child = run("python3", ["-c", show], { env: { ...process.env, ...SECRETS } });
  child.child.stdin.end(python(what, wanted));
  return JSON.parse((await child).stdout);
}

test("the line for curl sends the same request, whatever is in it", async () => {
  assert.deepEqual(await shell(line("POST", "api/download", HOSTILE), "nothing"), { method: "POST", path: "/api/download", login: undefined, body: HOSTILE });
  assert.deepEqual(await shell(line("GET", "api/analyze/a?revision=x%26y"), "nothing"), { method: "GET", path: "/api/analyze/a?revision=x%26y", login: undefined, body: "" });
});

test("secrets come from variables", async () => {
  const change = line("POST", "api/settings", { token: HUB_TOKEN, retries: 3 });
  const { login, body } = await shell(change, "token");
  assert.equal(login, `Bearer ${SECRETS.HFD_API_TOKEN}`);
  assert.deepEqual(body, { token: SECRETS.HFD_TOKEN, retries: 3 });
  assert.deepEqual((await called(change, "token"))[1], { headers: { Authorization: login }, json: body });
  const basic = Buffer.from(`${SECRETS.HFD_AUTH_USER}:${SECRETS.HFD_AUTH_PASS}`).toString("base64");
  assert.equal((await shell(line("DELETE", "api/jobs/1"), "password")).login, `Basic ${basic}`);
  assert.deepEqual((await called(line("DELETE", "api/jobs/1"), "password"))[1], { auth: [SECRETS.HFD_AUTH_USER, SECRETS.HFD_AUTH_PASS] });
});

test("the line for Python makes the same request", async () => {
  const what = line("POST", "api/plan", HOSTILE);
  assert.deepEqual(await called(what, "nothing"), [["POST", what.url], { json: HOSTILE }]);
});
