// SPDX-License-Identifier: GPL-2.0-only
/*
 * Huge pages, and the file systems whose files can have them.
 *
 * The file system of a file in memory decides whether it gets huge pages. That of the
 * kernel's own segments, which has kshm's as well by default, gives none unless the
 * administrator sets shmem_enabled for the whole machine. So segments that are to have
 * huge pages have their files in a tmpfs of this module's own.
 *
 * Everything else about these pages is the kernel's. It takes small pages where no huge
 * one is free, splits a huge page before it frees or swaps out a part of it, and lets
 * khugepaged make huge pages of small ones.
 *
 * The parameter takes the words that a tmpfs takes for huge=:
 *
 *	never		small pages
 *	advise		small pages, unless the creator asks for huge ones (KSHM_GET_HUGE,
 *			KSHM_OPEN_HUGE)
 *	within_size	a huge page wherever all of one lies within the size
 *	always		huge pages everywhere, so that the last one can reach beyond the
 *			size and take memory that no limit of kshm counts
 *
 * A creator that asks gets what within_size means, unless the parameter is always.
 *
 * The mounts are made by kern_mount(). Closing a file of any other mount that is in no
 * mount namespace takes a lock of the whole system.
 *
 * No twin: in-tree, only SHM_HUGETLB gives huge pages by choice. The administrator sets
 * their number aside beforehand, and they are never swapped out.
 */
#include "kshm.h"

#include <linux/cred.h>
#include <linux/moduleparam.h>
#include <linux/mount.h>
#include <linux/pgtable.h>
#include <linux/sched/task.h>
#include <linux/shmem_fs.h>
#include <linux/stat.h>
#include <linux/string.h>

static char *huge = "advise";
module_param(huge, charp, 0444);
MODULE_PARM_DESC(huge, "Huge pages: never, advise (if the creator asks), within_size or always");

enum huge_word {
	HUGE_NEVER,
	HUGE_ADVISE,
	HUGE_WITHIN_SIZE,
	HUGE_ALWAYS,
};

static const char *const huge_words[] = {
	[HUGE_NEVER]		= "never",
	[HUGE_ADVISE]		= "advise",
	[HUGE_WITHIN_SIZE]	= "within_size",
	[HUGE_ALWAYS]		= "always",
};

/* The parameter; HUGE_NEVER also if the kernel has no huge pages. */
static int huge_word __ro_after_init;
/* The kernel's number for what files with huge pages get. */
static unsigned char huge_policy __ro_after_init;
/* It has the files of segments with huge pages; NULL if there are none. */
static struct vfsmount *huge_mnt __ro_after_init;

static struct shmem_sb_info *huge_tmpfs(const struct vfsmount *mnt)
{
	return mnt->mnt_sb->s_fs_info;
}

/*
 * The headers of the kernel lack the numbers of the policies. But a tmpfs that is
 * mounted with one shows its number, and the mount is refused (-EINVAL) if the kernel or
 * the CPU has no huge pages.
 */
static int huge_find_policy(enum huge_word word)
{
	struct vfsmount *mnt;
	char option[sizeof("huge=within_size")];

	snprintf(option, sizeof(option), "huge=%s", huge_words[word]);
	mnt = vfs_kern_mount(get_fs_type("tmpfs"), SB_KERNMOUNT, "kshm", option);
	if (IS_ERR(mnt))
		return PTR_ERR(mnt);
	huge_policy = huge_tmpfs(mnt)->huge;
	mntput(mnt);
	return 0;
}

/**
 * kshm_huge_init() - read the parameter, and mount the tmpfs for segments
 *
 * Context: Module init. Sleeps.
 *
 * Return: 0, also if the kernel has no huge pages; -EINVAL if the parameter is none of
 * the words; -ENOMEM, -ENFILE.
 */
int kshm_huge_init(void)
{
	int word = match_string(huge_words, ARRAY_SIZE(huge_words), huge);
	struct vfsmount *mnt;
	int err;

	if (word < 0)
		return -EINVAL;
	if (word == HUGE_NEVER)
		return 0;
	err = huge_find_policy(max_t(int, word, HUGE_WITHIN_SIZE));
	if (err)
		return err == -EINVAL ? 0 : err;
	mnt = kshm_huge_new_mount(true);
	if (IS_ERR(mnt))
		return PTR_ERR(mnt);
	huge_mnt = mnt;
	huge_word = word;
	return 0;
}

