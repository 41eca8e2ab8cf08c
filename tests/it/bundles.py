#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""What a courier carries: sealed files, made, brought in any order, taken once."""
import json
import random
import shutil

import libline as it
from liblinkem import Linkem


def apart(where, names=("usa", "prc"), line="hotline"):
    """Parties whose stations run and know each other, and have no path any more."""
    parties = it.connected(where, names, line)
    for party in parties:
        party.run("send", line, f"{party.name} was here.", "--anyway", "--wait", "stored")
    for party in parties:
        it.station_down(party)
        (party.home / "config").write_text(f"[port main]\nurl = udp://127.0.0.1:"
                                           f"{it.free_udp_ports(1)[0]}\n")
    for party in parties:
        it.station_up(party)
    return parties


def make(party, other, to, *options, line="hotline"):
    to.mkdir(exist_ok=True)
    return party.ask("bundle", "make", line, other.name, *options, to)["bundles"]


def take(party, *what, expect=0):
    """What came of each file, by its name; and the last word."""
    said = [json.loads(line) for line in
            party.run("bundle", "take", "--json", *what, expect=expect).stdout.splitlines()]
    return {one["file"].rsplit("/", 1)[-1]: one for one in said[:-1]}, said[-1]


def texts(party, line="hotline"):
    said = [json.loads(text) for text in party.run("log", line, "--json").stdout.splitlines()]
    return [one["message"]["text"] for one in said if one.get("kind") == "message"
            and not one["message"]["text"].endswith("was here.")]


def sent(party, line="hotline"):
    """The state of each message of ours by text, at the one other party."""
    said = [json.loads(text) for text in party.run("log", line, "--json").stdout.splitlines()]
    return {one["message"]["text"]: list(one["states"].values())[0] for one in said
            if one.get("kind") == "message" and one["author"] == party.name}


def check(is_so, what):
    if not is_so:
        raise it.Failure(what)


