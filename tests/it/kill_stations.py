# SPDX-License-Identifier: ISC
"""Two stations are killed at random moments while messages go both ways: nothing is lost.

OPENLINE_SEED, OPENLINE_KILLS and OPENLINE_MESSAGES set the run; the seed is printed.
"""
import json
import os
import random
import select
import signal
import socket
import subprocess
import threading
import time
import traceback

from libline import BIN, Control, Failure, connected, main, station_down, station_up
from libordeal import (Heads, body_of, check, export, forget, same_record, settled, stored)

SEED = int(os.environ.get("OPENLINE_SEED", random.randrange(1 << 32)))
KILLS = int(os.environ.get("OPENLINE_KILLS", 200))
MESSAGES = int(os.environ.get("OPENLINE_MESSAGES", 1000))
BETWEEN = 50    # kills that must fall between an append and its receipt, or the test says nothing
PATIENCE = 60   # seconds for a station to do anything at all
WINDOW = 8      # messages a client has under way
LINE = "hotline"
# How a station's life ends: share in a hundred, and what for.
PLANS = (("append", 40), ("append-soon", 15), ("peer-append", 10), ("start", 15), ("any", 20))
LINGER = 0.8    # seconds that a station may have lived before the append that it dies of
FORGETS = 6     # in a hundred kills: the run marker goes too, as if the machine had restarted


