// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/kshm. This file does all copying from and to user space, so
 * every handler is a function of structs in kernel memory.
 *
 * A command has a row in dev_commands[], a dev_call_*() that does its copying,
 * and a handler, kshm_do_*(), that does its work.
 *
 * No twin: in-tree, the kernel's table of system calls leads to each call. There, no call
 * has to be undone: the result of one that changes something is its return value, and
 * nothing is left to copy out.
 */
#include "kshm.h"

#include <linux/build_bug.h>
#include <linux/fault-inject-usercopy.h>
#include <linux/file.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/nospec.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

/* The struct of any command. A member is named as its struct, less "kshm_". */
union dev_args {
	struct kshm_info	info;
	struct kshm_get		get;
	struct kshm_attach	attach;
	struct kshm_detach	detach;
	struct kshm_stat	stat;
	struct kshm_set		set;
	struct kshm_rmid	rmid;
	struct kshm_lock	lock;
	struct kshm_grow	grow;
	struct kshm_explain	explain;
	struct kshm_open	open;
	struct kshm_unlink	unlink;
	struct kshm_get_named	get_named;
	struct kshm_fd		fd;
	struct kshm_who		who;
};

/*
 * struct dev_call - one call through the device
 * @args:	copy of the caller's struct
 * @ctx:	context for the handler; @ctx.result is the caller's struct, with the
 *		size that the command number tells
 */
struct dev_call {
	union dev_args	args;
	struct kshm_ctx	ctx;
};

/*
 * struct dev_command - one row of the table of commands
 * @cmd:	command number, with direction and today's size of the struct
 * @size:	today's size of the struct
 * @rest:	offset from which on the struct is read, after its first 8 bytes. In between
 *		are fields that the command only writes
 * @least:	size of the struct when it was first published
 * @run:	does the command; returns 0, a negative errno, or DEV_COPIED
 * @undo:	undoes the command where its results can't be copied out; NULL where
 *		there is nothing to undo
 */
struct dev_command {
	unsigned int	cmd;
	size_t		size;
	size_t		rest;
	size_t		least;
	int		(*run)(struct dev_call *call);
	void		(*undo)(struct dev_call *call);
};

/* Bytes that are read of every struct: its first fields, which tell what is wanted. */
#define DEV_HEAD	sizeof(u64)

/* Outcome of ->run: success, and the struct is copied out already. */
#define DEV_COPIED	1

/*
 * INFO and STAT zero a buffer of their caller when all else has succeeded, before
 * the struct is copied out, so that a bad buffer fails; see @dest of struct
 * kshm_info. This is its largest size.
 */
#define DEV_DEST_MAX	4096

static void __user *dev_user(const struct dev_call *call)
{
	return (void __user *)call->ctx.result.start;
}

/*
 * Copy the caller's struct in. A struct of today's size is read word by word:
 * copy_struct_from_user() spends more on learning and checking the size than on
 * these few words. Fields that the command only writes are left out: of the 15 words of
 * STAT, three are read. unsafe_get_user() jumps to the label that it names if the memory
 * can't be read. should_fail_usercopy() lets tests inject a fault, as
 * copy_from_user() does.
 *
 * Twin of copy_shmid_from_user().
 */
static int dev_copy_in(struct dev_call *call, const struct dev_command *command)
{
	const unsigned long __user *from = dev_user(call);
	unsigned long *to = (unsigned long *)&call->args;
	size_t size = command->size;
	size_t i;

	if (call->ctx.result.len != size)
		return copy_struct_from_user(&call->args, size, from,
					     call->ctx.result.len);
	if (should_fail_usercopy() || !user_read_access_begin(from, size))
		return -EFAULT;
	for (i = 0; i < DEV_HEAD / sizeof(*to); i++)
		unsafe_get_user(to[i], &from[i], fault);
	for (i = command->rest / sizeof(*to); i < size / sizeof(*to); i++)
		unsafe_get_user(to[i], &from[i], fault);
	user_read_access_end();
	return 0;
fault:
	user_read_access_end();
	return -EFAULT;
}

/*
 * Copy the struct out. An older caller gets the fields that it knows. Twin of
 * copy_shmid_to_user() and copy_shminfo_to_user().
 */
