# SPDX-License-Identifier: ISC
"""Officers log in at a console: who may try, what a failure tells, and whose the seat is then."""
import base64
import gzip
import json
import os
import sys
import time

from libline import main, station_down, station_up
from libordeal import check
from libwatch import ANN, BOB, LINE, door, fault, up, watch
from libweb import Seat, Web


def login(web, **keys):
    """What a stranger's try answers."""
    talk = web.talk("")
    check(talk.status == 101, "no talk for who logs in")
    said = talk.ask("login", **{"line": LINE, **keys})
    talk.close()
    return said


def cookie_of(web, said):
    page = os.urandom(32).hex()  # drawn by the page, which goes on where it is
    status, fields, _ = web.get(f"/?key={said['key']}&page={page}")
    check(status == 303 and "Secure" in fields["set-cookie"], fields)
    check(Seat(fields).page == page, "another word than the page's")
    return Seat(fields)


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
    acts = up(web)
    said = acts.ask("draft-send", line=LINE, text="Ours.", status="test", **ANN)
    talk = web.talk("")
    check(acts.ask("drop", draft=said["result"]["draft"])["ok"], "a draft of our own")
    check(not talk.ask("hello")["ok"] and not talk.events, "who has no seat is told of drafts")
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
    check(time.monotonic() - begun > 5.9, "failures are told at once")    # 2 s each
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
    check(talk.ask("log", line=LINE, last=1)["ok"], "it may not look")
    check(not talk.ask("init", party="x")["ok"], "it may set up")
    usa.run("officer", "use", LINE, "--forget", "2")
    fault(talk.ask("login", line=LINE, **BOB), "opens nothing")    # the home does not know the key
    key = base64.b64encode(files[1].read_bytes()).decode()
    said = talk.ask("login", line=LINE, key=key, **BOB)    # which its officer brings
    check(said["ok"] and "key" not in said and talk.ask("seat")["as"] == {LINE: 2}, said)
    said = talk.ask("send", passphrase=BOB["passphrase"], key=key, **dict(text, text="By Bob."))
    check(said["ok"] and said["result"]["officer"] == 2, said)
    late = dict(text, text="By nobody.", **{"as": "3"})    # whose key is under no passphrase
    usa.run("officer", "use", LINE, "--as", "3", "--key", where / "open.key")
    talk.socket.sendall(b"".join(
        talk.framed(1, json.dumps({"id": 9000 + n, **said}).encode())
        for n, said in enumerate(({"do": "leave"}, {"do": "send", **late}))))
    try:
        while talk.read():
            pass
    except EOFError:
        pass
    check(b"login.js" in gzip.decompress(web.get("/", Cookie=cookie)[2]), "who left sits there")
    acts = up(web)
    check(acts.ask("send", **dict(text, text="After it."), **ANN)["ok"], "nobody may act")
    said = [e["message"]["text"] for e in acts.ask("log", line=LINE, last=9)["entries"]
            if e["kind"] == "message"]
    check(said == ["By Ann.", "By Bob.", "After it."], said)    # with its seat its rights went
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


if __name__ == "__main__":
    sys.exit(main(strangers, right_and_wrong, alone))
