"""The documented workflows with the generated client. Usage: workflows.py http://127.0.0.1:8080 REPO LARGE_REPO [API_TOKEN]"""

import sys
import time
from typing import TypeVar

from hfdownloader_client import AuthenticatedClient as Client
from hfdownloader_client.api.downloads import plan_download, start_download
from hfdownloader_client.api.jobs import cancel_job, get_job, list_jobs, pause_job, resume_job
from hfdownloader_client.api.settings import get_settings, update_settings
from hfdownloader_client.models import DownloadRequest, Error, Job, JobStatus, SettingsChange

Answer = TypeVar("Answer")

PATIENCE_S = 120
"""How long a job may come no closer to what is waited for."""


def answer(given: Answer | Error | None) -> Answer:
    """The answer itself: an error is raised."""
    if given is None or isinstance(given, Error):
        raise RuntimeError(given)
    return given


def wait_for(client: Client, job_id: str, wanted: JobStatus) -> Job:
    """Asks for a job until it is as wanted, as long as it moves."""
    bytes_seen, since = -1, time.monotonic()
    while time.monotonic() - since < PATIENCE_S:
        job = answer(get_job.sync(job_id, client=client))
        if job.status == wanted:
            return job
        assert job.status not in (JobStatus.FAILED, JobStatus.CANCELLED), job.error
        if job.progress.downloaded_bytes != bytes_seen:
            bytes_seen, since = job.progress.downloaded_bytes, time.monotonic()
        time.sleep(0.1)
    raise TimeoutError(f"job {job_id} did not become {wanted}")


def start(client: Client, request: DownloadRequest) -> Job:
    """Starts a job that nobody has asked for yet."""
    job = answer(start_download.sync(client=client, body=request))
    assert isinstance(job, Job), job
    return job


def download(client: Client, repo: str) -> None:
    """Plan, download, monitor, get."""
    plan = answer(plan_download.sync(client=client, body=DownloadRequest(repo=repo)))
    job = start(client, DownloadRequest(repo=repo))
    done = wait_for(client, job.id, JobStatus.COMPLETED)
    assert done.progress.downloaded_bytes == plan.total_size
    assert all(file.status == "complete" for file in done.files)


def pause_and_resume(client: Client, repo: str) -> None:
    """Start, pause, resume, cancel."""
    job = start(client, DownloadRequest(repo=repo))
    wait_for(client, job.id, JobStatus.RUNNING)
    answer(pause_job.sync(job.id, client=client))
    wait_for(client, job.id, JobStatus.PAUSED)
    answer(resume_job.sync(job.id, client=client))
    wait_for(client, job.id, JobStatus.RUNNING)
    answer(cancel_job.sync(job.id, client=client))
    wait_for(client, job.id, JobStatus.CANCELLED)
    cancelled = answer(list_jobs.sync(client=client, status=[JobStatus.CANCELLED]))
    assert job.id in [listed.id for listed in cancelled.jobs]


def settings(client: Client) -> None:
    """Change a setting, see it, and put it back."""
    before = answer(get_settings.sync(client=client)).connections
    answer(update_settings.sync(client=client, body=SettingsChange(connections=16)))
    assert answer(get_settings.sync(client=client)).connections == 16
    answer(update_settings.sync(client=client, body=SettingsChange(connections=before)))


def main() -> None:
    address, repo, large_repo, *token = sys.argv[1:]
    # A server without authentication does not look at the token.
    with Client(base_url=address, token="".join(token) or "none", raise_on_unexpected_status=True) as client:
        download(client, repo)
        pause_and_resume(client, large_repo)
        settings(client)
    print("all workflows are done")


if __name__ == "__main__":
    main()
