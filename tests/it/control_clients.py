# SPDX-License-Identifier: ISC
"""Clients of the control socket that are many, slow, rude, foreign or in a hurry."""
import base64
import json
import os
import socket
import stat
import time

from libexport import cbor
from libline import Control, Failure, connected, found, main, station_down, station_up


def check(condition, what):
    if not condition:
        raise Failure(what)


def alone(where):
    """One party whose station runs by itself."""
    usa, _ = found(where)
    usa.run("port", "add", "udp://127.0.0.1:0")
    return station_up(usa)


def plain_body(text, precedence=3):
    """The body of an exercise message: [precedence, 1, 0, [0, text]]"""
    text = text.encode()
    head = bytes([0x60 | len(text)]) if len(text) < 24 else \
        bytes([0x78, len(text)]) if len(text) < 256 else b"\x79" + len(text).to_bytes(2, "big")
    return base64.b64encode(bytes([0x84, precedence, 1, 0, 0x82, 0]) + head + text).decode()


def deep_body(known, arrays):
    """One whose last element, of a later revision, makes its arrays nest so deep"""
    last = []
    for _ in range(arrays - 2):
        last = [last]
    return base64.b64encode(cbor(known + [last])).decode()


def memory(party):
    with open(f"/proc/{party.process.pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS:"))


def rude(where):
    """What is no request is refused with a sentence, and the conversation goes on"""
    usa = alone(where)
    mode = stat.S_IMODE((usa.home / "control.sock").stat().st_mode)
    check(mode == 0o600, f"mode of the socket: {mode:o}")
    with Control(usa.home) as client:
        for line, says in ((b"", "not JSON"), (b"\0", "not JSON"), (b"{", "not JSON"),
                           (b"[]", "not a JSON object"), (b'{"id":1,"do":"\xff"}', "UTF-8"),
                           (b'{"id":1,"id":2,"do":"hello"}', "twice"), (b"nan", "not JSON"),
                           (b"{" * 60000, "not JSON"), (b"[" * 60000, "nested")):
            client.socket.sendall(line + b"\n")
            said = json.loads(client.line())
            check(not said["ok"] and said["id"] is None, said)
            check(says in said["error"]["what"] and said["error"]["do"], said)
        check(client.ask("hello")["party"] == "usa", "the conversation does not go on")
        client.socket.sendall(b'{"id":7,"do":"he')
        client.socket.sendall(b'llo"}\n{"id":8,"do":"hello"}\n{"id":9')
        check([json.loads(client.line())["id"] for _ in range(2)] == [7, 8], "pieces of lines")
        client.socket.sendall(b',"do":"hello"}\n')
        check(json.loads(client.line())["id"] == 9, "the rest of a line")
        exact = b'{"id":10,"do":"hello"}'
        client.socket.sendall(exact + b" " * (65535 - len(exact)) + b"\n")
        check(json.loads(client.line())["id"] == 10, "a line of 65,536 bytes")
        client.socket.sendall(b" " * 65537)
        said = json.loads(client.line())
        check(said["error"]["code"] == "OL_ELIMIT" and client.line() == b"", said)
    for line in ("position", "submit"):
        with Control(usa.home) as client:
            keys = {"body": plain_body("x"), "item": "00112233aabb"} if line == "submit" else {}
            said = client.reply(client.send(line, line="coldline", **keys))
            check("no line \"coldline\"" in said["error"]["what"], said)


def bodies(where):
    """The author's station is strict: what others could not read is not appended"""
    usa = alone(where)
    with Control(usa.home) as client:
        def refused(body, says, code="OL_EFORM", **keys):
            said = client.reply(client.send("submit", line="hotline", body=body,
                                            item=os.urandom(6).hex(), **keys))
            check(not said["ok"] and said["error"]["code"] == code, said)
            check(says in said["error"]["what"], said)
        raw = base64.b64decode(plain_body("text"))
        for bad, says in ((raw[:-1], "no message"), (raw + b"\0", "no message"), (b"\xff", "no"),
                          (b"\x84\x04" + raw[2:], "no message"), (b"\xa0", "no message"),
                          (b"\x84\x03\x03" + raw[3:], "no message"),
                          (b"\x84\x03\x01\x09" + raw[4:], "does not fit"),
                          (raw[:-4] + b"te\xffx", "no message"),
                          (raw[:-4] + b"te\x07x", "no message")):
            refused(base64.b64encode(bad).decode(), says,
                    "OL_ESHORT" if bad == raw[:-1] else "OL_EFORM" if "fit" in says
                    else client_code(client, bad))
        message = [3, 1, 0, [0, "text"], "", "", [], [], 0, 0, [], [], 0]
        for kind, known in (("message", message), ("act", [5, 1, [], 0, ""])):
            refused(deep_body(known, 8), "CBOR that bodies are made of", kind=kind)
        refused(plain_body("a " * 201, precedence=1), "more than 200 words", "OL_EFORM")
        refused(plain_body("a" * 1790), "longer", "OL_ELIMIT")
        refused(plain_body("read"), "read", "OL_ECONFLICT", read=99)
        check(client.ask("position", line="hotline")["position"] == 0, "something was appended")
        said = client.ask("submit", line="hotline", body=plain_body("a " * 200, precedence=1),
                          item="00112233aabb")
        check(said["entry"].startswith("usa/urgent/"), said)
        client.ask("submit", line="hotline", body=deep_body(message, 7), item="00112233aabc")
    usa.run("verify", "hotline")
    shown = json.loads(usa.run("log", "hotline", "--json").stdout.splitlines()[-2])
    check("unreadable" not in json.dumps(shown), shown)


