# SPDX-License-Identifier: GPL-2.0
"""The page of make beside: it is whole, each twin stands on it, and a comment that
names a twin which isn't there makes it fail."""

import collections
import html
import json
import os
import re
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree

import pytest
from commands import ends, refuses
from common import TOP

BESIDE = "tools/beside/beside"
XHTML = "{http://www.w3.org/1999/xhtml}"
# The folders that the program reads.
READ = ("module", "qemu", "selftests/lint", "tools/beside")
# The folder of the other module, kshm_switch.
NOT_SHOWN = "switch"
# The name of the twin in a comment, and the function below the comment.
TWIN = re.compile(r"Twin of ((?:(?!\*/|\.\s).)*\(\))(?:(?!\*/).)*\*/\n[^;{}=#]*?"
                  r"\b(\w+)\([^;{}]*\)(?:\n\t__\w+\(\w+\))*\n\{", re.S)


@pytest.fixture(scope="session")
def page_path(tmp_path_factory):
    path = tmp_path_factory.mktemp("beside") / "index.html"
    ends([BESIDE, "6.12", "--output", str(path)], 0)
    return path


@pytest.fixture(scope="session")
def page(page_path):
    return ElementTree.parse(page_path).getroot()


@pytest.fixture(scope="session")
def articles(page):
    """-> {id: left and right side} of each function"""
    return {one.get("id"): [side for side in one.iter(f"{XHTML}div")
                            if side.get("class") in ("left", "right")]
            for one in page.iter(f"{XHTML}article")}


def text_of(element):
    return "".join(element.itertext())


def test_beside_links_lead_somewhere(page):
    places = collections.Counter(one.get("id") for one in page.iter()
                                 if one.get("id"))
    links = {one.get("href") for one in page.iter(f"{XHTML}a")
             if one.get("href")}
    assert [place for place, count in places.items() if count > 1] == []
    assert [link for link in sorted(links) if link[1:] not in places] == []


def test_beside_needs_no_other_file(page):
    wanted = [one.tag for one in page.iter()
              if one.get("src") or one.tag == f"{XHTML}link"]
    assert wanted == []


def twins_in(sentence):
    """-> sets of names; one name of each set has to be there"""
    names = re.findall(r"( in )?(\w+\(\))", sentence)
    if re.search(r"\bor\b", sentence):
        return [{name for _, name in names}]
    # "X() in Y()": X is the twin. "The end of Y()", "the checks in Y()": Y is.
    outside = [name for inside, name in names if not inside]
    return [{name} for name in outside or [name for _, name in names]]


def test_beside_shows_each_twin(articles):
    pairs = []
    for folder, folders, leaves in os.walk(os.path.join(TOP, "module")):
        folders[:] = [name for name in folders if name != NOT_SHOWN]
        for leaf in leaves:
            with open(os.path.join(folder, leaf)) as file:
                pairs += TWIN.findall(file.read())
    assert len(pairs) > 60
    for sentence, function in pairs:
        left, right = articles[function]
        heads = {text_of(head).split()[0] for head in left.iter(f"{XHTML}h4")}
        for names in twins_in(sentence):
            there = names & heads
            assert there, f"{names} is not beside {function}(), but {heads}"
            assert re.search(rf"\b{re.escape(there.pop()[:-1])}", text_of(left))
        assert re.search(rf"\b{function}\(.*\n(?s:.*)\n *\d+\}}", text_of(right))


def test_beside_shows_each_function(articles):
    listing = subprocess.run(
        ["ctags-universal", "-x", "--kinds-C=f", "--language-force=C", "-R",
         f"--exclude={NOT_SHOWN}", "module"], cwd=TOP, stdout=subprocess.PIPE, text=True, check=True)
    names = {line.split()[0] for line in listing.stdout.splitlines()}
    assert names - set(articles) == set()


def test_beside_tells_locks(articles):
    facts = [dict(zip((text_of(one) for one in side.iter(f"{XHTML}dt")),
                      (text_of(one) for one in side.iter(f"{XHTML}dd"))))
             for side in articles["kshm_segment_open"]]
    assert facts[0]["takes"] == "shm_lock()"
    assert facts[0]["calls take"] == "RCU in shm_lock, ipcp->lock in shm_lock"
    assert facts[1]["takes"] == "segment->lock"
    assert facts[1]["releases"] == "segment->lock"


