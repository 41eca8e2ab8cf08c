# SPDX-License-Identifier: ISC
"""Parties, lines and stations for tests: everything by the commands that an operator would use.

A test waits on events and replies, never on a sleep; every wait has a limit that fails the test.
"""
import itertools
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import traceback

BIN = os.environ.get("OPENLINE_BIN", "build/gcc/openline")
SRC = pathlib.Path(os.environ.get("OPENLINE_SRC", pathlib.Path(__file__).resolve().parents[2]))
TITLES = {"usa": "United States", "prc": "中国", "swi": "Suisse", "nor": "Norge"}
LANGS = {"usa": "en", "prc": "zh en", "swi": "fr de", "nor": "no"}
LIMIT = 60.0  # seconds for anything that a test waits for
PORTS = itertools.count(random.randrange(20000))  # next() is atomic: threads may take some
STATIONS = []  # parties whose stations run: none outlives its test


class Failure(Exception):
    """What a command or station did is not what the test expects."""


def run(*args, home=None, stdin=None, expect=0, pass_fds=(), cwd=None):
    """Runs openline; returns what it printed. expect None: any exit code."""
    env = dict(os.environ)
    env.pop("OPENLINE_HOME", None)
    env["HOME"] = "/nonexistent"
    if home is not None:
        env["OPENLINE_HOME"] = str(home)
    if isinstance(stdin, str):
        stdin = stdin.encode()
    done = subprocess.run([BIN, *map(os.fsencode, map(str, args))], env=env, input=stdin or b"",
                          capture_output=True, timeout=LIMIT, pass_fds=pass_fds, cwd=cwd,
                          check=False)
    if expect is not None and done.returncode != expect:
        said = (done.stdout + done.stderr).decode(errors="replace")
        raise Failure(f"openline {' '.join(map(str, args))}: exit {done.returncode}, "
                      f"not {expect}\n{said}")
    return done


def refused(*args, code=1, says=(), home=None, stdin=None, pass_fds=(), cwd=None):
    """The command fails with one helpful sentence on stderr: "openline …: what; what to do"."""
    done = run(*args, home=home, stdin=stdin, expect=code, pass_fds=pass_fds, cwd=cwd)
    told = done.stderr.decode()
    line = told.strip().splitlines()[-1] if told.strip() else ""
    if not line.startswith("openline") or "; " not in line or ": " not in line:
        raise Failure(f"{args}: no sentence that helps: {told!r}")
    for part in [says] if isinstance(says, str) else says:
        if part not in line:
            raise Failure(f"{args}: \"{part}\" is not in: {line}")
    if done.stdout:
        raise Failure(f"{args}: printed {done.stdout!r} beside the error")
    print("  refused:", line)
    as_json = run(*args, "--json", home=home, stdin=stdin, expect=code, pass_fds=pass_fds, cwd=cwd)
    said = json.loads(as_json.stdout.decode().splitlines()[-1])
    if said["ok"] or set(said["error"]) != {"code", "what", "do"} or not said["error"]["do"]:
        raise Failure(f"{args} --json: {said}")
    return said["error"]


class Party:
    """A party with its home; its station, if it runs."""

    def __init__(self, where, name, options=()):
        self.name = name
        self.home = pathlib.Path(where) / name
        self.card = pathlib.Path(where) / f"{name}.card"
        self.process = None
        made = self.run("init", name, "--name", TITLES.get(name, name), "--lang",
                        LANGS.get(name, "en"), *options)
        self.card.write_bytes(made.stdout)

    def run(self, *args, **options):
        return run(*args, home=self.home, **options)

    def ask(self, *args, **options):
        """The one JSON object that a command prints."""
        lines = self.run(*args, "--json", **options).stdout.decode().splitlines()
        if len(lines) != 1:
            raise Failure(f"{args}: {len(lines)} lines of JSON, not one")
        return json.loads(lines[0])

    def refused(self, *args, **options):
        return refused(*args, home=self.home, **options)


