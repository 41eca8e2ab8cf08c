# SPDX-License-Identifier: ISC
"""System calls of the real program that fail: a station says so, loses nothing and goes on by
itself; a command leaves the old or the new file, says what and where, and can be said again."""
import contextlib
import errno
import json
import mmap
import os
import pathlib
import shutil
import struct

from libline import BIN, Control, Failure, connected, main, run, station_down, station_up

SHIM = pathlib.Path(BIN).resolve().parent / "libfaults.so"
WRITE, SYNC, OPEN, RENAME, RANDOM, MKDIR, UNLINK, READ, CLOSE = range(1, 10)
NAMES = ["", "write", "sync", "open", "rename", "getrandom", "mkdir", "unlink", "read", "close"]
FOR_EVER = 1 << 60


class Faults:
    """The plan that a program under the library looks at; see tests/fault/preload.c."""

    def __init__(self, where):
        self.path = where / "faults"
        self.path.write_bytes(bytes(4096))
        with open(self.path, "r+b") as file:
            self.map = mmap.mmap(file.fileno(), 4096)

    def plan(self, kind, error, at=0, count=FOR_EVER, where=b""):
        self.lift()
        self.map[4:128] = struct.pack("<iQQQ96s", error, at, at + count, 0, where)
        self.map[0:4] = struct.pack("<I", kind)

    def lift(self):
        self.map[0:4] = struct.pack("<I", 0)

    def calls(self):
        return struct.unpack("<Q", self.map[24:32])[0]

    @contextlib.contextmanager
    def over(self):
        """Programs started meanwhile run under the library."""
        os.environ.update(LD_PRELOAD=str(SHIM), OPENLINE_FAULTS=str(self.path))
        try:
            yield
        finally:
            del os.environ["LD_PRELOAD"], os.environ["OPENLINE_FAULTS"]


def check(condition, what):
    if not condition:
        raise Failure(what)


def texts(party):
    said = [json.loads(text) for text in
            party.run("log", "hotline", "--json").stdout.decode().splitlines()]
    return [e["message"]["text"] for e in said if e.get("message")]


STOPS = [  # kind, errno, of which files, what the station says, what the other is told
    (SYNC, errno.EIO, b"store.db-wal", "OL_EIO", 2),
    (WRITE, errno.EIO, b"store.db-wal", "OL_EIO", 2),
    (WRITE, errno.ENOSPC, b"store.db-wal", "OL_EFULL", 1),
]


def stops(usa, prc, faults, row, number):
    """Storage fails for good: both sides know; when it is lifted all goes on by itself."""
    kind, error, where, code, reason = row
    with Control(usa.home) as watch, Control(prc.home) as far:
        watch.ask("subscribe", line="hotline")
        far.ask("subscribe", line="hotline")
        faults.plan(kind, error, where=where)
        done = usa.run("send", "hotline", f"refused {number}", "--json", expect=1)
        said = json.loads(done.stdout.decode())["error"]
        check(said["code"] == code and said["do"], said)
        watch.event("alarm", alarm="storage", code=code)
        far.event("alarm", alarm="peer-stopped", party="usa", reason=reason)
        check(usa.ask("status")["storage"]["code"] == code, "status does not say it")
        check(f"err={code}" in [line for line in usa.log if "store.commit" in line][-1], usa.log)
        prc.ask("send", "hotline", f"meanwhile {number}", "--anyway")
        check(list(prc.ask("status")["lines"][0]["stopped"]) == ["usa"], "prc does not know")
        check(f"meanwhile {number}" not in texts(usa), "stored where nothing can be")
        faults.lift()
        watch.event("alarm", alarm="storage", code="OL_OK")
        far.event("receipt", party="usa")
    usa.ask("send", "hotline", f"after {number}", "--anyway", "--wait", "stored")
    prc.ask("send", "hotline", f"there {number}", "--anyway", "--wait", "stored")


def storage_fails(where):
    """a station whose disk gives EIO, ENOSPC, EINTR: told, nothing lost, on by itself"""
    faults = Faults(where)
    usa, prc = connected(where, start=False)
    station_up(prc)
    with faults.over():
        station_up(usa)
    usa.ask("send", "hotline", "before", "--wait", "stored")
    for number, row in enumerate(STOPS):
        stops(usa, prc, faults, row, number)
    lives = [line for line in prc.log if " path.live" in line]
    check(len(lives) <= 2, f"prc takes usa for dead: {lives}")
    for kind in (WRITE, READ, SYNC):
        faults.plan(kind, errno.EINTR, count=2, where=b"store.db")
        prc.ask("send", "hotline", f"interrupted {kind}", "--anyway", "--wait", "stored")
        if kind != SYNC:  # SQLite tells of it; then it is tried again
            usa.ask("send", "hotline", f"through {kind}", "--anyway", "--wait", "stored")
    faults.plan(READ, errno.EIO, count=50, where=b"store.db")
    prc.ask("send", "hotline", "while it cannot read", "--anyway", "--wait", "stored")
    faults.lift()
    usa.ask("send", "hotline", "last", "--anyway", "--wait", "stored")
    check(sorted(texts(usa)) == sorted(texts(prc)), "the records differ")
    check(not [t for t in texts(prc) if t.startswith("refused")], "what was refused is there")
    check(len(set(texts(prc))) == len(texts(prc)), "something is there twice")
    for party in (usa, prc):
        party.run("verify", "hotline")


