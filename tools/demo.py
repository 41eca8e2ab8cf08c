#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""tools/demo.py - found a line between two parties on this machine and play a scenario on it.

Started by ./demo, which installs and builds. The scenario is tools/demo-scenario.json; everything
else that is printed was read from `openline … --json`: this program knows no answer before a
station has said it. It waits on events (`openline log --follow`, `openline send --wait stored`),
each for at most LIMIT seconds, and never sleeps.
"""
import argparse
import json
import os
import pathlib
import queue
import random
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True
from demo_screen import Screen  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[1]
BIN = os.environ.get("OPENLINE_BIN") or str(ROOT / "build/gcc/openline")
SCENARIO = ROOT / "tools/demo-scenario.json"
VERIFIER = ROOT / "tools/verify_export.py"
LIMIT = 60.0


class Failure(Exception):
    """Something is not as it must be; the demonstration ends with exit code 1."""


def clock(seconds):
    return time.strftime("%H:%M:%SZ", time.gmtime(seconds))


# ---------------------------------------------------------------- the program, as operators use it

def finish(process, stdin=None):
    """What a process printed; it is killed, by its pid, if it takes longer than LIMIT, or if we are
    stopped meanwhile."""
    guard = threading.Timer(LIMIT, process.kill)
    guard.start()
    try:
        return process.communicate(stdin)
    finally:
        guard.cancel()
        if process.poll() is None:
            process.kill()
            process.wait()


def end(process):
    guard = threading.Timer(LIMIT, process.kill)
    guard.start()
    if process.poll() is None:
        process.terminate()
    process.wait()
    guard.cancel()


class Party:
    """A party: its desk (the files that couriers bring and take), its home, station and log."""

    def __init__(self, where, name, screen, events):
        self.name, self.screen, self.events = name, screen, events
        self.desk = where / name
        self.home = self.desk / "home"
        self.desk.mkdir(mode=0o700)
        self.env = dict(os.environ, OPENLINE_HOME=str(self.home))
        self.station = self.follower = self.web = None
        self.entries, self.receipts, self.is_live = {}, {}, False
        self.marker = None  # the directory of its run marker, as the station says

    def start(self, *args, prefix=(), **pipes):
        return subprocess.Popen([*prefix, BIN, *map(str, args)], env=self.env, cwd=self.desk,
                                **pipes)

    def show(self, *args):
        shown = [f"'{a}'" if " " in a else a for a in map(str, args)]
        self.screen.line(f"{self.name}$ openline {' '.join(shown)}", "dim")

    def ask(self, *args, stdin=None, is_shown=True):
        """Runs a command with --json; the JSON objects that it printed."""
        if is_shown:
            self.show(*args)
        process = self.start(*args, "--json", stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE)
        out, err = finish(process, (stdin or "").encode())
        said = [json.loads(line) for line in out.decode().splitlines()]
        if process.returncode != 0 or not said:
            raise Failure(f"{self.name}: openline {args[0]} ended with {process.returncode}: "
                          f"{err.decode(errors='replace').strip()}")
        return said

    def run_station(self):
        """Starts the station; returns when it says that it is ready."""
        self.show("run")
        tied = shutil.which("setpriv")  # it ends when this program is killed
        self.station = self.start("run", prefix=[tied, "--pdeathsig", "TERM"] if tied else [],
                                  stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.PIPE, start_new_session=True)
        log, ready = [], threading.Event()

        def read():
            for line in self.station.stderr:
                log.append(line.decode(errors="replace").rstrip())
                if " station.ready" in log[-1]:
                    ready.set()
            ready.set()
        threading.Thread(target=read, daemon=True).start()
        if not ready.wait(LIMIT) or self.station.poll() is not None:
            raise Failure(f"{self.name}: the station did not start:\n" + "\n".join(log))

    def open_console(self):
        """Starts the console's server; the address that opens a browser which may act."""
        web = pathlib.Path(BIN).with_name("openline-web")
        tied = shutil.which("setpriv")
        self.web = subprocess.Popen([*([tied, "--pdeathsig", "TERM"] if tied else []), web,
                                     "--port", "0"], env=self.env, stdin=subprocess.DEVNULL,
                                    stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                                    start_new_session=True)
        address = self.web.stdout.readline()
        if not address.startswith("acts: "):
            raise Failure(f"{self.name}: the console did not start")
        return address.removeprefix("acts: ").strip()

    def follow(self, line):
        """Everything that the station tells of the line, as it comes, goes to the events."""
        self.show("log", line, "--follow")
        self.follower = self.start("log", line, "--follow", "--json", stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, start_new_session=True)

        def read():
            for text in self.follower.stdout:
                self.events.put((self, json.loads(text)))
            self.events.put((self, None))
        threading.Thread(target=read, daemon=True).start()

    def take(self, event):
        """Keeps what an event says; the rows to show for it."""
        kind = event.get("event")
        if kind == "live":
            self.is_live = True
        elif kind == "entry":
            self.entries[event["entry"]] = event
            return rows_of_entry(event) + [row for party in self.receipts.get(event["log"], {})
                                           for row in self.rows_of_receipt(event["log"], party)]
        elif kind == "receipt":
            return self.take_receipt(event)
        elif kind == "alarm" and not (event["alarm"] == "incarnation" and event["reason"] == 0):
            return [(f"ALARM {event['alarm']}", "bad")]  # a log's very first opening is none
        return []

    def take_receipt(self, event):
        """A receipt is told when it has verified, and again when it is stored."""
        of_log = self.receipts.setdefault(event["log"], {})
        kept = of_log.setdefault(event["party"], {"size": 0, "stored": 0, "shown": 0})
        if event["size"] > kept["size"]:
            kept["size"], kept["time"] = event["size"], event["time"]
        if "cursor" in event:
            kept["stored"] = max(kept["stored"], event["size"])
        return self.rows_of_receipt(event["log"], event["party"])

    def rows_of_receipt(self, log, party):
        """For what it covers of what people wrote, once that is shown itself."""
        kept = self.receipts[log][party]
        new = [e for e in self.entries.values() if e["log"] == log and e["kind"] != "opening"
               and kept["shown"] <= e["index"] < kept["size"]]
        kept["shown"] = max([kept["shown"], *(e["index"] + 1 for e in new)])
        whose = "OUR RECEIPT" if party == self.name else f"RECEIPT by {party}"
        return [(f"{whose}, {clock(kept['time'])}: stored {e['entry']}", "good") for e in new]

    def holds(self, entry, log, index, parties):
        """The entry is here, and with it each other party's receipt, in the store."""
        author = log.split("/", 1)[0]
        return entry in self.entries and all(
            self.receipts.get(log, {}).get(p, {"stored": 0})["stored"] > index
            for p in parties if p != author)

    def end(self):
        """Ends what was started here, by its pid, and nothing else."""
        self.unfollow()
        for process in (self.web, self.station):
            if process is not None:
                end(process)
        self.web = self.station = None

    def forget(self):
        """Removes the run marker: its home will not be there again."""
        if self.marker is not None:
            home = self.home.stat()
            for left in pathlib.Path(self.marker).glob(f"{home.st_dev:016x}-{home.st_ino:016x}-*"):
                left.unlink()

    def unfollow(self):
        if self.follower is not None:
            end(self.follower)
        self.follower = None


