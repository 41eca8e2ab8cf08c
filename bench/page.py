#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""bench/page.py - the console in a browser, in figures: openline-web, two stations, Chromium.

    bench/page.py [--entries N]     build/gcc must be built; N messages are on record (10000)

Prints milliseconds, best / median / worst of nine, and beside each median how many times its floor it
is. Floors are of the same run: an icon of the same server, a round trip of the talk, that and a frame
of the screen, and how long the station alone needs to put all entries in order (`log`, asked by
another client). The machine's load stands above: figures of a busy machine are its own.
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


def orders(party, runs=9):
    """ms of a page of the record whose order must be made anew: something was stored before."""
    took = []
    with Control(party.home) as client:
        for n in range(runs):
            client.ask("submit", line=LINE, body=BODY, item=f"ff{n:010x}")
            began = time.monotonic()
            client.ask("log", line=LINE, last=40)
            took.append((time.monotonic() - began) * 1000)
    return took


def tell(runs):
    median = {}
    for name, (took, *_) in runs.items():
        median[name] = sorted(took)[len(took) // 2]
    for name, (took, *floor) in runs.items():
        took = sorted(took)
        times = f"  {median[name] / median[floor[0]]:.1f} × {floor[0]}" if floor else ""
        print(f"{name + ', ms':<44} {took[0]:>5.0f} / {median[name]:>4.0f} / {took[-1]:>4.0f}{times}")


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
            floor = "the same and a frame"
            runs = {"station: the order of all entries": [orders(prc)], **said["runs"],
                    "call stored → on screen": [[shown - stored[entry] for entry, shown
                                                 in said["shown"].items()], floor]}
            load = os.getloadavg()[0]
            print(f"{count} entries on record, load {load:.1f}; best / median / worst")
            tell(runs)
            print(f"{'bytes to fill an empty cache':<44} {said['bytes']}")
            web.stop()
        finally:
            for party in list(STATIONS):
                station_down(party)


if __name__ == "__main__":
    main()
