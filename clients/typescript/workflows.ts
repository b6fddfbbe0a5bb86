// The documented workflows with the generated types. Usage: node dist/workflows.js http://127.0.0.1:8080 REPO LARGE_REPO [API_TOKEN]

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import createClient from 'openapi-fetch';
import type { components, paths } from './schema.js';

type Job = components['schemas']['Job'];
type Request = components['schemas']['DownloadRequest'];

/** How long a job may come no closer to what is waited for. */
const PATIENCE_MS = 120_000;

const [address, repo, largeRepo, token] = process.argv.slice(2);
assert(address && repo && largeRepo, 'usage: workflows.js ADDRESS REPO LARGE_REPO [API_TOKEN]');
const client = createClient<paths>({ baseUrl: address, headers: token ? { Authorization: `Bearer ${token}` } : {} });

/** The data of an answer; an error answer is thrown. */
function dataOf<T>({ data, error }: { data?: T; error?: { error: string; details: string } }): T {
  if (data === undefined) throw new Error(`${error?.error}: ${error?.details}`);
  return data;
}

/** Asks for a job until it is as wanted, as long as it moves. */
async function waitFor(id: string, wanted: Job['status']): Promise<Job> {
  let [bytesSeen, since] = [-1, Date.now()];
  while (Date.now() - since < PATIENCE_MS) {
    const job = dataOf(await client.GET('/api/jobs/{id}', { params: { path: { id } } }));
    if (job.status === wanted) return job;
    assert(job.status !== 'failed' && job.status !== 'cancelled', job.error);
    if (job.progress.downloadedBytes !== bytesSeen) [bytesSeen, since] = [job.progress.downloadedBytes, Date.now()];
    await sleep(100);
  }
  throw new Error(`job ${id} did not become ${wanted}`);
}

/** Starts a job that nobody has asked for yet. */
async function start(body: Request): Promise<Job> {
  const started = dataOf(await client.POST('/api/download', { body }));
  assert('id' in started, 'the request is already served by another job');
  return started;
}

// Plan, download, monitor, get.
const plan = dataOf(await client.POST('/api/plan', { body: { repo } }));
const done = await waitFor((await start({ repo })).id, 'completed');
assert.equal(done.progress.downloadedBytes, plan.totalSize);
assert(done.files.every((file) => file.status === 'complete'));

// Start, pause, resume, cancel.
const path = { id: (await start({ repo: largeRepo })).id };
await waitFor(path.id, 'running');
dataOf(await client.POST('/api/jobs/{id}/pause', { params: { path } }));
await waitFor(path.id, 'paused');
dataOf(await client.POST('/api/jobs/{id}/resume', { params: { path } }));
await waitFor(path.id, 'running');
dataOf(await client.DELETE('/api/jobs/{id}', { params: { path } }));
await waitFor(path.id, 'cancelled');
const cancelled = dataOf(await client.GET('/api/jobs', { params: { query: { status: ['cancelled'] } } }));
assert(cancelled.jobs.some((job) => job.id === path.id));

// Change a setting, see it, and put it back.
const { connections } = dataOf(await client.GET('/api/settings'));
dataOf(await client.POST('/api/settings', { body: { connections: 16 } }));
assert.equal(dataOf(await client.GET('/api/settings')).connections, 16);
dataOf(await client.POST('/api/settings', { body: { connections } }));

console.log('all workflows are done');
