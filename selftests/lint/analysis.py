# SPDX-License-Identifier: GPL-2.0
"""Static analysis: tools that follow the paths through the module and the library.

A tool that reports nothing may have read nothing. So each check stands here beside a
mistake. The tool reads these mistakes together with the sources. A check that does
not report its own mistake fails, and so does each report about the sources.

The checks are chosen: each finds mistakes that such code can have, takes little time,
and says the same in Debian 12 and 13. A wrong report is silenced where it stands,
with the tool's own comment and a reason:

    /* NOLINT(CHECK): REASON */                 clang-tidy
    /* cppcheck-suppress ID ; REASON */         cppcheck, on the line before

coccinelle and gcc have no such comment, and none of their reports was wrong so far.
"""

import glob
import os
import re
import shlex
import shutil
import subprocess

import layers
from common import BUILD, QEMU, TOP

KERNEL = "6.12"     # the module is read as for this kernel
SOURCE = os.path.join(BUILD, "linux-source-6.12")
HERE = os.path.dirname(os.path.realpath(__file__))
WORK = os.path.join(BUILD, "lint-analysis")
# How the reports of all these tools begin. Notes only explain a report.
REPORT = re.compile(r"^([^\s:][^:\n]*):(\d+):\d+(?:-\d+)?:\s+(?!note:)(\S.*)$",
                    re.M)

# The library's Makefile has more flags; these decide what the code means.
LIBRARY = ("-std=gnu11", "-Ilib", "-Iuapi")
LIBRARY_FILES = sorted(glob.glob(os.path.join(TOP, "lib/*.c")))
# Words of gcc's command that decide what the module's code means.
MEANING = re.compile(r"-(?:[ID]|nostdinc|std=|m64|mcmodel|mno-|fcf-|funsigned-char|"
                     r"fshort-wchar|fno-strict|fno-delete-null)")

# sparse: locks that are not given back, byte order, and pointers to user space.
SPARSE = {
    "context imbalance":
        "int f(spinlock_t *lock, int err) "
        "{ spin_lock(lock); if (err) return err; spin_unlock(lock); return 0; }",
    "different base types":
        "__le32 f(u32 n) { return n; }",
    "different address spaces":
        "void *f(void __user *p) { return p; }",
    "dereference of noderef":
        "int f(int __user *p) { return *p; }",
}
SPARSE_HEAD = "#include <linux/module.h>\n#include <linux/spinlock.h>\n"

