# SPDX-License-Identifier: ISC
"""openline restart: the station starts anew in its own process, or goes on as it is."""
import base64
import os
import pathlib
import re
import shutil
import socket

import libline
from libline import (LIMIT, Control, Failure, Party, connected, found, free_udp_ports, main,
                     run, station_down, station_up)

RIGHT, WRONG = b"correct horse battery staple", b"incorrect horse battery staple"
SOCKETS = 3  # of a station with one port: its own, the control socket, the one who asks


def check(condition, *what):
    if not condition:
        raise Failure(" ".join(map(str, what)))


def run_of(party):
    with Control(party.home) as client:
        said = client.ask("hello")
    check(said["pid"] == party.process.pid, "another process:", said)
    return said["run"]


def given(text):
    read, write = os.pipe()
    os.write(write, text)
    os.close(write)
    return read


def descriptors(party):
    """What the process holds open, and how often, once those who asked before are let go."""
    with Control(party.home) as client:
        for _ in range(1000):
            client.ask("hello")
            found_ = []
            for fd in os.listdir(f"/proc/{party.process.pid}/fd"):
                try:
                    found_.append(os.readlink(f"/proc/{party.process.pid}/fd/{fd}"))
                except FileNotFoundError:
                    pass  # closed meanwhile
            if len([link for link in found_ if link.startswith("socket:")]) == SOCKETS:
                break
    return sorted(re.sub(r"\[\d+\]", "", link) for link in found_)


def stays(party, before, *args, says, **options):
    """Refused, and the old one goes on."""
    error = party.refused(*args, says=says, **options)
    check(run_of(party) == before, "it started anew")
    return error


def opened(party):
    return [line for line in party.log if " log.opened " in line]


def flows(by, to, line):
    done = by.ask("send", line, "Is it yours?", "--wait", "stored")
    check(done["states"][to.name]["state"] == "stored", done)


def takes_all_up(where):
    """A line and a hook that were added are there, in the same process, with the same logs"""
    usa, prc = connected(where)
    both = {usa: prc, prc: usa}
    for one, other in both.items():
        flows(one, other, "hotline")
    found(where, line="second", parties=[usa, prc])
    first, logs = {party: run_of(party) for party in both}, {p: opened(p) for p in both}
    for one, other in both.items():
        port = re.search(r"url = udp://127.0.0.1:(\d+)", (other.home / "config").read_text())[1]
        one.run("bearer", "add", "second", other.name, f"udp://127.0.0.1:{port}")
    usa.run("hook", "add", "siren", "--on", "call", "--", "/bin/true")
    usa.refused("hook", "test", "siren", says="openline restart")
    held = {}
    for number in range(3):
        for party in both:
            pid = party.process.pid
            said = party.ask("restart")
            check(said["pid"] == pid and said["lines"] == ["hotline", "second"], said)
            check(said["run"] == run_of(party) != first[party], said)
            now = descriptors(party)
            check(held.setdefault(party, now) == now or number == 0, held[party], "and then", now)
    for one, other in both.items():
        check([o for o in opened(one) if "line=hotline" in o] ==
              [o for o in logs[one] if "line=hotline" in o], "a new log:", opened(one))
        flows(one, other, "second")
        flows(one, other, "hotline")
    usa.run("hook", "test", "siren")
    comm = pathlib.Path(f"/proc/{usa.process.pid}/comm").read_text()
    check(comm == "openline\n", "it is called", comm)
    words = pathlib.Path(f"/proc/{usa.process.pid}/cmdline").read_bytes().split(b"\0")
    check(words == [b"openline", b"run", b"--no-checks", b""], words)
    told = usa.run("restart").stdout.decode()
    check(told.startswith("The station runs anew (pid ") and "hotline, second." in told, told)
    for party in both:
        station_down(party)


def memory_of(party):
    """All that the process can write and that can be read of it."""
    pid, taken = party.process.pid, b""
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in pathlib.Path(f"/proc/{pid}/maps").read_text().splitlines():
            span, mode = line.split()[:2]
            first, last = (int(number, 16) for number in span.split("-"))
            if mode.startswith("rw") and last - first < 1 << 30:  # larger: a sanitizer's own
                memory.seek(first)
                try:
                    taken += memory.read(last - first)
                except OSError:
                    pass  # a guard page
    return taken