class Side(threading.Thread):
    """A party: its station's lives and deaths, and the client that talks to it."""

    def __init__(self, party, kills, messages, shared):
        super().__init__(daemon=True)
        self.party, self.kills, self.shared = party, kills, shared
        self.random = random.Random(f"{SEED} {party.name}")
        self.unsent = [(f"{party.name} {i}: " + "x" * self.random.randrange(200),
                        self.random.choice((1, 2, 3)), self.random.randbytes(6).hex())
                       for i in range(messages)]
        self.texts = {item: body_of(text, precedence)
                      for text, precedence, item in self.unsent}
        self.waiting = []     # submitted, not answered: submitted again until they are
        self.answered = {}    # item: (log, index), as the station said
        self.receipts = {}    # (log, party): size, the largest that an event told
        self.counts = dict.fromkeys(("kills", "between", "peer up", "starting", "forgets"), 0)
        self.failure = None
        self.other = None
        self.cursor = 0
        self.is_up = False
        self.client = None
        self.plan = None      # how this life shall end; "" once the other side ended it
        self.process = None

    def run(self):
        try:
            while self.counts["kills"] < self.kills and not self.shared.is_set():
                self.live()
        except Exception as e:  # told by the main thread
            self.failure = e
            traceback.print_exc()
            self.shared.set()

    # ---- one life ----
    def live(self):
        plan = self.random.choices([p for p, _ in PLANS], [w for _, w in PLANS])[0]
        left = self.kills - self.counts["kills"]
        share = len(self.unsent) / left
        quota = min(len(self.unsent), int(share) + (self.random.random() < share % 1))
        if plan.startswith("append"):
            quota = max(quota, min(1, len(self.unsent)))
        with open(self.party.home.parent / f"{self.party.name}.log", "ab") as log:
            process = subprocess.Popen([BIN, "run", "--no-checks"], stderr=log,
                                       stdin=subprocess.DEVNULL,
                                       stdout=subprocess.DEVNULL,
                                       env=dict(os.environ, OPENLINE_HOME=str(self.party.home)))
        self.process, self.plan = process, plan
        try:
            self.shelter(process, plan, quota)
        finally:
            self.is_up, self.plan = False, None
            process.kill()
            code = process.wait()
        check(code == -signal.SIGKILL, f"the station of {self.party.name} ended by itself: {code}")
        self.counts["kills"] += 1
        if self.random.randrange(100) < FORGETS:
            self.counts["forgets"] += forget(self.party.home) > 0

    def shelter(self, process, plan, quota):
        began = time.monotonic()
        end = began + (self.random.uniform(0, self.shared.start_s * 1.5) if plan == "start"
                       else PATIENCE)
        self.connect(process, end)
        if self.client is None:
            self.counts["starting"] += 1
            check(plan == "start" or not self.plan,
                  f"the station of {self.party.name} did not start")
            return process.kill()
        self.shared.start_s += (time.monotonic() - began - self.shared.start_s) / 10
        self.is_up = True
        try:
            self.talk(process, plan, quota, end)
        finally:
            self.is_up = False
            self.client.socket.close()
            self.client = None

    def connect(self, process, end):
        while time.monotonic() < end and process.poll() is None:
            try:
                self.client = Control(self.party.home)
                return
            except OSError:
                time.sleep(0.002)  # nothing can be waited on before the socket is there

    # ---- the conversation of one life ----
    def talk(self, process, plan, quota, end):
        """Half of the messages at once, the others after a while: the station dies of the last."""
        asked, record = {}, None
        later = time.monotonic() + self.random.uniform(0, LINGER)
        if plan == "any":
            end = time.monotonic() + self.random.uniform(0, LINGER)
        last = [self.unsent.pop()[2] for _ in range(quota)]
        try:
            self.client.send("subscribe", line=LINE, cursor=self.cursor)
            record = self.client.send("record", line=LINE)
            self.waiting += last[1:]
            for item in self.waiting:
                asked[self.submit(item)] = item
            del last[1:]
            while (now := time.monotonic()) < end:
                if last and now >= later:
                    self.waiting.append(last.pop())
                    asked[self.submit(self.waiting[-1])] = self.waiting[-1]
                    record = self.client.send("record", line=LINE)
                said = self.hear(min(end, later if last else end) - now)
                if said is None:
                    continue
                if self.take(said, asked, record) and not last:
                    end = min(end, self.end_of(plan))
                elif not last and not asked and plan.startswith("append"):
                    end = min(end, time.monotonic())
            check(plan == "start" or time.monotonic() < later + PATIENCE / 2 or not self.plan,
                  f"{self.party.name}: the end of a life by {plan} did not come")
        except (BrokenPipeError, ConnectionResetError, EOFError):
            if self.plan and process.poll() is not None:
                raise Failure(f"the station of {self.party.name} ended by itself") from None
        self.is_up, peer_up = False, self.other.is_up
        process.kill()
        self.unsent += [(None, None, item) for item in last]  # the end came before their time
        self.drain(asked, record)
        size = {}
        for log, index in self.answered.values():
            size[log] = max(size.get(log, 0), index + 1)
        if any(self.receipts.get((log, self.other.party.name), 0) < n for log, n in size.items()):
            self.counts["between"] += 1
            self.counts["peer up"] += peer_up

    def end_of(self, plan):
        """When to kill, now that the last message of a life is appended."""
        if self.other.plan == "peer-append":
            self.other.plan = ""
            self.other.process.kill()
        return time.monotonic() + (0 if plan == "append" else
                                   self.random.uniform(0, 0.01) if plan == "append-soon" else
                                   2 if plan == "peer-append" else PATIENCE)

    def submit(self, item):
        return self.client.send("submit", line=LINE, body=self.texts[item], item=item)

    def hear(self, seconds):
        """What the station says next, or None when it says nothing for so long."""
        if b"\n" not in self.client.left:
            ready, _, _ = select.select([self.client.socket], [], [], max(0, seconds))
            if not ready:
                return None
        line = self.client.line()
        if not line:
            raise EOFError
        return json.loads(line)

    def take(self, said, asked, record):
        """Keeps what was said; true: a message was appended."""
        if said.get("event") == "receipt":
            key = said["log"], said["party"]
            self.receipts[key] = max(self.receipts.get(key, 0), said["size"])
        if "event" in said:
            self.cursor = max(self.cursor, said.get("cursor", 0))
            return False
        check(said["ok"], f"{self.party.name}: {said}")
        if said["id"] == record:
            for log in said["logs"]:
                for head in log["heads"]:
                    self.shared.heads.add(log["log"], head["size"], head["root"])
                for r in log["receipts"]:
                    key = log["log"], r["party"]
                    self.receipts[key] = max(self.receipts.get(key, 0), r["size"])
            return False
        item = asked.pop(said["id"], None)
        if item is None:
            return False
        self.waiting.remove(item)
        self.answered[item] = said["log"], said["index"]
        return True

    def drain(self, asked, record):
        """What the station had said before it died, and nobody had read yet."""
        try:
            while line := self.client.line():
                self.take(json.loads(line), asked, record)
        except (ConnectionResetError, socket.timeout, json.JSONDecodeError):
            pass

    # ---- after the last life ----
    def finish(self):
        """What is left is submitted to the station that lives now."""
        self.waiting += [m[2] for m in self.unsent]
        with Control(self.party.home) as self.client:
            while self.waiting:
                asked = {self.submit(item): item for item in self.waiting[:WINDOW]}
                while asked:
                    self.take(json.loads(self.client.line()), asked, None)
            self.shared.heads.ask(self.client)