# clang-tidy, which has clang's analyzer in it, runs twice. First each function is read
# by itself.
SHALLOW = "mode=shallow"
CLANG_TIDY = {
    "clang-analyzer-core.NullDereference":
        "int f(struct planted *p) { if (!p) return p->size; return 0; }",
    "clang-analyzer-core.DivideZero":
        "int f(int n) { int zero = n; if (n == 0) return 4 / zero; return 0; }",
    "clang-analyzer-core.CallAndMessage":
        "int f(int n) { int m; if (n) m = 1; return g(m); }",
    "clang-analyzer-core.UndefinedBinaryOperatorResult":
        "int f(int n) { int m; if (n) m = 1; return m + 1; }",
    "clang-analyzer-core.uninitialized.Branch":
        "int f(int n) { int m; if (n) m = 1; if (m) return 1; return 0; }",
    "clang-analyzer-core.uninitialized.Assign":
        "int f(int n) { int m; if (n) m = 1; n = m; return n; }",
    "clang-analyzer-core.uninitialized.UndefReturn":
        "int f(int n) { int m; if (n) m = 1; return m; }",
    "clang-analyzer-core.StackAddressEscape":
        "int *f(int n) { int *p = &n; return p; }",
    "clang-analyzer-deadcode.DeadStores":
        "int f(int n) { int m; m = g(n); m = 2; return m; }",
    "bugprone-branch-clone":
        "int f(int n) { if (n) { g(1); n = g(2); } else { g(1); n = g(2); } return n; }",
    "bugprone-implicit-widening-of-multiplication-result":
        "long f(int n, int m) { return n * m; }",
    "bugprone-infinite-loop":
        "int f(int n) { int i = 0; while (i < n) { g(n); } return i; }",
    "bugprone-macro-repeated-side-effects":
        "int f(int n) { return TWICE(n++); }",
    "bugprone-misplaced-widening-cast":
        "long f(int n, int m) { return (long)(n + m); }",
    "bugprone-multiple-statement-macro":
        "void f(int n) { if (n) BOTH(n) }",
    "bugprone-redundant-branch-condition":
        "void f(int n) { bool is = g(n); if (is) { if (is) g(n); } }",
    "bugprone-suspicious-memset-usage":
        "void f(struct planted *p) { memset(p, sizeof(*p), 0); }",
    "bugprone-suspicious-semicolon":
        "int f(int n) { if (n); g(n); return 0; }",
    "bugprone-terminating-continue":
        "void f(int n) { do { if (g(n)) continue; g(n); } while (0); }",
    "bugprone-too-small-loop-variable":
        "void f(int n) { for (short i = 0; i < n; i++) g(i); }",
    "misc-redundant-expression":
        "int f(int n, int m) { return (n == m) || (n == m); }",
    "clang-diagnostic-tautological-unsigned-zero-compare":
        "int f(struct planted *p) { return p->size < 0; }",
    "clang-diagnostic-unused-but-set-variable":
        "void f(int n) { int m; m = n; }",
}
# Then the analyzer follows calls. It does not read a function by itself that it
# reached by a call, so this run finds fewer faults, but also those that take two
# functions. With the usual limit of steps it takes four times as long.
DEEP = "max-nodes=30000"
CLANG_TIDY_DEEP = {
    "clang-analyzer-core.NullDereference":
        "static int f_two(struct planted *p, int n) { if (n > 1) g(1); if (n > 2) g(2); "
        "if (n > 3) g(3); return p->size; } "
        "int f(int n) { return f_two(NULL, n); }",
}
CLANG_TIDY_HEAD = """struct planted { unsigned int size; char *name; };
int g(int n);
#define TWICE(n) ((n) + (n))
#define BOTH(n) g(n); g(n);
"""
CLANG_TIDY_MODULE = {
    "clang-analyzer-unix.Malloc":
        "int f(struct planted *p) { kfree(p); return p->size; }",
}
CLANG_TIDY_LIBRARY = {
    "clang-analyzer-unix.Malloc":
        "int f(int n) { int *p = malloc(4); if (!p || n) return 1; free(p); return 0; }",
}
CLANG_TIDY_LIBRARY_HEAD = """#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
"""
WARNINGS = ("-Wall", "-Wextra", "-Wtautological-unsigned-zero-compare",
            "-Wno-unused-parameter", "-Wno-sign-compare",
            # Some of the module's files define pr_fmt, and all are read as one.
            "-Wno-macro-redefined")

GCC = {
    "-Wanalyzer-double-free":
        "void f(int *p) { free(p); free(p); }",
    "-Wanalyzer-file-leak":
        "int f(int n) { FILE *p = fopen(\"a\", \"r\"); if (!p || n) return 1; "
        "fclose(p); return 0; }",
    "-Wanalyzer-malloc-leak":
        "int f(int n) { int *p = malloc(4); if (!p || n) return 1; free(p); return 0; }",
    "-Wanalyzer-null-dereference":
        "int f(int n) { int *p = NULL; if (n) p = &n; return *p; }",
    "-Wanalyzer-use-after-free":
        "int f(void) { int *p = calloc(1, 4); if (!p) return 1; free(p); return *p; }",
    "-Wanalyzer-use-of-uninitialized-value":
        "int f(int n) { int m; if (n) m = 1; return m; }",
}
GCC_HEAD = "#include <stdio.h>\n#include <stdlib.h>\n"

