#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""How calls between real stations end: each verdict, by each way that leads to it.

Every case has a line of its own, two stations and a link between them that can be cut one way or
both (tests/tools/linkem). Calls are placed and answered by the commands that officers use. In the
end both parties' records and tools/verify_export.py give the same verdict. Cases run at once.
"""
import concurrent.futures
import json
import os
import pathlib
import signal
import subprocess
import sys

from libline import (BIN, LIMIT, SRC, Control, Failure, found, free_udp_ports, main, station_down,
                     station_up)
from liblinkem import Linkem

LINE = "hotline"
SETTINGS = ("rungs=duty-officer commander", "answer.flash=2", "answer.immediate=40",
            "answer.priority=6")
AT_ONCE = 4
VERIFIER = SRC / "tools/verify_export.py"


class Case:
    """usa, who calls, and prc, who is called; the link between them."""

    def __init__(self, where):
        self.where = where
        self.usa, self.prc = self.parties = found(where, settings=SETTINGS)
        a, b = free_udp_ports(2)
        self.link = Linkem({"l": f"udp:127.0.0.1:{a},127.0.0.1:{b}"})
        for party, port, face, other in ((self.usa, a, "l", "prc"),
                                         (self.prc, b, ("l", "b"), "usa")):
            party.run("port", "add", f"udp://127.0.0.1:{port}")
            party.run("bearer", "add", LINE, other, f"udp://{self.link.face[face]}")
            party.client = party.position = None
        self.told = None
        self.up(*self.parties)
        self.usa.ask("send", LINE, "Is the line up?", "--wait", "stored")
        self.prc.ask("send", LINE, "It is.", "--wait", "stored")

    def up(self, *parties):
        for party in parties:
            station_up(party)
            party.client = Control(party.home)
            now = party.client.ask("position", line=LINE)["position"]
            since = now if party.position is None else party.position
            party.client.ask("subscribe", line=LINE, cursor=since)

    def kill(self, party):
        """What it writes from now on is told when it is up again."""
        party.position = party.client.ask("position", line=LINE)["position"]
        party.client.socket.close()
        station_down(party, signal.SIGKILL)

    def call(self, party=None, rung="duty-officer", precedence="flash"):
        party = party or self.usa
        return party.ask("call", LINE, rung, "--precedence", precedence, "--status", "exercise",
                         "--reason", "An aircraft is overdue.")["entry"]

    @staticmethod
    def event(party, state, call):
        return party.client.word(state, entry=call)

    def stored(self, party, log, size):
        """This party's station has so much of a log."""
        while True:
            logs = {o["log"]: o["size"] for o in party.client.ask("record", line=LINE)["logs"]}
            if logs.get(log, 0) >= size:
                return
            party.client.event("entry")

    def settle(self):
        """Both have all that the other has, and know it: an entry each way, by the last path."""
        for party in self.parties:
            party.ask("send", LINE, "All said.", "--precedence", "immediate", "--wait", "stored")

    def verdicts(self):
        """{call: {party: verdict}}, the same by both records and by both programs."""
        self.settle()
        told = []
        for party in self.parties:
            calls = party.ask("calls", LINE)["calls"]
            told.append({c["call"]: {v["party"]: v for v in c["verdicts"]} for c in calls})
            out = self.where / f"{party.name}.export"
            party.run("export", LINE, out, "--yes")
            other = json.loads(subprocess.run(
                [sys.executable, VERIFIER, "--json", out], capture_output=True, timeout=LIMIT,
                check=True).stdout)
            for call in other["calls"]:
                log, _, index = call["call"].partition(".")
                mine = told[-1][f"{log[:log.rindex('/') + 5]}.{index}"]
                for verdict in call["verdicts"]:
                    for key in ("verdict", "late", "crossed", "ended", "stored", "rang",
                                "receipt"):
                        if mine[verdict["party"]][key] != verdict[key]:
                            raise Failure(f"{key}: {mine[verdict['party']]} and {verdict}")
        if told[0] != told[1]:
            raise Failure(f"the records differ: {told[0]}\nand {told[1]}")
        return told[0]

    def expect(self, call, verdict, party="prc", **more):
        self.told = self.told or self.verdicts()
        found_ = self.told[call][party]
        for key, value in {"verdict": verdict, "late": False, "stored": False, **more}.items():
            if found_[key] != value:
                raise Failure(f"{key} is {found_[key]}, not {value}: "
                              + json.dumps(found_, indent=1))
        return found_

    def close(self):
        for party in self.parties:
            if party.process.poll() is None:
                station_down(party)
        self.link.close()


def dead_line(case):
    """nothing goes either way"""
    case.link.say("cut")
    call = case.call()
    case.event(case.usa, "closed", call)
    case.link.say("heal")
    case.event(case.prc, "closed", call)
    said = case.expect(call, "unreached")
    if not any("last proven" in proof for proof in said["proof"]):
        raise Failure(f"no word on the paths: {said['proof']}")


def dead_back(case):
    """they get the call, and no word of theirs comes back"""
    case.link.say("l/ba cut")
    call = case.call()
    case.event(case.prc, "rings", call)
    case.event(case.usa, "closed", call)
    case.link.say("heal")
    case.event(case.prc, "closed", call)
    case.expect(call, "unreached", stored=True)


