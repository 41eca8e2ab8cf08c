# SPDX-License-Identifier: ISC
"""The link emulator does what it is told: each parameter of UDP and TCP links, by itself."""
import socket
import subprocess
import time

from liblinkem import LINKEM, Linkem
from libline import LIMIT, Failure, main


def check(condition, what):
    if not condition:
        raise Failure(what)


def udp(family=socket.AF_INET):
    s = socket.socket(family, socket.SOCK_DGRAM)
    s.bind(("127.0.0.1" if family == socket.AF_INET else "::1", 0))
    s.settimeout(LIMIT)
    return s


def text_of(address):
    return f"[{address[0]}]:{address[1]}" if ":" in address[0] else f"{address[0]}:{address[1]}"


def place(text):
    host, port = text.rsplit(":", 1)
    return host.strip("[]"), int(port)


def through(em, count, size=20, link="l", way="ab"):
    """Sends numbered packets from a new A to b; returns the numbers that arrive, in order."""
    a, got = udp(), []
    for at in range(0, count, 50):  # so many at a time, that no buffer overflows
        for i in range(at, min(at + 50, count)):
            a.sendto(i.to_bytes(4, "big") + b"x" * (size - 4), place(em.face[link]))
        while True:
            s = em.stats(link, way)
            waiting = s["delivered"] - len(got)
            for _ in range(waiting):
                got.append(int.from_bytes(em.b.recv(65536)[:4], "big"))
            ended = s["lost"] + s["cut"] + s["full"] + s["delivered"] - s["duplicated"]
            if s["packets"] == min(at + 50, count) and ended == s["packets"]:
                break
    a.close()
    return got


def link(*options, proto="udp"):
    """An emulator with one link l to a socket b of ours."""
    b = udp()
    em = Linkem({"l": f"{proto}:{text_of(b.getsockname())}"}, *options)
    em.b = b
    return em


def words(_):
    """--help, and what is wrong is said with exit 2"""
    done = subprocess.run([LINKEM, "--help"], capture_output=True, check=True, text=True)
    for word in ("burst-begin", "reset-after", "--schedule", "stats"):
        check(word in done.stdout, f"--help lacks {word}")
    for bad in ([], ["l=udp:nowhere"], ["l=sctp:127.0.0.1:1"], ["--frobnicate", "1"],
                ["--set", "loss 2", "l=udp:127.0.0.1:9"], ["--set", "loss", "l=udp:127.0.0.1:9"]):
        done = subprocess.run([LINKEM, *bad], capture_output=True, check=False, text=True,
                              stdin=subprocess.PIPE)
        check(done.returncode == 2 and "--help" in done.stderr, f"{bad}: {done}")
    with link() as em:
        for bad in ("loss 1.5", "m loss 0.1", "l/ac cut", "delay", "delay 5x", "frobnicate"):
            try:
                em.say(bad)
            except ValueError as e:
                print(f"  {e}")
            else:
                raise Failure(f"{bad!r} was taken")
        check(em.close() == 0, "the end of standard input ends it")


def losses(_):
    """Loss, bursts, repeats and order: as many as were asked for, and the same for a seed"""
    seen = []
    for seed in (7, 7, 8):
        with link("--seed", seed, "--set", "loss 0.3") as em:
            seen.append(through(em, 1000))
            check(em.stats("l", "ab")["lost"] == 1000 - len(seen[-1]), "counts")
    check(seen[0] == seen[1] != seen[2], "the seed decides")
    check(620 < len(seen[0]) < 780, f"{len(seen[0])} of 1,000 came at 30 % loss")
    check(seen[0] == sorted(seen[0]), "in order")
    with link("--set", "burst-begin 0.05 burst-end 0.25 burst-loss 1") as em:
        got = set(through(em, 1000))
    lost = [i for i in range(1000) if i not in got]
    runs = sum(i - 1 not in lost for i in lost)
    check(100 < len(lost) < 260 and len(lost) / runs > 2.5, f"{len(lost)} lost in {runs} runs")
    with link("--set", "duplicate 0.2 reorder 0.1 reorder-by 20") as em:
        got = through(em, 500)
        s = em.stats("l", "ab")
    check(len(got) == 500 + s["duplicated"] and set(got) == set(range(500)), "repeats")
    check(60 < s["duplicated"] < 140 and 25 < s["reordered"] < 80, s)
    check(got != sorted(got), "some came late")


def times(_):
    """Delay and rate: nothing comes sooner than it may; what does not fit the queue is dropped"""
    with link("--set", "delay 60 jitter 5") as em:
        began = time.monotonic()
        got = through(em, 40)
        took = time.monotonic() - began
        check(got == list(range(40)) and took >= 0.06, f"{took} s")
    with link("--set", "rate 80000 queue 2000") as em:  # 100 bytes take 10 ms, 20 packets wait
        began = time.monotonic()
        got = through(em, 40, 100)
        took = time.monotonic() - began
        s = em.stats("l", "ab")
        check(s["full"] >= 1 and len(got) + s["full"] == 40, s)
        check(took >= 0.01 * (len(got) - 1), f"{len(got)} packets in {took} s")


