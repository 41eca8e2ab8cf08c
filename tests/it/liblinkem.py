# SPDX-License-Identifier: ISC
"""Runs tests/tools/linkem: links with delay, loss, rates and partitions between real processes."""
from libemulator import Emulator, tool

LINKEM = tool("linkem")


class Linkem(Emulator):
    """A link emulator that runs; links as on its command line: {"p0": "udp:A,B"}.

    face["p0"] is what A's side is told as B's address, face["p0", "b"] the reverse.
    """

    def __init__(self, links, *options):
        super().__init__(LINKEM, *options, *[f"{name}={what}" for name, what in links.items()])
        self.face = {}
        while True:
            said = self.line()
            if said.get("ready"):
                break
            self.face[said["link"]] = said["a"]
            if "b" in said:
                self.face[said["link"], "b"] = said["b"]

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