class Shared(threading.Event):
    """What both sides know: the heads that were shown, how long a start takes."""

    def __init__(self):
        super().__init__()
        self.heads = Heads()
        self.start_s = 0.3


def kills(where):
    """Stations killed at random moments: nothing receipted is lost, nothing is said twice"""
    print(f"  OPENLINE_SEED={SEED} OPENLINE_KILLS={KILLS} OPENLINE_MESSAGES={MESSAGES}", flush=True)
    parties = connected(where, line=LINE, start=False)
    shared = Shared()
    sides = [Side(p, KILLS // 2, MESSAGES // 2, shared) for p in parties]
    sides[0].other, sides[1].other = sides[1], sides[0]
    began = time.monotonic()
    for side in sides:
        side.start()
    for side in sides:
        side.join()
    for side in sides:
        if side.failure is not None:
            raise side.failure
    took = time.monotonic() - began
    total = {key: sum(s.counts[key] for s in sides) for key in sides[0].counts}
    late = sum(len(s.unsent) + len(s.waiting) for s in sides)
    print(f"  {total['kills']} kills in {took:.0f} s, {total['starting']} of them before the "
          f"station answered, {total['forgets']} with the run marker; {MESSAGES - late} messages "
          f"answered meanwhile\n  {total['between']} kills fell between an append and its receipt, "
          f"{total['peer up']} of them while the other station ran", flush=True)
    for party in parties:
        station_up(party)
    for side in sides:
        side.finish()
    settled(parties)
    compare(parties, sides, shared.heads, where)
    for party in parties:
        station_down(party)
    check(total["peer up"] >= BETWEEN, f"only {total['peer up']} kills fell between an append and "
          "its receipt while the other station ran: no test")


def compare(parties, sides, heads, where):
    records = []
    for party in parties:
        with Control(party.home) as client:
            logs = heads.ask(client)
            records.append(stored(client))
        for side in sides:
            for (log, by), size in side.receipts.items():
                check(log in logs and logs[log][0] >= size,
                      f"{party.name} lacks what {by} receipted: {log} up to {size}")
    for record, party in zip(records, parties):
        places = {}
        for place, entry in record.items():
            if "item" in entry:
                places.setdefault(entry["item"], []).append(place)
        for side in sides:
            for item, body in side.texts.items():
                at = places.pop(item, [])
                check(len(at) == 1, f"{party.name} holds item {item} {len(at)} times: {at}")
                check(record[at[0]]["message"]["body"] == body, f"another text at {at[0]}")
                check(side.answered[item] == at[0],
                      f"item {item} was told to stand at {side.answered[item]}, is at {at[0]}")
        check(not places, f"{party.name} holds what nobody said: {places}")
    exports = [export(party, where, "kill_stations", LINE) for party in parties]
    files = same_record(*exports)
    shown = [heads.check_export(e) for e in exports][0]
    for party in parties:
        log = (party.home.parent / f"{party.name}.log").read_text(errors="replace")
        for bad in ("Sanitizer", "runtime error", "assert", "level=error"):
            check(bad not in log, f"the log of {party.name} has \"{bad}\"")
    print(f"  {len(records[0])} entries in {len({log for log, _ in records[0]})} logs; {files} "
          f"files equal on both sides; {shown} heads shown, none contradicts the record")


main(kills)