static int dev_copy_out(const struct dev_call *call, size_t size)
{
	const unsigned long *from = (const unsigned long *)&call->args;
	unsigned long __user *to = dev_user(call);
	size_t known = call->ctx.result.len;
	size_t i;

	if (known < size)
		return copy_to_user(to, from, known) ? -EFAULT : 0;
	if (should_fail_usercopy() || !user_write_access_begin(to, size))
		return -EFAULT;
	for (i = 0; i < size / sizeof(*from); i++)
		unsafe_put_user(from[i], &to[i], fault);
	user_write_access_end();
	return 0;
fault:
	user_write_access_end();
	return -EFAULT;
}

static int dev_check_dest(struct kshm_ctx *ctx, u32 len)
{
	if (len > DEV_DEST_MAX)
		return kshm_refuse(ctx, -EINVAL, KSHM_WHY_DEST, len,
				   DEV_DEST_MAX);
	return 0;
}

static int dev_zero_dest(u64 dest, u32 len)
{
	if (!len)
		return 0;
	return clear_user(u64_to_user_ptr(dest), len) ? -EFAULT : 0;
}

/*
 * Copy a name once, and check the copy. A name has no '/', so that listings can
 * show it as they show file names.
 */
static int dev_copy_name(struct kshm_ctx *ctx, char *name, u64 from, u32 len)
{
	if (len > NAME_MAX)
		return kshm_refuse(ctx, -ENAMETOOLONG, KSHM_WHY_NAME, len,
				   NAME_MAX);
	if (copy_from_user(name, u64_to_user_ptr(from), len))
		return -EFAULT;
	name[len] = '\0';
	if (!len || strlen(name) < len || strchr(name, '/'))
		return kshm_refuse(ctx, -EINVAL, KSHM_WHY_NAME, len, NAME_MAX);
	return 0;
}

/* Twin of ksys_shmctl() for IPC_INFO and SHM_INFO. */
static int dev_call_info(struct dev_call *call)
{
	struct kshm_info *info = &call->args.info;
	int err;

	err = dev_check_dest(&call->ctx, info->dest_len) ?:
	      kshm_do_info(&call->ctx, info);
	return err ?: dev_zero_dest(info->dest, info->dest_len);
}

/*
 * A command that can create something writes its struct back before it does, so that a
 * bad pointer fails while nothing is created yet. A plain lookup creates nothing.
 *
 * Twin of SYSCALL_DEFINE3(shmget).
 */
static int dev_call_get(struct dev_call *call)
{
	struct kshm_get *get = &call->args.get;

	if ((!get->key || get->flags & KSHM_GET_CREAT) &&
	    dev_copy_out(call, sizeof(*get)))
		return -EFAULT;
	return kshm_do_get(&call->ctx, get, NULL);
}

/*
 * Remove the segment that this call created. A process that attached it
 * meanwhile keeps its mapping.
 */
static void dev_undo_creation(struct dev_call *call, u32 flags, int id)
{
	struct kshm_rmid rmid = { .id = id };

	if (flags & KSHM_GET_CREATED)
		kshm_do_rmid(&call->ctx, &rmid);
}

static void dev_undo_get(struct dev_call *call)
{
	dev_undo_creation(call, call->args.get.flags, call->args.get.id);
}

/* Twin of SYSCALL_DEFINE3(shmat). */
static int dev_call_attach(struct dev_call *call)
{
	struct kshm_attach *attach = &call->args.attach;

	return dev_copy_out(call, sizeof(*attach)) ?:
	       kshm_do_attach(&call->ctx, attach);
}

static void dev_undo_attach(struct dev_call *call)
{
	struct kshm_detach detach = { .addr = call->args.attach.addr };

	kshm_do_detach(&call->ctx, &detach);
}

/* Twin of SYSCALL_DEFINE1(shmdt). */
static int dev_call_detach(struct dev_call *call)
{
	return kshm_do_detach(&call->ctx, &call->args.detach);
}

