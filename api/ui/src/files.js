// The files of one job, however many: read in pages, then kept by what updates tell. What an update costs depends on what it
// holds alone.
import { computed, effect, signal } from "./html.js";
import * as jobs from "./jobs.js";
import { patiently } from "./patience.js";
import { failed } from "./parts/toasts.js";
import * as service from "./service.js";

/** @typedef {import("./types").JobFile} JobFile */

/** Files of one answer, the most that there may be. */
const PAGE_FILES = 1000;
/** Files that a search looks at without a pause. */
const SLICE_FILES = 5000;

export class JobFiles {
  /** Raised whenever something has changed. */
  changed = signal(0);
  /** In the service's order, as far as they are read. @type {JobFile[]} */
  #list = [];
  /** Where in the list a path is. @type {Map<string, number>} */
  #places = new Map();
  /** What updates have told since the reading began: a page may be older. @type {Map<string, JobFile> | null} */
  #ahead = null;
  /** Those with an error, by path. @type {Map<string, JobFile>} */
  #failures = new Map();
  #search = "";
  /** Places of the files that match. @type {number[]} */
  #found = [];
  /** Where the search goes on. */
  #next = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #going;

  /** @param {string} id of the job */
  constructor(id) {
    this.id = id;
  }

  /** How many are known. */
  get known() {
    return this.#list.length;
  }

  /** How many are to be shown. */
  get count() {
    return this.#search ? this.#found.length : this.#list.length;
  }

  /** Those with an error, by path. @returns {ReadonlyMap<string, JobFile>} */
  get failures() {
    return this.#failures;
  }

  /** @param {number} index among those to be shown @returns {JobFile | undefined} */
  at(index) {
    return this.#list[this.#search ? this.#found[index] : index];
  }

  /** Shows only files whose path has this in it. @param {string} text */
  search(text) {
    this.#search = text.toLowerCase();
    this.#lookAnew();
    this.#raise();
  }

  /** Follows the job; returns what ends it. */
  follow() {
    // Its signals come and go with the list.
    const known = computed(() => (jobs.ids.value, jobs.job(this.id)?.value));
    const reading = computed(() => (known.value?.filesTruncated ? jobs.filesChanged(this.id)?.value : undefined));
    const ends = [
      effect(() => {
        const job = known.value;
        if (job?.filesTruncated) this.#lay(job.files);
        else if (job) this.#replace(job.files);
      }),
      effect(() => {
        if (reading.value === undefined) return undefined;
        const abort = new AbortController();
        // A lost connection is shown as such.
        void patiently(() => this.#read(abort.signal), abort.signal, (error) => error.status === 0 || failed(error));
        return () => abort.abort();
      }),
    ];
    return () => {
      for (const end of ends) end();
      clearTimeout(this.#going);
    };
  }

  /** @param {JobFile[]} files all of them */
  #replace(files) {
    const isSame = files.length === this.#list.length && files.every(({ path }, place) => path === this.#list[place].path);
    this.#list = files;
    this.#places.clear();
    this.#failures.clear();
    for (const file of files) this.#note(file);
    if (!isSame) this.#lookAnew();
    this.#raise();
  }

  /** @param {JobFile[]} files that have changed */
  #lay(files) {
    for (const file of files) {
      this.#ahead?.set(file.path, file);
      this.#note(file);
      const place = this.#places.get(file.path);
      if (place !== undefined && this.#list[place]?.path === file.path) this.#list[place] = file;
    }
    this.#raise();
  }

  /** Shows each page as it comes, in the place of what was known before. @param {AbortSignal} abort */
  async #read(abort) {
    const ahead = new Map();
    this.#ahead = ahead;
    if (!this.#places.size) this.#list = [...this.#list];
    for (let offset = 0; ; ) {
      const page = await service.files(this.id, { offset, limit: PAGE_FILES }, abort);
      abort.throwIfAborted();
      for (const file of page.files) this.#put(offset++, ahead.get(file.path) ?? file);
      if (page.nextOffset === null) {
        this.#cut(offset);
        break;
      }
      this.#raise();
    }
    this.#ahead = null;
    this.#raise();
  }

  /** @param {number} place @param {JobFile} file */
  #put(place, file) {
    const before = this.#list[place];
    this.#list[place] = file;
    this.#places.set(file.path, place);
    this.#note(file);
    // The job was planned anew.
    if (before && before.path !== file.path) this.#lookAnew();
  }

  /** @param {JobFile} file */
  #note(file) {
    if (file.error) this.#failures.set(file.path, file);
    else this.#failures.delete(file.path);
  }

  /** Drops what an earlier plan had more. @param {number} length */
  #cut(length) {
    if (this.#list.length > length) {
      this.#list.length = length;
      this.#lookAnew();
    }
    if (this.#places.size > length) this.#places = new Map(this.#list.map(({ path }, place) => [path, place]));
    for (const path of this.#failures.keys()) if (!this.#places.has(path)) this.#failures.delete(path);
  }

  #raise() {
    if (this.#search && this.#going === undefined) this.#look();
    this.changed.value = this.changed.peek() + 1;
  }

  #lookAnew() {
    clearTimeout(this.#going);
    this.#going = undefined;
    this.#found = [];
    this.#next = 0;
  }

  /** Looks at the next files, and then at more, so that typing and drawing are not held up. */
  #look() {
    const end = Math.min(this.#list.length, this.#next + SLICE_FILES);
    for (; this.#next < end; this.#next += 1) {
      if (this.#list[this.#next].path.toLowerCase().includes(this.#search)) this.#found.push(this.#next);
    }
    if (end === this.#list.length) return;
    this.#going = setTimeout(() => {
      this.#going = undefined;
      this.#raise();
    });
  }
}
