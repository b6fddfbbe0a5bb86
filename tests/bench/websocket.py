"""A WebSocket client (RFC 6455) for as much as the benchmark needs: it reads text, and answers pings."""

import base64
import json
import os
import socket
import struct
from typing import Any

TEXT, PING, PONG = 0x1, 0x9, 0xA


class WebSocket:
    """An open connection to our live progress."""

    def __init__(self, port: int, timeout: float) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._stream = self._socket.makefile("rb")
        key = base64.b64encode(os.urandom(16)).decode()
        self._socket.sendall(
            f"GET /api/ws HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        status = self._stream.readline()
        if b" 101 " not in status:
            raise ConnectionError(f"no WebSocket: {status!r}")
        while self._stream.readline() not in (b"\r\n", b""):
            pass

    def message(self) -> dict[str, Any]:
        """The next message."""
        while True:
            first, second = self._read(2)
            length = second & 0x7F
            if length >= 126:
                length = struct.unpack(">H", self._read(2))[0] if length == 126 else struct.unpack(">Q", self._read(8))[0]
            content = self._read(length)
            kind = first & 0x0F
            if kind == TEXT and first & 0x80:
                return json.loads(content)
            if kind != PING:
                raise ConnectionError(f"unexpected frame: {first:#x}")
            self._pong(content)

    def close(self) -> None:
        self._stream.close()
        self._socket.close()

    def _pong(self, content: bytes) -> None:
        # A client must mask what it sends; with zeros the content stays.
        self._socket.sendall(bytes([0x80 | PONG, 0x80 | len(content), 0, 0, 0, 0]) + content)

    def _read(self, length: int) -> bytes:
        content = self._stream.read(length)
        if len(content) < length:
            raise ConnectionError("the WebSocket was closed")
        return content
