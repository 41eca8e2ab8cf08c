# SPDX-License-Identifier: ISC
"""The dossier: what it tells, the same in all its forms, and nothing that a text can do to it."""
import base64
import html.parser
import json
import os
import re
import shutil

import libcalls
import libexport
from libexport import cbor
from libline import Control, Failure, connected, main, run, station_down

HOSTILE = ["<script>alert(1)</script>", "</pre></article><img src=x onerror=alert(1)>",
           "\" onmouseover='alert(1)", "&lt;b&gt; &amp;amp; &#60;",
           "<!-- --> ]]> <style>*{}</style>",
           "\n\n  three lines\n<plaintext>"]


def check(condition, what):
    if not condition:
        raise Failure(what)


class Page(html.parser.HTMLParser):
    """What a browser would see: tags, and the text between them."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.tags, self.attributes, self.pres, self.rows, self.titles = set(), set(), [], [], []
        self.open = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag not in ("meta",):
            self.open.append(tag)
        for name, found in (("pre", self.pres), ("th", self.rows), ("td", self.rows),
                            ("h3", self.titles)):
            if tag == name:
                found.append("")

    def handle_endtag(self, tag):
        check(self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-3:]}")
        self.open.pop()

    def handle_data(self, data):
        for name, found in (("pre", self.pres), ("th", self.rows), ("td", self.rows),
                            ("h3", self.titles)):
            if name in self.open:
                found[-1] += data


def dossier(party, *options):
    return json.loads(party.run("dossier", *options, "--format", "json").stdout)


def talk(where):
    """A line on which something was said, by both, with hostile words among it"""
    usa, prc = connected(where)
    with Control(usa.home) as client:
        before = client.ask("position", line="hotline")["position"]
    first = prc.ask("send", "hotline", "An object is over your territory.", "--precedence", "flash",
                    "--subject", "Object <b>", "--wait", "stored")
    answer = usa.ask("send", "hotline", "Received & understood", "--ref", first["entry"],
                     "--precedence", "immediate", "--wait", "stored")
    with Control(usa.home) as client:  # written before what came was read: it crosses
        client.ask("submit", line="hotline", body="hAIAAIIAZWNyb3Nz", item="0a0b0c0d0e0f",
                   read=before)
    usa.run("send", "hotline", "Übung 演习", "--status", "exercise", "--lang", "de", "--wait",
            "stored")
    for text in HOSTILE:
        prc.run("send", "hotline", "--wait", "stored", "--", text)
    return usa, prc, first, answer


def told(where):
    """Each item has its number, times and states; all three forms say the same, an export too"""
    usa, prc, first, answer = talk(where)
    said = dossier(usa, "hotline")
    items = {item["entry"]: item for item in said["items"]}
    item = items[first["entry"]]
    check(item["serial"] == "U1" and item["message"]["precedence"] == "flash" and
          re.fullmatch(r"\d{6}Z [A-Z]{3} \d\d", item["dtg"]), item)
    check(isinstance(item["stages"]["usa"]["receipt"], int) and
          item["stages"]["usa"]["held_by"].startswith("usa/"), item["stages"])
    check([b["entry"] for b in item["beside"]] == [answer["entry"]], item)
    check(items[answer["entry"]]["had_read"] == [first["entry"]], items[answer["entry"]])
    crossed = [i for i in said["items"] if i.get("message", {}).get("text") == "cross"]
    check(len(crossed) == 1 and first["entry"] in crossed[0]["crossed"] and
          first["entry"] in crossed[0]["had_not_read"] and
          crossed[0]["entry"] in item["crossed"], crossed)
    texts = [i["message"]["text"] for i in said["items"] if "message" in i]
    check(texts[-len(HOSTILE):] == HOSTILE, texts)
    check(all("body" not in i.get("message", {}) for i in said["items"]), "bodies")
    check(said["broken"] == 0 and said["parties"][1] == {"party": "prc", "name": "中国"}, said)

    text = usa.run("dossier", "hotline").stdout.decode()
    page = usa.run("dossier", "hotline", "--format", "html").stdout.decode()
    seen = Page(page)
    check(not seen.open, f"left open: {seen.open}")
    check(seen.tags <= {"html", "head", "meta", "title", "style", "body", "h1", "h2", "h3", "table",
                        "tr", "th", "td", "bdi", "article", "pre", "div", "p"}, seen.tags)
    check(seen.attributes <= {"lang", "charset", "http-equiv", "content", "name", "class", "dir"},
          seen.attributes)
    check("default-src 'none'" in page and "http:" not in page and "url(" not in page, "policy")
    check([t.removeprefix("\n") if t.startswith("\n\n\n") else t for t in seen.pres] == texts,
          seen.pres)
    check("演习" in text and "SUBJECT" in text and "Object <b>" in text, "text")
    check(re.search(r"^EXERCISE MESSAGE R\d .*EXERCISE  from usa", text, re.M) and
          any(t.startswith("EXERCISE MESSAGE") for t in seen.titles), "the exercise is not told")
    lines = [re.sub(r"\s+", " ", row) for row in seen.rows]
    for row in lines:  # every row of the page stands in the text
        check(row in re.sub(r"\s+", " ", text), f"not in the text: {row}")
    for line in text.splitlines():  # and every line of the text in the page
        line = re.sub(r"\s+", " ", line.strip(" |=-"))
        check(not line or line in re.sub(r"\s+", " ", "\n".join(
            seen.titles + lines + seen.pres) + "END OF") or re.match(r"\w+ \w+|END OF", line),
            f"not in the page: {line}")

    usa.run("export", "hotline", where / "export", "--yes")
    export = dossier(usa, "--export", where / "export")
    for one, other in zip(said["items"], export["items"]):
        for item in (one, other):
            for stage in item["stages"].values():
                stage.pop("receipt")
        check(one == other, f"{one}\n{other}")
    station_down(usa)
    check(dossier(usa, "hotline")["items"][1]["stages"] ==
          dossier(usa, "hotline")["items"][1]["stages"], "twice")
    for form in ("text", "html", "json"):
        one = usa.run("dossier", "hotline", "--format", form).stdout
        check(one == usa.run("dossier", "hotline", "--format", form).stdout, f"{form} twice")
        check(form != "html" or one.decode() == page, "another page without the station")


def submit(party, kind, body):
    with Control(party.home) as client:
        return client.ask("submit", line="hotline", kind=kind, item=os.urandom(6).hex(),
                          body=base64.b64encode(cbor(body)).decode())


def arrived(party, entry):
    """Waits until the entry is in the party's store."""
    with Control(party.home) as client:
        client.ask("subscribe", line="hotline", cursor=0)
        client.event("entry", entry=entry)


