# SPDX-License-Identifier: ISC
"""Half of all frames lost, stations killed, a path cut: everything arrives, once, in order.

Two stations with two paths, UDP with 30 %, then 50 % loss each way and TCP, both at 100 ms round
trip; each station is killed every few seconds, and now one path is cut, now the other.
lossy.py --full: 2,000 messages each way at each loss. OPENLINE_SEED sets the run; it is printed.
"""
import json
import os
import random
import select
import signal
import sys
import threading
import time

from liblinkem import Linkem
from libline import (LIMIT, Control, Failure, found, free_tcp_ports, free_udp_ports, main,
                     station_down, station_up)
from libordeal import body_of, check, export, same_record, settled, stored

FULL = "--full" in sys.argv
MESSAGES = 2000 if FULL else 180    # each way, at each loss
LIFE = (2, 5) if FULL else (1, 2.5)  # seconds that a station lives
WINDOW = 16 if FULL else 8           # messages of a side that are not receipted yet
PATIENCE = 60                        # seconds without one more receipt: something is stuck
CUTS = ("t cut", "heal", "u cut", "heal")
TURNS = 3                            # of CUTS, at each loss
SEED = int(os.environ.get("OPENLINE_SEED", random.randrange(1 << 32)))
LINE = "hotline"


class Side(threading.Thread):
    """A party's station, which is killed again and again, and the client that talks to it."""

    def __init__(self, party, other, loss, shared):
        super().__init__(daemon=True)
        self.party, self.other, self.shared = party, other, shared
        self.random = random.Random(f"{SEED} {party.name} {loss}")
        self.texts = [f"{party.name} {loss} {i}: " + "y" * self.random.randrange(120)
                      for i in range(MESSAGES)]
        self.items = [self.random.randbytes(6).hex() for _ in self.texts]
        self.bodies = [body_of(text, self.random.choice((1, 2, 3, 3))) for text in self.texts]
        self.place = {}    # number: (log, index), as the station said
        self.size = {}     # log: what the other has receipted
        self.begun = 0     # messages submitted so far, in order
        self.open = set()  # those of them that are not receipted yet
        self.cursor = 0
        self.kills = 0
        self.failure = None

    def run(self):
        try:
            while not self.is_done():
                self.live()
        except Exception as e:  # told by the main thread
            self.failure = e
            self.shared.is_over = True

    def is_receipted(self, number):
        at = self.place.get(number)
        return at is not None and self.size.get(at[0], 0) > at[1]

    def receipted(self):
        return self.begun - len(self.open)

    def is_done(self):
        """Both are done: the other still needs this station."""
        return self.shared.is_over or all(s.receipted() == MESSAGES for s in self.shared.sides)

    def live(self):
        station_up(self.party)
        end = time.monotonic() + self.random.uniform(*LIFE)
        try:
            with Control(self.party.home) as client:
                self.talk(client, end)
        finally:
            station_down(self.party, signal.SIGKILL)
            self.kills += 1

    def talk(self, client, end):
        asked = {}
        client.ask("subscribe", line=LINE, cursor=self.cursor)
        for i in sorted(self.open - set(self.place)):
            self.submit(client, i, asked)
        while (now := time.monotonic()) < end and not self.is_done():
            while self.begun < MESSAGES and self.begun - self.receipted() < WINDOW:
                self.open.add(self.begun)
                self.submit(client, self.begun, asked)
                self.begun += 1
            if not client.events and b"\n" not in client.left and not select.select(
                    [client.socket], [], [], min(end - now, 0.2))[0]:
                continue
            self.take(client.events.pop(0) if client.events else json.loads(client.line()), asked)

    def submit(self, client, number, asked):
        asked[client.send("submit", line=LINE, body=self.bodies[number],
                          item=self.items[number])] = number

    def take(self, said, asked):
        self.cursor = max(self.cursor, said.get("cursor", 0))
        if said.get("event") == "receipt" and said["party"] == self.other.name:
            if said["size"] > self.size.get(said["log"], 0):
                self.size[said["log"]] = said["size"]
                self.open = {i for i in self.open if not self.is_receipted(i)}
                self.shared.progress()
        elif "event" not in said:
            check(said["ok"], said)
            number = asked.pop(said["id"])
            at = said["log"], said["index"]
            check(self.place.setdefault(number, at) == at, f"{number} was {self.place[number]}")
            if self.is_receipted(number):
                self.open.discard(number)


