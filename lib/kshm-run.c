// SPDX-License-Identifier: GPL-2.0
/*
 * kshm-run: run a program whose shared memory calls go to the kshm module.
 *
 * It puts libkshm-preload.so into LD_PRELOAD and then becomes the program. If it
 * may, it also gives the program a mount namespace of its own, in which
 * /proc/sysvipc/shm lists the segments of kshm.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/kshm.h>
#include <linux/kshm_version.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
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

/* The offset of e_machine in the header of an ELF file, of 32 or 64 bits */
#define MACHINE		18
#define MACHINE_END	20

/* Exit statuses, as those of env(1) */
#define CANNOT_START	125
#define CANNOT_RUN	126
#define NO_PROGRAM	127

static const char usage[] =
	"usage: kshm-run [--huge] [--no-listing] [--] PROGRAM [ARG...]\n"
	"       kshm-run --unlink NAME...\n"
	"\n"
	"Runs PROGRAM on kshm in place of the kernel's own System V shared memory.\n"
	"\n"
	"  --huge        give new segments and objects huge pages where they fit in\n"
	"  --unlink      remove the names of objects that programs left behind;\n"
	"                /proc/kshm/objects lists them\n"
	"  --no-listing  leave /proc/sysvipc/shm as it is\n"
	"  --help        print this text\n"
	"  --version     print the version\n"
	"\n"
	"With KSHM_DEBUG=1, kshm-run says on standard error what it can't do, and the\n"
	"library says why each failed call to shared memory has failed.\n"
	"KSHM_HUGE=1 does what --huge does.\n"
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
		fail(CANNOT_START,
		     DEVICE " isn't there; modprobe or insmod kshm, as root");
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

/* Store the part of an ELF header that tells for which machine a file is. */
static bool read_machine(const char *path, unsigned char *header)
{
	FILE *file = fopen(path, "re");
	bool is_read;

	if (!file)
		return false;
	is_read = fread(header, MACHINE_END, 1, file) == 1;
	fclose(file);
	return is_read;
}

/* Is it a file for the machine that kshm-run is for? Store its path if so. */
static bool is_preload(const char *self, const char *path, char *found)
{
	unsigned char mine[MACHINE_END], its[MACHINE_END];

	return read_machine(path, its) && read_machine(self, mine) &&
	       mine[EI_CLASS] == its[EI_CLASS] &&
	       !memcmp(mine + MACHINE, its + MACHINE, MACHINE_END - MACHINE) &&
	       realpath(path, found);
}

/* ../lib has a folder for each architecture that Debian can install side by side. */
static bool find_in_folders(const char *self, const char *lib, char *found)
{
	char path[2 * PATH_MAX];
	DIR *dir = opendir(lib);
	struct dirent *entry;
	bool is_there = false;

	if (!dir)
		return false;
	/* cppcheck-suppress readdirCalled ; no other thread reads this folder */
	while (!is_there && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "%s/%s/" PRELOAD, lib, entry->d_name);
		is_there = is_preload(self, path, found);
	}
	closedir(dir);
	return is_there;
}

/* Look beside kshm-run, in ../lib, and in the folders of ../lib. */
static bool find_preload(char *found)
{
	static const char *const places[] = {
		"/" PRELOAD, "/../lib/" PRELOAD, NULL
	};
	char self[PATH_MAX], folder[PATH_MAX];
	char path[PATH_MAX + sizeof("/../lib/" PRELOAD)];
	const char *const *place;

	if (!realpath((const char *)getauxval(AT_EXECFN), self))
		return false;
	snprintf(folder, sizeof(folder), "%s", self);
	*strrchr(folder, '/') = '\0';
	for (place = places; *place; place++) {
		snprintf(path, sizeof(path), "%s%s", folder, *place);
		if (is_preload(self, path, found))
			return true;
	}
	snprintf(path, sizeof(path), "%s/../lib", folder);
	return find_in_folders(self, path, found);
}

static void set_preload(void)
{
	const char *preload = getenv("KSHM_PRELOAD"), *others;
	char found[PATH_MAX], *all;
	bool is_there;

	/* The loader would look for a name without a slash in its own folders. */
	if (preload && *preload)
		is_there = !!realpath(preload, found);
	else
		is_there = find_preload(found);
	if (!is_there || access(found, R_OK))
		fail(CANNOT_START, PRELOAD
		     " isn't there; make lib, or name it in KSHM_PRELOAD");
	preload = found;
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
		      " stays as it is; it could not be replaced, which takes root\n",
		      stderr);
}

static bool has_huge_pages(void)
{
	struct kshm_info info = { .flags = 0 };
	int dev = open(DEVICE, O_RDWR | O_CLOEXEC);
	bool has = dev >= 0 && !ioctl(dev, KSHM_IOC_INFO, &info) &&
		   info.features & KSHM_FEATURE_HUGE;

	if (dev >= 0)
		close(dev);
	return has;
}

/* The library asks for huge pages if it finds KSHM_HUGE. */
static void set_huge(void)
{
	if (!has_huge_pages())
		fputs("kshm-run: small pages serve; the kernel lacks huge ones, or huge=never\n",
		      stderr);
	if (setenv("KSHM_HUGE", "1", 1))
		fail(CANNOT_START, "KSHM_HUGE can't be set: %s", strerror(errno));
}

/* Become the program. */
static int start(char **program, bool with_listing, bool huge)
{
	if (!*program)
		fail(CANNOT_START,
		     "say which PROGRAM to run; kshm-run --help tells how");
	need_device();
	set_preload();
	if (huge)
		set_huge();
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
	bool with_listing = true, huge = false;
	int i;

	for (i = 1; i < argc && *argv[i] == '-'; i++) {
		if (!strcmp(argv[i], "--help"))
			return fputs(usage, stdout) < 0;
		if (!strcmp(argv[i], "--version"))
			return puts("kshm-run " KSHM_VERSION) < 0;
		if (!strcmp(argv[i], "--unlink"))
			return unlink_objects(argv + i + 1);
		if (!strcmp(argv[i], "--"))
			return start(argv + i + 1, with_listing, huge);
		if (!strcmp(argv[i], "--no-listing"))
			with_listing = false;
		else if (!strcmp(argv[i], "--huge"))
			huge = true;
		else
			fail(CANNOT_START,
			     "there is no option %s; kshm-run --help lists them",
			     argv[i]);
	}
	return start(argv + i, with_listing, huge);
}
