# SPDX-License-Identifier: ISC
"""Founding a line with the commands: what works, and every refusal with a sentence that helps."""
import json
import os
import re
import stat

from libline import (BIN, Failure, Party, courier, found, main, refused, run, sign)


def check(condition, what):
    if not condition:
        raise Failure(what)


def two(where, line="hotline"):
    """Two parties and a charter that neither has signed."""
    parties = [Party(where, "usa"), Party(where, "prc")]
    charter = where / "charter"
    charter.write_bytes(run("charter", "draft", line, *[p.card for p in parties]).stdout)
    return (*parties, charter)


def line_of_two(where):
    """Two parties found a line, and nothing secret is left behind"""
    usa, prc = found(where)
    for party in (usa, prc):
        check(sorted(os.listdir(party.home / "lines/hotline")) == ["cards", "charter", "secret"],
              "the line's files")
        check(os.listdir(party.home / "contributions") == [], "contributions are left")
        for file in ("identity.key", "station.key", "lines/hotline/secret"):
            check(stat.S_IMODE((party.home / file).stat().st_mode) == 0o600, f"mode of {file}")
        check(stat.S_IMODE(party.home.stat().st_mode) == 0o700, "mode of the home")
    one, other = ((p.home / "lines/hotline/secret").read_text() for p in (usa, prc))
    keys = [re.findall(r"^(?:secret|key) = (\w+)$", text, re.M) for text in (one, other)]
    check(keys[0] == keys[1] and len(keys[0]) == 2, "the secrets differ")
    check(usa.run("card").stdout == usa.card.read_bytes(), "card prints the card")


def line_of_four(where):
    """Four parties found a line, each pair with keys of its own"""
    parties = found(where, ("usa", "prc", "swi", "nor"), "quartet", ["check.interval=300"])
    pairs = {}
    for party in parties:
        text = (party.home / "lines/quartet/secret").read_text()
        for other, key in re.findall(r"\[pair (\w+)\]\nepoch = 0\nkey = (\w+)", text):
            pairs.setdefault(frozenset((party.name, other)), set()).add(key)
    check(len(pairs) == 6 and all(len(keys) == 1 for keys in pairs.values()), "keys of the pairs")
    check(len(set.union(*pairs.values())) == 6, "two pairs share a key")


def json_of_commands(where):
    """Each command's JSON has the documented keys"""
    home = where / "usa"
    made = json.loads(run("init", "usa", "--name", "United States", "--json", home=home).stdout)
    check(list(made) == ["ok", "party", "serial", "home", "card"] and made["party"] == "usa",
          f"init: {made}")
    usa, prc = Party(where, "nor"), Party(where, "prc")
    draft = json.loads(run("charter", "draft", "hotline", usa.card, prc.card, "--json").stdout)
    check(list(draft) == ["ok", "line", "id", "generation", "parties", "signed", "missing",
                          "charter"], f"charter draft: {draft}")
    charter = where / "charter"
    charter.write_text(draft["charter"])
    said = usa.ask("charter", "sign", charter)
    check(said["signed"] == ["nor"] and said["missing"] == ["prc"], f"charter sign: {said}")
    again = usa.ask("charter", "sign", charter)
    check(again == said, f"signing again changes nothing: {again}")
    prc.run("charter", "sign", charter)
    said = usa.ask("key", "contribute", "hotline", "--out", where / "share")
    check(said == {"ok": True, "line": "hotline", "party": "nor", "file": str(where / "share")},
          f"key contribute: {said}")
    (where / "share").unlink()
    digits = courier([usa, prc], "hotline", where)
    check(re.fullmatch(r"\d{5}( \d{5}){5}", digits), f"digits: {digits}")
    said = usa.ask("line", "add", charter, prc.card, "--digits", digits)
    check(said == {"ok": True, "line": "hotline", "id": draft["id"], "parties": ["nor", "prc"],
                   "restart": False}, f"line add: {said}")
    said = usa.ask("port", "add", "udp://127.0.0.1:0")
    check(said == {"ok": True, "url": "udp://127.0.0.1:0", "restart": False}, f"port: {said}")
    said = usa.ask("bearer", "add", "hotline", "prc", "udp://127.0.0.1:4477")
    check(said["path"] == 0 and said["party"] == "prc", f"bearer: {said}")
    said = json.loads(run("version", "--json").stdout)
    check(list(said) == ["ok", "version", "protocol"], f"version: {said}")