class Control:
    """A client of a station's control socket: requests, replies, events."""

    def __init__(self, home):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        here = os.open(home, os.O_PATH | os.O_DIRECTORY)
        try:
            self.socket.connect(f"/proc/self/fd/{here}/control.sock")
        finally:
            os.close(here)
        self.socket.settimeout(LIMIT)
        self.left = b""
        self.events = []
        self.last = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def line(self):
        """The next line as it came; b"" at the end."""
        while b"\n" not in self.left:
            got = self.socket.recv(1 << 16)
            if not got:
                return b""
            self.left += got
        line, self.left = self.left.split(b"\n", 1)
        return line

    def send(self, do, **keys):
        self.last += 1
        request = {"id": self.last, "do": do, **keys}
        self.socket.sendall(json.dumps(request, ensure_ascii=False).encode() + b"\n")
        return self.last

    def reply(self, number):
        """The reply to a request; events that come before it are kept."""
        while True:
            line = self.line()
            if not line:
                raise Failure("the station closed the conversation")
            said = json.loads(line)
            if "event" in said:
                self.events.append(said)
            elif said["id"] == number:
                return said

    def ask(self, do, **keys):
        said = self.reply(self.send(do, **keys))
        if not said["ok"]:
            raise Failure(f"{do} {keys}: {said['error']}")
        return said

    def event(self, kind=None, /, **fields):
        """The next event of a kind with these fields; others before it are dropped."""
        while True:
            said = self.events.pop(0) if self.events else json.loads(self.line() or b"{}")
            if not said:
                raise Failure(f"the station closed the conversation before {kind} {fields}")
            if kind in (None, said.get("event")) and all(
                    said.get(key) == value for key, value in fields.items()):
                return said

    def word(self, state, **fields):
        """The next entry that says so of a call, with the keys of an event `call`. Such events may
        skip what was overtaken before it was told (docs/CONTROL.md); entries are all there."""
        kind = {"placed": "call", "replied": "reply", "closed": "close"}.get(state, "ring")
        while True:
            entry = self.event("entry", kind=kind)
            body = entry[kind]
            named = body["call"] if kind != "call" else entry["entry"]
            said = {**body, "entry": named, "caller": named.split("/")[0],
                    "party": entry["author"], "reply": body.get("verb"), "state": state}
            if kind == "ring":
                said["state"] = "silent" if body["state"] == "ended" else "rings"
            elif kind == "call":
                said |= {"log": entry["log"], "index": entry["index"]}
            if all(said.get(key) == value for key, value in {"state": state, **fields}.items()):
                return said


def station_up(party, *options, pass_fds=(), checks=False):
    """Starts a party's station; returns when it says that it is ready. Without checks of its own:
    a test that counts entries knows them all."""
    options = options if checks else ("--no-checks", *options)
    env = dict(os.environ, OPENLINE_HOME=str(party.home))
    party.log = []
    party.process = subprocess.Popen([BIN, "run", *map(str, options)], env=env,
                                     stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                     stderr=subprocess.PIPE, pass_fds=pass_fds)
    STATIONS.append(party)
    ready = threading.Event()

    def read():
        for line in party.process.stderr:
            party.log.append(line.decode(errors="replace").rstrip())
            if " station.ready" in party.log[-1]:
                ready.set()
        ready.set()

    party.reader = threading.Thread(target=read, daemon=True)
    party.reader.start()
    if not ready.wait(LIMIT) or not any(" station.ready" in line for line in party.log):
        raise Failure(f"the station of {party.name} did not start:\n" + "\n".join(party.log))
    return party


def station_down(party, with_signal=signal.SIGTERM, expect=0):
    """Ends a party's station and returns its log."""
    party.process.send_signal(with_signal)
    code = party.process.wait(LIMIT)
    party.reader.join(LIMIT)
    STATIONS.remove(party)
    if with_signal == signal.SIGTERM and code != expect:
        raise Failure(f"the station of {party.name} ended with {code}:\n" + "\n".join(party.log))
    return party.log


