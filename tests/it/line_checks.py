# SPDX-License-Identifier: ISC
"""Line checks between real stations: written at the start, answered both ways, on record.

What they say of each day is the same by openline availability and by tools/verify_export.py, and a
second path that nothing answers on is seen: the line is degraded, and proven all the same.
"""
import json
import pathlib
import subprocess
import sys

from libline import Control, connected, free_udp_ports, main, station_down, station_up
from libordeal import check, export

LINE = "hotline"
VERIFY = pathlib.Path(__file__).parent.parent.parent / "tools/verify_export.py"


def status(party):
    return party.ask("status", LINE)["lines"][0]


def follow(party):
    """Its control socket, with all that is stored and happens from the beginning."""
    client = Control(party.home)
    client.ask("subscribe", line=LINE, cursor=0)
    return client


def next_check(client, author):
    while True:
        entry = client.event("entry", author=author)
        if entry["kind"] == "check":
            return entry


def until_operational(party, state="operational"):
    """The line's own events say when to look again."""
    client = Control(party.home)
    client.ask("subscribe", line=LINE, cursor=client.ask("position", line=LINE)["position"])
    while status(party)["state"] != state:
        client.event()
    client.socket.close()
    return status(party)


def figures(party, where, name):
    directory = export(party, where, name)
    mine = party.ask("availability", directory)
    done = subprocess.run([sys.executable, VERIFY, "--json", directory], capture_output=True,
                          check=True)
    other = json.loads(done.stdout)
    check({key: mine[key] for key in ("from", "to", "days", "parties")} == other["availability"],
          f"{mine} and {other['availability']}")
    check(not other["unreadable"], other["unreadable"])
    return mine


def first_checks(where):
    """Both stations write a check when they start; each is answered, and on record with both"""
    usa, prc = connected(where, start=False)
    station_up(usa, checks=True)
    said = status(usa)
    check(said["state"] == "not proven yet" and said["checks"]["interval"] == 1200, said)
    check(said["checks"]["parties"]["prc"]["last"] == 0, said)
    usa_sees = follow(usa)
    mine = next_check(usa_sees, "usa")
    check(mine["check"]["number"] == 1 and mine["check"]["interval"] == 1200, mine)
    path, = mine["check"]["proven"]
    check(path["party"] == "prc" and path["bearer"] == "udp/0", path)
    station_up(prc, checks=True)
    theirs = next_check(usa_sees, "prc")
    prc_sees = follow(prc)
    for sees, entry, by in ((usa_sees, mine, "prc"), (prc_sees, theirs, "usa")):
        while sees.event("receipt", log=entry["log"], party=by)["size"] <= entry["index"]:
            pass
    for party, other in ((usa, "prc"), (prc, "usa")):
        said = until_operational(party)
        them = said["checks"]["parties"][other]
        check(them["state"] == "operational" and them["last"] == 1 and not them["missed"], said)
        check(said["checks"]["last"] == 1 and said["checks"]["next_ms"] > 1_100_000, said)
        text = party.run("status").stdout.decode()
        check("operational since" in text and "number 1 of" in text, text)
        check(text.count(" has not said who has the watch") == 2, text)
        text = party.run("log", LINE).stdout.decode()
        check("line check 1 of usa" in text and "line check 1 of prc" in text, text)
        check("udp/0 to " in text and "UNREADABLE" not in text, text)
    check(mine["check"]["watch"] is None and theirs["check"]["watch"] is None, theirs)
    prc.run("officer", "add", LINE, "7", "--name", "en=Li")
    prc.run("handover", LINE, "--to", "7")
    # a restart goes on counting, with its marker in the same log; checks say who has the watch
    station_down(prc)
    station_up(prc, checks=True)
    again = next_check(usa_sees, "prc")
    check(again["check"]["number"] == 2 and again["log"] == theirs["log"], again)
    check(again["check"]["watch"] == 7, again)
    until_operational(prc)
    for party in (usa, prc):
        mine = figures(party, where, f"export-{party.name}")
        day, = mine["days"][-1:]
        by = {p["party"]: p for p in day["parties"]}
        check(by["usa"]["checks"] == 1 and by["prc"]["checks"] >= 1, day)
    told = usa.ask("availability", LINE)
    check(sum(p["checks"] for d in told["days"] for p in d["parties"]) == 3, told)


def silent(where):
    """--no-checks: a station that writes none stores and answers those of others"""
    usa, prc = connected(where, start=False)
    station_up(usa, checks=True)
    station_up(prc)
    sees = follow(usa)
    entry = next_check(sees, "usa")
    while sees.event("receipt", log=entry["log"], party="prc")["size"] <= entry["index"]:
        pass
    said = until_operational(usa)
    check(said["checks"]["parties"]["prc"]["last"] == 0, said)
    check(status(prc)["checks"]["next_ms"] is None, "it is to write one")


def dead_path(where):
    """Nothing answers on one of two paths: degraded, proven by the other"""
    usa, prc = connected(where, start=False)
    nobody, = free_udp_ports(1)
    usa.run("bearer", "add", LINE, "prc", f"udp://127.0.0.1:{nobody}")
    station_up(prc, checks=True)
    station_up(usa, checks=True)
    said = until_operational(usa, "degraded")
    check(said["checks"]["parties"]["prc"]["state"] == "degraded", said)
    proven = [path["proven"] is not None for path in said["paths"]]
    check(proven == [True, False], said["paths"])
    check("DEGRADED since" in usa.run("status").stdout.decode(), "what people are shown")
    until_operational(prc)


main(first_checks, silent, dead_path)
