# SPDX-License-Identifier: ISC
"""Runs tests/tools/ttyem: a cable between two serial devices; and parties joined by it."""
import pathlib

from libemulator import Emulator, tool
from libline import found, station_up
from libordeal import check, export, same_record, settled


class Cable(Emulator):
    """A cable that runs; a and b are the names of the devices at its ends."""

    def __init__(self, where, *options):
        self.a, self.b = pathlib.Path(where) / "tty-a", pathlib.Path(where) / "tty-b"
        super().__init__(tool("ttyem"), *options, self.a, self.b)
        if not self.line().get("ready"):
            raise EOFError("ttyem is not ready")

    def stats(self):
        return self.say("stats")

    def bytes(self):
        stats = self.stats()
        return stats["a"]["bytes"] + stats["b"]["bytes"]


def joined(where, cable, keys, names=("usa", "prc"), start=True):
    """Two parties at the ends of a cable, and nothing else between them."""
    parties = found(where, names)
    for party, other, device in zip(parties, parties[::-1], (cable.a, cable.b)):
        party.run("port", "add", f"serial:{device}?{keys}")
        party.run("bearer", "add", "hotline", other.name, "serial:")
    if start:
        for party in parties:
            station_up(party)
    return parties


def say(party, other, text, *options):
    sent = party.ask("send", "hotline", text, "--anyway", "--wait", "stored", *options)
    check(sent["states"][other.name]["state"] == "stored", sent)


def same(parties, where, name):
    settled(parties)
    return same_record(*[export(party, where, name) for party in parties])