/* Twin of ksys_shmctl() for IPC_STAT, SHM_STAT and SHM_STAT_ANY. */
static int dev_call_stat(struct dev_call *call)
{
	struct kshm_stat *stat = &call->args.stat;
	int err;

	err = dev_check_dest(&call->ctx, stat->dest_len) ?:
	      kshm_do_stat(&call->ctx, stat);
	return err ?: dev_zero_dest(stat->dest, stat->dest_len);
}

/* Twin of ksys_shmctl() for IPC_SET. */
static int dev_call_set(struct dev_call *call)
{
	return kshm_do_set(&call->ctx, &call->args.set);
}

/* Twin of ksys_shmctl() for IPC_RMID. */
static int dev_call_rmid(struct dev_call *call)
{
	return kshm_do_rmid(&call->ctx, &call->args.rmid);
}

/* Twin of ksys_shmctl() for SHM_LOCK and SHM_UNLOCK. */
static int dev_call_lock(struct dev_call *call)
{
	return kshm_do_lock(&call->ctx, &call->args.lock);
}

/*
 * Growth can't be undone, so only the early write-back guards against EFAULT. No
 * twin: System V has no such call.
 */
static int dev_call_grow(struct dev_call *call)
{
	struct kshm_grow *grow = &call->args.grow;

	return dev_copy_out(call, sizeof(*grow)) ?:
	       kshm_do_grow(&call->ctx, grow);
}

/* No twin: System V has no such call. */
static int dev_call_get_named(struct dev_call *call)
{
	struct kshm_get_named *named = &call->args.get_named;
	struct kshm_get get = {
		.flags	= named->flags,
		.size	= named->size,
		.mode	= named->mode,
	};
	char name[NAME_MAX + 1];
	int err;

	err = dev_copy_name(&call->ctx, name, named->name, named->name_len) ?:
	      dev_copy_out(call, sizeof(*named)) ?:
	      kshm_do_get(&call->ctx, &get, name);
	named->flags = get.flags;
	named->id = get.id;
	return err;
}

/* No twin: System V has no such call. */
static void dev_undo_get_named(struct dev_call *call)
{
	dev_undo_creation(call, call->args.get_named.flags,
			  call->args.get_named.id);
}

/*
 * Reserve a descriptor and report it first, so that no later step can leave one
 * that the caller does not know about. @fd is a field of @call->args.
 */
static int dev_reserve_fd(const struct dev_call *call, size_t size, s32 *fd,
			  bool cloexec)
{
	int reserved = get_unused_fd_flags(cloexec ? O_CLOEXEC : 0);

	if (reserved < 0)
		return reserved;
	*fd = reserved;
	if (!dev_copy_out(call, size))
		return 0;
	put_unused_fd(reserved);
	return -EFAULT;
}

/* @file is counted or an error; the reference goes to the descriptor. */
static int dev_install_fd(int reserved, struct file *file)
{
	if (IS_ERR(file)) {
		put_unused_fd(reserved);
		return PTR_ERR(file);
	}
	fd_install(reserved, file);
	return DEV_COPIED;
}

/* No twin: System V has no such call. */
static int dev_call_open(struct dev_call *call)
{
	struct kshm_open *open = &call->args.open;
	char name[NAME_MAX + 1];
	int err;

	err = kshm_open_check(&call->ctx, open) ?:
	      dev_copy_name(&call->ctx, name, open->name, open->name_len) ?:
	      dev_reserve_fd(call, sizeof(*open), &open->fd,
			     open->flags & KSHM_OPEN_CLOEXEC);
	return err ?: dev_install_fd(open->fd,
				     kshm_do_open(&call->ctx, open, name));
}

/* No twin: System V has no such call. */
static int dev_call_unlink(struct dev_call *call)
{
	struct kshm_unlink *unlink = &call->args.unlink;
	char name[NAME_MAX + 1];

	return dev_copy_name(&call->ctx, name, unlink->name,
			     unlink->name_len) ?:
	       kshm_do_unlink(&call->ctx, unlink, name);
}