/**
 * kshm_huge_exit() - unmount the tmpfs for segments
 *
 * Inodes that outlive their segments keep it; see backing.c.
 *
 * Context: Module exit; there is no segment any more. Sleeps.
 */
void kshm_huge_exit(void)
{
	if (huge_mnt)
		kern_unmount(huge_mnt);
}

/**
 * kshm_huge_works() - can a creator have huge pages?
 *
 * Return: true or false. true is no promise: the administrator can deny huge pages at
 * any time (shmem_enabled), and none may be free.
 */
bool kshm_huge_works(void)
{
	return huge_word != HUGE_NEVER;
}

/**
 * kshm_huge_wanted() - shall a new file have huge pages?
 * @asked:	its creator asks for them
 *
 * Return: true or false.
 */
bool kshm_huge_wanted(bool asked)
{
	return huge_word > HUGE_ADVISE || (asked && huge_word == HUGE_ADVISE);
}

/**
 * kshm_huge_mnt() - get the mount for the file of a new segment
 * @asked:	its creator asks for huge pages
 *
 * Return: the mount, not counted; NULL for the kernel's own.
 */
struct vfsmount *kshm_huge_mnt(bool asked)
{
	return kshm_huge_wanted(asked) ? huge_mnt : NULL;
}

/**
 * kshm_huge_has() - can a segment have huge pages?
 * @inode:	inode of its file
 *
 * Return: true or false.
 */
bool kshm_huge_has(const struct inode *inode)
{
	return huge_mnt && inode->i_sb == huge_mnt->mnt_sb;
}

/*
 * If a file in memory gets huge pages, fstat() gives their size as the best size for
 * reads and writes. The kernel has no other way to ask.
 */
static bool huge_is_granted(const struct file *file)
{
	struct kstat stat;

	return !vfs_getattr_nosec(&file->f_path, &stat, STATX_BASIC_STATS, 0) &&
	       stat.blksize >= PMD_SIZE;
}

/**
 * kshm_huge_explain() - tell EXPLAIN if a creator asked for huge pages and gets none
 * @ctx:	the call
 * @file:	the new file
 * @size:	its size in bytes
 *
 * Small pages serve, so that is no failure.
 *
 * Context: Sleeps.
 */
void kshm_huge_explain(struct kshm_ctx *ctx, const struct file *file, u64 size)
{
	bool is_small = kshm_huge_works() && huge_word != HUGE_ALWAYS &&
			PAGE_ALIGN(size) < PMD_SIZE;

	if (ctx->why && (is_small || !huge_is_granted(file)))
		kshm_refuse(ctx, 0, KSHM_WHY_SMALL_PAGES, size,
			    is_small ? PMD_SIZE : 0);
}

/**
 * kshm_huge_explain_object() - the same for a named object
 * @ctx:	the call
 *
 * It has size 0 yet, which tells nothing of its pages.
 */
void kshm_huge_explain_object(struct kshm_ctx *ctx)
{
	if (!kshm_huge_works())
		kshm_refuse(ctx, 0, KSHM_WHY_SMALL_PAGES, 0, 0);
}

/**
 * kshm_huge_new_mount() - mount a tmpfs where no process sees it
 * @wanted:	its files can have huge pages
 *
 * A tmpfs belongs to the user namespace of the credentials that mount it. This one has
 * to belong to the initial one, so that it can have files of every user. A tmpfs that
 * the kernel mounts for itself has no limits.
 *
 * Context: Sleeps.
 *
 * Return: the mount, for kern_unmount(); -ENOMEM, -ENFILE (no device number is left).
 */
struct vfsmount *kshm_huge_new_mount(bool wanted)
{
	struct cred *cred = prepare_kernel_cred(&init_task);
	const struct cred *mine;
	struct vfsmount *mnt;

	if (!cred)
		return ERR_PTR(-ENOMEM);
	mine = override_creds(cred);
	mnt = kern_mount(get_fs_type("tmpfs"));
	revert_creds(mine);
	put_cred(cred);
	/*
	 * EMFILE tells that no device number is left for a file system. To the caller
	 * it would mean that the process has no descriptor left.
	 */
	if (mnt == ERR_PTR(-EMFILE))
		return ERR_PTR(-ENFILE);
	if (!IS_ERR(mnt) && wanted)
		huge_tmpfs(mnt)->huge = huge_policy;
	return mnt;
}
