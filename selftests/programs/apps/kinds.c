// SPDX-License-Identifier: GPL-2.0
/*
 * Programs of the kinds that a preloaded library may not survive, each a word
 * on the command line. They know nothing of kshm; they print what they saw, which
 * is the same on in-tree shm unless the app "awkward" says so.
 *
 * usage: kinds plain|daemon|chroot|drop|vfork|threads|number|held|seccomp|
 *		  killed|confined|keep [ARG]
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define SIZE		65536
#define NOBODY		65534
#define THREADS		16
#define ROUNDS		25
#define FIRST_HIGH	512
#define END_HIGH	1024

static int failed(const char *who, const char *call)
{
	dprintf(STDOUT_FILENO, "%s: %s: %s\n", who, call,
		strerrorname_np(errno));
	return 1;
}

static const char *error_name(long ret)
{
	return ret == -1 ? strerrorname_np(errno) : "done";
}

static void fill(char *at)
{
	for (size_t i = 0; i < SIZE; i++)
		at[i] = (char)(i * 7 + i / 256);
}

static int is_filled(const char *at)
{
	for (size_t i = 0; i < SIZE; i++)
		if (at[i] != (char)(i * 7 + i / 256))
			return 0;
	return 1;
}

/* A segment's whole life; one line tells how it went. */
static int live(const char *who)
{
	struct shmid_ds ds;
	int id = shmget(IPC_PRIVATE, SIZE, 0600);
	char *at, *again;

	if (id < 0)
		return failed(who, "shmget");
	at = shmat(id, NULL, 0);
	if (at == (void *)-1)
		return failed(who, "shmat");
	fill(at);
	again = shmat(id, NULL, SHM_RDONLY);
	if (again == (void *)-1)
		return failed(who, "shmat again");
	if (!is_filled(again))
		return failed(who, "what the other attach shows");
	if (shmctl(id, IPC_STAT, &ds))
		return failed(who, "shmctl IPC_STAT");
	if (shmdt(at) || shmdt(again))
		return failed(who, "shmdt");
	if (shmctl(id, IPC_RMID, NULL))
		return failed(who, "shmctl IPC_RMID");
	dprintf(STDOUT_FILENO, "%s: %zu bytes seen through %lu attaches\n",
		who, ds.shm_segsz, ds.shm_nattch);
	return 0;
}

/* This attach must still be there after the step that the program does next. */
static char *attach_early(int *id)
{
	char *at;

	*id = shmget(IPC_PRIVATE, SIZE, 0600);
	if (*id < 0)
		exit(failed("early", "shmget"));
	at = shmat(*id, NULL, 0);
	if (at == (void *)-1)
		exit(failed("early", "shmat"));
	fill(at);
	return at;
}

static int end_early(int id, const char *at)
{
	if (!is_filled(at))
		return failed("early", "what it still shows");
	if (shmdt(at))
		return failed("early", "shmdt");
	if (shmctl(id, IPC_RMID, NULL))
		return failed("early", "shmctl IPC_RMID");
	dprintf(STDOUT_FILENO, "early: still as it was, detached, removed\n");
	return 0;
}

static int wait_for(pid_t child)
{
	int status;

	if (child < 0 || waitpid(child, &status, 0) != child)
		return failed("parent", "waiting");
	return status;
}

static int plain(const char *arg)
{
	(void)arg;
	return live("plain");
}

/* Closes one by one whatever may be open, its standard streams too. */
static int daemon_body(const char *file)
{
	int id, err;
	char *at = attach_early(&id);

	if (setsid() < 0)
		return failed("daemon", "setsid");
	for (int fd = 0; fd < sysconf(_SC_OPEN_MAX); fd++)
		close(fd);
	if (open("/dev/null", O_RDWR) != STDIN_FILENO ||
	    open(file, O_WRONLY | O_APPEND) != STDOUT_FILENO)
		return 1;
	err = live("daemon, all closed");
	closefrom(STDERR_FILENO);
	err |= live("daemon, closed again");
	return err | end_early(id, at);
}

