# SPDX-License-Identifier: ISC
"""A full disk: told to client and peer, nothing lost; it goes on when there is room."""
import json
import os
import subprocess
import sys

from libline import SRC, Control, Failure, found, free_udp_ports, main, station_up

VERIFIER = SRC / "tools/verify_export.py"
INSIDE = "OPENLINE_TEST_MOUNTS"  # set in the mount namespace that this program makes for itself


def check(condition, what):
    if not condition:
        raise Failure(what)


def fill(home):
    """Takes every byte that is left."""
    block = 1 << 16
    with open(home / "filler", "wb", 0) as file:
        while block >= 1:
            try:
                file.write(b"x" * block)
            except OSError:
                block //= 2


def texts(party):
    said = [json.loads(text) for text in
            party.run("log", "hotline", "--json").stdout.decode().splitlines()]
    return [e["message"]["text"] for e in said if e.get("message")]


def fills_up(where):
    """usa's disk fills while both write, and is emptied again"""
    (where / "usa").mkdir(mode=0o700)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m,mode=700", "tmpfs", where / "usa"],
                   check=True)
    try:
        usa, prc = found(where)
        ports = free_udp_ports(2)
        for party, other, own, far in ((usa, prc, *ports), (prc, usa, *reversed(ports))):
            party.run("port", "add", f"udp://127.0.0.1:{own}")
            party.run("bearer", "add", "hotline", other.name, f"udp://127.0.0.1:{far}")
            station_up(party)
        run(usa, prc, where)
    finally:
        for party in (usa, prc):
            party.process.terminate()
            party.process.wait()
        subprocess.run(["umount", "-l", where / "usa"], check=True)


def run(usa, prc, where):
    usa.ask("send", "hotline", "before", "--wait", "stored")
    with Control(usa.home) as watch, Control(prc.home) as far:
        watch.ask("subscribe", line="hotline")
        far.ask("subscribe", line="hotline")
        fill(usa.home)
        taken, done = -1, None
        while taken < 5000 and (done is None or done.returncode == 0):  # the store has some room
            taken += 1
            done = usa.run("send", "hotline", "x" * 150, "--json", expect=None)
        error = json.loads(done.stdout.decode())["error"]
        check(error["code"] == "OL_EFULL" and error["do"], error)
        print(f"  refused after {taken} more: {error['what']}; {error['do']}")
        watch.event("alarm", alarm="storage")
        status = usa.ask("status")
        check(not status["storage"]["ok"], status["storage"])
        prc.ask("send", "hotline", "while it is full", "--anyway")
        far.event("alarm", alarm="peer-stopped", party="usa")
        stopped = prc.ask("status")["lines"][0]["stopped"]
        check(stopped == {"usa": "the disk is full"}, stopped)
        check(b"usa SAYS THAT IT STORES NOTHING" in prc.run("status").stdout, "status is silent")
        held = len([t for t in texts(usa) if t == "while it is full"])
        check(held == 0, "stored on a full disk")
        (usa.home / "filler").unlink()
        far.event("receipt", party="usa")
        check(prc.ask("status")["lines"][0]["stopped"] == {}, "it stores, and is said not to")
    usa.ask("send", "hotline", "after", "--anyway", "--wait", "stored")
    check(usa.ask("status")["storage"]["ok"], "storage is not said to work again")
    for party in (usa, prc):
        said = texts(party)
        check("after" in said and "while it is full" in said and said[0] == "before", said)
        check(said.count("x" * 150) == taken, "what was refused is there, or what was not is not")
    check(sorted(texts(usa)) == sorted(texts(prc)), "the records differ")
    for party in (usa, prc):
        target = where / f"export.{party.name}"
        party.run("export", "hotline", target, "--yes")
        done = subprocess.run([sys.executable, VERIFIER, target], capture_output=True, check=False)
        check(done.returncode == 0, done.stdout.decode() + done.stderr.decode())


def enter():
    """This program again, where it may mount: as root, or as root of a namespace of its own."""
    options = ["-m"] if os.geteuid() == 0 else ["-rm"]
    probe = subprocess.run(["unshare", *options, "mount", "-t", "tmpfs", "tmpfs", "/mnt"],
                           capture_output=True, check=False)
    if probe.returncode != 0:
        print("no file system can be mounted here:", probe.stderr.decode().strip())
        sys.exit(77)
    os.environ[INSIDE] = "1"
    os.execvp("unshare", ["unshare", *options, sys.executable, *sys.argv])


if INSIDE not in os.environ:
    enter()
main(fills_up)
