# SPDX-License-Identifier: ISC
"""Officers at a console: who signs what is done there, and drafts that a second one releases."""
import base64
import sys

from libline import connected, main
from libordeal import check
from libwatch import ANN, BOB, LINE, fault, up, watch
from libweb import Web


def who_sits_here(where):
    """any officer whom the home knows signs at a console, by number and passphrase"""
    usa, _, files = watch(where)
    web = Web(usa)
    talk, looks = up(web), up(web, "looks")
    known = talk.ask("signers", line=LINE)["result"]["officers"]
    check([o["officer"] for o in known] == [1, 2], known)
    fault(looks.ask("signers", line=LINE), "only looks on")
    fault(looks.ask("check", line=LINE, **ANN), "only looks on")
    for officer, name in ((ANN, "Ann"), (BOB, "Bob")):
        said = talk.ask("check", line=LINE, **officer)
        check(said["ok"] and said["result"]["name"] == name, said)
        said = talk.ask("send", line=LINE, text=f"By {name}.", status="test", **officer)
        check(said["ok"] and said["result"]["officer"] == int(officer["as"]), said)
    fault(talk.ask("check", line=LINE, **dict(ANN, passphrase="x")), "passphrase does not open")
    fault(talk.ask("check", line=LINE, **dict(BOB, **{"as": "3"})), "has not been said")
    usa.run("officer", "use", LINE, "--forget", "2")
    key = base64.b64encode(files[1].read_bytes()).decode()    # brought by its officer
    fault(talk.ask("send", line=LINE, text="Who?", status="test", **BOB), "has not been said")
    said = talk.ask("send", line=LINE, text="By Bob.", status="test", key=key, **BOB)
    check(said["ok"] and said["result"]["officer"] == 2, said)
    fault(talk.ask("check", line=LINE, key=key, **dict(BOB, **{"as": "1"})), "not the key of")
    fault(talk.ask("check", line=LINE, key=b"hi".hex(), **ANN), "")
    web.stop()


def two(where):
    """what one officer has signed waits at every console; another releases it, that one cannot"""
    usa, prc, _ = watch(where, "release.two=flash")
    web = Web(usa)
    one, other, looks = up(web), up(web), up(web, "looks")
    check(one.ask("status", line=LINE)["release_two"] == ["flash"], "what two must release")
    text = {"line": LINE, "text": "Is it yours?", "precedence": "flash"}
    fault(one.ask("send", **text, **ANN), "two officers", "1 has signed")
    fault(one.ask("draft-send", **text), "passphrase")
    fault(looks.ask("draft-send", **text, **ANN), "only looks on")
    check(one.ask("drafts")["drafts"] == [], "a draft of nobody's")
    said = one.ask("draft-send", subject="Object", **text, **ANN)
    number = said["result"]["draft"]
    check(said["ok"] and number == 1 and "files" not in said, said)
    check(other.event(event="draft", state="waits")["draft"] == number, "it is not told")
    waits, = other.ask("drafts")["drafts"]
    check(waits["line"] == LINE and waits["officer"] == 1 and waits["message"] == {
        "precedence": "flash", "status": "operational", "to": "watch", "subject": "Object",
        "text": "Is it yours?"} and set(waits) == {"draft", "line", "kind", "officer",
                                                   "written", "message"}, waits)
    fault(looks.ask("drafts"), "only looks on")
    fault(looks.ask("release", draft=number, **BOB), "only looks on")
    fault(looks.ask("drop", draft=number), "only looks on")
    fault(one.ask("release", draft=number, **ANN), "officer 1 signs twice")
    fault(other.ask("release", draft=number, **dict(BOB, passphrase="x")), "does not open")
    fault(other.ask("release", draft="eA==", **BOB), "released or dropped")
    fault(other.ask("release", draft=2, **BOB), "released or dropped")
    said = other.ask("release", draft=number, **BOB)
    check(said["ok"], said)
    for talk in (one, other):
        talk.event(event="draft", draft=number, state="released")
        check(talk.ask("drafts")["drafts"] == [], "it waits still")
    shown = one.ask("log", line=LINE, last=1)["entries"][0]
    check(shown["message"]["text"] == "Is it yours?"
          and [s["officer"] for s in shown["signed"] if s["valid"]] == [1, 2], shown)
    fault(other.ask("release", draft=number, **BOB), "released or dropped")
    called = {"line": LINE, "rung": "watch", "precedence": "flash", "status": "exercise",
              "reason": "An object."}
    number = one.ask("draft-call", **called, **BOB)["result"]["draft"]
    waits, = other.ask("drafts")["drafts"]
    check(waits["kind"] == "call" and waits["call"]["text"] == "An object." and number == 2, waits)
    placed = other.ask("release", draft=number, **ANN)["result"]["entry"]
    while placed not in prc.run("log", LINE).stdout.decode():
        pass
    number = one.ask("draft-send", **text, **ANN)["result"]["draft"]
    check(other.ask("drop", draft=number)["ok"], "it is not dropped")
    one.event(event="draft", draft=number, state="dropped")
    fault(one.ask("drop", draft=number), "released or dropped")
    web.stop()


def leaving(where):
    """who leaves ends the seat: all its talks, and its cookie opens nothing more"""
    usa, _ = connected(where)
    web = Web(usa)
    cookie, other = web.seat(), web.talk(web.seat())
    talks = [web.talk(cookie) for _ in range(2)]
    check(talks[0].ask("leave")["ok"], "it may leave")
    for talk in talks:
        try:
            while talk.read():
                pass
        except EOFError:
            pass
    check(web.get("/", Cookie=cookie)[0] == 403 and web.talk(cookie).status == 403, "it sits still")
    check(other.ask("seat")["acts"], "another seat ended")
    web.stop()


def house(where):
    """sixteen drafts wait at most; one more is refused before it is signed"""
    usa, _, files = watch(where)
    plain = usa.ask("officer", "key", "plain", "--out", where / "plain.key")
    usa.run("officer", "add", LINE, "1", "--name", "en=Ann", "--public", plain["public"])
    usa.run("officer", "use", LINE, "--as", "1", "--key", where / "plain.key")
    web = Web(usa)
    talk = up(web)
    for n in range(1, 17):
        said = talk.ask("draft-send", line=LINE, text=f"Number {n}.", status="test")
        check(said["ok"] and said["result"]["draft"] == n, said)
    fault(talk.ask("draft-send", line=LINE, text="Too many.", status="test"), "as many drafts")
    check(len(talk.ask("drafts")["drafts"]) == 16, "sixteen")
    check(talk.ask("drop", draft=9)["ok"], "one goes")
    check(talk.ask("draft-send", line=LINE, text="One more.", status="test")["ok"], "and one comes")
    talk.close()
    check([d["draft"] for d in up(web).ask("drafts")["drafts"]] ==
          [n for n in range(1, 18) if n != 9], "another console sees others")
    check(files[0].exists(), "a key went with a draft")
    web.stop()


if __name__ == "__main__":
    sys.exit(main(who_sits_here, two, leaving, house))