CPPCHECK = {
    "arrayIndexOutOfBounds":
        "int f(void) { int a[4], i; for (i = 0; i <= 4; i++) a[i] = i; return a[0]; }",
    "bufferAccessOutOfBounds":
        "void f(void) { char a[4]; memset(a, 1, 5); g(a); }",
    "doubleFree":
        "int f(void) { int *p = kzalloc(4, GFP_KERNEL); if (!p) return -ENOMEM; "
        "kfree(p); kfree(p); return 0; }",
    "memleak":
        "int f(int n) { int *p = kmalloc(4, GFP_KERNEL); if (!p) return -ENOMEM; "
        "if (n) return -EINVAL; kfree(p); return 0; }",
    "mismatchAllocDealloc":
        "int f(void) { int *p = kzalloc(4, GFP_KERNEL); if (!p) return -ENOMEM; "
        "kvfree(p); return 0; }",
    "nullPointerRedundantCheck":
        "int f(struct planted *p) { int n = p->size; if (!p) return -EINVAL; return n; }",
    "pointerSize":
        "void f(char *p) { memset(p, 0, sizeof(p)); }",
    "resourceLeak":
        "int f(int n) { FILE *p = fopen(\"a\", \"r\"); if (!p) return 1; if (n) return 2; "
        "fclose(p); return 0; }",
    "returnDanglingLifetime":
        "int *f(void) { int n = 1; return &n; }",
    "shiftTooManyBits":
        "int f(int n) { return n << 40; }",
    "uninitvar":
        "int f(int n) { int err; if (n) err = 1; return err; }",
    "wrongPrintfScanfArgNum":
        "void f(char *to, int n) { snprintf(to, n, \"%d %d\", n); }",
    "zerodiv":
        "int f(int n) { int zero = 0; return n / zero; }",
}

# The kernel's own rules of coccinelle, below scripts/coccinelle of its source
COCCINELLE = {
    "api/atomic_as_refcounter":
        "void f(struct planted *p) { if (atomic_dec_and_test(&(p)->count)) kfree(p); }",
    "api/err_cast":
        "void *f(struct planted *p) { return ERR_PTR(PTR_ERR(p)); }",
    "api/kfree_mismatch":
        "void f(int *p) { p = kmalloc(4, GFP_KERNEL); g(p); kvfree(p); }",
    "api/vma_pages":
        "long f(struct vm_area_struct *vma) "
        "{ return (vma->vm_end - vma->vm_start) >> PAGE_SHIFT; }",
    "free/ifnullfree":
        "void f(struct planted *p) { if (p) kfree(p); }",
    "free/kfree":
        "int f(struct planted *p) { kfree(p); return p->size; }",
    "free/kfreeaddr":
        "void f(struct planted *p) { kfree(&p->list); }",
    "iterators/itnull":
        "void f(struct planted *p, struct list_head *l) "
        "{ list_for_each_entry(p, l, list) { if (p) g(p); } }",
    "iterators/list_entry_update":
        "void f(struct planted *p, struct list_head *l) "
        "{ list_for_each_entry(p, l, list) { p = p->next; } }",
    "iterators/use_after_iter":
        "int f(struct planted *p, struct list_head *l) "
        "{ list_for_each_entry(p, l, list) { g(p); } return p->size; }",
    "locks/call_kern":
        "void *f_alloc(int n) { return kmalloc(n, GFP_KERNEL); } "
        "void f(struct planted *p) "
        "{ spin_lock(&p->spin); f_alloc(3); spin_unlock(&p->spin); }",
    "locks/double_lock":
        "void f(struct planted *p) { mutex_lock(&p->lock); mutex_lock(&p->lock); }",
    "locks/flags":
        "void f(struct planted *p, struct planted *q, unsigned long flags) "
        "{ spin_lock_irqsave(&p->spin, flags); spin_lock_irqsave(&q->spin, flags); }",
    "locks/mini_lock":
        "int f(struct planted *p, int err) { mutex_lock(&p->lock); if (err) "
        "{ return err; } mutex_unlock(&p->lock); return 0; }",
    "misc/array_size":
        "int f(int i) { static int a[4]; return sizeof(a) / sizeof(a[0]) > i; }",
    "misc/cond_no_effect":
        "void f(int n) { if (n) g(n); else g(n); }",
    "misc/cstptr":
        "long f(void *p) { p = NULL; return PTR_ERR(p); }",
    "misc/doubleinit":
        "void f(void) { struct planted p = { .size = 1, .name = 0, .size = 2 }; g(&p); }",
    "misc/flexible_array":
        "struct planted_end { int n; int values[0]; };",
    "misc/noderef":
        "void *f(struct planted *p) { p = kmalloc(sizeof(p), GFP_KERNEL); return p; }",
    "misc/struct_size":
        "void *f(struct planted *p, int n) { p = kmalloc(sizeof(*p) + "
        "n * sizeof(*p->name), GFP_KERNEL); return p; }",
    "misc/test_addr":
        "void f(struct planted *p) { if (&p->list) g(p); }",
    "null/deref_null":
        "int f(struct planted *p) { if (!p) { return p->size; } return 0; }",
    "null/eno":
        "int f(void *p) { p = kmalloc(4, GFP_KERNEL); if (IS_ERR(p)) return 1; "
        "return 0; }",
    "null/kmerr":
        "void f(int *p, int *q) { p = kmalloc(4, GFP_KERNEL); q = g(4); "
        "if (!q) { return; } *p = 4; }",
    "tests/doublebitand":
        "int f(int n, int m) { return n & m & n; }",
    "tests/doubletest":
        "int f(int n) { return g(n) || n == 4 || n == 4; }",
    "tests/odd_ptr_err":
        "long f(void *p, void *q) { if (IS_ERR(p)) { return PTR_ERR(q); } return 0; }",
}
COCCINELLE_HEAD = """struct planted { struct mutex lock; spinlock_t spin; atomic_t count;
struct list_head list; unsigned int size; char *name; struct planted *next; };
"""


