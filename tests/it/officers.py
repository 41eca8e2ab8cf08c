#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Officers: rosters both ways, signed words, the watch; a station without its officers' keys."""
import base64
import json
import subprocess
import sys

from libline import SRC, Control, Failure, connected, main, station_down
from libscreen import Terminal

VERIFIER = SRC / "tools/verify_export.py"


def check(condition, what):
    if not condition:
        raise Failure(what)


def entries(party):
    """The record as `log` prints it."""
    said = [json.loads(text) for text in
            party.run("log", "hotline", "--json").stdout.decode().splitlines()]
    return said[:-1]


def settled(parties):
    """Waits until every party holds what every other has said by now."""
    for party in parties:
        theirs = {(e["log"], e["index"]) for other in parties for e in entries(other)
                  if e["author"] == other.name}
        with Control(party.home) as client:
            client.ask("subscribe", line="hotline", cursor=0)
            while theirs:
                event = client.event("entry")
                theirs.discard((event["log"], event["index"]))


def verified(party, name, where):
    """Exports the line and has a stranger check it; what it says."""
    target = where / f"{name}.{party.name}"
    party.run("export", "hotline", target, "--yes")
    done = subprocess.run([sys.executable, VERIFIER, target], capture_output=True, check=False)
    check(done.returncode == 0, done.stdout.decode() + done.stderr.decode())
    return done.stdout.decode()


def make_key(party, where, name, passphrase=None):
    """An officer's key file and its public half."""
    file = where / f"{party.name}.{name}.key"
    options, fds = [], ()
    if passphrase:
        options, fds = ["--passphrase-fd", str(passphrase)], (passphrase,)
    said = party.ask("officer", "key", name, "--out", file, *options, pass_fds=fds)
    check(said["sealed"] == bool(passphrase), said)
    return file, said["public"]


def signed(party, entry):
    """What this side makes of the signs of an entry."""
    return next(e for e in entries(party) if e["entry"] == entry)["signed"]


def message(party, text, *options):
    return party.ask("send", "hotline", text, "--precedence", "immediate", *options)["entry"]


WANG = {"names": [["en", "Wang"], ["zh", "王伟"]], "titles": [["en", "Captain"], ["zh", "上校"]]}


def enrolled(parties, where):
    """Officer 1 of each, vouched for by identity.key; usa's 2 by 1. Returns key files."""
    usa, prc = parties
    files = {}
    for party, number, name in ((usa, 1, "smith"), (usa, 2, "jones"), (prc, 1, "wang")):
        file, public = make_key(party, where, name)
        files[name] = file
        by = ["--vouched-by", "1", "--key-of", files["smith"]] if number == 2 else []
        by += ["--name", "zh=王伟", "--title", "zh=上校"] if party == prc else []
        said = party.ask("officer", "add", "hotline", str(number), "--name", f"en={name.title()}",
                         "--title", "en=Captain", "--rung", "watch", "--public", public,
                         "--may-release", *(["--may-vouch"] if number == 1 else []), *by)
        check(said["vouched"], said)
    settled(parties)
    return files


def a_word_is_an_officers(where):
    """Rosters both ways; a signed message is the officer's word on both sides and to a stranger"""
    parties = connected(where)
    usa, prc = parties
    files = enrolled(parties, where)
    plain = message(usa, "The station says so.")
    first = message(usa, "Is it yours?", "--as", "1", "--key", files["smith"])
    settled(parties)
    answer = message(prc, "It is.", "--as", "1", "--key", files["wang"], "--ref", first)
    usa.run("officer", "use", "hotline", "--as", "2", "--key", files["jones"])
    parts = usa.ask("send", "hotline", "\n".join(str(n * n * 7919) for n in range(900)),
                    "--ref", answer)
    usa.run("officer", "use", "hotline", "--nobody")
    settled(parties)
    ack = prc.ask("ack", "hotline", first, "--as", "1", "--key", files["wang"])["entry"]
    settled(parties)
    for party in parties:
        check(signed(party, plain) == [], signed(party, plain))
        for entry, number, name in ((first, 1, "Smith"), (answer, 1, "Wang"), (ack, 1, "Wang"),
                                    *((p["entry"], 2, "Jones") for p in parts["parts"])):
            sign, = signed(party, entry)
            check(sign["valid"] and sign["vouched"] and sign["officer"] == number
                  and sign["name"] == name and sign["title"] == "Captain", (entry, sign))
            check({key: sign.get(key) for key in WANG} ==
                  (WANG if name == "Wang" else dict.fromkeys(WANG)), sign)
        text = party.run("log", "hotline").stdout.decode()
        check("SIGNED by officer 1, Captain Wang" in text, text)
        check("the station's word: no officer has signed it" in text, text)
    listed = prc.ask("officer", "list", "hotline")["officers"]
    check(listed["usa"]["2"]["vouched_by"] == 1 and listed["usa"]["2"]["vouched"]
          and listed["prc"]["1"]["names"] == WANG["names"], listed)
    for party in parties:
        check("signed as" not in verified(party, "officers", where), "a false sign")


