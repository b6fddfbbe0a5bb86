// What a repository holds, and what to take of it.
import { html, useLayoutEffect, useRef, useState } from "../html.js";
import { posted } from "../live.js";
import * as service from "../service.js";
import { bytes, count } from "../format.js";
import { href, present } from "../route.js";
import { CachedLine, placeOf, useCached } from "./cached.js";
import { Commands } from "./copy.js";
import { Facts, Glance, Related } from "./facts.js";
import { Items } from "./items.js";
import { Lazy } from "./lazy.js";
import { NO_OPTIONS, Options, patterns } from "./options.js";
import { Tree } from "./tree.js";
import { done, telling } from "./toasts.js";

/** @typedef {import("../types").Analysis} Repo */
/** @typedef {import("../types").SelectableItem} Item */

/** @param {Item} item @param {string[]} filters */
const isNamed = (item, filters) => {
  const own = patterns(item.filter_value.toLowerCase());
  return own.length > 0 && own.every((one) => filters.some((filter) => filter.toLowerCase() === one));
};

/** @typedef {{ address: string, options: import("./options.js").Chosen }} Turn to another revision, and what was said of the download before */
/** @typedef {{ current: Turn | null }} Turned */

/** @param {{ analysis: Repo, filters: string[], revision: string, turned: Turned }} props */
export function Analysis({ analysis, filters, revision, turned }) {
  const items = analysis.selectable_items;
  const cached = useCached(analysis);
  // Filters that are those of an item choose it; the others stand in their field.
  const [chosen, setChosen] = useState(() => new Set(items.filter((item) => isNamed(item, filters)).map(({ id }) => id)));
  const [options, setOptions] = useState(() => {
    const known = items.filter((item) => chosen.has(item.id)).flatMap((item) => patterns(item.filter_value.toLowerCase()));
    // Not to another repository, when the revision could not be looked at.
    const said = turned.current?.address === location.hash ? turned.current.options : NO_OPTIONS;
    return { ...said, filters: filters.filter((filter) => !known.includes(filter.toLowerCase())).join(", ") };
  });
  const [plan, setPlan] = useState(/** @type {import("../types").Plan | null} */ (null));
  const taken = items.filter((item) => chosen.has(item.id));
  const choose = (/** @type {Item[]} */ next) => {
    setChosen(new Set(next.map(({ id }) => id)));
    setPlan(null);
  };
  // A download has one revision: what lies in another branch is taken alone.
  const beside = (/** @type {Item[]} */ added) => taken.filter((item) => !added.includes(item) && ![item, ...added].some(({ revision }) => revision));
  const toggle = (/** @type {Item} */ item) => choose([...beside([item]), ...(chosen.has(item.id) ? [] : [item])]);
  const take = (/** @type {Item[]} */ added) => choose([...beside(added), ...added]);
  const change = (/** @type {typeof options} */ next) => {
    setOptions(next);
    setPlan(null);
  };
  const body = request(analysis, revision, taken, options);
  // What a preview is of: the choice may be another one when the answer comes.
  const wanted = useRef("");
  wanted.current = JSON.stringify(body);
  const preview = async () => {
    const asked = wanted.current;
    const found = await telling(() => service.plan(body));
    if (found && asked === wanted.current) setPlan(found);
  };
  const download = () =>
    telling(async () => {
      const [since, page] = [Date.now(), present()];
      const answer = await service.download(body);
      const isKnown = "job" in answer;
      done(isKnown ? answer.message : "The download is on its way");
      const job = isKnown ? answer.job : answer;
      posted(job, since);
      page.leadTo(href("jobs", [job.id]));
    });
  const kept = filtersOf(taken.filter((item) => !item.revision), options);
  const isCached = (/** @type {string} */ path) => cached.files.has(path);
  return html`
    <section class="card" aria-label="Repository">
      <div class="row apart">
        <div><h2 class="path"><bdi>${analysis.repo}</bdi></h2><p class="faint">${about(analysis)}</p></div>
        <${Revisions} analysis=${analysis} revision=${revision} filters=${kept} options=${options} turned=${turned} />
      </div>
      <${Glance} analysis=${analysis} />
      <${Related} analysis=${analysis} />
      ${analysis.gguf?.notes.map((note) => html`<p key=${note} class="faint small path"><bdi>${note}</bdi></p>`)}
      <${CachedLine} analysis=${analysis} cached=${cached} />
    </section>
    <${Items} items=${items} chosen=${chosen} toggle=${toggle} take=${take} isCached=${isCached} context=${analysis.gguf?.context} />
    <${Options} options=${options} change=${change} />
    <${Order} analysis=${analysis} taken=${taken} options=${options} plan=${plan} cached=${cached} preview=${preview} download=${download} />
    ${plan && html`<section class="card" aria-label="Preview">
      <h2>${count(plan.totalFiles, "file")}, ${bytes(plan.totalSize)}</h2><${Tree} files=${plan.files} /></section>`}
    <${Commands} />
    <${Facts} analysis=${analysis} />
    <${Lazy} class="card" summary="All files" content=${() => html`<${Tree} files=${analysis.files} />`} />
  `;
}

