# SPDX-License-Identifier: ISC
"""Runs tests/tools/ttyem: a cable between two serial devices; and parties joined by it."""
import json
import os
import pathlib
import subprocess

from libline import found, station_up
from libordeal import check, export, same_record, settled

TTYEM = pathlib.Path(os.environ.get("OPENLINE_BUILD", "build/gcc")) / "ttyem"


class Cable:
    """A cable that runs; a and b are the names of the devices at its ends."""

    def __init__(self, where, *options):
        self.a, self.b = pathlib.Path(where) / "tty-a", pathlib.Path(where) / "tty-b"
        self.process = subprocess.Popen([TTYEM, *map(str, options), self.a, self.b],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        if not self.line().get("ready"):
            raise EOFError("ttyem is not ready")

    def line(self):
        text = self.process.stdout.readline()
        if not text:
            raise EOFError(f"ttyem ended: {self.process.wait()}")
        return json.loads(text)

    def say(self, command):
        self.process.stdin.write(command.encode() + b"\n")
        self.process.stdin.flush()
        said = self.line()
        if not said["ok"]:
            raise ValueError(f"{command}: {said['why']}")
        return said

    def stats(self):
        return self.say("stats")

    def bytes(self):
        stats = self.stats()
        return stats["a"]["bytes"] + stats["b"]["bytes"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


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
