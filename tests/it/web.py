# SPDX-License-Identifier: ISC
"""The console's server over sockets: who gets in, who may act, and what is refused."""
import gzip
import json
import os
import pathlib
import random
import re
import shutil
import socket
import string
import subprocess
import sys
import threading

from libline import BIN, SRC, Failure, connected, main, run, station_down, station_up
from libordeal import check
from libweb import WEB, Seat, Web, self_signed

LINE = "hotline"


def door(where):
    """a key opens one browser, once; without a seat nothing is told; the page asks nobody else"""
    usa, _ = connected(where)
    web = Web(usa)
    check(web.get("/")[0] == 403, "the page without a seat")
    check(web.get("/app.js")[0] == 403, "a script without a seat")
    check(web.get("/?key=" + "0" * 64)[0] == 403, "a key of nobody's")
    query = web.url("acts").split("?")[1]
    status, fields, _ = web.get("/?" + query)
    check(status == 303 and re.fullmatch("/#seat=[0-9a-f]{64}", fields["location"]), fields)
    told = fields["set-cookie"]
    check("HttpOnly" in told and "SameSite=Strict" in told and "Secure" not in told, told)
    check(int(re.search(r"Max-Age=(\d+)", told)[1]) > 30 * 86400, "the browser ends it itself")
    check(web.get("/?" + query)[0] == 403, "a key twice")
    cookie = told.split(";")[0]
    check(str(web.port) in cookie.split("=")[0], "two consoles of one machine share a cookie")
    status, fields, body = web.get("/", Cookie=cookie)
    check(status == 200 and b"<!doctype html>" in gzip.decompress(body), fields)
    policy = fields["content-security-policy"]
    for part in ("default-src 'none'", "script-src 'self'", "connect-src 'self'",
                 "frame-ancestors 'none'", "require-trusted-types-for 'script'"):
        check(part in policy, policy)
    check(fields["x-content-type-options"] == "nosniff", fields)
    check("unsafe" not in policy and "http" not in policy, policy)
    check(web.get("/", Cookie=cookie, If_None_Match=fields["etag"])[0] == 304, "asked again")
    check(web.get("/nothing", Cookie=cookie)[0] == 404, "a page that is not there")
    check(web.get("/../etc/passwd", Cookie=cookie)[0] == 404, "a path out of the console")
    web.refused("a request without a seat")
    web.refused("a key that was used")
    check(web.stop() == 0, "it ends well")


def strangers(where):
    """another host name, another origin, another site's page: refused, and told once"""
    usa, _ = connected(where)
    web = Web(usa)
    cookie = web.seat()
    for host in ("evil.example", "127.0.0.1", f"evil.example:{web.port}", f"127.0.0.1:{web.port}.",
                 f"127.0.0.1:{web.port}, a"):
        check(web.get("/", Cookie=cookie, Host=host)[0] == 421, host)
    check(web.get("/", Cookie=cookie, Host=f"localhost:{web.port}")[0] == 200, "localhost")
    for origin in ("null", "http://evil.example", f"http://127.0.0.1:{web.port + 1}",
                   f"https://127.0.0.1:{web.port}", f"http://127.0.0.1:{web.port}.evil.example",
                   f"http://localhost:{web.port}", None):
        talk = web.talk(cookie, Origin=origin)
        check(talk.status == 403, f"a talk of {origin}")
        talk.close()
    check(web.talk("").status == 403, "a talk without a seat")
    for page in ("", "0" * 64, web.seat().page, cookie.split("=")[1], f"{cookie.page}&seat=x"):
        check(web.talk(cookie, page=page).status == 403, f"a stolen cookie with the word {page}")
    for fields in ({"Upgrade": "h2c"}, {"Connection": "close"}, {"Sec-WebSocket-Version": "12"},
                   {"Sec-WebSocket-Key": "short"}, {"Sec-WebSocket-Key": None}):
        check(web.talk(cookie, **fields).status == 400, fields)
    check(web.get("/", Cookie=cookie, Sec_Fetch_Site="cross-site")[0] == 403, "another site")
    talk = web.talk(cookie)
    check(talk.status == 101 and talk.ask("seat")["acts"], "the console itself")
    talk.close()
    web.refused("a request to another host")
    web.refused("a page of another origin")
    check(sum("another host" in s for s in web.said) == 1, web.said)
    web.stop()