static int as_daemon(const char *file)
{
	pid_t child = fork();

	if (!child)
		_exit(daemon_body(file));
	return wait_for(child) != 0;
}

static int in_chroot(const char *dir)
{
	int id, err;
	char *at = attach_early(&id);

	if (chroot(dir) || chdir("/"))
		return failed("chroot", dir);
	err = live("chroot") | end_early(id, at);
	closefrom(STDERR_FILENO + 1);
	/* Now there is no device to open again. */
	(void)live("chroot, all closed");
	return err;
}

static int drop(const char *arg)
{
	struct shmid_ds ds;
	int id, err = 0;
	char *at = attach_early(&id);
	pid_t child = fork();

	(void)arg;
	if (child) {
		err = wait_for(child) != 0;
		return err | end_early(id, at);
	}
	if (setgroups(0, NULL) || setgid(NOBODY) || setuid(NOBODY))
		_exit(failed("dropped", "setuid"));
	dprintf(STDOUT_FILENO, "dropped: memory %s\n",
		is_filled(at) ? "still there" : "changed");
	dprintf(STDOUT_FILENO, "dropped: shmat %s\n",
		error_name((long)shmat(id, NULL, SHM_RDONLY)));
	dprintf(STDOUT_FILENO, "dropped: IPC_STAT %s\n",
		error_name(shmctl(id, IPC_STAT, &ds)));
	dprintf(STDOUT_FILENO, "dropped: IPC_RMID %s\n",
		error_name(shmctl(id, IPC_RMID, NULL)));
	dprintf(STDOUT_FILENO, "dropped: shmdt %s\n", error_name(shmdt(at)));
	err = live("dropped");
	closefrom(STDERR_FILENO + 1);
	_exit(err | live("dropped, all closed"));
}

/* The child has its parent's memory, the library's variables included. */
static int with_vfork(const char *self)
{
	pid_t child = vfork();
	int err;

	if (!child) {
		closefrom(STDERR_FILENO + 1);
		_exit(live("vfork child, all closed"));
	}
	err = wait_for(child) | live("parent");
	child = vfork();
	if (!child) {
		execl(self, self, "plain", NULL);
		_exit(1);
	}
	return (wait_for(child) | err | live("parent, later")) != 0;
}

static void *attach_and_detach(void *id)
{
	for (int i = 0; i < ROUNDS; i++) {
		char *at = shmat(*(int *)id, NULL, 0);

		if (at == (void *)-1 || !is_filled(at) || shmdt(at))
			return "a round failed";
	}
	return NULL;
}

static int threads(const char *arg)
{
	pthread_t thread[THREADS];
	struct shmid_ds ds;
	int id, wrong = 0;
	char *at = attach_early(&id);

	(void)arg;
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&thread[i], NULL, attach_and_detach, &id))
			return failed("threads", "pthread_create");
	for (int i = 0; i < THREADS; i++) {
		void *complaint;

		pthread_join(thread[i], &complaint);
		wrong += !!complaint;
	}
	if (shmctl(id, IPC_STAT, &ds))
		return failed("threads", "shmctl IPC_STAT");
	dprintf(STDOUT_FILENO,
		"threads: %d of %d did %d rounds, %lu attach left\n",
		THREADS - wrong, THREADS, ROUNDS, ds.shm_nattch);
	return wrong | end_early(id, at);
}

/* Are the numbers from FIRST_HIGH on those of /dev/null, all of them? */
static int all_are_null(void)
{
	for (int fd = FIRST_HIGH; fd < END_HIGH; fd++) {
		struct stat st;

		if (fstat(fd, &st) || st.st_rdev != makedev(1, 3))
			return 0;
	}
	return 1;
}

static int take_numbers(int flags)
{
	int null = open("/dev/null", O_RDWR);

	for (int fd = FIRST_HIGH; fd < END_HIGH; fd++)
		if (dup3(null, fd, flags) != fd)
			return failed("numbers", "dup3");
	return close(null);
}