def faces(_):
    """Each A has its own mapping; in a pair either side may speak first, from where it is told"""
    for family in (socket.AF_INET, socket.AF_INET6):
        a, other, b = udp(family), udp(family), udp(family)
        with Linkem({"l": f"udp:{text_of(b.getsockname())}",
                     "p": f"udp:{text_of(a.getsockname())},{text_of(b.getsockname())}"}) as em:
            for s in (a, other):
                s.sendto(b"hello", place(em.face["l"]))
                said, where = b.recvfrom(100)
                b.sendto(b"back", where)
                check((said, s.recv(100)) == (b"hello", b"back"), "a mapping")
            b.sendto(b"first", place(em.face["p", "b"]))
            said, where = a.recvfrom(100)
            check(said == b"first" and where[:2] == place(em.face["p"]), f"{said} from {where}")
            a.sendto(b"answer", where)
            said, where = b.recvfrom(100)
            check(said == b"answer" and where[:2] == place(em.face["p", "b"]), f"from {where}")


def partitions(where):
    """Cut one way, both, healed; by command and by schedule"""
    a, b = udp(), udp()
    pair = {"p": f"udp:{text_of(a.getsockname())},{text_of(b.getsockname())}"}
    with Linkem(pair) as em:
        em.say("p/ab cut")
        a.sendto(b"1", place(em.face["p"]))
        b.sendto(b"2", place(em.face["p", "b"]))
        check(a.recv(10) == b"2", "the other way goes on")
        em.say("heal")
        a.sendto(b"3", place(em.face["p"]))
        check(b.recv(10) == b"3", "what was said while cut is lost")
        check(em.stats("p", "ab")["cut"] == 1, em.stats("p"))
    (where / "plan").write_text("0 cut\n# then\n100 heal loss 0\n200 quit\n")
    with Linkem(pair, "--schedule", where / "plan") as em:
        check([em.line() for _ in range(2)] == [{"ok": True}] * 2, "two commands were performed")
        a.sendto(b"4", place(em.face["p"]))
        check(b.recv(10) == b"4", "healed")
        check(em.process.wait(LIMIT) == 0, "quit")


def tcp_link(em_options=(), family=socket.AF_INET):
    host = "127.0.0.1" if family == socket.AF_INET else "::1"
    server = socket.create_server((host, 0), family=family)
    server.settimeout(LIMIT)
    em = Linkem({"t": f"tcp:{text_of(server.getsockname())}"}, "--events", *em_options)
    a = socket.create_connection(place(em.face["t"]), timeout=LIMIT)
    b, _ = server.accept()
    b.settimeout(LIMIT)
    server.close()
    return em, a, b


def read(s, count):
    got = b""
    while len(got) < count:
        more = s.recv(65536)
        if not more:
            break
        got += more
    return got


def streams(_):
    """TCP: all bytes, later; stopped by a cut; ends and resets pass"""
    for family in (socket.AF_INET, socket.AF_INET6):
        em, a, b = tcp_link(("--set", "delay 30"), family)
        with em:
            began = time.monotonic()
            a.sendall(b"over")
            check(read(b, 4) == b"over" and time.monotonic() - began >= 0.03, "delay")
            em.say("delay 0")
            data = bytes(range(256)) * 8192  # 2 MiB, one way, then the other
            for one, other in ((a, b), (b, a)):
                one.setblocking(False)
                sent, got = 0, b""
                other.setblocking(False)
                while len(got) < len(data):
                    try:
                        sent += one.send(data[sent:sent + 65536]) if sent < len(data) else 0
                    except BlockingIOError:
                        pass
                    try:
                        got += other.recv(1 << 20)
                    except BlockingIOError:
                        pass
                one.settimeout(LIMIT)
                other.settimeout(LIMIT)
                check(got == data, "the bytes differ")
            em.say("t/ab cut")
            a.sendall(b"waits")
            b.sendall(b"passes")
            check(read(a, 6) == b"passes", "the other way goes on")
            em.say("heal")
            check(read(b, 5) == b"waits", "what was said while cut comes")
            a.shutdown(socket.SHUT_WR)
            check(b.recv(10) == b"", "the end passes")
            b.sendall(b"still")
            check(read(a, 5) == b"still", "half of it goes on")
            b.close()
            check(a.recv(10) == b"", "the end")
            em.event("end", "t")
    em, a, b = tcp_link()
    with em:
        em.say("t/ab reset-after 700")
        a.sendall(b"y" * 1000)
        got = 0
        try:
            while more := b.recv(65536):
                got += len(more)
            raise Failure("no reset")
        except ConnectionResetError:
            check(got <= 700, f"{got} bytes came before the reset")
        em.event("end", "t")
        check(em.stats("t")["ended"] == 1, em.stats("t"))
    em, a, b = tcp_link()
    with em:
        em.say("reset")
        em.event("end", "t")
        for s in (a, b):
            try:
                check(s.recv(10) == b"none", "no reset")
            except ConnectionResetError:
                pass


main(words, losses, times, faces, partitions, streams)