def holds_none(party, *secrets):
    memory = memory_of(party)
    check(b"control.sock" in memory, "no memory could be read")
    for secret in secrets:
        for form in (secret, base64.b64encode(secret)):
            check(form[16:28] not in memory, "the process still holds", form[16:28])


def sealed(where):
    """With station.key under a passphrase it needs the right one, and nothing of it stays behind"""
    usa = Party.__new__(Party)
    usa.name, usa.home, fd = "usa", where / "usa", given(RIGHT)
    run("init", "usa", "--name", "x", "--passphrase-fd", fd, home=usa.home, pass_fds=[fd])
    os.close(fd)
    usa.run("port", "add", "udp://127.0.0.1:0")
    fd = given(RIGHT)
    station_up(usa, "--passphrase-fd", fd, pass_fds=[fd])
    os.close(fd)
    before = run_of(usa)
    stays(usa, before, "restart", says=("under a passphrase", "--passphrase-fd"))
    for form in ((), ("--json",)):
        fd = given(WRONG)
        done = usa.run("restart", *form, "--passphrase-fd", fd, pass_fds=[fd], expect=1)
        os.close(fd)
        holds_none(usa, WRONG)  # before another request is written over it
        check(b"passphrase is wrong" in done.stderr, done.stderr)
        check(run_of(usa) == before, "it started anew")
    held = None
    for _ in range(3):
        fd = given(RIGHT)
        said = usa.ask("restart", "--passphrase-fd", fd, pass_fds=[fd])
        os.close(fd)
        holds_none(usa, RIGHT)
        check(said["run"] not in (before, None), said)
        before = run_of(usa)
        held = held or descriptors(usa)
        check(descriptors(usa) == held, held, "and then", descriptors(usa))
    check(not [line for line in usa.log if "horse" in line], "the log tells it")
    station_down(usa)


def not_begun(where):
    """What a start would refuse is refused before anything stops"""
    usa, prc = found(where)
    port, other = free_udp_ports(2)
    usa.run("port", "add", f"udp://127.0.0.1:{port}")
    station_up(usa)
    before, config = run_of(usa), usa.home / "config"
    text = config.read_text()
    config.write_text(text + "[port]\n")
    stays(usa, before, "restart", says=("goes on as it is", "config, line 3", "correct that line"))
    config.write_text(text)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", other))
        usa.run("port", "add", f"udp://127.0.0.1:{other}")
        stays(usa, before, "restart", says=(f"udp://127.0.0.1:{other}", "free this one"))
    config.write_text(text)
    for url, why in (("exec:/nowhere/program", "there is no such program"),
                     ("serial:/etc/passwd?baud=300", "no serial device"),
                     (f"udp://192.0.2.77:{port}", "put another url")):
        usa.run("port", "add", url)
        stays(usa, before, "restart", says=("goes on as it is", why))
        config.write_text(text)
    for name in "card", "station.key", "lines/hotline/secret":
        (usa.home / name).rename(where / "away")
        stays(usa, before, "restart", says="goes on as it is")
        (where / "away").rename(usa.home / name)
    shutil.copyfile(prc.home / "station.key", where / "other.key")
    (usa.home / "station.key").rename(where / "away")
    shutil.move(where / "other.key", usa.home / "station.key")
    (usa.home / "station.key").chmod(0o600)
    stays(usa, before, "restart", says=("other keys than the card",))
    (where / "away").rename(usa.home / "station.key")
    usa.run("port", "add", f"udp://127.0.0.1:{other}")
    check(usa.ask("restart")["run"] != before, "it did not start anew")
    check(f"127.0.0.1:{other}" in usa.run("status").stdout.decode(), "the new port is not there")
    station_down(usa)
    usa.refused("restart", says=("no station runs", "openline run"))


def does_not_come_back(where):
    """Where the new one ends all the same, the command says so and does not wait for long"""
    usa = Party(where, "usa")
    port, = free_udp_ports(1)
    usa.run("port", "add", f"udp://127.0.0.1:{port}")
    station_up(usa)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.2", port))  # the same number as ours: it is only known afterwards
        usa.run("port", "add", f"udp://127.0.0.2:{port}")
        told = usa.run("restart", expect=1).stderr.decode()
    check("did not start anew; its log says why; then openline run" in told, told)
    check(usa.process.wait(LIMIT) == 1, "the station's exit code")
    libline.STATIONS.remove(usa)


main(takes_all_up, sealed, not_begun, does_not_come_back)