def follower_is_told(where):
    """Whose word it is stands in the events of a subscription"""
    parties = connected(where)
    usa, prc = parties
    files = enrolled(parties, where)
    with Control(prc.home) as client:
        client.ask("subscribe", line="hotline", cursor=0)
        client.event("live")
        entry = message(usa, "Is it yours?", "--as", "1", "--key", files["smith"])
        while (event := client.event("entry"))["entry"] != entry:
            pass
        check(event["signed"][0]["valid"] and event["signed"][0]["name"] == "Smith", event)


def long_record(where):
    """Of a line of more than 1,000 entries no view is built for an event: log tells"""
    parties = connected(where)
    usa, prc = parties
    files = enrolled(parties, where)
    with Control(usa.home) as client:
        body = "hAMBAIIAbElzIGl0IHlvdXJzPw=="
        client.socket.sendall(b"".join(json.dumps(
            {"id": n, "do": "submit", "line": "hotline", "item": f"{n:012x}", "body": body}
        ).encode() + b"\n" for n in range(1, 1001)))
        for _ in range(1000):
            reply = json.loads(client.line())
            check(reply["ok"], reply)
    with Control(usa.home) as client:
        client.ask("subscribe", line="hotline",
                   cursor=client.ask("position", line="hotline")["position"])
        client.event("live")
        entry = message(usa, "Is it yours?", "--as", "1", "--key", files["smith"])
        while (event := client.event("entry"))["entry"] != entry:
            pass
        check(event["signed"] is None, event)
        told, = client.ask("log", line="hotline", entry=entry)["entries"]
        check(told["signed"][0]["valid"] and told["signed"][0]["name"] == "Smith", told)


def the_watch(where):
    """A watch taken under the officer's sign, and one that the station claims"""
    parties = connected(where)
    usa, prc = parties
    files = enrolled(parties, where)
    said = usa.ask("handover", "hotline", "--to", "1", "--as", "1", "--key", files["smith"])
    check(said["taken"] and said["from"] == 0, said)
    said = usa.ask("handover", "hotline", "--to", "2", "--text", "all quiet")
    check(not said["taken"] and said["from"] == 1, said)
    prc.run("handover", "hotline", "--to", "1", "--as", "1", "--key", files["wang"])
    settled(parties)
    for party in parties:
        watch = party.ask("officer", "list", "hotline")["watch"]
        check(watch["usa"]["officer"] == 2 and not watch["usa"]["taken"], watch)
        check(watch["prc"]["officer"] == 1 and watch["prc"]["taken"], watch)
        shown = {}
        while not shown or None in [w["taken"] for w in shown.values()]:  # it is judged with rests
            shown = party.ask("status", "hotline")["lines"][0]["watch"]
        for name in watch:
            check({key: shown[name][key] for key in watch[name] if key != "text"} ==
                  {key: watch[name][key] for key in watch[name] if key != "text"}, (watch, shown))
        check(shown["prc"]["name"] == "Wang" and shown["prc"]["vouched"], shown)
        check({key: shown["prc"][key] for key in WANG} == WANG, shown)
        told = party.run("status").stdout.decode()
        check("usa          officer 2 has the watch since " in told and
              "prc          officer 1, Captain Wang, has the watch since " in told, told)
        check(told.count(": the station's claim") == 1, told)
    t = Terminal("watch", home=usa.home)
    t.wait("prc .*on watch: officer 1 Wang")
    t.press("q")
    check(t.end() == 0, "q")
    usa.run("handover", "hotline", "--nobody")
    check("usa          NOBODY has the watch since " in usa.run("status").stdout.decode(), "nobody")
    usa.refused("handover", "hotline", "--to", "9", says=["there is no officer 9"])