/* No twin: System V has no such call. */
static int dev_call_fd(struct dev_call *call)
{
	struct kshm_fd *fd = &call->args.fd;
	int err;

	err = kshm_fd_check(&call->ctx, fd) ?:
	      dev_reserve_fd(call, sizeof(*fd), &fd->fd,
			     fd->flags & KSHM_FD_CLOEXEC);
	return err ?: dev_install_fd(fd->fd, kshm_do_fd(&call->ctx, fd));
}

/* No twin: System V has no such call. */
static int dev_call_who(struct dev_call *call)
{
	struct kshm_who *who = &call->args.who;
	struct kshm_attacher *list = NULL;
	int err = kshm_do_who(&call->ctx, who, &list);
	size_t size;

	if (err)
		return err;
	size = min(who->count, who->room) * sizeof(*list);
	if (copy_to_user(u64_to_user_ptr(who->list), list, size))
		err = -EFAULT;
	kvfree(list);
	return err;
}

static long dev_run(struct file *file, unsigned int cmd, unsigned long arg,
		    struct kshm_why *why);

/*
 * Run a nested command, one level deep. Its results go to its own struct, its
 * outcome to this one.
 *
 * No twin: System V has no such call.
 */
static int dev_call_explain(struct dev_call *call)
{
	struct kshm_explain *explain = &call->args.explain;
	struct kshm_why why = { .result = call->ctx.result };
	long err;

	if (explain->reserved || explain->arg != (unsigned long)explain->arg ||
	    (_IOC_TYPE(explain->cmd) == KSHM_IOC_MAGIC &&
	     _IOC_NR(explain->cmd) == _IOC_NR(KSHM_IOC_EXPLAIN)))
		return -EINVAL;
	if (dev_copy_out(call, sizeof(*explain)))
		return -EFAULT;
	err = dev_run(call->ctx.file, explain->cmd, explain->arg, &why);
	kshm_why_fill(&why, err, explain);
	/* OPEN waited for a lease, and a signal came: restart, or return EINTR. */
	return err == -ERESTARTSYS ? err : 0;
}

/*
 * The compiler proves that a command's struct is a member of union dev_args, so
 * it fits there, that its size is the one in the command number, and that it is
 * a whole number of words, as dev_copy_in() wants. @last is the last field of
 * the first published struct. Each command has a dev_call_*() of its own, even if
 * that only passes a member of the union on: so the handlers take typed structs.
 */
