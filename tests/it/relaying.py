# SPDX-License-Identifier: ISC
"""Members without a path to each other: what they say comes through others, and is receipted."""
import subprocess

from libline import BIN, Control, found, free_udp_ports, main, station_down, station_up
from libordeal import check, export, forget, same_record, settled

LINE = "hotline"


def chained(where, pairs, names):
    """A line whose members have paths only in these pairs; their stations run."""
    parties = {party.name: party for party in found(where, names, LINE)}
    ports = dict(zip(names, free_udp_ports(len(names))))
    for party in parties.values():
        party.run("port", "add", f"udp://127.0.0.1:{ports[party.name]}")
    for a, b in pairs:
        for one, other in ((a, b), (b, a)):
            parties[one].run("bearer", "add", LINE, other, f"udp://127.0.0.1:{ports[other]}")
    for party in parties.values():
        station_up(party)
    return parties


def say(party, text, *options):
    """A message that the command answers only when every other party has receipted it."""
    said = party.ask("send", LINE, text, "--anyway",
                     "--status", "exercise", "--wait", "stored", *options)
    return said["log"], said["index"]


def receipted(party, log, index, by):
    """Waits until a receipt by a party that this station holds covers the entry."""
    with Control(party.home) as client:
        client.ask("subscribe", line=LINE)
        while client.event("receipt", log=log, party=by)["size"] <= index:
            pass


def end(where, name, parties):
    """All records are the same, and the other verifier says so too."""
    parties = list(parties.values())
    settled(parties, LINE)
    exports = [export(party, where, f"relaying.{name}", LINE) for party in parties]
    for other in exports[1:]:
        same_record(exports[0], other)
    for target in exports:
        done = subprocess.run([BIN, "verify", target], capture_output=True, check=False)
        check(done.returncode == 0, f"{target}: {done.stdout.decode()}{done.stderr.decode()}")


def through_a_third(where):
    """Two members that never reach each other have each other's receipts, after a reboot too"""
    parties = chained(where, [("usa", "swi"), ("prc", "swi")], ("usa", "prc", "swi"))
    usa, prc = parties["usa"], parties["prc"]
    for text, options in (("Is anybody there?", ("--precedence", "flash")), ("Routine.", ())):
        for party, other in ((usa, prc), (prc, usa)):
            log, index = say(party, f"{party.name}: {text}", *options)
            receipted(party, log, index, other.name)
    station_down(prc)
    check(forget(prc.home) > 0, "no run marker")  # as after a reboot
    station_up(prc)
    log, index = say(usa, "Are you back?", "--precedence", "flash")
    receipted(usa, log, index, "prc")
    say(prc, "Yes.", "--precedence", "flash")
    say(usa, "Good.")
    end(where, "through_a_third", parties)


def along_a_chain(where):
    """Four members in a row: the ends hear of each other's receipts through two others"""
    parties = chained(where, [("usa", "swi"), ("swi", "nor"), ("nor", "prc")],
                      ("usa", "swi", "nor", "prc"))
    for i in range(3):
        for name in ("usa", "prc"):
            say(parties[name], f"{name} {i}", "--precedence", "priority" if i % 2 else "flash")
    station_down(parties["swi"])  # a link of the chain: what is said meanwhile waits
    parties["usa"].ask("send", LINE, "into the gap", "--anyway", "--status", "exercise")
    station_up(parties["swi"])
    say(parties["prc"], "after the gap")
    end(where, "along_a_chain", parties)


main(through_a_third, along_a_chain)
