// One box, and behind it all that is known of a repository.
import { html, useEffect, useState } from "../html.js";
import { get, repoPath } from "../api.js";
import { parse } from "../reference.js";
import { href, route } from "../route.js";
import { Analysis } from "../parts/analysis.js";

const EXAMPLES = ["openai-community/gpt2", "TheBloke/Mistral-7B-Instruct-v0.2-GGUF:q4_k_m", "hf://datasets/rajpurkar/squad"];

/** The address that shows this reference. @param {import("../reference.js").Reference} reference @param {string} [type] */
function addressOf({ repo, filters, revision, type }, type_ = type) {
  /** @type {Record<string, string>} */
  const query = { repo };
  if (filters.length) query.filters = filters.join(",");
  if (revision) query.revision = revision;
  if (type_) query.type = type_;
  return href("start", [], query);
}

export function StartPage() {
  const { query } = route.value;
  const repo = query.get("repo") ?? "";
  const [text, setText] = useState(repo);
  const [wrong, setWrong] = useState("");
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    const reference = parse(text);
    if (typeof reference === "string") {
      setWrong(reference);
    } else {
      setWrong("");
      location.hash = addressOf(reference);
    }
  };
  return html`
    <form class="ask" onSubmit=${submit} role="search">
      <h1><label for="repo">Which model or dataset?</label></h1>
      <div class="row">
        <input id="repo" class="grow" type="text" value=${text} placeholder="owner/name, owner/name:filter, hf://… or an address of the Hub"
          autocomplete="off" autocapitalize="off" spellcheck=${false} aria-invalid=${Boolean(wrong)} aria-describedby="repo-wrong"
          onInput=${(/** @type {any} */ event) => setText(event.currentTarget.value)} />
        <button class="primary">Look at it</button>
      </div>
      <p id="repo-wrong" class="error" role="alert">${wrong}</p>
    </form>
    ${repo
      ? html`<${Repository} key=${route.value.query.toString()} repo=${repo} revision=${query.get("revision") ?? ""} type=${query.get("type") ?? ""}
          filters=${(query.get("filters") ?? "").split(",").filter(Boolean)} />`
      : html`<p class="faint">Such as ${EXAMPLES.map(
          (example) => html`<button type="button" class="quiet" key=${example} onClick=${() => setText(example)}><code>${example}</code></button>`,
        )}</p>`}
  `;
}

/** @param {{ repo: string, revision: string, type: string, filters: string[] }} props */
function Repository({ repo, revision, type, filters }) {
  const [state, setState] = useState(/** @type {{ analysis?: any, error?: any }} */ ({}));
  useEffect(() => {
    const abort = new AbortController();
    const query = new URLSearchParams();
    if (revision) query.set("revision", revision);
    if (type) query.set("type", type);
    get(`api/analyze/${repoPath(repo)}?${query}`, abort.signal).then(
      (analysis) => setState({ analysis }),
      (error) => abort.signal.aborted || setState({ error }),
    );
    return () => abort.abort();
  }, []);
  const { analysis, error } = state;
  if (error) {
    return html`<div class="card" role="alert"><strong class="error">${error.title}</strong><p class="path"><bdi>${error.details}</bdi></p>
      ${error.status === 403 && html`<p>Ask for access on the repository's page, and set a token in the <a href=${href("settings")}>settings</a>.</p>`}</div>`;
  }
  if (!analysis) return html`<p class="faint" role="status">Looking at <bdi>${repo}</bdi> …</p>`;
  if (analysis.needsSelection) {
    return html`<div class="card"><p>There is a model and a dataset of this name. Which one?</p>
      <div class="row">${analysis.options.map(
        (/** @type {"model" | "dataset"} */ option) =>
          html`<a class="button" key=${option} href=${addressOf({ repo, filters, revision, type: "" }, option)}>The ${option}</a>`,
      )}</div></div>`;
  }
  return html`<${Analysis} analysis=${analysis} filters=${filters} revision=${revision || "main"} />`;
}
