# SPDX-License-Identifier: GPL-2.0
"""C sources, as the page needs them: functions, comments, calls, and HTML.

Universal Ctags finds the functions, and Pygments the words and comments.
"""

import bisect
import dataclasses
import functools
import html
import os
import re

import functions
from pygments.lexers.c_cpp import CLexer
from pygments.token import Comment, Keyword, Name, Number, Punctuation, String

# The classes of words that the page tells apart. The first that fits is taken.
CLASSES = ((Comment.Preproc, "p"), (Comment.PreprocFile, "p"), (Comment, "c"),
           (String, "s"), (Number, "n"), (Keyword, "k"))
BEGIN = re.compile(r"^\s*/\*+|\*+/\s*$|^\s*//", re.M)
MARGIN = re.compile(r"^[ \t]*\*?[ \t]*", re.M)

ACQUIRE = re.compile(r"(?:\w+_)?(?:try)?lock(?:_\w+)?|down_(?:read|write)\w*")
RELEASE = re.compile(r"(?:\w+_)?unlock(?:_\w+)?|up_(?:read|write)")
ASSERT = re.compile(r"lockdep_assert_held\w*|\w+_assert_(?:locked|write_locked)"
                    r"(?:_object)?")
# They begin like that, and lock no data: they lock pages in memory, prepare a
# lock, or are the command LOCK.
NO_LOCKS = re.compile(r"\w+_lock_init|rcu_lock_\w+|user_shm_(?:un)?lock|shmem_(?:un)?lock\w*|"
                      r"\w+_(?:do|call)_lock|trace_\w+|ctl_unlock_pages|"
                      r"security_\w+")
# Macros and the like that would only fill the lists of calls.
TRIVIAL = re.compile(r"(?:un)?likely|sizeof\w*|offsetof\w*|min\w*|max\w*|"
                     r"container_of|__(?:acquire|release)s?|__must_hold|"
                     r"trace_\w+|unsafe_\w+")
# The lock that a function takes of the object it is given.
FIELDS = ((re.compile(r"mmap_\w+"), "mmap_lock"),
          (re.compile(r"inode_\w+"), "i_rwsem"),
          (re.compile(r"i_mmap_\w+"), "i_mmap_rwsem"),
          (re.compile(r"task_\w+"), "alloc_lock"),
          (re.compile(r"ipc_\w+"), "lock"))


@dataclasses.dataclass(frozen=True)
class Call:
    name: str
    arguments: str
    line: int

    @property
    def takes(self):
        return bool(ACQUIRE.fullmatch(self.name)) and self.is_lock

    @property
    def gives(self):
        return bool(RELEASE.fullmatch(self.name)) and self.is_lock

    @property
    def asserts(self):
        return bool(ASSERT.fullmatch(self.name))

    @property
    def is_trivial(self):
        return self.name.isupper() or bool(TRIVIAL.fullmatch(self.name))

    @property
    def is_lock(self):
        return not self.asserts and not NO_LOCKS.fullmatch(self.name)

    @property
    def field(self):
        """-> the lock in the object that is its argument, where the name tells"""
        return next((field for function, field in FIELDS
                     if function.fullmatch(self.name)), "")

    def lock(self, own):
        """-> the lock that it takes, releases or asserts, as the code names it

        Of a function or macro among @own ones, the page shows what that one does.
        """
        if self.name.lstrip("_").startswith("rcu_"):
            return "RCU"
        if self.name in own and not self.field:
            return f"{self.name}()"
        what = self.arguments.partition(",")[0]
        field = ("." if what.startswith("&") else "->") + self.field
        return what.removeprefix("&") + (field if self.field else "")


def plain(comment):
    """-> the paragraphs of a comment, without what makes it one"""
    text = MARGIN.sub("", BEGIN.sub("", comment))
    text = re.sub(r"\n(?=@)", "\n\n", text)
    return [" ".join(part.split())
            for part in re.split(r"\n\s*\n", text.strip()) if part.strip()]