def called(where):
    """A call, its answer beside it, in words"""
    usa, prc = connected(where)
    call = submit(usa, "call", [0, 1, 0, 1, "An object <b>"])
    arrived(prc, call["entry"])
    incarnation = bytes.fromhex(call["log"].rsplit("/", 1)[1])
    reply = submit(prc, "reply", [0, 1, [0, 0, incarnation, call["index"]], 1, 0, 7, "Here"])
    arrived(usa, reply["entry"])
    said = {item["entry"]: item for item in dossier(usa, "hotline")["items"]}
    item = said[call["entry"]]
    check(item["call"] == {"precedence": "flash", "status": "exercise", "purpose": "voice",
                           "rung": "watch", "text": "An object <b>"}, item)
    replies = [b for b in item["beside"] if "verb" in b]  # its rings and its close are there too
    check([(b["entry"], b["verb"], b["after"], b["text"]) for b in replies] ==
          [(reply["entry"], "answer", 7, "Here")], item)
    check(said[reply["entry"]]["reply"]["rung"] == "watch", said[reply["entry"]])
    text = usa.run("dossier", "hotline").stdout.decode()
    verdict = item["verdicts"][0]
    check(verdict["party"] == "prc" and verdict["verdict"] == "answered" and
          verdict["by"] == reply["entry"], verdict)
    check("VERDICT         prc: " + verdict["says"] in text, text)
    check("WORD            of the station: no officer signed it" in text, text)
    check("EXERCISE CALL  FLASH  EXERCISE  from usa" in text and
          re.search(rf"ANSWER +{reply['entry']} by prc at .*, 7 s after it rang: Here", text), text)


def whose(where):
    """An officer's word is told with name and title, on both sides and from an export"""
    usa, prc = connected(where)
    key = where / "smith.key"
    public = usa.ask("officer", "key", "smith", "--out", key)["public"]
    usa.run("officer", "add", "hotline", "1", "--name", "en=Smith <b>", "--title", "en=Captain",
            "--rung", "watch", "--public", public)
    said = usa.ask("send", "hotline", "Signed", "--as", "1", "--key", key, "--wait", "stored")
    plain = usa.ask("send", "hotline", "Unsigned", "--wait", "stored")
    usa.run("export", "hotline", where / "export", "--yes")
    for words in (("hotline",), ("--export", where / "export")):
        items = {i["entry"]: i for i in dossier(usa, *words)["items"]}
        sign = items[said["entry"]]["signed"][0]
        check(sign["valid"] and sign["vouched"] and sign["officer"] == 1 and
              sign["name"] == "Smith <b>" and sign["title"] == "Captain", sign)
        check(items[plain["entry"]]["signed"] == [], items[plain["entry"]])
    text = prc.run("dossier", "hotline").stdout.decode()
    check("SIGNED          officer 1, Smith <b>, Captain at 2" in text, text)
    check("Smith &#60;b&#62;" in prc.run("dossier", "hotline", "--format", "html").stdout.decode(),
          "html")