def free_udp_ports(count, kind=socket.SOCK_DGRAM):
    """Ports of loopback that nobody has now, below those that the system hands out itself: a
    station that is down for a moment finds its port again. No test gets one twice, and tests that
    run at once begin far from one another."""
    held = []
    while len(held) < count:
        s = socket.socket(socket.AF_INET, kind)
        try:
            s.bind(("127.0.0.1", 12000 + next(PORTS) % 20000))
            held.append(s)
        except OSError:
            s.close()
    ports = [s.getsockname()[1] for s in held]
    for s in held:
        s.close()
    return ports


def free_tcp_ports(count):
    return free_udp_ports(count, socket.SOCK_STREAM)


def connected(where, names=("usa", "prc"), line="hotline", settings=(), start=True):
    """Parties with a line between all of them over UDP on loopback, their stations running."""
    parties = found(where, names, line, settings)
    ports = dict(zip(names, free_udp_ports(len(names))))
    for party in parties:
        party.run("port", "add", f"udp://127.0.0.1:{ports[party.name]}")
        for other in parties:
            if other is not party:
                party.run("bearer", "add", line, other.name,
                          f"udp://127.0.0.1:{ports[other.name]}")
    if start:
        for party in parties:
            station_up(party)
    return parties


def sign(parties, file):
    for party in parties:
        party.run("charter", "sign", file)


def courier(parties, line, where):
    """Every party's contribution goes to every other; returns the digits that all must read."""
    for party in parties:
        party.run("key", "contribute", line, "--out", where / f"{line}.{party.name}.share")
    digits = set()
    for party in parties:
        files = []
        for other in parties:
            if other is not party:
                copy = where / f"{line}.{other.name}.to.{party.name}"
                shutil.copyfile(where / f"{line}.{other.name}.share", copy)
                copy.chmod(0o600)
                files.append(copy)
        digits.add(party.ask("key", "combine", line, *files)["digits"])
        for copy in files:
            if copy.exists():
                raise Failure(f"{copy} was not erased")
    for party in parties:
        (where / f"{line}.{party.name}.share").unlink()
    if len(digits) != 1:
        raise Failure(f"the digits differ: {digits}")
    return digits.pop()


def found(where, names=("usa", "prc"), line="hotline", settings=(), parties=None):
    """Founds a line between new parties (or those given), as far as `line add`."""
    where = pathlib.Path(where)
    parties = parties or [Party(where, name) for name in names]
    sets = [word for setting in settings for word in ("--set", setting)]
    charter = where / f"{line}.charter"
    charter.write_bytes(run("charter", "draft", line, *[p.card for p in parties], *sets).stdout)
    sign(parties, charter)
    digits = courier(parties, line, where)
    for party in parties:
        others = [p.card for p in parties if p is not party]
        party.run("line", "add", charter, *others, "--digits", digits)
    return parties


def main(*tests):
    """Runs each test in a directory of its own; the exit code is the number of failures."""
    wanted = sys.argv[1:]
    failed = 0
    for test in tests:
        if wanted and test.__name__ not in wanted:
            continue
        with tempfile.TemporaryDirectory(prefix="ol-") as where:
            print(f"{test.__name__}: {(test.__doc__ or '').strip().splitlines()[0]}", flush=True)
            try:
                test(pathlib.Path(where))
            except Exception:  # every failure of a test is told, and the next test runs
                traceback.print_exc()
                failed += 1
                for party in STATIONS:
                    print(f"log of {party.name}:", *party.log[-20:], sep="\n  ", flush=True)
                print(f"{test.__name__}: FAILED", flush=True)
            finally:
                for party in list(STATIONS):
                    station_down(party, signal.SIGKILL)
    sys.exit(1 if failed else 0)
