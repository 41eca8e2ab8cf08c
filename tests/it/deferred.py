# SPDX-License-Identifier: ISC
"""Deferrals of calls on real stations: told on both sides when their time has come, also by a hook;
not where somebody has called since; and going on through a restart."""
import json
import os
import signal

from libline import Control, Failure, connected, main, station_down, station_up

LINE = "hotline"


def check(condition, *what):
    if not condition:
        raise Failure(" ".join(map(str, what)))


def following(party):
    client = Control(party.home)
    client.ask("subscribe", line=LINE, cursor=0)
    return client


def deferrals(party):
    return {d["entry"]: d for d in party.ask("status", LINE)["lines"][0]["deferrals"]}


def called(usa, prc, us, them, seconds):
    """An exercise call of usa's that prc has deferred; usa knows it"""
    entry = usa.ask("call", LINE, "watch", "--status", "exercise")["entry"]
    them.event("call", state="rings", entry=entry)
    prc.ask("defer", LINE, entry, "--for", seconds)
    us.event("call", state="replied", entry=entry)
    return entry


def ringing(where, party):
    """A hook of its deferrals, drills too; what it was told can be read here."""
    fifo = where / f"bell-{party.name}"
    os.mkfifo(fifo)
    party.run("hook", "add", "bell", "--on", "due,drill", "--", "/usr/bin/tee", str(fifo))
    return os.open(fifo, os.O_RDWR)  # so that neither side waits for the other


def rung(bell):
    told = b""
    while b"\n" not in told:
        told += os.read(bell, 4096)
    return json.loads(told)


def falls_due(where):
    """both sides tell it, with its status; a hook hears of it; a later call of either ends it"""
    usa, prc = connected(where)
    bells = []
    for party in usa, prc:
        station_down(party)
        bells.append(ringing(where, party))
        station_up(party)
    with following(usa) as us, following(prc) as them:
        entry = called(usa, prc, us, them, "3s")
        for party, client in ((usa, us), (prc, them)):
            event = client.event("due", entry=entry)
            check(event["party"] == "prc" and event["author"] == "usa", event)
            check(event["status"] == "exercise", event)
            state = deferrals(party)[entry]
            check(state["due"] and state["late_s"] >= 0, state)
            shown = party.run("status", LINE).stdout.decode()
            check(f"EXERCISE call {entry}: prc deferred it" in shown and "DUE" in shown, shown)
        usa.ask("call", LINE, "watch", "--status", "exercise", "--again", entry)
        them.event("call", state="placed")
        for party in usa, prc:
            check(entry not in deferrals(party), deferrals(party))
    for bell in bells:
        said = rung(bell)
        check(said["event"] == "due" and said["party"] == "prc" and said["entry"] == entry, said)
        os.close(bell)


def restarted(where):
    """after a restart of either side it goes on, and falls due by the wall of the deferral"""
    usa, prc = connected(where)
    with following(usa) as us, following(prc) as them:
        entry = called(usa, prc, us, them, "5s")
    for party in usa, prc:
        station_down(party, signal.SIGKILL, None)
        station_up(party)
        with following(party) as client:
            while not deferrals(party)[entry]["due"]:
                client.event()


main(falls_due, restarted)
