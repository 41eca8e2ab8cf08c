# SPDX-License-Identifier: ISC
"""Calls between real stations: rung by rung, replies, a dead line, kills in the middle of a call.

Clients only place calls and reply; rings and closes are what the stations write by themselves.
"""
import base64
import os
import signal

from libexport import cbor
from libline import Control, connected, main, station_down, station_up
from libordeal import check, forget, same_record, export, settled

LINE = "hotline"
FLASH, PRIORITY = 0, 2
OPERATIONAL, EXERCISE = 0, 1
RUNGS = "rungs=watch duty-officer commander minister"
SHORT = (RUNGS, "answer.flash=4", "answer.immediate=40", "answer.priority=1")
FULL = {"usa": 0, "prc": 1}


def uncbor(data, at=0):
    """One item of the CBOR of entries and where it ends; it is known to be right."""
    major, info = data[at] >> 5, data[at] & 31
    size = 0 if info < 24 else 1 << (info - 24)
    n = info if info < 24 else int.from_bytes(data[at + 1:at + 1 + size], "big")
    at += 1 + size
    if major == 0:
        return n, at
    if major in (2, 3):
        return (data[at:at + n] if major == 2 else data[at:at + n].decode()), at + n
    items = []
    for _ in range(n):
        item, at = uncbor(data, at)
        items.append(item)
    return items, at


class Side:
    """A party, its station's control socket followed live."""

    def __init__(self, party):
        self.party = party
        self.name = party.name
        self.position = None
        self.open()

    def open(self):
        self.client = Control(self.party.home)
        now = self.client.ask("position", line=LINE)["position"]
        since = now if self.position is None else self.position
        self.client.ask("subscribe", line=LINE, cursor=since)

    def submit(self, kind, body):
        return self.client.ask("submit", line=LINE, kind=kind, item=os.urandom(6).hex(),
                               body=base64.b64encode(cbor(body)).decode())

    def call(self, precedence, status=EXERCISE, rung=0):
        return self.submit("call", [precedence, status, rung, 0, "an object over our territory"])

    def reply(self, call, verb, status=EXERCISE, rung=2, seconds=0):
        party, _, incarnation = call["log"].split("/")
        ref = [FULL[party], 0, bytes.fromhex(incarnation), call["index"]]
        return self.submit("reply", [verb, status, ref, rung, seconds, 0, ""])

    def told(self, state, **fields):
        event = self.client.word(state, **fields)
        print("   ", self.name, *(event[key] for key in ("state", "entry", "party")), fields)
        return event

    def calls(self):
        return self.client.ask("calls", line=LINE)["calls"]

    def log(self, author, kind, call=None):
        """Readable entries of a kind in an author's urgent logs: (log, index, body)."""
        found = []
        record = self.client.ask("record", line=LINE)["logs"]
        for log in record:
            if not log["log"].startswith(f"{author}/urgent/"):
                continue
            got = self.client.ask("entries", line=LINE, log=log["log"], **{"from": 0})
            for i, entry in enumerate(got["entries"]):
                item = uncbor(base64.b64decode(entry))[0]
                if item[0] == kind:
                    found.append((log["log"], i, item[3]))
        return found

    def kill(self):
        """What comes from now on is told when it has started again."""
        self.position = self.client.ask("position", line=LINE)["position"]
        self.client.socket.close()
        station_down(self.party, signal.SIGKILL)

    def start(self):
        station_up(self.party)
        self.open()


def sides(where, settings=SHORT):
    return [Side(party) for party in connected(where, settings=settings)]


def agree(where, *both):
    """Both hold the same record in the end."""
    settled([s.party for s in both], LINE)
    same_record(*(export(s.party, where, f"calls.{where.name}", LINE) for s in both))


def one_close(side, author, why, has_receipt):
    """The author's only close, as this side has it; a receipt in it covers the call alone."""
    log, index, body = side.log(author, 10)[-1]
    check(body[0] == why, f"the close says {body[0]}, not {why}")
    check(bool(body[3]) == has_receipt, f"receipts in the close: {body[3]}")
    for _, size, _, _ in body[3]:
        check(body[1][3] < size <= index, f"the receipt of {size} covers call {body[1]} alone, "
              f"not its close at {index}")
    return body


def rung_by_rung(where):
    """Nobody answers: each rung rings, the ladder ends on record, the close has the receipt"""
    usa, prc = both = sides(where)
    call = usa.call(FLASH)
    for side in both:
        side.told("placed", party="usa", status="exercise", precedence="flash", rung="watch")
    for rung in ("watch", "duty-officer", "commander", "minister"):
        for side in both:
            event = side.told("rings", party="prc", caller="usa", rung=rung, status="exercise")
            check(event["entry"] == call["entry"] and event["seconds"] == 1, event)
    for side in both:
        side.told("silent", party="prc", rung="minister")
        side.told("closed", party="usa", why="ended", status="exercise")
    for side in both:
        body = one_close(side, "usa", 2, True)
        check(body[4][0][1] == "udp/0" and body[4][0][2] < 60, f"paths in the close: {body[4]}")
        rings = [b for _, _, b in side.log("prc", 8)]
        check([(r[0], r[2], r[3]) for r in rings] ==
              [(0, 1, 1), (0, 2, 1), (0, 3, 1), (0, 4, 1), (1, 4, 0)], f"rings: {rings}")
        check(rings[4][4] in (4, 5), f"the ladder took {rings[4][4]} s")
        shown = side.calls()[0]
        check(shown["state"] == "closed" and shown["why"] == "ended", shown)
    agree(where, *both)