def the_station_is_strict(where):
    """A sign that does not verify, by nobody, or by who has left, is refused"""
    parties = connected(where)
    usa, _ = parties
    files = enrolled(parties, where)
    send = ("send", "hotline", "Is it yours?", "--as")
    usa.refused(*send, "2", "--key", files["smith"], says=["does not verify"])
    usa.refused(*send, "7", "--key", files["smith"], says=["nobody of this party is officer 7"])
    usa.refused(*send, "1", "--key", files["wang"], says=["is the key of an officer of prc"])
    usa.refused(*send, "1", "--key", usa.home / "identity.key", says=["is no officer's key"])
    usa.refused("send", "hotline", "x", "--as", "1", says=["the key of officer 1 is has not been"])
    usa.refused("send", "hotline", "x", "--key", files["smith"], code=2, says=["goes with --as"])
    usa.run("officer", "remove", "hotline", "2")
    usa.refused(*send, "2", "--key", files["jones"], says=["officer 2 has left"])
    settled(parties)
    listed = parties[1].ask("officer", "list", "hotline")["officers"]["usa"]["2"]
    check(listed["left"], listed)
    with Control(usa.home) as client:    # a sign of another text
        body = base64.b64encode(bytes.fromhex("840100008200") + b"\x62no").decode()
        sign = base64.b64encode(bytes([0, 1]) + bytes(8) + bytes(64)).decode()
        number = client.send("submit", line="hotline", body=body, item="00112233aabb", read=0,
                             signs=sign)
        reply = client.reply(number)
        check(not reply["ok"] and reply["error"]["code"] == "OL_EAUTH", reply)


def a_stolen_station(where):
    """Whoever has the station and no officer's key speaks as the station alone"""
    parties = connected(where)
    usa, prc = parties
    enrolled(parties, where)
    (usa.home / "identity.key").unlink()
    thief, public = make_key(usa, where, "thief")
    said = usa.ask("officer", "add", "hotline", "1", "--name", "en=Smith", "--public", public)
    check(not said["vouched"], said)
    said = usa.ask("officer", "add", "hotline", "9", "--name", "en=Admiral", "--public",
                   public, "--may-release", "--may-vouch")
    usa.refused("send", "hotline", "All is well.", "--as", "1", "--key", thief,
                says=["does not verify"])
    claimed = message(usa, "All is well.", "--as", "9", "--key", thief)
    plain = message(usa, "All is well, says the station.")
    settled(parties)
    sign, = signed(prc, claimed)
    check(sign["valid"] and not sign["vouched"], sign)
    check(signed(prc, plain) == [], "a word of nobody")
    listed = prc.ask("officer", "list", "hotline")["officers"]["usa"]
    check(listed["1"]["vouched"] and not listed["9"]["vouched"], listed)
    text = prc.run("log", "hotline").stdout.decode()
    check("officer 9, Admiral (by the station's claim)" in text, text)
    check("who is vouched for, what nobody vouches for" in
          verified(prc, "stolen", where), "the claim is not named")


