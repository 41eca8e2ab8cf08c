# SPDX-License-Identifier: ISC
"""Homes that are not what they were: restored, copied, on a machine that has restarted."""
import copy
import json
import os
import shutil
import signal

from libline import Control, connected, free_udp_ports, main, station_down, station_up
from libordeal import Heads, check, export, forget, markers, same_record, settled, stored

LINE = "hotline"
NO_MARKER = "started without a run marker"
BEHIND = "the store was behind the run marker"


class World:
    """Two parties, all that they said, and all that was ever shown of it."""

    def __init__(self, where, name):
        self.where, self.name = where, name
        self.usa, self.prc = connected(where, line=LINE)
        self.heads = Heads()
        self.texts = {}  # text: the entry that it was answered with
        self.receipts = {}

    def say(self, party, *texts, wait="stored"):
        for text in texts:
            said = party.ask("send", LINE, text, "--anyway", "--status", "exercise",
                             *(["--wait", wait] if wait else []))
            self.texts[text] = said["log"], said["index"]
        self.look(party)

    def look(self, *parties):
        """Collects what stations show: heads, receipts; returns the last one's logs."""
        for party in parties:
            with Control(party.home) as client:
                logs = self.heads.ask(client, LINE)
                for log, (_, receipts) in logs.items():
                    for by, size in receipts.items():
                        self.receipts[log, by] = max(self.receipts.get((log, by), 0), size)
        return logs

    def end(self, *parties):
        """Both sides agree; nothing is lost, nothing stands twice, nothing contradicts."""
        parties = parties or (self.usa, self.prc)
        settled(parties, LINE)
        for party in parties:
            logs = self.look(party)
            for (log, by), size in self.receipts.items():
                check(logs.get(log, (0, {}))[0] >= size,
                      f"{party.name} lacks what {by} receipted: {log} up to {size}")
            with Control(party.home) as client:
                record = stored(client, LINE)
            texts = [(e["message"]["text"] if "text" in e["message"] else place)
                     for place, e in record.items() if e["kind"] == "message"]
            told = [e for e in shown(party) if e["kind"] == "message"]
            check(len(told) == len(texts), f"{party.name}: log shows {len(told)} of {len(texts)}")
            for text, place in self.texts.items():
                at = [(e["log"], e["index"]) for e in told if e["message"]["text"] == text]
                check(at == [place], f"{party.name}: {text!r} was told at {place}, stands at {at}")
            check(len(told) == len(self.texts), f"{party.name} holds more than what was said")
        exports = [export(party, self.where, self.name, LINE) for party in parties]
        files = same_record(*exports)
        heads = self.heads.check_export(exports[0])
        for party in parties:
            station_down(party)
        print(f"  {len(self.texts)} messages, {files} files equal on both sides, {heads} heads "
              "shown: none contradicts the record")


def shown(party):
    """The entries as `log` shows them."""
    said = party.run("log", LINE, "--json").stdout.decode().splitlines()
    return [json.loads(line) for line in said[:-1]]


def openings(party, author="usa"):
    return [e for e in shown(party) if e["kind"] == "opening" and e["author"] == author]


def why(party, reason, predecessor, author="usa"):
    """The one incarnation opened for this reason; it names the log before it."""
    made = [e for e in openings(party, author) if e["opening"]["reason"] == reason]
    check(len(made) == 1, f"{party.name}: {len(made)} openings with the reason {reason!r}")
    check(made[0]["opening"]["predecessor"] == predecessor.rsplit("/", 1)[1],
          f"{made[0]} does not name {predecessor}")
    told = party.run("log", LINE).stdout.decode()
    check(reason in told, f"log of {party.name} does not say {reason!r} to people")
    return made[0]


def copy_home(source, target):
    """What a backup or `cp -a` takes; a socket is nothing to copy."""
    shutil.copytree(source, target, symlinks=True,
                    ignore=lambda _, names: [n for n in names if n == "control.sock"])
    shutil.copystat(source, target)


def put_back(backup, home):
    """A backup is restored under the same path: another directory, with another inode."""
    home.rename(home.with_suffix(".broken"))  # and not removed: its inode is not used again
    copy_home(backup, home)
    check(not markers(home), "a restored home has a run marker")