#define DEV_COMMAND_FROM(name, arg, in_rest, last, undo_fn)		\
	[_IOC_NR(KSHM_IOC_##name) - _IOC_NR(KSHM_IOC_INFO)] = {		\
		.cmd	= KSHM_IOC_##name,				\
		.size	= sizeof(struct kshm_##arg) +			\
			  BUILD_BUG_ON_ZERO(_IOC_SIZE(KSHM_IOC_##name) != \
				sizeof_field(union dev_args, arg)) +	\
			  BUILD_BUG_ON_ZERO(_IOC_SIZE(KSHM_IOC_##name) % \
					    sizeof(u64)),		\
		.rest	= in_rest,					\
		.least	= offsetofend(struct kshm_##arg, last),		\
		.run	= dev_call_##arg,				\
		.undo	= undo_fn,					\
	}

#define DEV_COMMAND(name, arg, last, undo_fn)				\
	DEV_COMMAND_FROM(name, arg, DEV_HEAD, last, undo_fn)

/* The handler writes each byte between the first 8 and @dest. */
#define DEV_COMMAND_TO_DEST(name, arg, last)				\
	DEV_COMMAND_FROM(name, arg, offsetof(struct kshm_##arg, dest), last, NULL)

static const struct dev_command dev_commands[] = {
	DEV_COMMAND_TO_DEST(INFO, info,		reserved),
	DEV_COMMAND(GET,	get,		id,		dev_undo_get),
	DEV_COMMAND(ATTACH,	attach,		length,		dev_undo_attach),
	DEV_COMMAND(DETACH,	detach,		reserved,	NULL),
	DEV_COMMAND_TO_DEST(STAT, stat,		reserved),
	DEV_COMMAND(SET,	set,		reserved,	NULL),
	DEV_COMMAND(RMID,	rmid,		flags,		NULL),
	DEV_COMMAND(LOCK,	lock,		flags,		NULL),
	DEV_COMMAND(FD,		fd,		reserved,	NULL),
	DEV_COMMAND(GROW,	grow,		generation,	NULL),
	DEV_COMMAND(WHO,	who,		count,		NULL),
	DEV_COMMAND(EXPLAIN,	explain,	limit,		NULL),
	DEV_COMMAND(GET_NAMED,	get_named,	id,		dev_undo_get_named),
	DEV_COMMAND(OPEN,	open,		fd,		NULL),
	DEV_COMMAND(UNLINK,	unlink,		flags,		NULL),
};

/* Number and direction must match; the caller may have another struct size. */
static const struct dev_command *dev_find_command(unsigned int cmd)
{
	unsigned int i = _IOC_NR(cmd) - _IOC_NR(KSHM_IOC_INFO);
	const struct dev_command *command;

	if (_IOC_TYPE(cmd) != KSHM_IOC_MAGIC || i >= ARRAY_SIZE(dev_commands))
		return NULL;
	/* The CPU may run ahead of that check; this keeps i in the table even then. */
	command = &dev_commands[array_index_nospec(i, ARRAY_SIZE(dev_commands))];
	/* A number without a command has an empty row. */
	if (!command->run || _IOC_DIR(cmd) != _IOC_DIR(command->cmd))
		return NULL;
	return command;
}

static long dev_run(struct file *file, unsigned int cmd, unsigned long arg,
		    struct kshm_why *why)
{
	const struct dev_command *command = dev_find_command(cmd);
	/*
	 * Every byte that is copied out was copied in, or written by a handler. All of
	 * call.ctx is written here.
	 */
	struct dev_call call KSHM_UNINITIALIZED;
	int err;

	if (!command)
		return -ENOTTY;
	call.ctx.registry = NULL;
	call.ctx.file = file;
	call.ctx.why = why;
	call.ctx.syscall = false;
	call.ctx.result.start = arg;
	call.ctx.result.len = _IOC_SIZE(cmd);
	if (_IOC_SIZE(cmd) < command->least)
		return kshm_refuse(&call.ctx, -EINVAL, KSHM_WHY_SHORT_STRUCT,
				   _IOC_SIZE(cmd), command->least);
	err = dev_copy_in(&call, command);
	if (err)
		return err;

	err = command->run(&call);
	if (err)
		return err == DEV_COPIED ? 0 : err;
	if (!(_IOC_DIR(cmd) & _IOC_READ))
		return 0;
	err = dev_copy_out(&call, command->size);
	if (err && command->undo)
		command->undo(&call);
	return err;
}

/*
 * The entry for all commands. Twin of SYSCALL_DEFINE3(shmctl), the entry for some.
 */
static long dev_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	return dev_run(file, cmd, arg, NULL);
}

/*
 * misc_open() stores the miscdevice in private_data. extras/owner.c uses the field
 * for its list.
 */
static int dev_open(struct inode *inode, struct file *file)
{
	file->private_data = NULL;
	return 0;
}

/*
 * The last copy of a descriptor is closed: remove the segments that it owns. Twin of
 * exit_shm(), but for segments that a descriptor owns.
 */
static int dev_release(struct inode *inode, struct file *file)
{
	struct kshm_segment *segment;

	while ((segment = kshm_owner_take(file))) {
		kshm_segment_remove(segment);
		kshm_segment_put(segment);
	}
	kshm_owner_free(file);
	return 0;
}

static const struct file_operations dev_ops = {
	.owner		= THIS_MODULE,
	.open		= dev_open,
	.release	= dev_release,
	.unlocked_ioctl	= dev_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
	.llseek		= noop_llseek,
};

static struct miscdevice dev_misc = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "kshm",
	.mode	= 0666,
	.fops	= &dev_ops,
};

/**
 * kshm_dev_init() - register /dev/kshm
 *
 * Return: 0 or a negative errno.
 */
int kshm_dev_init(void)
{
	return misc_register(&dev_misc);
}

/**
 * kshm_dev_exit() - unregister /dev/kshm
 *
 * An open descriptor pins the module, so none exists.
 */
void kshm_dev_exit(void)
{
	misc_deregister(&dev_misc);
}
