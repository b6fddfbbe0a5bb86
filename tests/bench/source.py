"""The source: nginx with sendfile as a Hub and its CDN, from a generated configuration and files alone."""

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from measure import DownloadFailed
from work import PAGE, Repo, Shelf, cursor

START_SECONDS = 60
# Below those that Linux gives to connections and to listeners on port 0; those of tests are other ones.
PORTS = iter(range(25_000 + os.getpid() % 4_000, 30_000))
# A signed URL that is good until 2100.
SIGNATURE = "Expires=4102444800&Signature=bench"

CONFIG = """\
{user}
daemon off;
worker_processes 2;
worker_rlimit_nofile 16384;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections 4096; }}
http {{
    sendfile on;
    tcp_nopush on;
    tcp_nodelay on;
    keepalive_requests 1000000;
    etag off;
    absolute_redirect off;
    default_type application/octet-stream;
    types {{ }}
    log_format bytes '$status $bytes_sent $body_bytes_sent $uri';
    access_log {folder}/access.log bytes;
    client_body_temp_path {folder}/temp;
    proxy_temp_path {folder}/temp;
    fastcgi_temp_path {folder}/temp;
    uwsgi_temp_path {folder}/temp;
    scgi_temp_path {folder}/temp;
    map_hash_max_size 524288;
    map_hash_bucket_size 256;
    map $repo $commit {{ {commits} }}
    map "$repo/$path" $etag {{ include {folder}/etags.conf; }}
    map "$repo/$path" $size {{ include {folder}/sizes.conf; }}
    map "$repo:$arg_cursor" $next {{ include {folder}/pages.conf; }}
{servers}
}}
"""

HUB = """
    server {{
        listen 127.0.0.1:{hub};
        location = /status {{ stub_status; access_log off; }}
        location ~ "^/api/models/bench/(?<name>[^/]+)(/revision/[^/]+)?$" {{
            default_type application/json;
            alias {root}/info/$name.json;
        }}
        location ~ "^/api/models/(?<repo>bench/(?<name>[^/]+))/tree/[^/]+$" {{
            default_type application/json;
            add_header Link $next;
            alias {root}/tree/$name/$arg_cursor.json;
        }}
        location ~ "^/(?<repo>bench/[^/]+)/resolve/[^/]+/(?<path>.+\\.safetensors)$" {{
            add_header X-Repo-Commit $commit;
            add_header X-Linked-Size $size;
            add_header X-Linked-ETag '"$etag"';
            return 302 http://127.0.0.1:{cdn_seen}/$etag?{signature};
        }}
        location ~ "^/(?<repo>bench/[^/]+)/resolve/[^/]+/(?<path>.+)$" {{
            add_header X-Repo-Commit $commit;
            return 307 /api/resolve-cache/models/$repo/$commit/$path;
        }}
        location ~ "^/api/resolve-cache/models/(?<repo>bench/[^/]+)/[0-9a-f]+/(?<path>.+)$" {{
            add_header X-Repo-Commit $commit;
            add_header ETag '"$etag"';
            alias {root}/blobs/$etag;
        }}
    }}
    server {{
        listen 127.0.0.1:{cdn};
        location ~ "^/(?<blob>[0-9a-f]+)$" {{
            add_header ETag '"$blob"';
            alias {root}/blobs/$blob;
        }}
    }}
"""


@dataclass(frozen=True)
class Sent:
    """What the source has sent, by its log."""

    # Everything, headers too.
    wire_bytes: int
    # Content of files.
    content_bytes: int


@dataclass(frozen=True)
class Ports:
    """A Hub and its CDN."""

    hub: int
    cdn: int

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.hub}"