def any_order(where):
    """An outbox brought in the wrong order, twice, with a damaged and a foreign file."""
    usa, prc = apart(where)
    (where / "other").mkdir()
    swi, nor = apart(where / "other", ("swi", "nor"), "otherline")
    box = where / "box"
    count = 6
    for i in range(count):  # a bundle of its own for each, of what is new: nobody answers
        usa.run("send", "hotline", f"Message {i}: " + "word " * i, "--precedence",
                "immediate" if i % 2 else "routine", "--anyway")
        make(usa, prc, where / f"box{i}")
    box.mkdir()
    names = []
    for i in range(count):
        for file in (where / f"box{i}").iterdir():
            shutil.copyfile(file, box / file.name)
            names.append(file.name)
    check(len(names) == count, f"{len(names)} bundles, not {count}")
    swi.run("send", "otherline", "Not for you.")
    foreign = make(swi, nor, where / "foreign", line="otherline")[0]["file"]
    shutil.copyfile(where / "foreign" / foreign, box / foreign)
    damaged = bytearray((box / names[-1]).read_bytes())
    damaged[len(damaged) // 2] ^= 1
    (box / "damaged.olb").write_bytes(damaged)
    (box / "notes.txt").write_text("not one of them")
    before = {file.name: file.read_bytes() for file in box.iterdir()}

    files = list(box.glob("*.olb"))
    random.Random(7).shuffle(files)
    said, last = take(prc, *files, expect=1)
    check(not last["ok"] and "2 of 8 files" in last["error"]["what"], last)
    check({name: said[name]["error"]["code"] for name in said if said[name]["state"] == "refused"}
          == {foreign: "OL_ENOENT", "damaged.olb": "OL_EAUTH"}, said)
    # each holds all that prc is not known to have: so the first brings one message, and so on
    check([said[name]["state"] for name in names] == ["taken"] * count, said)
    check(sum(said[name]["entries"] for name in names) == count + 1, said)  # and an opening
    check(sorted(texts(prc)) == sorted(texts(usa)) and len(texts(prc)) == count, texts(prc))
    check({file.name: file.read_bytes() for file in box.iterdir()} == before, "files were changed")

    said, last = take(prc, box, expect=1)  # twice, the whole directory
    check([said[name]["state"] for name in names] == ["had"] * count, said)
    check(len(texts(prc)) == count, "taken twice")
    usa_own, last = take(usa, box / names[0], expect=1)
    check(usa_own[names[0]]["error"]["code"] == "OL_EEXIST", usa_own)
    check(usa_own[names[0]]["error"]["do"] == "bring it to them", usa_own)
    check(last["error"]["do"] == "do what is said with each", last)  # that alone: none was taken

    # backwards, one by one, by somebody who has none of it
    back = make(prc, usa, where / "back")
    check(len(back) == 1 and back[0]["receipts"] == 2, back)
    said, _ = take(usa, where / "back")
    check(said[back[0]["file"]]["receipts"] == 2, said)
    check(all(state["state"] == "stored" for state in sent(usa).values()), sent(usa))
    check(make(usa, prc, where / "none") == [], "there is something left to say")


def small(where):
    """--max 340: several bundles, none longer, all of it arrives in whatever order they come."""
    usa, prc = apart(where)
    long = "The vessel has left the area. " + " ".join(f"{7919 * i % 100003}" for i in range(330))
    for text in ("First.", long, "Last."):
        usa.run("send", "hotline", text, "--precedence", "priority", "--anyway")
    made = make(usa, prc, where / "box", "--max", "340")
    check(len(made) > 4 and all(one["bytes"] <= 340 for one in made), made)
    check(all((where / "box" / one["file"]).stat().st_size == one["bytes"] for one in made), made)
    shown = usa.refused("bundle", "show", where / "box" / made[0]["file"], says="for prc")
    check(shown["code"] == "OL_EEXIST", shown)
    shown = prc.ask("bundle", "show", where / "box" / made[0]["file"])
    check(shown["party"] == "usa" and shown["counter"] == made[0]["counter"], shown)
    check(shown["items"][0]["what"] == "entries" and texts(prc) == [], shown)
    first = [where / "box" / made[i]["file"] for i in range(2)]
    said, _ = take(prc, first[0])  # alone it is of use
    check(said[made[0]["file"]]["state"] == "taken", said)
    rest = [where / "box" / one["file"] for one in reversed(made[1:])]
    said, _ = take(prc, *rest)
    check(texts(prc) == ["First.", long, "Last."], said)
    usa.refused("bundle", "make", "hotline", "prc", "--max", "100", where / "box", code=2,
                says="200")


def receipt_by_courier(where):
    """By UDP a message goes out, the path dies before the receipt, and that comes in a bundle."""
    usa, prc = it.found(where)
    ports = it.free_udp_ports(4)
    link = Linkem({"p0": f"udp:127.0.0.1:{ports[0]},127.0.0.1:{ports[1]}"})
    usa.run("port", "add", f"udp://127.0.0.1:{ports[0]}")
    prc.run("port", "add", f"udp://127.0.0.1:{ports[1]}")
    usa.run("bearer", "add", "hotline", "prc", f"udp://{link.face['p0']}")
    prc.run("bearer", "add", "hotline", "usa", f"udp://{link.face['p0', 'b']}")
    for party in (usa, prc):
        it.station_up(party)
    usa.run("send", "hotline", "Before.", "--anyway", "--wait", "stored")
    prc.run("send", "hotline", "Before, too.", "--anyway", "--wait", "stored")
    link.say("p0/ba cut")  # from now on nothing of prc's arrives
    with it.Control(prc.home) as client:
        client.ask("subscribe", line="hotline", cursor=client.ask("position",
                                                                  line="hotline")["position"])
        usa.run("send", "hotline", "Is it yours?", "--precedence", "flash")
        client.event("entry", kind="message")
        while "cursor" not in client.event("receipt", party="prc"):
            pass
    link.say("p0 cut")
    state = sent(usa)["Is it yours?"]
    check(state["state"] == "sent" and sent(usa)["Before."]["by"] == "udp/0", sent(usa))
    made = make(prc, usa, where / "bag")
    said, _ = take(usa, where / "bag")
    check(said[made[0]["file"]]["receipts"] == 1, said)

    def is_told():
        state = sent(usa)["Is it yours?"]
        check(state["state"] == "stored" and state["by"] == "bundle", state)
        text = usa.run("log", "hotline").stdout.decode()
        check("by a bundle" in text, text)

    is_told()
    it.station_down(usa)
    is_told()  # from its store
    it.station_up(usa)
    is_told()
    link.close()


def couriers(where, *bearers):
    """Two parties that were connected and have from now on nothing but these bearers."""
    usa, prc = it.connected(where)
    for party in (usa, prc):
        party.run("send", "hotline", f"{party.name} was here.", "--anyway", "--wait", "stored")
    for party, other, url in zip((usa, prc), (prc, usa), bearers):
        it.station_down(party)
        (party.home / "config").write_text(f"[port main]\nurl = udp://127.0.0.1:"
                                           f"{it.free_udp_ports(1)[0]}\n")
        party.run("bearer", "add", "hotline", other.name, url)
        it.station_up(party)
    return usa, prc


def await_text(client, party, text):
    while client.event("entry", kind="message")["author"] != "usa" or text not in texts(party):
        pass


def diode(where):
    """One way only: entries arrive, in taken/ lies what was taken, and the keys stay in step."""
    box = where / "box"
    box.mkdir()
    usa, prc = couriers(where, f"dir:{box}?every=1", f"dir:?in={box}&every=1")
    with it.Control(prc.home) as client:
        client.ask("subscribe", line="hotline", cursor=client.ask("position",
                                                                  line="hotline")["position"])
        for i in range(3):
            usa.run("send", "hotline", f"One way {i}.", "--anyway")
            await_text(client, prc, f"One way {i}.")
        with it.Control(usa.home) as other:
            epochs = [[one["epoch"] for one in
                       side.ask("status", line="hotline")["epochs"].values()]
                      for side in (client, other)]
        check(epochs[0] == epochs[1] == [0], epochs)
        # what is not for here is named and left alone; a stick that vanishes is told, nothing lost
        (box / "foreign.olb").write_bytes(bytes(range(200)))
        usa.run("send", "hotline", "Once more.", "--anyway")
        await_text(client, prc, "Once more.")
        said = client.ask("status", line="hotline")["couriers"][0]
        check(said["taken"] >= 3 and [one["file"] for one in said["refused"]] == ["foreign.olb"],
              said)
        check([file.name for file in box.glob("*.olb")] == ["foreign.olb"], list(box.iterdir()))
        box.rename(where / "gone")
        usa.run("send", "hotline", "Nobody there.", "--anyway")
        while not any("courier.fails" in line for line in usa.log):
            usa.run("status")
        (where / "gone").rename(box)
        await_text(client, prc, "Nobody there.")
    check(sent(usa)["One way 0."]["state"] == "sent", sent(usa))


def folder(where):
    """A folder that both use: messages and receipts, both ways."""
    box = where / "box"
    box.mkdir()
    usa, prc = couriers(where, *[f"dir:{box}?every=1"] * 2)
    usa.run("send", "hotline", "By the folder.", "--anyway", "--wait", "stored")
    check(sent(usa)["By the folder."]["by"] == "dir/0", sent(usa))
    prc.run("send", "hotline", "And back.", "--anyway", "--wait", "stored")
    check(texts(usa) == texts(prc) == ["By the folder.", "And back."], texts(usa))


def no_medium(where):
    """More waits than a file holds, and the medium is out: tried once in `every`, no sooner."""
    usa, prc = apart(where)
    for seed in range(50):
        usa.run("send", "hotline", random.Random(seed).randbytes(900).hex(" ", 4), "--anyway")
    it.station_down(usa)
    usa.run("bearer", "add", "hotline", "prc", f"dir:{where / 'out'}?every=31536000")
    it.station_up(usa)  # its only turn finds all of it
    while not any("courier.fails" in line for line in usa.log):
        usa.run("status")
    sealed = [make(usa, prc, where / f"box{i}")[0]["counter"] for i in range(5)]
    made = [len(list((where / f"box{i}").iterdir())) for i in range(5)]
    check([b - a for a, b in zip(sealed, sealed[1:])] == made[:-1], (sealed, made))


def rubbish(where):
    """Directories full of files with hostile names: the status leaves them out, and goes on."""
    usa, *_ = apart(where, ("usa", "prc", "swi"))
    it.station_down(usa)
    for n in range(8):
        (where / f"{n}").mkdir()
        for i in range(16):
            (where / f"{n}" / f"{i:02}{chr(1) * 90}.olb").write_bytes(b"rubbish")
        usa.run("bearer", "add", "hotline", ("prc", "swi")[n % 2],
                f"dir:?in={where / str(n)}&every=1")
    it.station_up(usa)
    with it.Control(usa.home) as client:
        told, said = 0, client.ask("status", line="hotline")
        while said["couriers"]:  # each refused file makes it longer, until there is no room
            check(sum(len(c["refused"]) for c in said["couriers"]) >= told, "fewer than before")
            told = sum(len(c["refused"]) for c in said["couriers"])
            said = client.ask("status", line="hotline")
        check(told > 16 and said["ok"] and usa.run("status"), said)


def refusals(where):
    """What cannot be done is said in a sentence that helps."""
    usa, prc = apart(where)
    usa.run("send", "hotline", "Hello.")
    made = make(usa, prc, where / "box")[0]["file"]
    whole = (where / "box" / made).read_bytes()
    usa.refused("bundle", "make", "hotline", "swi", where / "box", says="no other party")
    usa.refused("bundle", "make", "hotline", "usa", where / "box", says="no other party")
    usa.refused("bundle", "make", "hotline", "prc", where / "nowhere", says="put the medium in")
    usa.refused("bundle", "take", where / "nowhere", says="cannot be found")
    if it.os.geteuid() != 0:
        (where / "closed").mkdir(mode=0o500)
        usa.refused("bundle", "make", "hotline", "prc", where / "closed", says="nothing is lost")
    for name, what, code in (("empty", b"", "OL_EFORM"), ("short", whole[:40], "OL_EAUTH"),
                             ("cut", whole[:-1], "OL_EAUTH"), ("text", b"x" * 400, "OL_ENOENT"),
                             ("long", whole + bytes(65536), "OL_ELIMIT")):
        (where / "box" / f"{name}.olb").write_bytes(what)
        said, _ = take(prc, where / "box" / f"{name}.olb", expect=1)
        check(said[f"{name}.olb"]["error"]["code"] == code, (name, said))
    with it.Control(usa.home) as client:
        first = client.ask("bundle-make", line="hotline", party="prc", max=200)
        check(first["more"] and first["bundle"], first)
        for other in ("usa", "swi"):  # what is under way is prc's
            said = client.reply(client.send("bundle-make", line="hotline", party=other, next=1))
            check(said["error"]["code"] == "OL_ESTATE", said)
    stream = usa.run("bundle", "make", "hotline", "prc", "-").stdout
    (where / "piped.olb").write_bytes(stream)
    said, _ = take(prc, where / "piped.olb")
    check(said["piped.olb"]["state"] == "taken", said)
    it.station_down(usa)
    usa.refused("bundle", "make", "hotline", "prc", where / "box", says="no station runs")


it.main(any_order, small, receipt_by_courier, diode, folder, no_medium, rubbish, refusals)