def rights(where):
    """a seat that looks on cannot act, whatever it says; one that acts can, and no more"""
    usa, prc = connected(where)
    web = Web(usa)
    looks, acts = web.talk(web.seat("looks")), web.talk(web.seat("acts"))
    check(not looks.ask("seat")["acts"] and acts.ask("seat")["acts"], "who acts")
    looks.event(event="station", up=True)
    check(looks.ask("hello")["lines"] == [LINE], "it may look")
    for do, keys in (("send", {"text": "Not mine to say."}), ("call", {"rung": "watch"}),
                     ("order", {"verb": "suspend"}), ("presence", {}),
                     ("fork-ack", {"log": "usa/urgent/0011223344556677"})):
        said = looks.ask(do, line=LINE, **keys)
        check(not said["ok"] and "only looks on" in said["error"]["what"], said)
    for do in ("submit", "stop", "hook-test", "clock-accept ", "entries", "", "nothing"):
        for talk in (looks, acts):
            check(not talk.ask(do, line=LINE)["ok"], f"{do} was done")
    web.refused("an act from a seat that only looks")
    said = acts.ask("send", line=LINE, text="We see it. --anyway", precedence="flash",
                    status="exercise")
    check(said["ok"], said)
    entry = said["result"]["entry"]
    shown = looks.ask("log", line=LINE, last=1)["entries"][0]
    check(shown["entry"] == entry and shown["message"]["text"] == "We see it. --anyway", shown)
    check("body" not in shown["message"], "a body goes to a browser")
    refused = (
        ("send", {"line": LINE}), ("send", {"line": LINE, "text": ""}),
        ("send", {"line": LINE, "text": 7}), ("send", {"line": LINE, "text": "x", "key": "/f"}),
        ("send", {"line": LINE, "text": "x", "draft": "/tmp/x"}),
        ("send", {"line": LINE, "text": "x", "precedence": "urgent"}),
        ("send", {"line": "--help", "text": "x"}), ("ack", {"line": LINE, "entry": "--json"}),
        ("proof", {"line": LINE, "entry": "usa/urgent/0000.0"}),
        ("proof", {"line": LINE, "entry": entry, "out": "/tmp"}),
        ("call", {"line": LINE, "rung": "nobody"}),
        ("verify", {"line": str(where)}), ("verdicts", {"line": "/tmp"}),  # no folder of the host's
    )
    for do, keys in refused:
        said = acts.ask(do, **keys)
        check(not said["ok"] and said["error"]["what"] and said["error"]["do"], said)
    while looks.ask("log", line=LINE, last=1)["entries"][0]["states"]["prc"]["state"] != "stored":
        pass
    said = looks.ask("proof", line=LINE, entry=entry)
    check(said["ok"] and "charter" in said["files"] and len(said["files"]) > 5, said)
    check(entry in prc.run("log", LINE, "--last", "1").stdout.decode(), "the other side has it")
    web.stop()


def sealed(where):
    """an officer's key under a passphrase: it goes with the act and signs it; no other does"""
    usa, _ = connected(where)
    out, give = os.pipe()
    os.write(give, b"correct horse")
    os.close(give)
    made = usa.ask("officer", "key", "ann", "--out", where / "ann.key", "--passphrase-fd", out,
                   pass_fds=(out,))
    os.close(out)
    usa.run("officer", "add", LINE, "1", "--name", "en=Ann", "--public", made["public"])
    usa.run("officer", "use", LINE, "--as", "1", "--key", where / "ann.key")
    web = Web(usa)
    talk = web.talk(web.seat())
    talk.event(event="station", up=True)
    said = talk.ask("send", line=LINE, text="Nobody's word.", status="test")
    check(not said["ok"] and "passphrase" in said["error"]["what"] + said["error"]["do"], said)
    said = talk.ask("send", line=LINE, text="A guess.", status="test", passphrase="wrong horse")
    check(not said["ok"] and "passphrase" in said["error"]["what"], said)
    said = talk.ask("send", line=LINE, text="My word.", status="test", passphrase="correct horse")
    check(said["ok"], said)
    shown = talk.ask("log", line=LINE, last=1)["entries"][0]
    check(shown["signed"][0]["valid"] and shown["signed"][0]["officer"] == 1, shown)
    check(not talk.ask("verdicts", line=LINE, passphrase="x")["ok"], "a passphrase for nothing")
    web.stop()


