// The page: its frame, and which part of it is shown.
import { computed, effect, html, render } from "./html.js";
import { connection, follow, version } from "./live.js";
import { href, route } from "./route.js";
import { focusHeading, saveFocus } from "./parts/heading.js";
import { Commands } from "./parts/copy.js";
import { SignIn } from "./parts/sign-in.js";
import { Toasts } from "./parts/toasts.js";
import { CachePage } from "./pages/cache.js";
import { ClusterPage } from "./pages/cluster.js";
import { JobPage } from "./pages/job.js";
import { JobsPage } from "./pages/jobs.js";
import { SettingsPage } from "./pages/settings.js";
import { StartPage } from "./pages/start.js";

const START = { page: "start", title: "Download", view: StartPage };
const PAGES = [
  START,
  { page: "jobs", title: "Jobs", view: JobsPage, one: JobPage },
  { page: "cache", title: "Cache", view: CachePage },
  { page: "cluster", title: "Cluster", view: ClusterPage },
  { page: "settings", title: "Settings", view: SettingsPage },
];

const CONNECTIONS = { connecting: "Connecting …", live: "Live", lost: "Connection lost: trying again …" };

/** Without a change of the address, whose part behind `#` names the page. @param {Event} event */
function skip(event) {
  event.preventDefault();
  document.getElementById("main")?.focus();
}

function Page() {
  const { page, rest } = route.value;
  const shown = PAGES.find((one) => one.page === page) ?? START;
  const View = rest.length && "one" in shown ? shown.one : shown.view;
  return html`
    <a class="skip" href="#main" onClick=${skip}>Skip to the content</a>
    <header>
      <a class="brand" href=${href("start")}><img src="ui/icon.svg" alt="" width="20" height="20" /> HFDownloader</a>
      <nav aria-label="Pages">
        ${PAGES.map(
          ({ page, title }) =>
            html`<a key=${page} href=${href(page)} aria-current=${page === shown.page ? "page" : undefined}>${title}</a>`,
        )}
      </nav>
      <span class="connection ${connection.value}" role="status">${CONNECTIONS[connection.value]}</span>
    </header>
    <main id="main" tabindex="-1">
      <${View} key=${shown.page} />
      ${shown.page !== "start" && html`<${Commands} />`}
    </main>
    <footer>
      ${version.value && html`HFDownloader ${version.value} · `}<a href="api/docs">API</a>
    </footer>
    <${Toasts} />
    <${SignIn} />
  `;
}

/** The page without its query, and the thing that it is about. */
const place = computed(() => [route.value.page, ...route.value.rest].join("/"));
const subject = computed(() => (route.value.page === "start" ? route.value.query.get("repo") : route.value.rest.at(-1)));

effect(() => {
  const title = PAGES.find(({ page }) => page === route.value.page)?.title ?? START.title;
  document.title = [subject.value, title, "HFDownloader"].filter(Boolean).join(" · ");
});
let shownPlace = "";
route.subscribe(() => {
  const before = shownPlace;
  shownPlace = place.peek();
  // Whoever opens the page begins at its top.
  if (!before) return;
  if (before === shownPlace) return saveFocus();
  // The new page is drawn by then.
  requestAnimationFrame(() => {
    scrollTo(0, 0);
    focusHeading();
  });
});
follow();
render(html`<${Page} />`, /** @type {Element} */ (document.getElementById("page")));
