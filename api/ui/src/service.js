// The operations of the API that the page uses, each with the shapes of the API document.
import { request } from "./api.js";

/** @typedef {import("./types").RepoType} RepoType */
/**
 * @template {keyof import("#schema").operations} Operation
 * @typedef {import("./types").Answer<Operation>} Answer
 */
/**
 * @template {keyof import("#schema").operations} Operation
 * @typedef {import("./types").Query<Operation>} Query
 */
/** @typedef {{ repo: string, type: RepoType }} Place a repository, `owner/name` or `name`, and its kind */

/** @param {string} repo */
const inPath = (repo) => repo.split("/").map(encodeURIComponent).join("/");
/** A second name of `verify` would be taken for what is to be done. @param {Place} place */
const cached = ({ repo }) => `api/cache/${repo.endsWith("/verify") ? encodeURIComponent(repo) : inPath(repo)}`;
/** @param {string} id */
const job = (id) => `api/jobs/${encodeURIComponent(id)}`;

/** @param {string} repo @param {Query<"analyzeRepo">} query @param {AbortSignal} [abort] @returns {Promise<Answer<"analyzeRepo">>} */
export const analyze = (repo, query, abort) => request("GET", `api/analyze/${inPath(repo)}`, { query, abort });
/** @param {import("./types").DownloadRequest} body @returns {Promise<Answer<"planDownload">>} */
export const plan = (body) => request("POST", "api/plan", { body });
/**
 * Starts a job, or finds the live one that asks for the same.
 * @param {Omit<import("./types").DownloadRequest, "dryRun">} body
 * @returns {Promise<Exclude<Answer<"startDownload">, import("./types").Plan>>}
 */
export const download = (body) => request("POST", "api/download", { body });

/** Without files: whoever opens a job reads them. @param {Query<"listJobs">} query @param {AbortSignal} [abort] @returns {Promise<Answer<"listJobs">>} */
export const jobs = (query, abort) => request("GET", "api/jobs", { query: { ...query, files: false }, abort });
/** @param {string} id @param {AbortSignal} [abort] @returns {Promise<Answer<"getJob">>} */
export const oneJob = (id, abort) => request("GET", job(id), { abort });
/** @param {string} id @param {Query<"listJobFiles">} query @param {AbortSignal} [abort] @returns {Promise<Answer<"listJobFiles">>} */
export const files = (id, query, abort) => request("GET", `${job(id)}/files`, { query, abort });
/** @param {string} id @returns {Promise<Answer<"pauseJob">>} */
export const pause = (id) => request("POST", `${job(id)}/pause`);
/** @param {string} id @returns {Promise<Answer<"resumeJob">>} */
export const resume = (id) => request("POST", `${job(id)}/resume`);
/** @param {string} id @returns {Promise<Answer<"cancelJob">>} */
export const cancel = (id) => request("DELETE", job(id));
/** @param {string} id @returns {Promise<Answer<"retryJob">>} */
export const retry = (id) => request("POST", `${job(id)}/retry`);
/** @param {string} id @returns {Promise<Answer<"dismissJob">>} */
export const dismiss = (id) => request("POST", `${job(id)}/dismiss`);
/** @param {Query<"dismissJobs">} query @returns {Promise<Answer<"dismissJobs">>} */
export const dismissAll = (query) => request("DELETE", "api/jobs", { query });

/** @param {Query<"listCache">} query @param {AbortSignal} [abort] @returns {Promise<Answer<"listCache">>} */
export const cache = (query, abort) => request("GET", "api/cache", { query, abort });
/** @param {Place} place @param {AbortSignal} [abort] @returns {Promise<Answer<"getCachedRepo">>} */
export const cachedRepo = (place, abort) => request("GET", cached(place), { query: { type: place.type }, abort });
/**
 * All files of a revision.
 * @param {Place} place @param {string} revision @param {AbortSignal} [abort]
 * @returns {Promise<import("./types").CachedFile[]>}
 */
export async function cachedFiles({ repo, type }, revision, abort) {
  const files = [];
  let offset = /** @type {number | null} */ (0);
  while (offset !== null) {
    const query = { type, revision, offset, limit: 10_000 };
    /** @type {Answer<"getCachedRepo">} */
    const { revisions } = await request("GET", cached({ repo, type }), { query, abort });
    for (const page of revisions) files.push(...page.files);
    offset = revisions[0]?.nextOffset ?? null;
  }
  return files;
}
/** @param {Place} place @param {string} [revision] @returns {Promise<Answer<"removeCachedRepo">>} */
export const removeCached = (place, revision) => request("DELETE", cached(place), { query: { type: place.type, revision } });
/** @param {Place} place @returns {Promise<Answer<"verifyCachedRepo">>} */
export const verify = (place) => request("POST", `${cached(place)}/verify`, { query: { type: place.type } });
/** @param {import("./types").PruneRequest} body @returns {Promise<Answer<"pruneCache">>} */
export const prune = (body) => request("POST", "api/cache/prune", { body });

/** @param {AbortSignal} [abort] @returns {Promise<Answer<"getCluster">>} */
export const cluster = (abort) => request("GET", "api/cluster", { abort });

/** @param {AbortSignal} [abort] @returns {Promise<Answer<"getSettings">>} */
export const settings = (abort) => request("GET", "api/settings", { abort });
/** @param {import("./types").SettingsChange} body @returns {Promise<Answer<"updateSettings">>} */
export const changeSettings = (body) => request("POST", "api/settings", { body });