def client_code(client, body):
    """The code that the station gives for a body: any, but a refusal."""
    said = client.reply(client.send("submit", line="hotline",
                                    body=base64.b64encode(body).decode(), item="00112233aabb"))
    check(not said["ok"], said)
    return said["error"]["code"]


def many(where):
    """32 clients; one more is told so; a place that is left is free again"""
    usa = alone(where)
    clients = [Control(usa.home) for _ in range(32)]
    for client in clients:
        client.ask("hello")
    with Control(usa.home) as late:
        said = json.loads(late.line())
        check(said["error"]["code"] == "OL_ELIMIT" and late.line() == b"", said)
    usa.refused("status", says=("32 clients", "close one"))
    clients.pop().socket.close()
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:  # the station hears of it on its next turn
        with Control(usa.home) as client:
            if client.line_or_reply():
                break
    else:
        raise Failure("the place is not free again")
    for client in clients:
        check(client.ask("hello")["pid"] == usa.process.pid, "a client was lost")
        client.socket.close()


def line_or_reply(self):
    """True: the station answers; False: it sent us away."""
    try:
        return self.reply(self.send("hello"))["ok"]
    except (BrokenPipeError, ConnectionResetError, Failure, KeyError):
        return False


Control.line_or_reply = line_or_reply


def foreign(where):
    """Processes of another user are disconnected without a word, whatever the modes"""
    usa = alone(where)
    if os.geteuid() != 0:
        print("  only root can be somebody else: checked as far as modes go")
        return
    for path in (where, usa.home):
        path.chmod(0o755)
    (usa.home / "control.sock").chmod(0o666)
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgid(65534)
            os.setuid(65534)
            with socket.socket(socket.AF_UNIX) as s:
                s.settimeout(30)
                s.connect(str(usa.home / "control.sock"))
                try:
                    s.sendall(b'{"id":1,"do":"hello"}\n')
                    os.write(write, b"got" + s.recv(100))
                except (BrokenPipeError, ConnectionResetError):
                    os.write(write, b"got")
        except Exception as e:  # the parent tells
            os.write(write, repr(e).encode())
        os._exit(0)
    os.waitpid(child, 0)
    os.close(write)
    said = os.read(read, 1000)
    check(said == b"got", f"a foreign client got {said!r}")
    (usa.home).chmod(0o700)
    with Control(usa.home) as client:
        check(client.ask("hello")["ok"], "our own is answered")


def slow(where):
    """Subscribers who do not read cost nothing, are told what they missed, and lose no entry"""
    usa, prc = connected(where)
    count = 1500
    with Control(usa.home) as sleeper, Control(usa.home) as writer:
        sleeper.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sleeper.ask("subscribe", line="hotline")
        sleeper.event("live")
        body = plain_body("x" * 900)
        writer.ask("submit", line="hotline", body=body, item=os.urandom(6).hex())
        before = memory(usa)
        asked = [writer.send("submit", line="hotline", body=body, item=os.urandom(6).hex())
                 for _ in range(count)]
        indexes = [writer.reply(number)["index"] for number in asked]
        check(sorted(indexes) == list(range(2, count + 2)), "each is appended once")
        grown = memory(usa) - before
        check(grown < 12000, f"the station grew by {grown} KiB")
        print(f"  the station grew by {grown} KiB over {count} entries")
        usa.run("send", "hotline", "Passing by", "--wait", "stored")  # the sleeper's queue is full
        seen, lagged = [], 0
        while len(seen) < count + 3 or not lagged:
            event = sleeper.event()
            if event["event"] == "entry" and event["author"] == "usa":
                seen.append(event["index"])
            lagged += event["event"] == "lagged"
        check(seen == list(range(count + 3)), "entries out of order, twice or missing")
    with Control(prc.home) as client:
        client.ask("subscribe", line="hotline")
        while client.event("entry")["index"] < count + 2:
            pass


