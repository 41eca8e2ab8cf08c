# SPDX-License-Identifier: ISC
"""The watch: what it shows, when it rings, what its keys do, and the terminal that it leaves."""
import base64
import os
import signal

from libexport import cbor
from libline import Control, Failure, connected, found, main, run, station_down, station_up
from libscreen import Terminal


def check(condition, what):
    if not condition:
        raise Failure(what)


def submit(party, kind, body):
    with Control(party.home) as client:
        return client.ask("submit", line="hotline", kind=kind, item=os.urandom(6).hex(),
                          body=base64.b64encode(cbor(body)).decode())


def shows(where):
    """Lines, parties, messages; a FLASH rings once; drills in words and in reverse; hostile text"""
    usa, prc = connected(where)
    prc.run("send", "hotline", "before", "--wait", "stored")
    usa.run("send", "hotline", "proof", "--wait", "stored")
    t = Terminal("watch", home=usa.home)
    t.wait(r"hotline  1 live path")
    t.wait(r"prc +LIVE +proven 00:")
    t.wait(r"usa +we")
    t.wait(r"ROUTINE  hotline  from prc .* NOT ACKNOWLEDGED$")
    t.wait("before")
    check(t.bells == 0, "it rings for what was there")
    prc.run("send", "hotline", "An object", "--precedence", "flash", "--subject", "Object")
    row = t.wait(r"FLASH  hotline  from prc .* NOT ACKNOWLEDGED for 00:")
    check("Object: An object" in t.lines()[row + 1], t.text())
    t.wait_bells(1)
    prc.run("send", "hotline", "Drill", "--status", "exercise")
    row = t.wait(r"EXERCISE ROUTINE  hotline")
    check(all("7;" in a for a in t.attributes_of(row)), t.attributes_of(row))
    row = t.wait(r"FLASH  hotline")
    check(not any("7;" in a for a in t.attributes_of(row)), "reverse where no drill is")
    prc.run("send", "hotline", "中国" * 60 + "e\u0301" * 900 + "\u200f\u200b")
    t.wait("中国中国")
    check(t.bells == 1, f"{t.bells} bells")
    t.press("?")
    t.wait("interim reply")
    t.press("?")
    t.wait("interim reply", False)
    for rows, columns in ((12, 40), (50, 200), (3, 20), (24, 80)):
        t.resize(rows, columns)
        t.wait("openline watch")
        t.wait("LINES" if rows > 4 else "openline")
        check(len(t.lines()) == rows, "rows")
    t.press("q")
    check(t.end() == 0, "q")


def calls(where):
    """A call rings until somebody replies, in words, bold and reverse; a drill says so"""
    usa, prc = connected(where)
    t = Terminal("watch", "hotline", home=prc.home)
    t.wait("hotline  1 live path")
    call = submit(usa, "call", [0, 0, 0, 1, "Object over your territory"])
    row = t.wait(r"RINGING  FLASH  hotline  from usa, watch, voice .* Object over")
    check(all("1;5;" in a for a in t.attributes_of(row)), t.attributes_of(row))
    t.wait_bells(3)
    t.wait("a answer  d decline  f defer")
    t.press("d")
    t.wait("decline, reason:")
    bells = t.bells
    t.press("nicht jetzt")
    t.wait("decline, reason: nicht jetzt")
    t.wait_bells(bells + 1)
    t.press("\x1b")
    t.wait("nothing was said")
    incarnation = bytes.fromhex(call["log"].rsplit("/", 1)[1])
    submit(prc, "reply", [0, 0, [0, 0, incarnation, call["index"]], 1, 0, 3, "Here"])
    t.wait("RINGING", False)
    t.wait(r"CALL  FLASH .* prc: answered Here")
    submit(usa, "call", [1, 0, 0, 0, "Again"])
    t.wait(r"RINGING  IMMEDIATE")
    t.press("a")
    t.wait("a key leads back")
    check("openline answer hotline usa/urgent/" in t.text(), t.text())
    t.press(" ")
    t.wait("answer: done")
    t.wait(r"CALL  IMMEDIATE .* prc: answered")
    submit(usa, "call", [0, 1, 0, 0, ""])
    row = t.wait(r"EXERCISE RINGING  FLASH")
    check(all("7;" in a for a in t.attributes_of(row)), t.attributes_of(row))
    t.press("f")
    t.wait("defer, minutes")
    t.press("5\r")
    t.wait("a key leads back")
    t.press(" ")
    t.wait("defer: done")
    t.wait(r"CALL  FLASH .* prc: deferred")
    check(t.end(signal.SIGTERM) == 0, "TERM")