def words(_):
    """every language has every word that the pages use, with the same places to fill in"""
    console = SRC / "console"
    books = {p.stem: json.loads(p.read_text()) for p in sorted((console / "words").glob("*.json"))}
    check(len(books) == 6, list(books))
    used = set()
    for page in console.glob("*.js"):
        used |= set(re.findall(r'\bt\("([\w-]+)"', page.read_text()))
    check(len(used) > 80 and not used - set(books["en"]), used - set(books["en"]))
    for lang, book in books.items():
        check(set(book) == set(books["en"]), (lang, set(book) ^ set(books["en"])))
        for key, text in book.items():
            places = [sorted(re.findall(r"\{\w+\}", one)) for one in (text, books["en"][key])]
            check(text.strip() and places[0] == places[1], (lang, key, text))


def frames(where):
    """malformed requests and frames end their connection, and nothing else"""
    usa, _ = connected(where)
    web = Web(usa)
    cookie = web.seat()
    for text in (b"\r\n\r\n", b"POST / HTTP/1.1\r\nHost: a\r\n\r\n", b"\x16\x03\x01\x00\xee",
                 b"GET / HTTP/1.1\n\n", b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
                 b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"GET / HTTP/1.1\r\n" + b"X: " + b"y" * 9000):
        with web.connect() as s:
            s.sendall(text)
            got = s.recv(1 << 16) if text != b"\x16\x03\x01\x00\xee" else b""
            check(got == b"" or b" 400 " in got or b" 431 " in got, (text[:20], got))
    bad = (
        lambda t: t.frame(1, b"{}", mask=False),            # a client must mask
        lambda t: t.socket.sendall(b"\xf1\x80\0\0\0\0"),     # bits that nobody asked for
        lambda t: t.frame(3, b"x"),                          # no such opcode
        lambda t: t.frame(9, b"x" * 126),                    # a long ping
        lambda t: t.frame(1, b"\xff\xfe"),                   # no UTF-8
        lambda t: t.frame(2, b"x"),                          # no text
        lambda t: t.frame(1, b"x" * 70000),                  # too long
        lambda t: t.frame(0, b"x"),                          # goes on from nothing
    )
    for n, act in enumerate(bad):
        talk = web.talk(cookie)
        talk.event(event="station", up=True)
        try:
            act(talk)
            while True:
                talk.read()
        except (EOFError, ConnectionError):
            pass
        except OSError as error:
            raise Failure(f"frame {n}: {error}") from error
        talk.close()
    talk = web.talk(cookie)
    talk.event(event="station", up=True)
    for text in (b"", b"[]", b"{", b"null", b'{"id": 1}', b'{"id": "x", "do": "hello"}',
                 b'{"id": 1, "id": 2, "do": "hello"}', b'{"id": 1, "do": 2}'):
        talk.frame(1, text)
        while "event" in (said := talk.read()):
            pass
        check(said["ok"] is False, said)
    check(talk.ask("hello")["ok"], "and the talk goes on")
    web.stop()


def crowd(where):
    """300 idle connections of one host, or of a seat that looks: everybody else goes on"""
    usa, _ = connected(where)
    web = Web(usa)
    cookie = web.seat()
    talk = web.talk(cookie)
    talk.event(event="station", up=True)
    held = [web.connect("127.0.0.2") for _ in range(300)]
    mine = web.connect()
    held += [web.connect("127.0.0.2") for _ in range(100)]
    for s in held[:20]:
        try:
            s.sendall(b"GET / HT")
        except ConnectionError:
            pass
    check(talk.ask("hello")["ok"], "the talk goes on")
    check(web.ask(mine, "/", Cookie=cookie)[0] == 200, "who came before them is served")
    check(web.get("/", Cookie=cookie)[0] == 200, "a page for who has a seat")
    web.refused("too many connections")
    stolen = web.seat("looks")
    for _ in range(80):
        held.append(web.connect())
        web.ask(held[-1], "/", Cookie=stolen)
    check(web.get("/", Cookie=cookie)[0] == 200, "a page for another seat")
    check(talk.ask("hello")["ok"], "its talk goes on")
    talks = full(web, stolen, 8) + full(web, web.seat("looks"), 7)
    check(web.talk(web.seat("looks")).status == 503, "a seventeenth talk")
    talks += full(web, cookie, 7) + full(web, web.seat(), 8)
    check(web.talk(web.seat()).status == 503, "a seventeenth that acts")
    check(talk.ask("hello")["ok"], "the first talk goes on")
    check(run("status", home=usa.home).returncode == 0, "the station")
    for s in held + [t.socket for t in [talk, *talks]]:
        s.close()
    while web.talk(cookie).status != 101:
        pass
    web.stop()