def two_release(where):
    """What the charter asks two for goes out under two signs, and under no fewer"""
    parties = connected(where, settings=["release.two=flash immediate"])
    usa, prc = parties
    files = enrolled(parties, where)
    one = ("--as", "1", "--key", files["smith"])
    other = ("--as", "2", "--key", files["jones"])
    send = ("send", "hotline", "Is it yours?", "--precedence", "flash")
    usa.refused(*send, says=["two officers who may release it, and 0 have signed"])
    usa.refused(*send, *one, says=["two officers who may release it, and 1 has signed"])
    usa.run(*send, "--status", "test")
    usa.run("send", "hotline", "No hurry.")
    usa.refused(*send, "--draft", where / "draft", says=["needs an officer who signs it"])
    check(usa.ask("status", "hotline")["lines"][0]["release_two"] == ["flash", "immediate"], "two")
    said = usa.ask(*send, *one, "--draft", where / "draft", "--subject", "Object")
    check(said["officer"] == 1 and said["kind"] == "message" and said["message"] == {
        "precedence": "flash", "status": "operational", "to": "watch", "subject": "Object",
        "text": "Is it yours?"}, said)
    said = usa.ask("send", "hotline", "It is not.", "--status", "exercise", "--to", "watch",
                   "--draft", where / "about", "--action", "prc", "--ask-readback", *one)
    check(said["message"] == {
        "precedence": "routine", "status": "exercise", "to": "watch", "asks": "readback",
        "action": ["prc"], "text": "It is not."} and said["written"] > 10 ** 9, said)
    usa.refused("release", where / "draft", *one, "--yes", says=["officer 1 signs twice"])
    usa.refused("release", where / "draft", *other, says=["nobody has confirmed it"])
    sent = usa.ask("release", where / "draft", *other, "--yes")["entry"]
    settled(parties)
    signs = signed(prc, sent)
    check([s["officer"] for s in signs] == [1, 2] and all(s["valid"] for s in signs), signs)
    call = ("call", "hotline", "watch", "--precedence", "flash", "--status", "exercise",
            "--reason", "An object.")
    usa.refused(*call, *one, says=["two officers who may release it, and 1 has signed"])
    usa.refused(*call, *one, "--draft", where / "call", "--wait", code=2, says=["--wait"])
    said = usa.ask(*call, *one, "--again", sent, "--draft", where / "again")
    ref = said["call"].pop("ref")
    check(sent.startswith(ref[:15]) and ref.endswith(sent[15:]), (ref, sent))
    check(said["kind"] == "call" and said["call"] == {
        "precedence": "flash", "status": "exercise", "purpose": "text", "rung": "watch",
        "text": "An object."}, said)
    said = usa.run(*call, *one, "--draft", where / "call").stdout.decode()
    check("to be released by another officer" in said, said)
    told = usa.run("release", where / "call", *other, "--yes").stdout.decode()
    check(told.endswith(" placed, EXERCISE\n"), told)
    placed = told.split()[0]
    settled(parties)
    signs = signed(prc, placed)
    check([s["officer"] for s in signs] == [1, 2] and all(s["valid"] for s in signs), signs)
    prc.run("answer", "hotline", placed)
    shown = usa.run("calls", "hotline").stdout.decode()
    check("EXERCISE CALL " + placed in shown, shown)
    usa.run(*send, *one, "--draft", where / "asked", "--status", "exercise", "--anyway")
    for answer, code in (("no", 1), ("yes", 0)):
        t = Terminal("release", where / "asked", *other, home=usa.home)
        t.wait("EXERCISE FLASH on line hotline, drafted by officer 1")
        t.wait("type yes to release it:")
        t.press(answer + "\r")
        check(t.gone() == code, answer)
    check(t.wait("queued, EXERCISE") >= 0, t.text())
    settled(parties)
    said = verified(prc, "two", where)
    check("was to be released" not in said, said)


def sealed_key(where):
    """A key under a passphrase signs with it, and not without"""
    parties = connected(where)
    usa, _ = parties
    secret = where / "passphrase"
    secret.write_text("correct horse\n", encoding="utf-8")
    with open(secret, "rb") as stream:
        file, public = make_key(usa, where, "smith", stream.fileno())
    usa.run("officer", "add", "hotline", "1", "--name", "en=Smith", "--public", public)
    send = ("send", "hotline", "Is it yours?", "--as", "1", "--key", file)
    with open(secret, "rb") as stream:
        fd = stream.fileno()
        usa.run(*send, "--passphrase-fd", str(fd), pass_fds=(fd,))
    secret.write_text("wrong horse\n", encoding="utf-8")
    with open(secret, "rb") as stream:
        fd = stream.fileno()
        usa.refused(*send, "--passphrase-fd", str(fd), pass_fds=(fd,),
                    says=["does not open"])
    usa.refused(*send, says=["is under a passphrase"])