def home_shown(where):
    """home tells at each step what there is, with nothing secret and without a station"""
    def line():
        said, = usa.ask("home")["lines"]
        return said

    at = where / "usa"
    check(json.loads(run("home", "--json", home=at).stdout) == {"ok": True, "party": None}, "none")
    at.mkdir(0o700)
    check(json.loads(run("home", "--json", home=at).stdout) == {"ok": True, "party": None}, "empty")
    check(b"openline init" in run("home", home=at).stdout, "it does not say what to do")
    usa, prc, charter = two(where)
    said = usa.ask("home")
    card = usa.card.read_text()
    check(said == {"ok": True, "party": "usa", "home": str(at), "serial": 1,
                   "names": {"en": "United States"}, "card": card,
                   "identity": re.search(r"^identity = (.*)$", card, re.M)[1],
                   "identity_here": True, "sealed": False, "running": False, "lines": [],
                   "ports": [{"name": "main", "url": "udp://[::]:4477", "default": True}]}, said)
    draft = charter.read_bytes()
    usa.run("charter", "sign", charter)
    ident = re.search(r"id ([0-9a-f]{32})", usa.run("charter", "sign", charter).stdout.decode())[1]
    begun = {"line": "hotline", "id": ident, "generation": 0, "parties": ["usa", "prc"],
             "signed": ["usa"], "missing": ["prc"], "joined": False, "share": False,
             "combined": False, "digits": None, "charter": charter.read_text(), "bearers": []}
    check(line() == begun, line())
    (at / "contributions/hotline.note").write_bytes(draft)  # as before it was kept
    check(line() == {**begun, "charter": draft.decode()}, line())
    prc.run("charter", "sign", charter)
    (at / "identity.key").rename(where / "away")
    usa.run("charter", "sign", charter)  # come back, it needs no key
    begun |= {"signed": ["usa", "prc"], "missing": [], "charter": charter.read_text()}
    check(line() == begun and not usa.ask("home")["identity_here"], line())
    (where / "away").rename(at / "identity.key")
    usa.run("key", "contribute", "hotline", "--out", where / "share")
    check(line() == {**begun, "share": True}, line())
    (where / "share").unlink()
    digits = courier([usa, prc], "hotline", where)
    check(line() == {**begun, "share": True, "combined": True, "digits": digits}, line())
    check(digits in usa.run("home").stdout.decode(), "the digits are not shown")
    usa.run("line", "add", charter, prc.card, "--digits", digits)
    usa.run("port", "add", "udp://127.0.0.1:0")
    usa.run("bearer", "add", "hotline", "prc", "udp://127.0.0.1:4477")
    usa.run("bearer", "add", "hotline", "prc", f"dir:{where}")
    del begun["charter"]
    check(line() == {**begun, "share": True, "combined": True, "joined": True, "bearers": [
        {"party": "prc", "path": 0, "url": "udp://127.0.0.1:4477", "port": "main"},
        {"party": "prc", "path": 1, "url": f"dir:{where}", "port": None}]}, line())
    check(usa.ask("home")["ports"] == [{"name": "main", "url": "udp://127.0.0.1:0",
                                        "default": False}], "ports")
    secrets = re.findall(r"\b[0-9a-f]{64}\b", "".join(
        (at / name).read_text() for name in ("station.key", "identity.key",
                                             "lines/hotline/secret")))
    told = usa.run("home").stdout.decode() + json.dumps(usa.ask("home"))
    check(len(secrets) == 6 and not [s for s in secrets if s in told], "a secret is told")
    (at / "config").write_text("[port]\n")
    usa.refused("home", says=("config, line 1", "correct that line"))


