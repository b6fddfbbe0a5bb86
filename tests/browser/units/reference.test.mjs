import assert from "node:assert/strict";
import { test } from "node:test";
import { parse, written } from "../../../api/ui/src/reference.js";

const is = (text, repo, { type = "", revision = "", filters = [] } = {}) =>
  assert.deepEqual(parse(text), { repo, filters, revision, type }, text);
const refuses = (text, why) => {
  const found = parse(text);
  assert.ok(typeof found === "string" && why.test(found), `${text}: ${JSON.stringify(found)}`);
};

test("a name may come with kind, revision and filters", () => {
  is(" acme/tiny ", "acme/tiny");
  is("gpt2", "gpt2");
  is("acme/tiny:q4_k_m, *.json,", "acme/tiny", { filters: ["q4_k_m", "*.json"] });
  is("acme/tiny@v1.0:q4", "acme/tiny", { revision: "v1.0", filters: ["q4"] });
  is("acme/tiny@refs/pr/3", "acme/tiny", { revision: "refs/pr/3" });
  is("datasets/acme/words", "acme/words", { type: "dataset" });
  is("datasets/squad", "squad", { type: "dataset" });
  is("models/acme/tiny", "acme/tiny", { type: "model" });
});

test("hf:// may name a revision, and a file or a folder", () => {
  is("hf://acme/tiny", "acme/tiny");
  is("HF://datasets/acme/words@v2/data/train.parquet", "acme/words", { type: "dataset", revision: "v2", filters: ["data/train.parque?"] });
  is("hf://acme/tiny@refs/pr/3/model.gguf", "acme/tiny", { revision: "refs/pr/3", filters: ["[m/]odel.ggu?"] });
  is("hf://acme/tiny@refs%2Fpr%2F3", "acme/tiny", { revision: "refs/pr/3" });
  is("hf://acme/tiny/model.gguf", "acme/tiny", { filters: ["[m/]odel.ggu?"] });
  is("hf://acme/tiny@v1/onnx/", "acme/tiny", { revision: "v1", filters: ["[o/]nn?", "onnx/*"] });
  is("hf://acme/tiny/onnx", "acme/tiny", { filters: ["[o/]nn?", "onnx/*"] });
});

test("addresses of the Hub, of its short name and of mirrors name a repository, a revision, a file or a folder", () => {
  for (const host of ["https://huggingface.co", "huggingface.co", "hf.co", "https://hf.co", "http://mirror.example:8080"]) {
    is(`${host}/acme/tiny`, "acme/tiny");
    is(`${host}/acme/tiny/blob/main/a/x.gguf`, "acme/tiny", { revision: "main", filters: ["a/x.ggu?"] });
  }
  is("https://huggingface.co/gpt2/tree/main", "gpt2", { revision: "main" });
  is("https://huggingface.co/acme/tiny/resolve/v1/x.gguf?download=true", "acme/tiny", { revision: "v1", filters: ["[x/].ggu?"] });
  is("https://huggingface.co/datasets/acme/words/tree/refs%2Fconvert%2Fparquet/en", "acme/words", { type: "dataset", revision: "refs/convert/parquet", filters: ["en/*"] });
  is("https://huggingface.co/acme/tiny/tree/refs/pr/3", "acme/tiny", { revision: "refs/pr/3" });
  is("https://huggingface.co/acme/tiny/blob/a%2Fb/what%20now%3F.txt", "acme/tiny", { revision: "a/b", filters: ["[w/]hat now?.tx?"] });
  is("https://huggingface.co/acme/tiny/discussions/3", "acme/tiny");
  is("https://huggingface.co/datasets/acme/words/viewer/default/train", "acme/words", { type: "dataset" });
});

test("characters that mean something in a filter match any", () => {
  is("hf://acme/tiny/a,b*[1].bin", "acme/tiny", { filters: ["[a/]?b??1?.bi?"] });
  is("hf://acme/tiny/{a}.bin", "acme/tiny", { filters: ["[!/]a?.bi?"] });
});

test("what names no model and no dataset is refused with a reason", () => {
  refuses("", /Type the name/);
  refuses("a b", /no repository/);
  refuses("<img src=x>", /no repository/);
  refuses("a/b/c", /no repository/);
  refuses("https://huggingface.co/", /no repository/);
  refuses("https://huggingface.co/acme/%E0%A4%A", /no address/);
  refuses("https://", /no address/);
  refuses("javascript://alert(1)", /no repository|no address/);
  refuses("spaces/acme/demo", /Space/);
  refuses("https://huggingface.co/spaces/acme/demo", /Space/);
  refuses("hf://spaces/acme/demo", /Space/);
  for (const name of ["..", ".", "../jobs", "a/..", "./a", "hf://../jobs", "https://huggingface.co/..%2Fx/y"]) refuses(name, /no repository/);
  for (const name of [".hidden/..a", "a/...", "a.b/.c"]) is(name, name);
  for (const name of ["__proto__", "constructor", "toString"]) is(`${name}/x`, `${name}/x`);
});

test("what is written of a reference is read as the same", () => {
  for (const text of ["acme/tiny", "models/acme/both", "datasets/acme/words@v2:a,b", "acme/tiny@refs/pr/3:*.gguf", "acme/tiny@main:[m/]odel.bi?"]) {
    assert.equal(written(parse(text)), text);
  }
});
