# SPDX-License-Identifier: ISC
"""Runs tests/tools/linkem: links with delay, loss, rates and partitions between real processes."""
import json
import os
import pathlib
import subprocess

LINKEM = pathlib.Path(os.environ.get("OPENLINE_BUILD", "build/gcc")) / "linkem"


class Linkem:
    """A link emulator that runs; links as on its command line: {"p0": "udp:A,B"}.

    face["p0"] is what A's side is told as B's address, face["p0", "b"] the reverse.
    """

    def __init__(self, links, *options):
        self.process = subprocess.Popen(
            [LINKEM, *map(str, options), *[f"{name}={what}" for name, what in links.items()]],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.face, self.events = {}, []
        while True:
            said = self.line()
            if said.get("ready"):
                break
            self.face[said["link"]] = said["a"]
            if "b" in said:
                self.face[said["link"], "b"] = said["b"]

    def line(self):
        text = self.process.stdout.readline()
        if not text:
            raise EOFError(f"linkem ended: {self.process.wait()}")
        return json.loads(text)

    def say(self, command):
        """Performs a command; returns its answer. Events that come before it are kept."""
        self.process.stdin.write(command.encode() + b"\n")
        self.process.stdin.flush()
        while True:
            said = self.line()
            if "event" not in said:
                break
            self.events.append(said)
        if not said["ok"]:
            raise ValueError(f"{command}: {said['why']}")
        return said

    def event(self, what, link):
        """Waits until a connection opens or ends (wants --events)."""
        while True:
            said = self.events.pop(0) if self.events else self.line()
            if said.get("event") == what and said.get("link") == link:
                return said

    def stats(self, link, way=None):
        found = self.say("stats")["links"][link]
        return found if way is None else found[way]

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        return self.process.wait(60)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