def ways_removed(where):
    """Ports and bearers are taken out, each alone, with every other byte as it was"""
    usa, _ = found(where)
    config = usa.home / "config"

    def add(*words):
        before = config.read_text() if config.exists() else ""
        usa.run(*words)
        return before

    usa.refused("port", "remove", "main", says=("no port main", "openline home"))
    empty = add("port", "add", "udp://127.0.0.1:0")
    first = add("port", "add", "--name", "other", "udp://[::1]:0")
    for word in "main", "other":
        usa.run("bearer", "add", "hotline", "prc", "udp://192.0.2.1:4477", "--port", word)
    config.write_text(config.read_text() + "# by hand\n")
    whole = add("bearer", "add", "hotline", "prc", "dir:/media")
    url = ("hotline", "prc", "udp://192.0.2.1:4477")
    usa.refused("bearer", "remove", *url, says=("several ports", "--port"))
    usa.refused("bearer", "remove", "hotline", "prc", "udp://192.0.2.2:1", says="no bearer")
    usa.refused("bearer", "remove", "Hot", "prc", "udp://192.0.2.2:1", says="not a name")
    usa.refused("port", "remove", "other", says=("is used by the bearer udp://192.0.2.1:4477 of "
                                                 "line hotline to prc", "bearer remove"))
    said = usa.ask("bearer", "remove", "hotline", "prc", "dir:/media")
    check(said == {"ok": True, "line": "hotline", "party": "prc", "url": "dir:/media", "path": 2,
                   "restart": False}, said)
    check(config.read_text() == whole, config.read_text())
    usa.run("bearer", "remove", *url, "--port", "main")
    left, = usa.ask("home")["lines"][0]["bearers"]
    check(left == {"party": "prc", "path": 1, "url": url[2], "port": "other"}, left)
    usa.run("bearer", "remove", *url)
    check(usa.ask("port", "remove", "other") == {"ok": True, "port": "other", "restart": False},
          "port remove")
    check(config.read_text() == first, config.read_text())
    usa.run("port", "remove", "main")
    check(config.read_text() == empty == "", config.read_text())
    check(usa.ask("home")["ports"][0]["default"], "the default is not back")
    usa.refused("port", "remove", "main", says="no port main")


def digits_by_voice(where):
    """line add takes the digits from standard input, however they are spaced"""
    usa, prc, charter = two(where)
    sign([usa, prc], charter)
    digits = courier([usa, prc], "hotline", where)
    usa.run("line", "add", charter, prc.card, stdin=digits.replace(" ", "") + "\n")
    prc.run("line", "add", charter, usa.card, stdin="  ".join(digits) + "\n")


def sealed_keys(where):
    """Keys under a passphrase: signing needs it, and a wrong one is told"""
    def given(text):
        read, write = os.pipe()
        os.write(write, text)
        os.close(write)
        return read

    home = where / "usa"
    fd = given(b"correct horse\n")
    card = run("init", "usa", "--name", "United States", "--passphrase-fd", fd, home=home,
               pass_fds=[fd]).stdout
    check("seed" not in (home / "identity.key").read_text(), "the seed is in the clear")
    (where / "usa.card").write_bytes(card)
    prc = Party(where, "prc")
    charter = where / "charter"
    charter.write_bytes(run("charter", "draft", "hotline", where / "usa.card", prc.card).stdout)
    refused("charter", "sign", charter, home=home, says=("passphrase", "--passphrase-fd"))
    fd = given(b"wrong\n")
    run("charter", "sign", charter, "--passphrase-fd", fd, home=home, pass_fds=[fd], expect=1)
    fd = given(b"correct horse\n")
    run("charter", "sign", charter, "--passphrase-fd", fd, home=home, pass_fds=[fd])
    refused("charter", "sign", charter, "--passphrase-fd", "900", home=home, says="900")