def several(where):
    """Keys of several officers are remembered; one is the default, the others go by number alone"""
    parties = connected(where)
    usa, prc = parties
    files = enrolled(parties, where)
    use, kept = ("officer", "use", "hotline"), usa.home / "lines/hotline/officer"
    usa.refused(*use, "--as", "1", says=["has not been said"])
    usa.run(*use, "--as", "1", "--key", files["smith"])
    check(kept.read_text() == f"openline officer v1\nas = 1\nkey = {files['smith']}\n",
          kept.read_text())
    said = usa.ask(*use, "--as", "2", "--key", files["jones"])
    both = [{"officer": 1, "key": str(files["smith"])}, {"officer": 2, "key": str(files["jones"])}]
    check(said["officer"] == 2 and said["officers"] == both, said)
    told = usa.run(*use).stdout.decode()
    check("officer 1 has a key in" in told and "officer 2 signs with" in told, told)
    words = [message(usa, "The default's.", "--anyway"),
             message(usa, "The other's.", "--as", "1", "--anyway")]
    usa.run(*use, "--as", "1")
    words.append(message(usa, "Now the default's.", "--anyway"))
    said = usa.ask(*use, "--nobody")
    check(said["officer"] is None and len(said["officers"]) == 2, said)
    words.append(message(usa, "The station's.", "--anyway"))
    words.append(message(usa, "Not the station's.", "--as", "2", "--anyway"))
    settled(parties)
    signers = [[s["officer"] for s in signed(prc, word)] for word in words]
    check(signers == [[2], [1], [1], [], [2]], signers)
    usa.refused(*use, "--forget", "9", says=["has not been said"])
    usa.refused(*use, "--forget", "1", "--nobody", code=2, says=["stand alone"])
    check(usa.ask(*use, "--forget", "1")["officers"] == both[1:], "one was forgotten")
    usa.refused("send", "hotline", "x", "--as", "1", says=["has not been said"])
    usa.run(*use, "--forget", "2")
    check(not kept.exists(), "a file that says nothing")
    for n in range(1, 33):
        usa.run(*use, "--as", str(n), "--key", files["smith"])
    usa.refused(*use, "--as", "33", "--key", files["smith"], says=["32 officers are known"])
    check(len(usa.ask(*use)["officers"]) == 32, "not all are kept")
    for text in ("as = 1\n", "as = 1\nkey = /a\n[x]\nkey = /b\n", "[1]\n[2]\nkey = /b\n",
                 "[1]\n", "as = 0\nkey = /a\n", "[1]\nas = 1\n", "[2]\nkey = /a\ncolour = red\n"):
        kept.write_text("openline officer v1\n" + text)
        usa.refused(*use, says=["lines/hotline/officer"])


def is_it_right(where):
    """officer check: whether the key opens and is the one on the roster; nothing is signed"""
    parties = connected(where)
    usa, _ = parties
    files = enrolled(parties, where)
    ask = ("officer", "check", "hotline")
    usa.refused(*ask, code=2, says=["--as N says who"])
    before = len(entries(usa))
    said = usa.ask(*ask, "--as", "1", "--key", files["smith"])
    check(said["officer"] == 1 and said["name"] == "Smith" and said["title"] == "Captain"
          and said["vouched"] and said["may_release"] and said["rung"] == "watch", said)
    usa.run("officer", "use", "hotline", "--as", "2", "--key", files["jones"])
    told = usa.run(*ask).stdout.decode()
    check(told == "this is the key of officer 2, Captain Jones\n", told)
    usa.refused(*ask, "--as", "1", "--key", files["jones"], says=["not the key of officer 1"])
    usa.refused(*ask, "--as", "7", "--key", files["jones"], says=["nobody of this party is"])
    usa.refused("officer", "check", "nowhere", "--as", "1", says=["has joined no line"])
    usa.run("officer", "remove", "hotline", "2")
    usa.refused(*ask, says=["officer 2 has left"])
    check(len(entries(usa)) == before + 1, "it was said on the line")
    with open(where / "secret", "w+b") as stream:
        stream.write(b"correct horse\n")
        stream.seek(0)
        file, public = make_key(usa, where, "sealed", stream.fileno())
    usa.run("officer", "add", "hotline", "3", "--name", "en=Sealed", "--public", public)
    for word, right in ((b"correct horse", True), (b"wrong horse", False)):
        (where / "secret").write_bytes(word)
        with open(where / "secret", "rb") as stream:
            fd = stream.fileno()
            done = usa.run(*ask, "--as", "3", "--key", file, "--passphrase-fd", str(fd),
                           pass_fds=(fd,), expect=0 if right else 1)
            check(right or b"does not open" in done.stderr, done)
    station_down(usa)
    usa.refused(*ask, "--as", "1", "--key", files["smith"], says=["no station runs"])


if __name__ == "__main__":
    main(several, is_it_right, a_word_is_an_officers, follower_is_told, long_record, the_watch,
         the_station_is_strict, a_stolen_station, two_release, sealed_key)
