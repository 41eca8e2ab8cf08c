# SPDX-License-Identifier: ISC
"""openline-web for tests: its process, raw requests, and a small WebSocket (RFC 6455)."""
import atexit
import base64
import hashlib
import json
import os
import pathlib
import signal
import socket
import ssl
import subprocess
import threading
import urllib.parse

from libline import BIN, LIMIT, Failure

WEB = str(pathlib.Path(BIN).parent / "openline-web")


class Seat(str):
    """The cookie of a seat; page: what its page keeps beside it."""

    def __new__(cls, fields):
        seat = super().__new__(cls, fields["set-cookie"].split(";")[0])
        seat.page = fields["location"].removeprefix("/#seat=")
        return seat


class Web:
    """The console's server of a party; what it prints is read as it comes."""

    def __init__(self, party, *options, context=None, program=WEB):
        env = dict(os.environ, OPENLINE_HOME=str(party.home))
        self.context = context
        self.keys = {"acts": [], "looks": [], "sets up": []}
        self.said, self.told = [], threading.Condition()
        self.process = subprocess.Popen([program, "--port", "0", *map(str, options)], env=env,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)
        atexit.register(self.process.kill)  # of a test that fails, too
        for pipe, take in ((self.process.stdout, self._address), (self.process.stderr, self._line)):
            threading.Thread(target=self._read, args=(pipe, take), daemon=True).start()
        first = urllib.parse.urlsplit(self.url("acts", keep=True))
        self.host, self.name, self.port = first.netloc, first.hostname, first.port
        self.origin = f"{first.scheme}://{first.netloc}"

    def _read(self, pipe, take):
        for line in pipe:
            with self.told:
                take(line.rstrip())
                self.told.notify_all()

    def _address(self, line):
        kind, url = line.split(": ", 1)
        self.keys[kind].append(url)

    def _line(self, line):
        self.said.append(line)

    def url(self, kind, keep=False):
        """The address that opens the next browser."""
        with self.told:
            if not self.told.wait_for(lambda: self.keys[kind], LIMIT):
                raise Failure(f"openline-web printed no address: {self.said}")
            return self.keys[kind][-1] if keep else self.keys[kind].pop()

    def refused(self, what):
        with self.told:
            if not self.told.wait_for(lambda: any(what in s for s in self.said), LIMIT):
                raise Failure(f"\"{what}\" was not told: {self.said}")

    def connect(self, source="127.0.0.1"):
        plain = socket.create_connection((self.name, self.port), LIMIT, (source, 0))
        return self.context.wrap_socket(plain, server_hostname=self.name) if self.context else plain

    def get(self, target, **fields):
        """(status, fields, body) of one request; a field of None is left away."""
        with self.connect() as s:
            return self.ask(s, target, **fields)

    def ask(self, s, target, **fields):
        s.sendall(self.head(target, **fields))
        return answer(s)

    def head(self, target, **fields):
        fields = {"Host": self.host, **{k.replace("_", "-"): v for k, v in fields.items()}}
        lines = [f"{key}: {value}" for key, value in fields.items() if value is not None]
        return "\r\n".join([f"GET {target} HTTP/1.1", *lines, "", ""]).encode()

    def seat(self, kind="acts"):
        """The cookie of a new seat."""
        target = "/?" + urllib.parse.urlsplit(self.url(kind)).query
        status, fields, _ = self.get(target)
        if status != 303:
            raise Failure(f"no seat: {status}")
        return Seat(fields)

    def talk(self, cookie, **fields):
        return Talk(self, cookie, **fields)

    def stop(self, with_signal=signal.SIGTERM):
        self.process.send_signal(with_signal)
        return self.process.wait(LIMIT)


def answer(s):
    got = b""
    while b"\r\n\r\n" not in got:
        more = s.recv(1 << 16)
        if not more:
            return (0, {}, got)
        got += more
    head, body = got.split(b"\r\n\r\n", 1)
    lines = head.decode().split("\r\n")
    fields = {k.lower(): v for k, v in (line.split(": ", 1) for line in lines[1:])}
    while len(body) < int(fields.get("content-length", 0)):
        body += s.recv(1 << 16)
    return int(lines[0].split()[1]), fields, body


class Talk:
    """A console's talk; status is that of the answer, 101 where it began."""

    def __init__(self, web, cookie, page=None, **fields):
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket = web.connect()
        self.left, self.last, self.events, self.heard = b"", 0, [], []
        head = {"Origin": web.origin, "Upgrade": "websocket", "Connection": "Upgrade",
                "Sec-WebSocket-Key": key, "Sec-WebSocket-Version": "13", "Cookie": cookie, **fields}
        word = getattr(cookie, "page", None) if page is None else page
        target = "/talk" if word is None else f"/talk?seat={word}"
        self.status, self.fields, self.left = web.ask(self.socket, target, **head)
        want = base64.b64encode(hashlib.sha1(
            key.encode() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()).decode()
        if self.status == 101 and self.fields["sec-websocket-accept"] != want:
            raise Failure("it accepts another key")

    def frame(self, opcode, payload, fin=True, mask=True):
        self.socket.sendall(self.framed(opcode, payload, fin, mask))

    @staticmethod
    def framed(opcode, payload, fin=True, mask=True):
        size = len(payload)
        head = bytes([(0x80 if fin else 0) | opcode])
        bit = 0x80 if mask else 0
        head += (bytes([bit | size]) if size < 126 else
                 bytes([bit | 126]) + size.to_bytes(2, "big") if size < 65536 else
                 bytes([bit | 127]) + size.to_bytes(8, "big"))
        key = os.urandom(4) if mask else b""
        body = bytes(b ^ key[i % 4] for i, b in enumerate(payload)) if mask else payload
        return head + key + body

    def take(self, n):
        while len(self.left) < n:
            more = self.socket.recv(1 << 16)
            if not more:
                raise EOFError
            self.left += more
        got, self.left = self.left[:n], self.left[n:]
        return got

    def read(self):
        """The next message of the server; EOFError at the end."""
        while True:
            first, second = self.take(2)
            size = second & 0x7f
            if size > 125:
                size = int.from_bytes(self.take(2 if size == 126 else 8), "big")
            payload = self.take(size)
            if first & 0x0f == 8:
                raise EOFError
            if first & 0x0f == 1:
                return json.loads(payload)

    def ask(self, do, **keys):
        self.last += 1
        self.frame(1, json.dumps({"id": self.last, "do": do, **keys}).encode())
        while True:
            said = self.read()
            if "event" in said:
                self.events.append(said)
            elif said.get("id") == self.last:
                return said
            else:
                self.heard.append(said)  # of what was asked before it

    def event(self, **fields):
        while True:
            said = self.events.pop(0) if self.events else self.read()
            if all(said.get(key) == value for key, value in fields.items()):
                return said

    def close(self):
        self.socket.close()


def self_signed(where, *kind):
    """A certificate for 127.0.0.1, its key (Ed25519, or as said), and a context that trusts it."""
    key, cert = where / "web.key", where / "web.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", *(kind or ("ed25519",)), "-nodes",
                    "-keyout", key, "-out", cert, "-days", "2", "-subj", "/CN=watch", "-addext",
                    "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
    return key, cert, ssl.create_default_context(cafile=cert)