def rows_of_entry(e):
    if e["kind"] == "opening":
        return [(f"{e['entry']}  {clock(e['wall'])}  opens this log: {e['opening']['reason']}",
                 "dim")]
    if e["kind"] == "unreadable":
        return [(f"UNREADABLE {e['entry']}: {e['unreadable']}", "bad")]
    if e["kind"] != "message":
        name = "line check" if e["kind"] == "check" else e["kind"]
        return [(f"{e['entry']}  {clock(e['wall'])}  {name} of {e['author']}", "dim")]
    m = e["message"]
    rows = [(f"{m['precedence'].upper()}  {m['status'].upper()}  {clock(e['wall'])}", "exercise"),
            (f"{e['entry']}  from {e['author']} to {m['to']}"
             + (f", answers {m['ref']}" if "ref" in m else ""), "dim")]
    if "subject" in m:
        rows.append((f"SUBJECT {m['subject']}", "head"))
    rows.append((m["text"], ""))
    for other in e.get("crossed", []):
        rows.append((f"CROSSED {other}: neither writer had read the other", "cross"))
    return rows


# ---------------------------------------------------------------- the acts

class Demo:
    def __init__(self, where, scenario, pace):
        self.where, self.scenario, self.pace = where, scenario, pace
        self.line = scenario["line"]
        names = list(scenario["parties"])
        self.screen = Screen(names)
        self.events = queue.Queue()
        self.parties = {n: Party(where, n, self.screen, self.events) for n in names}
        self.sent, self.drafts, self.crossings, self.order = {}, {}, set(), []

    def each(self):
        return list(self.parties.values())

    def others(self, party):
        return [p for p in self.each() if p is not party]

    def found(self):
        """The commands by which two organisations found a line; couriers carry the files."""
        say = self.screen
        say.scene(f"Founding the line {self.line}")
        for party in self.each():
            about = self.scenario["parties"][party.name]
            also = [w for lang, name in about["also"].items() for w in ("--also", f"{lang}={name}")]
            card = party.ask("init", party.name, "--name", about["name"], "--lang", about["lang"],
                             *also)[0]
            for each in self.each():  # by hand, between people who know each other
                (each.desk / f"{party.name}.card").write_text(card["card"])
        first = self.each()[0]
        file = f"{self.line}.charter"
        drafted = first.ask("charter", "draft", self.line,
                            *[f"{p.name}.card" for p in self.each()],
                            *[w for s in self.scenario["charter"] for w in ("--set", s)])[0]
        text = drafted["charter"]
        for party in self.each():
            (party.desk / file).write_text(text)
            signed = party.ask("charter", "sign", file)[0]
            text = (party.desk / file).read_text()
        for party in self.each():
            (party.desk / file).write_text(text)
        say.line(f"charter {signed['id']}, signed by {' and '.join(signed['signed'])}", "good")
        self.exchange_secrets()
        for party in self.each():
            cards = [f"{p.name}.card" for p in self.others(party)]
            joined = party.ask("line", "add", file, *cards, "--digits", self.heard[party.name])[0]
            say.line(f"{party.name} joined {joined['line']} of {', '.join(joined['parties'])}",
                     "good")

    def exchange_secrets(self):
        for party in self.each():
            name = party.ask("key", "contribute", self.line)[0]["file"]
            for other in self.others(party):  # the courier
                copy = other.desk / name
                copy.touch(mode=0o600)
                copy.write_bytes((party.desk / name).read_bytes())
        digits = {}
        for party in self.each():
            files = [p.name for p in party.desk.iterdir() if p.suffix == ".contribution"
                     and f".{party.name}." not in p.name]
            digits[party.name] = party.ask("key", "combine", self.line, *files)[0]["digits"]
            for left in party.desk.glob("*.contribution"):  # its own copy for the courier
                left.unlink()
        for name, said in digits.items():
            self.screen.line(f"{name} reads aloud: {said}")
        if len(set(digits.values())) != 1:
            raise Failure("the digits differ: the parties have not combined the same secrets")
        self.screen.line("the same on both sides", "good")
        names = list(digits)
        self.heard = {n: digits[names[i - 1]] for i, n in enumerate(names)}

    def connect(self):
        self.screen.scene("Two stations on loopback")
        ports = dict(zip(self.parties, free_ports(len(self.parties))))
        for party in self.each():
            party.ask("port", "add", f"udp://127.0.0.1:{ports[party.name]}")
            for other in self.others(party):
                party.ask("bearer", "add", self.line, other.name,
                          f"udp://127.0.0.1:{ports[other.name]}")
        for party in self.each():
            party.run_station()
        for party in self.each():
            party.follow(self.line)
        self.wait("the followers to be up to date", lambda: all(p.is_live for p in self.each()))

    def open_consoles(self):
        """A chair on either side: two browsers, side by side."""
        self.screen.scene("A console for each side: open both, side by side")
        for party in self.each():
            self.screen.line(f"{party.name}: {party.open_console()}")

    def wait(self, what, is_there):
        """Shows what the stations tell until something is there."""
        until = time.monotonic() + LIMIT
        while not is_there():
            try:
                party, event = self.events.get(timeout=max(until - time.monotonic(), 0.001))
            except queue.Empty:
                raise Failure(f"waited {LIMIT:.0f} s for {what}") from None
            if event is None:
                raise Failure(f"{party.name}: openline log --follow ended")
            self.screen.block(party.name, party.take(event))
            for other in event.get("crossed", []):
                self.crossings.add(frozenset((event["entry"], other)))
        self.screen.settle()

    def play(self):
        for step in self.scenario["steps"]:
            if "scene" in step:
                self.screen.scene(step["scene"], has_columns=True)
            elif "draft" in step:
                party = self.parties[step["by"]]
                self.screen.line(step["note"], "head")
                end = party.ask("log", self.line, "--last", "1")[-1]
                self.drafts[step["draft"]] = end["position"]
            else:
                self.send(step)
                self.pace()

    def send(self, step):
        party = self.parties[step["by"]]
        args = ["send", self.line, "-", "--status", self.scenario["status"], "--precedence",
                step["precedence"], "--to", step["to"], "--subject", step["subject"]]
        if "ref" in step:
            args += ["--ref", self.sent[step["ref"]]]
        if "drafted" in step:
            args += ["--read", self.drafts[step["drafted"]], "--anyway"]
        said = party.ask(*args, "--wait", "stored", stdin=step["text"])[0]
        self.sent[step["send"]] = said["entry"]
        self.wait(f"{said['entry']} and its receipts on all sides", lambda: all(
            p.holds(said["entry"], said["log"], said["index"], self.parties)
            for p in self.each()))
        for each in self.each():
            self.screen.block(each.name, [("", "")])
        if "crosses" in step:
            pair = frozenset((said["entry"], self.sent[step["crosses"]]))
            if pair not in self.crossings:
                raise Failure(f"{' and '.join(pair)} crossed, and the stations do not say so")

    def look_back(self):
        """The joint record, as each side reads it."""
        self.screen.scene("The record, as each side reads it")
        views = {}
        for party in self.each():
            said = party.ask("log", self.line)
            views[party.name] = [view_of(e) for e in said if e.get("event") == "entry"]
            status = party.ask("status", self.line)[0]
            party.marker = status["marker"]
            for path in status["lines"][0]["paths"]:
                if path["proven"] is None:
                    raise Failure(f"{party.name}: the path to {path['party']} was never proven")
                self.screen.line(f"{party.name}: path to {path['party']} over {path['url']}, "
                                 f"last proven {clock(path['proven'])}")
        first, *others = views.values()
        if any(v != first for v in others):
            raise Failure("the two sides do not read the same record")
        self.order = [f"{e['log']}.{e['index']}" for e in first]
        messages = [e for e in first if e["kind"] == "message"]
        for e in messages:
            stored = ", ".join(f"stored by {p} {clock(s['time'])}" for p, s in e["states"].items())
            crossed = "".join(f"  CROSSED {c}" for c in e["crossed"])
            self.screen.line(f"{e['at']:>3}  {clock(e['wall'])}  {e['message']['precedence']:<9} "
                             f"{e['message']['status']}  {e['entry']:<22} {stored}{crossed}",
                             "cross" if crossed else "")
            if e["message"]["status"] != self.scenario["status"]:
                raise Failure(f"{e['entry']} is marked {e['message']['status']}")
            if any(s["state"] in ("queued", "sent") for s in e["states"].values()):
                raise Failure(f"{e['entry']} is not stored everywhere")
        if set(self.sent.values()) != {e["entry"] for e in messages}:
            raise Failure("the record does not hold the messages that were sent")
        self.screen.line(f"both sides read the same {len(first)} entries in the same order, "
                         f"{len(messages)} of them messages, "
                         f"{len(self.crossings)} crossing", "good")

    def verify(self):
        """Both sides export; each export is checked by openline, and by a program that shares no
        code with it. That the stations have stopped makes no difference to the record."""
        self.screen.scene("Two exports, each checked by two programs")
        for party in self.each():
            party.unfollow()
            party.ask("stop")
            party.end()
            (party.desk / "export").mkdir()
            party.ask("export", self.line, f"export/{self.line}", "--yes")
            said = party.ask("verify", f"export/{self.line}")[-1]
            if not said["ok"] or said["entries"] != len(self.order):
                raise Failure(f"{party.name}: openline verify does not accept the export: {said}")
            self.screen.line(f"{party.name}: verified: {said['entries']} entries in "
                             f"{len(said['logs'])} logs", "good")
            if self.second_opinion(party) != self.order:
                raise Failure(f"{party.name}: the export is not the record that was read")
        self.screen.line("both exports verify, and hold the record that both sides read", "good")

    def second_opinion(self, party):
        folder = party.desk / "export" / self.line
        self.screen.line(f"{party.name}$ tools/verify_export.py export/{self.line}", "dim")
        process = subprocess.Popen([str(VERIFIER), "--json", str(folder)], stdout=subprocess.PIPE)
        said = json.loads(finish(process)[0])
        if process.returncode != 0:
            raise Failure(f"{party.name}: verify_export.py does not accept the export: {said}")
        self.screen.line(f"{party.name}: verified: {len(said['order'])} entries in "
                         f"{len(said['logs'])} logs", "good")
        return said["order"]

    def keep(self, folder):
        """Homes and exports, as they are at the end. A copied home opens new logs when started."""
        for party in self.each():
            for name in ("home", "export"):
                if (party.desk / name).is_dir():
                    shutil.copytree(party.desk / name, folder / party.name / name,
                                    ignore=lambda at, names: [
                                        n for n in names if pathlib.Path(at, n).is_socket()])
                    os.chmod(folder / party.name / name, 0o700)

    def end(self):
        for party in self.each():
            party.end()
            party.forget()


