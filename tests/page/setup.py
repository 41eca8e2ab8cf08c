# SPDX-License-Identifier: ISC
"""A first line founded in two browsers, from two empty homes: tests/page/setup.mjs.

Everything is done by clicks, keys, file choosers and downloads; the stations are started by the
consoles' servers. Screenshots go to $OPENLINE_BUILD/shots.
"""
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "it"))

from libline import BIN, SRC, Failure, free_udp_ports, main, run  # noqa: E402
from libweb import Web  # noqa: E402

BUILD = pathlib.Path(os.environ.get("OPENLINE_BUILD", "build/gcc")).resolve()
STEPS, sys.argv[1:] = sys.argv[1:], []


class Empty:
    """A home that nobody has made yet."""

    def __init__(self, where, name):
        self.name, self.home = name, where / name


def founding(where):
    """keys, cards, charter, shares, digits, ways, stations, a message: two people at two pages"""
    subprocess.run([SRC / "tools/fetch-page", SRC / "build/page"], check=True)
    parties = [Empty(where, name) for name in ("usa", "prc")]
    webs = [Web(party, "--setup") for party in parties]
    ports = free_udp_ports(2) + free_udp_ports(1, socket.SOCK_STREAM)
    told = {p.name: {"home": str(p.home), "url": w.url("sets up"), "acts": w.url("acts"),
                     "port": port, "another": ports[2]}
            for p, w, port in zip(parties, webs, ports)}
    env = dict(os.environ, OPENLINE_BIN=str(pathlib.Path(BIN).resolve()),
               OPENLINE_PARTIES=json.dumps(told), OPENLINE_SHOTS=str(BUILD / "shots"),
               OPENLINE_CHROMIUM=shutil.which("chromium") or "",
               OPENLINE_PAGE=str(SRC / "build/page"))
    try:
        done = subprocess.run(["node", pathlib.Path(__file__).with_suffix(".mjs"), *STEPS], env=env,
                              stdin=subprocess.DEVNULL, check=False)
    finally:
        for party in parties:
            run("stop", home=party.home, expect=None)
        for web in webs:
            web.stop()
    if done.returncode != 0:
        raise Failure(f"{done.returncode} of the steps failed")


if __name__ == "__main__":
    if not shutil.which("chromium") or not shutil.which("node"):
        print("skipped: chromium or node is not installed")
        sys.exit(77)
    main(founding)
