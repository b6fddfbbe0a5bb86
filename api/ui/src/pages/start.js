// One box, and behind it all that is known of a repository.
import { html, useEffect, useMemo, useRef, useState } from "../html.js";
import { faultOf, parse, written } from "../reference.js";
import { href, route } from "../route.js";
import { bytes } from "../format.js";
import * as service from "../service.js";
import { patterns } from "../parts/options.js";
import { Analysis } from "../parts/analysis.js";
import { saveFocus } from "../parts/heading.js";

/** Answers of the Hub that a token may change. */
const WITHOUT_TOKEN = [401, 403, 404, 429];

const EXAMPLES = [
  { text: "openai-community/gpt2", what: "a model or a dataset by its name" },
  { text: "TheBloke/Mistral-7B-Instruct-v0.2-GGUF:q4_k_m", what: "of it only what matches" },
  { text: "hf://datasets/rajpurkar/squad@main", what: "a dataset at a revision" },
  { text: "https://huggingface.co/openai/whisper-large-v3", what: "the address of a page, a folder or a file" },
];

/** The address that shows this reference. @param {import("../reference.js").Reference} reference */
function addressOf({ repo, filters, revision, type }) {
  /** @type {Record<string, string>} */
  const query = { repo };
  if (filters.length) query.filters = filters.join(",");
  if (revision) query.revision = revision;
  if (type) query.type = type;
  return href("start", [], query);
}

/** What the address asks for. @param {URLSearchParams} query @returns {import("../reference.js").Reference} */
function referenceIn(query) {
  const type = query.get("type");
  return {
    repo: query.get("repo") ?? "",
    filters: patterns(query.get("filters") ?? ""),
    revision: query.get("revision") ?? "",
    type: type === "model" || type === "dataset" ? type : "",
  };
}

export function StartPage() {
  const address = route.value.query.toString();
  const reference = useMemo(() => referenceIn(route.value.query), [address]);
  const [text, setText] = useState("");
  const [wrong, setWrong] = useState("");
  /** How often the same was asked for again. */
  const [asked, setAsked] = useState(0);
  const turned = useRef(/** @type {import("../parts/analysis.js").Turn | null} */ (null));
  useEffect(() => {
    if (reference.repo) setText(written(reference));
    setWrong("");
  }, [reference]);
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    const given = parse(text);
    if (typeof given === "string") return setWrong(given);
    setWrong("");
    const next = addressOf(given);
    if (next === location.hash) setAsked(asked + 1);
    else location.hash = next;
    return undefined;
  };
  const fault = wrong || (reference.repo && faultOf(reference.repo));
  const isShown = reference.repo && !faultOf(reference.repo);
  return html`
    <form class=${reference.repo ? "ask" : "ask first"} onSubmit=${submit} role="search">
      <h1><label for="repo">Which model or dataset?</label></h1>
      <div class="row">
        <input id="repo" class="grow" type="text" value=${text} placeholder="owner/name, owner/name:filter, hf://… or an address of the Hub"
          autocomplete="off" autocapitalize="off" spellcheck=${false} aria-invalid=${Boolean(fault)} aria-describedby="repo-wrong"
          onInput=${(/** @type {import("../types").Input} */ event) => setText(event.currentTarget.value)} />
        <button class="primary">Look at it</button>
      </div>
      <p id="repo-wrong" class="error" role="alert">${fault}</p>
    </form>
    ${isShown
      ? html`<${Repository} key=${`${address} ${asked}`} reference=${reference} turned=${turned} />`
      : html`<dl class="examples">${EXAMPLES.map(
          ({ text, what }) => html`<div key=${text}><dt class="faint small">${what}</dt>
            <dd><button type="button" class="quiet" onClick=${() => setText(text)}><code>${text}</code></button></dd></div>`,
        )}</dl>`}
  `;
}

/** @typedef {{ answer?: import("../types").Answer<"analyzeRepo">, error?: import("../api.js").ApiError }} State */

/** @param {{ reference: import("../reference.js").Reference, turned: import("../parts/analysis.js").Turned }} props */
function Repository({ reference, turned }) {
  const { repo, revision, type, filters } = reference;
  const [state, setState] = useState(/** @type {State} */ ({}));
  const [tries, setTries] = useState(0);
  useEffect(() => {
    const abort = new AbortController();
    setState({});
    const query = { revision: revision || undefined, type: type || undefined };
    service.analyze(repo, query, abort.signal).then(
      (answer) => setState({ answer }),
      (error) => abort.signal.aborted || setState({ error }),
    );
    return () => abort.abort();
  }, [tries]);
  const again = () => {
    setState({});
    setTries(tries + 1);
    saveFocus();
  };
  const { answer, error } = state;
  if (error) {
    return html`<div class="card" role="alert"><strong class="error">${error.title}</strong><p class="path"><bdi>${error.details}</bdi></p>
      ${WITHOUT_TOKEN.includes(error.status) && html`<p><a href=${href("settings")}>Set a token of the Hub</a></p>`}
      <button type="button" onClick=${again}>Try again</button></div>`;
  }
  if (answer && "needsSelection" in answer) {
    return html`<div class="card" role="status"><p>There is a model and a dataset of this name. Which one?</p>
      <div class="row">${answer.options.map(
        (option) => html`<a class="button" key=${option} href=${addressOf({ repo, filters, revision, type: option })}>The ${option}</a>`,
      )}</div></div>`;
  }
  return html`
    <p class=${answer ? "unseen" : "faint"} role="status">${answer
      ? `${answer.repo}: ${answer.type_description}, ${bytes(answer.total_size)}`
      : html`Looking at <bdi>${repo}</bdi> …`}</p>
    ${answer && html`<${Analysis} analysis=${answer} filters=${filters} revision=${revision || "main"} turned=${turned} />`}
  `;
}