def view_of(event):
    """An entry without what is each store's own: its place, and the way by which receipts came."""
    own = {k: v for k, v in event.items() if k not in ("cursor", "event")}
    own["states"] = {party: {k: v for k, v in state.items() if k != "by"}
                     for party, state in event["states"].items()}
    return own


def free_ports(count):
    """UDP ports of loopback that are free now, below those that the system gives out itself."""
    held = []
    for port in random.sample(range(20000, 32000), 1000):
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            s.bind(("127.0.0.1", port))
            held.append(s)
        except OSError:
            s.close()
        if len(held) == count:
            break
    ports = [s.getsockname()[1] for s in held]
    for s in held:
        s.close()
    if len(ports) < count:
        raise Failure("no UDP port of 127.0.0.1 is free")
    return ports


def pace_of(options):
    """What happens between two messages: nothing, or a reader's time."""
    if options.headless or (options.speed is None and not (sys.stdin.isatty()
                                                           and sys.stdout.isatty())):
        return lambda: None
    if options.speed is None:
        def enter():
            print("[Enter] ", end="", flush=True)
            if not sys.stdin.readline():
                raise KeyboardInterrupt
        return enter
    watched = [sys.stdin] if sys.stdin.isatty() else []

    def seconds():  # Enter cuts it short
        if select.select(watched, [], [], options.speed)[0]:
            sys.stdin.readline()
    return seconds


