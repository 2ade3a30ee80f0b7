// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/kshm: the door. All copying from and to user space is done here; beyond
 * it, commands are functions of structs in kernel memory.
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

/* One call: its struct, where that came from, and through which descriptor. */
struct call {
	union {
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
	void __user	*user;
	size_t		user_size;
	struct file	*file;
};

static int copy_out(const struct call *call, size_t size);

/* What no error is: see struct command. */
#define ANSWERED	1

/* A caller can have the buffer tested that it will fill from the answer. */
#define DEST_MAX	4096

static int zero_dest(u64 dest, u32 len)
{
	if (!len)
		return 0;
	return clear_user(u64_to_user_ptr(dest), len) ? -EFAULT : 0;
}

static int check_dest(u32 len)
{
	if (len > DEST_MAX)
		return kshm_because(-EINVAL, KSHM_WHY_DEST, len, DEST_MAX);
	return 0;
}

/*
 * The bytes of a name, once; what is looked at is the copy. There may be none of
 * '/', so that names can be shown as those of files are.
 */
static int copy_name(char *name, u64 from, u32 len)
{
	if (len > NAME_MAX)
		return kshm_because(-ENAMETOOLONG, KSHM_WHY_NAME, len, NAME_MAX);
	if (copy_from_user(name, u64_to_user_ptr(from), len))
		return -EFAULT;
	name[len] = '\0';
	if (!len || strlen(name) < len || strchr(name, '/'))
		return kshm_because(-EINVAL, KSHM_WHY_NAME, len, NAME_MAX);
	return 0;
}

static int call_info(struct call *call)
{
	struct kshm_info *info = &call->info;
	int err = check_dest(info->dest_len) ?: kshm_info(info);

	return err ?: zero_dest(info->dest, info->dest_len);
}

/*
 * Who may leave something behind writes its struct once before, so that nothing
 * is made for a caller who can't be told. Finding leaves nothing.
 */
static int call_get(struct call *call)
{
	struct kshm_get *get = &call->get;

	if ((!get->key || get->flags & KSHM_GET_CREAT) &&
	    copy_out(call, sizeof(*get)))
		return -EFAULT;
	return kshm_get(get, NULL, call->file);
}

/* What it has created goes. Who has found that meanwhile may keep its attach. */
static void undo_creation(u32 flags, int id)
{
	struct kshm_rmid rmid = { .id = id };

	if (flags & KSHM_GET_CREATED)
		kshm_rmid(&rmid);
}

static void undo_get(struct call *call)
{
	undo_creation(call->get.flags, call->get.id);
}

static int call_attach(struct call *call)
{
	return copy_out(call, sizeof(call->attach)) ?:
	       kshm_attach(&call->attach, (unsigned long)call->user,
			   call->user_size);
}

static void undo_attach(struct call *call)
{
	kshm_detach(call->attach.addr);
}

static int call_detach(struct call *call)
{
	struct kshm_detach *detach = &call->detach;

	int err = kshm_check_flags(detach->flags, 0, detach->reserved);

	if (err)
		return err;
	if (detach->addr != (unsigned long)detach->addr)
		return kshm_because(-EINVAL, KSHM_WHY_NOT_ATTACHED,
				    detach->addr, 0);
	return kshm_detach(detach->addr);
}

static int call_stat(struct call *call)
{
	struct kshm_stat *stat = &call->stat;
	int err = check_dest(stat->dest_len) ?: kshm_stat(stat);

	return err ?: zero_dest(stat->dest, stat->dest_len);
}

static int call_set(struct call *call)
{
	return kshm_set(&call->set);
}

static int call_rmid(struct call *call)
{
	return kshm_rmid(&call->rmid);
}

static int call_lock(struct call *call)
{
	return kshm_lock(&call->lock);
}

/* A segment never gets smaller; that the struct was written before has to do. */
static int call_grow(struct call *call)
{
	return copy_out(call, sizeof(call->grow)) ?: kshm_grow(&call->grow);
}

static int call_get_named(struct call *call)
{
	struct kshm_get_named *named = &call->get_named;
	struct kshm_get get = {
		.flags	= named->flags,
		.size	= named->size,
		.mode	= named->mode,
	};
	char name[NAME_MAX + 1];
	int err;

	err = copy_name(name, named->name, named->name_len) ?:
	      copy_out(call, sizeof(*named)) ?:
	      kshm_get(&get, name, call->file);
	named->flags = get.flags;
	named->id = get.id;
	return err;
}

static void undo_get_named(struct call *call)
{
	undo_creation(call->get_named.flags, call->get_named.id);
}

static long kshm_ioctl(struct file *file, unsigned int cmd, unsigned long arg);

/*
 * A command within a command, one deep. What it answers goes to its own struct,
 * what it ended with to this one, which is written once before: nothing is done
 * for a caller who can't be told.
 */
static int call_explain(struct call *call)
{
	struct kshm_explain *explain = &call->explain;
	struct kshm_question question;
	int err;

	if (explain->reserved || explain->arg != (unsigned long)explain->arg ||
	    (_IOC_TYPE(explain->cmd) == KSHM_IOC_MAGIC &&
	     _IOC_NR(explain->cmd) == _IOC_NR(KSHM_IOC_EXPLAIN)))
		return -EINVAL;
	if (copy_out(call, sizeof(*explain)))
		return -EFAULT;
	kshm_question_begin(&question, (unsigned long)call->user,
			    call->user_size);
	err = kshm_ioctl(call->file, explain->cmd, explain->arg);
	kshm_question_end(&question, err, explain);
	/* A signal came while a file was opened: this begins again, or is EINTR. */
	return err == -ERESTARTSYS ? err : 0;
}

/*
 * The number is reserved and told first. What comes after that can only fail
 * without a trace, and so nothing is ever open, or made, that nobody knows of.
 */
static int tell_number(const struct call *call, size_t size, s32 *fd,
		       bool cloexec)
{
	int number = get_unused_fd_flags(cloexec ? O_CLOEXEC : 0);

	if (number < 0)
		return number;
	*fd = number;
	if (!copy_out(call, size))
		return 0;
	put_unused_fd(number);
	return -EFAULT;
}

/* @file: counted, goes to the caller; or an error. */
static int settle_number(int number, struct file *file)
{
	if (IS_ERR(file)) {
		put_unused_fd(number);
		return PTR_ERR(file);
	}
	fd_install(number, file);
	return ANSWERED;
}

static int call_open(struct call *call)
{
	struct kshm_open *open = &call->open;
	char name[NAME_MAX + 1];
	int err;

	err = kshm_open_check(open) ?:
	      copy_name(name, open->name, open->name_len) ?:
	      tell_number(call, sizeof(*open), &open->fd,
			  open->flags & KSHM_OPEN_CLOEXEC);
	return err ?: settle_number(open->fd, kshm_open(name, open));
}

static int call_fd(struct call *call)
{
	struct kshm_fd *fd = &call->fd;
	int err;

	err = kshm_fd_check(fd) ?:
	      tell_number(call, sizeof(*fd), &fd->fd,
			  fd->flags & KSHM_FD_CLOEXEC);
	return err ?: settle_number(fd->fd, kshm_fd(fd));
}

static int call_who(struct call *call)
{
	struct kshm_who *who = &call->who;
	struct kshm_attacher *list = NULL;
	int err = kshm_who(who, &list);
	size_t size;

	if (err)
		return err;
	size = min(who->count, who->room) * sizeof(*list);
	if (copy_to_user(u64_to_user_ptr(who->list), list, size))
		err = -EFAULT;
	kvfree(list);
	return err;
}

static int call_unlink(struct call *call)
{
	struct kshm_unlink *unlink = &call->unlink;
	char name[NAME_MAX + 1];

	return copy_name(name, unlink->name, unlink->name_len) ?:
	       kshm_unlink(name, unlink);
}

/*
 * struct command - what there is to know of a command
 * @cmd:	its number, with direction and today's size
 * @least:	its size when it was first published
 * @run:	does it; ANSWERED says that its struct is copied out already
 * @undo:	takes back what it did, where the answer can't be delivered. It
 *		wrote its struct once before, so that this is all but impossible.
 */
struct command {
	unsigned int	cmd;
	size_t		least;
	int		(*run)(struct call *call);
	void		(*undo)(struct call *call);
};

#define COMMAND(name, first_size, run_fn, undo_fn)			\
	[_IOC_NR(KSHM_IOC_##name) - 0x80] = {				\
		.cmd	= KSHM_IOC_##name,				\
		.least	= (first_size) + BUILD_BUG_ON_ZERO(		\
			_IOC_SIZE(KSHM_IOC_##name) % sizeof(u64)),	\
		.run	= run_fn,					\
		.undo	= undo_fn,					\
	}

static const struct command commands[] = {
	COMMAND(INFO,	88,	call_info,	NULL),
	COMMAND(GET,	24,	call_get,	undo_get),
	COMMAND(ATTACH,	24,	call_attach,	undo_attach),
	COMMAND(DETACH,	16,	call_detach,	NULL),
	COMMAND(STAT,	120,	call_stat,	NULL),
	COMMAND(SET,	24,	call_set,	NULL),
	COMMAND(RMID,	8,	call_rmid,	NULL),
	COMMAND(LOCK,	8,	call_lock,	NULL),
	COMMAND(FD,	16,	call_fd,	NULL),
	COMMAND(GROW,	24,	call_grow,	NULL),
	COMMAND(WHO,	24,	call_who,	NULL),
	COMMAND(EXPLAIN, 40,	call_explain,	NULL),
	COMMAND(GET_NAMED, 32,	call_get_named,	undo_get_named),
	COMMAND(OPEN,	24,	call_open,	NULL),
	COMMAND(UNLINK,	16,	call_unlink,	NULL),
};

/* Number and direction must be right; the size is the caller's business. */
static const struct command *find_command(unsigned int cmd)
{
	unsigned int i = _IOC_NR(cmd) - 0x80;
	const struct command *command;

	if (_IOC_TYPE(cmd) != KSHM_IOC_MAGIC || i >= ARRAY_SIZE(commands))
		return NULL;
	command = &commands[array_index_nospec(i, ARRAY_SIZE(commands))];
	/* A number that is not taken yet has no function. */
	if (!command->run || _IOC_DIR(cmd) != _IOC_DIR(command->cmd))
		return NULL;
	return command;
}

/*
 * Word by word, and for a struct of today's size without a call: what the
 * kernel's general copy does to learn its size, and to check it, costs more than
 * these few words. Sizes come from the table above, and are multiples of 8.
 */
static int copy_in(struct call *call, size_t size)
{
	const unsigned long __user *from = call->user;
	unsigned long *to = (unsigned long *)call;
	size_t i;

	if (call->user_size != size)
		return copy_struct_from_user(call, size, call->user,
					     call->user_size);
	if (should_fail_usercopy() || !user_read_access_begin(from, size))
		return -EFAULT;
	for (i = 0; i < size / sizeof(*to); i++)
		unsafe_get_user(to[i], &from[i], fault);
	user_read_access_end();
	return 0;
fault:
	user_read_access_end();
	return -EFAULT;
}

/*
 * A caller that knows less than today's struct gets what it knows, once there
 * is a struct that has grown.
 */
static int copy_out(const struct call *call, size_t size)
{
	const unsigned long *from = (const unsigned long *)call;
	unsigned long __user *to = call->user;
	size_t i;

	if (call->user_size < size)
		return copy_to_user(to, from, call->user_size) ? -EFAULT : 0;
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

static long kshm_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	const struct command *command = find_command(cmd);
	struct call call;
	size_t size;
	int err;

	if (!command)
		return -ENOTTY;
	call.file = file;
	call.user = (void __user *)arg;
	call.user_size = _IOC_SIZE(cmd);
	if (call.user_size < command->least)
		return kshm_because(-EINVAL, KSHM_WHY_SHORT_STRUCT,
				    call.user_size, command->least);
	size = _IOC_SIZE(command->cmd);
	err = copy_in(&call, size);
	if (err)
		return err;

	err = command->run(&call);
	if (err)
		return err == ANSWERED ? 0 : err;
	if (!(_IOC_DIR(cmd) & _IOC_READ))
		return 0;
	err = copy_out(&call, size);
	if (err && command->undo)
		command->undo(&call);
	return err;
}

/* What the misc layer has left there is nothing that owner.c could use. */
static int dev_open(struct inode *inode, struct file *file)
{
	file->private_data = NULL;
	return 0;
}

static int dev_release(struct inode *inode, struct file *file)
{
	kshm_owner_release(file);
	return 0;
}

static const struct file_operations dev_ops = {
	.owner		= THIS_MODULE,
	.open		= dev_open,
	.release	= dev_release,
	.unlocked_ioctl	= kshm_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
	.llseek		= noop_llseek,
};

static struct miscdevice kshm_device = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "kshm",
	.mode	= 0666,
	.fops	= &dev_ops,
};

/**
 * kshm_dev_init() - open the door
 *
 * Return: 0 or a negative errno.
 */
int kshm_dev_init(void)
{
	return misc_register(&kshm_device);
}

/**
 * kshm_dev_exit() - close it; nobody is inside, for that pins the module
 */
void kshm_dev_exit(void)
{
	misc_deregister(&kshm_device);
}
