# SPDX-License-Identifier: ISC
"""What becomes of a message: seen, interim, answered, read back, corrected, translated, cancelled;
crossing; presence; orders. On real stations, and the same on every side."""
import json
import os
import subprocess

from libline import BIN, LIMIT, Control, Failure, connected, main

LINE = "hotline"


def check(condition, *what):
    if not condition:
        raise Failure(" ".join(map(str, what)))


def said(party, entry):
    return party.ask("show", LINE, entry)


def comes(party, entry):
    """Waits until this side's station holds an entry."""
    with Control(party.home) as client:
        client.ask("subscribe", line=LINE, cursor=0)
        client.event("entry", entry=entry)


def send(party, text, *options):
    return party.ask("send", LINE, text, *options)["entry"]


def message_of(client, author):
    while True:
        event = client.event("entry", author=author)
        if event["kind"] == "message":
            return event["entry"]


def acked(where):
    """seen, then an interim with its time, then answered; each a step that both sides tell alike"""
    usa, prc = connected(where)
    first = send(usa, "Is it yours?", "--precedence", "flash", "--wait", "stored")
    comes(prc, first)
    ack = prc.ask("ack", LINE, first, "--text", "handed to the duty officer")
    comes(usa, ack["entry"])
    for party in usa, prc:
        state = said(party, first)["states"]["prc"]
        check(state["state"] == "seen" and state["seen"]["entry"] == ack["entry"], state)
    interim = prc.ask("interim", LINE, first, "--in", "2h", "--text", "after consultation")
    comes(usa, interim["entry"])
    for party in usa, prc:
        state = said(party, first)["states"]["prc"]
        check(state["interim"]["until"] - state["interim"]["wall"] == 7200, state)
        check("ANSWER BY" in party.run("log", LINE).stdout.decode(), "no answer by")
    answer = send(prc, "It is ours.", "--precedence", "immediate", "--ref", first)
    comes(usa, answer)
    for party in usa, prc:
        state = said(party, first)["states"]["prc"]
        check(state["state"] == "answered" and state["answered"]["entry"] == answer, state)
        check("ANSWER BY" not in party.run("show", LINE, first).stdout.decode(), "still to come")
    usa.refused("ack", LINE, first, says="is your own")
    usa.refused("cancel", LINE, answer, says="is another party's")
    usa.refused("interim", LINE, answer, code=2, says="--in 2h")
    usa.refused("interim", LINE, answer, "--in", "8d", code=2, says="604800")
    usa.refused("ack", LINE, "usa/urgent/zz.1", code=2, says="must name an entry")
    usa.refused("show", LINE, first.split(".")[0] + ".99", says="holds no entry of that name")


def waited(where):
    """send --wait seen and --wait answered end when the other side's officers have done it"""
    usa, prc = connected(where)
    with Control(prc.home) as client:
        client.ask("subscribe", line=LINE, cursor=0)
        for wait, verb in ("seen", "ack"), ("answered", "send"):
            waiting = start(usa, "send", LINE, "Confirm.", "--precedence", "flash", "--wait", wait,
                                "--json", "--anyway")
            entry = message_of(client, "usa")
            if verb == "ack":
                prc.run("ack", LINE, entry)
            else:
                prc.run("send", LINE, "Confirmed.", "--precedence", "flash", "--ref", entry)
            out, _ = waiting.communicate(timeout=LIMIT)
            told = json.loads(out)
            check(waiting.returncode == 0 and told["state"] == wait, told)
            check(told["states"]["prc"]["state"] == wait, told)