class Planted:
    """A file of mistakes, one a line, each beside the check that must see it."""

    def __init__(self, path, head, mistakes):
        self.path = path
        self.silent = {}    # line number: the check that has not reported yet
        lines = head.splitlines()
        for number, (check, mistake) in enumerate(mistakes.items()):
            lines.append(re.sub(r"\bf(?=[(_])", f"f{number}", mistake))
            self.silent[len(lines)] = check
        os.makedirs(os.path.dirname(path), exist_ok=True)
        write(path, "\n".join(lines) + "\n")

    def verdict(self, reports):
        """-> the faults: reports about the sources, and checks without one"""
        wrong = []
        for path, line, text in reports:
            if path != self.path:
                path = os.path.relpath(path, TOP)
                wrong.append(f"{path}:{line}: {text}")
            elif self.silent.get(line, text) in text:
                self.silent.pop(line, None)
        return "\n".join(wrong + [
            f"{check} does not report the mistake in line {line} of {self.path}"
            for line, check in self.silent.items()])


def write(path, text):
    with open(path, "w") as file:
        file.write(text)


def read(path):
    with open(path) as file:
        return file.read()


def reports(command, where=TOP):
    """-> (path, line, text) for each report of a command"""
    said = subprocess.run(command, cwd=where, text=True, errors="replace",
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT).stdout
    found = [(os.path.normpath(os.path.join(where, path)), int(line), text)
             for path, line, text in REPORT.findall(said)]
    if said.strip() and not found:
        return [(os.path.join(TOP, command[0]), 0, said)]
    return found


def sparse(words):
    """The module's builds run sparse. Does it see mistakes in such a build?"""
    where = os.path.join(WORK, "sparse")
    planted = Planted(os.path.join(where, "planted.c"), SPARSE_HEAD, SPARSE)
    write(os.path.join(where, "Kbuild"), "obj-m := planted.o\n")
    return planted.verdict(reports(
        [os.path.join(QEMU, "kbuild"), f"{BUILD}/kernels/{KERNEL}/kdir", "-s",
         f"M={where}", *words, "planted.o"]))


def coccinelle():
    """Each rule is a run of its own. Rules don't read kernel headers."""
    where = os.path.join(WORK, "coccinelle")
    shutil.rmtree(where, ignore_errors=True)
    for folder in ("module", "lib", "uapi"):
        shutil.copytree(os.path.join(TOP, folder), os.path.join(where, folder))
    planted = Planted(os.path.join(where, "planted.c"), COCCINELLE_HEAD, COCCINELLE)
    found = []
    for rule in COCCINELLE:
        found += [(path, line, f"{rule}: {text}") for path, line, text in reports(
            ["spatch", "-D", "report", "--no-show-diff", "--very-quiet",
             "--no-includes", "--include-headers",
             "--macro-file", f"{HERE}/coccinelle.h", "--dir", where,
             "--cocci-file", f"{SOURCE}/scripts/coccinelle/{rule}.cocci"])]
    return planted.verdict(found).replace(os.path.relpath(where, TOP) + "/", "")