def times(where):
    """--from and --to, as a date-time group, ISO 8601 or a day; what is none is refused"""
    usa, _, first, _ = talk(where)
    said = dossier(usa, "hotline")
    wall = next(i["wall"] for i in said["items"] if i["entry"] == first["entry"])
    import datetime
    when = datetime.datetime.fromtimestamp(wall, datetime.timezone.utc)
    group, iso = f"{when:%d%H%M}Z {when:%b %y}".upper(), f"{when:%Y-%m-%dT%H:%M:%SZ}"
    for start, end, is_in in ((group, group, True), (group.replace(" ", "").lower(), iso, True),
                              (iso, iso, True), (iso[:10], iso[:10], True),
                              (iso[:16] + "Z", iso[:16] + "Z", True),
                              ("2026-01-01", "2026-01-02", False),
                              ("010000Z JAN 31", "2031-02-01", False)):
        some = dossier(usa, "hotline", "--from", start, "--to", end)
        check((first["entry"] in [i["entry"] for i in some["items"]]) == is_in,
              (start, end, some["from"], some["to"], wall))
        check(some["from"] <= some["to"] and (not is_in or some["to"] >= wall), some["to"])
    for bad in ("", "yesterday", "311454Z FEB 26", "211454 NOV 26", "212454Z NOV 26", "2026-13-01",
                "211460Z NOV 26", "2026-11-21T14:54", "2026-11-21 14:54Z", "291200Z FEB 27",
                "2026-11-21T14:54:60Z", "211454Z NOV 2026", "-11454Z NOV 26"):
        usa.refused("dossier", "hotline", f"--from={bad}", code=2, says="must be a point of time")
    dossier(usa, "hotline", "--from", "291200Z FEB 28")
    usa.refused("dossier", "hotline", "--from", "2026-11-22", "--to", "2026-11-21", code=2,
                says="--to is before --from")


def given(where):
    """Options, files, and records that do not hold"""
    usa, _, first, _ = talk(where)
    usa.refused("dossier", code=2, says="either the name of a line")
    usa.refused("dossier", "hotline", "--export", where, code=2, says="either the name of a line")
    usa.refused("dossier", "hotline", "--format", "pdf", code=2, says="text, json, html")
    usa.refused("dossier", "coldline", says="no line \"coldline\"")
    usa.refused("dossier", "--export", where / "nothing", says="nothing")
    usa.refused("dossier", "--export", usa.home, says="no charter that can be read")
    out = where / "out.html"
    said = usa.ask("dossier", "hotline", "--format", "html", "--out", out)
    check(said["ok"] and said["out"] == str(out) and out.stat().st_mode & 0o777 == 0o600, said)
    check(out.read_text().endswith("</html>\n"), "the file")
    usa.refused("dossier", "hotline", "--out", out, says="not there yet")
    said = usa.ask("dossier", "hotline")
    check(said["ok"] and len(said["dossier"]["items"]) == said["items"], "json")

    usa.run("export", "hotline", where / "proof", "--proof", first["entry"])
    usa.refused("dossier", "--export", where / "proof", says="not the record of a line")
    usa.run("export", "hotline", where / "export", "--yes")
    bundle = next((where / "export" / "prc" / "urgent").rglob("tile/entries/**/*"))
    while bundle.is_dir():
        bundle = next(bundle.iterdir())
    bytes_ = bytearray(bundle.read_bytes())
    bytes_[-1] ^= 1
    bundle.write_bytes(bytes_)
    done = usa.run("dossier", "--export", where / "export", expect=1)
    text = done.stdout.decode()
    check("DOES NOT HOLD" in text and "BROKEN" in text and "the record does not hold" in
          done.stderr.decode(), text)
    check("An object is over" not in text, "what no signature holds is told")
    shutil.rmtree(where / "export")
    odd = where / "export"
    usa.run("export", "hotline", odd, "--yes")
    (odd / "a\033[31mb\n<i>").write_bytes(b"")
    done = usa.run("dossier", "--export", odd, expect=None)
    check(b"\033" not in done.stdout and b"?[31mb?<i>" in done.stdout, done.stdout[-900:])
    page = usa.run("dossier", "--export", odd, "--format", "html", expect=None).stdout.decode()
    check("\033" not in page and "<i>" not in page and "i" not in Page(page).tags, "a file's name")
    if "OPENLINE_DOSSIER" in os.environ:  # to be looked at
        shutil.copy(out, os.environ["OPENLINE_DOSSIER"])


