// One box, and behind it all that is known of a repository.
import { html, useEffect, useState } from "../html.js";
import { parse } from "../reference.js";
import { href, route } from "../route.js";
import * as service from "../service.js";
import { Analysis } from "../parts/analysis.js";

const EXAMPLES = ["openai-community/gpt2", "TheBloke/Mistral-7B-Instruct-v0.2-GGUF:q4_k_m", "hf://datasets/rajpurkar/squad"];

/** The address that shows this reference. @param {import("../reference.js").Reference} reference */
function addressOf({ repo, filters, revision, type }) {
  /** @type {Record<string, string>} */
  const query = { repo };
  if (filters.length) query.filters = filters.join(",");
  if (revision) query.revision = revision;
  if (type) query.type = type;
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
          onInput=${(/** @type {import("../types").Input} */ event) => setText(event.currentTarget.value)} />
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

/** @typedef {{ answer?: import("../types").Answer<"analyzeRepo">, error?: import("../api.js").ApiError }} State */

/** @param {{ repo: string, revision: string, type: import("../reference.js").Reference["type"], filters: string[] }} props */
function Repository({ repo, revision, type, filters }) {
  const [state, setState] = useState(/** @type {State} */ ({}));
  useEffect(() => {
    const abort = new AbortController();
    const query = { revision: revision || undefined, type: type || undefined };
    service.analyze(repo, query, abort.signal).then(
      (answer) => setState({ answer }),
      (error) => abort.signal.aborted || setState({ error }),
    );
    return () => abort.abort();
  }, []);
  const { answer, error } = state;
  if (error) {
    return html`<div class="card" role="alert"><strong class="error">${error.title}</strong><p class="path"><bdi>${error.details}</bdi></p>
      ${error.status === 403 && html`<p>Ask for access on the repository's page, and set a token in the <a href=${href("settings")}>settings</a>.</p>`}</div>`;
  }
  if (!answer) return html`<p class="faint" role="status">Looking at <bdi>${repo}</bdi> …</p>`;
  if ("needsSelection" in answer) {
    return html`<div class="card"><p>There is a model and a dataset of this name. Which one?</p>
      <div class="row">${answer.options.map(
        (option) =>
          html`<a class="button" key=${option} href=${addressOf({ repo, filters, revision, type: option })}>The ${option}</a>`,
      )}</div></div>`;
  }
  return html`<${Analysis} analysis=${answer} filters=${filters} revision=${revision || "main"} />`;
}
