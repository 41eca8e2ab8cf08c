#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""docs/OPERATIONS.md, followed to the letter on two hosts: two network namespaces with a cable.

Prompts say whose host it is: `usa$` and `prc$`. Each has a home directory and a station of its own
on the default port; what a courier carries goes through the directory media/ that both have.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import documents

HOSTS = {"usa": "192.0.2.1", "prc": "192.0.2.2"}
DOCUMENT = documents.SRC / "docs/OPERATIONS.md"


def ip(*words):
    subprocess.run(["ip", *words], check=True)


class Hosts:
    """Two namespaces and the cable between them."""

    def __init__(self):
        self.names = {party: f"ol-{os.getpid()}-{party}" for party in HOSTS}
        try:
            for name in self.names.values():
                ip("netns", "add", name)
            one, other = self.names.values()
            ip("-n", one, "link", "add", "eth0", "type", "veth", "peer", "name", "eth0",
               "netns", other)
            for party, name in self.names.items():
                ip("-n", name, "addr", "add", f"{HOSTS[party]}/24", "dev", "eth0")
                ip("-n", name, "link", "set", "eth0", "up")
                ip("-n", name, "link", "set", "lo", "up")
        except (OSError, subprocess.CalledProcessError):
            self.end()
            raise

    def end(self):
        for name in self.names.values():
            subprocess.run(["ip", "netns", "del", name], check=False, stderr=subprocess.DEVNULL)


class Host(documents.Shell):
    """A shell of one host, in the home directory of its account."""

    def __init__(self, party, namespace, top):
        home = top / party
        home.mkdir()
        (home / "media").symlink_to(top / "media")
        super().__init__(home, ["ip", "netns", "exec", namespace, "bash", "--norc"],
                         os.environ | {"HOME": str(home), "OPENLINE_HOME": str(home / ".openline"),
                                       "PATH": f"{documents.BIN.parent}:{os.environ['PATH']}"})

    def run(self, command):
        """Only a station that is put into the background is waited for."""
        if command.endswith("&") and "openline run" not in command:
            command = f"{{ {command} }} 2> /dev/null"
        return super().run(command)


def steps(text):
    """(place, party, command, what is shown) of every prompt in the document's console blocks."""
    for block in re.finditer(r"```console\n(.*?)```", text, re.S):
        for step in re.split(r"^(?=(?:usa|prc)\$ )", block[1], flags=re.M)[1:]:
            command, *shown = step.rstrip("\n").split("\n")
            party, _, command = command.partition("$ ")
            yield block, party, command, shown


def follow(text, hosts, top):
    known, wrong = {}, 0
    shells = {party: Host(party, name, top) for party, name in hosts.names.items()}
    for block, party, command, shown in steps(text):
        for was, now in known.items():
            command = command.replace(was, now)
        printed, code = shells[party].run(command)
        fault = f"exit {code}" if code != 0 else documents.compare(shown, printed, known)
        if fault:
            print("printed:", *printed, sep="\n  ")
            wrong += documents.complain(DOCUMENT, block, f"{party}$ {command}: {fault}")
            break  # what follows builds on it
    for shell in shells.values():
        shell.run("openline stop")
        shell.end()
    return wrong


def main():
    if shutil.which("ip") is None or os.geteuid() != 0:
        if os.environ.get("CI") == "true":
            print("network namespaces need ip(8) and root")
            return 1
        print("skipped: network namespaces need ip(8) and root")
        return 77
    hosts = Hosts()
    try:
        with tempfile.TemporaryDirectory(prefix="ol-") as name:
            top = pathlib.Path(name)
            (top / "media").mkdir()
            wrong = follow(DOCUMENT.read_text(encoding="utf-8"), hosts, top)
    finally:
        hosts.end()
    print("1 passed, 0 failed" if wrong == 0 else "0 passed, 1 failed")
    return 0 if wrong == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
