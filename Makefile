# SPDX-License-Identifier: GPL-2.0
#
# Targets for people; kbuild reads Kbuild. All that is made goes under
# build/, the module to build/<kernel release>/. "make help" tells the rest.

override BUILD := $(abspath $(or $(BUILD),build))

# IN=podman or IN=docker: all of it in a container that has the packages.
ifneq ($(IN),)
all:
	@BUILD='$(BUILD)' qemu/container '$(IN)' $(MAKECMDGOALS) \
		$(filter-out IN=% BUILD=%,$(MAKEOVERRIDES))
$(filter-out all,$(MAKECMDGOALS)): all
	@:
else

# Which kernel the module is built for: a fetched one (KERNEL=7.3), a
# tree of your own (KDIR=), else the running one. The guest boots the first or the
# second, whose name is "own".
KERNEL ?=
KDIR ?=
GUEST_KERNEL := $(or $(KERNEL),$(if $(KDIR),own),6.12)
ifneq ($(and $(KDIR),$(filter-out own,$(KERNEL))),)
ifeq ($(MAKELEVEL),0)
$(error KERNEL= and KDIR= name two kernels; say one of them)
endif
# "make check" and others run make again with KERNEL=. KDIR= has no meaning there.
override KDIR :=
endif
override KDIR := $(abspath $(or $(KDIR:~/%=$(HOME)/%),$\
	$(if $(KERNEL),$(BUILD)/kernels/$(KERNEL)/kdir),$\
	/lib/modules/$(shell uname -r)/build))

# Programs are compiled for the machine of the kernel that they run on: for this one,
# unless KERNEL= names another, as 7.3-arm64 does. PROGRAMS=i386 compiles the library and
# the cases as 32-bit programs. What is not for this machine has a folder of its own.
PROGRAMS ?=
HOST_MACHINE := $(subst aarch64,arm64,$(subst x86_64,amd64,$(shell uname -m)))
KERNEL_MACHINE := $(or $(filter arm64 riscv64,$(subst -, ,$(KERNEL))),$(HOST_MACHINE))
CROSS := $(filter-out $(HOST_MACHINE),$(KERNEL_MACHINE))
CROSS_arm64 := aarch64-linux-gnu-
CROSS_riscv64 := riscv64-linux-gnu-
MACHINE := $(or $(PROGRAMS),$(CROSS))
OUT := $(BUILD)$(addprefix /,$(MACHINE))
MAKE_PROGRAMS := $(if $(CROSS),qemu/cross) $(MAKE)
COMPILE := $(if $(CROSS),CC=$(CROSS_$(CROSS))gcc AR=$(CROSS_$(CROSS))ar)\
	$(if $(PROGRAMS),CC='gcc -m32')
FOR_MACHINE := $(addprefix machine-,$(MACHINE))
ifneq ($(PROGRAMS),)
ifneq ($(PROGRAMS) $(KERNEL_MACHINE),i386 amd64)
$(error PROGRAMS=$(PROGRAMS) is not known; say PROGRAMS=i386, with a kernel of x86-64)
endif
ifneq ($(filter-out module kernel source lib selftests smoke,$(MAKECMDGOALS)),)
$(error PROGRAMS= is for make smoke, and for lib and selftests, which it runs)
endif
endif

KSFT_SRC := $(BUILD)/linux-source-6.12/tools/testing/selftests
PREFIX ?= /usr/local
DESTDIR ?=
export BUILD PREFIX DESTDIR

MAKEFLAGS += --no-print-directory

all: module lib

# The name of that kernel's release. The shell expands it in a recipe, since the
# kernel may have to be fetched first.
release = $$(sed -n 's/.*UTS_RELEASE "\(.*\)"/\1/p' '$(KDIR)/include/generated/utsrelease.h')

# The sources are linked into the build directory, so kbuild writes there.
# W= and C= reach kbuild; the module is built with W=1 unless told otherwise.
W ?= 1
module: kernel
	@[ -e '$(KDIR)/include/generated/utsrelease.h' ] || { \
		echo "No kernel headers in $(KDIR); install linux-headers-$$(uname -r), or say make KERNEL=6.12." >&2; \
		exit 1; }
	@qemu/link-sources "$(BUILD)/$(release)" Kbuild module uapi
	+@qemu/kbuild '$(KDIR)' M="$(BUILD)/$(release)" W=$(W) modules

