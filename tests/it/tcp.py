# SPDX-License-Identifier: ISC
"""Lines over TCP alone: both families, either or both connect, restarts, resets, strangers."""
import json
import os
import random
import signal
import socket

from liblinkem import Linkem
from libline import (LIMIT, Control, Failure, connected, found, free_tcp_ports, main, station_down,
                     station_up)
from libordeal import body_of, check, export, same_record, settled

STRANGERS = 200
MESSAGES = 100


def stations(where, host="127.0.0.1", dial=("usa", "prc"), faces=None):
    """Two parties over TCP alone; those in dial connect, through faces if there are any."""
    parties = found(where)
    ports = dict(zip(("usa", "prc"), free_tcp_ports(2)))
    place = {name: f"{host}:{port}" for name, port in ports.items()}
    faces = faces(place) if faces else {"usa": place["prc"], "prc": place["usa"]}
    for party, other in (parties, parties[::-1]):
        party.run("port", "add", f"tcp://{place[party.name]}")
        if party.name in dial:
            party.run("bearer", "add", "hotline", other.name, f"tcp://{faces[party.name]}")
    for party in parties:
        station_up(party)
    return parties


def say(party, other, text, *options):
    sent = party.ask("send", "hotline", text, "--anyway", "--wait", "stored",
                     *options)
    check(sent["states"][other.name]["state"] == "stored", sent)


def same(parties, where, name):
    settled(parties)
    return same_record(*[export(party, where, name) for party in parties])


def families(where):
    """IPv4 and IPv6; one connects, the other, both: a message and its receipt each way; status"""
    for i, (host, dial) in enumerate((("127.0.0.1", ("usa",)), ("127.0.0.1", ("usa", "prc")),
                                      ("[::1]", ("prc",)))):
        here = where / str(i)
        here.mkdir()
        usa, prc = stations(here, host, dial)
        say(usa, prc, "Over a stream", "--precedence", "flash", "--status", "exercise")
        say(prc, usa, "And back")
        for party in (usa, prc):
            status = party.ask("status")
            check(status["ports"][0]["url"].startswith(f"tcp://{host}:"), status["ports"])
            path = status["lines"][0]["paths"][0]
            check(path["live"] and path["proven"] and path["address"].startswith(f"{host}:"), path)
            check((path["url"] or "").startswith("tcp://") == (party.name in dial), path)
            told = party.run("status").stdout.decode()
            check("LIVE" in told and f"tcp://{host}:" in told, told)
            print(f"  {told.splitlines()[-3].strip()}")
        same([usa, prc], here, f"tcp-{i}")
        for party in (usa, prc):
            station_down(party)


def restarts(where):
    """The called station is killed, the calling one, both: what was said meanwhile comes over"""
    usa, prc = stations(where, dial=("usa",))
    for i, gone in enumerate(((prc,), (usa,), (usa, prc))):
        say(usa, prc, f"Before {i}")
        for party in gone:
            station_down(party, signal.SIGKILL)
        for party in {usa, prc} - set(gone):
            party.run("send", "hotline", f"Meanwhile {i}", "--json")
        for party in gone:
            station_up(party)
        say(prc, usa, f"Back again {i}")
        settled([usa, prc])
    same([usa, prc], where, "tcp-restarts")


def resets(where):
    """Connections are reset in the middle of frames: everything comes once, in order"""
    rng = random.Random(4)
    ems = []

    def faces(place):
        ems.append(Linkem({"u": f"tcp:{place['prc']}", "p": f"tcp:{place['usa']}"}, "--events"))
        return {"usa": ems[0].face["u"], "prc": ems[0].face["p"]}

    usa, prc = stations(where, faces=faces)
    with ems[0] as em:
        clients = [Control(party.home) for party in (usa, prc)]
        for i in range(6):
            em.say(f"{'*/ab' if i % 2 else '*/ba'} reset-after {rng.randrange(100, 3000)}")
            for client in clients:
                for k in range(10):
                    client.ask("submit", line="hotline", item=rng.randbytes(6).hex(),
                               body=body_of(f"{i} {k} " + rng.randbytes(100).hex()))
            say(usa, prc, f"Whole {i}")
        ended = sum(em.stats(name)["ended"] for name in ("u", "p"))
        for client in clients:
            client.socket.close()
        check(ended >= 3, f"only {ended} connections ended")
        print(f"  {ended} connections ended")
        same([usa, prc], where, "tcp-resets")


def strangers(where):
    """Strangers who connect and hold on, silent or slow, hear nothing and keep nobody out"""
    usa, prc = connected(where, start=False)
    port = free_tcp_ports(1)[0]
    for party, other in ((usa, prc), (prc, usa)):
        config = party.home / "config"
        config.write_text("")
        party.run("port", "add", f"tcp://127.0.0.1:{port if party is prc else 0}")
        if party is usa:
            party.run("bearer", "add", "hotline", other.name, f"tcp://127.0.0.1:{port}")
    station_up(prc)
    held = []
    for i in range(STRANGERS):
        held.append(socket.create_connection(("127.0.0.1", port), timeout=LIMIT))
        held[-1].sendall((b"", b"\x00", b"\x00\x05slow", b"\x00\x03abc" * 50)[i % 4])
    station_up(usa)
    say(usa, prc, "Through the crowd")
    held += [socket.create_connection(("127.0.0.1", port), timeout=LIMIT) for _ in range(100)]
    say(prc, usa, "They are many still")
    status = prc.ask("status")
    check(status["strangers"] >= 50, status["strangers"])
    files = len(os.listdir(f"/proc/{prc.process.pid}/fd"))
    check(files < 64 + 40, f"{files} files are open")
    for s in held:
        s.setblocking(False)
        try:
            check(s.recv(100) == b"", "a stranger was told something")
        except (BlockingIOError, ConnectionResetError):
            pass
        s.close()
    same([usa, prc], where, "tcp-strangers")


def overtaking(where):
    """On a slow stream a FLASH overtakes what was submitted before it; nothing is sent twice"""
    ems = []

    def faces(place):
        ems.append(Linkem({"u": f"tcp:{place['prc']}"}, "--set", "delay 20 rate 800000 queue 4000"))
        return {"usa": ems[0].face["u"], "prc": None}

    usa, prc = stations(where, dial=("usa",), faces=faces)
    with ems[0]:
        say(usa, prc, "The link is up")
        rng = random.Random(5)
        with Control(prc.home) as watch, Control(usa.home) as client:
            watch.ask("subscribe", line="hotline")
            watch.event("live")
            for _ in range(MESSAGES):
                client.send("submit", line="hotline", body=body_of(rng.randbytes(500).hex()),
                            item=rng.randbytes(6).hex())
            for i in range(MESSAGES):
                check(json.loads(client.line())["ok"], f"message {i}")
            flash = usa.ask("send", "hotline", "Overtake", "--precedence", "flash")
            before = 0
            while watch.event("entry")["entry"] != flash["entry"]:
                before += 1
            print(f"  {before} of {MESSAGES} came before the FLASH")
            check(before < 60, f"{before} of {MESSAGES} came before the FLASH")
        settled([usa, prc])
        took = ems[0].stats("u", "ab")["bytes"]
        print(f"  {took} bytes for {MESSAGES} messages of 1,000")
        check(took < 1400 * MESSAGES, "what is on its way in the stream is sent again")
        same([usa, prc], where, "tcp-overtaking")


main(families, restarts, resets, strangers, overtaking)
