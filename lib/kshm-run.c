// SPDX-License-Identifier: GPL-2.0
/*
 * kshm-run: run a program whose shared memory calls go to the kshm module.
 *
 * It puts libkshm-preload.so into LD_PRELOAD and then becomes the program. If it
 * may, it also gives the program a mount namespace of its own, in which
 * /proc/sysvipc/shm lists the segments of kshm.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <linux/kshm_version.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kshm.h"

#define DEVICE		"/dev/kshm"
#define LISTING		"/proc/kshm/shm"
#define NATIVE		"/proc/sysvipc/shm"
#define PRELOAD		"libkshm-preload.so"

/* Exit statuses, as those of env(1) */
#define CANNOT_START	125
#define CANNOT_RUN	126
#define NO_PROGRAM	127

static const char usage[] =
	"usage: kshm-run [--no-listing] [--] PROGRAM [ARG...]\n"
	"       kshm-run --unlink NAME...\n"
	"\n"
	"Runs PROGRAM on kshm in place of the kernel's own System V shared memory.\n"
	"\n"
	"  --unlink      remove the names of objects that programs left behind;\n"
	"                /proc/kshm/objects lists them\n"
	"  --no-listing  leave /proc/sysvipc/shm as it is\n"
	"  --help        print this text\n"
	"  --version     print the version\n"
	"\n"
	"With KSHM_DEBUG=1, kshm-run says on standard error what it can't do, and the\n"
	"library says why each failed call to shared memory has failed.\n"
	"KSHM_PRELOAD=FILE names the libkshm-preload.so to use.\n";

#define fail(status, ...) do {						\
	fputs("kshm-run: ", stderr);					\
	fprintf(stderr, __VA_ARGS__);					\
	fputc('\n', stderr);						\
	exit(status);							\
} while (0)

static void need_device(void)
{
	struct stat st;

	if (stat(DEVICE, &st) || !S_ISCHR(st.st_mode))
		fail(CANNOT_START, DEVICE " isn't there; insmod kshm.ko, as root");
	if (access(DEVICE, R_OK | W_OK))
		fail(CANNOT_START,
		     DEVICE " may not be opened; chmod 0666 " DEVICE ", as root");
}

static int unlink_objects(char **names)
{
	int status = 0;

	if (!*names)
		fail(CANNOT_START,
		     "say which NAME to unlink; /proc/kshm/objects lists them");
	need_device();
	for (; *names; names++) {
		if (!kshm_shm_unlink(*names))
			continue;
		fprintf(stderr, "kshm-run: can't unlink %s: %s\n", *names,
			strerror(errno));
		status = 1;
	}
	return status;
}

/* Looks beside kshm-run, in ../lib, and in the folders of ../lib. */
static bool find_preload(char *found)
{
	static const char *const places[] = { "", "../lib/", "../lib/*/", NULL };
	char self[PATH_MAX], pattern[2 * PATH_MAX];
	const char *const *place;
	bool is_there = false;
	glob_t matches;

	if (!realpath((const char *)getauxval(AT_EXECFN), self))
		return false;
	*strrchr(self, '/') = '\0';
	for (place = places; *place && !is_there; place++) {
		snprintf(pattern, sizeof(pattern), "%s/%s" PRELOAD, self, *place);
		if (glob(pattern, 0, NULL, &matches))
			continue;
		is_there = realpath(matches.gl_pathv[0], found);
		globfree(&matches);
	}
	return is_there;
}

static void set_preload(void)
{
	const char *preload = getenv("KSHM_PRELOAD"), *others;
	char found[PATH_MAX], *all;

	if ((!preload || !*preload) && find_preload(found))
		preload = found;
	if (!preload || access(preload, R_OK))
		fail(CANNOT_START, PRELOAD
		     " isn't there; make lib, or name it in KSHM_PRELOAD");
	if (strpbrk(preload, ": "))
		fail(CANNOT_START,
		     "LD_PRELOAD can't name %s; move it to a path without space and colon",
		     preload);
	others = getenv("LD_PRELOAD");
	if (asprintf(&all, "%s%s%s", preload, others && *others ? ":" : "",
		     others ? others : "") < 0 ||
	    setenv("LD_PRELOAD", all, 1))
		fail(CANNOT_START, "LD_PRELOAD can't be set: %s",
		     strerror(errno));
}

/* The mounts become private first, or the bind would show in other namespaces. */
static bool bind_listing(void)
{
	return !access(LISTING, F_OK) && !access(NATIVE, F_OK) &&
	       !unshare(CLONE_NEWNS) &&
	       !mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) &&
	       !mount(LISTING, NATIVE, NULL, MS_BIND, NULL);
}

/* A seccomp filter can kill its process for a system call: let a child try. */
static bool may_bind_listing(void)
{
	int status = -1;
	pid_t pid;

	if (!prctl(PR_GET_SECCOMP))
		return true;
	pid = fork();
	if (!pid)
		_exit(bind_listing() ? 0 : 1);
	return pid > 0 && waitpid(pid, &status, 0) == pid && !status;
}

static void replace_listing(void)
{
	const char *debug = getenv("KSHM_DEBUG");

	if (may_bind_listing() && bind_listing())
		return;
	if (debug && *debug)
		fputs("kshm-run: " NATIVE
		      " stays as it is; only root may replace it\n", stderr);
}

/* Become the program. */
static int start(char **program, bool with_listing)
{
	if (!*program)
		fail(CANNOT_START,
		     "say which PROGRAM to run; kshm-run --help tells how");
	need_device();
	set_preload();
	if (with_listing)
		replace_listing();
	execvp(program[0], program);
	if (errno == ENOENT)
		fail(NO_PROGRAM,
		     "there is no program %s; give its path, or mend PATH",
		     program[0]);
	fail(CANNOT_RUN, "%s can't be run: %s", program[0], strerror(errno));
}

int main(int argc, char **argv)
{
	bool with_listing = true;
	int i;

	for (i = 1; i < argc && *argv[i] == '-'; i++) {
		if (!strcmp(argv[i], "--help"))
			return fputs(usage, stdout) < 0;
		if (!strcmp(argv[i], "--version"))
			return puts("kshm-run " KSHM_VERSION) < 0;
		if (!strcmp(argv[i], "--unlink"))
			return unlink_objects(argv + i + 1);
		if (!strcmp(argv[i], "--"))
			return start(argv + i + 1, with_listing);
		if (strcmp(argv[i], "--no-listing"))
			fail(CANNOT_START,
			     "there is no option %s; kshm-run --help lists them",
			     argv[i]);
		with_listing = false;
	}
	return start(argv + i, with_listing);
}
