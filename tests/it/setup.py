# SPDX-License-Identifier: ISC
"""Setting a party up over openline-web --setup: the whole founding of a line by its requests alone,
who may, and what is refused of the files that are given."""
import base64
import glob
import os
import pathlib
import select
import signal
import sys

from libline import LIMIT, Control, Failure, main
from libordeal import check
from libweb import Web

LINE = "hotline"


class Empty:
    """A home that nobody has made yet."""

    def __init__(self, where, name):
        self.name, self.home = name, pathlib.Path(where) / name


def seated(where, name, *options, kind="sets up"):
    web = Web(Empty(where, name), "--setup", *options)
    return web, web.talk(web.seat(kind))


def b64(text):
    return base64.b64encode(text.encode() if isinstance(text, str) else text).decode()


def of(said, name):
    return base64.b64decode(said["files"][name])


def done(talk, do, **keys):
    said = talk.ask(do, **keys)
    check(said["ok"], (do, said))
    return said


def refused(talk, do, says, **keys):
    said = talk.ask(do, **keys)
    check(not said["ok"] and says in said["error"]["what"] + said["error"]["do"], (do, said))
    check("openline-web." not in str(said), said)
    return said


def leftovers(*webs):
    """What these servers left of files that they were given, or that were made for them."""
    return [path for web in webs for root in ("/dev/shm", "/tmp")
            for path in glob.glob(f"{root}/openline-web.{web.process.pid}.*")]


def founding(where):
    """two empty homes, a line, by requests; a wrong digit is refused; no share is left behind"""
    usa_web, usa = seated(where, "usa")
    check(done(usa, "home")["result"]["party"] is None, "a home that is not there")
    prc_web, prc = seated(where, "prc")
    cards = [done(usa, "init", party="usa", name="United States", also=["fr=États-Unis"],
                  passphrase="correct horse")["result"]["card"],
             done(prc, "init", party="prc", name="中国", lang="zh en")["result"]["card"]]
    refused(usa, "init", "is the home of a party already", party="usa", name="x")
    home = done(usa, "home")["result"]
    check(home["card"] == cards[0] and home["sealed"] and home["lines"] == [], home)
    draft = done(usa, "charter-draft", line=LINE, cards=list(map(b64, cards)),
                 set=["rungs=watch minister"])["result"]["charter"]
    refused(usa, "charter-sign", "passphrase", charter=b64(draft))
    refused(usa, "charter-sign", "passphrase", charter=b64(draft), passphrase="wrong horse")
    said = done(usa, "charter-sign", charter=b64(draft), passphrase="correct horse")
    check(said["result"]["missing"] == ["prc"] and list(said["files"]) == ["charter"], said)
    signed = of(said, "charter")
    check(signed.startswith(draft.encode()) and signed != draft.encode(), "what is signed")
    refused(prc, "charter-sign", "charter, line 1", charter=b64("openline charter v2\n"))
    said = done(prc, "charter-sign", charter=b64(signed))
    check(said["result"]["missing"] == [], said)
    charter = of(said, "charter")
    refused(usa, "join", "no secret", charter=b64(charter), cards=[b64(cards[1])], digits="1")
    shares = [of(done(usa, "contribute", line=LINE, passphrase="correct horse"), "out"),
              of(done(prc, "contribute", line=LINE), "out")]
    refused(usa, "combine", "shares.0", line=LINE, shares=[b64("no share")])
    digits = [done(usa, "combine", line=LINE, shares=[b64(shares[1])])["result"]["digits"],
              done(prc, "combine", line=LINE, shares=[b64(shares[0])])["result"]["digits"]]
    check(digits[0] == digits[1] and len(digits[0]) == 35, digits)
    other = digits[0][:-1] + str((int(digits[0][-1]) + 1) % 10)
    for talk, card in ((usa, cards[1]), (prc, cards[0])):
        refused(talk, "join", "differ", charter=b64(charter), cards=[b64(card)], digits=other)
        refused(talk, "join", "thirty digits", charter=b64(charter), cards=[b64(card)], digits="1")
        said = done(talk, "join", charter=b64(charter), cards=[b64(card)], digits=digits[0])
        check(said["result"]["parties"] == ["usa", "prc"] and "files" not in said, said)
    done(usa, "port-add", url="udp://127.0.0.1:0")
    done(usa, "bearer-add", line=LINE, party="prc", url="udp://127.0.0.1:9")
    done(usa, "bearer-remove", line=LINE, party="prc", url="udp://127.0.0.1:9")
    done(usa, "port-remove", name="main")
    check(done(usa, "home")["result"]["ports"][0]["default"], "the port is still there")
    check(not leftovers(usa_web, prc_web), leftovers(usa_web, prc_web))
    for web in (usa_web, prc_web):
        web.stop()


