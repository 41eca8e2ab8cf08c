# SPDX-License-Identifier: ISC
"""Officers at a console: who signs what is done there, and drafts that a second one releases."""
import base64
import gzip
import json
import os
import sys
import time

from libline import connected, main, station_down, station_up
from libordeal import check
from libweb import Web, self_signed

LINE = "hotline"


def enrol(party, where, number, name, passphrase):
    """An officer on the roster whose key is under a passphrase and known to the home; its file."""
    out, give = os.pipe()
    os.write(give, passphrase.encode())
    os.close(give)
    file = where / f"{name}.key"
    made = party.ask("officer", "key", name, "--out", file, "--passphrase-fd", out, pass_fds=(out,))
    os.close(out)
    party.run("officer", "add", LINE, str(number), "--name", f"en={name.title()}", "--title",
              "en=Captain", "--rung", "watch", "--public", made["public"], "--may-release")
    party.run("officer", "use", LINE, "--as", str(number), "--key", file)
    return file


ANN = {"as": "1", "passphrase": "correct horse"}
BOB = {"as": "2", "passphrase": "battery staple"}


def watch(where, *settings):
    """A line whose usa has two officers, and their keys."""
    usa, prc = connected(where, settings=settings)
    return usa, prc, [enrol(usa, where, 1, "ann", ANN["passphrase"]),
                      enrol(usa, where, 2, "bob", BOB["passphrase"])]


def up(web, kind="acts"):
    talk = web.talk(web.seat(kind))
    talk.event(event="station", up=True)
    return talk


def fault(said, *parts):
    told = said.get("error", {}).get("what", "") + "; " + said.get("error", {}).get("do", "")
    check(not said["ok"] and all(part in told for part in parts), said)


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
    for talk in (other, looks):
        check(talk.event(event="draft", state="waits")["draft"] == number, "it is not told")
        waits, = talk.ask("drafts")["drafts"]
        check(waits["line"] == LINE and waits["officer"] == 1 and waits["message"] == {
            "precedence": "flash", "status": "operational", "to": "watch", "subject": "Object",
            "text": "Is it yours?"} and set(waits) == {"draft", "line", "kind", "officer",
                                                       "written", "message"}, waits)
    fault(looks.ask("release", draft=number, **BOB), "only looks on")
    fault(looks.ask("drop", draft=number), "only looks on")
    fault(one.ask("release", draft=number, **ANN), "officer 1 signs twice")
    fault(other.ask("release", draft=number, **dict(BOB, passphrase="x")), "does not open")
    fault(other.ask("release", draft="eA==", **BOB), "released or dropped")
    fault(other.ask("release", draft=2, **BOB), "released or dropped")
    said = other.ask("release", draft=number, **BOB)
    check(said["ok"], said)
    for talk in (one, other, looks):
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


def door(where, party):
    """openline-web over TLS, where officers log in."""
    key, cert, context = self_signed(where)
    return Web(party, "--listen", "127.0.0.1", "--cert", cert, "--key", key, context=context)


def login(web, **keys):
    """What a stranger's try answers."""
    talk = web.talk("")
    check(talk.status == 101, "no talk for who logs in")
    said = talk.ask("login", **{"line": LINE, **keys})
    talk.close()
    return said


def cookie_of(web, said):
    status, fields, _ = web.get("/?key=" + said["key"])
    check(status == 303 and "Secure" in fields["set-cookie"], fields)
    return fields["set-cookie"].split(";")[0]


def strangers(where):
    """without a seat: the page to log in and what it is made of, and a talk for that alone"""
    usa, _, _ = watch(where)
    plain = Web(usa)
    check(plain.get("/")[0] == 403 and plain.talk("").status == 403, "a login without TLS")
    plain.stop()
    web = door(where, usa)
    for path in ("/", "/login.js", "/style.css", "/officer.css", "/words.js", "/words/zh.json"):
        check(web.get(path)[0] == 200, path)
    for path in ("/index.html", "/app.js", "/officer.js", "/proof.js", "/setup.js", "/nothing"):
        check(web.get(path)[0] in (403, 404), path)
    check(gzip.decompress(web.get("/")[2]).count(b"login.js") == 1, "another page")
    check(web.get("/", Sec_Fetch_Site="cross-site")[0] == 403, "another site's page")
    check(web.talk("", Origin="https://evil.example").status == 403, "another origin")
    talk = web.talk("")
    for do in ("hello", "status", "log", "send", "seat", "drafts", "leave", "check", "signers",
               "release", "drop", "subscribe", "init", "start"):
        said = talk.ask(do, line=LINE)
        check(not said["ok"] and said["error"]["code"] == "OL_EAUTH", (do, said))
    check(not talk.events, "who has no seat is told things")
    for bad in ({"as": "1"}, {"as": "0", "passphrase": "x"}, {"as": 1, "passphrase": "x"},
                {"as": "1", "passphrase": ""}, {"as": "1", "passphrase": "x" * 1025},
                {"as": "1", "passphrase": "x", "key": "!"}, {"as": "1", "passphrase": ["x"]},
                {"as": "1", "passphrase": "x", "line": 7}):
        fault(login(web, **bad), "this is no login")
    hungry = (b"openline secret v1\n[officer]\nparty = usa\nkdf = argon2id\npasses = 3\n"
              b"memory = 1048576\nsalt = 00\n")
    fault(login(web, key=base64.b64encode(hungry).decode(), **ANN), "this is no login")
    again = web.talk("")
    check(not again.ask("login", line=LINE)["ok"], "no login")
    said = again.ask("login", line=LINE, **ANN)    # one try a talk
    check(said["error"]["code"] == "OL_EAUTH", said)
    web.refused("a request of nobody's")
    web.stop()


