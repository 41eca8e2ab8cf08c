# SPDX-License-Identifier: ISC
"""The console in Chromium, against two real stations: tests/page/console.mjs, and what it needs.

The link between the stations can be cut. Screenshots go to $OPENLINE_BUILD/shots.
"""
import base64
import json
import os
import pathlib
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "it"))

from libline import (BIN, SRC, Control, Failure, found, free_udp_ports, main,  # noqa: E402
                     station_down, station_up)
from liblinkem import Linkem  # noqa: E402
from libweb import Web  # noqa: E402
from libwatch import door, enrol  # noqa: E402

BUILD = pathlib.Path(os.environ.get("OPENLINE_BUILD", "build/gcc")).resolve()
STEPS, sys.argv[1:] = sys.argv[1:], []  # by name, to run only these
SETTINGS = ("rungs=duty-officer commander", "answer.flash=4", "answer.immediate=120",
            "check.interval=60", "limit.entries=100000", "limit.bytes=100000000",
            "release.two=priority")


def fill(party, count):
    """So many messages on record, numbered, of unlike lengths; none is read first."""
    with Control(party.home) as client:
        for n in range(0, count, 100):
            asked = []
            for k in range(n, min(count, n + 100)):
                text = (f"Report {k}. " + "The vessel keeps its course. " * (k * 7 % 5)).encode()
                size = bytes([0x60 + len(text)] if len(text) < 24 else [0x78, len(text)])
                body = bytes.fromhex("840300008200") + size + text  # docs/PROTOCOL.md 4.4
                asked.append(client.send("submit", line="hotline", item=f"{k:012x}",
                                         body=base64.b64encode(body).decode()))
            for number in asked:
                if not client.reply(number)["ok"]:
                    raise Failure("the record could not be filled")


class Host:
    """Does what the pages ask for: HOST <command> on their output, "done" on their input."""

    def __init__(self, where):
        self.where = where
        self.party = {p.name: p for p in found(where, settings=SETTINGS)}
        a, b = free_udp_ports(2)
        self.link = Linkem({"l": f"udp:127.0.0.1:{a},127.0.0.1:{b}"})
        for name, port, face, other in (("usa", a, "l", "prc"), ("prc", b, ("l", "b"), "usa")):
            party = self.party[name]
            party.run("port", "add", f"udp://127.0.0.1:{port}")
            party.run("bearer", "add", "hotline", other, f"udp://{self.link.face[face]}")
            station_up(party, checks=True)
        self.web = {name: Web(party) for name, party in self.party.items()}

    def thin(self):
        """One more way between the two, of 300 bit/s; they are started again with it."""
        for party in self.party.values():
            station_down(party)
        for name, end in (("usa", "LISTEN:{}/hf,unlink-early"),
                          ("prc", "CONNECT:{}/hf,retry=100,interval=0.1")):
            party, other = self.party[name], {"usa": "prc", "prc": "usa"}[name]
            party.run("port", "add", f"exec:{shutil.which('socat')} - UNIX-{end}?rate=300"
                      .format(self.where), "--name", "hf")
            party.run("bearer", "add", "hotline", other, "exec:", "--port", "hf")
            station_up(party, checks=True)

    def do(self, command, *words):
        if command == "key":
            kind = words[1] if len(words) > 1 else "acts"
            (self.where / f"{words[0]}.key").write_text(self.web[words[0]].url(kind))
        elif command == "officers":  # who sign where their number is given
            for number, name in enumerate(("smith", "jones"), 1):
                if not (self.where / f"{name}.key").exists():
                    enrol(self.party["usa"], self.where, number, name, f"{name} passes")
            self.party["usa"].run("officer", "use", "hotline", "--nobody")
        elif command == "door":  # browsers know no Ed25519 in certificates
            self.web["door"] = door(self.where, self.party["usa"], "ec", "-pkeyopt",
                                    "ec_paramgen_curve:prime256v1")
            (self.where / "usa.key").write_text(self.web["door"].origin)
        elif command == "forget":
            self.party["usa"].run("officer", "use", "hotline", "--forget", words[0])
        elif command == "cut":
            self.link.say("cut")
        elif command == "mend":
            self.link.say("heal")
        elif command == "fill":
            fill(self.party[words[0]], int(words[1]))
        elif command == "thin":
            self.thin()
        elif command == "stop":
            station_down(self.party[words[0]])
        elif command == "start":
            station_up(self.party[words[0]], checks=True)
        else:
            raise Failure(f"no such command: {command}")

    def env(self):
        parties = {name: {"home": str(p.home), "keys": str(self.where / f"{name}.key")}
                   for name, p in self.party.items()}
        return dict(os.environ, OPENLINE_BIN=str(pathlib.Path(BIN).resolve()),
                    OPENLINE_PARTIES=json.dumps(parties), OPENLINE_SHOTS=str(BUILD / "shots"),
                    OPENLINE_CHROMIUM=shutil.which("chromium") or "",
                    OPENLINE_PAGE=str(SRC / "build/page"))


def consoles(where):
    """wall, message, drill, crossing, calls, proof, a dead line, languages, who only looks on;
    translations, scrolling, search and what is unread, in a long record"""
    subprocess.run([SRC / "tools/fetch-page", SRC / "build/page"], check=True)
    host = Host(where)
    script = pathlib.Path(__file__).with_suffix(".mjs")
    with subprocess.Popen(["node", script, *STEPS], env=host.env(), stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True) as page:
        for line in page.stdout:
            if not line.startswith("HOST "):
                print(line, end="", flush=True)
                continue
            try:
                host.do(*line.split()[1:])
                said = "done"
            except (Failure, ValueError, EOFError) as error:
                said = str(error).replace("\n", " ")
            page.stdin.write(said + "\n")
            page.stdin.flush()
    for web in host.web.values():
        web.stop()
    if page.returncode != 0:
        raise Failure(f"{page.returncode} of the steps failed")


if __name__ == "__main__":
    if not shutil.which("chromium") or not shutil.which("node"):
        print("skipped: chromium or node is not installed")
        sys.exit(77)
    main(consoles)