def rights(where):
    """only the seat of setting up sets up; it may act too; without --setup there is none"""
    web, sets = seated(where, "usa")
    acts, looks = web.talk(web.seat("acts")), web.talk(web.seat("looks"))
    check(sets.ask("seat")["sets"] and sets.ask("seat")["acts"], "the seat that sets up")
    check(acts.ask("seat")["acts"] and not acts.ask("seat")["sets"], "the seat that acts")
    for talk in (acts, looks):
        for do in ("home", "init", "charter-draft", "charter-sign", "contribute", "combine", "join",
                   "port-add", "bearer-add", "start", "restart", "port-remove", "bearer-remove",
                   "bearer-test"):
            refused(talk, do, "may not set up", party="usa", name="x")
    check(not list(where.glob("usa/*")), "something was made")
    web.refused("setting up from a seat that may not")
    check(sum("setting up" in s for s in web.said) == 1, web.said)
    web.stop()
    web = Web(Empty(where, "prc"))
    talk = web.talk(web.seat("acts"))
    check(not talk.ask("seat")["sets"], "without --setup")
    refused(talk, "init", "may not set up", party="prc", name="x")
    check(not web.keys["sets up"], "an address that nobody asked for")
    web.stop()


def files(where):
    """names that try to be paths, too many files, too long ones, and what is no file"""
    web, talk = seated(where, "usa")
    card = done(talk, "init", party="usa", name="United States")["result"]["card"]
    there = sorted(p.name for p in (where / "usa").iterdir())
    refused(talk, "charter-sign", "no file in base64", charter="/etc/passwd")
    refused(talk, "charter-sign", "takes no key", charter=b64(card), **{"../../x": b64(card)})
    refused(talk, "charter-draft", "is no list", line=LINE, cards={"../../x": b64(card)})
    refused(talk, "charter-draft", "no file in base64", line=LINE, cards=[["../../x", b64(card)]])
    refused(talk, "charter-draft", "no name of a line", line="../x", cards=[b64(card)] * 2)
    refused(talk, "contribute", "takes no key", line=LINE, out="/tmp/mine")
    refused(talk, "combine", "no name of a line", line="/etc", shares=[b64("x")])
    refused(talk, "charter-draft", "too many files", line=LINE, cards=[b64("x")] * 18)
    refused(talk, "charter-sign", "too long", charter=b64("x" * 45057))
    refused(talk, "charter-sign", "charter", charter=b64("x" * 45056))
    refused(talk, "charter-sign", "no file in base64", charter="")
    refused(talk, "port-add", "at a terminal", url="exec:/bin/sh")
    refused(talk, "init", "passphrase", party="x", name="x", passphrase=["p"])
    check(sorted(p.name for p in (where / "usa").iterdir()) == there, "something was made")
    check(not leftovers(web), leftovers(web))
    try:
        talk.ask("charter-sign", charter=b64("x" * 60000))  # more than a message may have
        raise Failure("a message of 80,000 bytes")
    except (EOFError, ConnectionError):
        pass
    web.stop()


def starting(where):
    """the station is started where none answers, by its passphrase, and goes on without us"""
    web, talk = seated(where, "usa")
    home = where / "usa"
    refused(talk, "start", "keys first")
    done(talk, "init", party="usa", name="United States", passphrase="correct horse")
    refused(talk, "start", "passphrase")
    refused(talk, "start", "passphrase", passphrase="wrong horse")
    refused(talk, "start", "takes a passphrase", passphrase=7)
    refused(talk, "start", "takes a passphrase", home="/tmp")
    pid = done(talk, "start", passphrase="correct horse")["result"]["pid"]
    talk.event(event="station", up=True)
    try:
        check(os.getsid(pid) == pid, "it has no session of its own")
        words = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        check(words[1] == b"run" and b"horse" not in b"".join(words), words)
        log = home / "station.log"
        check(log.stat().st_mode & 0o7777 == 0o600 and "station.ready" in log.read_text(), log)
        refused(talk, "start", "runs on this home already", passphrase="correct horse")
        refused(talk, "restart", "passphrase", passphrase="wrong horse")
        again = done(talk, "restart", passphrase="correct horse")["result"]
        check(again["pid"] == pid, again)
        check(web.stop() == 0, "the console's server")
        with Control(home) as control:
            check(control.ask("hello")["party"] == "usa", "the station goes on")
    finally:
        ends = os.pidfd_open(pid)
        os.kill(pid, signal.SIGTERM)
        check(select.select([ends], [], [], LIMIT)[0], "the station did not stop")
        os.close(ends)


if __name__ == "__main__":
    sys.exit(main(founding, rights, files, starting))