def right_and_wrong(where):
    """who logs in sits there as that officer and nobody else; failures are all alike and wait"""
    usa, _, files = watch(where)
    made = usa.ask("officer", "key", "open", "--out", where / "open.key")
    usa.run("officer", "add", LINE, "3", "--name", "en=Open", "--public", made["public"])
    usa.run("officer", "use", LINE, "--as", "3", "--key", where / "open.key")
    web = door(where, usa)
    begun, answers = time.monotonic(), []
    for keys in (dict(ANN, passphrase="wrong"), dict(ANN, **{"as": "9"}),
                 {"as": "3", "passphrase": "anything"}):    # its key is under none
        said = login(web, **keys)
        answers.append((said["ok"], json.dumps(said["error"])))
    check(len(set(answers)) == 1 and not answers[0][0], answers)
    check(time.monotonic() - begun > 5.9, "failures are told at once")    # 2 s each, whatever it was
    web.refused("a login that failed")
    said = login(web, **ANN)
    check(said["ok"] and said["result"]["name"] == "Ann", said)
    cookie = cookie_of(web, said)
    check(web.get("/?key=" + said["key"])[0] == 403, "a key twice")
    with web.told:
        check(any("officer 1 of line hotline has logged in" in s for s in web.said), web.said)
    talk = web.talk(cookie)
    talk.event(event="station", up=True)
    seat = talk.ask("seat")
    check(seat["acts"] and seat["login"] and seat["as"] == {LINE: 1} and not seat["sets"], seat)
    text = {"line": LINE, "text": "By Ann.", "status": "test"}
    said = talk.ask("send", passphrase=ANN["passphrase"], **text)
    check(said["ok"] and said["result"]["officer"] == 1, said)
    fault(talk.ask("send", **text), "under a passphrase")
    fault(talk.ask("send", **text, **BOB), "not logged in as that officer")
    fault(talk.ask("send", **dict(text, line="other"), **ANN), "not logged in")
    fault(talk.ask("copy-ack", line="other"), "not logged in")
    check(talk.ask("log", line=LINE, last=1)["ok"] and not talk.ask("init", party="x")["ok"], "more")
    usa.run("officer", "use", LINE, "--forget", "2")
    fault(talk.ask("login", line=LINE, **BOB), "opens nothing")    # the home does not know the key
    key = base64.b64encode(files[1].read_bytes()).decode()
    said = talk.ask("login", line=LINE, key=key, **BOB)    # which its officer brings
    check(said["ok"] and "key" not in said and talk.ask("seat")["as"] == {LINE: 2}, said)
    said = talk.ask("send", passphrase=BOB["passphrase"], key=key, **dict(text, text="By Bob."))
    check(said["ok"] and said["result"]["officer"] == 2, said)
    check(talk.ask("leave")["ok"] and b"login.js" in gzip.decompress(
        web.get("/", Cookie=cookie)[2]), "who left sits there")
    web.stop()


def alone(where):
    """a printed seat does not log in; without a station nobody does, and nobody has failed"""
    usa, _, _ = watch(where)
    web = door(where, usa)
    talk = web.talk(web.seat())
    talk.event(event="station", up=True)
    fault(talk.ask("login", line=LINE, **ANN), "no such request")
    station_down(usa)
    fault(login(web, **ANN), "the station does not run")
    station_up(usa)
    check(login(web, **ANN)["ok"], "it waits for what was nobody's fault")
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
    main(who_sits_here, two, leaving, house, strangers, right_and_wrong, alone)