def restored(where):
    """A home restored from a copy of an hour ago opens a new log, and gets back what it forgot"""
    w = World(where, "restored")
    w.say(w.usa, "one", "two")
    w.say(w.prc, "yes")
    station_down(w.usa)
    copy_home(w.usa.home, where / "backup")
    station_up(w.usa)
    w.say(w.usa, "three", "four", "five")
    w.say(w.prc, "no")
    old = w.look(w.usa, w.prc)
    log = w.texts["five"][0]
    station_down(w.usa)
    put_back(where / "backup", w.usa.home)
    station_up(w.usa)
    with Control(w.usa.home) as watch:
        watch.ask("subscribe", line=LINE)
        w.say(w.usa, "six")
        wait_held(watch, old)
    check(w.texts["six"][0] != log, "the restored home appends to the log that it forgot")
    w.say(w.prc, "maybe")
    w.say(w.usa, "seven")
    for party in (w.usa, w.prc):
        why(party, NO_MARKER, log)
    w.end()


def wait_held(watch, logs):
    """Until a follower of a line has seen all entries of these logs."""
    need = {(log, size - 1) for log, (size, _) in logs.items()}
    while need:
        event = watch.event("entry")
        need.discard((event["log"], event["index"]))


def restored_in_place(where):
    """A backup put back over the same directory is older than its run marker says"""
    w = World(where, "restored_in_place")
    w.say(w.usa, "one")
    w.say(w.prc, "yes")
    station_down(w.usa)
    copy_home(w.usa.home, where / "backup")
    station_up(w.usa)
    w.say(w.usa, "two", "three")
    old, log = w.look(w.usa, w.prc), w.texts["three"][0]
    station_down(w.usa)
    for path in w.usa.home.glob("store.db*"):
        path.unlink()
    for path in (where / "backup").glob("store.db*"):
        shutil.copy2(path, w.usa.home)
    check(len(markers(w.usa.home)) == 1, "the run marker is there")
    station_up(w.usa)
    with Control(w.usa.home) as watch:
        watch.ask("subscribe", line=LINE)
        w.say(w.usa, "four")
        wait_held(watch, old)
    w.say(w.prc, "no")
    for party in (w.usa, w.prc):
        why(party, BEHIND, log)
    w.end()


def restored_in_place_of_others(where):
    """A copy put back in place that lacks only what the other side said is noticed, too"""
    w = World(where, "restored_in_place_of_others")
    w.say(w.usa, "one")
    w.say(w.prc, "yes")
    station_down(w.usa)
    copy_home(w.usa.home, where / "backup")
    station_up(w.usa)
    w.say(w.prc, "and another thing", "and a third")
    old, log = w.look(w.usa, w.prc), w.texts["one"][0]
    station_down(w.usa)
    for path in w.usa.home.glob("store.db*"):
        path.unlink()
    for path in (where / "backup").glob("store.db*"):
        shutil.copy2(path, w.usa.home)
    check(len(markers(w.usa.home)) == 1, "the run marker is there")
    station_up(w.usa)
    with Control(w.usa.home) as watch:
        watch.ask("subscribe", line=LINE)
        wait_held(watch, old)
    w.say(w.usa, "four")
    w.say(w.prc, "no")
    for party in (w.usa, w.prc):
        why(party, BEHIND, log)
    w.end()


def twin_of(party, where):
    """A copy of a home whose station is down, with a port of its own."""
    twin = copy.copy(party)
    twin.home = where / "twin"
    copy_home(party.home, twin.home)
    old = (twin.home / "config").read_text(encoding="ascii")
    was = next(line for line in old.splitlines() if line.startswith("url = "))
    port = free_udp_ports(1)[0]
    (twin.home / "config").write_text(old.replace(was, f"url = udp://127.0.0.1:{port}", 1),
                                      encoding="ascii")
    return twin


def copied(where):
    """A copied home is started beside the original: both speak, neither contradicts the other"""
    w = World(where, "copied")
    w.say(w.usa, "one")
    w.say(w.prc, "yes")
    log = w.texts["one"][0]
    station_down(w.usa)
    twin = twin_of(w.usa, where)
    station_up(w.usa)
    w.say(w.usa, "two")
    station_up(twin)
    # Three times each in turn, without waiting: their sessions replace each other.
    for i in range(3):
        w.say(twin, f"twin {i}", wait=None)
        w.say(w.usa, f"original {i}", wait=None)
        w.say(w.prc, f"answer {i}", wait=None)
        w.look(twin, w.usa, w.prc)
    check(w.texts["twin 0"][0] != w.texts["original 0"][0] == log, "one log, two who append")
    sizes = w.look(twin) | {log: (w.look(w.usa)[log][0], {})}
    with Control(w.prc.home) as watch:
        watch.ask("subscribe", line=LINE)
        wait_held(watch, sizes)
    w.look(twin, w.usa, w.prc)
    station_down(twin)
    w.say(w.usa, "three")
    w.say(w.prc, "Which of you is it?")
    check(why(w.prc, NO_MARKER, log)["log"] == w.texts["twin 0"][0], "the twin's log says why")
    # What its twin said in its name the one that stays asks for when it knows that it may not know.
    station_down(w.usa, signal.SIGKILL)
    forget(w.usa.home)
    station_up(w.usa)
    with Control(w.usa.home) as watch:
        watch.ask("subscribe", line=LINE)
        wait_held(watch, sizes)
    why(w.usa, NO_MARKER, log)
    w.end()