def charters_refused(where):
    """A charter with a byte changed, a signature missing, of others, or of a used name"""
    usa, prc, charter = two(where)
    text = charter.read_bytes()
    nor = Party(where, "nor")
    nor.refused("charter", "sign", charter, says=("identity key", "this party's card"))
    usa.run("charter", "sign", charter)
    half = charter.read_bytes()
    usa.refused("line", "add", charter, prc.card, says=("not signed by: prc", "charter sign"))
    changed = where / "changed"
    changed.write_bytes(half.replace(b"answer.flash = 600", b"answer.flash = 601"))
    prc.refused("charter", "sign", changed, says="changed, line")
    prc.run("charter", "sign", charter)
    full = charter.read_bytes()
    changed.write_bytes(full.replace(b"check.interval = 1200", b"check.interval = 1201"))
    usa.refused("line", "add", changed, prc.card, says=("does not fit the text", "was agreed"))
    for bad, says in ((b"\xff", "changed, line 2, column 11"), (b"\r", "line 2"),
                      (" \u202e".encode(), "line 2"), (b"x" * 1100, "line 2")):
        changed.write_bytes(text.replace(b"line = hotline", b"line = hot" + bad))
        usa.refused("charter", "sign", changed, says=says)
    changed.write_bytes(text.replace(b"suite = 1\n", b"suite = 1\nsuite = 1\n"))
    usa.refused("charter", "sign", changed, says="line 6")
    changed.write_bytes(text.replace(b"formats = 1", b"formats = 2"))
    usa.refused("charter", "sign", changed, says="line 4")
    other = where / "other"
    other.write_bytes(run("charter", "draft", "hotline", usa.card, prc.card, "--set",
                          "check.interval=600").stdout)
    usa.refused("charter", "sign", other, says=("another charter", "--replace"))
    digits = courier([usa, prc], "hotline", where)
    usa.refused("line", "add", charter, says=("card is missing of: prc", "files"))
    usa.refused("line", "add", charter, nor.card, says=("nor.card", "no party of this charter"))
    usa.run("line", "add", charter, prc.card, "--digits", digits)
    usa.refused("line", "add", charter, prc.card, "--digits", digits, says=("joined", "name"))
    usa.refused("charter", "sign", other, says=("joined", "another name"))
    usa.refused("key", "contribute", "hotline", says=("joined", "another name"))


def secrets_refused(where):
    """Contributions of another line, too few, changed, twice; secrets that differ"""
    usa, prc, charter = two(where)
    usa.refused("key", "contribute", "hotline", says=("signed no charter", "charter sign"))
    usa.refused("key", "contribute", "Hot", says="no name for a line")
    sign([usa, prc], charter)
    cold = where / "cold"
    cold.write_bytes(run("charter", "draft", "coldline", usa.card, prc.card).stdout)
    sign([usa, prc], cold)
    share = {}
    for party in (usa, prc):
        for line in ("hotline", "coldline"):
            file = where / f"{line}.{party.name}"
            party.run("key", "contribute", line, "--out", file)
            share[line, party.name] = file
    usa.refused("line", "add", charter, prc.card, says=("no secret", "key combine"))
    usa.refused("key", "combine", "hotline", share["coldline", "prc"],
                says=("coldline.prc", "line"))
    usa.refused("key", "combine", "hotline", share["hotline", "usa"], says="missing of: prc")
    open_to_all = where / "open"
    open_to_all.write_bytes(share["hotline", "prc"].read_bytes())
    open_to_all.chmod(0o644)
    usa.refused("key", "combine", "hotline", open_to_all, says="open")
    changed = where / "changed"
    text = share["hotline", "prc"].read_text()
    digit = re.search(r"secret = (.)", text).group(1)
    changed.write_text(text.replace(f"secret = {digit}", "secret = " + "01"[digit == "0"]))
    changed.chmod(0o600)
    usa.refused("key", "combine", "hotline", changed, says="changed")
    usa.refused("key", "combine", "hotline", share["hotline", "prc"], share["hotline", "prc"],
                says="hotline.prc")
    check(share["hotline", "prc"].exists(), "a refused combine erased a share")
    # prc contributes anew behind usa's back: the digits differ.
    old = usa.ask("key", "combine", "hotline", share["hotline", "prc"])["digits"]
    prc.run("key", "contribute", "hotline", "--again", "--out", where / "anew")
    new = prc.ask("key", "combine", "hotline", share["hotline", "usa"])["digits"]
    check(old != new, "digits of different secrets are the same")
    error = usa.refused("line", "add", charter, prc.card, "--digits", new,
                        says=("digits differ", "begin anew", "courier"))
    check(error["code"] == "OL_EAUTH", error)
    usa.refused("line", "add", charter, prc.card, "--digits", "12345", says="thirty digits")
    usa.refused("line", "add", charter, prc.card, stdin="", says="--digits")
    usa.refused("key", "contribute", "hotline", says=("combined", "--again"))
    check(not (usa.home / "lines").exists(), "a refused line was joined in part")
    # A secret that belongs to another charter of the same name.
    redo = where / "redo"
    redo.write_bytes(run("charter", "draft", "hotline", usa.card, prc.card, "--set",
                         "check.interval=600").stdout)
    usa.run("charter", "sign", redo, "--replace")
    check(not list((usa.home / "contributions").glob("hotline.s*")), "--replace keeps secrets")