/** The type of a repository and what it does. @param {Repo} analysis */
function about(analysis) {
  const task = (analysis.audio ?? analysis.vision ?? analysis.multimodal ?? analysis.transformers)?.task_description;
  return [analysis.type_description, task].filter(Boolean).join(" · ");
}

/** The filters of what is chosen, and those that were typed. @param {Item[]} taken @param {import("./options.js").Chosen} options */
const filtersOf = (taken, options) => [...taken.flatMap((item) => patterns(item.filter_value)), ...patterns(options.filters)];

/**
 * The body of the request: what is not chosen is not named, so that copied lines stay short.
 * @param {Repo} analysis @param {string} revision @param {Item[]} taken @param {import("./options.js").Chosen} options
 * @returns {import("../types").DownloadRequest}
 */
function request(analysis, revision, taken, options) {
  const filters = filtersOf(taken, options);
  const excludes = patterns(options.excludes);
  return {
    repo: analysis.repo,
    revision: taken.find((item) => item.revision)?.revision ?? revision,
    ...(analysis.is_dataset && { dataset: true }),
    ...(filters.length > 0 && { filters }),
    ...(excludes.length > 0 && { excludes }),
    ...(options.priority !== "normal" && { priority: options.priority }),
    ...(options.transfer !== "auto" && { transfer: options.transfer }),
  };
}

/**
 * Branches and tags to look at instead.
 * @param {{ analysis: Repo, revision: string, filters: string[], options: import("./options.js").Chosen, turned: Turned }} props what goes
 *   along; when another one was chosen here the choice is drawn anew with what it leads to, and has the focus again
 */
function Revisions({ analysis, revision, filters, options, turned }) {
  const choice = useRef(/** @type {HTMLSelectElement | null} */ (null));
  useLayoutEffect(() => {
    if (turned.current?.address === location.hash) choice.current?.focus();
    turned.current = null;
  }, []);
  const of = (/** @type {string} */ type) => analysis.refs.filter((ref) => ref.type === type);
  const groups = [{ title: "Branches", refs: of("branch") }, { title: "Tags", refs: of("tag") }].filter(({ refs }) => refs.length);
  if (!groups.length) return html`<span class="faint small">Revision <bdi>${revision}</bdi></span>`;
  const go = (/** @type {{ currentTarget: HTMLSelectElement }} */ event) => {
    const query = { ...placeOf(analysis), revision: event.currentTarget.value, ...(filters.length > 0 && { filters: filters.join(",") }) };
    turned.current = { address: href("start", [], query), options };
    location.hash = turned.current.address;
  };
  return html`<label>Revision
    <select ref=${choice} value=${revision} onChange=${go}>
      ${!analysis.refs.some((ref) => ref.name === revision) && html`<option value=${revision}>${revision}</option>`}
      ${groups.map(
        ({ title, refs }) => html`<optgroup key=${title} label=${title}>
          ${refs.map((ref) => html`<option key=${ref.name} value=${ref.name}>${ref.name}</option>`)}
        </optgroup>`,
      )}
    </select></label>`;
}

/**
 * What the choice comes to, and the steps.
 * @param {{ analysis: Repo, taken: Item[], options: import("./options.js").Chosen, plan: import("../types").Plan | null,
 *   cached: import("./cached.js").Cached, preview: () => void, download: () => void }} props
 */
function Order({ analysis, taken, options, plan, cached, preview, download }) {
  // What is known of the cache is of the files that are looked at, not of those in the branch of an item.
  const isElsewhere = taken.some((item) => item.revision);
  const isOpen = patterns(options.filters).length > 0 || patterns(options.excludes).length > 0 || isElsewhere;
  const wanted = new Set(taken.flatMap((item) => item.files));
  // The preview knows exactly; before it, what is chosen does, but for small files around it.
  const files = plan?.files ?? (taken.length ? analysis.files.filter((file) => wanted.has(file.path)) : analysis.files);
  const size = files.reduce((sum, file) => sum + file.size, 0);
  const missing = files.reduce((sum, file) => sum + (!isElsewhere && cached.contents.has(file.path) ? 0 : file.size), 0);
  const isAtMost = cached.isCut || isElsewhere;
  const isUnknown = isOpen && !plan;
  const isTooLarge = !isUnknown && cached.free !== null && missing > cached.free;
  const what = taken.length || isOpen ? "What you chose" : "The whole repository";
  return html`<div class="order card">
    <div class="grow" role="status">
      <p>${what}: ${isUnknown ? "Preview tells how much it is" : html`<strong class="number">${bytes(size)}</strong>`}
        ${taken.length > 0 && !plan && !isUnknown && " and the small files around it"}
        ${!isUnknown && bytes(missing) !== bytes(size) && html`, ${isAtMost && "at most "}<span class="number">${bytes(missing)}</span> to fetch`}</p>
      ${isTooLarge
        ? html`<p class="warn">⚠ It ${isAtMost ? "may" : "does"} not fit: the volume of the cache has ${bytes(cached.free ?? 0)} left.</p>`
        : cached.free !== null && html`<p class="faint small number">${bytes(cached.free)} free in the cache</p>`}
    </div>
    <button type="button" onClick=${preview}>Preview</button>
    <button type="button" class="primary" onClick=${download}>Download</button>
  </div>`;
}
