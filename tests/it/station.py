# SPDX-License-Identifier: ISC
"""Starts and restarts of a station: what goes on, what opens a new incarnation, what is refused."""
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys

from libline import (BIN, LIMIT, SRC, Control, Failure, connected, found, free_udp_ports, main, run,
                     station_down, station_up)

VERIFIER = SRC / "tools/verify_export.py"
EXPORTS = pathlib.Path(os.environ.get("OPENLINE_EXPORTS", "/nonexistent"))


def check(condition, what):
    if not condition:
        raise Failure(what)


def verified(party, name, where):
    """Exports the line, has a stranger check it, returns the directory."""
    top = EXPORTS / "station" if EXPORTS.is_dir() else where / "exports"
    top.mkdir(exist_ok=True, parents=True)
    target = top / f"{name}.{party.name}"
    shutil.rmtree(target, ignore_errors=True)
    party.run("export", "hotline", target, "--yes")
    done = subprocess.run([sys.executable, VERIFIER, target], capture_output=True, check=False)
    check(done.returncode == 0, f"{target}: {done.stdout.decode()}{done.stderr.decode()}")
    return target


def send(party, text, *options):
    return party.ask("send", "hotline", text, "--anyway", "--wait", "stored", *options)


def entries(party):
    said = [json.loads(text) for text in
            party.run("log", "hotline", "--json").stdout.decode().splitlines()]
    return said[:-1]


def logs_of(party, lane="routine"):
    """The party's own incarnations of a lane, oldest first, with their number of entries."""
    logs = {}
    for entry in entries(party):
        if entry["log"].startswith(f"{party.name}/{lane}/"):
            logs[entry["log"]] = logs.get(entry["log"], 0) + 1
    return logs


def texts(party):
    return [e["message"]["text"] for e in entries(party) if e.get("message")]


def reasons(party):
    return [re.search(r"reason=(\d)", line)[1] for line in party.log if " log.opened " in line]


def marker_of(party):
    st, status = party.home.stat(), party.ask("status")
    name = f"{st.st_dev:016x}-{st.st_ino:016x}-{status['lines'][0]['line_id']}"
    return pathlib.Path(status["marker"]) / name


def goes_on(where):
    """Stopped, killed, started again: the same logs go on, nothing is lost or said twice"""
    usa, prc = connected(where)
    send(usa, "one")
    station_down(usa)
    station_up(usa)
    send(usa, "two")
    station_down(usa, signal.SIGKILL)
    station_up(usa)
    send(usa, "three")
    send(prc, "four")
    check(list(logs_of(usa).values()) == [4], logs_of(usa))
    check(texts(usa) == texts(prc) == ["one", "two", "three", "four"], texts(usa))
    for party in (usa, prc):
        verified(party, "goes_on", where)


def rebooted(where):
    """Without its run marker, as after a boot: a new incarnation that says why, both kept"""
    usa, prc = connected(where)
    send(usa, "before")
    marker = marker_of(usa)
    check(marker.stat().st_mode & 0o777 == 0o600, "the marker's mode")
    check(marker.parent.stat().st_mode & 0o777 == 0o700, "the mode of its directory")
    station_down(usa)
    marker.unlink()
    station_up(usa)
    send(usa, "after")
    check(reasons(usa) == ["1"], usa.log)
    check(list(logs_of(usa).values()) == [2, 2], logs_of(usa))
    check(texts(usa) == texts(prc) == ["before", "after"], texts(prc))
    for party in (usa, prc):
        verified(party, "rebooted", where)


def copied(where):
    """A copied home is another station: it opens its own incarnations, even beside the first"""
    usa, prc = connected(where)
    send(usa, "before")
    station_down(usa)
    copy = type(usa).__new__(type(usa))
    copy.name, copy.home = usa.name, where / "copy"
    shutil.copytree(usa.home, copy.home, ignore=shutil.ignore_patterns("control.sock", "lock"))
    config = (copy.home / "config").read_text()
    config = re.sub(r"(\[port main\]\nurl = udp://127.0.0.1:)\d+",
                    rf"\g<1>{free_udp_ports(1)[0]}", config)
    (copy.home / "config").write_text(config)
    station_up(usa)
    send(usa, "the first goes on")
    station_up(copy)
    send(copy, "the copy")
    check(reasons(copy) == ["1"], copy.log)
    check(reasons(usa) == [], usa.log)
    station_down(copy)
    send(usa, "the first again")
    said = sorted(texts(prc))
    check(said == ["before", "the copy", "the first again", "the first goes on"], said)
    roots(where, {"usa": usa, "prc": prc, "copy": copy})


def restored(where):
    """An older store put back into the same home: the marker is ahead; what was lost returns"""
    usa, prc = connected(where)
    send(usa, "one")
    station_down(usa)
    saved = where / "saved"
    shutil.copytree(usa.home, saved)
    station_up(usa)
    send(usa, "two")
    station_down(usa)
    for name in ("store.db", "store.db-wal"):
        if (saved / name).exists():
            shutil.copyfile(saved / name, usa.home / name)
        elif (usa.home / name).exists():
            (usa.home / name).unlink()
    station_up(usa)
    send(usa, "three")
    check(reasons(usa) == ["2"], usa.log)
    check(sorted(texts(prc)) == ["one", "three", "two"], texts(prc))
    with Control(usa.home) as client:
        client.ask("subscribe", line="hotline")
        while "two" not in texts(usa):
            client.event()
    roots(where, {"usa": usa, "prc": prc})


