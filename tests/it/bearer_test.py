# SPDX-License-Identifier: ISC
"""openline bearer test: which of the ways to the others answers now, and how quickly."""
import json
import select
import signal
import socket
import threading

from libline import (Control, Failure, connected, found, free_tcp_ports, free_udp_ports, main,
                     station_down, station_up)

LINE = "hotline"


def check(condition, *what):
    if not condition:
        raise Failure(" ".join(map(str, what)))


def tried(party, *args, **options):
    """The paths of a test, by number; asked again while the last one is too near."""
    while True:
        done = party.run("bearer", "test", LINE, *args, "--json", expect=None, **options)
        said = json.loads(done.stdout)
        if said["ok"]:
            return {path["path"]: path for path in said["paths"]}
        check(said["error"]["code"] == "OL_EAGAIN", said)
        with Control(party.home) as client:  # what is asked meanwhile is its pace
            client.ask("status")


def two_ways(where):
    """UDP and TCP answer, a way to nowhere and a directory do not, each with its reason"""
    usa, prc = found(where)
    udp, tcp = free_udp_ports(3), free_tcp_ports(2)
    for number, party, other in (0, usa, prc), (1, prc, usa):
        party.run("port", "add", f"udp://127.0.0.1:{udp[number]}")
        party.run("port", "add", f"tcp://127.0.0.1:{tcp[number]}")
        party.run("bearer", "add", LINE, other.name, f"udp://127.0.0.1:{udp[1 - number]}")
        party.run("bearer", "add", LINE, other.name, f"tcp://127.0.0.1:{tcp[1 - number]}")
    usa.run("bearer", "add", LINE, "prc", f"udp://127.0.0.1:{udp[2]}")
    usa.refused("bearer", "test", LINE, says=("no station runs", "openline run"))
    station_up(usa)
    alone = tried(usa, "--timeout", 1)
    check([path["answered"] for path in alone.values()] == [False] * 3, alone)
    check("nobody has answered" in alone[0]["why"], alone)
    station_up(prc)
    usa.run("bearer", "add", LINE, "prc", f"dir:{where}")
    found_ = tried(usa, "prc", "--timeout", 3)
    check([found_[n]["answered"] for n in range(4)] == [True, True, False, False], found_)
    for number in 0, 1:
        check(0 <= found_[number]["rtt_ms"] < 3000 and found_[number]["why"] is None, found_)
        check(found_[number]["url"].startswith(("udp://", "tcp://")[number]), found_)
    check("nobody has answered" in found_[2]["why"] and found_[2]["rtt_ms"] is None, found_)
    check("directory" in found_[3]["why"] and found_[3]["port"] is None, found_)
    check(list(found_[0]) == ["party", "path", "url", "port", "answered", "rtt_ms", "why"], found_)
    both = tried(prc, "--timeout", 60)  # all answer: it does not last so long
    check([path["answered"] for path in both.values()] == [True, True], both)
    with Control(prc.home) as client:
        said = client.reply(client.send("bearer-test", line=LINE))
        again = client.reply(client.send("bearer-test", line=LINE))
    check(not again["ok"] and again["error"]["code"] == "OL_EAGAIN", "no bound:", said, again)
    prc.refused("bearer", "test", LINE, "swi", says='no party "swi"')
    prc.refused("bearer", "test", LINE, "prc", says="this party itself")
    prc.refused("bearer", "test", "coldline", says="no line")
    prc.run("bearer", "add", LINE, "usa", f"udp://127.0.0.1:{udp[2]}")
    new = tried(prc)
    check("openline restart" in new[2]["why"] and not new[2]["answered"], new)
    for party in usa, prc:
        station_down(party)


def comes_back(where):
    """One that was killed does not answer, and does when it is there again"""
    usa, prc = connected(where)
    check(tried(usa)[0]["answered"], "it does not answer")
    station_down(prc, signal.SIGKILL)
    gone = tried(usa, "--timeout", 2)[0]
    check(not gone["answered"] and "does not now" in gone["why"], gone)
    with Control(usa.home) as client:
        while True:  # until it is not too near the last one
            test, hello = client.send("bearer-test", line=LINE, seconds=60), client.send("hello")
            if json.loads(client.line())["id"] == hello:
                break
            client.line()
        station_up(prc)  # asked again and again, it is heard as it comes
        back = client.reply(test)["paths"][0]
    check(back["answered"] and back["why"] is None, back)
    total = usa.run("log", LINE).stdout
    check(b"test" not in total, "it is in the record:", total)
    for party in usa, prc:
        station_down(party)


class Between:
    """A way between two UDP ports that loses what it is told to lose."""

    def __init__(self, to):
        self.near, self.far = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in "12")
        self.near.bind(("127.0.0.1", 0))
        self.far.connect(("127.0.0.1", to))
        self.port, self.lose, self.lost, self.back = self.near.getsockname()[1], 0, 0, None
        threading.Thread(target=self.carry, daemon=True).start()

    def carry(self):
        while True:
            for one in select.select([self.near, self.far], [], [])[0]:
                try:
                    frame, source = one.recvfrom(2048)
                    if one is self.far:
                        self.near.sendto(frame, self.back)
                        continue
                    self.back = source
                    if self.lost < self.lose:
                        self.lost += 1
                    else:
                        self.far.send(frame)
                except ConnectionRefusedError:
                    pass


def lost_once(where):
    """What is lost on its way is asked again: one lost frame is no missing answer"""
    usa, prc = found(where)
    port, = free_udp_ports(1)
    way = Between(port)
    prc.run("port", "add", f"udp://127.0.0.1:{port}")
    usa.run("port", "add", "udp://127.0.0.1:0")
    usa.run("bearer", "add", LINE, "prc", f"udp://127.0.0.1:{way.port}")
    for party in usa, prc:
        station_up(party)
    check(tried(usa)[0]["answered"], "it does not answer")
    way.lose = 1
    path = tried(usa, "--timeout", 8)[0]
    check(way.lost == 1 and path["answered"], way.lost, path)
    for party in usa, prc:
        station_down(party)


def thin(where):
    """A line of 300 bit/s is waited for as long as it needs"""
    usa, prc = found(where)
    for party, other, end in (usa, prc, "LISTEN"), (prc, usa, "CONNECT"):
        more = ",retry=1000,interval=0.1" if end == "CONNECT" else ""
        party.run("port", "add", f"exec:/usr/bin/socat - UNIX-{end}:{where}/line{more}?rate=300")
        party.run("bearer", "add", LINE, other.name, "exec:")
        station_up(party)
    path = tried(usa)[0]
    check(path["answered"] and path["rtt_ms"] > 500, path)
    for party in usa, prc:
        station_down(party)


main(two_ways, comes_back, lost_once, thin)
