/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A descriptor of a segment beside the segment's end, and its inode beside the end of
 * the module, as module/extras/fd.c, backing.c, segment.c and vma.c have it.
 *
 * One task makes a descriptor and waits by poll() for the segment's end. Another task
 * removes the segment, which is not attached. Some task has an O_PATH descriptor, which
 * keeps the inode only, and calls fstat(). The module is unloaded when nothing pins it.
 */
mtype = { SHMEM, KSHM };

/* struct kshm_segment; the reference is that of the registry. */
bool locked;
bool dead;
byte ref = 1;
bool in_table = true;
bool idle;			/* it has an idle file, or had one until it ended */
bool queued;			/* poll() waits in ->watchers */
bool woken;
bool freed;

/* Its inode */
mtype inode_ops = SHMEM;
bool pages = true;

bool ended;			/* IPC_RMID has returned */
bool descriptor;		/* there is one */
bool path;			/* there is one made with O_PATH */

byte module_refs = 3;		/* the segment, and a device open in two tasks */
bool loaded = true;

bool in_fstat;			/* a task is between loading i_op and its return */
bool waited_for;		/* by synchronize_rcu_tasks() */

inline in_module()
{
	assert(loaded)			/* property: text_stays_while_it_runs */
}

inline lock_segment()
{
	atomic { !locked -> in_module(); assert(!freed); locked = true }	/* property: freed_struct_is_not_used */
}

/* segment.c: kshm_segment_put(), segment_free(); backing.c: kshm_backing_release() */
inline segment_put()
{
	d_step { in_module(); ref--; last = !ref }
	if
	:: last ->
		inode_ops = SHMEM;
		d_step { pages = false; freed = true }
		module_refs--;
		in_module()
	:: else
	fi
}

/* vma.c: kshm_attach_file_release() */
inline release()
{
	if
	:: d_step { dead && inode_ops == KSHM -> in_module() };
	   pages = false		/* backing.c: kshm_backing_empty() */
	:: else
	fi;
	segment_put();
	module_refs--			/* the kernel puts the module */
}

/* vma.c: kshm_attach_file_new() */
inline new_file()
{
	d_step { in_module(); assert(!freed); ref++; module_refs++ }	/* property: freed_struct_is_not_used */
}

/*
 * extras/fd.c: fd_keep_file(), segment.c: kshm_segment_keep_file(). One file stands for
 * the pool.
 */
inline keep_idle_file()
{
	if
	:: idle
	:: else ->
		new_file();
		lock_segment();
		d_step {
			kept = !dead && !idle;
			idle = idle || kept;
			locked = false
		}
		if
		:: kept
		:: else -> release()
		fi
	fi
}

/* extras/fd.c: fd_segment_is_dead() */
inline look()
{
	lock_segment();
	d_step { is_dead = dead; locked = false }
}

/*
 * extras/fd.c: kshm_do_fd(), fd_get_segment(), fd_new_file(). Its lookup is one step,
 * since life.pml shows that a lookup finds a segment that is there, or none.
 */
inline do_fd()
{
	atomic { !locked -> in_module(); found = in_table && !dead; ref = ref + found }
	if
	:: found ->
		inode_ops = KSHM;	/* backing.c: kshm_backing_seal() */
		keep_idle_file();
		look();
		if
		:: !is_dead ->
			new_file();
			d_step {
				descriptor = true;
				path = true;
				assert(!ended || !pages) /* property: pages_end_with_the_segment */
			}
		:: else
		fi;
		segment_put()
	:: else
	fi
}

/* extras/fd.c: fd_poll() */
inline poll_for_the_end()
{
	queued = true;
	look();
	if
	:: is_dead
	:: else -> woken
	fi
}

proctype opens()
{
	bool found, is_dead, kept, last;

	do_fd();
	module_refs--;		/* closes the device */
	if
	:: descriptor ->
		if
		:: poll_for_the_end()
		:: true
		fi;
		descriptor = false;
		release()
	:: else
	fi
}

/* ctl.c: kshm_do_rmid(), segment.c: kshm_segment_mark(), segment_wake_watchers() */
proctype removes()
{
	bool last;

	lock_segment();
	d_step {
		dead = true;
		woken = queued;
		locked = false
	}
	in_table = false;	/* registry.c: kshm_registry_remove() */
	/* segment.c: kshm_segment_destroy() */
	if
	:: idle -> release()
	:: else
	fi;
	segment_put();
	d_step {
		ended = true;
		assert(!descriptor || !pages)	/* property: pages_end_with_the_segment */
	}
	module_refs--		/* closes the device */
}

/* fstat() of an O_PATH descriptor: backing.c: backing_getattr() */
proctype stats()
{
	mtype ops;

end:	path;
	do
	:: d_step { ops = inode_ops; in_fstat = true };
	   if
	   :: ops == KSHM -> in_module()
	   :: else
	   fi;
	   d_step { in_fstat = false; waited_for = false }
	:: true -> break
	od
}

proctype unload()
{
	!module_refs;
	/* backing.c: kshm_backing_exit() */
	waited_for = in_fstat;
	!waited_for;
	loaded = false
}

init {
	atomic {
		/* An attach that is over may have left an idle file. */
		if
		:: idle = true; ref++; module_refs++
		:: true
		fi;
		run opens();
		run removes();
		run stats();
		run unload()
	}
}