def options_of(argv):
    parser = argparse.ArgumentParser(prog="demo", allow_abbrev=False, add_help=False)
    parser.add_argument("--headless", action="store_true")
    parser.add_argument("--keep", type=pathlib.Path)
    parser.add_argument("--speed", "--play", type=float)
    return parser.parse_args(argv)


def take_a_chair(demo):
    """The scenario is over; whoever sits at a console goes on until Enter ends it."""
    demo.screen.scene("The consoles stay open")
    demo.screen.line("Take either chair: write, call, answer. Enter ends the demonstration.")
    if not sys.stdin.readline():
        raise KeyboardInterrupt
    said = demo.each()[0].ask("log", demo.line, is_shown=False)
    demo.order = [f"{e['log']}.{e['index']}" for e in said if e.get("event") == "entry"]


def play(demo, options):
    has_people = not options.headless and sys.stdin.isatty() and sys.stdout.isatty()
    try:
        demo.found()
        demo.pace()
        demo.connect()
        if has_people:
            demo.open_consoles()
            demo.pace()
        demo.play()
        demo.look_back()
        if has_people:
            take_a_chair(demo)
        else:
            demo.pace()
        demo.verify()
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)  # what was started is ended, whatever comes
        demo.end()
        if options.keep is not None:
            demo.keep(options.keep)


def main(argv):
    options = options_of(argv)
    sys.stdout.reconfigure(encoding="utf-8", errors="replace")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.default_int_handler)
    os.umask(0o077)
    scenario = json.loads(SCENARIO.read_text(encoding="utf-8"))
    try:
        if options.keep is not None:
            options.keep.mkdir(parents=True, exist_ok=True)
            if any(options.keep.iterdir()):
                raise Failure(f"{options.keep} holds something already; give another directory")
        with tempfile.TemporaryDirectory(prefix="openline-", dir="/tmp") as where:
            demo = Demo(pathlib.Path(where), scenario, pace_of(options))
            demo.screen.line(scenario["about"], "dim")
            play(demo, options)
            if options.keep is not None:
                demo.screen.line(f"kept in {options.keep}")
    except Failure as failure:
        print(f"demo: {failure}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("demo: stopped", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