kernel:
	@qemu/host-packages build $(FOR_MACHINE)
	@$(if $(KERNEL),qemu/host-packages fetch && \
		$(if $(filter own,$(KERNEL)),qemu/own-kernel '$(KDIR)',qemu/fetch-kernel '$(KERNEL)'))

source:
	@qemu/host-packages fetch
	@qemu/fetch-source

lib:
	@qemu/host-packages build $(FOR_MACHINE)
	+@$(MAKE_PROGRAMS) -C lib O='$(OUT)/lib' $(COMPILE)

# Programs for another machine can't be asked here for their cases.
selftests: source lib
	+@$(MAKE_PROGRAMS) -C selftests/cases OUTPUT='$(OUT)/selftests' \
		KSFT_SRC='$(KSFT_SRC)' $(COMPILE)
	@selftests/lint/statements --quiet $(if $(CROSS),,--programs '$(OUT)/selftests')

# The selftests and the module for another machine, where kselftest's runner runs them.
kselftest-tar:
	@qemu/host-packages build fetch kselftest
	@$(MAKE) module selftests
	@OUT='$(OUT)' selftests/runner/kselftest-tar "$(BUILD)/$(release)/kshm.ko"

# All packages that a target needs are asked for at once, before anything is built.
guest-parts:
	@qemu/host-packages build fetch guest $(PACKAGES_FOR)
	@$(MAKE) KERNEL='$(GUEST_KERNEL)' module lib

# The main job: real programs on kshm and on in-tree shm, side by side.
run: PACKAGES_FOR := image
run: guest-parts
	@qemu/host-packages image
	@selftests/programs/run --observe '$(GUEST_KERNEL)'

# Large programs, each in a guest of its own; APP= names some.
apps-parts: PACKAGES_FOR := image apps
apps-parts: guest-parts
	@qemu/host-packages image apps
	@$(MAKE) -C selftests/programs/apps O='$(BUILD)/apps/bin'

apps: apps-parts
	@selftests/programs/run $(if $(SHORT),--short) $(if $(SWITCH),--switch) \
		$(if $(MEASURE),--measure) '$(GUEST_KERNEL)' $(APP)

# Every change must pass check: lint, and guests with Linux 6.1, 6.12 and 7.3. smoke
# takes a minute or two, or runs the TESTS you name.
check:
	@qemu/host-packages build fetch guest image apps lint model pages host beside picture \
		compare examples labs
	@selftests/runner/check $(if $(JOBS),--jobs '$(JOBS)') $(or $(STAGES),--size check)

# All of that, and every long form.
check-all:
	@qemu/host-packages build fetch kernel guest image apps lint model pages host beside picture \
		compare examples bench labs
	@selftests/runner/check $(if $(JOBS),--jobs '$(JOBS)') --size all

# The part of make check for Linux 6.12, on another kernel.
check-kernel:
	@qemu/host-packages build fetch guest image apps examples
	@$(MAKE) KERNEL='$(GUEST_KERNEL)' kernel
	@selftests/runner/check $(if $(JOBS),--jobs '$(JOBS)') --kernel '$(GUEST_KERNEL)'

# All cases, the oracle and real programs on each kernel, or the TESTS on KERNELS; the table
# is for the pages.
MATRIX_JOBS = $(foreach machine,arm64 riscv64 i386,$(if $(or \
	$(if $(KERNELS),,all),$(findstring $(machine),$(KERNELS))),machine-$(machine)))
matrix:
	@qemu/host-packages build fetch guest $(if $(TESTS),,image) $(MATRIX_JOBS)
	@KERNELS='$(KERNELS)' TESTS='$(TESTS)' selftests/runner/check \
		$(if $(JOBS),--jobs '$(JOBS)') --matrix '$(BUILD)/matrix.rst'

smoke: TESTS ?= shmget shmat shmdt vma rmid
smoke:
	@qemu/host-packages build fetch guest
	@$(MAKE) KERNEL='$(GUEST_KERNEL)' kernel
	@TESTS='$(TESTS)' PROGRAMS='$(PROGRAMS)' \
		selftests/runner/check --smoke '$(GUEST_KERNEL)'