class Source:
    """A running nginx: `open` is reached as fast as the machine can, `shaped` stands behind `seen`, the ports of a network."""

    def __init__(self, folder: Path) -> None:
        ports = free_ports(6)
        self.open, self.shaped, self.seen = (Ports(*ports[at : at + 2]) for at in (0, 2, 4))
        self._log = folder / "access.log"
        self._read = 0

    def sent(self) -> Sent:
        """What was sent since this was asked last. No connection is open any more, so the log is complete."""
        self._wait_idle()
        wire = content = 0
        with self._log.open() as log:
            log.seek(self._read)
            for line in log:
                status, sent, body, uri = line.split(" ", 3)
                wire += int(sent)
                if status in ("200", "206") and not re.match(r"/api/models/", uri):
                    content += int(body)
            self._read = log.tell()
        return Sent(wire, content)

    def _wait_idle(self) -> None:
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            if self._active() == 1:
                return
            time.sleep(0.02)
        raise DownloadFailed("connections to the source are still open")

    def _active(self) -> int:
        with socket.create_connection(("127.0.0.1", self.open.hub)) as connection:
            connection.sendall(b"GET /status HTTP/1.0\r\n\r\n")
            answer = b"".join(iter(lambda: connection.recv(4096), b""))
        found = re.search(rb"Active connections: (\d+)", answer)
        return int(found.group(1)) if found else 0


@contextmanager
def serve(shelf: Shelf, folder: Path) -> Iterator[Source]:
    """Runs the source over a shelf; its files and log go into the folder."""
    folder.mkdir()
    source = Source(folder)
    _write_maps(shelf.repos, folder)
    servers = _servers(shelf.root, source.open, source.open.cdn) + _servers(shelf.root, source.shaped, source.seen.cdn)
    commits = " ".join(f"{repo.id} {repo.commit};" for repo in shelf.repos)
    config = folder / "nginx.conf"
    # As root its workers would be somebody who may not read the files.
    user = "user root;" if os.geteuid() == 0 else ""
    config.write_text(CONFIG.format(user=user, folder=folder, commits=commits, servers=servers))
    nginx = subprocess.Popen([program(), "-c", config, "-e", folder / "error.log"])
    try:
        _wait_listening(nginx, source.open.hub)
        yield source
    finally:
        nginx.terminate()
        nginx.wait()


def _servers(root: Path, ports: Ports, cdn_seen: int) -> str:
    return HUB.format(root=root, hub=ports.hub, cdn=ports.cdn, cdn_seen=cdn_seen, signature=SIGNATURE)


def _write_maps(repos: list[Repo], folder: Path) -> None:
    files = [(f"{repo.id}/{file.path}", file) for repo in repos for file in repo.files]
    (folder / "etags.conf").write_text("".join(f"{path} {file.etag};\n" for path, file in files))
    (folder / "sizes.conf").write_text("".join(f"{path} {file.size};\n" for path, file in files if file.is_large))
    pages = [_page(repo, start) for repo in repos for start in range(PAGE, len(repo.files), PAGE)]
    (folder / "pages.conf").write_text("".join(pages))


def _page(repo: Repo, start: int) -> str:
    """The link from the page before to the one that begins at `start`."""
    url = f"http://$http_host/api/models/{repo.id}/tree/{repo.commit}?recursive=true&cursor={cursor(start)}"
    return f"'{repo.id}:{cursor(start - PAGE)}' '<{url}>; rel=\"next\"';\n"


def _wait_listening(nginx: subprocess.Popen[bytes], port: int) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and nginx.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise SystemExit("nginx does not listen; its error is above")


def program() -> str:
    """Debian's nginx, which is not in everybody's PATH."""
    found = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin")
    if found is None:
        raise SystemExit("nginx is missing: apt-get install nginx")
    return found


def free_ports(count: int) -> list[int]:
    """Ports of this machine that nobody listens on. None is given twice."""
    return list(islice(filter(_is_free, PORTS), count))


def _is_free(port: int) -> bool:
    with socket.socket() as each:
        each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            each.bind(("127.0.0.1", port))
            each.listen()
        except OSError:
            return False
    return True