def marker_is_lost(where):
    """a run marker that cannot be written: the station goes on, the next start opens new logs"""
    faults = Faults(where)
    usa, prc = connected(where, start=False)
    station_up(prc)
    with faults.over():
        station_up(usa)
    usa.ask("send", "hotline", "before", "--wait", "stored")
    faults.plan(WRITE, errno.EIO, where=b"/openline-")
    usa.ask("send", "hotline", "without a marker", "--anyway", "--wait", "stored")
    check([line for line in usa.log if " marker.lost" in line], "the log does not say it")
    faults.lift()
    station_down(usa)
    station_up(usa)
    usa.ask("send", "hotline", "in a new log", "--anyway", "--wait", "stored")
    check(texts(prc) == ["before", "without a marker", "in a new log"], texts(prc))
    check([line for line in usa.log if " log.opened" in line], usa.log)


def spoilt(done, name, kind):
    """What is wrong with how a command failed; None: nothing."""
    told = done.stderr.decode(errors="replace").strip()
    if done.returncode not in (0, 1):
        return f"exit {done.returncode}: {told}"
    line = told.splitlines()[-1] if told else ""
    if done.returncode == 1 and (not line.startswith("openline") or "; " not in line):
        return f"no sentence that helps: {told!r}"
    return None


def clear(where):
    """What the command before may have left outside of the home."""
    for path in (where / "out", where / "out.new"):
        if path.is_dir():
            shutil.rmtree(path)
        elif path.exists():
            path.unlink()


def each_point(where, faults, party, name, args, stdin=None):
    """The command with its n-th call of each kind failing, each time on a copy of the home."""
    points = 0
    keep = where / "keep"
    if party.home.exists():
        shutil.copytree(party.home, keep)
    for kind in range(WRITE, CLOSE + 1):
        for error in (errno.EIO, errno.ENOSPC, errno.EINTR):
            may_stop = error != errno.EINTR
            if kind == READ and error == errno.ENOSPC or (
                    not may_stop and kind in (RENAME, MKDIR, UNLINK)):
                continue
            at = 0
            while True:
                shutil.rmtree(party.home, ignore_errors=True)
                clear(where)
                if keep.exists():
                    shutil.copytree(keep, party.home)
                faults.plan(kind, error, at, 1, b"" if kind in (RANDOM, OPEN) else b"/")
                with faults.over():
                    done = run(*args, home=party.home, stdin=stdin, expect=None)
                calls = faults.calls()
                faults.lift()
                what = f"{name}: {NAMES[kind]} number {at}, {errno.errorcode[error]}"
                wrong = spoilt(done, name, kind)
                if wrong is None and not may_stop and done.returncode != 0:
                    wrong = done.stderr.decode()
                check(wrong is None, f"{what}: {wrong}")
                if done.returncode == 1:
                    again(party, what, args, stdin, done)
                if calls <= at:
                    break
                points += 1
                at += 1
    shutil.rmtree(party.home)
    if keep.exists():
        keep.rename(party.home)
    print(f"  {name}: {points} fault points")
    return points


def again(party, what, args, stdin, before):
    """What failed can be said again, or is there already and says so."""
    done = run(*args, home=party.home, stdin=stdin, expect=None)
    told = done.stderr.decode()
    known = ("already", "there is", "remove it", "have the same")
    check(done.returncode == 0 or any(word in told for word in known),
          f"{what}: then {told!r}, after {before.stderr.decode()!r}")


def commands_fail(where):
    """commands that write: whatever call fails, the old file or the new, and a sentence"""
    faults = Faults(where)
    usa, prc = connected(where)
    usa.ask("send", "hotline", "to be exported", "--anyway", "--wait", "stored")
    station_down(usa)
    station_down(prc)
    charter = where / "next.charter"
    charter.write_bytes(run("charter", "draft", "next", usa.card, prc.card).stdout)
    points = each_point(where, faults, usa, "sign", ["charter", "sign", charter])
    usa.run("charter", "sign", charter)
    prc.run("charter", "sign", charter)
    points += each_point(where, faults, usa, "bearer",
                         ["bearer", "add", "hotline", "prc", "udp://127.0.0.1:4498"])
    out = where / "out"
    points += each_point(where, faults, usa, "contribute",
                         ["key", "contribute", "next", "--out", out])
    points += each_point(where, faults, usa, "export", ["export", "hotline", out, "--yes"])
    fresh = type("Home", (), {"home": where / "fresh"})
    points += each_point(where, faults, fresh, "init", ["init", "nor", "--name", "Norge"])
    run("init", "nor", "--name", "Norge", home=fresh.home)
    points += each_point(where, faults, fresh, "port", ["port", "add", "udp://127.0.0.1:4499"])
    check(points > 200, f"only {points} fault points")


main(storage_fails, marker_is_lost, commands_fail)
