#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""bench/page.py - the console in a browser, in figures: openline-web, two stations, Chromium.

    bench/page.py [--entries N]     build/gcc must be built; N messages are on record (10000)

Prints milliseconds and bytes, and beside each a floor measured in the same run: an empty page of
the same server, a round trip of its talk.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
for name, value in (("OPENLINE_BIN", ROOT / "build/gcc/openline"), ("OPENLINE_SRC", ROOT),
                    ("OPENLINE_BUILD", ROOT / "build/gcc")):
    os.environ.setdefault(name, str(value))
sys.path.insert(0, str(ROOT / "tests/it"))

from libline import STATIONS, Control, connected, station_down  # noqa: E402
from libweb import Web  # noqa: E402

BODY = "hAMAAIIAeBpBIG1lc3NhZ2Ugb2YgdGVuIHRob3VzYW5kLg=="  # routine, operational, a plain text
LINE = "hotline"


def fill(party, count):
    with Control(party.home) as client:
        asked = []
        for n in range(count):
            asked.append(client.send("submit", line=LINE, body=BODY, item=f"{n:012x}"))
            if len(asked) == 256:
                for number in asked:
                    said = client.reply(number)
                    assert said["ok"], said
                asked = []
        for number in asked:
            client.reply(number)


def watch_calls(party, stored):
    """When each call entry was stored at this station, by the wall clock in ms."""
    client = Control(party.home)
    client.ask("subscribe", line=LINE, cursor=client.ask("position", line=LINE)["position"])

    def read():
        while True:
            try:
                event = client.event("entry", kind="call")
            except Exception:  # the station has gone: there is nothing more to see
                return
            stored[event["entry"]] = time.time() * 1000
    threading.Thread(target=read, daemon=True).start()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--entries", type=int, default=10000)
    count = parser.parse_args().entries
    subprocess.run([ROOT / "tools/fetch-page", ROOT / "build/page"], check=True)
    with tempfile.TemporaryDirectory(prefix="ol-") as where:
        usa, prc = connected(where, settings=("limit.entries=1000000", "limit.bytes=100000000",
                                              "answer.flash=600"))
        stored = {}
        try:
            fill(prc, count)
            watch_calls(prc, stored)
            web = Web(prc)
            env = dict(os.environ, OPENLINE_PAGE=str(ROOT / "build/page"), CALLER=str(usa.home),
                       OPENLINE_CHROMIUM="/usr/bin/chromium", URL=web.url("acts"))
            done = subprocess.run(["node", ROOT / "bench/page.mjs"], env=env, check=True,
                                  stdout=subprocess.PIPE, text=True)
            said = json.loads(done.stdout)
            delays = sorted(shown - stored[entry] for entry, shown in said.pop("shown").items())
            print(f"{count} entries on record; best / median / worst of the runs")
            for key, value in said.items():
                print(f"{key:<44} {value}")
            print(f"{'call stored → on screen, ms':<44} {delays[0]:.0f} / "
                  f"{delays[len(delays) // 2]:.0f} / {delays[-1]:.0f}")
            web.stop()
        finally:
            for party in list(STATIONS):
                station_down(party)


if __name__ == "__main__":
    main()
