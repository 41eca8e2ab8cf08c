# SPDX-License-Identifier: ISC
"""With care: a FLASH is asked about at a terminal, a call is deferred to a point of time."""
import time

from libline import Control, Failure, connected, main
from libscreen import Terminal

LINE = "hotline"


def check(condition, *what):
    if not condition:
        raise Failure(" ".join(map(str, what)))


def sent(party):
    return party.run("log", LINE).stdout.decode().count("FLASH")


def releaser(where):
    """A FLASH at a terminal: shown, and sent on yes alone; scripts and --yes are not asked"""
    usa, _ = connected(where)
    words = ("send", LINE, "One two three.", "--precedence", "flash")
    for answer, code, count in (("no", 1, 0), ("yes ", 1, 0), ("", 1, 0), ("yes", 0, 1)):
        t = Terminal(*words, "--status", "exercise", "--subject", "Object", home=usa.home)
        t.wait(r"FLASH EXERCISE on line hotline to prc \(watch\), 3 words, subject Object$")
        t.wait("type yes to send it:")
        t.press(answer + "\r")
        check(t.gone() == code, repr(answer), t.text())
        check(("was not sent" in t.text()) == bool(code), t.text())
        check(sent(usa) == count, repr(answer))
    t = Terminal(*words, "--yes", home=usa.home)
    check(t.gone() == 0 and "type yes" not in t.text(), t.text())
    t = Terminal("send", LINE, "-", "--precedence", "flash", home=usa.home)
    t.wait("Ctrl-D")
    t.press("From the keyboard.\r\x04")
    t.wait("type yes to send it:")
    t.press("yes\r")
    check(t.gone() == 0, t.text())
    t = Terminal("send", LINE, "No hurry.", "--precedence", "immediate", home=usa.home)
    check(t.gone() == 0 and "type yes" not in t.text(), t.text())
    usa.run(*words)
    usa.run("send", LINE, "-", "--precedence", "flash", stdin="By a script.\n")
    check(sent(usa) == 5, sent(usa))


def group(at):
    return time.strftime("%d%H%MZ %b %y", time.gmtime(at)).upper()


def until(where):
    """defer --until: a date-time group or ISO time to come, within a week; on record in seconds"""
    usa, prc = connected(where)
    now = int(time.time())
    with Control(prc.home) as client:
        client.ask("subscribe", line=LINE, cursor=0)
        for words, least, most in (
                (("--until", group(now + 7200)), 7000, 7200),
                (("--until", time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now + 7200))),
                 7000, 7200),
                (("--for", "45m"), 2700, 2700), (("--for", "600"), 600, 600)):
            call = usa.ask("call", LINE, "watch", "--status", "exercise")["entry"]
            client.word("rings", entry=call)
            told = prc.ask("defer", LINE, call, "Later.", *words)
            reply = client.word("replied", entry=call, reply="defer")
            check(told["status"] == "exercise" and least <= reply["seconds"] <= most, reply)
        call = usa.ask("call", LINE, "watch", "--status", "exercise")["entry"]
        client.word("rings", entry=call)
    defer = ("defer", LINE, call)
    prc.refused(*defer, "--until", group(now - 60), says="is past")
    prc.refused(*defer, "--until", "2020-01-01T00:00Z", says="is past")
    prc.refused(*defer, "--until", group(now + 8 * 86400), says="more than a week")
    prc.refused(*defer, "--until", "tomorrow", code=2, says="must be a time such as")
    prc.refused(*defer, code=2, says="for how long")
    prc.refused(*defer, "--until", group(now + 7200), "--for", "60", code=2, says="for how long")
    prc.refused(*defer, "--for", "8d", code=2, says="--for")


main(releaser, until)