def replies(where):
    """An answer, a decline, a deferral: the ladder stops, the caller closes; withdrawn; late"""
    usa, prc = both = sides(where, (RUNGS, "answer.flash=40"))
    for verb, word, why in ((0, "answer", "answered"), (1, "decline", "declined"),
                            (2, "defer", "declined")):
        call = usa.call(FLASH, OPERATIONAL, rung=2)
        prc.told("rings", entry=call["entry"], rung="duty-officer", seconds=13)
        rung = None if word == "decline" else "duty-officer"  # it may be left open who replies
        prc.reply(call, verb, OPERATIONAL, rung=2 if rung else 0, seconds=60 if verb == 2 else 0)
        for side in both:
            side.told("replied", party="prc", reply=word, status="operational", rung=rung)
            side.told("closed", why=why)
            shown = side.calls()[-1]["called"][0]
            check(shown["rung"] == rung, shown)
        one_close(prc, "usa", 0 if verb == 0 else 1, True)
    call = usa.call(FLASH)
    prc.told("rings", entry=call["entry"])
    usa.client.ask("submit", line=LINE, kind="close", item=os.urandom(6).hex(),
                   body=usa.calls()[-1]["withdraw"])
    for side in both:
        side.told("closed", why="withdrawn", status="exercise")
    prc.reply(call, 0)
    usa.told("replied", reply="answer", entry=call["entry"])
    check(usa.calls()[-1]["state"] == "closed" and
          usa.calls()[-1]["called"][0]["state"] == "answered", usa.calls()[-1])
    check(len(usa.log("usa", 10)) == 4, "a close each")
    agree(where, *both)


def both_call(where):
    """Both call at once: two calls, each rings, each is closed by its own caller"""
    usa, prc = both = sides(where)
    prc.kill()
    first = usa.call(FLASH)
    prc.start()
    second = prc.call(FLASH)
    usa.told("rings", party="usa", entry=second["entry"])
    prc.told("rings", party="prc", entry=first["entry"])
    prc.reply(first, 0)
    usa.reply(second, 0)
    for side in both:
        check({side.told("closed", why="answered")["entry"] for _ in both} ==
              {first["entry"], second["entry"]}, "two calls")
    agree(where, *both)


def dead_line(where):
    """The other station is off: the call is closed by its time, and is not rung when it comes"""
    usa, prc = both = sides(where)
    prc.kill()
    call = usa.call(PRIORITY)
    usa.told("closed", why="time", entry=call["entry"])
    body = one_close(usa, "usa", 3, False)
    check(body[2] in (6, 7), f"closed after {body[2]} s, not 1 and 5")
    prc.start()
    prc.told("placed", entry=call["entry"])
    event = prc.told("closed", why="time", entry=call["entry"])
    check(not prc.log("prc", 8), f"it rang: {event}")
    check(prc.calls()[0]["state"] == "closed", prc.calls())
    agree(where, *both)


def killed_callee(where):
    """The called station is killed while it rings: its rung rings again, its full time"""
    usa, prc = both = sides(where)
    call = usa.call(1)  # IMMEDIATE: 40 s
    usa.told("rings", party="prc", rung="watch", seconds=10)
    check(usa.calls()[0]["state"] == "placed" and "withdraw" in usa.calls()[0], usa.calls())
    shown = prc.calls()[0]
    check(shown["state"] == "rings" and shown["status"] == "exercise", shown)
    check(shown["called"][0]["rung"] == "watch", shown)
    prc.kill()
    prc.start()
    shown = prc.calls()[0]
    check(shown["state"] == "rings" and 5 <= shown["left_s"] <= 10, shown)
    usa.told("rings", party="prc", rung="watch", seconds=10)
    prc.reply(call, 0)
    for side in both:
        side.told("closed", why="answered")
    check(len(usa.log("prc", 8)) == 2, "two rings of one rung")
    agree(where, *both)


def killed_caller(where):
    """The caller is killed: with its run marker the call goes on, without it is placed again"""
    usa, prc = both = sides(where)
    first = usa.call(1)
    prc.told("rings", entry=first["entry"], rung="watch")
    usa.kill()
    usa.start()
    check(usa.calls()[0]["state"] == "placed" and usa.calls()[0]["left_s"] >= 45, usa.calls())
    prc.reply(first, 1)
    for side in both:
        side.told("closed", entry=first["entry"], why="declined")
    second = usa.call(1)
    prc.told("rings", entry=second["entry"])
    usa.kill()
    check(forget(usa.party.home) == 1, "there was no run marker to forget")
    usa.start()
    prc.told("closed", entry=second["entry"], why="interrupted")
    third = prc.told("placed", status="exercise")
    check(third["log"] != second["log"], third)
    prc.told("rings", entry=third["entry"])
    again = usa.log("usa", 7)[-1][2]
    check(again[7][2].hex() == second["log"].split("/")[2] and again[7][3] == second["index"],
          again)
    prc.reply(third, 0)
    prc.told("closed", entry=third["entry"], why="answered")
    agree(where, *both)


if __name__ == "__main__":
    main(rung_by_rung, replies, both_call, dead_line, killed_callee, killed_caller)
