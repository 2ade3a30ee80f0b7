# SPDX-License-Identifier: GPL-2.0
"""Mutants that nobody chose: all small changes of the module, in an order that a
seed gives.

The possible changes are the same for all seeds. In each function that the module
defines, these are found:

    negated      a condition of if, while, for or ?:
    comparison   == for !=, < for >, <= for >=, and the other way round
    bound        < for <=, > for >=, and the other way round; 0 for the 1 that is
                 added or subtracted
    connective   && for ||, and the other way round; the comma for ?:
    call         a statement that is a call is deleted
    assignment   a statement that is an assignment is deleted
    error        an errno for another

Nothing is changed in comments, strings, declarations and preprocessor lines, nor
in assertions and messages, since no test could see that.
"""

import bisect
import collections
import functools
import hashlib
import os
import re
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.append(os.path.join(HERE, "../lint"))
import functions
import table

KINDS = ("negated", "comparison", "bound", "connective", "call", "assignment",
         "error")

TOKEN = re.compile(r"""
      (?P<nothing> \s+ | /\*.*?\*/ | //[^\n]* | \#(?: \\\n | [^\n] )* )
    | (?P<text>    "(?: \\. | [^"\\\n] )*" | '(?: \\. | [^'\\\n] )+' )
    | (?P<word>    [A-Za-z_]\w* )
    | (?P<number>  \d[\w.]* )
    | (?P<sign>    \?: | -> | \+\+ | -- | <<= | >>= | << | >> | [<>=!]= | && |
                   \|\| | [-+*/%&|^]= | . )
    """, re.DOTALL | re.VERBOSE)
Token = collections.namedtuple("Token", "kind text start end")
Found = collections.namedtuple("Found", "kind start end new")

PAIRS = {"(": ")", "[": "]", "{": "}"}
SWAPPED = {"==": "!=", "!=": "==", "<": ">", ">": "<", "<=": ">=", ">=": "<="}
MOVED = {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}
JOINED = {"&&": "||", "||": "&&", "?:": ","}
ASSIGN = {"=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>=",
          "++", "--"}
ERRNO = re.compile(r"E[A-Z0-9]+$")
OTHER_ERRNO = {"EINVAL": "EPERM", "EPERM": "EACCES", "EACCES": "EPERM"}
ANY_OTHER = "EINVAL"
# The tokens that the condition of ?: follows.
BEFORE_CONDITION = ASSIGN | {"return", ",", ";", "?", ":", "?:"}
# Only assertions, messages, declarations and words for checkers.
NOT_CODE = re.compile(r"(lockdep_|WARN|BUG|BUILD_BUG|might_|pr_|module_param|"
                      r"MODULE_|DEFINE_|DECLARE_|XA_STATE|LIST_HEAD|"
                      r"static_assert|__acquire|__release|__must_hold)")


def tokens(text, start=0, end=None):
    """-> the tokens of C, without blanks, comments and preprocessor lines"""
    return [Token(match.lastgroup, match[0], match.start(), match.end())
            for match in TOKEN.finditer(text, start,
                                        len(text) if end is None else end)
            if match.lastgroup != "nothing"]