# On a machine that need not be kept, as a guest that is up: build, load, test, unload.
here:
	@selftests/runner/here $(if $(YES),--yes) $(TESTS)

# Breaks the module in many ways, with a guest for each CPU. RANDOM= draws the ways.
mutants: source
	@qemu/host-packages fetch guest $(if $(RANDOM),mutants)
	@$(MAKE) KERNEL='$(GUEST_KERNEL)' module selftests $(if $(RANDOM),oracle-parts)
	@selftests/mutants/mutants '$(GUEST_KERNEL)' $(if $(RANDOM),--random '$(RANDOM)') \
		$(if $(SEED),--seed '$(SEED)') $(MUTANTS)

# On a kernel that watches over memory and locks, which is built first.
debug-check:
	@qemu/host-packages build fetch kernel guest
	@selftests/faults/debug-check $(TESTS) $(if $(SEED),--seed '$(SEED)') \
		$(if $(OPS),--ops '$(OPS)')

lint:
	@qemu/host-packages build fetch lint pages
	@selftests/runner/check lint

# All interleavings of the models, tried by spin; no guest.
model:
	@qemu/host-packages model
	@selftests/model/model $(MODEL)

# The pages as a site. Sphinx takes the kernel-doc comments out of the sources.
# It warns of a page only when it reads it, so after a failure it reads all again.
# SOLUTIONS=no leaves out those of the labs.
html: source
	@qemu/host-packages pages
	@$(if $(filter no,$(SOLUTIONS)),rm -f '$(BUILD)'/html/labs/solutions.html)
	@qemu/step 'html: making the screenshots' '$(BUILD)/screenshots.log' \
		Documentation/figures/screenshots || \
		{ cat '$(BUILD)/screenshots.log' >&2; exit 1; }
	@SOLUTIONS='$(SOLUTIONS)' KERNEL_SCRIPTS='$(BUILD)/linux-source-6.12' qemu/step \
		'html: reading the pages and the comments of the sources' \
		'$(BUILD)/html.log' sphinx-build -W --keep-going \
		-w '$(BUILD)/html.warnings' -b html -d '$(BUILD)/doctrees' \
		Documentation '$(BUILD)/html' || { rm -rf '$(BUILD)/doctrees'; \
		cat '$(BUILD)/html.warnings' >&2; exit 1; }
	@echo 'The pages are under $(BUILD)/html; begin with index.html.'

# In-tree shm and kshm side by side, as the comments of the module pair them.
beside:
	@qemu/host-packages fetch beside
	@tools/beside/beside '$(GUEST_KERNEL)'

# What the kernel's objects are, step by step, while a program runs on both sides.
picture: PACKAGES_FOR := image picture
picture: guest-parts
	@qemu/host-packages image picture
	@tools/picture/picture $(if $(TEXT),--text) $(if $(PROG),--program "$$PROG") \
		'$(GUEST_KERNEL)'

# A dollar sign in PROG= is not for make.
override PROG := $(value PROG)
export PROG

# A program on in-tree shm and on kshm, in turn: what differs, and what it uses.
compare: PACKAGES_FOR := image compare
compare: compare-program guest-parts
	@qemu/host-packages image compare
	@tools/compare/guest --program "$$PROG" $(if $(ROUNDS),--rounds '$(ROUNDS)') \
		$(if $(DOOR),--door '$(DOOR)') $(if $(TIMEOUT),--timeout '$(TIMEOUT)') \
		$(if $(RUNAS),--user '$(RUNAS)') $(if $(IMAGE),--image '$(IMAGE)') \
		$(if $(COUNT),--count) '$(GUEST_KERNEL)'

compare-program:
	@[ -n "$$PROG" ] || { echo 'compare: say which program, as in: make compare PROG="ipcmk -M 4096"' >&2; exit 2; }

# The slides of the course. The drawings go beside them.
slides:
	@qemu/host-packages pages
	@Documentation/labs/slides/make '$(BUILD)/slides'

# The drawings of the pages, which are kept in the repository.
figures:
	@qemu/host-packages figures
	@Documentation/figures/draw

# A prompt in the guest with kshm loaded; gdb waits for a debugger first.
shell gdb: PACKAGES_FOR := image
shell gdb: guest-parts
	@qemu/console $(if $(filter gdb,$@),--gdb) '$(GUEST_KERNEL)' $(IMAGE)