def status_line(party):
    said = party.ask("status", LINE)
    return said["lines"][0] if "lines" in said else said


def copy_is_told(where):
    """A copied home that spoke is an alarm in the original, until an officer knows of it"""
    w = World(where, "copy_is_told")
    w.say(w.usa, "one")
    w.say(w.prc, "yes")
    station_down(w.usa)
    twin = twin_of(w.usa, where)
    os.mkfifo(where / "told")
    (where / "hook").write_text(f'#!/bin/sh\ncat > "{where}/told"\n')
    (where / "hook").chmod(0o755)
    told = os.open(where / "told", os.O_RDWR)  # so that neither side waits for the other
    w.usa.run("hook", "add", "bell", "--on", "copy", "--", where / "hook")
    station_up(w.usa)
    w.say(w.usa, "two")
    w.usa.refused("copy", "ack", LINE, says="no other station was found")
    with Control(w.usa.home) as watch:
        watch.ask("subscribe", line=LINE)
        station_up(twin)
        w.say(twin, "what the copy says")
        station_down(twin)
        w.say(w.prc, "and what is said to it", wait=None)  # it has seen the copy's log
        watch.event("alarm", alarm="copy")
    hooked = json.loads(os.read(told, 4096))
    check(hooked["event"] == "copy" and hooked["line"] == LINE, hooked)
    os.close(told)
    check(status_line(w.usa)["copy"] > 0, status_line(w.usa))
    check("ANOTHER STATION SPOKE" in w.usa.run("status").stdout.decode(), "status does not say it")
    check(status_line(w.prc)["copy"] is None, "prc is alarmed, too")
    w.usa.run("copy", "ack", LINE)
    for _ in range(2):  # through a restart, too
        check(status_line(w.usa)["copy_acknowledged"] is not None, status_line(w.usa))
        said = w.usa.run("status").stdout.decode()
        check("ANOTHER STATION SPOKE" not in said and "known: another station spoke" in said, said)
        w.say(w.usa, f"word {len(w.texts)}")
        station_down(w.usa)
        station_up(w.usa)
    w.end()


def rebooted(where):
    """The machine restarts while the line is dead: what was queued goes out, then a new log"""
    w = World(where, "rebooted")
    w.say(w.usa, "one")
    w.say(w.prc, "yes")
    log = w.texts["one"][0]
    station_down(w.prc)
    w.say(w.usa, "two, unheard", wait=None)
    station_down(w.usa, signal.SIGKILL)
    check(forget(w.usa.home) == 1, "there is one run marker")
    station_up(w.usa)
    w.say(w.usa, "three, unheard", wait=None)
    check(w.texts["two, unheard"][0] == log != w.texts["three, unheard"][0], w.texts)
    station_down(w.usa, signal.SIGKILL)
    forget(w.usa.home)
    station_up(w.usa)  # says nothing: no log without need
    with Control(w.usa.home) as watch:
        watch.ask("subscribe", line=LINE)
        station_up(w.prc)
        for text in ("two, unheard", "three, unheard"):
            wait_receipt(watch, w.texts[text], "prc")
    w.say(w.prc, "heard")
    why(w.prc, NO_MARKER, log)
    for party in (w.usa, w.prc):
        station_down(party, signal.SIGKILL)
        forget(party.home)
    for party in (w.usa, w.prc):
        station_up(party)
        w.say(party, f"{party.name} is back", wait=None)
    settled([w.usa, w.prc], LINE)
    check(len(openings(w.prc)) == 3, "the second restart opened a third log")
    why(w.usa, NO_MARKER, w.texts["yes"][0], "prc")
    w.end()


def wait_receipt(watch, place, by):
    log, index = place
    while watch.event("receipt", log=log, party=by)["size"] <= index:
        pass


main(restored, restored_in_place, restored_in_place_of_others, copied, copy_is_told, rebooted)