def usage(where):
    """Unknown, repeated and incomplete options; commands that do not exist"""
    refused("dance", code=2, says=("no command \"dance\"", "openline help"))
    refused("charter", code=2, says="not a whole command")
    refused("init", code=2, says=("something is missing", "openline init --help"))
    refused("init", "usa", "--nmae", "x", code=2, says="no option --nmae")
    refused("init", "usa", "-n", "x", code=2, says="no option -n")
    refused("init", "usa", "--name", "x", "--name", "x", code=2, says="--name stands twice")
    refused("init", "Usa", "--name", "x", home=where / "h", code=2, says="a-z 0-9 -")
    refused("init", "usa", home=where / "h", code=2, says="--name is missing")
    refused("init", "usa", "prc", "--name", "x", code=2, says="one argument too many")
    refused("init", "usa", "--name", "a\tb", home=where / "h", code=2, says="without controls")
    refused("init", "usa", "--name", b"\xff".decode(errors="surrogateescape"), home=where / "h",
            code=2, says="UTF-8")
    refused("init", "usa", "--name", "x", "--lang", "EN", home=where / "h", code=2, says="--lang")
    refused("init", "usa", "--name", "x", "--passphrase-fd", "x", home=where / "h", code=2,
            says="must be a number")
    check(not (where / "h").exists(), "a refused init made the home")
    run("card", "--json", "--json", home=where / "h", expect=2)
    for words in (["help"], ["--help"], ["help", "charter", "draft"], ["init", "--help"],
                  ["version"], ["--version"]):
        check(run(*words).stdout, f"{words} prints nothing")
    check(run(expect=2).stderr, "no arguments: the list of commands")


def homes_refused(where):
    """No home, a home of others, a second init, files that are not there"""
    refused("card", home=where / "none", says="openline init")
    usa = Party(where, "usa")
    usa.refused("init", "usa", "--name", "x", says=("already", "OPENLINE_HOME"))
    refused("charter", "draft", "hotline", usa.card, where / "none", says="none")
    refused("charter", "draft", "hotline", usa.card, usa.card, says="draft")
    refused("charter", "draft", "hotline", usa.card, usa.home / "config", says="config")
    prc = Party(where, "prc")
    refused("charter", "draft", "Hot", usa.card, prc.card, says="draft")
    refused("charter", "draft", "hotline", usa.card, prc.card, "--set", "check.interval=1",
            says="check.interval=1")
    refused("charter", "draft", "hotline", usa.card, prc.card, "--set", "colour=red",
            says="colour=red")
    refused("charter", "draft", "hotline", usa.card, prc.card, "--set", "colour", code=2,
            says="key=value")
    usa.refused("bearer", "add", "hotline", "prc", "udp://x:1", says=("no line", "line add"))
    usa.refused("port", "add", "carrier-pigeon://x", says="udp")
    usa.home.chmod(0o755)
    usa.refused("card", says="chmod 700")
    usa.home.chmod(0o700)
    if os.geteuid() != 0:
        usa.home.chmod(0o500)
        usa.refused("port", "add", "udp://127.0.0.1:0", says="permission")
        usa.home.chmod(0o700)
    (usa.home / "identity.key").rename(where / "offline.key")
    charter = where / "charter"
    charter.write_bytes(run("charter", "draft", "hotline", usa.card, prc.card).stdout)
    usa.refused("charter", "sign", charter, says=("identity.key", "where it is kept"))


def full_output(where):
    """What standard output does not take is an error"""
    usa = Party(where, "usa")
    done = os.system(f"OPENLINE_HOME={usa.home} {BIN} card > /dev/full 2> {where}/told")
    check(os.waitstatus_to_exitcode(done) == 1, "exit code")
    check("could not be written" in (where / "told").read_text(), "no sentence")


main(line_of_two, line_of_four, json_of_commands, home_shown, ways_removed, digits_by_voice,
     sealed_keys, charters_refused, secrets_refused, usage, homes_refused, full_output)