def hurry(where):
    """Many requests at once are answered all; a client that goes is forgotten"""
    usa = alone(where)
    with Control(usa.home) as client:
        count = 20000
        lines = b"".join(b'{"id":%d,"do":"status","line":"hotline"}\n' % i for i in range(count))
        client.socket.setblocking(False)
        sent = got = 0
        deadline = time.monotonic() + 60
        tail = b""
        while got < count:
            check(time.monotonic() < deadline, f"{got} of {count} answered")
            if sent < len(lines):
                try:
                    sent += client.socket.send(lines[sent:sent + 65536])
                except BlockingIOError:
                    pass
            try:
                tail += client.socket.recv(1 << 18)
            except BlockingIOError:
                continue
            *whole, tail = tail.split(b"\n")
            for line in whole:
                check(line.startswith(b'{"id":%d,"ok":true' % got), line)
                got += 1
    for _ in range(25):  # fewer at a time than there is room for
        client = Control(usa.home)
        client.send("submit", line="hotline", body=plain_body("gone"), item=os.urandom(6).hex())
        client.send("subscribe", line="hotline")
        client.socket.close()
    with Control(usa.home) as client:
        client.ask("subscribe", line="hotline")
        while client.event("entry")["index"] < 25:
            pass
        error = client.reply(client.send("subscribe", line="hotline"))["error"]
        check(error["code"] == "OL_EEXIST", error)
        check(client.ask("unsubscribe", line="hotline")["ok"], "unsubscribe")
        error = client.reply(client.send("unsubscribe", line="hotline"))["error"]
        check(error["code"] == "OL_ENOENT", error)
        error = client.reply(client.send("subscribe", line="hotline", cursor=10**9))["error"]
        check(error["code"] == "OL_ECONFLICT" and "cursor 0" in error["do"], error)
        client.send("stop")
        while client.line():
            pass
    check(usa.process.wait(60) == 0, "stop is a clean end")
    check(not (usa.home / "control.sock").exists(), "the socket is left behind")
    station_down(usa, 0)


def cursors(where):
    """A subscription goes on from any cursor: nothing is missed, nothing comes twice"""
    usa = alone(where)
    with Control(usa.home) as client:
        for i in range(40):
            client.ask("submit", line="hotline", body=plain_body(f"entry {i}"),
                       item=os.urandom(6).hex())
        client.ask("subscribe", line="hotline")
        seen = []
        while True:
            event = client.event()
            if event["event"] == "live":
                break
            seen.append((event["cursor"], event["entry"]))
        check(len(seen) == 41 and seen == sorted(seen), "the whole record, in the store's order")
    for after, _ in seen[::7]:
        with Control(usa.home) as client:
            client.ask("subscribe", line="hotline", cursor=after)
            rest = []
            while True:
                event = client.event()
                if event["event"] == "live":
                    break
                rest.append((event["cursor"], event["entry"]))
            check(rest == [each for each in seen if each[0] > after], f"from cursor {after}")


def words(where):
    """A peer that says more of an entry than a line holds: it is told all the same, and paged"""
    usa, prc = connected(where)
    entry = usa.ask("presence", "hotline", "--status", "exercise")["entry"]
    said = 1500
    with Control(prc.home) as client, Control(usa.home) as ours:
        client.ask("subscribe", line="hotline")
        log = next(e["log"] for e in iter(client.event, None) if e.get("entry") == entry)
        ref = [0, 0, bytes.fromhex(log.split("/")[2]), int(entry.split(".")[1])]
        body = base64.b64encode(cbor([6, 1, ref, 0, ""])).decode()  # here
        for _ in range(said // 100):
            asked = [client.send("submit", line="hotline", kind="act", body=body,
                                 item=os.urandom(6).hex()) for _ in range(100)]
            check(all(client.reply(number)["ok"] for number in asked), "here")
        ours.ask("subscribe", line="hotline")
        heard = 0
        while heard < said:
            heard += ours.event("entry")["kind"] == "act"
        reply = ours.ask("log", line="hotline", entry=entry)
        check([e["entry"] for e in reply["entries"]] == [entry], "it is not told")
        told = reply["entries"][0]
        check(len(told["here"]) == 4 and told["untold"] == said - 4, told)
        at, seen = 0, 0
        while at is not None:
            reply = ours.ask("log", line="hotline", **{"from": at})
            check(reply["entries"], f"a page from {at} is empty")
            at, seen = reply["next"], seen + len(reply["entries"])
        check(seen == reply["total"] > said, f"{seen} of {reply['total']}")


main(rude, bodies, many, foreign, slow, hurry, cursors, words)