static int tell_numbers(const char *who)
{
	int intact = all_are_null();

	dprintf(STDOUT_FILENO, "%s: its own files are %s\n", who,
		intact ? "untouched" : "lost");
	return !intact;
}

/* Puts files of its own over whatever the library has opened. */
static int number(const char *arg)
{
	int id, err;
	char *at = attach_early(&id);

	(void)arg;
	if (take_numbers(O_CLOEXEC))
		return 1;
	err = live("numbers taken") | end_early(id, at);
	return err | live("numbers taken, later") | tell_numbers("numbers");
}

/* Has the numbers in use from its first moment, by inheritance. */
static int held(const char *self)
{
	if (take_numbers(0))
		return 1;
	execl(self, self, "inherited", NULL);
	return failed("held", "exec");
}

static int inherited(const char *arg)
{
	(void)arg;
	return live("numbers inherited") | tell_numbers("inherited");
}

/* From here on the call of that number gets @verdict instead of the kernel. */
static int filter(unsigned int call, unsigned int verdict)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, verdict),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { ARRAY_SIZE(code), code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		return failed("seccomp", "prctl");
	return 0;
}

/* The child's calls are refused; its parent takes the segment away. */
static int refused(const char *arg)
{
	struct shmid_ds ds;
	int id, own;
	char *at = attach_early(&id);
	pid_t child = fork();

	(void)arg;
	if (child)
		return (wait_for(child) | end_early(id, at)) != 0;
	if (filter(SYS_ioctl, SECCOMP_RET_ERRNO | EPERM))
		_exit(1);
	own = shmget(IPC_PRIVATE, SIZE, 0600);
	dprintf(STDOUT_FILENO, "ioctl refused: shmget %s\n", error_name(own));
	dprintf(STDOUT_FILENO, "ioctl refused: shmat %s\n",
		error_name((long)shmat(id, NULL, 0)));
	dprintf(STDOUT_FILENO, "ioctl refused: IPC_STAT %s\n",
		error_name(shmctl(id, IPC_STAT, &ds)));
	dprintf(STDOUT_FILENO, "ioctl refused: IPC_RMID %s\n",
		error_name(shmctl(own < 0 ? id : own, IPC_RMID, NULL)));
	dprintf(STDOUT_FILENO, "ioctl refused: shmdt %s\n",
		error_name(shmdt(at)));
	_exit(0);
}

static int killed(const char *arg)
{
	(void)arg;
	return filter(SYS_ioctl, SECCOMP_RET_KILL_PROCESS) || live("ioctl kills");
}

/* As root in a container that may not make namespaces: runs a command there. */
static int confined(const char *command)
{
	if (filter(SYS_unshare, SECCOMP_RET_ERRNO | EPERM))
		return 1;
	execl("/bin/sh", "sh", "-c", command, NULL);
	return failed("confined", "exec");
}

/* Leaves a segment, so that somebody can look where it is. */
static int keep(const char *key)
{
	int id = shmget((key_t)strtol(key, NULL, 0), SIZE, IPC_CREAT | 0666);

	if (id < 0)
		return failed("keep", "shmget");
	dprintf(STDOUT_FILENO, "keep: created as user %d\n", geteuid());
	return 0;
}

static const struct {
	const char *name;
	int (*run)(const char *arg);
} kinds[] = {
	{ "plain", plain }, { "daemon", as_daemon }, { "chroot", in_chroot },
	{ "drop", drop }, { "vfork", with_vfork }, { "threads", threads },
	{ "number", number }, { "held", held }, { "inherited", inherited },
	{ "seccomp", refused }, { "killed", killed },
	{ "confined", confined }, { "keep", keep },
};

int main(int argc, char **argv)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (argc > 1 && !strcmp(argv[1], kinds[i].name))
			return kinds[i].run(argc > 2 ? argv[2] : argv[0]);
	fprintf(stderr, "kinds: say which kind; see the head of kinds.c\n");
	return 2;
}
