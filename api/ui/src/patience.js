// Reading that goes on after a failure.
const MIN_PAUSE_MS = 1000;
const MAX_PAUSE_MS = 30_000;

/** Whether trying again may help. @param {any} error */
const mayPass = ({ status }) => status === undefined || status === 0 || status === 408 || status === 429 || status >= 500;

/**
 * Does something until it is done, with growing pauses after failures.
 * @param {() => Promise<unknown>} work
 * @param {AbortSignal} abort
 * @param {(error: any) => void} [tell] has the first failure, and the one that ends it
 */
export async function patiently(work, abort, tell = () => {}) {
  for (let failures = 0; !abort.aborted; failures += 1) {
    try {
      await work();
      return;
    } catch (error) {
      if (abort.aborted) return;
      if (!failures || !mayPass(error)) tell(error);
      if (!mayPass(error)) return;
      const pause = Math.min(MAX_PAUSE_MS, MIN_PAUSE_MS * 2 ** failures);
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
}