class Shared:
    """What has happened so far; cuts paths as the messages go on."""

    def __init__(self, em):
        self.em, self.lock, self.sides = em, threading.Lock(), []
        self.is_over, self.cuts, self.last = False, 0, time.monotonic()

    def progress(self):
        with self.lock:
            self.last = time.monotonic()
            done = sum(side.receipted() for side in self.sides)
            if done >= (self.cuts + 1) * 2 * MESSAGES // (TURNS * len(CUTS)) and \
                    self.cuts < TURNS * len(CUTS):
                self.em.say(CUTS[self.cuts % len(CUTS)])
                self.cuts += 1

    def watch(self):
        """Until all is done, or nothing happens any more."""
        for side in self.sides:
            while side.is_alive():
                side.join(1)
                if time.monotonic() - self.last > PATIENCE:
                    self.is_over = True
                    raise Failure("stuck: " + ", ".join(
                        f"{s.party.name} has {s.receipted()} of {MESSAGES} receipted"
                        for s in self.sides) + f" after {self.cuts} cuts; {self.em.say('stats')}")
            if side.failure is not None:
                raise side.failure


def lossy(where):
    """Loss of 30 and 50 % each way, kills, cuts: the same record on both sides, receipted"""
    print(f"  OPENLINE_SEED={SEED}", flush=True)
    usa, prc = parties = found(where)
    udp, tcp = free_udp_ports(2), free_tcp_ports(2)
    links = {"u": f"udp:127.0.0.1:{udp[0]},127.0.0.1:{udp[1]}",
             "t": f"tcp:127.0.0.1:{tcp[0]},127.0.0.1:{tcp[1]}"}
    said = {}
    with Linkem(links, "--seed", SEED, "--set", "delay 50") as em:
        for i, (party, other, end) in enumerate(((usa, prc, ()), (prc, usa, ("b",)))):
            party.run("port", "add", f"udp://127.0.0.1:{udp[i]}")
            party.run("port", "add", f"tcp://127.0.0.1:{tcp[i]}")
            for name, proto in (("u", "udp"), ("t", "tcp")):
                face = em.face[(name, *end) if end else name]
                party.run("bearer", "add", LINE, other.name, f"{proto}://{face}")
        for loss in (0.3, 0.5):
            em.say("heal")
            em.say(f"u loss {loss}")
            shared = Shared(em)
            shared.sides = [Side(usa, prc, loss, shared), Side(prc, usa, loss, shared)]
            began = time.monotonic()
            for side in shared.sides:
                side.start()
            shared.watch()
            took = time.monotonic() - began
            said.update({side.items[i]: (side, i) for side in shared.sides
                         for i in range(MESSAGES)})
            print(f"  {loss:.0%} lost: {MESSAGES} messages each way receipted in {took:.1f} s, "
                  f"{sum(s.kills for s in shared.sides)} kills, {shared.cuts} cuts and heals",
                  flush=True)
        em.say("heal")
        for party in parties:
            station_up(party)
        settled(parties)
        compare(parties, said, where)
        stats = em.say("stats")["links"]
        print("  udp " + ", ".join(f"{way} {stats['u'][way]['packets']} packets, "
                                   f"{stats['u'][way]['lost']} lost, {stats['u'][way]['cut']} cut"
                                   for way in ("ab", "ba")) +
              f"; tcp {stats['t']['opened']} connections, {stats['t']['ab']['bytes']} and "
              f"{stats['t']['ba']['bytes']} bytes", flush=True)


def compare(parties, said, where):
    records = []
    for party in parties:
        receipts = {}
        with Control(party.home) as client:
            records.append(stored(client, LINE, receipts))
        for side, i in said.values():
            log, index = side.place[i]
            check(receipts.get((log, side.other.name), 0) > index,
                  f"{party.name} lacks a receipt for {side.texts[i]!r}")
    for record, party in zip(records, parties):
        places = {}
        for place, entry in sorted(record.items()):
            if "item" in entry:
                places.setdefault(entry["item"], []).append(place)
        check(set(places) == set(said), f"{party.name}: other items than were said")
        last = {}
        for item, (side, i) in said.items():
            check(places[item] == [side.place[i]], f"{item} is at {places[item]}, not at "
                  f"{side.place[i]} alone")
            check(record[side.place[i]]["message"]["body"] == side.bodies[i], "another text")
            log, index = side.place[i]
            check(last.get(log, -1) < index, f"{log}: {side.texts[i]!r} is out of order")
            last[log] = index
    exports = [export(party, where, "lossy", LINE) for party in parties]
    files = same_record(*exports)
    for party, target in zip(parties, exports):
        party.run("verify", target)
    print(f"  {len(records[0])} entries in {len({log for log, _ in records[0]})} logs; {files} "
          "files equal on both sides; verified by both verifiers", flush=True)


if FULL:
    sys.argv.remove("--full")
if __name__ == "__main__":
    main(lossy)