class File:
    """One source file."""

    def __init__(self, top, path, definitions):
        self.path, self.definitions = path, definitions
        with open(os.path.join(top, path), errors="replace") as file:
            self.text = file.read()
        self.lines = self.text.splitlines()

    @functools.cached_property
    def tokens(self):
        """-> line, kind and text of each word, one line each"""
        found, line = [], 1
        lexer = CLexer(stripnl=False, ensurenl=False)
        for kind, text in lexer.get_tokens(self.text):
            for part in text.splitlines(keepends=True):
                found.append((line, kind, part))
                line += part.endswith("\n")
        return found

    @functools.cached_property
    def starts(self):
        """-> the lines of the words, to search in"""
        return [line for line, _, _ in self.tokens]

    def between(self, first, last):
        """-> the words of some lines"""
        return self.tokens[bisect.bisect_left(self.starts, first):
                           bisect.bisect_right(self.starts, last)]

    @functools.cached_property
    def comments(self):
        """-> {last line: (first line, text)} of each comment"""
        found, first, text = {}, None, ""
        for line, kind, part in self.tokens:
            if kind in Comment.Multiline or kind in Comment.Single:
                first = first or line
                text += part
                if kind in Comment.Single or part.rstrip().endswith("*/"):
                    found[line] = (first, text)
                    first, text = None, ""
        return found

    @property
    def head(self):
        """-> first line and text of the comment that tells of the whole file"""
        for first, text in self.comments.values():
            if "SPDX-License-Identifier" not in text:
                return first, text
        return 1, ""

    def begin(self, definition):
        """-> the first line of a definition, whose type can stand above its name"""
        line = definition.line
        while line > 1:
            above = self.lines[line - 2].rstrip()
            if not above or above.endswith((";", "}", "*/", "\\")) or \
                    above.startswith("#"):
                break
            line -= 1
        return line

    def comment_above(self, definition):
        """-> first line and text; the text is empty where there is none"""
        begin = self.begin(definition)
        return self.comments.get(begin - 1, (begin, ""))

    def length(self, definition):
        """-> the lines between the braces, or of a definition without a body"""
        for line in range(definition.line, definition.end + 1):
            if self.lines[line - 1].startswith("{"):
                return definition.end - line - 1
        return definition.end - self.begin(definition) + 1

    def body(self, definition):
        """-> the words between the braces, comments and directives excepted"""
        open_ = definition.end - self.length(definition)
        return [(line, kind, text)
                for line, kind, text in self.between(open_, definition.end)
                if kind not in Comment and text.strip()]

    def names_in(self, definition):
        return {text for _, kind, text in self.body(definition)
                if kind in Name}

    def calls(self, definition):
        body = self.body(definition)
        for i, (line, kind, text) in enumerate(body[:-1]):
            if kind not in Name or body[i + 1][2] != "(":
                continue
            depth, words = 0, []
            for _, other, word in body[i + 1:]:
                depth += (word == "(") - (word == ")")
                if not depth:
                    break
                words.append(", " if other in Punctuation and word == ","
                             else word)
            yield Call(text, "".join(words[1:]), line)

    def html(self, first, last, links):
        """-> number and HTML of each line; @links has the targets of names"""
        rows = {line: [] for line in range(first, last + 1)}
        words = self.between(first, last)
        for (line, kind, text), after in zip(words, [*words[1:], (0, None, "")]):
            rows[line].append(self.word(kind, text.rstrip("\n"), links,
                                        after[2] == "("))
        return [(line, "".join(words)) for line, words in rows.items()]

    @staticmethod
    def word(kind, text, links, is_call):
        shown = html.escape(text)
        if kind in Name:
            call = Call(text, "", 0)
            if is_call and (call.takes or call.gives):
                shown = f'<b class="{"take" if call.takes else "give"}">' \
                        f"{shown}</b>"
            if text in links:
                shown = f'<a href="#{links[text]}">{shown}</a>'
            return shown
        for known, name in CLASSES:
            if kind in known:
                return f'<i class="{name}">{shown}</i>' if text.strip() else shown
        return shown


class Side:
    """The sources of one side, and their definitions."""

    def __init__(self, top, paths, own):
        found = functions.defined(top, paths, "dfsv")
        macros = {one.name for one in found
                  if one.kind == "macro" and one.path.startswith(own)}
        found = [one for one in found if one.kind != "macro"]
        self.files = {path: File(top, path,
                                 [one for one in found if one.path == path])
                      for path in paths}
        self.by_name = {}
        # Of several definitions for different configurations, the longest.
        for one in found:
            other = self.by_name.get(one.name)
            if not other or (other.path == one.path and
                             other.end - other.line < one.end - one.line):
                self.by_name[one.name] = one
        self.own = {one.name: one for one in found
                    if one.path.startswith(own) and one.kind == "function" and
                    self.by_name[one.name] is one}
        self.own_or_macro = {*self.own, *macros}

    def functions(self, *paths):
        """-> the functions of some files, each once"""
        return [one for path in paths or self.files
                for one in self.files[path].definitions
                if one.kind == "function" and self.by_name[one.name] is one]

    def file(self, definition):
        return self.files[definition.path]

    @functools.lru_cache(None)
    def calls(self, definition):
        return tuple(self.file(definition).calls(definition))

    @functools.lru_cache(None)
    def own_calls(self, definition):
        """-> the functions of this side that it calls, in order"""
        return tuple(dict.fromkeys(
            self.own[call.name] for call in self.calls(definition)
            if call.name in self.own and call.name != definition.name))

    def other_calls(self, definition):
        """-> the names of the functions of the kernel that it calls, in order"""
        return list(dict.fromkeys(
            call.name for call in self.calls(definition)
            if call.name not in self.own_or_macro and not call.is_trivial and
            not (call.takes or call.gives or call.asserts)))

    @functools.lru_cache(None)
    def locks(self, definition, what="takes"):
        """-> the locks that it takes, gives or asserts"""
        return tuple(dict.fromkeys(call.lock(self.own_or_macro)
                                   for call in self.calls(definition)
                                   if getattr(call, what)))

    def locks_below(self, definition):
        """-> {lock: a function that takes it} of all functions that it calls"""
        found, seen = {}, {definition}
        left = list(self.own_calls(definition))
        while left:
            one = left.pop(0)
            if one in seen or Call(one.name, "", 0).field:
                continue
            seen.add(one)
            for lock in self.locks(one):
                if not lock.endswith("()"):
                    found.setdefault(lock, one)
            left += self.own_calls(one)
        for lock in self.locks(definition):
            found.pop(lock, None)
        return found