def roots(where, parties):
    """Exports of all: each holds, and no log has two heads of one size with different roots."""
    heads = {}
    for label, party in parties.items():
        target = verified(party, f"{where.name}-{label}", where)
        for note in list(target.glob("*/*/*/head.note")) + list(target.glob("*/*/*/heads/*.note")):
            origin, size, root = note.read_text().splitlines()[:3]
            before = heads.setdefault((origin, size), root)
            check(before == root, f"two roots of {origin} at {size}")


def one_a_home(where):
    """A second station on a home, a port in use, a home or key that others can read: refused"""
    usa, prc = connected(where)
    usa.refused("run", says=["a station runs on", f"process {usa.process.pid}"])
    station_down(prc)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        text = (prc.home / "config").read_text()
        own = re.search(r"\[port main\]\nurl = (udp://127.0.0.1:\d+)", text)[1]
        taken = f"udp://127.0.0.1:{other.getsockname()[1]}"
        (prc.home / "config").write_text(text.replace(own, taken))
        prc.refused("run", says="another program has this port")
        (prc.home / "config").write_text(text)
    os.chmod(prc.home, 0o755)
    prc.refused("run", says="chmod 700")
    os.chmod(prc.home, 0o700)
    os.chmod(prc.home / "station.key", 0o640)
    prc.refused("run", says="chmod 600")
    os.chmod(prc.home / "station.key", 0o600)
    shutil.copyfile(usa.home / "station.key", prc.home / "station.key")
    prc.refused("run", says=["holds other keys", "usa"])
    (prc.home / "station.key").unlink()
    prc.refused("run", says="station.key")
    run("run", home=where / "nowhere", expect=1)


def passphrase(where):
    """Keys under a passphrase: refused without, refused with another, opened with the right one"""
    usa, = found(where, ("usa", "prc"))[:1]
    made = where / "sealed"

    def given(text):
        reading, writing = os.pipe()
        os.write(writing, text)
        os.close(writing)
        return reading

    fd = given(b"correct horse\n")
    run("init", "swi", "--name", "Suisse", "--lang", "fr", "--passphrase-fd", fd, home=made,
        pass_fds=(fd,))
    os.close(fd)
    check(b"sealed" in (made / "station.key").read_bytes(), "station.key is not sealed")
    run("run", home=made, expect=1)
    fd = given(b"wrong horse\n")
    told = run("run", "--passphrase-fd", fd, home=made, expect=1, pass_fds=(fd,))
    check(b"passphrase is wrong" in told.stderr, told.stderr)
    os.close(fd)
    fd = given(b"correct horse\n")
    usa.home = made
    (made / "config").write_text("[port main]\nurl = udp://127.0.0.1:0\n")
    station_up(usa, "--passphrase-fd", fd, pass_fds=(fd,))
    os.close(fd)
    station_down(usa)


def moves(where):
    """A peer found by name and IPv6; it comes back from another port, and its path follows it"""
    usa, prc = found(where)
    ports = free_udp_ports(3)
    usa.run("port", "add", f"udp://[::]:{ports[0]}")
    prc.run("port", "add", f"udp://[::]:{ports[1]}")
    usa.run("bearer", "add", "hotline", "prc", f"udp://localhost:{ports[1]}")
    prc.run("bearer", "add", "hotline", "usa", f"udp://[::1]:{ports[0]}")
    station_up(usa)
    station_up(prc)
    send(usa, "one")
    send(prc, "two")
    station_down(prc)
    config = (prc.home / "config").read_text()
    (prc.home / "config").write_text(config.replace(f":{ports[1]}\n", f":{ports[2]}\n"))
    station_up(prc)
    send(prc, "three, from elsewhere")
    send(usa, "four, after you")
    path = usa.ask("status")["lines"][0]["paths"][0]
    check(path["address"].endswith(f":{ports[2]}"), path)
    check(path["url"].endswith(f":{ports[1]}"), path)
    station_down(prc, signal.SIGHUP)


def two_lines(where):
    """A second line between the same stations; `status` tells lines from a number on"""
    parties = connected(where, start=False)
    found(where, parties=parties, line="second")
    usa = station_up(parties[0])
    with Control(usa.home) as client:
        for first, names in ((0, ["hotline", "second"]), (1, ["second"]), (2, [])):
            said = client.ask("status", **{"from": first})
            check([o["line"] for o in said["lines"]] == names and said["next"] is None, said)
    check([o["line"] for o in usa.ask("status")["lines"]] == ["hotline", "second"], "the command")


def read_only(where):
    """A home on a file system that cannot be written: one sentence, no station"""
    usa = connected(where, start=False)[0]
    script = ('mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && '
              'OPENLINE_HOME=$1 exec "$2" run')
    done = subprocess.run(["unshare", "-m", "sh", "-c", script, "sh", usa.home, BIN],
                          capture_output=True, timeout=LIMIT, check=False)
    if b"mount:" in done.stderr or b"unshare:" in done.stderr:
        print("  no mounts here:", done.stderr.decode().strip())
        return
    check(done.returncode == 1 and b"Read-only file system" in done.stderr, done.stderr)


main(goes_on, rebooted, copied, restored, one_a_home, passphrase, moves, two_lines,
     read_only)
