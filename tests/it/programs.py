# SPDX-License-Identifier: ISC
"""Lines through programs: what they write is the line; they are started again when they end."""
import os
import pathlib
import shutil
import sys

from libline import found, main, station_down, station_up
from libordeal import check
from libttyem import same, say


def programs(where):
    """exec: two socats as the line; one is killed, and started again"""
    socat = shutil.which("socat")
    usa, prc = parties = found(where)
    usa.run("port", "add", f"exec:{socat} - UNIX-LISTEN:{where}/link,unlink-early")
    prc.run("port", "add", f"exec:{socat} - UNIX-CONNECT:{where}/link,retry=100,interval=0.1")
    for party, other in (parties, parties[::-1]):
        party.run("bearer", "add", "hotline", other.name, "exec:")
        station_up(party)
    say(usa, prc, "Through two programs")
    say(prc, usa, "And back")
    for task in pathlib.Path("/proc").glob(f"{usa.process.pid}/task/*/children"):
        for child in task.read_text().split():
            if "socat" in pathlib.Path(f"/proc/{child}/cmdline").read_text():
                os.kill(int(child), 9)
    say(usa, prc, "Through a new one")
    log = "\n".join(usa.log)
    check("the program was ended by signal 9" in log, log)
    children = [c for t in pathlib.Path("/proc").glob(f"{usa.process.pid}/task/*/children")
                for c in t.read_text().split()]
    station_down(usa)
    check(children and not any(pathlib.Path(f"/proc/{c}/exe").exists() for c in children),
          f"of {children} some are left")
    same([station_up(usa), prc], where, "exec")


if shutil.which("socat") is None:
    print("socat is not installed: tools/install-deps check")
    sys.exit(1 if os.environ.get("CI") == "true" else 77)
main(programs)