def handled(where):
    """read-back with its verdict, correction, translation, cancel; the frame and serial numbers"""
    usa, prc = connected(where)
    order = send(usa, "Stay 5 miles clear.", "--precedence", "immediate", "--ask-readback",
                 "--subject", "Distance")
    comes(prc, order)
    back = send(prc, "We stay 5 miles clear.", "--precedence", "immediate", "--readback", order)
    comes(usa, back)
    check("verdict" not in said(usa, order)["readbacks"][0], "judged before anybody did")
    verdict = usa.ask("wrong", LINE, back)
    comes(prc, verdict["entry"])
    right = usa.ask("confirm", LINE, back)
    fixed = send(usa, "Stay 15 miles clear.", "--precedence", "immediate", "--correct", order)
    sight = send(prc, "保持十五海里。", "--precedence", "immediate", "--translate", fixed, "--grade",
                 "sight", "--lang", "zh")
    comes(prc, right["entry"])
    comes(prc, fixed)
    comes(usa, sight)
    cancelled = usa.ask("cancel", LINE, order)
    comes(prc, cancelled["entry"])
    for party in usa, prc:
        now = said(party, order)
        check(now["readbacks"][0]["verdict"] == "right", now)
        check(now["corrected"][0]["entry"] == fixed, now)
        check(now["cancelled"]["entry"] == cancelled["entry"], now)
        check(now["serial"] == "U001" and said(party, fixed)["serial"] == "U002", now)
        check(said(party, fixed)["translations"][0]["grade"] == "sight", "no translation")
        frame = party.run("show", LINE, order).stdout.decode()
        for part in ("PRECEDENCE  IMMEDIATE", "FROM        usa", "TO          prc (watch)",
                     "SUBJECT     Distance", "1 MESSAGE NUMBER    usa U001", "CANCELLED by",
                     "READ IT BACK to usa", "7 END OF MESSAGE NUMBER U001", "CORRECTED by"):
            check(part in frame, part, "is not in", frame)
        check("***" not in frame, frame)
    usa.refused("send", LINE, "x", "--correct", back, says="cannot be corrected here")
    usa.refused("send", LINE, "x", "--readback", order, says="for others to read back")
    usa.refused("send", LINE, "x", "--translate", back, code=2, says="--grade")
    usa.refused("send", LINE, "x", "--ref", back, "--status", "test", says="of status operational")


def crossed(where):
    """what came unread is shown and nothing is sent; --anyway sends it, and both sides see it"""
    usa, prc = connected(where)
    begun = send(usa, "First.", "--precedence", "flash")
    with Control(usa.home) as client:
        read = client.ask("position", line=LINE)["position"]
    comes(prc, begun)
    harsher = send(prc, "A harsher letter.", "--precedence", "flash")
    comes(usa, harsher)
    done = usa.run("send", LINE, "A mild reply.", "--read", str(read), "--precedence", "flash",
                   expect=1)
    check(b"1 message or call has come" in done.stderr and b"--anyway" in done.stderr, done.stderr)
    check(b"A harsher letter." in done.stdout, done.stdout)
    mild = send(usa, "A mild reply.", "--read", str(read), "--precedence", "flash", "--anyway")
    comes(prc, mild)
    for party in usa, prc:
        check(said(party, mild)["crossed"] == [harsher], "not crossed")
        check(said(party, harsher)["crossed"] == [mild], "not crossed")
    send(usa, "Now I have read it.", "--precedence", "flash")


def addressed(where):
    """action and info addressees; a presence query and its answer, with three parties"""
    usa, prc, swi = connected(where, ("usa", "prc", "swi"))
    sent = send(usa, "Come up on this line.", "--precedence", "flash", "--action", "prc", "--info",
                "swi", "--info-precedence", "routine")
    comes(swi, sent)
    message = said(swi, sent)["message"]
    check(message["action"] == ["prc"] and message["info"] == ["swi"], message)
    check(message["info_precedence"] == "routine", message)
    frame = swi.run("show", LINE, sent).stdout.decode()
    check("TO          prc (watch)" in frame and "INFO        swi (ROUTINE)" in frame, frame)
    usa.refused("send", LINE, "x", "--action", "usa", code=2, says="this party itself")
    usa.refused("send", LINE, "x", "--action", "prc", "--info", "prc", code=2, says="stands in")
    usa.refused("send", LINE, "x", "--info", "nor", code=2, says="no party of this line")
    query = usa.ask("presence", LINE)["entry"]
    for party in prc, swi:
        comes(party, query)
        comes(usa, party.ask("here", LINE, query)["entry"])
    here = {word["party"] for word in said(usa, query)["here"]}
    check(here == {"prc", "swi"}, here)


def start(party, *args):
    env = dict(os.environ, OPENLINE_HOME=str(party.home))
    return subprocess.Popen([BIN, *args], env=env, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)


if __name__ == "__main__":
    main(acked, waited, handled, crossed, addressed)