class Body:
    """The tokens of a function's body, and what can be changed in them."""

    def __init__(self, text, start, end):
        self.text, self.tokens = text, tokens(text, start, end)
        self.found, self.barred = [], set()
        self.closing = self._closing()
        at = 0
        while at < len(self.tokens):
            at = self._statement(at)
        for at in range(len(self.tokens)):
            self._operator(at)

    def _closing(self):
        """-> {place of a bracket: place of the one that closes it}"""
        closing, waiting = {}, []
        for at, token in enumerate(self.tokens):
            if token.text in PAIRS:
                waiting.append(at)
            elif token.text in PAIRS.values():
                closing[waiting.pop()] = at
        return closing

    def _is(self, at, *texts):
        return at < len(self.tokens) and self.tokens[at].text in texts

    def _is_kind(self, at, *kinds):
        return at < len(self.tokens) and self.tokens[at].kind in kinds

    def _next(self, at, *texts):
        """-> the place of the next of these tokens that is in no brackets"""
        while at < len(self.tokens) and not self._is(at, *texts):
            at = self.closing.get(at, at) + 1
        return at

    def _add(self, kind, first, last, new):
        """A change of the tokens from the first to the last."""
        self.found.append(Found(kind, self.tokens[first].start,
                                self.tokens[last].end, new))

    def _delete(self, kind, first, last):
        """Lines keep their numbers, which the compiled code has in places."""
        first_at, last_at = self.tokens[first].start, self.tokens[last].end
        lines = self.text.count("\n", first_at, last_at)
        self._add(kind, first, last, ";" + "\n" * lines)

    def _negate(self, first, after):
        """Negate what is from the first token to before another one."""
        if first >= after:
            return
        inside = []
        at = first
        while at < after:
            inside.append(self.tokens[at].text)
            at = self.closing.get(at, at) + 1
        # A single comparison is negated by another kind of change.
        if inside.count("==") + inside.count("!=") == 1 and \
                not {"&&", "||", "?:", "?"} & set(inside):
            return
        start, end = self.tokens[first].start, self.tokens[after - 1].end
        self._add("negated", first, after - 1, f"!({self.text[start:end]})")

    def _statement(self, at):
        """Take the statement that begins here -> the place after its head"""
        token = self.tokens[at]
        if token.text in ("{", "}", ";", "else", "do"):
            return at + 1
        if token.text in ("if", "while", "switch", "for"):
            return self._head(token.text, at + 1)
        if token.text in ("case", "default"):
            return self._next(at, ":") + 1
        if token.text in ("return", "goto", "break", "continue"):
            return self._next(at, ";") + 1
        if token.kind == "word" and self._is(at + 1, ":"):
            return at + 2
        if token.kind == "word" and self._is(at + 1, "("):
            after = self.closing[at + 1] + 1
            # A macro that is the head of a loop.
            if self._is(after, "{") or self._is_kind(after, "word"):
                return after
        self._simple(at, self._next(at, ";"))
        return self._next(at, ";") + 1

    def _head(self, word, opening):
        closing = self.closing[opening]
        if word == "for":
            first = self._next(opening + 1, ";") + 1
            self._negate(first, self._next(first, ";"))
        elif word != "switch":
            self._negate(opening + 1, closing)
        return closing + 1

    def _simple(self, first, last):
        """Take a statement without others in it."""
        if NOT_CODE.match(self.tokens[first].text):
            return
        if self._is_kind(first, "word") and self._is(first + 1, "(") and \
                self.closing[first + 1] + 1 == last:
            self._delete("call", first, last)
        elif self._is_assignment(first):
            self._delete("assignment", first, last)

    def _is_assignment(self, at):
        """Is what begins here a place in memory, and then the sign? In a
        declaration two words stand side by side."""
        if self._is(at, "++", "--"):
            return True
        while self._is(at, "*"):
            at += 1
        if not self._is_kind(at, "word"):
            return False
        at += 1
        while self._is(at, ".", "->", "[", "("):
            at = self.closing.get(at, at + 1) + 1
        return self._is(at, *ASSIGN)

    def _operator(self, at):
        token = self.tokens[at]
        if token.kind == "word" and NOT_CODE.match(token.text) and \
                self._is(at + 1, "("):
            self.barred.update(range(at, self.closing[at + 1] + 1))
        if at in self.barred:
            return
        for kind, swaps in (("comparison", SWAPPED), ("bound", MOVED),
                            ("connective", JOINED)):
            if token.text in swaps:
                self._add(kind, at, at, swaps[token.text])
        if token.text == "?":
            self._negate(self._condition_before(at), at)
        elif token.text in ("+", "-") and self._is(at + 1, "1") and \
                self._ends_operand(at - 1):
            self._add("bound", at + 1, at + 1, "0")
        elif token.text == "-" and self._is_kind(at + 1, "word") and \
                ERRNO.match(self.tokens[at + 1].text):
            self._add("error", at + 1, at + 1,
                      OTHER_ERRNO.get(self.tokens[at + 1].text, ANY_OTHER))

    def _ends_operand(self, at):
        return self._is(at, ")", "]") or self._is_kind(at, "number") or (
            self._is_kind(at, "word") and not self._is(at, "return", "case"))

    def _condition_before(self, question):
        """-> the place where the condition of a ?: begins"""
        opening = {closing: at for at, closing in self.closing.items()}
        at = question
        while not self._is(at - 1, *BEFORE_CONDITION, *PAIRS):
            at = opening.get(at - 1, at - 1)
        return at


class Drawn(table.Change):
    """One change of the module."""

    def __init__(self, name, edit, found, line, function):
        super().__init__(name, [edit])
        self.file, self.old, self.new = edit
        self.kind, self.line, self.function = found.kind, line, function

    def __str__(self):
        return f"{self.file}:{self.line}: {self.kind} in {self.function}()"


class Source:
    """A file of the module, and the places where its lines begin."""

    def __init__(self, top, path):
        self.path, self.text = path, table.read(os.path.join(top, path))
        self.starts = [0] + [at + 1 for at, sign in enumerate(self.text)
                             if sign == "\n"]

    def line_of(self, at):
        """-> the number of the line that has this place"""
        return bisect.bisect_right(self.starts, at)

    def body(self, function):
        """-> where a function's body begins and ends"""
        end = self.starts[function.end] if function.end < len(self.starts) \
            else len(self.text)
        start = next(token.start for token in tokens(
            self.text, self.starts[function.line - 1], end)
            if token.text == "{")
        return start, end

    def edit(self, found):
        """-> the change as whole lines, which occur once in the file"""
        first, last = self.line_of(found.start) - 1, self.line_of(found.end - 1)
        while True:
            start, end = self.starts[first], self.starts[last]
            old = self.text[start:end]
            if self.text.count(old) == 1:
                break
            first -= 1
        return table.Edit(self.path, old, self.text[start:found.start] +
                          found.new + self.text[found.end:end])

    def changes(self, function):
        found = Body(self.text, *self.body(function)).found
        names = collections.Counter()
        for one in sorted(found, key=lambda one: one.start):
            line = self.line_of(one.start)
            stem = os.path.splitext(os.path.relpath(self.path, "module"))[0]
            name = f"{stem.replace(os.sep, '-')}-{line}-{one.kind}"
            names[name] += 1
            if names[name] > 1:
                name += f"-{names[name]}"
            yield Drawn(name, self.edit(one), one, line, function.name)


@functools.lru_cache
def changes(top=table.TOP):
    """-> all that there are, by file and function"""
    paths = []
    for folder, _, leaves in os.walk(os.path.join(top, "module")):
        paths += [os.path.relpath(os.path.join(folder, leaf), top)
                  for leaf in leaves if leaf.endswith((".c", ".h"))]
    sources = {path: Source(top, path) for path in sorted(paths)}
    return [change for function in functions.defined(top, sources)
            for change in sources[function.path].changes(function)]


def place(seed, change):
    """-> a key that sorts the change into the order. Changes of other code do not
    move it."""
    said = "\0".join((str(seed), change.file, change.old, change.new))
    return hashlib.sha256(said.encode()).digest()


def draw(seed, count=None, top=table.TOP):
    """-> so many changes, or all, in the order that the seed gives"""
    return sorted(changes(top), key=functools.partial(place, seed))[:count]