def replies(where):
    """A reply is typed, edited and sent as what it answers; pasted keys are text; ids are shown"""
    usa, prc = connected(where)
    prc.run("send", "hotline", "Is it yours?", "--precedence", "immediate", "--status", "exercise",
            "--wait", "stored")
    t = Terminal("watch", home=usa.home)
    t.wait("Is it yours")
    t.press("r")
    t.wait("^reply:")
    t.press("\x1b")
    t.wait("nothing was said")
    t.press("\x1b[B")
    t.wait("^> EXERCISE IMMEDIATE")
    t.press("r")
    t.wait("^reply:")
    t.press("q中文x\x7f\x7f\x7f\x15It is \x1b[200~not\nqours\x1b[201~é")
    t.wait("reply: It is not qoursé")
    t.press("\r")
    t.wait("a key leads back")
    check("send hotline --ref prc/urgent/" in t.text(), t.text())
    t.press(" ")
    t.wait("send: done")
    t.wait("answered")
    said = prc.run("log", "hotline").stdout.decode()
    check("It is not qoursé" in said and "IMMEDIATE EXERCISE" in said and "answers prc/urgent" in
          said, said)
    t.press("\x1b[200~qqq\x1b[201~")
    t.press("a")
    t.wait("no call rings")
    t.press("q")
    check(t.end() == 0, "q")


def nights(where):
    """Stations that go and come, signals, no terminal; the terminal is always restored"""
    usa, prc = connected(where, start=False)
    t = Terminal("watch", home=usa.home)
    t.wait("NO STATION ANSWERS")
    station_up(usa)
    station_up(prc)
    t.wait("NO STATION ANSWERS", False)
    t.wait("hotline  1 live path")
    prc.run("send", "hotline", "the one", "--wait", "stored")
    t.wait("the one")
    station_down(usa, signal.SIGKILL)
    t.wait("NO STATION ANSWERS")
    t.wait("the station does not answer")
    t.wait("the one")
    prc.run("send", "hotline", "while it was away")
    station_up(usa)
    t.wait("while it was away")
    t.wait("the one")
    check(t.text().count("the one") == 1, t.text())
    station_down(prc, signal.SIGKILL)
    t.press("x")
    t.wait("does not answer", False)
    os.kill(t.pid, signal.SIGTSTP)
    _, status = os.waitpid(t.pid, os.WUNTRACED)
    while t.is_alternate:
        t.read(1)
    check(os.WIFSTOPPED(status) and t.is_as_before(), "stopped")
    os.kill(t.pid, signal.SIGCONT)
    t.wait("openline watch")
    check(t.end(signal.SIGHUP) == 0, "HUP")
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGABRT):
        t = Terminal("watch", home=usa.home)
        t.wait("hotline")
        code = t.end(number)
        check(code == (0 if number != signal.SIGABRT else -signal.SIGABRT), (number, code))
    check(b"no terminal" in usa.run("watch", expect=1).stderr, "without a terminal")
    check(b"prints no JSON" in usa.run("watch", "--json", expect=2).stderr, "JSON")


def memory(where):
    """A thousand messages and as many events leave the watch as large as a hundred did"""
    usa, _ = found(where)
    usa.run("port", "add", "udp://127.0.0.1:0")
    station_up(usa)
    t = Terminal("watch", home=usa.home)
    t.wait("hotline")
    sizes = []
    with Control(usa.home) as client:
        for i in range(1200):
            body = base64.b64encode(cbor([3, 2, 0, [0, f"message {i} " + "x" * 400]])).decode()
            client.ask("submit", line="hotline", item=f"{i:012x}", body=body)
            t.read(0)
            if i in (200, 1199):
                t.wait(f"message {i} ")
                with open(f"/proc/{t.pid}/statm", encoding="ascii") as statm:
                    sizes.append(int(statm.read().split()[1]))
    print("  pages resident:", sizes)
    check(sizes[1] <= sizes[0] * 1.1 + 64, f"it grows: {sizes}")
    t.press("q")
    check(t.end() == 0, "q")
    check(b"[<line>" in run("watch", "--help").stdout, "help")


main(shows, calls, replies, nights, memory)