def nobody(case):
    """their station rings, and nobody comes"""
    call = case.call()
    case.event(case.usa, "silent", call)
    case.event(case.usa, "closed", call)
    case.expect(call, "unanswered", ended=True, rang=True)


def declined(case):
    call = case.call(precedence="immediate")
    case.event(case.prc, "rings", call)
    case.prc.run("decline", LINE, "Not now.")
    case.event(case.usa, "closed", call)
    case.expect(call, "declined")


def deferred(case):
    call = case.call(precedence="immediate")
    case.event(case.prc, "rings", call)
    case.prc.run("defer", LINE, call, "--for", "600")
    case.event(case.usa, "closed", call)
    said = case.expect(call, "deferred")
    if "for 600 s" not in said["says"]:
        raise Failure(said["says"])


def second_rung(case):
    """nobody on the first rung; the commander answers; the caller waits and is told all, though
    his station hears of the second ring and of the answer at once"""
    env = dict(os.environ, OPENLINE_HOME=str(case.usa.home))
    with subprocess.Popen([BIN, "call", LINE, "duty-officer", "--precedence", "priority",
                           "--status", "exercise", "--wait"], env=env, stdout=subprocess.PIPE,
                          text=True) as caller:
        call = case.usa.client.word("rings", rung="duty-officer")["entry"]
        case.usa.process.send_signal(signal.SIGSTOP)
        case.prc.client.word("rings", rung="commander")
        case.prc.run("answer", LINE, "Commander here.", "--rung", "commander")
        case.usa.process.send_signal(signal.SIGCONT)
        told = caller.communicate(timeout=LIMIT)[0]
    for words in ("placed", "reached: the station of prc has stored it", "prc rings: duty-officer",
                  "prc rings: commander", "prc: ANSWERED", "closed: answered"):
        if words not in told:
            raise Failure(f"\"{words}\" is not in:\n{told}")
    if caller.returncode != 0 or any(
            line and not line.startswith("EXERCISE ") for line in told.splitlines()):
        raise Failure(f"exit {caller.returncode}, or a line without EXERCISE:\n{told}")
    case.event(case.usa, "closed", call)
    case.expect(call, "answered")


def late(case):
    """they answer when it was closed"""
    call = case.call()
    case.event(case.prc, "closed", call)
    case.prc.run("answer", LINE, call, "We were away.")
    case.expect(call, "answered", late=True)


def caller_killed(case):
    """the caller's station is killed in the middle, and goes on when it starts again"""
    call = case.call()
    case.event(case.usa, "rings", call)
    case.kill(case.usa)
    case.up(case.usa)
    case.event(case.prc, "closed", call)
    case.expect(call, "unanswered")


def called_killed(case):
    """the called station is killed in the middle; started again it rings the rung again"""
    call = case.call(precedence="immediate")
    case.event(case.prc, "rings", call)
    case.kill(case.prc)
    case.up(case.prc)
    case.event(case.prc, "rings", call)
    case.prc.run("answer", LINE, call)
    case.event(case.usa, "closed", call)
    case.expect(call, "answered")


def both_call(case):
    """calls of both at once stay two calls; who answers one is told of the other"""
    case.link.say("cut")
    ours = case.call(precedence="immediate")
    theirs = case.call(case.prc, precedence="immediate")
    case.link.say("heal")
    case.event(case.usa, "rings", theirs)
    case.event(case.prc, "rings", ours)
    told = case.usa.run("answer", LINE).stdout.decode()
    if ours not in told.split("\n", 1)[1]:
        raise Failure(f"nothing is said of {ours}: {told}")
    case.prc.run("answer", LINE, ours)
    case.event(case.usa, "closed", ours)
    case.event(case.prc, "closed", theirs)
    case.expect(ours, "answered")
    case.expect(theirs, "answered", party="usa")


def withdrawn(case):
    """the caller withdraws it while their station rings: nobody came"""
    call = case.call(precedence="immediate")
    case.event(case.usa, "rings", call)
    case.usa.run("close", LINE)
    case.event(case.prc, "closed", call)
    case.expect(call, "unanswered")


CASES = (dead_line, dead_back, nobody, declined, deferred, second_rung, late, caller_killed,
         called_killed, both_call, withdrawn)


def run_case(where, way):
    place = pathlib.Path(where) / way.__name__
    place.mkdir()
    case = Case(place)
    try:
        way(case)
    finally:
        case.close()


def every_way(where):
    """each verdict by each way to it, the same on both sides and by both programs"""
    wanted = [way for way in CASES if way.__name__ in sys.argv[1:]] or CASES
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        doing = {pool.submit(run_case, where, way): way.__name__ for way in wanted}
        for done in concurrent.futures.as_completed(doing):
            print(f"  {doing[done]}: {done.exception() or 'ok'}", flush=True)
    for done in doing:
        done.result()


if __name__ == "__main__":
    if [word for word in sys.argv[1:] if word in {way.__name__ for way in CASES}]:
        sys.argv.append("every_way")
    main(every_way)