# The table of kshm-watch in that guest, for another terminal.
watch:
	@qemu/window

# A question, and a guest to look for the answer in; then points for the answer.
LABS := 1 2 3 4 5 6 7 8
lab = tools/labs/labs $(1) '$*' --kernel '$(GUEST_KERNEL)' $(if $(SEED),--seed '$(SEED)') \
	$(if $(ANSWERS),--answers '$(ANSWERS)')

labs-parts: PACKAGES_FOR := labs
labs-parts: guest-parts
	@qemu/host-packages labs
	@$(MAKE) -C tools/labs O='$(BUILD)/labs' LIB='$(BUILD)/lib'

# The question comes first, and can be read while the rest is built.
$(LABS:%=lab-%): lab-%:
	@$(call lab,ask)
	@$(MAKE) labs-parts
	@$(call lab,boot)

$(LABS:%=grade-%): grade-%: labs-parts
	@$(call lab,grade) $(if $(SHOW),--show)

# A patch must leave the rest of the module as it was, so selftests run, too.
grade-7 grade-8: labs-selftests

labs-selftests:
	@$(MAKE) -j"$$(nproc)" selftests

# Debian's headers say that modules are signed, but have no key. They also lack the
# System.map that kbuild wants to see before it calls depmod.
install: module
	@$(MAKE) -C '$(KDIR)' M="$(BUILD)/$(release)" INSTALL_MOD_STRIP=1 \
		$(if $(DESTDIR),INSTALL_MOD_PATH='$(DESTDIR)') \
		$(if $(wildcard $(KDIR)/certs/signing_key.x509),,CONFIG_MODULE_SIG_ALL=) \
		quiet_cmd_depmod= cmd_depmod=: modules_install
	$(if $(DESTDIR),,@depmod -a "$(release)")

install-lib install-headers: lib
	@$(MAKE) -C lib O='$(BUILD)/lib' $@

install-man:
	@$(MAKE) -C lib $@

# The sources where DKMS looks for them; then "dkms install kshm/VERSION".
install-dkms: version = $(shell tools/version)
install-dkms: to = $(DESTDIR)/usr/src/kshm-$(version)
install-dkms:
	@install -d '$(to)'
	@cp -r Kbuild module uapi '$(to)'
	@rm -f '$(to)/uapi/.checkpatch.conf'
	@sed 's/@VERSION@/$(version)/' tools/dkms.conf >'$(to)/dkms.conf'

# Debian packages of all that is installed, under build/deb.
deb:
	@qemu/host-packages build deb
	@tools/deb/build