def cppcheck():
    """It reads each file for several configurations, and no kernel headers."""
    planted = Planted(os.path.join(WORK, "cppcheck/planted.c"), "", CPPCHECK)
    return planted.verdict(reports(
        ["cppcheck", "--quiet", "--enable=warning,performance,portability",
         "--inline-suppr", "--std=c11", "--library=posix",
         f"--library={HERE}/cppcheck.cfg", "--suppress=normalCheckLevelMaxBranches",
         "--template={file}:{line}:{column}: {message} [{id}]",
         "-Iuapi", "-Imodule", "-Ilib", "module", "lib", planted.path]))


def clang_tidy(config, mistakes, files, flags, where=TOP):
    checks = ",".join(["-*", "clang-analyzer-core.*", "clang-analyzer-unix.*",
                       "clang-diagnostic-*", *mistakes])
    return reports(["clang-tidy", "-quiet", f"-checks={checks}",
                    "-header-filter=.*", *files, "--", *flags, *WARNINGS,
                    "-Xclang", "-analyzer-config", "-Xclang", config], where)


def library_clang_tidy():
    wrong = []
    for config, mistakes in ((SHALLOW, {**CLANG_TIDY, **CLANG_TIDY_LIBRARY}),
                             (DEEP, CLANG_TIDY_DEEP)):
        planted = Planted(os.path.join(WORK, "library/planted.c"),
                          CLANG_TIDY_LIBRARY_HEAD + CLANG_TIDY_HEAD, mistakes)
        wrong.append(planted.verdict(clang_tidy(
            config, mistakes, [*LIBRARY_FILES, planted.path], LIBRARY)))
    return "\n".join(wrong)


def library_gcc():
    planted = Planted(os.path.join(WORK, "gcc/planted.c"), GCC_HEAD, GCC)
    found = []
    for file in [*LIBRARY_FILES, planted.path]:
        found += reports(["gcc", "-fanalyzer", *LIBRARY, "-c", "-o", "/dev/null",
                          file])
    return planted.verdict(found)


class Joined:
    """The module's files as one: so clang reads the kernel's headers once, and its
    analyzer follows calls from file to file. It does not analyse what is included.
    """

    def __init__(self, path, files):
        self.path, self.first = path, []
        text = ""
        for file in files:
            self.first.append((text.count("\n") + 1, file))
            text += read(file)
        write(path, text)

    def place(self, path, line):
        """-> the file and line that a line of the whole comes from"""
        if path != self.path:
            return path, line
        first, file = max(pair for pair in self.first if pair[0] <= line)
        return file, line - first + 1


def meaning(build):
    """-> the words for clang that let it read the module as gcc's build did"""
    with open(os.path.join(build, "module/.main.o.cmd")) as file:
        words = iter(shlex.split(file.readline().partition(":=")[2]))
    found = []
    for word in words:
        if word == "-include":
            found += [word, next(words)]
        elif word.startswith("-I") and not word.startswith(f"-I{BUILD}/lint"):
            found += ["-isystem", word[2:]]
        elif MEANING.match(word):
            found.append(word)
    return found


def module_clang_tidy(built):
    """The file with the tracepoints is the last, since they can be made only once."""
    if built.result():
        return "the module has to build first"
    flags = meaning(os.path.join(BUILD, f"lint-{KERNEL}"))
    names = layers.order(TOP)
    names.sort(key="module/main".__eq__)
    wrong = []
    for config, mistakes in ((SHALLOW, {**CLANG_TIDY, **CLANG_TIDY_MODULE}),
                             (DEEP, CLANG_TIDY_DEEP)):
        planted = Planted(os.path.join(WORK, "module/planted.c"), CLANG_TIDY_HEAD,
                          mistakes)
        joined = Joined(os.path.join(WORK, "module/joined.c"),
                        [os.path.join(TOP, f"{name}.c") for name in names] +
                        [planted.path])
        found = clang_tidy(config, mistakes, [joined.path], flags,
                           f"{BUILD}/kernels/{KERNEL}/kdir")
        wrong.append(planted.verdict([(*joined.place(path, line), text)
                                      for path, line, text in found]))
    return "\n".join(wrong)