def begun_alike(w):
    """Two logs of usa whose incarnations share two bytes, and one of prc."""
    a = w.open("a", "usa", 0)
    b = libexport.Log(w, w.party("usa"), 0, "b")
    b.incarnation = a.incarnation[:2] + b.incarnation[2:]
    b.key = ("usa", 0, b.incarnation)
    b.dir = f"usa/urgent/{b.incarnation.hex()}"
    b.origin = f"{libexport.LINE}/{b.dir}"
    w.logs["b"] = b
    b.append(1, libexport.opening())
    return a, b, w.open("q", "prc", 0)


def by_hand(where):
    """Logs that begin alike, drills that refer to what is none, a text that cannot be had"""
    w = libexport.World()
    a, b, q = begun_alike(w)
    for name in ("a", "b"):
        libcalls.place(w, name)
        libcalls.know(w, "q", name)
    for verb, log in ((0, a), (1, b)):
        q.append(libcalls.REPLY, [verb, 0, libcalls.to_call(log, 1), 0, 0, 4, ""],
                 rest=[libcalls.item_of(q), []])
    asked = [a.say("Is it yours?", precedence=1, status=status) for status in (0, 1)]
    libcalls.know(w, "q", "a")
    for status, index in ((1, asked[0]), (1, asked[1])):
        q.say("It is ours.", precedence=1, status=status, ref=[0, 0, a.incarnation, index])
    q.append(6, [0, 1, [0, 0, a.incarnation, asked[0]], 0, ""], rest=[libcalls.item_of(q), []])
    q.append(libcalls.REPLY, [0, 1, libcalls.to_call(a, 1), 0, 0, 5, "a drill"],
             rest=[libcalls.item_of(q), []])
    a.say([1, libexport.BROTLI_BOMB], precedence=1)
    last = a.say("The fourth.", precedence=1)
    for log in (a, b, q):
        log.receive(*log.others())
    libexport.write(w.files(), where / "export")
    said = json.loads(run("dossier", "--export", where / "export", "--format", "json").stdout)
    at = {(i["log"], i["index"]): i for i in said["items"]}
    calls = {c["call"]: c for c in json.loads(
        run("calls", where / "export", "--json").stdout)["calls"]}
    for log, verdict in ((a, "answered"), (b, "declined")):
        item = at[log.dir, 1]
        check([v["verdict"] for v in item["verdicts"]] == [verdict], item)
        check(len(item["beside"]) == 1 and item["beside"][0]["status"] == "operational", item)
        check(calls[item["entry"]]["log"] == log.dir and
              calls[item["entry"]]["verdicts"] == item["verdicts"], (calls, item))
    check(len({i["entry"] for i in said["items"]}) == len(said["items"]), "two have one name")
    check("beside" not in at[a.dir, asked[0]], at[a.dir, asked[0]])
    check([o["status"] for o in at[a.dir, asked[1]]["beside"]] == ["exercise"], at[a.dir, asked[1]])
    check(at[a.dir, last]["serial"] == "U4", at[a.dir, last])
    text = run("dossier", "--export", where / "export").stdout.decode()
    check(len(re.findall(r"^ *ANSWERED .*, EXERCISE$", text, re.M)) == 1 and
          len(re.findall(r"^ *ANSWERED ", text, re.M)) == 1, text)


def flooded(where):
    """What a member writes to make it long: lists are cut, and what is left out is counted"""
    w = libexport.World()
    u, p = w.open("u", "usa", 1), w.open("p", "prc", 1)
    for n in range(60):
        p.say(f"{n}")
    libcalls.know(w, "u", "p")
    first = u.say("I have read two of them.", read=[[1, 3]])
    for n in range(25):
        w.open(f"p{n}", "prc", 1).say("One more log.")
        libcalls.know(w, "u", f"p{n}")
    last = u.say("I have read all.")
    for log in w.logs.values():
        log.receive(*log.others())
    libexport.write(w.files(), where / "export")
    done = run("dossier", "--export", where / "export", "--format", "json")
    at = {(i["log"], i["index"]): i for i in json.loads(done.stdout)["items"]}
    item = at[u.dir, first]
    check((len(item["had_read"]), len(item["had_not_read"])) == (1, 20), item)
    check(item["had_not_read"][0].endswith(".3") and item["had_not_read_more"] == 38, item)
    item = at[u.dir, last]
    check((len(item["had_read"]), item["had_read_more"]) == (20, 6), item)
    check(item["had_not_read"] == [] and "had_not_read_more" not in item, item)
    text = run("dossier", "--export", where / "export").stdout.decode()
    check(len(re.findall(r"^ *and 38 more$", text, re.M)) == 1, text)


main(told, called, whose, times, given, by_hand, flooded)