# The user's cache keeps downloads, kernels and disks.
clean:
	@rm -rf '$(BUILD)'/*

# make run and make check from nothing on Debian 12 and 13; takes root, and hours.
distro:
	@qemu/host-packages image lint
	@selftests/distro/trial $(foreach suite,$(SUITE),--suite '$(suite)') \
		$(foreach user,$(USERS),--user '$(user)') $(TARGETS)

clean-cache:
	@qemu/clean-cache

help:
	@echo 'kshm: System V shared memory as a kernel module. Test kernels only.'
	@echo
	@echo '  make              the module for the running kernel, and the library'
	@echo '  make module, lib  only one of them; make selftests compiles the cases'
	@echo "  make source       Linux's source under build/; make kernel fetches KERNEL="
	@echo '  make run          real programs on kshm beside in-tree, in a guest'
	@echo '  make apps         large programs on kshm beside in-tree: PostgreSQL and others;'
	@echo '                    APP= names some, SHORT=1 does less of each, MEASURE=1'
	@echo '                    counts instructions, for ratios on a busy host; SWITCH=1'
	@echo '                    leads the system calls to kshm, without a preload'
	@echo '  make smoke        some selftests on one kernel, in two minutes; TESTS= names'
	@echo '                    programs, or cases as program.case'
	@echo '  make kselftest-tar'
	@echo '                    the selftests and the module as an archive, for any machine'
	@echo '                    with that kernel, where its ./run_kselftest.sh runs them'
	@echo '  make check        what every change must pass: lint, and guests with Linux 6.1,'
	@echo '                    6.12 and 7.3; half an hour; STAGES= names some, JOBS= is how'
	@echo '                    many run at a time'
	@echo '  make check-all    all that, and every long form; takes hours'
	@echo '  make check-kernel what make check runs on Linux 6.12, on KERNEL= or KDIR='
	@echo '  make matrix       all cases, the oracle and real programs on each kernel that is'
	@echo '                    listed below, with a table at the end; takes hours;'
	@echo '                    KERNELS= and TESTS= name some'
	@echo '  make distro       make run and make check from nothing, in Debian 12 and 13; is'
	@echo '                    part of check-all; SUITE=, USERS=, TARGETS= name some'
	@echo '  make here         builds, loads, runs the selftests and unloads in the very machine'
	@echo '                    that this is, a guest or a test rig, after asking that it is'
	@echo '                    no machine to keep; YES=1 answers; TESTS='
	@echo '  make mutants      break the module on purpose: do the tests notice?'
	@echo '                    MUTANTS= names some of selftests/mutants/mutants.toml;'
	@echo '                    RANDOM=100 draws so many changes of the module instead,'
	@echo '                    SEED= the same ones again'
	@echo '  make debug-check  the cases, failing allocations and the oracle on a kernel with'
	@echo '                    KASAN, lockdep and others, built first; SEED=, OPS=;'
	@echo '                    TESTS= names programs'
	@echo '  make lint         compilers, sparse, static analysers, checkpatch and others'
	@echo '  make model        do the models of the locking hold, and do their mutants break?'
	@echo '                    MODEL= names some of selftests/model/*.pml'
	@echo '  make html         Documentation/ as a site, under build/html; SOLUTIONS=no leaves'
	@echo '                    out those of the labs'
	@echo '  make slides       three lectures for Documentation/labs/course.rst, under build/slides'
	@echo '  make beside       a page with in-tree shm on the left and kshm on the right,'
	@echo '                    under build/beside'
	@echo "  make picture      the kernel's objects while a program runs, step by step, on kshm"
	@echo '                    and in-tree: a page under build/picture; PROG= is another'
	@echo '                    program with its arguments, TEXT=1 draws in the terminal'
	@echo '  make compare PROG="ipcmk -M 4096"'
	@echo '                    any program on in-tree shm and on kshm, in turn: its calls, its'
	@echo '                    output and what it uses, side by side, and what differs; ROUNDS='
	@echo '                    is how often, DOOR=preload goes by kshm-run, IMAGE=apps has large'
	@echo '                    programs, RUNAS= names a user, TIMEOUT= of a run; COUNT=1 counts'
	@echo '                    instructions'
	@echo '  make figures      draw Documentation/figures/*.dot anew after a change'
	@echo '  make oracle       random operations on in-tree and on kshm, compared;'
	@echo '                    SEED=, OPS=, or REPLAY= a trace that it left;'
	@echo '                    MODE=concurrent SECONDS=: many at once, by time;'
	@echo '                    MODE=soak TIMES=: one sequence while memory is short'
	@echo '  make fuzz         random programs of system calls; SECONDS=, SEED=, or REPLAY='
	@echo '                    a trace that it left'
	@echo '  make bench        kshm beside in-tree, by guest instructions and by time;'
	@echo '                    CPUS= of the guest, ROWS= to measure: selftests/bench/bench --help'
	@echo '  make latency      what one user makes another one wait for; fails if that is longer'
	@echo '                    than in-tree'
	@echo '  make profile      which functions the instructions of a call are spent in;'
	@echo '                    CALLS= names some'
	@echo '  make locks        how often locks are waited for, in-tree and in kshm; builds a'
	@echo '                    kernel with lock statistics first'
	@echo '  make shell, gdb   a prompt in a guest with kshm loaded; gdb on its kernel;'
	@echo '                    IMAGE=tracing has bpftrace, for tools/kshm.bt, and drgn,'
	@echo '                    for tools/kshm-drgn'
	@echo '  make watch        in another terminal, while make shell runs: a table of the'
	@echo '                    segments of its guest, live'
	@echo '  make lab-1 ... lab-8'
	@echo '                    a question, and a prompt in a guest to look for the answer;'
	@echo '                    SEED= asks the same one again; Documentation/labs has the pages'
	@echo '  make grade-1 ... grade-8'
	@echo '                    points for answers/1.txt and so on, or ANSWERS=DIR; SHOW=1 tells'
	@echo '                    the right ones'
	@echo '  make install, install-lib, install-headers, install-man, install-dkms'
	@echo '  make deb          Debian packages, under build/deb: kshm-dkms, kshm-tools, libkshm0,'
	@echo '                    libkshm-dev'
	@echo '  make clean        empties build/; the cache stays'
	@echo '  make clean-cache  empties the cache: kernels, sources, disks of guests; it is'
	@echo '                    ~/.cache/kshm, or the folder KSHM_CACHE'
	@echo
	@echo "Debian's kernels, which are fetched into the cache, and what was tested on them:"
	@command -v python3 >/dev/null && qemu/fetch-kernel --list || \
		echo '  install the package python3 to see them'
	@echo '  KERNEL=debug      what debug-check runs on; KERNEL=lockstat: what locks runs on'
	@echo
	@echo '  IN=podman         does it in a container that has the packages, on hosts that'
	@echo '                    are no Debian; IN=docker likewise'
	@echo '  PROGRAMS=i386     smoke runs the cases as 32-bit programs'
	@echo '  V=1               shows the commands that compile, not only what they make'
	@echo '  KDIR=DIR          headers, or a tree in which you have built Linux: run, apps, smoke,'
	@echo '                    check-kernel, mutants, oracle, bench, profile, shell and gdb boot it'
	@echo '  DESTDIR= PREFIX=  where install puts things ($(PREFIX))'

# In-tree and kshm do the same, step by step, and every answer is compared.
oracle-parts: guest-parts
	+@$(MAKE_PROGRAMS) -C selftests/oracle O='$(OUT)/oracle' $(COMPILE)

oracle: oracle-parts
	@selftests/oracle/oracle '$(GUEST_KERNEL)' $(if $(MODE),--mode '$(MODE)') \
		$(if $(SEED),--seed '$(SEED)') $(if $(OPS),--ops '$(OPS)') \
		$(if $(SECONDS),--seconds '$(SECONDS)') \
		$(if $(TIMES),--times '$(TIMES)') \
		$(if $(REPLAY),--replay $(REPLAY))

# Random programs of system calls on kshm.
fuzz-parts: guest-parts
	@$(MAKE) -C selftests/fuzz O='$(BUILD)/fuzz'

fuzz: fuzz-parts
	@selftests/fuzz/fuzz '$(GUEST_KERNEL)' $(if $(SECONDS),--seconds '$(SECONDS)') \
		$(if $(SEED),--seed '$(SEED)') $(if $(REPLAY),--replay $(REPLAY))

bench-parts: guest-parts
	@qemu/host-packages bench
	+@$(MAKE_PROGRAMS) -C selftests/bench O='$(OUT)/bench' $(COMPILE)

# Both sides in turn, by instructions and by time. Times never make it fail.
bench: bench-parts
	@qemu/host-packages image
	@selftests/bench/bench '$(GUEST_KERNEL)' $(if $(CPUS),--cpus '$(CPUS)') \
		$(if $(ROWS),--rows '$(ROWS)')

# What one user makes another one wait for, and whether that is more than in-tree.
latency: bench-parts
	@selftests/bench/bench '$(GUEST_KERNEL)' --cpus 2 --modes time --rows users --must

# Where the instructions of a call go; CALLS= names some.
profile: bench-parts
	@selftests/bench/profile '$(GUEST_KERNEL)' $(CALLS)

# How often shm's locks are waited for, on a kernel that counts it.
locks:
	@qemu/host-packages build fetch guest kernel
	@$(MAKE) KERNEL=lockstat bench-parts
	@selftests/bench/locks $(if $(CPUS),--cpus '$(CPUS)')

.DEFAULT:
	@echo 'There is no target $@; make help lists the targets.' >&2; exit 2

.PHONY: all module kernel source lib selftests kselftest-tar guest-parts run apps-parts apps \
	check check-all check-kernel here smoke matrix mutants debug-check lint model html slides beside picture \
	compare compare-program figures \
	shell gdb watch labs-parts labs-selftests $(LABS:%=lab-%) $(LABS:%=grade-%) oracle oracle-parts fuzz-parts fuzz bench-parts bench latency profile locks install install-lib install-headers install-man \
	install-dkms deb clean clean-cache distro help

endif
