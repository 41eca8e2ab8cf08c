# SPDX-License-Identifier: ISC
"""Overdue clocks of FLASH and IMMEDIATE on real stations, with answer times of seconds: told on
both sides, put off by an interim reply, ended by an answer, and going on through a restart."""
import signal

from libline import Control, Failure, connected, main, station_down, station_up

LINE = "hotline"


def check(condition, *what):
    if not condition:
        raise Failure(" ".join(map(str, what)))


def following(party):
    client = Control(party.home)
    client.ask("subscribe", line=LINE, cursor=0)
    return client


def clocks(party):
    return {(c["entry"], c["party"]): c for c in party.ask("status", LINE)["lines"][0]["clocks"]}


def overdue(where):
    """both sides tell it, with its status; an interim puts it off; an answer ends it on both"""
    usa, prc = connected(where, settings=("answer.flash=1", "answer.immediate=600"))
    with following(usa) as us, following(prc) as them:
        sent = usa.ask("send", LINE, "Drill.", "--precedence", "flash", "--status", "exercise")
        entry = sent["entry"]
        for client in us, them:
            told = client.event("overdue", entry=entry)
            check(told["party"] == "prc" and told["author"] == "usa", told)
            check(told["status"] == "exercise" and told["precedence"] == "flash", told)
        for party in usa, prc:
            clock = clocks(party)[entry, "prc"]
            check(clock["overdue"] and clock["late_s"] >= 0, clock)
            shown = party.run("status", LINE).stdout.decode()
            check(f"OVERDUE      FLASH EXERCISE {entry}: prc has not answered" in shown, shown)
        interim = prc.ask("interim", LINE, entry, "--in", "1h")["entry"]
        us.event("entry", entry=interim)
        for party in usa, prc:
            clock = clocks(party)[entry, "prc"]
            check(not clock["overdue"] and clock["put_off"] and clock["left_s"] > 3500, clock)
        answer = prc.ask("send", LINE, "Answered.", "--ref", entry)["entry"]
        us.event("entry", entry=answer)
        check(not clocks(usa) and not clocks(prc), clocks(usa), clocks(prc))


def restarted(where):
    """after a restart of either side it runs on, and is told; what was cancelled is not"""
    usa, prc = connected(where, settings=("answer.flash=2", "answer.immediate=600"))
    sent = usa.ask("send", LINE, "Is it yours?", "--precedence", "flash", "--wait", "stored")
    slow = usa.ask("send", LINE, "And this?", "--precedence", "immediate", "--wait", "stored")
    gone = usa.ask("send", LINE, "Not this.", "--precedence", "flash", "--wait", "stored")
    withdrawn = usa.ask("cancel", LINE, gone["entry"])["entry"]
    with following(prc) as them:
        them.event("entry", entry=withdrawn)
    for party in usa, prc:
        station_down(party, signal.SIGKILL, None)
    for party in usa, prc:
        station_up(party)
        with following(party) as client:
            while (sent["entry"], "prc") not in clocks(party):
                client.event()
            while not clocks(party)[sent["entry"], "prc"]["overdue"]:
                client.event()
        open_ = clocks(party)
        check(set(open_) == {(sent["entry"], "prc"), (slow["entry"], "prc")}, open_)
        check(not open_[slow["entry"], "prc"]["overdue"], open_)
        check(open_[slow["entry"], "prc"]["left_s"] <= 600, open_)


main(overdue, restarted)