def full(web, cookie, room):
    """As many talks as a seat may have beside those it has."""
    talks = [web.talk(cookie) for _ in range(room)]
    check([t.status for t in talks] == [101] * room, [t.status for t in talks])
    return talks


def peak_kib(web):
    """The most memory that the server ever had."""
    status = pathlib.Path(f"/proc/{web.process.pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1])


def deaf(web, cookie):
    """A talk whose browser takes hardly anything."""
    talk = web.talk(cookie)
    talk.event(event="station", up=True)
    talk.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
    return talk


def hasty(where):
    """a seat that looks cannot start programs without end, nor take the room of those who act"""
    usa, _ = connected(where)
    bin_of = where / "bin"  # an openline that waits until it is told to go on
    bin_of.mkdir()
    shutil.copy(WEB, bin_of / "openline-web")
    os.mkfifo(where / "gate")
    (bin_of / "openline").write_text(f"#!/bin/sh\nread x <{where}/gate\nexec "
                                     f"{pathlib.Path(BIN).resolve()} \"$@\"\n")
    (bin_of / "openline").chmod(0o755)
    web = Web(usa, program=bin_of / "openline-web")
    cookie, started = web.seat("looks"), 0
    for _ in range(8):  # each talk begins what it may, and is gone
        talk = web.talk(cookie)
        for n in range(5):
            talk.last += 1
            talk.frame(1, json.dumps({"id": talk.last, "do": "verify", "line": LINE}).encode())
        said = talk.ask("seat")
        check(said["ok"], said)
        started += 5 - sum(not s["ok"] for s in talk.heard)
        talk.close()
    check(started == 4, f"{started} programs for a seat that looks")
    acts = web.talk(web.seat("acts"))
    acts.frame(1, json.dumps({"id": 77, "do": "send", "line": LINE, "text": "Now.",
                              "status": "test"}).encode())
    gate = os.open(where / "gate", os.O_RDWR)
    os.write(gate, b"go on\n" * 5)
    while (said := acts.read()).get("id") != 77:
        pass
    check(said["ok"], said)
    os.close(gate)
    web.stop()


def unseen(where):
    """nothing of what is said stands on a command line or in an environment; no descriptor leaks"""
    usa, _ = connected(where)
    bin_of = where / "bin"
    bin_of.mkdir()
    shutil.copy(WEB, bin_of / "openline-web")
    (bin_of / "openline").write_text(
        f"#!/bin/sh\n(tr '\\0' ' ' </proc/$$/cmdline; env; echo fds; ls /proc/$$/fd) "
        f">>{where}/seen\nexec {pathlib.Path(BIN).resolve()} \"$@\"\n")
    (bin_of / "openline").chmod(0o755)
    web = Web(usa, program=bin_of / "openline-web")
    talk = web.talk(web.seat())
    talk.event(event="station", up=True)
    for do, keys in (("send", {"text": "A whispered word.", "subject": "A whispered subject",
                               "status": "test"}),
                     ("call", {"rung": "watch", "status": "test", "reason": "A whispered reason"}),
                     ("send", {"text": "--", "subject": "--json=x", "status": "test"}),
                     ("presence", {"text": "A whispered question", "status": "test"})):
        said = talk.ask(do, line=LINE, **keys)
        check(said["ok"], said)
    seen = (where / "seen").read_text()
    check("whispered" not in seen and seen.count("--words-fd 4") == 4, seen)
    numbers = {n for part in seen.split("fds\n")[1:] for n in re.findall(r"^\d+$", part, re.M)}
    check(numbers <= {"0", "1", "2", "3", "4", "10", "255"}, numbers)  # 10, 255: the shell's
    web.stop()
    for bad in ((), ("2",), ("900",), ("x",), ("3", "status")):
        run("--words-fd", *bad, home=usa.home, expect=2)


def read_away(sock):
    try:
        while sock.recv(1 << 16):
            pass
    except OSError:
        pass


def greedy(where):
    """who takes nothing of what it is told, or asks without end, costs bounded memory"""
    usa, _ = connected(where)
    for n in range(40):
        usa.run("send", LINE, f"{n} " + "".join(random.choices(string.ascii_letters, k=1000)),
                "--status", "test")
    web = Web(usa)
    cookie = web.seat("looks")
    other = web.talk(cookie)
    other.event(event="station", up=True)
    before = peak_kib(web)
    talk = deaf(web, cookie)
    asked = 150  # replies of some 60 KiB: 9 MB
    for _ in range(asked):
        talk.last += 1
        talk.frame(1, json.dumps({"id": talk.last, "do": "log", "line": LINE}).encode())
    for _ in range(asked):  # the station is fair: it had as much time for the deaf one
        check(other.ask("log", line=LINE)["ok"], "and others go on")
    said = [talk.read() for _ in range(asked)]
    told = sum(len(s["entries"]) > 5 for s in said if s["ok"])
    check({s["id"] for s in said} == set(range(1, asked + 1)), "a request without an answer")
    check(told > 0 and all(s["ok"] or s["error"]["code"] == "OL_EAGAIN" for s in said), said[-1])
    ping, ask = b"\x89\x80\0\0\0\0", b'{"id":1,"do":"log","line":"hotline"}'
    ask = bytes([0x81, 0x80 | len(ask), 0, 0, 0, 0]) + ask
    for flood, times, reads in ((ping * 10000, 500, False), (ask * 2000, 150, True)):
        talk = deaf(web, cookie)
        if reads:
            threading.Thread(target=read_away, args=(talk.socket,), daemon=True).start()
        try:
            for _ in range(times):
                talk.socket.sendall(flood)
        except ConnectionError:
            pass
        grown = peak_kib(web) - before
        talk.close()
    check(grown < 40 << 10, f"{grown} KiB more")
    check(other.ask("hello")["ok"], "and others go on")
    web.stop()


def station_gone(where):
    """the station stops and comes back: the console says so, and its talk goes on"""
    usa, _ = connected(where)
    web = Web(usa)
    talk = web.talk(web.seat())
    talk.event(event="station", up=True)
    check(talk.ask("hello")["ok"], "hello")
    station_down(usa)
    talk.event(event="station", up=False)
    said = talk.ask("hello")
    check(not said["ok"] and "does not run" in said["error"]["what"], said)
    station_up(usa)
    talk.event(event="station", up=True)
    check(talk.ask("hello")["ok"], "hello again")
    web.stop()


def certificate(where):
    """with a certificate: TLS 1.3, a cookie for it alone, and no plain word"""
    usa, _ = connected(where)
    key, cert, context = self_signed(where)
    web = Web(usa, "--listen", "127.0.0.1", "--cert", cert, "--key", key, context=context)
    check(web.origin.startswith("https://"), web.origin)
    query = web.url("acts").split("?")[1]
    status, fields, _ = web.get("/?" + query)
    check(status == 303 and "Secure" in fields["set-cookie"], fields)
    cookie = Seat(fields)
    check(web.get("/", Cookie=cookie)[0] == 200, "the page")
    talk = web.talk(cookie)
    check(talk.status == 101, "a talk")
    talk.event(event="station", up=True)
    check(talk.ask("hello")["ok"], "hello")
    check(talk.ask("send", line=LINE, text="By TLS.", status="test")["ok"], "an act")
    web.context, plain = None, web.context
    check(web.get("/", Cookie=cookie)[0] == 0, "a plain request")
    web.context = plain
    check(talk.ask("hello")["ok"], "a stranger's failed handshake ends the talk of another")
    web.stop()
    for words, says in ((("--listen", "127.0.0.1"), "need a certificate"),
                        (("--cert", cert), "go together"), (("--port", "x"), "is no port"),
                        (("--colour",), "is no option"), (("--port",), "needs a value"),
                        (("--cert", key, "--key", key), "cannot be used")):
        done = subprocess.run([WEB, *map(str, words)], capture_output=True, text=True, check=False)
        check(done.returncode in (1, 2) and says in done.stderr and "; " in done.stderr, done)
    for word in ("--help", "--version", "--licences"):
        done = subprocess.run([WEB, word], capture_output=True, text=True, check=True)
        check(len(done.stdout) > 10, done)


if __name__ == "__main__":
    check(BIN, "no program")
    sys.exit(main(door, strangers, rights, sealed, words, frames, crowd, hasty, unseen, greedy,
                  station_gone, certificate))