# Clicks and keys for the page in a browser; the last element keeps what was seen.
SCRIPT = """
const seen = {};
const shown = () => articles.filter(one => !one.hidden).map(one => one.id);
const press = key => {
    document.activeElement.dispatchEvent(
        new KeyboardEvent("keydown", { key, bubbles: true }));
    return document.activeElement.id;
};
seen.search = shown();
seen.count = document.getElementById("count").textContent;
seen.table = [...document.querySelectorAll("tr[data-for]:not([hidden])")]
    .map(row => row.dataset.for);
press("Escape");
seen.all = shown().length;
seen.keys = [press("j"), press("j"), press("k")];
document.getElementById("kshm_do_attach").focus();
seen.folded = ["o", "o"].map(key => document.querySelectorAll(
    `#${press(key)} details[open]`).length);
seen.slash = press("/");
document.getElementById("kind").value = "none";
document.getElementById("kind").dispatchEvent(new Event("change"));
seen.none = shown();
location.hash = "kshm_do_get";
setTimeout(() => {
    seen.after_link = shown().length;
    document.body.append(Object.assign(document.createElement("pre"),
        { id: "seen", textContent: JSON.stringify(seen) }));
}, 500);
"""


@pytest.fixture(scope="session")
def seen(page_path):
    """-> the states of the page in a browser that was opened with a search"""
    browser = shutil.which("chromium")
    if not browser:
        pytest.skip("the package chromium is not installed")
    tried = page_path.with_name("tried.html")
    tried.write_text(page_path.read_text().replace(
        "</body>", f"<script>{SCRIPT}</script></body>"))
    done = subprocess.run(
        [browser, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom",
         "--virtual-time-budget=5000",
         f"--user-data-dir={page_path.parent}/profile",
         f"file://{tried}#search=kshm_do_attach%20do_mmap"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        timeout=240)
    return json.loads(html.unescape(
        re.search(r'<pre id="seen">(.*)</pre>', done.stdout)[1]))


def test_beside_search(seen, articles):
    assert seen["search"] == ["kshm_sysv_at", "kshm_do_attach"] == seen["table"]
    assert seen["count"] == f"2 of {len(articles)} functions"


def test_beside_keys(seen, articles):
    first, second, *_ = articles
    assert seen["all"] == len(articles)
    assert seen["keys"] == [first, second, first]
    opened, closed = seen["folded"]
    assert opened > 5 and closed == 0
    assert seen["slash"] == "search"


def test_beside_shows_a_kind(seen, articles):
    assert "kshm_exit" in seen["none"] and "kshm_init" not in seen["none"]
    assert seen["after_link"] == len(articles)


@pytest.fixture
def copy(tmp_path):
    for folder in READ:
        shutil.copytree(os.path.join(TOP, folder), tmp_path / folder)
    shutil.copy2(os.path.join(TOP, "Kbuild"), tmp_path)
    return tmp_path


@pytest.mark.parametrize("path, old, new, sentence", [
    pytest.param(path, old, new, sentence, id=id)
    for id, path, old, new, sentence in (
        ("twin_is_gone", "module/attach.c", " * Twin of do_shmat().\n *\n",
         " * Twin of do_shmatt().\n *\n", "the source has no do_shmatt()"),
        ("either_twin_is_gone", "module/extras/open.c", "may_delete()",
         "may_remove()", "no may_delete_dentry() and no may_remove(), which"),
        ("struct_is_gone", "module/kshm.h", "twin of struct shmid_kernel",
         "twin of struct shmid_colonel", "the source has no struct shmid_colonel"),
        ("file_is_gone", "module/ns.c", "Twin of ipc/namespace.c.",
         "Twin of ipc/space.c.", "the source has no ipc/space.c"),
        ("twin_without_name", "module/proc.c", "Twin of sysvipc_proc_next().",
         "Twin of the next one.", "names nothing"),
        ("no_twin_and_no_reason", "module/main.c",
         "/* No twin: in-tree shm is never unloaded. */\n", "",
         "kshm_exit() has no twin and no reason"),
        ("comment_above_nothing", "module/main.c", "module_init(",
         "/* Twin of ipc_init(). */\n\nmodule_init(", "stands above no function"),
        ("in_tree_without_reason", "tools/beside/reasons.toml", '"shm_fsync"',
         "", "shm_fsync() is the twin of nothing"),
        ("needless_reason", "tools/beside/reasons.toml", '"shm_fsync"',
         '"shm_fsync", "do_shmat"', "do_shmat has a twin"))])
def test_beside_refused(path, old, new, sentence, copy):
    text = (copy / path).read_text()
    assert old in text, f"{old} is not in {path}"
    (copy / path).write_text(text.replace(old, new, 1))
    refuses([str(copy / BESIDE), "--check", "6.12"], sentence,
            {"BUILD": str(copy / "build")})
