# SPDX-License-Identifier: ISC
"""Two histories of one log between real stations: found, told, exported, acknowledged, outlived."""
import copy
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys

from libline import SRC, Control, connected, main, station_down, station_up
from libordeal import check, line_id, markers

LINE = "hotline"
VERIFIER = SRC / "tools/verify_export.py"
SLOT, SUM = 128, 16  # of a run marker (station/marker.h)


def say(party, text, wait=None):
    return party.ask("send", LINE, text, "--anyway", "--status", "exercise",
                     *(["--wait", wait] if wait else []))


def copy_running(party, where):
    """A copy of a home that takes the run marker along, as a snapshot of the machine does."""
    twin = copy.copy(party)
    twin.home = where / "twin"
    shutil.copytree(party.home, twin.home, symlinks=True,
                    ignore=lambda _, names: [n for n in names if n == "control.sock"])
    shutil.copystat(party.home, twin.home)
    old, st = markers(party.home)[0], os.stat(twin.home)
    line = line_id(next(pathlib.Path(twin.home).glob("lines/*/charter")))
    new = old.with_name(f"{st.st_dev:016x}-{st.st_ino:016x}-{line}")
    data = bytearray(old.read_bytes())
    for at in range(0, len(data), SLOT):
        slot = data[at:at + SLOT]
        used = len(bytes(slot).rstrip(b"\0"))
        end = next(e for e in range(used, SLOT + 1)
                   if hashlib.sha256(slot[:e - SUM]).digest()[:SUM] == slot[e - SUM:e])
        slot[32:48] = st.st_dev.to_bytes(8, "big") + st.st_ino.to_bytes(8, "big")
        slot[end - SUM:end] = hashlib.sha256(slot[:end - SUM]).digest()[:SUM]
        data[at:at + SLOT] = slot
    new.write_bytes(data)
    new.chmod(0o600)
    return twin


def wait_for(party, said):
    """Until a party has stored an entry."""
    with Control(party.home) as watch:
        watch.ask("subscribe", line=LINE)
        while True:
            entry = watch.event("entry", log=said["log"])
            if entry["index"] >= said["index"]:
                return


def forks(party):
    line = party.ask("status", LINE)["lines"][0]
    unseen = [f for f in line["forks"] if f["acknowledged"] is None]
    check(line["forks_all"] == len(line["forks"]) and line["forks_unseen"] == len(unseen), line)
    check(line["forks"][:len(unseen)] == unseen, "those that no officer knows come first")
    return [f for f in line["forks"] if f["kind"] == "head"]


def wait_fork(party):
    """The evidence against a log, as soon as it is there."""
    with Control(party.home) as watch:
        watch.ask("subscribe", line=LINE)
        while not forks(party):
            watch.event("alarm", alarm="fork")
    return forks(party)[0]


def texts(party):
    return party.run("log", LINE).stdout.decode()


def check_export(party, where, log):
    """Both verifiers read the evidence in it, and it verifies."""
    top = where / f"export.{party.name}"
    party.run("export", LINE, top, "--yes")
    says = f"{log}/evidence/0.b.note: usa signed two histories of its routine log"
    done = subprocess.run([sys.executable, VERIFIER, top], capture_output=True, check=False)
    check(done.returncode == 0 and f"look at: {says}" in done.stdout.decode(), done.stdout.decode())
    for what in (top, LINE):
        told = party.run("verify", what).stdout.decode()
        check(f"look at {says}" in told, f"verify {what}: {told}")
        check(party.ask("verify", what)["broken"] == 0, what)
    for name in ("a", "b"):
        head = (top / log / f"evidence/0.{name}.note").read_text(encoding="utf-8").split("\n")
        check(head[0] == f"{LINE}/{log}", head)
    (top / log / "evidence/0.b.note").write_bytes((top / log / "evidence/0.a.note").read_bytes())
    refused = party.run("verify", top, expect=1).stdout.decode()
    check("contradicts nothing" in refused, refused)


def snapshot(where):
    """A snapshot of a running machine is resumed beside it: two histories, to two members"""
    usa, prc, swi = connected(where, ("usa", "prc", "swi"), line=LINE)
    one = say(usa, "one", "stored")
    station_down(usa)
    station_down(swi)
    twin = copy_running(usa, where)
    station_up(twin)
    stolen = say(twin, "what the copy says")
    check(stolen["log"] == one["log"] and stolen["index"] == one["index"] + 1, stolen)
    wait_for(prc, stolen)
    station_down(twin)
    station_down(prc)
    station_up(swi)
    station_up(usa)
    true = say(usa, "what the station says")
    check((true["log"], true["index"]) == (stolen["log"], stolen["index"]), true)
    wait_for(swi, true)
    station_up(prc)
    for party in (usa, prc, swi):
        found = wait_fork(party)
        check(found["log"] == one["log"] and found["signed_by"] == "usa", found)
        check(found["acknowledged"] is None and found["size"] <= true["index"] + 1, found)
    after = say(usa, "in a log of its own", "stored")
    check(after["log"] != one["log"], "the victim appends to what was stolen")
    check("in a log of its own" in texts(prc) and "in a log of its own" in texts(swi), "lost")
    check("evidence" in texts(swi) or "two histories" in texts(swi), texts(swi))
    check("what the copy says" in texts(prc) and "what the copy says" not in texts(swi), "prc")
    check("what the station says" in texts(swi) and "what the station says" in texts(usa), "swi")
    say(prc, "heard", "stored")
    for party in (prc, swi, usa):
        check_export(party, where, one["log"])
    return usa, prc, one["log"]


def acknowledged(where):
    """The alarm stands until an officer ends it, through restarts; the evidence stays"""
    usa, prc, log = snapshot(where)
    told = prc.run("status").stdout.decode()
    check(f"ALARM, TWO HISTORIES: usa signed two histories of {log}" in told, told)
    check(f"openline fork ack {LINE} {log}" in told, told)
    check("somebody else signs with this station's key" in usa.run("status").stdout.decode(), "usa")
    station_down(prc)
    station_up(prc)
    check(forks(prc)[0]["acknowledged"] is None, "the alarm ended by itself")
    prc.refused("fork", "ack", LINE, log.rsplit("/", 1)[0] + "/0123456789abcdef", says="evidence")
    check(prc.ask("fork", "ack", LINE, log)["log"] == log, "fork ack")
    prc.run("fork", "ack", LINE, log)  # again: known already
    check(forks(prc)[0]["acknowledged"] is not None, "it is not acknowledged")
    told = prc.run("status").stdout.decode()
    check("ALARM" not in told and f"known: usa signed two histories of {log}" in told, told)
    say(prc, "we know", "stored")
    station_down(prc)
    station_up(prc)
    check(forks(prc)[0]["acknowledged"] is not None, "forgotten over a restart")
    check(forks(usa)[0]["acknowledged"] is None, "another party's officer does not end ours")


main(snapshot, acknowledged)
